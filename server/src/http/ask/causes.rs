//! What a change comes from: the groups whose figures moved most between two times.
//!
//! Every attribute divides the same change, so the groups of one attribute add up to it and those of
//! different attributes do not. A cause is where the change shows, not why people did it.

use std::cmp::Ordering;

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::Asker;
use super::results::{figures, post};
use crate::http::ApiError;

/// What a change is divided by.
const DIVIDED: &[&str] =
    &["visit:source", "visit:channel", "visit:country", "visit:device", "visit:browser", "visit:entry_page"];
/// Causes that are told.
const TOLD: usize = 8;
/// Groups of one attribute that are looked at.
const LOOKED_AT: u64 = 500;

/// The change of the whole, and the groups that moved most.
pub(super) async fn causes(asker: &Asker<'_>, query: &Map<String, Value>) -> Result<Value, ApiError> {
    let mut whole = query.clone();
    whole.insert("metrics".to_owned(), json!([query.get("metric")]));
    let before = {
        let mut before = whole.clone();
        if let Some(range) = before.remove("compare") {
            before.insert("date_range".to_owned(), range);
        }
        before
    };
    whole.remove("compare");
    let asked = |body: &Map<String, Value>, dimension: Option<&str>| {
        let mut body = figures(body);
        if let Some(dimension) = dimension {
            body.insert("dimensions".to_owned(), json!([dimension]));
            body.insert("pagination".to_owned(), json!({ "limit": LOOKED_AT }));
        }
        post(asker, "/api/v2/query", body)
    };
    let dimensions = || std::iter::once(None).chain(DIVIDED.iter().map(|name| Some(*name)));
    let mut now = Vec::new();
    let mut then = Vec::new();
    for some in dimensions().collect::<Vec<_>>().chunks(3) {
        now.extend(try_join_all(some.iter().map(|name| asked(&whole, *name))).await?);
        then.extend(try_join_all(some.iter().map(|name| asked(&before, *name))).await?);
    }
    let total = (value(&now[0], &[]), value(&then[0], &[]));
    let mut causes: Vec<(f64, Value)> = Vec::new();
    for ((name, now), then) in DIVIDED.iter().zip(&now[1..]).zip(&then[1..]) {
        for label in labels(now).chain(labels(then)) {
            let (after, earlier) = (value(now, &[label]), value(then, &[label]));
            let cause = json!({
                "dimension": name, "value": label, "before": earlier, "after": after, "change": after - earlier,
            });
            if after != earlier && !causes.iter().any(|(_, known)| *known == cause) {
                causes.push((after - earlier, cause));
            }
        }
    }
    causes.sort_by(|(a, _), (b, _)| b.abs().partial_cmp(&a.abs()).unwrap_or(Ordering::Equal));
    // Only what moved the same way explains the change; the rest softened it.
    let way = (total.0 - total.1).signum();
    causes.sort_by_key(|(change, _)| change.signum() != way);
    causes.truncate(TOLD);
    Ok(json!({
        "metric": query.get("metric"), "before": total.1, "after": total.0, "change": total.0 - total.1,
        "causes": causes.into_iter().map(|(_, cause)| cause).collect::<Vec<_>>(),
    }))
}

fn rows(answer: &Value) -> impl Iterator<Item = &Value> {
    answer.get("results").and_then(Value::as_array).into_iter().flatten()
}

fn labels(answer: &Value) -> impl Iterator<Item = &str> {
    rows(answer).filter_map(|row| row.pointer("/dimensions/0").and_then(Value::as_str))
}

/// The figure of a group; of one that is not there, nought.
fn value(answer: &Value, labels: &[&str]) -> f64 {
    let found = rows(answer).find(|row| match labels.first() {
        Some(label) => row.pointer("/dimensions/0").and_then(Value::as_str) == Some(label),
        None => true,
    });
    let cell = found.and_then(|row| row.pointer("/metrics/0"));
    let amount = cell.and_then(|cell| cell.get("value").or(Some(cell)));
    amount.and_then(Value::as_f64).unwrap_or_default()
}
