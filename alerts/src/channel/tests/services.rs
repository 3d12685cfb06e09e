//! Each channel against a server that checks what it is sent by the published API: fields, limits, rates.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::server::{Asked, Said, say, start};
use super::{notice, outside};
use crate::channel::telegram::{Action, Bot, Input};
use crate::channel::{Channel, Event, Graph, Kind, Message, Outside, SendError, Settings};
use crate::evaluate::{Band, OpeningId, Reason};
use crate::guard::Secret;

const TOKEN: &str = "123456:ABC-DEF_ghi";

/// An alert whose every text is as long and as odd as it can be.
fn odd(event: Event) -> Message {
    let mut notice = notice();
    notice.event = event;
    notice.data.name = format!("<b>@everyone *x* _y_ {} &", "😀".repeat(95));
    notice.data.group = Some("<script>[a](http://b) ".repeat(90));
    notice.data.band = Some(Band { lower: 1.0, upper: 2.5 });
    notice.data.url = "https://stats.example.com/sites/example.com?a=1&b=\"2\"".to_owned();
    if event == Event::Resolved {
        notice.data.reason = Some(Reason::Retracted);
    }
    let values = (0..60).map(f64::from).collect();
    let graph = Graph { from: 0, step: 60, values, cause: (50, 60), band: None, limit: Some(30.0) };
    Message {
        id: "msg_1".to_owned(),
        opening: Some(OpeningId(Uuid::from_u128(5))),
        notice,
        about: "pageviews in 5m, above 100".to_owned(),
        graph: Some(graph),
    }
}

fn open(kind: &str, body: &Value, outside: &Outside) -> Arc<dyn Channel> {
    let kind = Kind::named(kind).unwrap();
    let settings = (kind.read)(body).unwrap();
    let kept = Settings::restore(&json!(settings.config).to_string(), &settings.secrets_json()).unwrap();
    assert_eq!(kept, settings, "what is kept is what was set");
    let shown = json!(kept.config).to_string();
    for secret in kept.secrets.values().filter(|secret| !secret.reveal().starts_with("http")) {
        assert!(!shown.contains(secret.reveal()), "{shown}");
    }
    (kind.open)(&kept, outside).unwrap()
}

/// The length of text as Telegram counts it: UTF-16 after entities are parsed. Panics at what its HTML mode
/// refuses.
fn parsed(text: &str) -> usize {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        plain.push_str(&rest[..at]);
        let close = if rest[at..].starts_with('<') { '>' } else { ';' };
        let end = at + rest[at..].find(close).expect("tags and entities end");
        match &rest[at..=end] {
            "<b>" | "</b>" => {}
            "&lt;" | "&gt;" | "&amp;" | "&quot;" => plain.push('x'),
            other => panic!("Telegram knows no {other}"),
        }
        rest = &rest[end + 1..];
    }
    plain.push_str(rest);
    plain.encode_utf16().count()
}

fn keyboard(markup: &Value) {
    for button in markup["inline_keyboard"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap())
    {
        let (data, url) = (button["callback_data"].as_str(), button["url"].as_str());
        assert!(data.is_some() != url.is_some(), "exactly one: {button}");
        assert!(data.is_none_or(|data| (1..=64).contains(&data.len())));
        assert!(url.is_none_or(|url| url.starts_with("https://")));
        assert!(!button["text"].as_str().unwrap().is_empty());
    }
}

