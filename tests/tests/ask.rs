//! Questions in words, asked of the running program: over HTTP, on the command line and by an agent.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use opentrace_tests::bot::BotApi;
use opentrace_tests::chat::{Chat, Says};
use opentrace_tests::{Program, Site, program};
use serde_json::{Value, json};

/// Two people from different places: one views two pages and signs up, one views a page by phone.
async fn events(program: &Program, site: &Site) {
    let desktop = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.5 Mobile/15E148 Safari/604.1";
    let event = |name: &str, path: &str, ip: &str, agent: &str| {
        json!({
            "name": name, "site": site.domain, "url": format!("https://{}{path}", site.domain), "ip": ip,
            "user_agent": agent, "props": { "plan": "pro" },
        })
    };
    let body = json!([
        event("pageview", "/", "93.184.216.34", desktop),
        event("pageview", "/pricing", "93.184.216.34", desktop),
        event("signup", "/pricing", "93.184.216.34", desktop),
        event("pageview", "/pricing", "198.51.100.9", phone),
    ]);
    let (status, answer) = program.insist("POST", "/api/v1/events", Some(&body)).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(4)), "{answer}");
    program.settle().await;
}

async fn ask(program: &Program, site: &Site, question: &str, context: Option<&Value>) -> Value {
    let body = json!({ "site_id": site.domain, "question": question, "context": context });
    let (status, answer) = program.post("/api/v1/ask", &body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_are_answered_with_the_figures_of_the_api() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start(data.path()).await;
    let site = program.site("ask.example").await;
    events(&program, &site).await;

    let views = ask(&program, &site, "how many pageviews today", None).await;
    assert_eq!(views["status"], "answered", "{views}");
    assert_eq!(views["result"]["results"][0]["metrics"], json!([3]), "{views}");
    let pages = ask(&program, &site, "top pages today by pageviews", None).await;
    assert_eq!(
        pages["result"]["results"][0],
        json!({ "dimensions": ["/pricing"], "metrics": [2] }),
        "{pages}"
    );

    // A line has every hour, also those at which nothing was.
    let hours = ask(&program, &site, "pageviews per hour today", None).await;
    let meta = &hours["result"]["meta"];
    assert!(meta["time_labels"].as_array().is_some_and(|labels| labels.len() >= 23), "{hours}");
    assert_eq!(meta["partial_time_labels"].as_array().map(Vec::len), Some(1), "{hours}");

    // The site's own words: an event, a property's value, a page; and a follow-up.
    let signups = ask(&program, &site, "signups with plan pro today", None).await;
    assert_eq!(signups["query"]["filters"].as_array().map(Vec::len), Some(2), "{signups}");
    assert_eq!(signups["result"]["results"][0]["metrics"], json!([1]), "{signups}");
    let mobile = ask(&program, &site, "only mobile", Some(&views)).await;
    assert_eq!(mobile["result"]["results"][0]["metrics"], json!([1]), "{mobile}");

    let change = ask(&program, &site, "why did pageviews go up today", None).await;
    assert_eq!(change["query"]["kind"], "insight", "{change}");
    assert_eq!(change["result"]["change"], json!(3.0), "{change}");
    assert!(change["result"]["causes"].as_array().is_some_and(|causes| !causes.is_empty()), "{change}");

    let unknown = ask(&program, &site, "visitors by shoe size", None).await;
    assert_eq!((&unknown["status"], &unknown["result"]), (&json!("unsupported"), &Value::Null), "{unknown}");
    let (status, refused) = program.post("/api/v1/ask", &json!({ "site_id": site.domain })).await;
    assert_eq!(status, 400, "{refused}");

    let (code, out, err) = program.command(&["ask", "pageviews by page today", "--site", &site.domain]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("/pricing") && out.contains("Page views"), "{out}");
    assert!(!out.contains("where"), "flags after the question are no part of it: {out}");
    let (code, _, err) = program.command(&["ask", "visitors by shoe size", "--site", &site.domain]);
    assert_eq!(code, 1, "{err}");

    let answer = agent(&program, &site);
    assert_eq!(answer["structuredContent"]["result"]["results"][0]["metrics"], json!([3]), "{answer}");
}

/// An agent that speaks the protocol over standard input and output.
fn agent(program: &Program, site: &Site) -> Value {
    let mut child = Command::new(program::binary())
        .args(["mcp", "--url", &program.url(), "--key", &site.key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("standard input");
    let mut output = BufReader::new(child.stdout.take().expect("standard output")).lines();
    let mut say = |message: Value| writeln!(input, "{message}").expect("a line is taken");
    let mut answer = |id: u64| loop {
        let line = output.next().expect("an answer").expect("a line");
        let message: Value = serde_json::from_str(&line).expect("JSON");
        if message["id"] == json!(id) {
            return message["result"].clone();
        }
    };
    say(json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
    } }));
    assert_eq!(answer(1)["serverInfo"]["name"], "opentrace");
    say(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    say(json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }));
    let tools = answer(2);
    let names: Vec<&str> =
        tools["tools"].as_array().expect("tools").iter().filter_map(|t| t["name"].as_str()).collect();
    assert!(
        ["ask", "query", "list_metrics", "forecast"].iter().all(|name| names.contains(name)),
        "{names:?}"
    );
    say(json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
        "name": "ask", "arguments": { "site_id": site.domain, "question": "pageviews today" },
    } }));
    let answered = answer(3);
    drop(input);
    child.wait().expect("the program ends");
    answered
}

