use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::catalogue::FIELDS;
use crate::filter::{Condition, Filter, Operator};
use crate::query::{DateRange, Moment};
use crate::testing;

fn with(key: &str, value: Value) -> Result<Query, QueryError> {
    let mut body = json!({"site_id": "example.com", "metrics": ["visitors"], "date_range": "7d"});
    body[key] = value;
    from_value(&body)
}

fn error(key: &str, value: Value) -> QueryError {
    with(key, value).expect_err("a mistake")
}

#[test]
fn reads_a_full_request() {
    let body = br#"{"site_id": "example.com", "metrics": ["visitors", "bounce_rate"],
        "date_range": ["2024-01-01", "2024-07-01"], "dimensions": ["visit:source", "time:day"],
        "filters": [["and", [["is", "visit:country", ["DE", "FR"]],
            ["not", ["contains", "event:page", ["/blog"], {"case_sensitive": false}]]]],
            ["matches_not", "event:props:plan", ["^free"]]],
        "order_by": [["visitors", "desc"], ["visit:source", "asc"]],
        "include": {"imports": true, "time_labels": true, "total_rows": true, "source": true},
        "pagination": {"limit": 50, "offset": 100}}"#;
    let query = parse(body).expect("a request");
    assert_eq!(query.metrics, [Metric::Visitors, Metric::BounceRate]);
    assert_eq!(query.date_range, DateRange::Dates(date(2024, 1, 1), date(2024, 7, 1)));
    assert_eq!(query.dimensions[0].name(), "visit:source");
    let Filter::And(inner) = &query.filters[0] else { panic!("{:?}", query.filters) };
    let Filter::Not(inner) = &inner[1] else { panic!("{inner:?}") };
    let page = Dimension::Field(catalogue::field("event:page").expect("a dimension"));
    let condition = Condition {
        operator: Operator::Contains,
        negated: false,
        dimension: page,
        values: vec!["/blog".to_owned()],
        case_sensitive: false,
    };
    assert_eq!(**inner, Filter::Where(condition));
    let Filter::Where(property) = &query.filters[1] else { panic!("{:?}", query.filters) };
    assert!(property.negated);
    assert_eq!(property.dimension, Dimension::Property("plan".to_owned()));
    assert_eq!(query.order_by.len(), 2);
    assert!(query.include.time_labels && query.include.total_rows && query.include.source);
    assert_eq!(query.pagination, Pagination { limit: 50, offset: 100 });
}

#[test]
fn absent_keys_have_their_defaults() {
    let query = with("dimensions", json!(["time:day", "visit:os"])).expect("a request");
    assert_eq!(query.pagination, Pagination { limit: 10_000, offset: 0 });
    assert!(query.filters.is_empty());
    let order: Vec<_> = query.order().iter().map(|by| by.written(&query)).collect();
    let order = serde_json::to_value(order).expect("JSON");
    assert_eq!(order, json!([["time:day", "asc"], ["visitors", "desc"]]));
}

