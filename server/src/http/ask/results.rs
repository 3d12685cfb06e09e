//! The result of a typed query: what the API's own route answers to it.

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Map, Value, json};
use warp::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use warp::http::{Method, Request, StatusCode};

use super::{Asker, causes, groups};
use crate::http::call::Counted;
use crate::http::{ApiError, Peer, inner};

const QUERY: &str = "/api/v2/query";
const INSIGHTS: &str = "/api/v1/insights";
/// Changes told beside the one that was asked about.
const TOLD: usize = 5;

/// What a route answered.
#[derive(Debug)]
pub(super) enum Outcome {
    Found(Value),
    /// The route says what is missing.
    Refused(String),
}

/// The result of a query. A forecast that `is_ahead` begins after the step in progress.
pub(super) async fn result(
    asker: &Asker<'_>,
    query: &Map<String, Value>,
    is_ahead: bool,
) -> Result<Outcome, ApiError> {
    let kind = query.get("kind").and_then(Value::as_str).unwrap_or("query");
    match kind {
        "query" | "live" => send(asker, QUERY, figures(query)).await,
        "insight" => insight(asker, query).await.map(Outcome::Found),
        "segments" => groups::groups(asker, query).await.map(Outcome::Found),
        "forecast" if is_ahead => ahead(asker, query).await,
        kind => send(asker, &format!("/api/v1/{kind}"), bounded(query)).await,
    }
}

/// What is forecast after the step in progress, which the route begins with.
async fn ahead(asker: &Asker<'_>, query: &Map<String, Value>) -> Result<Outcome, ApiError> {
    let mut body = bounded(query);
    let steps = body.get("horizon").and_then(Value::as_u64).unwrap_or_default();
    body.insert("horizon".to_owned(), json!(steps + 1));
    let mut outcome = send(asker, "/api/v1/forecast", body).await?;
    if let Outcome::Found(told) = &mut outcome {
        told["query"]["horizon"] = json!(steps);
        without_first(told);
        if let Some(groups) = told.get_mut("breakdown").and_then(Value::as_array_mut) {
            groups.iter_mut().for_each(without_first);
        }
    }
    Ok(outcome)
}

/// Lets the first step go that is forecast.
fn without_first(part: &mut Value) {
    if let Some(steps) = part.get_mut("forecast").and_then(Value::as_array_mut) {
        steps.drain(..steps.len().min(1));
    }
}

/// Where a change shows, and how sure it is where the two times are long enough to say.
async fn insight(asker: &Asker<'_>, query: &Map<String, Value>) -> Result<Value, ApiError> {
    let mut found = causes::causes(asker, query).await?;
    let mut body = bounded(query);
    body.insert("limit".to_owned(), json!(TOLD));
    if let Outcome::Found(mut told) = send(asker, INSIGHTS, body).await? {
        found["insights"] = told["insights"].take();
    }
    Ok(found)
}

/// A query in the form of the route for figures.
pub(super) fn figures(query: &Map<String, Value>) -> Map<String, Value> {
    let mut body = bounded(query);
    let known =
        ["site_id", "metrics", "date_range", "dimensions", "filters", "order_by", "pagination", "compare"];
    body.retain(|key, _| known.contains(&key.as_str()));
    // A line goes through the times at which nothing was as well, and is not at rest in the last one. The busiest
    // of them are no line.
    let first = body.get("dimensions").and_then(|dimensions| dimensions.get(0)).and_then(Value::as_str);
    if first.is_some_and(|first| first.starts_with("time:")) && !body.contains_key("pagination") {
        body.insert("include".to_owned(), json!({"time_labels": true, "partial_time_labels": true}));
    }
    body
}

/// The body of a report: its times in the form in which the API takes them, where the last
/// millisecond is within.
fn bounded(query: &Map<String, Value>) -> Map<String, Value> {
    let mut body = query.clone();
    body.remove("kind");
    for key in ["date_range", "compare"] {
        if let Some(pair) = body.get_mut(key).and_then(Value::as_array_mut)
            && let Some(last) = pair.get_mut(1)
            && let Some(before) = last.as_str().and_then(just_before)
        {
            *last = Value::from(before);
        }
    }
    body
}

/// The last millisecond before a time.
fn just_before(text: &str) -> Option<String> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(jiff::Timestamp::from_millisecond(at.as_millisecond() - 1).ok()?.to_string())
}

/// Posts what there has to be a route for.
pub(super) async fn post(asker: &Asker<'_>, path: &str, body: Map<String, Value>) -> Result<Value, ApiError> {
    found(send(asker, path, body).await?)
}

/// Reads what there has to be a route for.
pub(super) async fn get(asker: &Asker<'_>, path: &str) -> Result<Value, ApiError> {
    found(ask(asker, Method::GET, path, Bytes::new()).await?)
}

fn found(outcome: Outcome) -> Result<Value, ApiError> {
    match outcome {
        Outcome::Found(value) => Ok(value),
        Outcome::Refused(reason) => Err(ApiError::bad_request("query_refused", reason)),
    }
}

async fn send(asker: &Asker<'_>, path: &str, body: Map<String, Value>) -> Result<Outcome, ApiError> {
    ask(asker, Method::POST, path, Bytes::from(Value::Object(body).to_string())).await
}

/// Asks a route on behalf of the caller. A refusal is the caller's answer.
async fn ask(asker: &Asker<'_>, method: Method, path: &str, body: Bytes) -> Result<Outcome, ApiError> {
    let mut request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
    let headers = &asker.call.headers;
    for name in [AUTHORIZATION, COOKIE, HOST] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    for name in ["x-csrf-token", "origin", "x-forwarded-for"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let broken = |what: &str| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ask_failed", what.to_owned());
    let mut request = request.body(Full::new(body)).map_err(|_| broken("the query makes no request"))?;
    request.extensions_mut().insert(Peer(asker.call.peer));
    request.extensions_mut().insert(Counted);
    let (parts, value) = inner::ask(asker.routes.clone(), request).await?;
    if matches!(parts.status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) {
        let text = |key: &str| value.pointer(&format!("/error/{key}")).and_then(Value::as_str);
        let reason = text("message").unwrap_or("the query was refused");
        return Ok(Outcome::Refused(match text("hint") {
            Some(hint) => format!("{reason}: {hint}"),
            None => reason.to_owned(),
        }));
    }
    if parts.status.is_success() {
        Ok(Outcome::Found(value))
    } else {
        Err(ApiError::passed_on(parts.status, &parts.headers, &value))
    }
}
