//! Answers of the real engine against a naive recomputation over the same events in memory.
//!
//! Generated visits of a few dozen people, across a change of clocks, in four time zones. The
//! tables are filled from the same naive sessions that the recomputation uses; thousands of random
//! queries are then asked three times, of views, of visits and events, and of raw events alone, and
//! all four answers must be equal. `OPENTRACE_TEST_CLICKHOUSE` runs the same against a ClickHouse at that URL.

#![allow(clippy::print_stdout)] // says what was covered

mod ask;
mod engine;
mod exports;
mod history;
mod hostile;
mod limited;
mod naive;
mod published;
mod reports;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use engine::Engine;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use history::History;
use jiff::civil::Weekday;
use opentrace_events::Timestamp;
use opentrace_events::define::Spec;
use opentrace_query::plan::{Plan, Views};
use opentrace_query::{Goal, Kind, Range, define, live, parse, run};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// Zone, first day of the week, and the start of a fortnight in which the zone's clock changes.
const PLACES: [(&str, Weekday, &str); 4] = [
    ("Europe/Berlin", Weekday::Monday, "2024-10-20"),
    ("America/New_York", Weekday::Sunday, "2024-03-03"),
    ("Asia/Kathmandu", Weekday::Wednesday, "2024-02-20"),
    ("Australia/Lord_Howe", Weekday::Saturday, "2024-03-30"),
];

const QUERIES: usize = 600;

/// Questions that are with the engine at once.
const AT_ONCE: usize = 8;

