//! What is refused, ended early, or given up.

use std::time::{Duration, Instant};

use opentrace_query::limits::{self, Budget};
use opentrace_query::run::run_with;
use opentrace_query::{Asking, Blame, Views, parse};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::history_of;

pub(crate) async fn wrong_patterns_are_the_askers(engine: &Engine) {
    let history = history_of(1);
    let query = question(json!({"filters": [["matches", "event:page", ["(("]]]}));
    let query = parse::from_value(&query).expect("a query");
    let error = run_with(&engine.client, &history.site, &query, history.now, Views::Use).await;
    assert_eq!(error.expect_err("not a pattern").code(), "invalid_pattern");
}

/// Time and memory are those of the engine: it gives up, and says so.
pub(crate) async fn what_takes_too_much_is_ended(engine: &Engine) {
    engine.crowd().await;
    let history = history_of(1);
    let site = &opentrace_events::Site { id: Engine::CROWDED, ..history.site.clone() };
    let heavy = parse::from_value(&heavy()).expect("a query");
    let ask = async |budget| {
        let asking = Asking {
            client: &engine.client,
            site,
            now: history.now,
            views: Views::Avoid,
            goals: &[],
            budget,
        };
        asking.answer(&heavy).await.expect_err("too much")
    };
    let short = Budget { time: Duration::from_millis(20), ..Budget::default() };
    let error = ask(short).await;
    assert_eq!((error.code(), error.blame()), ("query_timed_out", Blame::Size), "{error:?}");
    let narrow = Budget { memory: 1 << 20, ..Budget::default() };
    let error = ask(narrow).await;
    assert_eq!((error.code(), error.blame()), ("query_out_of_memory", Blame::Size), "{error:?}");

    for (key, value) in [
        ("pagination", json!({"limit": limits::PAGE + 1})),
        ("pagination", json!({"limit": 0})),
        ("pagination", json!({"offset": limits::OFFSET + 1})),
    ] {
        let error = parse::from_value(&question(json!({ key: value }))).expect_err("too many");
        assert_eq!(error.blame(), Blame::Caller);
        assert!(error.field().is_some_and(|field| field.starts_with("pagination.")), "{error:?}");
    }
}

/// Who goes away takes the statement along.
pub(crate) async fn what_nobody_waits_for_is_ended(engine: &Engine) {
    let history = history_of(1);
    let site = opentrace_events::Site { id: Engine::CROWDED, ..history.site.clone() };
    let (client, now) = (engine.client.clone(), history.now);
    let running = async || {
        let query = "SELECT count() FROM system.processes WHERE query LIKE '%FROM events AS e%' \
                     AND query NOT LIKE '%system.processes%'";
        engine.client.query(query).fetch_one::<u64>().await.expect("a count")
    };
    let began = Instant::now();
    let asked = tokio::spawn(async move {
        let query = parse::from_value(&heavy()).expect("a query");
        let (views, budget) = (Views::Avoid, Budget::default());
        Asking { client: &client, site: &site, now, views, goals: &[], budget }.answer(&query).await.map(drop)
    });
    while running().await == 0 {
        assert!(!asked.is_finished() && began.elapsed() < Duration::from_secs(20), "it never ran");
    }
    asked.abort();
    let gone = Instant::now();
    while running().await > 0 {
        assert!(gone.elapsed() < Duration::from_secs(5), "it still runs");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A question that looks at every property of every event with many patterns.
fn heavy() -> Value {
    let patterns: Vec<String> = (0..200).map(|n| format!("(a|b|ab)*{n}x.*y?{n}$")).collect();
    question(json!({"metrics": ["visitors", "events"], "dimensions": ["event:props:note", "event:page"],
        "filters": [["matches_not", "event:props:note", patterns]]}))
}

fn question(more: Value) -> Value {
    let mut body =
        json!({"site_id": "a", "metrics": ["visitors"], "date_range": ["2024-01-01", "2024-12-31"]});
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}
