//! Alerts from the event to a receiver that fails half of the time, while the program is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use opentrace_tests::bot::BotApi;
use opentrace_tests::program::client;
use opentrace_tests::receiver::{Receiver, Taken};
use opentrace_tests::{Program, Site};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const RULES: usize = 60;
const KILLS: usize = 20;
const ENVS: &[(&str, &str)] = &[
    ("OPENTRACE_ALERTS_ALLOW_PRIVATE", "true"),
    ("OPENTRACE_ALERTS_TIMEOUT_MS", "400"),
    ("OPENTRACE_ALERTS_RETRY_MS", "50"),
    ("OPENTRACE_PUBLIC_URL", "https://stats.example.com"),
];

/// A site, a webhook to the receiver, and its id.
async fn ready(data: &Path, receiver: &Receiver) -> (Program, Site, String) {
    let program = Program::start_with(data, ENVS).await;
    let site = program.site("alerts.example").await;
    let hook = json!({ "type": "webhook", "name": "Pager", "url": receiver.url });
    let (status, channel) = program.post("/api/v1/channels", &hook).await;
    assert_eq!(status, 201, "{channel}");
    receiver.expect(channel["secret"].as_str().expect("a secret"));
    (program, site, channel["id"].as_str().expect("an id").to_owned())
}

async fn rule(program: &Program, site: &Site, channel: &str, rest: Value) -> String {
    let mut body = json!({
        "site_id": site.domain, "name": "Rule", "channels": [channel], "window": "1m", "cooldown": "1h",
    });
    for (field, value) in rest.as_object().expect("an object") {
        body[field] = value.clone();
    }
    let (status, rule) = program.insist("POST", "/api/v1/alerts", Some(&body)).await;
    assert_eq!(status, 201, "{rule}");
    rule["id"].as_str().expect("an id").to_owned()
}