/// The Bot API as far as it is used: too fast at first, then as published.
fn telegram(asked: &Asked, calls: &AtomicUsize) -> Said {
    let Some(method) = asked.path.strip_prefix(&format!("/bot{TOKEN}/")) else {
        return say(401, &json!({ "ok": false, "error_code": 401, "description": "Unauthorized" }));
    };
    if calls.fetch_add(1, Ordering::SeqCst) == 0 {
        let wait = json!({ "retry_after": 7 });
        let refusal =
            json!({ "ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": wait });
        return say(429, &refusal);
    }
    match method {
        "sendPhoto" => {
            let caption = std::str::from_utf8(asked.part("caption").unwrap()).unwrap();
            assert!((1..=1_024).contains(&parsed(caption)), "{}", parsed(caption));
            assert_eq!(asked.part("chat_id").unwrap(), "-42");
            assert_eq!(asked.part("parse_mode").unwrap(), "HTML");
            keyboard(&asked.json("reply_markup"));
            let photo = asked.part("photo").unwrap();
            assert!(photo.starts_with(b"\x89PNG") && photo.len() < 10_000_000);
        }
        "sendMessage" => {
            let body = asked.json("");
            let text = body["text"].as_str().unwrap();
            assert!((1..=4_096).contains(&parsed(text)), "{}", parsed(text));
            assert_eq!((&body["chat_id"], &body["parse_mode"]), (&json!(-42), &json!("HTML")));
            if !body["reply_markup"].is_null() {
                keyboard(&body["reply_markup"]);
            }
        }
        "getUpdates" => {
            let body = asked.json("");
            let update = json!({ "update_id": 8, "message": { "chat": { "id": -42 }, "text": "/alerts" } });
            let news = if body["offset"] == 8 { json!([update]) } else { json!([]) };
            return say(200, &json!({ "ok": true, "result": news }));
        }
        "answerCallbackQuery" => assert!(asked.json("")["text"].as_str().unwrap().chars().count() <= 200),
        other => return say(404, &json!({ "ok": false, "error_code": 404, "description": other })),
    }
    say(200, &json!({ "ok": true, "result": {} }))
}

#[tokio::test]
async fn telegram_is_spoken_to_within_its_limits() {
    let calls = AtomicUsize::new(0);
    let (url, asked) = start(move |asked| telegram(asked, &calls)).await;
    let outside = Outside { telegram: url.parse::<Url>().unwrap(), ..outside() };
    let channel = open("telegram", &json!({ "token": TOKEN, "chat_id": "-42" }), &outside);
    let slow = channel.send(&[odd(Event::Firing)]).await.unwrap_err();
    assert!(
        matches!(slow, SendError::Later { after: Some(wait), .. } if wait == Duration::from_secs(7)),
        "{slow}"
    );
    channel.send(&[odd(Event::Firing)]).await.unwrap();
    channel.send(&[odd(Event::Resolved)]).await.unwrap();
    channel.send(&vec![odd(Event::Firing); 50]).await.unwrap();
    let methods: Vec<String> =
        asked.lock().unwrap().iter().map(|asked| asked.path.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["sendPhoto", "sendPhoto", "sendMessage", "sendMessage"]);
    let first = asked.lock().unwrap()[1].json("reply_markup");
    let data = first["inline_keyboard"][0][0]["callback_data"].as_str().unwrap().to_owned();
    assert!(data.starts_with("ack:"), "{data}");

    let bot = Bot::new(&outside, Secret::new(TOKEN));
    assert!(bot.updates(3, Duration::ZERO).await.unwrap().is_empty());
    let updates = bot.updates(7, Duration::ZERO).await.unwrap();
    assert_eq!(updates[0].input, Input::Command { name: "alerts".to_owned(), rest: String::new() });
    bot.say(-42, "<b>none</b>").await.unwrap();
    bot.answer("q", "Acknowledged.").await.unwrap();
    assert_ne!(Action::Acknowledge, Action::Mute);

    let revoked = open("telegram", &json!({ "token": "123456:other", "chat_id": -42 }), &outside);
    let error = revoked.send(&[odd(Event::Firing)]).await.unwrap_err();
    assert!(matches!(error, SendError::Never { .. }) && !error.to_string().contains("other"), "{error}");
    let unlinked = open("telegram", &json!({ "token": TOKEN }), &outside);
    assert!(matches!(unlinked.send(&[odd(Event::Firing)]).await, Err(SendError::Later { .. })));
}

