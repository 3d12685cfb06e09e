use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::score::{Fixture, Score, questions, score};
use super::*;
use crate::error::QueryError;

const SITE: &str = include_str!("../../../datasets/questions/site.json");
const DEVELOPMENT: &str = include_str!("../../../datasets/questions/development.ndjson");
const TEST: &str = include_str!("../../../datasets/questions/test.ndjson");

static SHOP: LazyLock<Fixture> = LazyLock::new(|| Fixture::parse(SITE).expect("the site of the questions"));

fn fixture() -> &'static Fixture {
    &SHOP
}

fn ask_in(fixture: &Fixture, question: &str, context: Option<&Map<String, Json>>) -> Understanding {
    let around = Around { vocabulary: &fixture.vocabulary, clock: &fixture.clock, context };
    understand(question, &around)
}

fn check(name: &str, score: &Score) {
    assert!(score.exact_percent() >= 90.0, "{name}: exact {}", score.exact_percent());
    assert!(score.precision_percent() >= 98.0, "{name}: precision {}", score.precision_percent());
    assert!(score.recognised_percent() >= 95.0, "{name}: unsupported {}", score.recognised_percent());
}

#[test]
fn what_is_said_back_is_in_words_of_people() {
    let said = |question: &str| ask_in(fixture(), question, None).explanation;
    let places = said("visitors from Germany yesterday");
    assert!(places.contains("country is Germany"), "{places}");
    let unknown = said("frobnicate the week");
    assert!(!unknown.contains("Near it: \u{201c}week"), "{unknown}");
}

#[test]
fn what_is_to_come_begins_after_what_goes_on() {
    let is_ahead = |question: &str| ask_in(fixture(), question, None).is_ahead;
    assert!(is_ahead("visitors tomorrow") && is_ahead("forecast visitors for the next 7 days"));
    assert!(!is_ahead("forecast of visitors this month") && !is_ahead("visitors yesterday"));
}

#[test]
fn questions_are_understood() {
    let fixture = fixture();
    for (name, text) in [("development", DEVELOPMENT), ("test", TEST)] {
        let questions = questions(text).expect("questions");
        check(name, &score(fixture, &questions));
    }
}

#[test]
fn the_questions_are_many_and_split_by_their_words() {
    let (development, test) =
        (questions(DEVELOPMENT).expect("questions"), questions(TEST).expect("questions"));
    assert!(development.len() + test.len() >= 300);
    for question in &test {
        assert!(
            development
                .iter()
                .all(|other| other.question != question.question || other.context != question.context)
        );
    }
}

#[test]
fn what_is_not_understood_is_named() {
    let understanding = ask_in(fixture(), "visitors by zodiac sign", None);
    assert_eq!(understanding.status, Status::Unsupported);
    assert!(understanding.not_understood.contains(&"zodiac".to_owned()), "{understanding:?}");
    assert!(understanding.explanation.contains("zodiac"));
    let near = ask_in(fixture(), "visitors by countryside", None);
    assert_eq!(near.status, Status::Unsupported);
}

#[test]
fn readings_are_listed_with_their_queries() {
    let understanding = ask_in(fixture(), "visitors from Georgia", None);
    assert_eq!(understanding.status, Status::Ambiguous);
    let filters: Vec<&Json> =
        understanding.suggestions.iter().filter_map(|one| one.query.as_ref()?.get("filters")).collect();
    assert_eq!(
        filters,
        [&json!([["is", "visit:country", ["GE"]]]), &json!([["is", "visit:region", ["US-GA"]]])]
    );
}

#[test]
fn typos_are_put_right_and_said() {
    let understanding = ask_in(fixture(), "vistors by contry", None);
    assert_eq!(understanding.status, Status::Answered);
    assert!(understanding.explanation.contains("contry"), "{}", understanding.explanation);
    assert!(understanding.confidence < 1.0);
}

