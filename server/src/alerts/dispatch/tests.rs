use std::collections::VecDeque;

use async_trait::async_trait;
use opentrace_alerts::channel::{Event, Notice, NoticeData, Pace};
use opentrace_alerts::rule::RuleId;
use opentrace_store::meta::{AlertCommit, AlertMessage};
use serde_json::json;

use super::*;

/// A channel that notes what it is sent, and when, and answers as it is told to.
#[derive(Debug)]
struct Fake {
    pace: Pace,
    bundles: bool,
    /// How long a request takes.
    takes: Duration,
    /// What goes wrong with the first requests.
    troubles: Mutex<VecDeque<SendError>>,
    sent: Mutex<Vec<(Instant, Vec<String>)>>,
}

#[async_trait]
impl Channel for Fake {
    fn pace(&self) -> Pace {
        self.pace
    }

    fn bundles(&self) -> bool {
        self.bundles
    }

    async fn send(&self, messages: &[Message]) -> Result<(), SendError> {
        let ids = messages.iter().map(|message| message.id.clone()).collect();
        self.sent.lock().expect("not poisoned").push((Instant::now(), ids));
        sleep(self.takes).await;
        self.troubles.lock().expect("not poisoned").pop_front().map_or(Ok(()), Err)
    }
}

impl Fake {
    fn new(bundles: bool) -> Self {
        let pace = Pace { burst: 1_000, per_second: 1_000.0 };
        Self { pace, bundles, takes: Duration::ZERO, troubles: Mutex::default(), sent: Mutex::default() }
    }

    fn in_trouble(bundles: bool, troubles: impl IntoIterator<Item = SendError>) -> Self {
        Self { troubles: Mutex::new(troubles.into_iter().collect()), ..Self::new(bundles) }
    }

    fn sent(&self) -> Vec<Vec<String>> {
        self.sent.lock().expect("not poisoned").iter().map(|(_, ids)| ids.clone()).collect()
    }

    fn times(&self) -> Vec<Instant> {
        self.sent.lock().expect("not poisoned").iter().map(|(at, _)| *at).collect()
    }
}

const CHANNEL: Uuid = Uuid::from_u128(7);

fn message(id: &str, opening: &str, next_at: i64) -> AlertMessage {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let data = NoticeData {
        alert_id: RuleId(Uuid::nil()),
        name: "Rule".to_owned(),
        site_id: "a.example".to_owned(),
        value: 1.0,
        condition: json!({}),
        band: None,
        group: None,
        started_at: at,
        reason: None,
        url: String::new(),
    };
    let notice = Notice { event: Event::Firing, timestamp: at, data };
    let message = Message { id: id.to_owned(), opening: None, notice, about: String::new(), graph: None };
    AlertMessage {
        id: id.to_owned(),
        channel: CHANNEL.to_string(),
        opening: opening.to_owned(),
        body: serde_json::to_string(&message).expect("JSON"),
        next_at,
    }
}

/// An outbox with messages for one channel, and who sends them.
struct Post {
    meta: Meta,
    dispatcher: Dispatcher,
    _folder: tempfile::TempDir,
}

impl Post {
    async fn with(messages: Vec<AlertMessage>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("a database");
        let commit = AlertCommit { turn: 1, messages, ..AlertCommit::default() };
        meta.commit_alerts(&commit).await.expect("committed");
        let timing = Timing { first_retry: Duration::from_millis(20) };
        let dispatcher = Dispatcher::new(meta.clone(), timing);
        Self { meta, dispatcher, _folder: folder }
    }

    async fn adds(&self, messages: Vec<AlertMessage>) {
        let commit = AlertCommit { turn: 2, messages, ..AlertCommit::default() };
        assert!(self.meta.commit_alerts(&commit).await.expect("committed"));
    }

    fn serve(&self, fake: &Arc<Fake>, digest: bool) {
        self.dispatcher.serve(CHANNEL, Arc::clone(fake) as Arc<dyn Channel>, digest);
    }

    async fn of(&self, status: &str) -> Vec<String> {
        let found = self.meta.channel_messages(&CHANNEL.to_string(), status, 100).await.expect("messages");
        found.into_iter().rev().map(|delivery| delivery.message.id).collect()
    }