/// A group that became a supergroup: the published `ResponseParameters` name the other id.
#[tokio::test]
async fn a_group_that_became_another_is_followed() {
    let (url, asked) = start(|asked| {
        let chat = match asked.part("chat_id") {
            Some(part) => std::str::from_utf8(part).unwrap().parse().unwrap(),
            None => asked.json("")["chat_id"].as_i64().unwrap(),
        };
        if chat == -10_042 {
            return say(200, &json!({ "ok": true, "result": {} }));
        }
        let moved = "Bad Request: group chat was upgraded to a supergroup chat";
        let to = json!({ "migrate_to_chat_id": -10_042 });
        say(400, &json!({ "ok": false, "error_code": 400, "description": moved, "parameters": to }))
    })
    .await;
    let outside = Outside { telegram: url.parse::<Url>().unwrap(), ..outside() };
    let channel = open("telegram", &json!({ "token": TOKEN, "chat_id": -42 }), &outside);
    channel.send(&[odd(Event::Firing)]).await.unwrap();
    channel.send(&[odd(Event::Resolved)]).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 4, "each is sent to the old one and to the new one");
    let person = open("telegram", &json!({ "token": TOKEN, "chat_id": 42 }), &outside);
    assert!(person.pace().per_second > channel.pace().per_second, "groups take 20 messages a minute");
}

/// What is left out of a message is counted, in each service.
#[tokio::test]
async fn many_alerts_in_one_message_are_all_counted() {
    for (kind, body) in [
        ("telegram", json!({ "token": TOKEN, "chat_id": 1 })),
        ("discord", json!({ "url": "hook" })),
        ("slack", json!({ "url": "hook" })),
    ] {
        let (url, asked) = start(|_| say(200, &json!({ "ok": true, "result": {} }))).await;
        let outside = Outside { telegram: url.parse::<Url>().unwrap(), ..outside() };
        let mut body = body;
        if body["url"].is_string() {
            body["url"] = json!(format!("{url}/hook"));
        }
        let channel = open(kind, &body, &outside);
        channel.send(&vec![odd(Event::Firing); 50]).await.unwrap();
        let sent = asked.lock().unwrap()[0].json("").to_string();
        let told = sent.matches("@everyone").count();
        assert!((5..50).contains(&told), "{kind}: {told}");
        assert!(sent.contains(&format!("and {} more", 50 - told)), "{kind}: {told} of {sent}");
    }
}

