//! Strings that would be commands, in every place of a request that takes one.

use opentrace_events::define::Spec;
use opentrace_query::export::Export;
use opentrace_query::limits::Budget;
use opentrace_query::report::{self, Reporting};
use opentrace_query::run::run_with;
use opentrace_query::{Asking, Blame, Goal, Kind, QueryError, Segment, Views, Vocabulary, define, parse};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::history::History;
use crate::history_of;

const TEXTS: [&str; 24] = [
    "'",
    "\\",
    "\\'",
    "'; DROP TABLE events; --",
    "') OR 1=1 OR sleepEachRow(1) --",
    "{p0:String}",
    "{site:UInt32}",
    "?",
    "??",
    "\n\n",
    "\t",
    "\r",
    "\r\n--x",
    "]",
    "['a']",
    "\u{feff}",
    "%",
    "`",
    "\"",
    "ü\u{301}",
    "\u{1f600}",
    "/*",
    "\u{7f}",
    "\u{1}",
];

/// Whatever a value holds, it is compared with and not run.
pub(crate) async fn strings_are_only_strings(engine: &Engine) {
    let history = history_of(1);
    for text in TEXTS {
        for operator in ["is", "contains"] {
            let filters =
                json!([["or", [[operator, "event:props:note", [text]], [operator, "visit:city", [text]]]]]);
            let rows = ask_for(engine, &history, filters, "event:props:note").await;
            let found = rows.iter().any(|row| row == text);
            assert_eq!(found, history.has_note(text, operator), "{operator} {text:?} gave {rows:?}");
        }
        // As the key of a property that nobody has.
        let rows = ask_for(engine, &history, json!([]), &format!("event:props:no {text}")).await;
        assert_eq!(rows, ["(none)"], "{text:?}");
    }
}

async fn ask_for(engine: &Engine, history: &History, filters: Value, dimension: &str) -> Vec<String> {
    let query = json!({"site_id": "a", "metrics": ["visitors"], "date_range": "all", "filters": filters,
        "dimensions": [dimension]});
    let query = parse::from_value(&query).expect("a query");
    let answer = run_with(&engine.client, &history.site, &query, history.now, Views::Use).await;
    answer.expect("an answer").results.into_iter().flat_map(|row| row.dimensions).collect()
}

/// Every string of a question, a report, an export and of what a site defines: what is refused is
/// refused by name, nothing reaches the store as a command, and no table is another afterwards.
pub(crate) async fn strings_change_nothing(engine: &Engine) {
    let history = history_of(2);
    let before = engine.everything().await;
    for text in TEXTS {
        let vocabulary = vocabulary(text);
        let (client, site, now) = (&engine.client, &history.site, history.now);
        let goals = &vocabulary.goals[..];
        let (views, budget) = (Views::Use, Budget::default());
        let asking = Asking { client, site, now, views, goals, budget };
        for body in questions(text) {
            let asked = match parse::from_value_with(&body, &vocabulary) {
                Ok(query) => asking.answer(&query).await.map(drop),
                Err(error) => Err(error),
            };
            answered(asked, &body);
        }
        reports(Reporting { asking, kept: &[] }, text, &vocabulary).await;
        exports(asking, text, &vocabulary).await;
    }
    assert_eq!(engine.everything().await, before);
}

/// Either there is an answer, or the asker is told what was wrong.
fn answered(asked: Result<(), QueryError>, about: &Value) {
    if let Err(error) = asked {
        assert_eq!(error.blame(), Blame::Caller, "{error:?} for {about}");
    }
}

fn vocabulary(text: &str) -> Vocabulary {
    let filters = json!([["is", format!("event:props:{text}"), [text]]]);
    let goal = json!({"name": text, "event": text, "filters": filters});
    let Spec::Goal { event } = define(Kind::Goal, &goal).expect("a goal").spec else { panic!("a goal") };
    let part = json!({"type": "percentile", "percentile": 95, "property": text, "filters": filters});
    let ratio =
        json!({"type": "ratio", "numerator": part, "denominator": {"type": "count", "filters": filters}});
    Vocabulary {
        goals: vec![Goal { name: text.to_owned(), event }],
        segments: vec![Segment {
            id: 1,
            name: text.to_owned(),
            filters: parse::measures::segment(&filters).expect("a segment"),
        }],
        metrics: vec![parse::measures::metric("own", &ratio).expect("a metric")],
    }
}