/// A query about today in the form that a model writes.
fn written(metric: &str, more: &str) -> String {
    let day = |offset: i64| {
        let today = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        let date = today.checked_add(jiff::Span::new().days(offset)).expect("a date");
        format!("{date}T00:00:00Z")
    };
    format!(
        r#"{{"query": {{"kind": "query", "metrics": ["{metric}"], "date_range": ["{}", "{}"]{more}}}}}"#,
        day(-1),
        day(2)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_language_model_reads_what_the_rules_refuse_and_nothing_more() {
    let data = tempfile::tempdir().expect("a folder");
    let (chat, elsewhere) = (Chat::start("a-key").await, Chat::start("a-key").await);
    let envs = [
        ("OPENTRACE_ASK_MODEL_URL", chat.url.as_str()),
        ("OPENTRACE_ASK_MODEL_KEY", "a-key"),
        ("OPENTRACE_ASK_MODEL_NAME", "small"),
        ("OPENTRACE_ASK_MODEL_TIMEOUT_MS", "1500"),
    ];
    let program = Program::start_with(data.path(), &envs).await;
    let site = program.site("model.example").await;
    events(&program, &site).await;

    // What the rules understand is not asked of anybody.
    let views = ask(&program, &site, "how many pageviews today", None).await;
    assert_eq!((&views["source"], chat.asked().len()), (&json!("grammar"), 0), "{views}");

    let question = "how many eyeballs did we attract";
    let by_page = r#", "dimensions": ["event:page"], "site_id": "other.example""#;
    chat.says(
        question,
        Says::Text(format!("Here you are:\n```json\n{}\n```", written("pageviews", by_page))),
    );
    let read = ask(&program, &site, question, None).await;
    assert_eq!((&read["status"], &read["source"]), (&json!("answered"), &json!("model")), "{read}");
    assert_eq!(read["query"]["site_id"], "model.example", "{read}");
    assert_eq!(read["result"]["results"][0], json!({ "dimensions": ["/pricing"], "metrics": [2] }), "{read}");
    assert!(read["confidence"].as_f64().is_some_and(|confidence| confidence < 0.5), "{read}");
    assert!(read["explanation"].as_str().is_some_and(|text| text.contains("language model")), "{read}");

    // It is told what there is and what was asked, and nothing that the site holds.
    let asked = chat.asked();
    assert_eq!((asked.len(), &asked[0]["model"]), (1, &json!("small")));
    let told = asked[0].to_string();
    assert!(told.contains("bounce_rate") && told.contains(question));
    for value in ["signup", "/pricing", "model.example", "Firefox", "\"pro\""] {
        assert!(!told.contains(value), "{value} was told: {told}");
    }

    // Hostile, broken or absent: the refusal of the rules stands.
    let hostile = [
        Says::Text("SELECT * FROM system.users".to_owned()),
        Says::Text(r#"{"query": null}"#.to_owned()),
        Says::Text(written("visitors) FROM events; DROP TABLE events; --", "")),
        Says::Text(written("visitors", r#", "filters": [["is", "event:page' OR 1=1", ["x"]]]"#)),
        Says::Text(written("visitors", r#", "filters": [["is", "segment", [424242]]]"#)),
        Says::Text(written("visitors", r#", "erase": true"#)),
        Says::Text("x".repeat(300_000)),
        Says::Raw(200, "<html>".to_owned()),
        Says::Raw(200, r#"{"choices": []}"#.to_owned()),
        Says::Raw(429, "later".to_owned()),
        Says::Redirect(format!("{}/chat/completions", elsewhere.url)),
        Says::Nothing(std::time::Duration::from_secs(10)),
    ];
    for (place, says) in hostile.into_iter().enumerate() {
        let question = format!("eyeballs number {place} please");
        chat.says(&question, says.clone());
        let refused = ask(&program, &site, &question, None).await;
        assert_eq!(
            (&refused["status"], &refused["source"], &refused["result"]),
            (&json!("unsupported"), &json!("grammar"), &Value::Null),
            "{says:?}: {refused}"
        );
        assert!(refused["not_understood"].as_array().is_some_and(|words| words.contains(&json!("eyeballs"))));
    }
    // The key went nowhere else.
    assert!(elsewhere.asked().is_empty());
    assert!(!program.log().contains("a-key"), "the key is in the log");

    // A value with quotes in it is a value.
    let quoted = "how many eyeballs beheld the odd page";
    let filter = r#", "filters": [["is", "event:page", ["x'; DROP TABLE events; --"]]]"#;
    chat.says(quoted, Says::Text(written("pageviews", filter)));
    let none = ask(&program, &site, quoted, None).await;
    assert_eq!(none["result"]["results"][0]["metrics"], json!([0]), "{none}");
    let views = ask(&program, &site, "how many pageviews today", None).await;
    assert_eq!(views["result"]["results"][0]["metrics"], json!([3]), "{views}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_in_telegram_gets_answers_about_the_sites_it_may_see() {
    let data = tempfile::tempdir().expect("a folder");
    let api = BotApi::start().await;
    let envs =
        [("OPENTRACE_ALERTS_TELEGRAM_URL", api.url.as_str()), ("OPENTRACE_ALERTS_ALLOW_PRIVATE", "true")];
    let program = Program::start_with(data.path(), &envs).await;
    let site = program.site("chat.example").await;
    program.site("other.example").await;
    events(&program, &site).await;
    let channel = json!({
        "type": "telegram", "name": "Team", "token": "123:abc", "chat_id": -42, "site_id": site.domain,
    });
    let (status, made) = program.post("/api/v1/channels", &channel).await;
    assert_eq!(status, 201, "{made}");

    api.write(-42, "/ask top pages today by pageviews");
    let told = api.said(-42).await;
    assert!(told.contains("/pricing: 2") && told.contains("Page views"), "{told}");
    api.write(-42, "/ask@some_bot other.example visitors today");
    let told = api.said(-42).await;
    assert!(told.contains("Not understood") && told.contains("other.example"), "{told}");
    api.write(-42, "/ask visitors by <b>shoe size</b>");
    let told = api.said(-42).await;
    assert!(told.contains("shoe") && !told.contains("<b>"), "{told}");
    // A chat that is not linked learns nothing.
    api.write(7, "/ask visitors today");
    assert!(api.said(7).await.contains("not linked"));
}