#[test]
fn every_date_range_is_read() {
    for (value, want) in [
        (json!("day"), DateRange::Day),
        (json!("24h"), DateRange::Last24Hours),
        (json!("7d"), DateRange::LastDays(7)),
        (json!("91d"), DateRange::LastDays(91)),
        (json!("month"), DateRange::Month),
        (json!("12mo"), DateRange::LastMonths(12)),
        (json!("year"), DateRange::Year),
        (json!("all"), DateRange::All),
        (
            json!(["2024-01-01T12:00:00+02:00", "2024-01-01T10:00:01Z"]),
            DateRange::Moments(
                Moment::Instant("2024-01-01T10:00:00Z".parse().expect("a time")),
                Moment::Instant("2024-01-01T10:00:01Z".parse().expect("a time")),
            ),
        ),
        (
            json!(["2024-01-01T12:00:00", "2024-01-01 13:30:00"]),
            DateRange::Moments(
                Moment::Local(date(2024, 1, 1).at(12, 0, 0, 0)),
                Moment::Local(date(2024, 1, 1).at(13, 30, 0, 0)),
            ),
        ),
    ] {
        assert_eq!(with("date_range", value.clone()).expect("a range").date_range, want, "{value}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    let nested =
        |depth: usize| (0..depth).fold(json!(["is", "visit:os", ["Mac"]]), |inner, _| json!(["not", inner]));
    let many: Vec<_> = (0..65).map(|_| json!(["is", "visit:os", ["Mac"]])).collect();
    for (key, value, code, field) in [
        ("metrics", json!([]), "invalid_value", "metrics"),
        ("metrics", json!("visitors"), "invalid_type", "metrics"),
        ("metrics", json!(["visitors", "weather"]), "unknown_metric", "metrics[1]"),
        ("metrics", json!(["visits", "visits"]), "invalid_value", "metrics[1]"),
        ("metrics", json!([1]), "invalid_type", "metrics[0]"),
        ("metrics", json!(["percentage"]), "invalid_combination", "metrics"),
        ("site_id", json!(7), "invalid_type", "site_id"),
        ("site_id", json!(""), "invalid_type", "site_id"),
        ("dimensions", json!(["visit:contry"]), "unknown_dimension", "dimensions[0]"),
        ("dimensions", json!(["event:props:"]), "unknown_dimension", "dimensions[0]"),
        ("dimensions", json!(["event:props:a\u{0}"]), "invalid_value", "dimensions[0]"),
        ("dimensions", json!(["time:day", "time:hour"]), "invalid_value", "dimensions[1]"),
        ("dimensions", json!(["visit:os", "visit:os"]), "invalid_value", "dimensions[1]"),
        (
            "dimensions",
            json!([format!("event:props:{}", "k".repeat(301))]),
            "limit_exceeded",
            "dimensions[0]",
        ),
        ("date_range", json!("week"), "invalid_value", "date_range"),
        ("date_range", json!("99999999999d"), "invalid_value", "date_range"),
        ("date_range", json!(["2024-01-01"]), "invalid_type", "date_range"),
        ("date_range", json!(["2024-02-01", "2024-01-01"]), "invalid_value", "date_range"),
        ("date_range", json!(["2024-13-01", "2024-14-01"]), "invalid_type", "date_range"),
        ("date_range", json!(["0001-01-01", "2024-01-01"]), "invalid_value", "date_range"),
        ("date_range", json!(["2024-01-01", "2024-01-01T00:00:00Z"]), "invalid_type", "date_range"),
        ("filters", json!([["is", "visit:os"]]), "invalid_type", "filters[0]"),
        ("filters", json!([["is", "visit:os", []]]), "invalid_type", "filters[0][2]"),
        ("filters", json!([["is", "visit:os", [null]]]), "invalid_type", "filters[0][2][0]"),
        ("filters", json!([["contains", "visit:os", [""]]]), "invalid_type", "filters[0][2][0]"),
        ("filters", json!([["is", "visit:os", ["a\u{0}"]]]), "invalid_value", "filters[0][2][0]"),
        ("filters", json!([["is", "visit:os", ["x".repeat(2001)]]]), "limit_exceeded", "filters[0][2][0]"),
        ("filters", json!([["equals", "visit:os", ["Mac"]]]), "unknown_operator", "filters[0][0]"),
        ("filters", json!([["is", "time:day", ["2024-01-01"]]]), "invalid_value", "filters[0][1]"),
        ("filters", json!([["and", []]]), "invalid_type", "filters[0][1]"),
        (
            "filters",
            json!([["or", [["not", ["is", "visit:o", ["x"]]]]]]),
            "unknown_dimension",
            "filters[0][1][0][1][1]",
        ),
        (
            "filters",
            json!([["matches", "visit:os", ["x"], {"case_sensitive": false}]]),
            "invalid_value",
            "filters[0][3]",
        ),
        (
            "filters",
            json!([["is", "visit:os", ["x"], {"case": false}]]),
            "unknown_field",
            "filters[0][3].case",
        ),
        ("filters", json!([nested(8)]), "limit_exceeded", "filters[0][1][1][1][1][1][1][1][1]"),
        ("filters", json!([["or", &many[..60]], ["or", &many[..5]]]), "limit_exceeded", "filters"),
        ("filters", json!(many), "limit_exceeded", "filters"),
        ("order_by", json!([["pageviews", "desc"]]), "invalid_value", "order_by[0][0]"),
        ("order_by", json!([["visitors", "down"]]), "invalid_type", "order_by[0][1]"),
        ("order_by", json!([["visitors"]]), "invalid_type", "order_by[0]"),
        ("include", json!({"time_labels": true}), "invalid_value", "include.time_labels"),
        ("include", json!({"total_rows": 1}), "invalid_type", "include.total_rows"),
        ("include", json!({"total_row": true}), "unknown_field", "include.total_row"),
        ("pagination", json!({"limit": 10_001}), "invalid_type", "pagination.limit"),
        ("pagination", json!({"limit": 0}), "invalid_type", "pagination.limit"),
        ("pagination", json!({"offset": -1}), "invalid_type", "pagination.offset"),
        ("metric", json!(["visitors"]), "unknown_field", "metric"),
    ] {
        let error = error(key, value.clone());
        assert_eq!((error.code(), error.field()), (code, Some(field)), "{key}: {value} gave {error}");
    }
    assert_eq!(parse(b"{").expect_err("half a body").code(), "invalid_json");
    let error = parse(br#"{"site_id": "a", "metrics": ["visitors"]}"#).expect_err("no range");
    assert_eq!((error.code(), error.field()), ("missing_field", Some("date_range")));
}

#[test]
fn mistakes_say_what_would_have_been_right() {
    for (key, value, hint) in [
        ("dimensions", json!(["visit:contry"]), r#""visit:contry": did you mean "visit:country"?"#),
        ("metrics", json!(["page_views"]), r#""page_views": did you mean "pageviews"?"#),
        ("filters", json!([["contain", "visit:os", ["x"]]]), r#""contain": did you mean "contains"?"#),
        ("filter", json!([]), r#""filter": did you mean "filters"?"#),
        ("date_range", json!("30"), r#""30": did you mean "30d"?"#),
    ] {
        assert_eq!(error(key, value).hint().as_deref(), Some(hint), "{key}");
    }
    assert_eq!(error("metrics", json!(["weather"])).hint(), None);
}

#[test]
fn every_name_of_the_catalogue_is_read() {
    for field in FIELDS {
        let query = with("dimensions", json!([field.name])).expect("a dimension");
        assert_eq!(query.dimensions[0].name(), field.name);
    }
    for info in METRICS {
        let body = json!({"site_id": "a", "metrics": [info.name], "date_range": "day", "dimensions": ["event:goal", "event:page"]});
        assert_eq!(from_value(&body).expect("a metric").metrics, [info.metric]);
    }
}

/// JSON that is often nearly a request.
fn nearly() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        prop::sample::select(vec![
            "visitors",
            "is",
            "and",
            "not",
            "contains",
            "visit:os",
            "event:page",
            "time:day",
            "event:props:x",
            "7d",
            "asc",
            "case_sensitive",
            "2024-01-01",
            "2024-01-01T00:00:00Z",
            "site_id",
            "filters",
            "metrics",
            "9999mo",
        ])
        .prop_map(str::to_owned),
        ".*",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&body);
    }

    #[test]
    fn any_json_is_read_or_refused(key in prop::sample::select(KEYS), value in nearly()) {
        let result = with(key, value);
        if let Err(error) = result {
            prop_assert!(!error.code().is_empty() && !error.to_string().is_empty());
        }
    }

    #[test]
    fn a_query_is_read_back_as_it_was(query in testing::queries()) {
        let body = serde_json::to_vec(&query).expect("JSON");
        prop_assert_eq!(parse(&body).expect("the same query"), query);
    }
}