fn questions(text: &str) -> Vec<Value> {
    let (key, own) = (format!("event:props:{text}"), format!("p95:event:props:{text}"));
    let whole = json!({"site_id": text, "metrics": ["visitors", own, "own"], "date_range": "all",
    "dimensions": [key, "event:goal"], "order_by": [[key, "asc"], [own, "desc"]],
    "filters": [
        ["is", "segment", [text]], ["has_done", ["is", key, [text]]], ["contains", "visit:city", [text]],
        ["not", ["contains", "cluster", [text], {"case_sensitive": false}]],
        ["or", [["is", "event:goal", [text]], ["is_not", "visit:country_name", [text]]]],
    ]});
    let mut all = vec![whole];
    for (field, value) in [
        ("metrics", json!([text])),
        ("dimensions", json!([text])),
        ("filters", json!([["matches", key, [text]]])),
        ("filters", json!([[text, key, [text]]])),
        ("filters", json!([["is", text, [text]]])),
        ("filters", json!([["is", "visit:os", [text], {text: true}]])),
        ("order_by", json!([[text, text]])),
        ("date_range", json!(text)),
        ("date_range", json!([text, text])),
        ("compare", json!(text)),
        ("include", json!({text: true})),
        (text, json!(text)),
    ] {
        let mut body = json!({"site_id": text, "metrics": ["visitors"], "date_range": "all"});
        body[field] = value;
        all.push(body);
    }
    all
}

async fn reports(reporting: Reporting<'_>, text: &str, vocabulary: &Vocabulary) {
    let event =
        json!({"event": text, "page": text, "filters": [["is", format!("event:props:{text}"), [text]]]});
    let about = json!({"site_id": text, "date_range": "all", "filters": [["is", "segment", [text]],
        ["contains", "event:props:note", [text]]], "dimensions": [format!("event:props:{text}")]});
    let with = |more: Value| {
        let mut body = about.clone();
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        body
    };
    let body = with(json!({"start_event": event, "return_event": text}));
    let asked = match report::retention(&body, vocabulary) {
        Ok(ask) => reporting.retention(&ask).await.map(drop),
        Err(error) => Err(error),
    };
    answered(asked, &body);
    for order in ["ordered", "strict", "any", text] {
        let body = with(json!({"steps": [event, text, {"page": text, "name": text}], "order": order}));
        let asked = match report::funnel(&body, vocabulary) {
            Ok(ask) => reporting.funnel(&ask).await.map(drop),
            Err(error) => Err(error),
        };
        answered(asked, &body);
    }
    for dimension in ["visit:city", text] {
        let body = with(json!({"dimensions": [dimension]}));
        let asked = match report::journeys(&body, vocabulary) {
            Ok(ask) => reporting.journeys(&ask).await.map(drop),
            Err(error) => Err(error),
        };
        answered(asked, &body);
    }
}

async fn exports(asking: Asking<'_>, text: &str, vocabulary: &Vocabulary) {
    let filters =
        json!([["is", "segment", [text]], ["is", format!("event:props:{text}"), [text]]]).to_string();
    for (name, value) in [
        ("filters", filters.as_str()),
        ("format", text),
        ("from", text),
        ("date_range", text),
        ("limit", text),
        ("cursor", text),
    ] {
        let part = |asked: &str| (asked == name).then(|| value.to_owned());
        let asked = match Export::read(part, vocabulary) {
            Ok(export) => asking.export(&export).await.map(drop),
            Err(error) => Err(error),
        };
        answered(asked, &json!([name, value]));
    }
}