fn main() -> ExitCode {
    // The store starts this program again as the engine.
    if std::env::args().nth(1).as_deref() == Some("clickhouse-engine") {
        return opentrace_store::engine_main();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(every_answer_equals_the_recomputation());
    ExitCode::SUCCESS
}

async fn every_answer_equals_the_recomputation() {
    let engine = engine::start().await;
    let mut sources = BTreeSet::new();
    for (place, (zone, week_start, start)) in PLACES.into_iter().enumerate() {
        let history = History::generate(place as u32 + 1, zone, week_start, start);
        engine.fill(&history).await;
        reports::equal_the_recomputation(&engine, &history).await;
        let (mut random, goals) = (StdRng::seed_from_u64(seed() + place as u64), goals());
        let random = (0..queries()).map(|turn| {
            let goals = if turn % 2 == 0 { &goals[..] } else { &[] };
            (goals, ask::query(&mut random, &history))
        });
        let undivided = ask::undivided(&history).into_iter().map(|body| (&goals[..0], body));
        let asked: Vec<_> = undivided.chain(random).collect();
        let (began, count) = (Instant::now(), asked.len());
        let answered = asked.into_iter().map(|(goals, body)| compare(&engine, &history, goals, body));
        let mut answered = stream::iter(answered).buffer_unordered(AT_ONCE);
        while let Some(read) = answered.next().await {
            sources.extend(read);
        }
        println!("{zone}: {count} questions, each four times, in {:.0?}", began.elapsed());
    }
    let all = ["events", "events+v_sessions", "v_breakdowns", "v_sessions", "v_traffic", "v_uniques"];
    assert_eq!(sources.into_iter().collect::<Vec<_>>(), all, "every source was asked");
    the_answer_has_its_documented_shape(&engine).await;
    exports::have_every_event_once(&engine).await;
    published::examples_answer_in_their_shape(&engine).await;
    comparisons_are_answers_about_another_time(&engine).await;
    live_figures_are_those_of_queries(&engine).await;
    hostile::strings_are_only_strings(&engine).await;
    hostile::strings_change_nothing(&engine).await;
    limited::wrong_patterns_are_the_askers(&engine).await;
    limited::what_takes_too_much_is_ended(&engine).await;
    limited::what_nobody_waits_for_is_ended(&engine).await;
    engine.store.stop().await;
}

/// Random queries about each history: `OPENTRACE_TEST_QUERIES`, for longer runs.
fn queries() -> usize {
    std::env::var("OPENTRACE_TEST_QUERIES").ok().and_then(|count| count.parse().ok()).unwrap_or(QUERIES)
}

/// Where they begin: `OPENTRACE_TEST_SEED`.
fn seed() -> u64 {
    std::env::var("OPENTRACE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_default()
}

/// One with a filter, one that is a page, and one that takes an event's name for itself.
fn goals() -> Vec<Goal> {
    let goal = |body: Value| {
        let asked = define(Kind::Goal, &body).expect("a goal");
        let Spec::Goal { event } = asked.spec else { panic!("a goal") };
        Goal { name: asked.name.expect("a name"), event }
    };
    vec![
        goal(
            json!({"name": "Pro signup", "event": "signup", "filters": [["is", "event:props:plan", ["Pro"]]]}),
        ),
        goal(json!({"name": "Visit /blog", "page": "/blog**"})),
        goal(json!({"name": "Purchase", "event": "Purchase", "filters": [["is", "visit:country", ["DE"]]]})),
    ]
}

/// Asks with views, without, and of events alone, compares each with the recomputation, and says what was read.
async fn compare(engine: &Engine, history: &History, goals: &[Goal], body: Value) -> Vec<&'static str> {
    let query = parse::from_value(&body).expect("a valid query");
    let now = history.now;
    let range = Range::resolve(&query.date_range, &history.site, now, history.earliest()).expect("a range");
    let Ok(plan) = Plan::new(&query, &range, Views::Use, &[]) else {
        let refused = engine.ask(history, goals, &query, Views::Use).await;
        assert_eq!(refused.expect_err("refused by the plan").code(), "invalid_combination");
        return Vec::new();
    };
    let (want, total) = naive::answer(history, goals, &query, &range, &plan.shape.dimensions);
    let ways = [Views::Use, Views::Avoid, Views::Never];
    let answers = join_all(ways.map(|views| engine.ask(history, goals, &query, views))).await;
    for (views, got) in ways.into_iter().zip(answers) {
        let got = got.unwrap_or_else(|error| panic!("{error:?} for {body}"));
        let amount = |value: Value| if value.is_object() { value["value"].clone() } else { value };
        let rows: Vec<(_, Vec<Value>)> = got
            .results
            .into_iter()
            .map(|row| (row.dimensions, row.metrics.into_iter().map(amount).collect()))
            .collect();
        assert_eq!(rows, want, "{views:?} of {:?} in {range:?}: {body}", plan.parts);
        if let Some(rows) = got.meta.total_rows {
            assert_eq!(rows, total, "{body}");
        }
    }
    plan.parts.iter().map(|part| part.source.name()).collect()
}

async fn the_answer_has_its_documented_shape(engine: &Engine) {
    let history = History::generate(1, PLACES[0].0, PLACES[0].1, PLACES[0].2);
    let query = json!({"site_id": "site1.example", "metrics": ["visitors", "views_per_visit"],
        "date_range": ["2024-10-26", "2024-10-28"], "dimensions": ["time"],
        "filters": [["is_not", "visit:os", ["Mac"], {"case_sensitive": false}]],
        "include": {"time_labels": true, "total_rows": true, "imports": true, "source": true}});
    let query = parse::from_value(&query).expect("a query");
    let answer = run(&engine.store, &history.site, &query, history.now, Views::Use).await.expect("an answer");
    let mut answer = serde_json::to_value(answer).expect("JSON");
    let results = answer["results"].take();
    let first = &results[0];
    assert_eq!(first["dimensions"], json!(["2024-10-26"]));
    assert!(first["metrics"][0].is_u64() && first["metrics"][1].is_f64(), "{first}");
    let want = json!({
        "results": null,
        "meta": {
            "imports_included": true,
            "source": "v_sessions",
            "time_labels": ["2024-10-26", "2024-10-27", "2024-10-28"],
            "total_rows": 3,
        },
        "query": {
            "site_id": "site1.example",
            "metrics": ["visitors", "views_per_visit"],
            "date_range": ["2024-10-26T00:00:00+02:00", "2024-10-28T23:59:59+01:00"],
            "filters": [["is_not", "visit:os", ["Mac"], {"case_sensitive": false}]],
            "dimensions": ["time:day"],
            "order_by": [["time:day", "asc"], ["visitors", "desc"]],
            "include": {"time_labels": true, "total_rows": true, "imports": true, "source": true},
            "pagination": {"limit": 10_000, "offset": 0},
        },
    });
    assert_eq!(answer, want);
}

/// What stands beside an answer is what the same question says about the other range.
async fn comparisons_are_answers_about_another_time(engine: &Engine) {
    let ask = |range: Value, dimensions: Value, compare: Value| {
        let body = json!({"site_id": "a", "metrics": ["visitors", "bounce_rate"], "date_range": range,
            "dimensions": dimensions, "compare": compare, "include": {"partial_time_labels": dimensions == json!(["time:day"])}});
        let query = parse::from_value(&body).expect("a query");
        async move { engine.ask(&history_of(2), &[], &query, Views::Use).await.expect("an answer") }
    };
    for (range, compare, other) in [
        (json!(["2024-03-09", "2024-03-12"]), json!("previous_period"), json!(["2024-03-05", "2024-03-08"])),
        (json!(["2024-03-09", "2024-03-12"]), json!("year_over_year"), json!(["2023-03-09", "2023-03-12"])),
        (
            json!(["2024-03-12T10:00:00Z", "2024-03-12T19:59:59Z"]),
            json!("previous_period"),
            json!(["2024-03-12T00:00:00Z", "2024-03-12T09:59:59Z"]),
        ),
        (
            json!(["2024-03-09", "2024-03-12"]),
            json!(["2024-03-03", "2024-03-04"]),
            json!(["2024-03-03", "2024-03-04"]),
        ),
    ] {
        for dimensions in [json!([]), json!(["visit:country"]), json!(["time:day"])] {
            let answer = ask(range.clone(), dimensions.clone(), compare.clone()).await;
            let beside = ask(other.clone(), dimensions.clone(), json!("previous_period")).await;
            assert_eq!(answer.query.comparison_date_range.as_ref(), Some(&beside.query.date_range));
            for row in answer.results {
                let comparison = row.comparison.expect("a comparison");
                let found = beside.results.iter().find(|beside| beside.dimensions == comparison.dimensions);
                let none = vec![json!(0), json!(0)];
                let want = found.map_or(&none, |found| &found.metrics);
                assert_eq!(&comparison.metrics, want, "{range} {compare} {dimensions}");
                assert_eq!(comparison.change.len(), 2);
                if dimensions != json!(["time:day"]) {
                    assert_eq!(row.dimensions, comparison.dimensions);
                }
            }
        }
    }
}

fn history_of(place: usize) -> History {
    let (zone, week_start, start) = PLACES[place - 1];
    History::generate(place as u32, zone, week_start, start)
}

async fn live_figures_are_those_of_queries(engine: &Engine) {
    let history = History::generate(1, PLACES[0].0, PLACES[0].1, PLACES[0].2);
    let last = history.events.iter().map(|event| event.ts).max().expect("events");
    let now = Timestamp(last + 1_000);
    let live = live(&engine.store, &history.site, now, Views::Use).await.expect("figures");
    let present: BTreeSet<u64> = history
        .events
        .iter()
        .filter(|event| event.counts() && event.ts >= (now.0 - 300_000) && event.ts <= now.0)
        .map(|event| event.visitor)
        .collect();
    assert_eq!(live.visitors_now, present.len() as i64);
    let pages = history.pageviews_on(history.local(now.0).date());
    assert!(pages > 0);
    assert_eq!(live.today.pageviews, pages);
    assert_eq!(live.hours.iter().map(|hour| hour.pageviews).sum::<i64>(), pages);
    assert_eq!(live.hours.len() as i8, history.local(now.0).hour() + 1);
    assert!(!live.pages.is_empty() && !live.sources.is_empty() && !live.countries.is_empty());
}