#[test]
fn values_stay_values() {
    let hostile = "visitors where plan is \"x'; DROP TABLE events; --\"";
    let understanding = ask_in(fixture(), hostile, None);
    let filters = understanding.query.expect("a query").get("filters").cloned();
    assert_eq!(filters, Some(json!([["is", "event:props:plan", ["x'; DROP TABLE events; --"]]])));
}

#[test]
fn suggestions_are_understood_where_they_are_made() {
    let fixture = fixture();
    let first = ask_in(fixture, "visitors last week", None);
    let query = first.query.expect("a query");
    for suggestion in first.suggestions {
        let next = ask_in(fixture, &suggestion.question, Some(&query));
        assert_eq!(next.status, Status::Answered, "{}: {}", suggestion.question, next.explanation);
    }
    for question in suggest::all(&fixture.vocabulary) {
        let given = ask_in(fixture, &question, None);
        assert_eq!(given.status, Status::Answered, "{question}: {}", given.explanation);
    }
}

#[test]
fn what_is_offered_instead_is_near() {
    let offered = |question: &str| ask_in(fixture(), question, None).suggestions;
    assert!(offered("revenue by zodiac sign")[0].question.contains("revenue"));
    assert!(offered("retention of unicorns")[0].question.contains("retention"));
    assert_eq!(offered("colourless ideas")[0].question, "visitors by source last 7 days");
}

/// An encoder that knows one meaning: of money or not.
#[derive(Debug)]
struct Money;

impl Encoder for Money {
    fn encode(&self, sentence: &str) -> Option<std::sync::Arc<[f32]>> {
        let money = ["revenue", "order value", "euros"].iter().any(|word| sentence.contains(word));
        Some(if money { [1.0, 0.0] } else { [0.0, 1.0] }.into())
    }
}

#[test]
fn an_encoder_orders_what_is_offered_and_decides_nothing() {
    let fixture = fixture();
    for question in ["how many euros rolled in", "visitors by country", "visitors from Georgia"] {
        let before = ask_in(fixture, question, None);
        let mut after = before.clone();
        rank(&mut after, question, &fixture.vocabulary, &Money);
        assert_eq!((after.status, &after.query), (before.status, &before.query), "{question}");
        if before.status == Status::Unsupported {
            assert!(
                after
                    .suggestions
                    .iter()
                    .all(|one| one.question.contains("revenue") || one.question.contains("order value"))
            );
        } else {
            assert_eq!(after, before);
        }
    }
}

#[test]
fn what_is_understood_is_a_query_that_the_api_takes() {
    for (name, text) in [("development", DEVELOPMENT), ("test", TEST)] {
        for expected in questions(text).expect("questions") {
            let given = ask_in(fixture(), &expected.question, expected.context.as_ref());
            let readings = given.suggestions.iter().filter_map(|one| one.query.as_ref());
            for query in given.query.iter().chain(readings).filter(|query| query["kind"] != "segments") {
                let checked = model::check(query);
                // A metric may need a page that nobody named; the answer says so.
                let takes = matches!(checked, Ok(()) | Err(Unread::Query(QueryError::Conflict { .. })));
                assert!(takes, "{name}: {}: {checked:?} {query:?}", expected.question);
            }
        }
    }
}