fn discord(asked: &Asked, calls: &AtomicUsize) -> Said {
    if !asked.path.ends_with("/99/token") {
        return say(401, &json!({ "message": "Invalid Webhook Token", "code": 50027 }));
    }
    if calls.fetch_add(1, Ordering::SeqCst) == 0 {
        let refusal =
            json!({ "message": "You are being rate limited.", "retry_after": 64.57, "global": false });
        return Said { retry_after: Some(65), ..say(429, &refusal) };
    }
    let payload =
        if asked.part("payload_json").is_some() { asked.json("payload_json") } else { asked.json("") };
    assert_eq!(payload["allowed_mentions"]["parse"], json!([]), "nobody is called");
    let embeds = payload["embeds"].as_array().unwrap();
    assert!((1..=10).contains(&embeds.len()));
    let length = |value: &Value, most: usize| {
        let length = value.as_str().unwrap_or_default().encode_utf16().count();
        assert!(length <= most, "{length} of {most}");
        length
    };
    let mut total = 0;
    for embed in embeds {
        total += length(&embed["title"], 256) + length(&embed["description"], 4_096);
        let fields = embed["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(fields.len() <= 25);
        for field in fields {
            total += length(&field["name"], 256) + length(&field["value"], 1_024);
            assert!(!field["value"].as_str().unwrap().is_empty(), "a field needs a value");
        }
        if let Some(image) = embed["image"]["url"].as_str() {
            assert_eq!(image, "attachment://graph.png");
            assert!(asked.part("files[0]").unwrap().starts_with(b"\x89PNG"));
        }
        let text = embed.to_string().replace(r"\\@", "").replace(r"\\<", "");
        assert!(!text.contains('@') && !text.contains('<'), "it is escaped: {text}");
    }
    assert!(total <= 6_000, "{total}");
    Said { status: 204, ..Said::default() }
}

#[tokio::test]
async fn discord_is_spoken_to_within_its_limits() {
    let calls = AtomicUsize::new(0);
    let (url, _) = start(move |asked| discord(asked, &calls)).await;
    let channel = open("discord", &json!({ "url": format!("{url}/api/webhooks/99/token") }), &outside());
    let slow = channel.send(&[odd(Event::Firing)]).await.unwrap_err();
    let wait = Duration::from_secs_f64(64.57);
    assert!(matches!(slow, SendError::Later { after: Some(after), .. } if after == wait), "{slow}");
    channel.send(&[odd(Event::Firing)]).await.unwrap();
    channel.send(&[Message { graph: None, ..odd(Event::Resolved) }]).await.unwrap();
    channel.send(&vec![odd(Event::Firing); 50]).await.unwrap();
    let revoked = open("discord", &json!({ "url": format!("{url}/api/webhooks/99/other") }), &outside());
    assert!(matches!(revoked.send(&[odd(Event::Firing)]).await, Err(SendError::Never { .. })));
}

fn slack(asked: &Asked, calls: &AtomicUsize) -> Said {
    if asked.path != "/services/T0/B0/secret" {
        return Said { status: 403, body: "invalid_token".to_owned(), ..Said::default() };
    }
    if calls.fetch_add(1, Ordering::SeqCst) == 0 {
        return Said { status: 429, retry_after: Some(30), body: "rate_limited".to_owned() };
    }
    let payload = asked.json("");
    let blocks = payload["blocks"].as_array().unwrap();
    assert!((1..=50).contains(&blocks.len()) && payload["text"].is_string());
    let length = |value: &Value| value.as_str().unwrap_or_default().encode_utf16().count();
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => {
                assert_eq!(block["text"]["type"], "plain_text");
                assert!((1..=150).contains(&length(&block["text"]["text"])));
            }
            "section" => {
                assert!(length(&block["text"]["text"]) <= 3_000);
                let fields = block["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
                assert!(fields.len() <= 10 && fields.iter().all(|field| length(&field["text"]) <= 2_000));
                let text = block.to_string();
                assert!(!text.contains("<script") && !text.contains("<b>"), "it is escaped: {text}");
            }
            "actions" => assert!(block["elements"][0]["url"].as_str().unwrap().len() <= 3_000),
            other => panic!("no block {other}"),
        }
    }
    Said { status: 200, body: "ok".to_owned(), ..Said::default() }
}

#[tokio::test]
async fn slack_is_spoken_to_within_its_limits() {
    let calls = AtomicUsize::new(0);
    let (url, _) = start(move |asked| slack(asked, &calls)).await;
    let channel = open("slack", &json!({ "url": format!("{url}/services/T0/B0/secret") }), &outside());
    let slow = channel.send(&[odd(Event::Firing)]).await.unwrap_err();
    assert!(
        matches!(slow, SendError::Later { after: Some(wait), .. } if wait == Duration::from_secs(30)),
        "{slow}"
    );
    channel.send(&[odd(Event::Firing)]).await.unwrap();
    channel.send(&[odd(Event::Resolved)]).await.unwrap();
    channel.send(&vec![odd(Event::Firing); 50]).await.unwrap();
    let revoked = open("slack", &json!({ "url": format!("{url}/services/T0/B0/other") }), &outside());
    assert!(matches!(revoked.send(&[odd(Event::Firing)]).await, Err(SendError::Never { .. })));
}
