//! The example queries that Plausible's documentation of its Stats API v2 lists: all of them answer,
//! in the documented shape.

use opentrace_query::{Segment, Views, Vocabulary, parse};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::history_of;

/// The examples by their names there.
fn examples() -> Vec<(&'static str, Value)> {
    let all = |metrics: Value| json!({"site_id": "dummy.site", "metrics": metrics, "date_range": "7d"});
    let with = |metrics: Value, rest: Value| {
        let mut query = all(metrics);
        for (key, value) in rest.as_object().expect("an object") {
            query[key] = value.clone();
        }
        query
    };
    let utm = json!(["visit:utm_medium", "visit:utm_source"]);
    let sources = json!(["visit:source"]);
    let paging = json!({"limit": 3, "offset": 1});
    vec![
        ("aggregate", all(json!(["visitors", "events"]))),
        ("custom date range", with(json!(["visitors"]), json!({"date_range": ["2024-10-20", "2024-10-27"]}))),
        (
            "country and city",
            with(
                json!(["visitors", "pageviews", "bounce_rate"]),
                json!({"dimensions": ["visit:country_name", "visit:city_name"],
                    "filters": [["is_not", "visit:country_name", [""]]]}),
            ),
        ),
        ("utm", with(json!(["visitors", "events", "pageviews"]), json!({"dimensions": utm}))),
        (
            "filtering",
            with(
                json!(["visitors"]),
                json!({"filters": [["contains", "event:page", ["/docs", "/pricing"]], ["or", [
                    ["not", ["is", "visit:utm_campaign", ["Referral"]]],
                    ["is", "visit:country_name", ["Estonia", "United States of America"]]]]]}),
            ),
        ),
        (
            "case insensitive filtering",
            with(
                json!(["visitors"]),
                json!({"filters": [["contains", "event:page", ["blog"], {"case_sensitive": false}]]}),
            ),
        ),
        (
            "filtering by segment",
            with(json!(["visitors", "events"]), json!({"filters": [["is", "segment", [2]]]})),
        ),
        (
            "timeseries",
            with(
                json!(["visitors", "events"]),
                json!({"filters": [["is", "visit:os", ["GNU/Linux", "Mac"]]], "dimensions": ["time:day"]}),
            ),
        ),
        (
            "time labels",
            with(
                json!(["visitors"]),
                json!({"date_range": "day", "dimensions": ["time:hour"], "include": {"time_labels": true}}),
            ),
        ),
        (
            "custom properties",
            with(
                json!(["visitors"]),
                json!({"dimensions": ["time:day", "event:props:is_customer"],
                    "order_by": [["time:day", "asc"], ["event:props:is_customer", "desc"]]}),
            ),
        ),
        (
            "pagination",
            with(
                json!(["visitors", "events", "pageviews"]),
                json!({"dimensions": utm, "include": {"total_rows": true}, "pagination": paging}),
            ),
        ),
        (
            "imports",
            with(
                json!(["visitors"]),
                json!({"date_range": "all", "dimensions": sources, "include": {"imports": true}}),
            ),
        ),
        (
            "imports with a filter",
            with(
                json!(["visitors"]),
                json!({"date_range": "all", "dimensions": sources, "include": {"imports": true},
                    "filters": [["is", "visit:country_name", ["Estonia"]]]}),
            ),
        ),
        (
            "revenue metrics",
            with(json!(["total_revenue"]), json!({"date_range": "all", "dimensions": ["event:goal"]})),
        ),
        (
            "revenue warning",
            with(
                json!(["total_revenue"]),
                json!({"date_range": "all", "filters": [["is", "event:goal", ["PurchaseUSD", "PurchaseEUR"]]]}),
            ),
        ),
        (
            "behavioral filters",
            with(
                json!(["visitors"]),
                json!({"date_range": "all", "filters": [["is", "event:goal", ["Signup"]],
                    ["has_done", ["is", "event:page", ["/pricing"]]]]}),
            ),
        ),
    ]
}

pub(crate) async fn examples_answer_in_their_shape(engine: &Engine) {
    let history = history_of(1);
    let segment =
        json!([["has_not_done", ["is", "event:goal", ["Signup"]]], ["is", "visit:source", ["t.co"]]]);
    let vocabulary = Vocabulary {
        segments: vec![Segment {
            id: 2,
            name: "quiet".to_owned(),
            filters: parse::measures::segment(&segment).expect("a segment"),
        }],
        ..Vocabulary::default()
    };
    for (name, body) in examples() {
        let query =
            parse::from_value_with(&body, &vocabulary).unwrap_or_else(|error| panic!("{name}: {error}"));
        let answer = engine.ask(&history, &[], &query, Views::Use).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let answer = serde_json::to_value(answer).expect("JSON");
        let width = |key: &str| body[key].as_array().map_or(0, Vec::len);
        for row in answer["results"].as_array().expect("results") {
            assert_eq!(row["metrics"].as_array().map(Vec::len), Some(width("metrics")), "{name}");
            assert_eq!(row["dimensions"].as_array().map(Vec::len), Some(width("dimensions")), "{name}");
            assert_eq!(row.as_object().map(serde_json::Map::len), Some(2), "{name}");
        }
        let asked = &answer["query"];
        for key in ["site_id", "metrics"] {
            assert_eq!(asked[key], body[key], "{name}");
        }
        assert_eq!(asked["dimensions"].as_array().map(Vec::len), Some(width("dimensions")), "{name}");
        assert_eq!(asked["date_range"].as_array().map(Vec::len), Some(2), "{name}");
        assert_eq!(asked["include"], body.get("include").cloned().unwrap_or(json!({})), "{name}");
        assert!(asked["order_by"].as_array().is_some_and(|order| !order.is_empty()), "{name}");
        match name {
            // The filters of the segment stand where it was named.
            "filtering by segment" => assert_eq!(asked["filters"], segment),
            "filtering" => assert_eq!(asked["filters"], body["filters"]),
            "pagination" => assert_eq!(answer["meta"]["total_rows"], 4, "one for each source"),
            "time labels" => {
                assert_eq!(answer["meta"]["time_labels"].as_array().map(Vec::len), Some(24));
            }
            "imports" => assert_eq!(answer["meta"], json!({"imports_included": true})),
            "aggregate" => assert_eq!(answer["meta"], json!({})),
            "country and city" => {
                let names: Vec<&str> = answer["results"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|row| row["dimensions"][0].as_str())
                    .collect();
                assert!(names.contains(&"Germany") && !names.contains(&"(not set)"), "{names:?}");
            }
            "revenue metrics" => {
                let rows = answer["results"].as_array().expect("results");
                let sold = rows.iter().find(|row| row["dimensions"][0] == "Purchase").expect("purchases");
                assert_eq!(sold["metrics"][0]["currency"], "EUR");
                assert!(sold["metrics"][0]["short"].is_string() && sold["metrics"][0]["long"].is_string());
            }
            "revenue warning" => {
                assert_eq!(answer["results"][0]["metrics"], json!([null]));
                let warning = &answer["meta"]["metric_warnings"]["total_revenue"];
                assert_eq!(warning["code"], "no_revenue_goals_matching");
                assert!(warning["warning"].is_string());
            }
            _ => {}
        }
    }
}
