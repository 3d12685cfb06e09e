//! Channels as people live with them: they come and go and get other names and secrets while rules go on, messages
//! are collected, and rules are kept in a file.

use std::time::{Duration, Instant};

use opentrace_tests::program::client;
use opentrace_tests::receiver::{Receiver, Taken};
use opentrace_tests::{Program, Site};
use serde_json::{Value, json};

const ENVS: &[(&str, &str)] =
    &[("OPENTRACE_ALERTS_ALLOW_PRIVATE", "true"), ("OPENTRACE_ALERTS_RETRY_MS", "50")];

async fn made(program: &Program, path: &str, body: &Value) -> Value {
    let (status, answer) = program.post(path, body).await;
    assert_eq!(status, 201, "{body} gave {answer}");
    answer
}

async fn hook(program: &Program, receiver: &Receiver, name: &str) -> Value {
    let hook = json!({ "type": "webhook", "name": name, "url": receiver.url });
    made(program, "/api/v1/channels", &hook).await
}

async fn send(program: &Program, site: &Site, name: &str) {
    let event = json!([{ "id": uuid::Uuid::new_v4(), "name": name, "site": site.domain,
        "url": format!("https://{}/", site.domain), "user_agent": "Mozilla/5.0 Firefox/130.0" }]);
    let request = client().post(format!("{}/api/v1/events", program.url())).bearer_auth(&site.key);
    let answer = request.json(&event).send().await.expect("an answer");
    assert_eq!(answer.status(), 202);
}

