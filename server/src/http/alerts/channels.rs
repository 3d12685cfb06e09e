//! Channels: `GET` and `POST /api/v1/channels`, and `/{id}` with `GET`, `PATCH` and `DELETE`.
//!
//! Each says how many of its messages wait (`queued`) and were given up (`dead`). `POST /{id}/test` sends a message
//! now. `GET /{id}/messages?status=dead` shows what was given up (or `queued`, `delivered`), `POST /{id}/replay` puts
//! it back in the queue.

use std::collections::HashMap;
use std::sync::Arc;

use opentrace_events::SiteId;
use opentrace_store::meta::{AlertBacklog, AlertDelivery};
use serde_json::{Value, json as object};
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::{Answer, ApiError, Call, State, at, json, on, parse_id, read, unknown};
use crate::alerts::{ChannelChange, ChannelView};
use crate::auth::{Allowed, Reach, Write};

/// Messages in an answer.
const MESSAGES: u32 = 500;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let all = on(warp::path!("api" / "v1" / "channels"), state, |state, call| async move {
        match call.method {
            Method::GET => list(&state, &call).await,
            Method::POST => create(&state, call).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let one = at(warp::path!("api" / "v1" / "channels" / String), state, |state, call, id| async move {
        match call.method {
            Method::GET => show(&state, &call, &id).await,
            Method::PATCH => change(&state, call, &id).await,
            Method::DELETE => delete(&state, &call, &id).await,
            ref other => Err(ApiError::method(other, "GET, PATCH, DELETE")),
        }
    });
    let action = |name: &'static str| {
        let path = warp::path("api").and(warp::path("v1")).and(warp::path("channels"));
        path.and(warp::path::param::<String>()).and(warp::path(name)).and(warp::path::end())
    };
    let test = at(action("test"), state, |state, call, id| async move { test(&state, &call, &id).await });
    let messages =
        at(action("messages"), state, |state, call, id| async move { messages(&state, &call, &id).await });
    let replay =
        at(action("replay"), state, |state, call, id| async move { replay(&state, call, &id).await });
    all.or(test).unify().or(messages).unify().or(replay).unify().or(one).unify().boxed()
}

/// Whether a grant reaches a channel: who is bound to a site sees and changes that site's alone.
fn reaches(reach: Reach, site: Option<SiteId>) -> bool {
    match site {
        None => reach == Reach::All,
        Some(site) => reach.covers(site),
    }
}

async fn list(state: &State, call: &Call) -> Answer {
    // Channels hold addresses of people: who may only read figures does not see them.
    let allowed = state.gate.allow::<Write>(call)?;
    let reach = allowed.reach();
    let backlogs = state.alerting(&allowed).meta().channel_backlogs().await?;
    let views = state.alerting(&allowed).channels(|site| reaches(reach, site));
    let channels = views.iter().map(|view| shown(view, &backlogs)).collect::<Result<Vec<_>, _>>()?;
    Ok(json(StatusCode::OK, &object!({ "channels": channels })))
}

async fn create(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let body = read(state, &mut call).await?;
    let site = match body.get("site_id") {
        Some(Value::String(domain)) => Some(state.gate.on_site(&allowed, domain)?.site().id),
        None | Some(Value::Null) => state.bound_site(&allowed)?.map(|site| site.id),
        Some(_) => {
            return Err(ApiError::bad_request("invalid_value", "must be a domain").field("site_id"));
        }
    };
    let view = state.alerting(&allowed).create_channel(ChannelChange { body, site }).await?;
    audit(state, &allowed, "channel.create", view.id).await?;
    Ok(json(StatusCode::CREATED, &view))
}

async fn show(state: &State, call: &Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    let view = held(state, &allowed, id)?;
    let backlogs = state.alerting(&allowed).meta().channel_backlogs().await?;
    Ok(json(StatusCode::OK, &shown(&view, &backlogs)?))
}

/// A channel, and how many of its messages wait and were given up.
fn shown(view: &ChannelView, backlogs: &HashMap<String, AlertBacklog>) -> Result<Value, ApiError> {
    let mut answer =
        serde_json::to_value(view).map_err(|error| ApiError::internal("writing an answer", &error))?;
    let backlog = backlogs.get(&view.id.to_string()).copied().unwrap_or_default();
    answer["queued"] = Value::from(backlog.queued);
    answer["dead"] = Value::from(backlog.dead);
    Ok(answer)
}

async fn change(state: &State, mut call: Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let id = held(state, &allowed, id)?.id;
    let mut fields = read(state, &mut call).await?;
    if fields.remove("site_id").is_some() {
        return Err(ApiError::bad_request("invalid_value", "a channel stays with its site").field("site_id"));
    }
    let view = state.alerting(&allowed).change_channel(id, fields).await?;
    audit(state, &allowed, "channel.change", id).await?;
    Ok(json(StatusCode::OK, &view))
}

async fn delete(state: &State, call: &Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    let id = held(state, &allowed, id)?.id;
    state.alerting(&allowed).delete_channel(id).await?;
    audit(state, &allowed, "channel.delete", id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn test(state: &State, call: &Call, id: &str) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Write>(call)?;
    let id = held(state, &allowed, id)?.id;
    match state.alerting(&allowed).test_channel(id).await? {
        Ok(()) => Ok(json(StatusCode::OK, &object!({ "sent": true }))),
        Err(error) => Err(ApiError::new(StatusCode::BAD_GATEWAY, error.code(), error.to_string())),
    }
}

async fn messages(state: &State, call: &Call, id: &str) -> Answer {
    if call.method != Method::GET {
        return Err(ApiError::method(&call.method, "GET"));
    }
    let allowed = state.gate.allow::<Write>(call)?;
    let id = held(state, &allowed, id)?.id;
    let status = call.parameter("status").unwrap_or_else(|| "dead".to_owned());
    if !["queued", "delivered", "dead"].contains(&status.as_str()) {
        return Err(ApiError::bad_request("invalid_value", "`status` is not known")
            .field("status")
            .hint("queued, delivered or dead"));
    }
    let meta = state.alerting(&allowed).meta();
    let found = meta.channel_messages(&id.to_string(), &status, MESSAGES).await?;
    let views: Vec<Value> = found.iter().map(view).collect();
    Ok(json(StatusCode::OK, &object!({ "messages": views })))
}

fn view(delivery: &AlertDelivery) -> Value {
    let body: Value = serde_json::from_str(&delivery.message.body).unwrap_or_default();
    object!({
        "id": delivery.message.id,
        "opening": delivery.message.opening,
        "message": body["notice"],
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "next_at": delivery.message.next_at,
        "error": delivery.error,
    })
}

async fn replay(state: &State, mut call: Call, id: &str) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Write>(&call)?;
    let id = held(state, &allowed, id)?.id;
    let body = read(state, &mut call).await?;
    let replayed = state.alerting(&allowed).replay(id, body.get("message").and_then(Value::as_str)).await?;
    audit(state, &allowed, "channel.replay", id).await?;
    Ok(json(StatusCode::OK, &object!({ "replayed": replayed })))
}

/// A channel that the proof reaches.
fn held(state: &State, allowed: &Allowed<Write>, id: &str) -> Result<ChannelView, ApiError> {
    let id = parse_id("channel", id)?;
    let found = state.alerting(allowed).channel(id);
    let mine = found.filter(|(_, site)| reaches(allowed.reach(), *site));
    mine.map(|(view, _)| view).ok_or_else(|| unknown("channel"))
}

async fn audit(state: &State, allowed: &Allowed<Write>, action: &str, id: Uuid) -> Result<(), ApiError> {
    Ok(state.alerting(allowed).meta().audit(&allowed.who().to_string(), action, &id.to_string()).await?)
}
