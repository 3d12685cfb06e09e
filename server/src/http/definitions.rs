//! What users define: `/api/v1/goals`, `/api/v1/funnels`, `/api/v1/retentions` and `/api/v1/series`.
//!
//! `GET ?site_id=` lists, `POST` makes, and `/{id}` takes `GET`, `PUT` and `DELETE`. A new definition
//! is filled from history while events go on being counted; its `status` says how far that is.

use std::sync::Arc;

use opentrace_pipeline::Filling;
use opentrace_query::{Asked, Kind, define};
use opentrace_store::meta::{DefinitionChange, DefinitionRecord, kind_name};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::{Answer, ApiError, Call, State, at, json, on};
use crate::auth::{OnSite, Read, Write};

const BODY_LIMIT: usize = 64 * 1024;
const LONGEST_NAME: usize = 200;
/// Definitions of a site, of all kinds together.
const MOST: usize = 500;

/// A kind of definition and what it is called.
#[derive(Clone, Copy, Debug)]
struct Resource {
    kind: Kind,
    /// In the path and in lists.
    many: &'static str,
    /// In the metadata.
    one: &'static str,
}

const GOALS: Resource = Resource { kind: Kind::Goal, many: "goals", one: "goal" };
const FUNNELS: Resource = Resource { kind: Kind::Funnel, many: "funnels", one: "funnel" };
const RETENTIONS: Resource = Resource { kind: Kind::Retention, many: "retentions", one: "retention" };
const SERIES: Resource = Resource { kind: Kind::Series, many: "series", one: "series" };

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    resource(state, GOALS)
        .or(resource(state, FUNNELS))
        .unify()
        .or(resource(state, RETENTIONS))
        .unify()
        .or(resource(state, SERIES))
        .unify()
        .boxed()
}

fn resource(state: &Arc<State>, of: Resource) -> BoxedFilter<(Response,)> {
    let path = || warp::path("api").and(warp::path("v1")).and(warp::path(of.many));
    let all = on(path().and(warp::path::end()), state, move |state, call| async move {
        match call.method {
            Method::GET => list(&state, &call, of).await,
            Method::POST => create(&state, call, of).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let one = path().and(warp::path::param()).and(warp::path::end());
    let one = at(one, state, move |state, call, id| async move {
        match call.method {
            Method::GET => show(&state, &call, of, &id).await,
            Method::PUT => replace(&state, call, of, &id).await,
            Method::DELETE => delete(&state, &call, of, &id).await,
            ref other => Err(ApiError::method(other, "GET, PUT, DELETE")),
        }
    });
    all.or(one).unify().boxed()
}

/// A definition as it is shown.
#[derive(Debug, Serialize)]
struct View {
    id: Uuid,
    site_id: String,
    name: String,
    /// What it was asked for with.
    #[serde(flatten)]
    body: Map<String, Value>,
    status: Filling,
    /// Milliseconds since 1970.
    created_at: i64,
    updated_at: i64,
}

async fn list(state: &State, call: &Call, of: Resource) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let domain = call.required("site_id")?;
    let site = state.gate.on_site(&allowed, &domain)?;
    let records = held(state, &site, of).await?;
    let views: Vec<View> = records.into_iter().map(|record| view(state, &site, record)).collect();
    Ok(json(StatusCode::OK, &Map::from_iter([(of.many.to_owned(), to_json(&views)?)])))
}

async fn show(state: &State, call: &Call, of: Resource, id: &str) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    for site in state.sites_of(&allowed) {
        let site = state.gate.on_site(&allowed, &site.domain)?;
        if let Some(record) = held(state, &site, of).await?.into_iter().find(|record| is(record, id)) {
            return Ok(json(StatusCode::OK, &view(state, &site, record)));
        }
    }
    Err(unknown(of))
}

async fn create(state: &State, mut call: Call, of: Resource) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let (asked, body) = read(state, &mut call, of).await?;
    let domain = asked.site_id.as_deref();
    let domain = match domain {
        Some(domain) => domain.to_owned(),
        None => match state.bound_site(&allowed)? {
            Some(site) => site.domain.clone(),
            None => return Err(ApiError::missing("site_id")),
        },
    };
    let site = state.gate.on_site(&allowed, &domain)?;
    let settings = state.site_settings(&site);
    if settings.definitions(site.site().id).await?.len() >= MOST {
        let message = format!("a site can have {MOST} definitions");
        return Err(ApiError::conflict("too_many_definitions", message));
    }
    let change = change(asked, body)?;
    settings.check(site.site(), None, &change.spec).await?;
    let record = settings.meta.create_definition(site.site().id, &change).await?;
    settings.replan(site.site().id).await?;
    let action = format!("{}.create", of.one);
    settings.meta.audit(&allowed.who().to_string(), &action, &record.id.to_string()).await?;
    Ok(json(StatusCode::CREATED, &view_of(&settings, site.site(), record)))
}