/// Waits until the receiver took so many messages.
async fn takes(receiver: &Receiver, count: usize) -> Vec<Taken> {
    let started = Instant::now();
    loop {
        let (taken, _) = receiver.taken();
        if taken.len() >= count {
            return taken;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{} of {count}: {taken:?}", taken.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn of(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// A rule goes on over a restart without a channel that was removed, and an open alert is left alone while only
/// those who are told of it change. A secret is changed without a message that cannot be verified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_go_on_while_their_channels_come_and_go() {
    let data = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(0.0).await;
    let mut program = Program::start_with(data.path(), ENVS).await;
    let site = program.site("a.example").await;
    let pager = hook(&program, &receiver, "Pager").await;
    receiver.expect(of(&pager["secret"]));
    let gone = hook(&program, &receiver, "Gone").await;
    let body = json!({ "site_id": site.domain, "name": "Sold out", "channels": ["Pager", gone["id"]],
        "condition": { "type": "event", "event": "sold_out" }, "window": "1h" });
    let rule = made(&program, "/api/v1/alerts", &body).await;
    let rule = format!("/api/v1/alerts/{}", of(&rule["id"]));
    let (status, _) = program.insist("DELETE", &format!("/api/v1/channels/{}", of(&gone["id"])), None).await;
    assert_eq!(status, 204);
    let (_, shown) = program.get(&rule).await;
    assert!(shown["problem"].as_str().is_some_and(|problem| problem.contains(of(&gone["id"]))), "{shown}");

    assert!(program.terminate(), "a clean end");
    program.restart().await;
    send(&program, &site, "sold_out").await;
    let fired = takes(&receiver, 1).await;
    assert_eq!(fired[0].body["type"], "alert.firing");
    let (_, shown) = program.get(&rule).await;
    let opening = shown["open"][0]["opening"].clone();
    assert!(opening.is_string(), "it is judged: {shown}");

    let fewer = json!({ "name": "Nothing left", "channels": ["Pager"] });
    let (status, shown) = program.insist("PATCH", &rule, Some(&fewer)).await;
    assert_eq!((status, &shown["problem"], &shown["name"]), (200, &Value::Null, &json!("Nothing left")));
    assert_eq!(shown["open"][0]["opening"], opening, "the same alert is open: {shown}");

    let channel = format!("/api/v1/channels/{}", of(&pager["id"]));
    let (status, another) = program.insist("PATCH", &channel, Some(&json!({ "secret": null }))).await;
    assert_eq!(status, 200, "{another}");
    for (place, secret) in [&another["secret"], &pager["secret"]].into_iter().enumerate() {
        receiver.expect(of(secret));
        let (status, sent) = program.post(&format!("{channel}/test"), &json!({})).await;
        assert_eq!(status, 200, "{sent}");
        assert_eq!(takes(&receiver, 2 + place).await[1 + place].body["type"], "alert.test", "both verify");
    }
    let (status, _) = program.post(&format!("{rule}/close"), &json!({})).await;
    assert_eq!(status, 200);
    let taken = takes(&receiver, 4).await;
    assert_eq!(taken[3].body["type"], "alert.resolved", "what happened to it was told once: {taken:?}");
    assert_eq!(taken[3].body["data"]["name"], "Nothing left");
    assert!(program.terminate(), "a clean end");
    let log = program.log();
    for secret in [&pager["secret"], &another["secret"], &gone["secret"]] {
        assert!(!log.contains(of(secret)), "no secret is logged");
    }
    let database = std::fs::read(data.path().join("meta.sqlite")).expect("the metadata");
    let key = of(&pager["secret"]).as_bytes();
    assert!(!database.windows(key.len()).any(|window| window == key), "nor kept as it is");
}

/// Rules in a file: shown, made, left alone, changed, removed; and a digest, which leaves at a full hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_says_what_rules_there_are() {
    let data = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(0.0).await;
    let program = Program::start_with(data.path(), ENVS).await;
    let site = program.site("a.example").await;
    let digest = json!({ "type": "slack", "name": "Chat", "url": receiver.url, "digest": "1h" });
    let chat = made(&program, "/api/v1/channels", &digest).await;
    let file = data.path().join("rules.toml");
    let path = file.to_str().expect("a path");
    let apply = |text: &str, more: &[&str]| {
        std::fs::write(&file, text).expect("a file");
        let args = [&["alerts", "apply", path], more].concat();
        program.command(&args)
    };
    let signup = r#"
        [[rule]]
        site_id = "a.example"
        name = "Signups"
        condition = { type = "event", event = "signup" }
        channels = ["Chat"]
    "#;
    let busy = r#"
        [[rule]]
        site_id = "a.example"
        name = "Busy"
        metric = "pageviews"
        window = "10m"
        condition = { type = "above", value = 1000 }
        mute = { timezone = "Europe/Berlin", spans = [{ days = ["sun"], from = "22:00", to = "07:00" }] }
    "#;
    let both = format!("{signup}{busy}");
    let (code, said, _) = apply(&both, &["--dry-run"]);
    assert_eq!(
        (code, said.lines().last()),
        (0, Some("2 to create, 0 to change, 0 to delete, 0 as they are"))
    );
    let (_, rules) = program.get("/api/v1/alerts").await;
    assert_eq!(rules["alerts"], json!([]), "it was only shown");
    let (code, said, error) = apply(&both, &[]);
    assert_eq!((code, said.lines().next()), (0, Some("+ Signups (a.example)")), "{error}");
    let (code, said, _) = apply(&both, &[]);
    assert_eq!((code, &*said), (0, "0 to create, 0 to change, 0 to delete, 2 as they are\n"));

    let changed = format!("{signup}{}", busy.replace("1000", "500").replace("window = \"10m\"\n", ""));
    let (code, said, error) = apply(&changed, &[]);
    assert_eq!(code, 0, "{error}");
    assert!(
        said.starts_with("~ Busy (a.example)\n") && said.contains("window: \"10m\" → left out"),
        "{said}"
    );
    let (_, rules) = program.get("/api/v1/alerts").await;
    let busy = rules["alerts"].as_array().expect("rules").iter().find(|rule| rule["name"] == "Busy");
    assert_eq!(
        busy.map(|rule| (&rule["condition"]["value"], &rule["window"])),
        Some((&json!(500), &Value::Null))
    );

    let (code, _, error) = apply(&signup.replace("Chat", "Nobody"), &[]);
    assert!(code != 0 && error.contains("there is no channel `Nobody`"), "{error}");
    let (code, _, error) = apply(&signup.replace("event = \"signup\"", "evnt = \"signup\""), &[]);
    assert!(code != 0 && error.contains("rule[0].condition"), "{error}");
    let (code, said, error) = apply(signup, &[]);
    assert_eq!(
        (code, &*said),
        (0, "- Busy\n0 to create, 0 to change, 1 to delete, 1 as they are\n"),
        "{error}"
    );
    let (_, listed, _) = program.command(&["alerts", "list"]);
    assert!(listed.ends_with("quiet  Signups (a.example)\n"), "{listed}");

    send(&program, &site, "signup").await;
    let messages = format!("/api/v1/channels/{}/messages?status=queued", of(&chat["id"]));
    let started = Instant::now();
    let waiting = loop {
        let (_, waiting) = program.get(&messages).await;
        if waiting["messages"][0].is_object() {
            break waiting;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{waiting}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let leaves = waiting["messages"][0]["next_at"].as_i64().expect("a time");
    let left = leaves - jiff::Timestamp::now().as_millisecond();
    assert!(
        leaves % 3_600_000 == 0 && (-60_000..=3_600_000).contains(&left),
        "with the others of its hour: {waiting}"
    );
}
