//! What was found strange in a site's main series as they went on: `GET /api/v1/anomalies?site_id=`, and
//! `GET /api/v1/anomalies/stream?site_id=` as it is found (server-sent events).

use std::convert::Infallible;

use futures_util::{StreamExt, future};
use opentrace_store::{AnomalyRow, GrainColumn};
use serde_json::{Value, json};
use tokio_stream::wrappers::BroadcastStream;
use warp::http::{Method, StatusCode};
use warp::sse::Event;

use super::super::push::push;
use super::super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;
use crate::clock;
use crate::models::watch::{WATCHED, metric};

/// Seconds that are looked back where nothing is said.
const BACK: i64 = 30 * 86_400;
/// Steps of an answer: those where nothing is said, and those that may be asked for.
const STEPS: (u64, u64) = (200, 5_000);

pub(super) async fn list(state: &State, call: &Call) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let site = state.gate.on_site(&allowed, &call.required("site_id")?)?;
    let series: Vec<u32> = match call.parameter("metric") {
        None => WATCHED.iter().map(|(number, _)| *number).collect(),
        Some(name) => vec![number(&name)?],
    };
    let at = |name: &'static str, usual: i64| match call.parameter(name) {
        None => Ok(usual),
        Some(text) => text.parse::<jiff::Timestamp>().map(|at| at.as_second()).map_err(|_| {
            ApiError::bad_request("invalid_value", format!("`{name}` is no time in RFC 3339")).field(name)
        }),
    };
    let now = clock::now().0.div_euclid(1_000) + 1;
    let (from, to) = (at("from", now - BACK)?, at("to", now)?);
    let limit = match call.parameter("limit") {
        None => STEPS.0,
        Some(text) => text.parse().ok().filter(|limit| (1..=STEPS.1).contains(limit)).ok_or_else(|| {
            let message = format!("`limit` must be from 1 to {}", STEPS.1);
            ApiError::bad_request("invalid_value", message).field("limit")
        })?,
    };
    let rows = state.models(&site).found(site.site(), &series, (from, to), limit).await?;
    let anomalies: Vec<Value> = rows.iter().map(told).collect();
    Ok(json(StatusCode::OK, &json!({ "anomalies": anomalies })))
}

pub(super) fn stream(state: &State, call: &Call) -> Answer {
    if call.method != Method::GET {
        return Err(ApiError::method(&call.method, "GET"));
    }
    let allowed = state.gate.allow::<Read>(call)?;
    let site = state.gate.on_site(&allowed, &call.required("site_id")?)?;
    let id = site.site().id;
    // Who cannot follow misses some; they are in the list.
    let news = BroadcastStream::new(state.models(&site).news()).filter_map(|news| future::ready(news.ok()));
    let events = news.filter(move |news| future::ready(news.site == id)).map(|news| {
        let text = serde_json::to_string(&*news).unwrap_or_default();
        Ok::<_, Infallible>(Event::default().event("anomaly").data(text))
    });
    Ok(push(events, &state.stop))
}

fn number(name: &str) -> Result<u32, ApiError> {
    let known = WATCHED.iter().find(|(_, known)| *known == name).map(|(number, _)| *number);
    known.ok_or_else(|| {
        let names: Vec<&str> = WATCHED.iter().map(|(_, name)| *name).collect();
        ApiError::bad_request("unknown_metric", format!("`{name}` is not watched"))
            .field("metric")
            .hint(format!("one of {}", names.join(", ")))
    })
}

fn told(row: &AnomalyRow) -> Value {
    let granularity = match row.grain {
        GrainColumn::Minute => "minute",
        GrainColumn::Hour => "hour",
        GrainColumn::Day => "day",
    };
    json!({
        "metric": metric(row.series),
        "granularity": granularity,
        "time": jiff::Timestamp::from_second(i64::from(row.start)).unwrap_or_default(),
        "value": row.value,
        "score": row.score,
        "expected": row.expected,
        "lower": row.lower,
        "upper": row.upper,
        "kind": Some(row.kind.as_str()).filter(|kind| !kind.is_empty()),
        "reason": Some(row.reason.as_str()).filter(|reason| !reason.is_empty()),
    })
}