    async fn delivers(&self, count: usize) {
        for _ in 0..500 {
            if self.of("delivered").await.len() == count {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("delivered: {:?}, queued: {:?}", self.of("delivered").await, self.of("queued").await);
    }
}

fn some(count: usize) -> Vec<AlertMessage> {
    (0..count).map(|number| message(&format!("m{number}"), &number.to_string(), 0)).collect()
}

#[tokio::test]
async fn many_alerts_at_once_are_one_message_for_people_and_one_each_for_programs() {
    let (people, programs) = (Arc::new(Fake::new(true)), Arc::new(Fake::new(false)));
    for (fake, count, requests) in [(&people, BURST, 1), (&people, BURST - 1, BURST - 1), (&programs, 40, 40)]
    {
        let before = fake.sent().len();
        let post = Post::with(some(count)).await;
        post.serve(fake, false);
        post.delivers(count).await;
        assert_eq!(fake.sent().len() - before, requests, "{count} alerts");
        post.dispatcher.close().await;
    }
    let many = Post::with(some(BUNDLE + 1)).await;
    let people = Arc::new(Fake::new(true));
    many.serve(&people, false);
    many.delivers(BUNDLE + 1).await;
    assert_eq!(people.sent().iter().map(Vec::len).collect::<Vec<_>>(), [BUNDLE, 1]);
}

#[tokio::test]
async fn a_digest_comes_when_it_is_due_with_beginnings_and_ends_in_their_order() {
    let post = Post::with(Vec::new()).await;
    let (begun, due) = (Instant::now(), clock::now().0 + 1_000);
    post.adds(vec![message("begins", "1", due), message("ends", "1", due)]).await;
    let fake = Arc::new(Fake::new(true));
    post.serve(&fake, true);
    post.delivers(2).await;
    assert_eq!(fake.sent(), [["begins", "ends"]]);
    assert!(fake.times()[0] - begun >= Duration::from_millis(990), "it is collected");
}

#[tokio::test]
async fn what_was_refused_is_kept_holds_back_its_end_and_is_replayed() {
    let refused = SendError::Never { reason: "gone".to_owned() };
    for bundles in [false, true] {
        let post = Post::with(vec![message("begins", "1", 0), message("ends", "1", 0)]).await;
        let fake = Arc::new(Fake::in_trouble(bundles, [refused.clone()]));
        post.serve(&fake, false);
        while post.of("dead").await.is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
        sleep(Duration::from_millis(100)).await;
        assert_eq!(fake.sent(), [["begins"]]);
        assert_eq!(
            (post.of("dead").await, post.of("queued").await),
            (vec!["begins".into()], vec!["ends".into()])
        );
        assert_eq!(post.meta.replay_messages(&CHANNEL.to_string(), None).await.expect("replayed"), 1);
        post.dispatcher.ring(CHANNEL);
        post.delivers(2).await;
        assert_eq!(fake.sent(), [["begins"], ["begins"], ["ends"]]);
    }
}

#[tokio::test]
async fn who_says_when_to_come_again_is_left_alone_until_then() {
    let wait = Duration::from_millis(400);
    let slow = SendError::Later { reason: "429".to_owned(), after: Some(wait) };
    let post = Post::with(some(2)).await;
    let fake = Arc::new(Fake::in_trouble(true, [slow]));
    post.serve(&fake, false);
    post.delivers(2).await;
    let times = fake.times();
    assert_eq!(times.len(), 3, "the first one twice, the other once");
    assert!(times[1] - times[0] >= wait, "the other one waits, too: {:?}", times[1] - times[0]);
}

#[tokio::test]
async fn what_fails_is_tried_again_and_what_went_together_comes_back_together() {
    let fails = || SendError::Later { reason: "500".to_owned(), after: None };
    let post = Post::with(some(BURST)).await;
    let fake = Arc::new(Fake::in_trouble(true, [fails(), fails()]));
    post.serve(&fake, false);
    post.delivers(BURST).await;
    assert_eq!(fake.sent().iter().map(Vec::len).collect::<Vec<_>>(), [BURST; 3]);
}

#[tokio::test]
async fn a_channel_is_spoken_to_at_its_pace() {
    let pace = Pace { burst: 2, per_second: 10.0 };
    let fake = Arc::new(Fake { pace, ..Fake::new(false) });
    let post = Post::with(some(5)).await;
    post.serve(&fake, false);
    post.delivers(5).await;
    let times = fake.times();
    assert!(times[4] - times[0] >= Duration::from_millis(290), "{:?}", times[4] - times[0]);
}

#[tokio::test]
async fn an_end_and_a_change_wait_for_what_is_on_its_way() {
    let slow = || Arc::new(Fake { takes: Duration::from_millis(300), ..Fake::new(true) });
    let (first, second) = (slow(), slow());
    let post = Post::with(some(1)).await;
    post.serve(&first, false);
    while first.sent().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    post.serve(&second, false);
    post.delivers(1).await;
    post.adds(vec![message("last", "9", 0)]).await;
    post.dispatcher.ring(CHANNEL);
    while second.sent().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    post.dispatcher.close().await;
    assert_eq!(post.of("delivered").await, ["m0", "last"], "it is noted before the end");
    assert_eq!((first.sent(), second.sent()), (vec![vec!["m0".to_owned()]], vec![vec!["last".to_owned()]]));
}

#[test]
fn pauses_grow_up_to_an_hour_and_end_a_day_after_the_first_failure() {
    let delivery = |attempts: u32, failing_since: Option<i64>| AlertDelivery {
        message: message("m", "1", 0),
        attempts,
        created_at: 0,
        failing_since,
        error: None,
    };
    let first = Duration::from_secs(1);
    let later = |after| SendError::Later { reason: String::new(), after };
    for (attempts, longest) in [(0, 1_000), (3, 8_000), (30, 3_600_000)] {
        let pause = |jitter| again_at(&delivery(attempts, Some(0)), &later(None), first, 0, jitter);
        assert_eq!((pause(0.5), pause(1.0)), (Some(longest / 2), Some(longest)), "{attempts}");
    }
    let asked = again_at(&delivery(0, None), &later(Some(Duration::from_secs(99))), first, 0, 1.0);
    assert_eq!(asked, Some(99_000), "the receiver says when");
    assert_eq!(again_at(&delivery(30, Some(0)), &later(None), first, PERSEVERANCE, 1.0), None);
    let waited = again_at(&delivery(0, None), &later(None), first, 9 * PERSEVERANCE, 1.0);
    assert_eq!(
        waited,
        Some(9 * PERSEVERANCE + 1_000),
        "a digest of days is tried as long as everything else"
    );
    let never = SendError::Never { reason: String::new() };
    assert_eq!(again_at(&delivery(0, None), &never, first, 0, 1.0), None);
}
