//! What to ask next.

use serde_json::{Map, Value as Json};

use super::Suggestion;

const NEXT: usize = 4;

fn suggestion(question: &str) -> Suggestion {
    Suggestion { question: question.to_owned(), query: None }
}

/// Follow-up questions to a query, each understood in its context.
pub(crate) fn next(query: &Map<String, Json>) -> Vec<Suggestion> {
    let has = |key: &str, value: &str| {
        query.get(key).and_then(Json::as_array).is_some_and(|list| list.iter().any(|item| item == value))
    };
    let kind = query.get("kind").and_then(Json::as_str).unwrap_or("query");
    if kind != "query" {
        return ["what about last month?", "only mobile"].map(suggestion).to_vec();
    }
    let candidates = [
        ("and by country?", has("dimensions", "visit:country")),
        ("by source", has("dimensions", "visit:source")),
        ("by day", query.get("dimensions").is_some_and(|list| list.to_string().contains("time:"))),
        ("compare with the previous period", query.contains_key("compare")),
        ("only mobile", query.get("filters").is_some_and(|list| list.to_string().contains("visit:device"))),
        ("what about last month?", false),
    ];
    candidates
        .iter()
        .filter(|(_, asked)| !asked)
        .take(NEXT)
        .map(|(question, _)| suggestion(question))
        .collect()
}

/// Questions that can be asked of every site.
pub(crate) fn first() -> Vec<Suggestion> {
    [
        "visitors by source last 7 days",
        "top 10 pages this month",
        "visitors this week vs last week",
        "bounce rate by device",
    ]
    .map(suggestion)
    .to_vec()
}
