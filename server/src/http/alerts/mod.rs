//! Alerts: `/api/v1/alerts` and `/api/v1/channels`.
//!
//! Rules are made with `POST /api/v1/alerts`, listed with `GET`, and `/{id}` takes `GET`, `PATCH` (the
//! fields that are given; `null` takes one away) and `DELETE`. `/{id}/simulate` says when a rule would have
//! fired, `/simulate` says it of one that is not kept; `/{id}/acknowledge`, `/{id}/close` and `/{id}/mute`
//! are what people do with alerts; `/history` and `/stream` tell what happened.

mod channels;
mod history;
mod rules;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use opentrace_alerts::rule::RuleError;
use serde_json::{Map, Value};
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::{Answer, ApiError, Call, State, at, json, on};
use crate::alerts::AlertError;

const BODY_LIMIT: usize = 64 * 1024;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    stream::routes(state)
        .or(history::routes(state))
        .unify()
        .or(rules::routes(state))
        .unify()
        .or(channels::routes(state))
        .unify()
        .boxed()
}

/// The body of a request, an object.
async fn read(state: &State, call: &mut Call) -> Result<Map<String, Value>, ApiError> {
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    if body.bytes.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&body.bytes)
        .map_err(|error| ApiError::bad_request("invalid_json", format!("not a JSON object: {error}")))
}

fn parse_id(what: &'static str, id: &str) -> Result<Uuid, ApiError> {
    id.parse().map_err(|_| unknown(what))
}

fn unknown(what: &'static str) -> ApiError {
    AlertError::Unknown { what }.into()
}

impl From<RuleError> for ApiError {
    fn from(error: RuleError) -> Self {
        let answer = Self::bad_request(error.code(), format!("`{}` {}", error.field, error.reason));
        let answer = answer.field(error.field);
        match error.hint {
            Some(hint) => answer.hint(hint),
            None => answer,
        }
    }
}

impl From<AlertError> for ApiError {
    fn from(error: AlertError) -> Self {
        match error {
            AlertError::Rule(error) => error.into(),
            AlertError::Store(error) => error.into(),
            AlertError::Vault(error) => Self::internal("sealing a secret", &error),
            AlertError::Unknown { what: "channel" } => {
                Self::not_found("unknown_channel", "there is no such channel")
            }
            AlertError::Unknown { .. } => Self::not_found("unknown_alert", "there is no such alert"),
            AlertError::Busy => Self::unavailable("busy", error.to_string(), Duration::from_secs(2)),
        }
    }
}