/// A query and a question that asks for it.
fn templates() -> impl Strategy<Value = (String, Json)> {
    let metrics = prop::sample::select(vec![
        ("visitors", "visitors"),
        ("visits", "visits"),
        ("page views", "pageviews"),
        ("bounce rate", "bounce_rate"),
        ("visit duration", "visit_duration"),
        ("views per visit", "views_per_visit"),
        ("revenue", "total_revenue"),
        ("scroll depth", "scroll_depth"),
    ]);
    let dimensions = prop::option::of(prop::sample::select(vec![
        ("country", "visit:country"),
        ("source", "visit:source"),
        ("device", "visit:device"),
        ("browser", "visit:browser"),
        ("landing page", "visit:entry_page"),
        ("plan", "event:props:plan"),
        ("day", "time:day"),
        ("campaign", "visit:utm_campaign"),
        ("city", "visit:city"),
    ]));
    let filters = prop::sample::subsequence(
        vec![
            ("from Germany", json!(["is", "visit:country", ["DE"]])),
            ("on mobile", json!(["is", "visit:device", ["Mobile"]])),
            ("using Firefox or Safari", json!(["is", "visit:browser", ["Firefox", "Safari"]])),
            ("excluding Windows", json!(["is_not", "visit:os", ["Windows"]])),
            ("where plan is pro", json!(["is", "event:props:plan", ["pro"]])),
            ("on /pricing", json!(["is", "event:page", ["/pricing"]])),
            ("via email", json!(["is", "visit:channel", ["Email"]])),
        ],
        0..=3,
    )
    .prop_shuffle();
    let times = prop::sample::select(vec![
        ("yesterday", "2026-03-17", "2026-03-18"),
        ("last week", "2026-03-09", "2026-03-16"),
        ("last month", "2026-02-01", "2026-03-01"),
        ("in the last 7 days", "2026-03-12", "2026-03-19"),
        ("in January 2026", "2026-01-01", "2026-02-01"),
        ("since March 10", "2026-03-10", "2026-03-19"),
        ("from 1 to 14 February", "2026-02-01", "2026-02-15"),
    ]);
    let openings =
        prop::sample::select(vec!["", "show me ", "what is the ", "please give me the ", "number of "]);
    (metrics, dimensions, filters, times, openings, any::<bool>()).prop_map(
        |((noun, metric), dimension, filters, (time, from, to), opening, time_first)| {
            let conditions: Vec<&str> = filters.iter().map(|(words, _)| *words).collect();
            let by = dimension.map(|(noun, _)| format!("by {noun}")).unwrap_or_default();
            let parts = if time_first {
                [time.to_owned(), conditions.join(" "), by]
            } else {
                [conditions.join(" "), by, time.to_owned()]
            };
            let day = |date: &str| format!("{date}T00:00:00+01:00");
            let query = json!({
                "kind": "query",
                "metrics": [metric],
                "date_range": [day(from), day(to)],
                "dimensions": dimension.map(|(_, name)| name).into_iter().collect::<Vec<_>>(),
                "filters": filters.into_iter().map(|(_, filter)| filter).collect::<Vec<_>>(),
            });
            (format!("{opening}{noun} {}", parts.join(" ")), query)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A question made from a query asks for that query.
    #[test]
    fn a_question_made_from_a_query_gives_it_back((question, query) in templates()) {
        let understanding = ask_in(fixture(), &question, None);
        prop_assert_eq!(understanding.query.map(Json::Object), Some(query), "{}: {}", question, understanding.explanation);
    }

    /// Words in any order give a query, readings or a refusal, and never a panic.
    #[test]
    fn any_words_are_taken(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "visitors", "by", "top", "5", "vs", "last", "week", "not", "or", "and", "from", "to", "germany",
                "/pricing", "signup", "why", "share", "of", "page", "then", ">", "since", "march", "2026-03-01",
                "between", "9", "17", "?", "'", "\"", "plan", "is", "=", "contains", "%", "retention", "forecast",
                "next", "who", "online", "compare", "with", "most", "3/4", "x\u{301}", "\u{202e}", "ß", "🙂", "",
            ]),
            0..14,
        ),
    ) {
        let fixture = fixture();
        let question = words.join(" ");
        let understanding = ask_in(fixture, &question, None);
        prop_assert_eq!(understanding.query.is_some(), understanding.status == Status::Answered);
        if let Some(query) = &understanding.query {
            ask_in(fixture, "and by country?", Some(query));
        }
    }

    #[test]
    fn any_text_is_taken(question in "\\PC{0,80}", context in prop::option::of("[a-z]{1,5}")) {
        let context = context.map(|text| json!({ "kind": text, "date_range": [text, 5], "filters": "x" }));
        let context = context.as_ref().and_then(Json::as_object);
        ask_in(fixture(), &question, context);
    }
}