/// Sends an event until it is acknowledged.
async fn send(program_url: &str, site: &Site, event: &Value) {
    let client = client();
    loop {
        let request = client.post(format!("{program_url}/api/v1/events")).bearer_auth(&site.key);
        match request.json(&json!([event])).send().await {
            Ok(answer) if answer.status() == 202 => return,
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn event(name: &str, site: &Site, more: Value) -> Value {
    let mut event = json!({
        "id": uuid::Uuid::new_v4().to_string(), "name": name, "site": site.domain,
        "url": format!("https://{}/", site.domain), "ip": "203.0.113.9", "user_agent": "Mozilla/5.0 Firefox/130.0",
    });
    for (field, value) in more.as_object().expect("an object") {
        event[field] = value.clone();
    }
    event
}

async fn until(what: &str, receiver: &Receiver, done: impl Fn(&[Taken]) -> bool) -> Vec<Taken> {
    let started = Instant::now();
    loop {
        let (taken, _) = receiver.taken();
        if done(&taken) {
            return taken;
        }
        assert!(started.elapsed() < Duration::from_secs(90), "{what}: {} messages: {taken:?}", taken.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Ids of messages of a kind, by rule; and which came first.
fn by_rule(taken: &[Taken], kind: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in taken.iter().filter(|message| message.body["type"] == kind) {
        let rule = message.body["data"]["alert_id"].as_str().expect("an id").to_owned();
        ids.entry(rule).or_default().insert(message.id.clone());
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_alert_arrives_once_whatever_is_killed() {
    let begun = Timestamp::now();
    let data = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(0.5).await;
    let (mut program, site, channel) = ready(data.path(), &receiver).await;
    let mut rules = Vec::new();
    for number in 0..RULES {
        let name = format!("event-{number}");
        let condition = json!({ "name": name, "condition": { "type": "event", "event": name } });
        rules.push(rule(&program, &site, &channel, condition).await);
    }

    let (url, sender) = (program.url(), site.clone());
    let sending = tokio::spawn(async move {
        for number in 0..RULES {
            send(&url, &sender, &event(&format!("event-{number}"), &sender, json!({}))).await;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    });
    let mut rng = StdRng::seed_from_u64(11);
    let mut closed: BTreeSet<String> = BTreeSet::new();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(rng.random_range(100..900))).await;
        program.kill();
        program.restart().await;
        close_some(&program, &receiver, &mut closed).await;
    }
    sending.await.expect("everything is sent");
    until("opened", &receiver, |taken| by_rule(taken, "alert.firing").len() == RULES).await;
    while closed.len() < RULES {
        close_some(&program, &receiver, &mut closed).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let taken = until("resolved", &receiver, |taken| by_rule(taken, "alert.resolved").len() == RULES).await;

    let (opened, resolved) = (by_rule(&taken, "alert.firing"), by_rule(&taken, "alert.resolved"));
    for rule in &rules {
        let of_rule: Vec<_> = taken.iter().filter(|it| it.body["data"]["alert_id"] == **rule).collect();
        assert_eq!(opened[rule].len(), 1, "opened once: {of_rule:#?}");
        assert_eq!(resolved[rule].len(), 1, "resolved once: {of_rule:#?}");
        let first = |kind: &str| {
            taken.iter().position(|message| {
                message.body["type"] == kind && message.body["data"]["alert_id"] == **rule
            })
        };
        assert!(first("alert.firing") < first("alert.resolved"), "an end after its beginning");
    }
    let (_, refused) = receiver.taken();
    assert!(refused > RULES / 2, "the receiver was in trouble: {refused}");
    let data = &taken[0].body["data"];
    for field in ["alert_id", "name", "site_id", "value", "condition", "band", "group", "started_at", "url"] {
        assert!(data.get(field).is_some(), "{field} in {data}");
    }
    assert_eq!(data["site_id"], site.domain.as_str());
    assert!(taken[0].body["timestamp"].is_string());
    let days = [begun, Timestamp::now()].map(|at| at.strftime("%F").to_string());
    for message in &taken {
        let data = &message.body["data"];
        let url = reqwest::Url::parse(data["url"].as_str().expect("an address")).expect("an address");
        assert!(url.as_str().starts_with("https://stats.example.com/sites/alerts.example?"), "{url}");
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!((&*asked["period"], &*asked["interval"]), ("custom", "time:minute"), "{url}");
        assert!(asked["from"] == asked["to"] && days.contains(&asked["from"]), "{url}");
        let rules_own = json!([["is", "event:name", [data["name"]]]]);
        assert_eq!((&*asked["metric"], &*asked["filters"]), ("events", &*rules_own.to_string()), "{url}");
    }
    assert!(program.terminate(), "a clean end");
}

/// Closes by hand what fired and was not closed yet.
async fn close_some(program: &Program, receiver: &Receiver, closed: &mut BTreeSet<String>) {
    let opened = by_rule(&receiver.taken().0, "alert.firing");
    for rule in opened.keys().filter(|rule| !closed.contains(*rule)).cloned().collect::<Vec<_>>() {
        let request = client().post(format!("{}/api/v1/alerts/{rule}/close", program.url()));
        let answer = request.bearer_auth(opentrace_tests::program::ADMIN).send().await;
        if answer.is_ok_and(|answer| answer.status() == 200) {
            closed.insert(rule);
        }
    }
}

/// Waits for the next five minutes where these are nearly over: at the end of a window what fired is over, too, and
/// can no longer be taken back.
async fn within_one_window() {
    const WINDOW: i64 = 300;
    const NEEDED: i64 = 30;
    let left = WINDOW - Timestamp::now().as_second() % WINDOW;
    if left < NEEDED {
        tokio::time::sleep(Duration::from_secs(left.unsigned_abs())).await;
    }
}

/// A threshold, a group, a value never seen, a stream that goes on where it was cut off, and an erasure that
/// takes an alert back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_are_judged_as_events_come_and_go() {
    let data = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(0.0).await;
    let (program, site, channel) = ready(data.path(), &receiver).await;
    program.insist("PATCH", "/api/v1/sites/alerts.example", Some(&json!({ "identified": true }))).await;
    let above =
        json!({ "metric": "pageviews", "window": "5m", "condition": { "type": "above", "value": 4 } });
    let above = rule(&program, &site, &channel, above).await;
    let grouped = json!({
        "metric": "events", "group_by": "event:props:plan", "window": "5m",
        "filters": [["is", "event:name", ["buy"]]], "condition": { "type": "above", "value": 1 },
    });
    let grouped = rule(&program, &site, &channel, grouped).await;
    let new = json!({ "metric": "pageviews", "group_by": "page", "condition": { "type": "new_value" } });
    let new = rule(&program, &site, &channel, new).await;
    let people = json!({
        "metric": "visitors", "group_by": "page", "window": "1h", "condition": { "type": "above", "value": 1 },
    });
    let people = rule(&program, &site, &channel, people).await;

    within_one_window().await;
    for (visit, user) in ["ann", "ann", "bob", "bob", "bob"].into_iter().enumerate() {
        let page = format!("https://{}/page-{}", site.domain, visit % 2);
        let view = event("pageview", &site, json!({ "user_id": user, "url": page }));
        send(&program.url(), &site, &view).await;
    }
    for plan in ["pro", "pro", "free"] {
        send(&program.url(), &site, &event("buy", &site, json!({ "props": { "plan": plan } }))).await;
    }
    let wanted =
        |taken: &[Taken]| by_rule(taken, "alert.firing").values().map(BTreeSet::len).sum::<usize>() == 6;
    let taken = until("fired", &receiver, wanted).await;
    let groups = |rule: &str| -> Vec<String> {
        let mine = taken.iter().filter(|message| message.body["data"]["alert_id"] == rule);
        mine.map(|message| message.body["data"]["group"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(groups(&above), [""]);
    assert_eq!(groups(&grouped), ["pro"], "one purchase is not above 1");
    for by_page in [&new, &people] {
        assert_eq!(
            groups(by_page).into_iter().collect::<BTreeSet<_>>(),
            ["/page-0", "/page-1"].map(String::from).into()
        );
    }

    let erased = json!({ "site_id": site.domain, "user_id": "bob", "wait": 20 });
    let (status, receipt) = program.post("/api/v1/erasure", &erased).await;
    assert_eq!(status / 100, 2, "{receipt}");
    let resolved = |taken: &[Taken]| {
        let resolved = by_rule(taken, "alert.resolved");
        resolved.contains_key(&above) && resolved.get(&people).is_some_and(|openings| openings.len() == 2)
    };
    let taken = until("taken back", &receiver, resolved).await;
    for taken_back in [&above, &people] {
        let end = taken.iter().find(|message| {
            message.body["type"] == "alert.resolved" && message.body["data"]["alert_id"] == **taken_back
        });
        assert_eq!(end.expect("it was resolved").body["data"]["reason"], "retracted");
    }

    let (status, history) = program.get("/api/v1/alerts/history?limit=100").await;
    assert_eq!(status, 200, "{history}");
    let steps = history["history"].as_array().expect("a list").len();
    let stream = client()
        .get(format!("{}/api/v1/alerts/stream", program.url()))
        .bearer_auth(opentrace_tests::program::ADMIN)
        .header("last-event-id", "1");
    let mut answer = stream.send().await.expect("a stream");
    let mut text = String::new();
    while text.matches("\nid:").count() + usize::from(text.starts_with("id:")) < steps - 1 {
        let piece = tokio::time::timeout(Duration::from_secs(10), answer.chunk()).await.expect("events come");
        text.push_str(&String::from_utf8_lossy(&piece.expect("no error").expect("no end")));
    }
    assert!(
        text.contains("event:alert.firing") && text.contains("id:2\n") && !text.contains("id:1\n"),
        "{text}"
    );
    assert!(by_websocket(&program).await.contains("\"type\":\"alert.firing\""));
}

/// A chat is linked by its code, shown a picture and answers by its buttons; what a receiver refused for good is
/// kept, looked at and sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_answer_from_a_chat_and_what_was_given_up_is_sent_again() {
    let data = tempfile::tempdir().expect("a folder");
    let api = BotApi::start().await;
    let receiver = Receiver::start(0.0).await;
    let envs = [ENVS, &[("OPENTRACE_ALERTS_TELEGRAM_URL", api.url.as_str())]].concat();
    let program = Program::start_with(data.path(), &envs).await;
    let site = program.site("alerts.example").await;
    let bot = json!({ "type": "telegram", "name": "Phone", "token": "123:abc" });
    let (status, bot) = program.post("/api/v1/channels", &bot).await;
    assert_eq!(status, 201, "{bot}");
    let wrong = receiver.url.replace("/hook", "/gone");
    let (_, hook) =
        program.post("/api/v1/channels", &json!({ "type": "webhook", "name": "Old", "url": wrong })).await;
    receiver.expect(hook["secret"].as_str().expect("a secret"));
    let [phone, old] = [&bot, &hook].map(|channel| channel["id"].as_str().expect("an id").to_owned());
    api.write(-7, "/start wrong");
    assert!(api.said(-7).await.contains("no channel"));
    api.write(-7, &format!("/start {}", bot["link_code"].as_str().expect("a code")));
    assert!(api.said(-7).await.contains("linked"));

    let called = json!({
        "name": "Sold <out>", "channels": [phone, old], "condition": { "type": "event", "event": "sold_out" },
    });
    let called = rule(&program, &site, &phone, called).await;
    send(&program.url(), &site, &event("sold_out", &site, json!({}))).await;
    let button = async |of: &str| {
        for _ in 0..200 {
            let (buttons, pictures) = api.buttons();
            if let Some(found) = buttons.into_iter().find(|button| button.starts_with(of)) {
                assert!(pictures > 0, "the graph comes as a picture");
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no button {of}");
    };
    let becomes = async |what: &str, is: &dyn Fn(&Value) -> bool| {
        for _ in 0..100 {
            let (_, rule) = program.get(&format!("/api/v1/alerts/{called}")).await;
            if is(&rule) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{what}");
    };
    api.press(-8, &button("ack").await);
    assert!(api.said(-8).await.contains("not linked"), "another chat has no say");
    api.press(-7, &button("ack").await);
    becomes("acknowledged", &|rule| rule["open"][0]["acknowledged_by"] == "Ann").await;
    api.press(-7, &button("mute").await);
    becomes("muted", &|rule| rule["muted_until"].is_i64()).await;
    api.write(-7, "/alerts");
    assert!(api.said(-7).await.contains("Sold &lt;out&gt;"));
    program.settle().await;
    api.write(-7, "/status");
    let status = api.said(-7).await;
    assert!(
        status.contains("<b>alerts.example</b>: ") && status.contains(" visitors now; today "),
        "{status}"
    );
    api.moves(-7, -1007);
    api.write(-1007, "/alerts@trace_bot");
    assert!(api.said(-1007).await.contains("Sold &lt;out&gt;"), "the group is known under its other id");

    let (_, listed) = program.get("/api/v1/channels").await;
    let listed =
        listed["channels"].as_array().expect("channels").iter().find(|channel| channel["id"] == *old);
    assert_eq!(listed.map(|channel| &channel["dead"]), Some(&json!(1)), "{listed:?}");
    let (status, dead) = program.get(&format!("/api/v1/channels/{old}/messages?status=dead")).await;
    assert_eq!(
        (status, dead["messages"][0]["message"]["data"]["alert_id"].as_str()),
        (200, Some(&*called)),
        "{dead}"
    );
    assert!(dead["messages"][0]["error"].as_str().is_some_and(|error| error.contains("410")), "{dead}");
    let (status, _) = program
        .insist("PATCH", &format!("/api/v1/channels/{old}"), Some(&json!({ "url": receiver.url })))
        .await;
    assert_eq!(status, 200);
    let (_, replayed) = program.post(&format!("/api/v1/channels/{old}/replay"), &json!({})).await;
    assert_eq!(replayed["replayed"], 1, "{replayed}");
    let taken = until("sent again", &receiver, |taken| !taken.is_empty()).await;
    assert_eq!(taken[0].id, dead["messages"][0]["id"].as_str().expect("an id"), "under the same id");
}

/// Numbers of whole visits, by where they came from and began: told as they are, taken back when later events
/// make the visits something else, over a restart, and when somebody is erased.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visits_are_judged_by_what_they_became() {
    let data = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(0.0).await;
    let (mut program, site, channel) = ready(data.path(), &receiver).await;
    program.insist("PATCH", "/api/v1/sites/alerts.example", Some(&json!({ "identified": true }))).await;
    let bounces = json!({
        "metric": "bounce_rate", "group_by": "source", "filters": [["is_not", "event:page", ["/other"]]],
        "window": "15m", "minimum_traffic": 2, "condition": { "type": "above", "value": 60 },
    });
    let bounced = rule(&program, &site, &channel, bounces.clone()).await;
    let landed = rule(
        &program,
        &site,
        &channel,
        json!({
            "query": { "metrics": ["visits"], "filters": [["is", "visit:entry_page", ["/land"]]] },
            "window": "15m", "condition": { "type": "above", "value": 2 },
        }),
    )
    .await;
    for (metric, filters, field) in [
        ("bounce_rate", json!([["is", "event:goal", ["signup"]]]), "filters[0]"),
        ("visitors", json!([["is", "visit:exit_page", ["/"]]]), "metric"),
    ] {
        let refused = json!({
            "site_id": site.domain, "name": "No", "metric": metric, "window": "1h", "filters": filters,
            "condition": { "type": "above", "value": 1 },
        });
        let (status, answer) = program.post("/api/v1/alerts", &refused).await;
        assert_eq!((status, answer["error"]["field"].as_str()), (400, Some(field)), "{answer}");
        assert!(answer["error"]["hint"].is_string(), "{answer}");
    }

    let view = |user: &str, page: &str, minutes: i64| {
        let at = Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        let url = format!("https://{}{page}", site.domain);
        event("pageview", &site, json!({ "user_id": user, "url": url, "ts": at.to_string() }))
    };
    for user in ["ann", "bob", "cyd"] {
        send(&program.url(), &site, &view(user, "/land?utm_source=news", 3)).await;
    }
    for minutes in [3, 2] {
        send(&program.url(), &site, &view("dan", "/land?utm_source=ads", minutes)).await;
        send(&program.url(), &site, &view("eve", "/other?utm_source=news", minutes)).await;
    }
    let of = |rule: &str, taken: &[Taken], kind: &str| -> Vec<Value> {
        let mine = taken.iter().filter(|it| it.body["type"] == kind && it.body["data"]["alert_id"] == *rule);
        mine.map(|message| message.body["data"].clone()).collect()
    };
    let both =
        |taken: &[Taken]| [&bounced, &landed].iter().all(|rule| !of(rule, taken, "alert.firing").is_empty());
    let taken = until("fired", &receiver, both).await;
    let fired = of(&bounced, &taken, "alert.firing");
    assert_eq!((fired[0]["group"].as_str(), fired[0]["value"].as_f64()), (Some("news"), Some(100.0)));
    let url = reqwest::Url::parse(fired[0]["url"].as_str().expect("an address")).expect("an address");
    let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let filters = json!([["is_not", "event:page", ["/other"]], ["is", "visit:source", ["news"]]]);
    assert_eq!((&*asked["metric"], &*asked["filters"]), ("bounce_rate", &*filters.to_string()));

    let (_, history) = program.get("/api/v1/alerts/history?limit=100").await;
    let steps = history["history"].as_array().expect("a list");
    let step = steps.iter().find(|step| step["alert_id"] == *bounced).expect("it is told of");
    let (status, told) = program.get(&format!("/api/v1/alerts/history/{}", step["id"])).await;
    assert_eq!((status, told["slices"].is_array()), (200, true), "{told}");

    let mut draft = bounces;
    draft["site_id"] = json!(site.domain);
    draft["name"] = json!("Draft");
    let (status, simulated) = program.post("/api/v1/alerts/simulate", &draft).await;
    assert_eq!(status, 200, "{simulated}");
    assert_eq!(simulated["alerts"][0]["group"], "news", "{simulated}");

    program.kill();
    program.restart().await;
    for user in ["ann", "bob", "cyd"] {
        send(&program.url(), &site, &view(user, "/more", 2)).await;
    }
    let taken =
        until("taken back", &receiver, |taken| !of(&bounced, taken, "alert.resolved").is_empty()).await;
    assert_eq!(of(&bounced, &taken, "alert.resolved")[0]["reason"], "retracted");
    assert!(of(&landed, &taken, "alert.resolved").is_empty(), "as many visits began there as before");

    for user in ["ann", "bob"] {
        let erased = json!({ "site_id": site.domain, "user_id": user, "wait": 20 });
        let (status, receipt) = program.post("/api/v1/erasure", &erased).await;
        assert_eq!(status / 100, 2, "{receipt}");
    }
    let taken = until("erased", &receiver, |taken| !of(&landed, taken, "alert.resolved").is_empty()).await;
    assert_eq!(of(&landed, &taken, "alert.resolved")[0]["reason"], "retracted");
    assert_eq!(of(&landed, &taken, "alert.firing").len(), 1, "{taken:?}");
    assert_eq!(of(&bounced, &taken, "alert.firing").len(), 1, "{taken:?}");
}

/// Measures of a site's own, of properties and of engagement: told as events come, taken back when somebody is
/// erased, and the same in a simulation as in a question.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_site_measures_itself_is_watched() {
    let data = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(0.0).await;
    let (program, site, channel) = ready(data.path(), &receiver).await;
    program.insist("PATCH", "/api/v1/sites/alerts.example", Some(&json!({ "identified": true }))).await;
    let signups = json!([["is", "event:goal", ["signup"]]]);
    let per_signup = json!({
        "site_id": site.domain, "name": "seats_per_signup", "type": "ratio",
        "numerator": { "type": "sum", "property": "seats", "filters": signups },
        "denominator": { "type": "count", "filters": signups },
    });
    let (status, kept) = program.post("/api/v1/metrics", &per_signup).await;
    assert_eq!(status, 201, "{kept}");
    let above = |value: f64| json!({ "type": "above", "value": value });
    let seats = json!({
        "metric": "sum:event:props:seats", "group_by": "event:props:plan", "window": "15m", "condition": above(6.0),
    });
    let seats = rule(&program, &site, &channel, seats).await;
    let own = json!({ "metric": "seats_per_signup", "window": "15m", "condition": above(3.0) });
    let own = rule(&program, &site, &channel, own).await;
    let percentile = json!({
        "site_id": site.domain, "name": "No", "metric": "p95:event:props:seats", "condition": above(1.0),
    });
    let (status, refused) = program.post("/api/v1/alerts", &percentile).await;
    assert_eq!((status, refused["error"]["field"].as_str()), (400, Some("metric")), "{refused}");
    assert!(refused["error"]["hint"].is_string(), "{refused}");

    let hour = Timestamp::from_second((Timestamp::now().as_second() / 3_600 - 3) * 3_600).expect("an hour");
    let ago = |at: Timestamp, name: &str, user: &str, more: Value| {
        let mut body = json!({ "user_id": user, "ts": at.to_string() });
        for (field, value) in more.as_object().expect("an object") {
            body[field] = value.clone();
        }
        event(name, &site, body)
    };
    let page = |path: &str| json!({ "url": format!("https://{}{path}", site.domain) });
    for (place, (user, depth, ms)) in
        [("ann", 40, 4_000), ("ann", 90, 1_000), ("bob", 60, 7_000), ("cyd", 0, 2_000)]
            .into_iter()
            .enumerate()
    {
        let at = hour + jiff::SignedDuration::from_secs(600 + 60 * place as i64);
        send(&program.url(), &site, &ago(at, "pageview", user, page("/docs"))).await;
        let mut told = page("/docs");
        told["scroll_depth"] = json!(depth);
        told["engagement_ms"] = json!(ms);
        send(&program.url(), &site, &ago(at + jiff::SignedDuration::from_secs(5), "engagement", user, told))
            .await;
    }
    let at = hour + jiff::SignedDuration::from_mins(30);
    send(&program.url(), &site, &ago(at, "signup", "bob", page("/docs"))).await;
    send(&program.url(), &site, &ago(at, "pageview", "dan", page("/home"))).await;
    let just_now = Timestamp::now() - jiff::SignedDuration::from_mins(2);
    for (user, seats, plan) in [
        ("eve", json!(7), "pro"),
        ("eve", json!("2.5"), "pro"),
        ("fay", json!("lots"), "pro"),
        ("fay", json!(4), "free"),
    ] {
        let props = json!({ "props": { "seats": seats, "plan": plan } });
        send(&program.url(), &site, &ago(just_now, "signup", user, props)).await;
    }

    let of = |rule: &str, taken: &[Taken], kind: &str| -> Vec<Value> {
        let mine = taken.iter().filter(|it| it.body["type"] == kind && it.body["data"]["alert_id"] == *rule);
        mine.map(|message| message.body["data"].clone()).collect()
    };
    let grown = |taken: &[Taken]| {
        !of(&seats, taken, "alert.firing").is_empty() && !of(&own, taken, "alert.firing").is_empty()
    };
    let taken = until("fired", &receiver, grown).await;
    let fired = of(&seats, &taken, "alert.firing");
    assert_eq!((fired.len(), fired[0]["group"].as_str()), (1, Some("pro")));
    for (fired, least) in [(&fired[0], 7.0), (&of(&own, &taken, "alert.firing")[0], 3.0)] {
        assert!(fired["value"].as_f64().is_some_and(|value| value >= least), "{fired}");
    }

    program.settle().await;
    let last = hour + jiff::SignedDuration::from_secs(3_599);
    let on_docs = json!([["is", "event:page", ["/docs"]]]);
    for (metric, filters, group) in [
        ("scroll_depth", on_docs.clone(), None),
        ("time_on_page", on_docs, None),
        ("percentage", json!([]), Some("event:page")),
        ("conversion_rate", signups.clone(), Some("event:page")),
        ("group_conversion_rate", signups.clone(), Some("event:page")),
        ("average:event:props:seats", json!([]), None),
    ] {
        let mut draft = json!({
            "site_id": site.domain, "name": "Draft", "metric": metric, "filters": filters, "window": "1h",
            "condition": above(0.0), "from": hour.to_string(),
        });
        let mut question = json!({
            "site_id": site.domain, "metrics": [metric], "filters": filters,
            "date_range": [hour.to_string(), last.to_string()],
        });
        if let Some(by) = group {
            draft["group_by"] = json!(by);
            question["dimensions"] = json!([by]);
        }
        let (status, simulated) = program.post("/api/v1/alerts/simulate", &draft).await;
        assert_eq!(status, 200, "{metric}: {simulated}");
        let (status, answer) = program.post("/api/v2/query", &question).await;
        assert_eq!(status, 200, "{metric}: {answer}");
        let rows = answer["results"].as_array().expect("rows");
        let known = |row: &&Value| row["metrics"][0].as_f64().is_some_and(|value| value > 0.0);
        let mut compared = 0;
        for row in rows.iter().filter(known) {
            let alerts = simulated["alerts"].as_array().expect("alerts");
            let mine = alerts.iter().find(|alert| group.is_none() || alert["group"] == row["dimensions"][0]);
            let value = mine.and_then(|alert| alert["value"].as_f64()).unwrap_or(f64::NAN);
            let wanted = row["metrics"][0].as_f64().expect("a number");
            assert!((value - wanted).abs() <= 0.5, "{metric}: {simulated} but {answer}");
            compared += 1;
        }
        assert_eq!(compared > 0, metric != "average:event:props:seats", "{metric}: {answer}");
    }

    let erased = json!({ "site_id": site.domain, "user_id": "eve", "wait": 20 });
    let (status, receipt) = program.post("/api/v1/erasure", &erased).await;
    assert_eq!(status / 100, 2, "{receipt}");
    let back =
        |taken: &[Taken]| [&seats, &own].iter().all(|rule| !of(rule, taken, "alert.resolved").is_empty());
    let taken = until("taken back", &receiver, back).await;
    for rule in [&seats, &own] {
        assert_eq!(of(rule, &taken, "alert.resolved")[0]["reason"], "retracted");
    }

    let metric = format!("/api/v1/metrics/{}?site_id={}", kept["id"], site.domain);
    let (status, _) = program.insist("DELETE", &metric, None).await;
    assert_eq!(status, 204);
    let (_, gone) = program.get(&format!("/api/v1/alerts/{own}")).await;
    assert!(gone["problem"].is_string(), "{gone}");
    let (status, _) = program.post("/api/v1/metrics", &per_signup).await;
    assert_eq!(status, 201);
    let (_, again) = program.get(&format!("/api/v1/alerts/{own}")).await;
    assert!(again["problem"].is_null(), "{again}");
}

/// What a WebSocket says first, from the first step on (RFC 6455; what servers send is not masked).
async fn by_websocket(program: &Program) -> String {
    let address = program.url().replace("http://", "");
    let mut socket = TcpStream::connect(&address).await.expect("a connection");
    let admin = opentrace_tests::program::ADMIN;
    let request = format!(
        "GET /api/v1/alerts/stream?last_event_id=0 HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\n\
         connection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         authorization: Bearer {admin}\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.expect("it is sent");
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains("alert.firing") {
        let read = tokio::time::timeout(Duration::from_secs(10), socket.read_buf(&mut said)).await;
        assert!(read.expect("it speaks").expect("no error") > 0, "{}", String::from_utf8_lossy(&said));
    }
    let text = String::from_utf8_lossy(&said).into_owned();
    assert!(text.starts_with("HTTP/1.1 101") && text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{text}");
    text
}
