use opentrace_events::SiteId;
use uuid::Uuid;

use super::*;
use crate::meta::SiteChange;

fn message(id: &str, opening: &str) -> AlertMessage {
    AlertMessage {
        id: id.to_owned(),
        channel: "c".to_owned(),
        opening: opening.to_owned(),
        body: "{}".to_owned(),
        next_at: 0,
    }
}

async fn ids(meta: &Meta, now: i64) -> Vec<String> {
    due(meta, now, Order::Apart).await
}

async fn due(meta: &Meta, now: i64, order: Order) -> Vec<String> {
    let due = meta.due_messages("c", now, 10, order).await.expect("due");
    due.into_iter().map(|delivery| delivery.message.id).collect()
}

async fn backlog(meta: &Meta) -> Option<AlertBacklog> {
    meta.channel_backlogs().await.expect("backlogs").get("c").copied()
}

fn failed(id: &str, error: &str, again_at: Option<i64>) -> Settled {
    Settled::Failed { id: id.to_owned(), error: error.to_owned(), again_at }
}

#[tokio::test]
async fn a_turn_is_written_once_and_an_end_waits_for_its_beginning() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("meta.sqlite");
    let meta = Meta::open(&file).await.expect("open");
    let state = AlertStateRow { rule: "r".to_owned(), key: String::new(), state: Some("{}".to_owned()) };
    let commit = AlertCommit {
        turn: 1,
        epoch: 5,
        states: vec![state.clone()],
        messages: vec![message("open-1", "1"), message("open-2", "2"), message("end-1", "1")],
        ..AlertCommit::default()
    };
    assert!(meta.commit_alerts(&commit).await.expect("first"));
    assert!(!meta.commit_alerts(&commit).await.expect("again"), "computed again after a crash");
    assert_eq!(meta.alert_states().await.expect("states"), [state]);
    assert_eq!(meta.alert_progress().await.expect("progress"), AlertProgress { turn: 1, epoch: 5 });
    assert_eq!(ids(&meta, 0).await, ["open-1", "open-2"]);
    assert_eq!(due(&meta, 0, Order::Together).await, ["open-1", "open-2", "end-1"]);

    meta.settle_messages(&[failed("open-1", "busy", Some(100))]).await.expect("later");
    assert_eq!(ids(&meta, 99).await, ["open-2"], "the end does not overtake");
    assert_eq!(due(&meta, 99, Order::Together).await, ["open-2"], "nor where they may leave together");
    let since = |of: Vec<AlertDelivery>| of[0].failing_since.expect("it failed");
    let first = since(meta.due_messages("c", 100, 1, Order::Apart).await.expect("due"));
    assert_eq!(meta.next_message_at("c", 99).await.expect("next"), Some(100));
    meta.settle_messages(&[failed("open-1", "gone", None)]).await.expect("dead");
    assert_eq!(ids(&meta, 200).await, ["open-2"]);
    assert_eq!(due(&meta, 200, Order::Together).await, ["open-2"]);
    let dead = meta.channel_messages("c", "dead", 10).await.expect("dead");
    assert_eq!(since(dead.clone()), first, "the first failure is kept in mind");
    assert_eq!((dead[0].attempts, dead[0].error.as_deref()), (2, Some("gone")));
    assert_eq!(backlog(&meta).await, Some(AlertBacklog { queued: 2, dead: 1 }));

    assert_eq!(meta.replay_messages("c", Some("open-1")).await.expect("replay"), 1);
    assert_eq!(meta.replay_messages("c", None).await.expect("replay"), 0, "it is in the queue already");
    let again = meta.due_messages("c", 200, 1, Order::Apart).await.expect("due");
    assert_eq!((again[0].attempts, again[0].failing_since), (0, None), "as if it had never been tried");
    assert_eq!(ids(&meta, 200).await, ["open-1", "open-2"]);
    let taken = [Settled::Delivered { id: "open-1".to_owned() }, failed("open-1", "late answer", None)];
    meta.settle_messages(&taken).await.expect("what was taken stays taken");
    assert_eq!(ids(&meta, 200).await, ["open-2", "end-1"]);
    meta.close().await;
    let meta = Meta::open(&file).await.expect("again");
    assert_eq!(ids(&meta, 200).await, ["open-2", "end-1"]);
    meta.settle_messages(&[failed("end-1", "busy", Some(i64::MAX))]).await.expect("much later");
    assert_eq!(ids(&meta, 200).await, ["open-2"]);
    meta.hasten_messages("c").await.expect("at once");
    assert_eq!(ids(&meta, 200).await, ["open-2", "end-1"]);
}

