//! Erasure: `POST /api/v1/erasure` forgets a visitor or user of a site; `GET /api/v1/erasure?site_id=`
//! lists receipts and `GET /api/v1/erasure/{id}` shows one.
//!
//! The answer to the request is the receipt: complete with status 200, or as far as it has come with
//! status 202 where it takes longer than the caller wants to wait.

use std::sync::Arc;
use std::time::Duration;

use opentrace_events::VisitorId;
use opentrace_events::identity::Named;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::state::Erasing;
use super::{Answer, ApiError, Call, State, at, json, on};
use crate::auth::{OnSite, Write};
use crate::erasure::{Receipt, Stage, Subject};

const BODY_LIMIT: usize = 16 * 1024;
/// How long is waited for the work to be done, and at most.
const PATIENCE: u64 = 30;
const MOST_PATIENCE: u64 = 100;
/// Receipts listed at once.
const LISTED: u32 = 1000;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let all = on(warp::path!("api" / "v1" / "erasure"), state, |state, call| async move {
        match call.method {
            Method::GET => list(&state, &call).await,
            Method::POST => erase(&state, call).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let one = at(warp::path!("api" / "v1" / "erasure" / String), state, |state, call, id| async move {
        match call.method {
            Method::GET => show(&state, &call, &id).await,
            ref other => Err(ApiError::method(other, "GET")),
        }
    });
    all.or(one).unify().boxed()
}

/// Who is to be forgotten: exactly one of the identifiers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    site_id: Option<String>,
    user_id: Option<String>,
    anonymous_id: Option<String>,
    /// The number by which stored events know the visitor, as a text or a number.
    visitor: Option<Value>,
    /// Seconds.
    wait: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Listed {
    erasures: Vec<Receipt>,
}

async fn erase(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let wanted: Wanted = serde_json::from_slice(&body.bytes)
        .map_err(|error| ApiError::bad_request("invalid_json", format!("not an erasure: {error}")))?;
    let domain = match (&wanted.site_id, state.bound_site(&allowed)?) {
        (Some(domain), _) => domain.clone(),
        (None, Some(site)) => site.domain.clone(),
        (None, None) => {
            return Err(ApiError::bad_request("missing_field", "`site_id` is required").field("site_id"));
        }
    };
    let site = state.gate.on_site(&allowed, &domain)?;
    let erasing = state.erasures(&site);
    let (kind, identifier) = wanted.subject()?;
    let visitors = visitors(&erasing, &site, kind, &identifier).await?;
    let subject = Subject { kind, identifier: &identifier };
    let id = erasing.desk.ask(site.site(), subject, visitors).await?;
    erasing.meta.audit(&allowed.who().to_string(), "erasure.ask", &id.to_string()).await?;
    let patience = Duration::from_secs(wanted.wait.unwrap_or(PATIENCE).min(MOST_PATIENCE));
    let receipt = erasing.desk.wait(id, patience).await?.ok_or_else(unknown)?;
    let status = if receipt.stage == Stage::Complete { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(json(status, &receipt))
}

impl Wanted {
    /// The kind of the identifier, and the identifier.
    fn subject(&self) -> Result<(&'static str, String), ApiError> {
        let visitor = match &self.visitor {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(_) => return Err(wrong_visitor()),
        };
        let given = [
            ("user_id", self.user_id.clone()),
            ("anonymous_id", self.anonymous_id.clone()),
            ("visitor", visitor),
        ];
        let mut given = given.into_iter().filter_map(|(kind, text)| Some((kind, text?)));
        match (given.next(), given.next()) {
            (Some((kind, text)), None) if !text.trim().is_empty() => Ok((kind, text.trim().to_owned())),
            (Some((kind, _)), None) => {
                Err(ApiError::bad_request("invalid_value", format!("`{kind}` is empty")).field(kind))
            }
            _ => Err(ApiError::bad_request(
                "missing_field",
                "exactly one of `user_id`, `anonymous_id` and `visitor` is required",
            )
            .field("user_id")),
        }
    }
}

/// Everyone the identifier may mean.
async fn visitors(
    erasing: &Erasing<'_>,
    site: &OnSite<Write>,
    kind: &'static str,
    identifier: &str,
) -> Result<Vec<VisitorId>, ApiError> {
    let identity = erasing.acceptor.identity();
    let site = site.site().id;
    match kind {
        "user_id" => {
            let mut visitors = vec![identity.named(site, Named::User, identifier)];
            let stored = erasing.store.visitors_of_user(site.0, identifier).await?;
            visitors.extend(stored.into_iter().map(VisitorId));
            visitors.sort_unstable();
            visitors.dedup();
            Ok(visitors)
        }
        "anonymous_id" => Ok(vec![identity.named(site, Named::Anonymous, identifier)]),
        _ => Ok(vec![identifier.parse().map_err(|_| wrong_visitor())?]),
    }
}

async fn list(state: &State, call: &Call) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    let domain = call.required("site_id")?;
    let site = state.gate.on_site(&allowed, &domain)?;
    let erasures = state.erasures(&site).desk.receipts(site.site().id, LISTED).await?;
    Ok(json(StatusCode::OK, &Listed { erasures }))
}

async fn show(state: &State, call: &Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    for site in state.sites_of(&allowed) {
        let site = state.gate.on_site(&allowed, &site.domain)?;
        let found = state.erasures(&site).desk.receipt(id).await?;
        if let Some(receipt) = found.filter(|receipt| receipt.site_id == site.site().domain) {
            return Ok(json(StatusCode::OK, &receipt));
        }
    }
    Err(unknown())
}

fn wrong_visitor() -> ApiError {
    ApiError::bad_request(
        "invalid_value",
        "`visitor` is the number of a visitor, such as \"12345678901234567890\"",
    )
    .field("visitor")
}

fn unknown() -> ApiError {
    ApiError::not_found("unknown_erasure", "there is no such erasure")
}