async fn replace(state: &State, mut call: Call, of: Resource, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let (site, old) = found(state, &allowed, of, id).await?;
    let (asked, body) = read(state, &mut call, of).await?;
    let asked = Asked { name: asked.name.or(Some(old.name)), ..asked };
    let settings = state.site_settings(&site);
    let change = change(asked, body)?;
    settings.check(site.site(), Some(old.id), &change.spec).await?;
    let record = settings.meta.update_definition(old.id, &change).await?;
    settings.replan(site.site().id).await?;
    let action = format!("{}.change", of.one);
    settings.meta.audit(&allowed.who().to_string(), &action, &record.id.to_string()).await?;
    Ok(json(StatusCode::OK, &view_of(&settings, site.site(), record)))
}

async fn delete(state: &State, call: &Call, of: Resource, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    let (site, old) = found(state, &allowed, of, id).await?;
    let settings = state.site_settings(&site);
    settings.meta.delete_definition(old.id).await?;
    settings.replan(site.site().id).await?;
    let action = format!("{}.delete", of.one);
    settings.meta.audit(&allowed.who().to_string(), &action, &old.id.to_string()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A definition that the proof reaches, and its site.
async fn found(
    state: &State,
    allowed: &crate::auth::Allowed<Write>,
    of: Resource,
    id: &str,
) -> Result<(OnSite<Write>, DefinitionRecord), ApiError> {
    for site in state.sites_of(allowed) {
        let site = state.gate.on_site(allowed, &site.domain)?;
        let records = state.site_settings(&site).definitions(site.site().id).await?;
        let fits = |record: &DefinitionRecord| is(record, id) && kind_name(&record.definition.spec) == of.one;
        if let Some(record) = records.into_iter().find(fits) {
            return Ok((site, record));
        }
    }
    Err(unknown(of))
}

async fn read(state: &State, call: &mut Call, of: Resource) -> Result<(Asked, Value), ApiError> {
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let body: Value = serde_json::from_slice(&body.bytes)
        .map_err(|error| ApiError::bad_request("invalid_json", format!("not JSON: {error}")))?;
    Ok((define(of.kind, &body)?, body))
}

fn change(asked: Asked, body: Value) -> Result<DefinitionChange, ApiError> {
    let name = asked.name.unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        return Err(ApiError::missing("name"));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(ApiError::bad_request("invalid_value", "the name is too long").field("name"));
    }
    let body = match body {
        Value::Object(mut body) => {
            body.remove("site_id");
            body.remove("name");
            Value::Object(body)
        }
        other => other,
    };
    Ok(DefinitionChange { name, body: body.to_string(), spec: asked.spec })
}

async fn held(state: &State, site: &OnSite<Read>, of: Resource) -> Result<Vec<DefinitionRecord>, ApiError> {
    let mut records = state.definitions(site).definitions(site.site().id).await?;
    records.retain(|record| kind_name(&record.definition.spec) == of.one);
    Ok(records)
}

fn view(state: &State, site: &OnSite<Read>, record: DefinitionRecord) -> View {
    view_of(&state.definitions(site), site.site(), record)
}

fn view_of(
    settings: &super::state::Settings<'_>,
    site: &opentrace_events::Site,
    record: DefinitionRecord,
) -> View {
    View {
        id: record.id,
        site_id: site.domain.clone(),
        name: record.name,
        body: serde_json::from_str(&record.body).unwrap_or_default(),
        status: settings.filling(record.definition.id),
        created_at: record.created_at,
        updated_at: record.updated_at,
    }
}

fn to_json(value: &impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(|error| ApiError::internal("writing an answer", &error))
}

fn is(record: &DefinitionRecord, id: &str) -> bool {
    id.parse::<Uuid>().is_ok_and(|id| id == record.id)
}

fn unknown(of: Resource) -> ApiError {
    ApiError::not_found("unknown_definition", format!("there is no such {}", of.one))
}
