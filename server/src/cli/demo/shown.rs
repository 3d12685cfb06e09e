//! What the demo shows beside its traffic: rules that fire on it, saved filters and funnels, models
//! that learned from it.
//!
//! Everything is made once, by the same calls that the dashboard makes. What somebody takes away
//! afterwards stays away; what was half made when the demo ended is completed.

use serde_json::{Value, json};

use super::feed::SITE;
use crate::client::{Client, ClientError};

/// Bodies without their site, by the last part of the path that takes them, which lists them as well.
type Wanted = Vec<(&'static str, Vec<Value>)>;

/// What live traffic needs no past for: there from the beginning.
pub(crate) fn at_once() -> Wanted {
    vec![("segments", segments()), ("funnels", funnels()), ("alerts", rules())]
}

/// What learns from the past: there when the past is.
pub(crate) fn of_history() -> Wanted {
    vec![("alerts", vec![unusual()]), ("models", models())]
}

/// Makes those that are not there yet.
pub(super) async fn put(client: &Client, wanted: Wanted) -> Result<(), ClientError> {
    for (kind, bodies) in wanted {
        let path = format!("/api/v1/{kind}");
        let held: Value = client.get(&format!("{path}?site_id={SITE}")).await?;
        let names: Vec<&Value> =
            held[kind].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
        for mut body in bodies {
            if !names.contains(&&body["name"]) {
                body["site_id"] = json!(SITE);
                client.post::<Value>(&path, &body).await?;
            }
        }
    }
    Ok(())
}

fn segments() -> Vec<Value> {
    vec![
        json!({ "name": "From search", "filters": [["is", "visit:channel", ["Organic Search"]]] }),
        json!({ "name": "On phones", "filters": [["is", "visit:device", ["Mobile"]]] }),
        json!({ "name": "Readers of the blog", "filters": [["contains", "event:page", ["/blog"]]] }),
        json!({ "name": "German-speaking", "filters": [["is", "visit:country", ["DE", "AT", "CH"]]] }),
    ]
}

fn funnels() -> Vec<Value> {
    let page = |path: &str| json!({ "page": path, "name": path });
    vec![
        json!({ "name": "From prices to purchase", "steps": [page("/pricing"), "signup", "purchase"], "window": "7d" }),
        json!({ "name": "From the blog to signing up", "steps": [page("/blog"), page("/features"), "signup"] }),
    ]
}

fn rules() -> Vec<Value> {
    vec![
        // Within a minute or two by day, hardly at night.
        json!({
            "name": "Busy", "metric": "pageviews", "condition": { "type": "above", "value": 15 },
            "window": "1m", "hysteresis": 0.2, "cooldown": "15m"
        }),
        json!({
            "name": "Many from one country", "metric": "pageviews", "group_by": "country",
            "condition": { "type": "above", "value": 15 }, "window": "5m", "hysteresis": 0.2, "cooldown": "1h"
        }),
        // Several an hour.
        json!({
            "name": "A purchase", "condition": { "type": "event", "event": "purchase" }, "cooldown": "15m"
        }),
        json!({
            "name": "Nobody signs up", "metric": "events", "filters": [["is", "event:name", ["signup"]]],
            "condition": { "type": "no_data" }, "window": "1h"
        }),
        json!({
            "name": "Few of many sign up", "metric": "conversion_rate",
            "filters": [["is", "event:goal", ["signup"]]], "condition": { "type": "below", "value": 1 },
            "window": "1d", "minimum_traffic": 1000
        }),
    ]
}

fn unusual() -> Value {
    json!({
        "name": "Unusual traffic", "metric": "pageviews",
        "condition": { "type": "anomaly", "sensitivity": "medium" }, "window": "15m"
    })
}

fn models() -> Vec<Value> {
    vec![
        json!({ "name": "Sorts of visitors", "kind": "segments" }),
        json!({ "name": "What to read next", "kind": "recommend" }),
        json!({
            "name": "Visitors to come", "kind": "forecast", "metric": "visitors", "horizon": 14,
            "dimensions": ["visit:source"]
        }),
    ]
}