#[tokio::test]
async fn messages_that_were_taken_long_ago_are_forgotten_and_no_others() {
    let folder = tempfile::tempdir().expect("folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("open");
    let messages = ["old", "new", "dead", "queued"].map(|id| message(id, id)).to_vec();
    let commit = AlertCommit { turn: 1, messages, ..AlertCommit::default() };
    meta.commit_alerts(&commit).await.expect("commit");
    let taken = |id: &str| Settled::Delivered { id: id.to_owned() };
    meta.settle_messages(&[taken("old"), taken("new"), failed("dead", "gone", None)]).await.expect("settled");
    let age = sqlx::query("UPDATE alert_outbox SET done_at = done_at - 31 * 86400000 WHERE id = 'old'");
    age.execute(&meta.pool).await.expect("a month passes");
    assert_eq!(meta.forget_messages().await.expect("forgotten"), 1);
    let left = meta.channel_messages("c", "delivered", 10).await.expect("delivered");
    assert_eq!(left.iter().map(|one| one.message.id.as_str()).collect::<Vec<_>>(), ["new"]);
    assert_eq!(backlog(&meta).await, Some(AlertBacklog { queued: 1, dead: 1 }));
}

#[tokio::test]
async fn rules_come_and_go_with_what_follows_from_them() {
    let folder = tempfile::tempdir().expect("folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("open");
    let site = meta.create_site("example.com", &SiteChange::default()).await.expect("a site").id;
    let id = Uuid::from_u128(7);
    let put = |body: &str| AlertRuleWrite::Put {
        id,
        site,
        name: "Busy".to_owned(),
        body: body.to_owned(),
        created_at: 9,
    };
    let commit = |turn, rules| AlertCommit { turn, rules, ..AlertCommit::default() };
    meta.commit_alerts(&commit(1, vec![put("{}")])).await.expect("put");
    meta.commit_alerts(&commit(2, vec![AlertRuleWrite::Mute { id, until: 50 }])).await.expect("mute");
    meta.commit_alerts(&commit(3, vec![put("{\"a\":1}")])).await.expect("changed");
    let rule = meta.alert_rule(id).await.expect("read").expect("a rule");
    assert_eq!((rule.body.as_str(), rule.muted_until, rule.created_at), ("{\"a\":1}", 50, 9));
    assert_eq!(meta.alert_rules().await.expect("list"), [rule]);
    meta.commit_alerts(&commit(4, vec![AlertRuleWrite::Delete { id }])).await.expect("gone");
    assert!(meta.alert_rules().await.expect("list").is_empty());
}

#[tokio::test]
async fn history_is_read_forwards_and_backwards_by_site() {
    let folder = tempfile::tempdir().expect("folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("open");
    for turn in 1..=4_u64 {
        let row = AlertHistoryRow {
            rule: "r".to_owned(),
            key: String::new(),
            kind: "firing".to_owned(),
            site: u32::try_from(turn % 2).expect("small"),
            opening: turn.to_string(),
            at: 0,
            body: "{}".to_owned(),
        };
        let commit = AlertCommit { turn, history: vec![row], ..AlertCommit::default() };
        meta.commit_alerts(&commit).await.expect("commit");
    }
    let openings = async |page: AlertHistoryPage| {
        let found = meta.alert_history(&page).await.expect("history");
        found.into_iter().map(|record| record.row.opening).collect::<Vec<_>>()
    };
    let page = AlertHistoryPage { limit: 10, ..AlertHistoryPage::default() };
    assert_eq!(openings(page.clone()).await, ["4", "3", "2", "1"]);
    assert_eq!(openings(AlertHistoryPage { after: Some(2), ..page.clone() }).await, ["3", "4"]);
    assert_eq!(openings(AlertHistoryPage { sites: Some(vec![1]), before: Some(3), ..page }).await, ["1"]);
    assert_eq!(meta.alert_history_end().await.expect("end"), 4);
}

#[tokio::test]
async fn channels_are_kept_and_take_their_messages_along() {
    let folder = tempfile::tempdir().expect("folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("open");
    let id = Uuid::from_u128(3);
    let channel = AlertChannelRecord {
        id,
        site: None::<SiteId>,
        kind: "webhook".to_owned(),
        name: "Pager".to_owned(),
        config: "{}".to_owned(),
        secrets: vec![1, 2],
        created_at: 1,
        updated_at: 1,
    };
    meta.put_alert_channel(&channel).await.expect("put");
    let changed = AlertChannelRecord { name: "Other".to_owned(), updated_at: 2, ..channel };
    meta.put_alert_channel(&changed).await.expect("changed");
    assert_eq!(meta.alert_channels().await.expect("list"), [changed]);
    let own = AlertMessage { channel: id.to_string(), ..message("m", "1") };
    let commit = AlertCommit { turn: 1, messages: vec![own], ..AlertCommit::default() };
    meta.commit_alerts(&commit).await.expect("commit");
    meta.delete_alert_channel(id).await.expect("gone");
    assert!(meta.channel_backlogs().await.expect("backlogs").is_empty());
    assert!(meta.delete_alert_channel(id).await.is_err());
}
