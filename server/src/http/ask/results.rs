//! The result of a typed query: what the API's own route answers to it.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Map, Value, json};
use tokio_util::task::AbortOnDropHandle;
use warp::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use warp::http::{Method, Request, StatusCode};

use super::causes;
use crate::http::call::Counted;
use crate::http::{ApiError, Call, Peer, State, routes};

const QUERY: &str = "/api/v2/query";

/// The result of a query.
pub(super) async fn result(
    state: &Arc<State>,
    call: &Call,
    query: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let kind = query.get("kind").and_then(Value::as_str).unwrap_or("query");
    match kind {
        "query" | "live" => post(state, call, QUERY, figures(query)).await,
        "insight" => causes::causes(state, call, query).await,
        kind => post(state, call, &format!("/api/v1/{kind}"), bounded(query)).await,
    }
}

/// A query in the form of the route for figures.
pub(super) fn figures(query: &Map<String, Value>) -> Map<String, Value> {
    let mut body = bounded(query);
    let known =
        ["site_id", "metrics", "date_range", "dimensions", "filters", "order_by", "pagination", "compare"];
    body.retain(|key, _| known.contains(&key.as_str()));
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

/// Asks a route on behalf of the caller. A route that this program does not have leaves the result
/// empty; a refusal is the caller's answer.
pub(super) async fn post(
    state: &Arc<State>,
    call: &Call,
    path: &str,
    body: Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut request =
        Request::builder().method(Method::POST).uri(path).header(CONTENT_TYPE, "application/json");
    for name in [AUTHORIZATION, COOKIE, HOST] {
        if let Some(value) = call.headers.get(&name) {
            request = request.header(name, value);
        }
    }
    for name in ["x-csrf-token", "origin", "x-forwarded-for"] {
        if let Some(value) = call.headers.get(name) {
            request = request.header(name, value);
        }
    }
    let bytes = Bytes::from(Value::Object(body).to_string());
    let broken = |what: &str| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ask_failed", what.to_owned());
    let mut request = request.body(Full::new(bytes)).map_err(|_| broken("the query makes no request"))?;
    request.extensions_mut().insert(Peer(call.peer));
    request.extensions_mut().insert(Counted);
    let service = TowerToHyperService::new(warp::service(routes(state)));
    // On a task of its own: the routes cannot be asked by a task that they are just answering.
    let asked = tokio::spawn(async move { service.call(request).await });
    let asked = AbortOnDropHandle::new(asked).await.map_err(|_| broken("the query ended too early"))?;
    let answer = asked.unwrap_or_else(|never| match never {});
    let status = answer.status();
    let body =
        answer.into_body().collect().await.map_err(|_| broken("the answer ended too early"))?.to_bytes();
    let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    if status == StatusCode::NOT_FOUND && value.pointer("/error/code") == Some(&json!("not_found")) {
        return Ok(Value::Null);
    }
    if status.is_success() { Ok(value) } else { Err(ApiError::passed_on(status, &value)) }
}
