//! `/api/v1/segments` and `/api/v1/metrics`: words that a site adds to the query language.
//!
//! `GET ?site_id=` lists, `POST` makes, and `/{id}` takes `PUT` and `DELETE`, with `?site_id=` or the
//! site in the body.

use std::sync::Arc;

use opentrace_query::parse;
use opentrace_store::meta::{WordKind, WordRecord};
use serde::Serialize;
use serde_json::{Map, Value};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::{Answer, ApiError, Call, State, at, json, on};
use crate::auth::{Allowed, OnSite, Read, Write};

const BODY_LIMIT: usize = 64 * 1024;
const LONGEST_NAME: usize = 200;
/// Words of a site, of each kind.
const MOST: usize = 500;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    resource(state, "segments", WordKind::Segment)
        .or(resource(state, "metrics", WordKind::Metric))
        .unify()
        .boxed()
}

fn resource(state: &Arc<State>, many: &'static str, kind: WordKind) -> BoxedFilter<(Response,)> {
    let path = || warp::path("api").and(warp::path("v1")).and(warp::path(many));
    let all = on(path().and(warp::path::end()), state, move |state, call| async move {
        match call.method {
            Method::GET => list(&state, &call, many, kind).await,
            Method::POST => create(&state, call, kind).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let one = path().and(warp::path::param()).and(warp::path::end());
    let one = at(one, state, move |state, call, id| async move {
        match call.method {
            Method::PUT => replace(&state, call, kind, &id).await,
            Method::DELETE => delete(&state, &call, kind, &id).await,
            ref other => Err(ApiError::method(other, "PUT, DELETE")),
        }
    });
    all.or(one).unify().boxed()
}

/// A word as it is shown.
#[derive(Debug, Serialize)]
struct View {
    id: i64,
    site_id: String,
    name: String,
    /// What it was asked for with.
    #[serde(flatten)]
    body: Map<String, Value>,
    /// Milliseconds since 1970.
    created_at: i64,
    updated_at: i64,
}

async fn list(state: &State, call: &Call, many: &'static str, kind: WordKind) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let domain = call.required("site_id")?;
    let site = state.gate.on_site(&allowed, &domain)?;
    let mut words = state.definitions(&site).meta.words(site.site().id).await?;
    words.retain(|word| word.kind == kind);
    let views: Vec<View> = words.into_iter().map(|word| view(&site.site().domain, word)).collect();
    let views =
        serde_json::to_value(views).map_err(|error| ApiError::internal("writing an answer", &error))?;
    Ok(json(StatusCode::OK, &Map::from_iter([(many.to_owned(), views)])))
}

async fn create(state: &State, mut call: Call, kind: WordKind) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let mut body = body_of(state, &mut call).await?;
    let site = site_of(state, &allowed, &call, &mut body)?;
    let (name, text) = checked(body, kind)?;
    let meta = state.site_settings(&site).meta;
    let held = meta.words(site.site().id).await?;
    if held.iter().filter(|word| word.kind == kind).count() >= MOST {
        let message = format!("a site can have {MOST} {}s", kind.name());
        return Err(ApiError::conflict("too_many_definitions", message));
    }
    let word = meta.create_word(site.site().id, kind, &name, &text).await?;
    state.site_settings(&site).words_changed(site.site().id).await;
    audit(state, &allowed, &site, kind, "create", word.id).await?;
    Ok(json(StatusCode::CREATED, &view(&site.site().domain, word)))
}

async fn replace(state: &State, mut call: Call, kind: WordKind, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let mut body = body_of(state, &mut call).await?;
    let site = site_of(state, &allowed, &call, &mut body)?;
    let (name, text) = checked(body, kind)?;
    let id = number(id, kind)?;
    let settings = state.site_settings(&site);
    let word = settings.meta.update_word(site.site().id, id, kind, &name, &text).await?;
    settings.words_changed(site.site().id).await;
    audit(state, &allowed, &site, kind, "change", id).await?;
    Ok(json(StatusCode::OK, &view(&site.site().domain, word)))
}

async fn delete(state: &State, call: &Call, kind: WordKind, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    let site = site_of(state, &allowed, call, &mut Map::new())?;
    let id = number(id, kind)?;
    let settings = state.site_settings(&site);
    settings.meta.delete_word(site.site().id, id, kind).await?;
    settings.words_changed(site.site().id).await;
    audit(state, &allowed, &site, kind, "delete", id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn body_of(state: &State, call: &mut Call) -> Result<Map<String, Value>, ApiError> {
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    match parse::value_of(&body.bytes)? {
        Value::Object(body) => Ok(body),
        _ => Err(ApiError::bad_request("invalid_type", "the body must be an object")),
    }
}

/// The site in the body, in the address, or of the key.
fn site_of(
    state: &State,
    allowed: &Allowed<Write>,
    call: &Call,
    body: &mut Map<String, Value>,
) -> Result<OnSite<Write>, ApiError> {
    let domain = match body.remove("site_id") {
        Some(Value::String(domain)) => Some(domain),
        Some(_) => {
            return Err(ApiError::bad_request("invalid_type", "`site_id` must be a string").field("site_id"));
        }
        None => call.parameter("site_id"),
    };
    let domain = match (domain, state.bound_site(allowed)?) {
        (Some(domain), _) => domain,
        (None, Some(site)) => site.domain.clone(),
        (None, None) => return Err(ApiError::missing("site_id")),
    };
    state.gate.on_site(allowed, &domain)
}

/// A name, and the JSON of what it stands for, which is read to see that it means something.
fn checked(mut body: Map<String, Value>, kind: WordKind) -> Result<(String, String), ApiError> {
    let name = match body.remove("name") {
        Some(Value::String(name)) => name.trim().to_owned(),
        Some(_) => return Err(ApiError::bad_request("invalid_type", "`name` must be a string").field("name")),
        None => return Err(ApiError::missing("name")),
    };
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains('\0') {
        let message = format!("a name has from 1 to {LONGEST_NAME} characters");
        return Err(ApiError::bad_request("invalid_value", message).field("name"));
    }
    let body = Value::Object(body);
    match kind {
        WordKind::Segment => {
            let filters = body.get("filters").ok_or_else(|| ApiError::missing("filters"))?;
            if let Some(key) =
                body.as_object().into_iter().flatten().map(|(key, _)| key).find(|key| *key != "filters")
            {
                return Err(
                    ApiError::bad_request("unknown_field", format!("unknown key `{key}`")).field(key.clone())
                );
            }
            parse::measures::segment(filters)?;
        }
        WordKind::Metric => drop(parse::measures::metric(&name, &body)?),
    }
    Ok((name, body.to_string()))
}

fn number(id: &str, kind: WordKind) -> Result<i64, ApiError> {
    id.parse().map_err(|_| ApiError::not_found("not_found", format!("there is no such {}", kind.name())))
}

async fn audit(
    state: &State,
    allowed: &Allowed<Write>,
    site: &OnSite<Write>,
    kind: WordKind,
    what: &str,
    id: i64,
) -> Result<(), ApiError> {
    let meta = state.site_settings(site).meta;
    let action = format!("{}.{what}", kind.name());
    Ok(meta.audit(&allowed.who().to_string(), &action, &id.to_string()).await?)
}

fn view(domain: &str, word: WordRecord) -> View {
    View {
        id: word.id,
        site_id: domain.to_owned(),
        name: word.name,
        body: serde_json::from_str(&word.body).unwrap_or_default(),
        created_at: word.created_at,
        updated_at: word.updated_at,
    }
}
