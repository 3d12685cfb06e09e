//! Rules, and what people do with their alerts.

use std::sync::Arc;

use opentrace_alerts::evaluate::OpeningId;
use opentrace_events::Site;
use serde_json::{Map, Value, json as object};
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::{Answer, ApiError, Call, State, at, json, on, parse_id, read, unknown};
use crate::alerts::{RuleView, length};
use crate::auth::{Allowed, Read, Write};
use crate::clock;

/// A simulation looks at the last week unless it is told what to look at.
const SIMULATED: i64 = 7 * 86_400;
/// Nobody is told of a rule for an hour unless it is said for how long.
const MUTED: &str = "1h";

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let all = on(warp::path!("api" / "v1" / "alerts"), state, |state, call| async move {
        match call.method {
            Method::GET => list(&state, &call).await,
            Method::POST => create(&state, call).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let unkept = on(warp::path!("api" / "v1" / "alerts" / "simulate"), state, |state, call| async move {
        post(&call)?;
        simulate(&state, call, None).await
    });
    let one = at(warp::path!("api" / "v1" / "alerts" / String), state, |state, call, id| async move {
        let id = parse_id("alert", &id)?;
        match call.method {
            Method::GET => show(&state, &call, id).await,
            Method::PATCH => change(&state, call, id).await,
            Method::DELETE => delete(&state, &call, id).await,
            ref other => Err(ApiError::method(other, "GET, PATCH, DELETE")),
        }
    });
    let action = |name: &'static str| {
        let path = warp::path("api").and(warp::path("v1")).and(warp::path("alerts"));
        path.and(warp::path::param::<String>()).and(warp::path(name)).and(warp::path::end())
    };
    let again = at(action("simulate"), state, |state, call, id| async move {
        post(&call)?;
        let id = parse_id("alert", &id)?;
        simulate(&state, call, Some(id)).await
    });
    let acknowledge = at(action("acknowledge"), state, |state, mut call, id| async move {
        let (rule, allowed) = mine(&state, &call, &id).await?;
        let opening = opening(&read(&state, &mut call).await?)?;
        let who = allowed.who().to_string();
        let count = state.alerting(&allowed).acknowledge(rule, opening, &who).await;
        Ok(json(StatusCode::OK, &object!({ "acknowledged": count })))
    });
    let close = at(action("close"), state, |state, mut call, id| async move {
        let (rule, allowed) = mine(&state, &call, &id).await?;
        let opening = opening(&read(&state, &mut call).await?)?;
        let count = state.alerting(&allowed).close_alerts(rule, opening).await;
        Ok(json(StatusCode::OK, &object!({ "closed": count })))
    });
    let mute = at(action("mute"), state, |state, mut call, id| async move {
        let (rule, allowed) = mine(&state, &call, &id).await?;
        let body = read(&state, &mut call).await?;
        let text = body.get("for").map_or(Some(MUTED), Value::as_str).unwrap_or_default();
        let until = state.alerting(&allowed).mute(rule, length("for", text)?).await?;
        Ok(json(StatusCode::OK, &object!({ "muted_until": until })))
    });
    all.or(unkept)
        .unify()
        .or(again)
        .unify()
        .or(acknowledge)
        .unify()
        .or(close)
        .unify()
        .or(mute)
        .unify()
        .or(one)
        .unify()
        .boxed()
}

fn post(call: &Call) -> Result<(), ApiError> {
    if call.method == Method::POST { Ok(()) } else { Err(ApiError::method(&call.method, "POST")) }
}

async fn list(state: &State, call: &Call) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let only = match call.parameter("site_id") {
        Some(domain) => Some(state.gate.on_site(&allowed, &domain)?.site().id),
        None => None,
    };
    let reach = allowed.reach();
    let may = |site| reach.covers(site) && only.is_none_or(|only| only == site);
    let rules = state.watched(&allowed).rules(may).await?;
    Ok(json(StatusCode::OK, &object!({ "alerts": rules })))
}

async fn create(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let body = read(state, &mut call).await?;
    let site = site_of(state, &allowed, &body)?;
    let view = state.alerting(&allowed).put_rule(None, &site, body).await?;
    audit(state, &allowed, "alert.create", view.id).await?;
    Ok(json(StatusCode::CREATED, &view))
}

async fn show(state: &State, call: &Call, id: Uuid) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let (view, site) = state.watched(&allowed).rule(id).await?;
    if !allowed.reach().covers(site) {
        return Err(unknown("alert"));
    }
    Ok(json(StatusCode::OK, &view))
}

async fn change(state: &State, mut call: Call, id: Uuid) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let mut body = held(state, &allowed, id).await?.body;
    for (field, value) in read(state, &mut call).await? {
        match value {
            Value::Null => drop(body.remove(&field)),
            value => drop(body.insert(field, value)),
        }
    }
    let site = site_of(state, &allowed, &body)?;
    let view = state.alerting(&allowed).put_rule(Some(id), &site, body).await?;
    audit(state, &allowed, "alert.change", id).await?;
    Ok(json(StatusCode::OK, &view))
}

async fn delete(state: &State, call: &Call, id: Uuid) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    held(state, &allowed, id).await?;
    state.alerting(&allowed).delete_rule(id).await?;
    audit(state, &allowed, "alert.delete", id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `{"from", "to"}` as RFC 3339 or seconds since 1970, else the last week. Beside them the fields of a
/// rule: all of one that is not kept, or those that would be changed.
async fn simulate(state: &State, mut call: Call, id: Option<Uuid>) -> Answer {
    let allowed = state.gate.allow::<Read>(&call)?;
    let mut given = read(state, &mut call).await?;
    let now = clock::now().0.div_euclid(1000);
    let to = moment("to", given.remove("to"))?.unwrap_or(now);
    let from = moment("from", given.remove("from"))?.unwrap_or(to - SIMULATED);
    let mut body = match id {
        None => Map::new(),
        Some(id) => {
            let (view, site) = state.watched(&allowed).rule(id).await?;
            if !allowed.reach().covers(site) {
                return Err(unknown("alert"));
            }
            view.body
        }
    };
    body.extend(given);
    let domain = body.get("site_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let site = match (domain.is_empty(), state.bound_site(&allowed)?) {
        (true, Some(site)) => site,
        _ => Arc::clone(state.gate.on_site(&allowed, &domain)?.site()),
    };
    let answer = state.watched(&allowed).simulate(&site, body, from, to).await?;
    Ok(json(StatusCode::OK, &answer))
}

fn moment(field: &'static str, value: Option<Value>) -> Result<Option<i64>, ApiError> {
    let wrong = || {
        ApiError::bad_request("invalid_value", format!("`{field}` is not a time"))
            .field(field)
            .hint("2026-01-31T12:00:00Z, or seconds since 1970")
    };
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(at)) => at.as_i64().map(Some).ok_or_else(wrong),
        Some(Value::String(at)) => {
            at.parse::<jiff::Timestamp>().map(|at| Some(at.as_second())).map_err(|_| wrong())
        }
        Some(_) => Err(wrong()),
    }
}

/// The site that a body names, or the one its sender is bound to.
fn site_of(
    state: &State,
    allowed: &Allowed<Write>,
    body: &Map<String, Value>,
) -> Result<Arc<Site>, ApiError> {
    match (body.get("site_id"), state.bound_site(allowed)?) {
        (None | Some(Value::Null), Some(site)) => Ok(site),
        (Some(Value::String(domain)), _) => Ok(Arc::clone(state.gate.on_site(allowed, domain)?.site())),
        _ => Err(ApiError::bad_request("missing_field", "`site_id` is required: the domain of a site")
            .field("site_id")),
    }
}

/// A rule that the proof reaches.
async fn held(state: &State, allowed: &Allowed<Write>, id: Uuid) -> Result<RuleView, ApiError> {
    let (view, site) = state.alerting(allowed).rule(id).await?;
    if allowed.reach().covers(site) { Ok(view) } else { Err(unknown("alert")) }
}

async fn mine(state: &State, call: &Call, id: &str) -> Result<(Uuid, Allowed<Write>), ApiError> {
    post(call)?;
    let allowed = state.gate.allow::<Write>(call)?;
    let id = parse_id("alert", id)?;
    held(state, &allowed, id).await?;
    Ok((id, allowed))
}

fn opening(body: &Map<String, Value>) -> Result<Option<OpeningId>, ApiError> {
    let Some(opening) = body.get("opening").filter(|opening| !opening.is_null()) else { return Ok(None) };
    let id = opening.as_str().and_then(|opening| opening.parse().ok());
    let id =
        id.ok_or_else(|| ApiError::bad_request("invalid_value", "`opening` is not an id").field("opening"))?;
    Ok(Some(OpeningId(id)))
}

async fn audit(state: &State, allowed: &Allowed<Write>, action: &str, id: Uuid) -> Result<(), ApiError> {
    Ok(state.alerting(allowed).meta().audit(&allowed.who().to_string(), action, &id.to_string()).await?)
}
