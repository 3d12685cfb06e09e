//! Models of sites: `/api/v1/models` and what is below it, `/api/v1/clusters` and `/api/v1/recommend`.
//!
//! `GET ?site_id=` lists, `POST` makes one and has it trained, or takes one that was trained elsewhere
//! ([`upload`]). `/{id}` takes `GET` and `DELETE`; `/{id}/versions` and `/{id}/progress` (server-sent
//! events) `GET`; `/{id}/train`, `/{id}/cancel`, `/{id}/promote` and `/{id}/predict` `POST`.

mod clusters;
mod upload;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, future, stream};
use opentrace_store::meta::ModelRecord;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_stream::wrappers::WatchStream;
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};
use warp::sse::Event;

use super::push::push;
use super::{Answer, ApiError, Call, State, at, json, on};
use crate::auth::{Allowed, OnSite, Read, Right, Write};
use crate::models::predict::Asked;
use crate::models::{DeskError, Kind, LessonError, Options, TrainError, Wish};

const BODY_LIMIT: usize = 1024 * 1024;
const LONGEST_NAME: usize = 200;
/// How often a model can be trained anew, in hours.
const LEAST_HOURS: u64 = 1;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let all = on(warp::path!("api" / "v1" / "models"), state, |state, call| async move {
        match call.method {
            Method::GET => list(&state, &call).await,
            Method::POST if upload::is_one(&call) => upload::take(&state, call).await,
            Method::POST => make(&state, call).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let one = at(warp::path!("api" / "v1" / "models" / String), state, |state, call, id| async move {
        match call.method {
            Method::GET => show(&state, &call, &id).await,
            Method::DELETE => remove(&state, &call, &id).await,
            ref other => Err(ApiError::method(other, "GET, DELETE")),
        }
    });
    let below = |name: &'static str| {
        warp::path("api")
            .and(warp::path("v1"))
            .and(warp::path("models"))
            .and(warp::path::param::<String>().and(warp::path(name)).and(warp::path::end()))
    };
    let versions =
        at(below("versions"), state, |state, call, id| async move { versions(&state, &call, &id).await });
    let progress =
        at(below("progress"), state, |state, call, id| async move { progress(&state, &call, &id).await });
    let train = at(below("train"), state, |state, call, id| async move { train(&state, &call, &id).await });
    let cancel =
        at(below("cancel"), state, |state, call, id| async move { cancel(&state, &call, &id).await });
    let promote =
        at(below("promote"), state, |state, call, id| async move { promote(&state, call, &id).await });
    let predict =
        at(below("predict"), state, |state, call, id| async move { predict(&state, call, &id).await });
    all.or(one)
        .unify()
        .or(versions)
        .unify()
        .or(progress)
        .unify()
        .or(train)
        .unify()
        .or(cancel)
        .unify()
        .or(promote)
        .unify()
        .or(predict)
        .unify()
        .or(clusters::routes(state))
        .unify()
        .boxed()
}

/// What is asked for, besides the options of training.
#[derive(Debug, Deserialize)]
struct Wanted {
    site_id: String,
    kind: String,
    name: Option<String>,
    /// `24h`, `7d`: how often it is trained anew.
    every: Option<String>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

async fn list(state: &State, call: &Call) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let site = state.gate.on_site(&allowed, &call.required("site_id")?)?;
    let models = state.models(&site).list(site.site()).await?;
    Ok(json(StatusCode::OK, &json!({ "models": models })))
}

async fn make(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let wanted: Wanted = read(&body.bytes)?;
    let site = state.gate.on_site(&allowed, &wanted.site_id)?;
    let kind: Kind = wanted.kind.parse().map_err(|error: crate::models::UnknownKind| {
        ApiError::bad_request("invalid_value", error.to_string()).field("kind")
    })?;
    let options = Options::read(kind, Value::Object(wanted.options))
        .map_err(|error| ApiError::bad_request("invalid_value", error.to_string()).field(error.field))?;
    let name = name_of(wanted.name.as_deref().unwrap_or(kind.name()))?;
    let wish = Wish { kind, name, options, every: wanted.every.as_deref().map(every).transpose()? };
    let (record, training) = state.model_settings(&site).make(site.site(), wish).await?;
    audit(state, &allowed, &site, "create", record.id).await?;
    Ok(json(
        StatusCode::ACCEPTED,
        &json!({
            "id": record.id, "name": record.name, "kind": record.kind, "training": training,
        }),
    ))
}

async fn show(state: &State, call: &Call, id: &str) -> Answer {
    let (record, site) = found::<Read>(state, call, id).await?;
    let view = state.models(&site).view(site.site(), record).await?;
    Ok(json(StatusCode::OK, &view))
}

async fn remove(state: &State, call: &Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Write>(call)?;
    let (record, site) = found::<Write>(state, call, id).await?;
    state.model_settings(&site).remove(site.site(), &record).await?;
    audit(state, &allowed, &site, "delete", record.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn versions(state: &State, call: &Call, id: &str) -> Answer {
    only(call, Method::GET, "GET")?;
    let (record, site) = found::<Read>(state, call, id).await?;
    let models = state.models(&site);
    let (versions, trainings) = (models.versions(&record)?, models.trainings(&record).await?);
    Ok(json(StatusCode::OK, &json!({ "versions": versions, "trainings": trainings })))
}

/// How the training goes, until it is over; of a model that was not trained since the start, what became
/// of its last training.
async fn progress(state: &State, call: &Call, id: &str) -> Answer {
    only(call, Method::GET, "GET")?;
    let (record, site) = found::<Read>(state, call, id).await?;
    let models = state.models(&site);
    let Some(watched) = models.progress(&record) else {
        let last = models.trainings(&record).await?.into_iter().next();
        let last = serde_json::to_string(&last).unwrap_or_default();
        let event = Event::default().event("progress").data(last);
        let events = stream::once(future::ready(Ok::<_, Infallible>(event)));
        return Ok(warp::sse::reply(events).into_response());
    };
    let said = stream::unfold(Some(WatchStream::new(watched)), |rest| async {
        let mut rest = rest?;
        let progress = rest.next().await?;
        let goes_on = !progress.is_over();
        Some((progress, goes_on.then_some(rest)))
    });
    let events = said.map(|progress| {
        let text = serde_json::to_string(&progress).unwrap_or_default();
        Ok::<_, Infallible>(Event::default().event("progress").data(text))
    });
    Ok(push(events, &state.stop))
}

async fn train(state: &State, call: &Call, id: &str) -> Answer {
    only(call, Method::POST, "POST")?;
    let allowed = state.gate.allow::<Write>(call)?;
    let (record, site) = found::<Write>(state, call, id).await?;
    let training = state.model_settings(&site).train_again(&record, "asked").await?;
    audit(state, &allowed, &site, "train", record.id).await?;
    Ok(json(StatusCode::ACCEPTED, &json!({ "id": record.id, "training": training })))
}

async fn cancel(state: &State, call: &Call, id: &str) -> Answer {
    only(call, Method::POST, "POST")?;
    let (record, site) = found::<Write>(state, call, id).await?;
    state.model_settings(&site).cancel(&record)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promotion {
    version: u32,
    /// Whether it goes live in any case.
    #[serde(default)]
    force: bool,
}

async fn promote(state: &State, mut call: Call, id: &str) -> Answer {
    only(&call, Method::POST, "POST")?;
    let allowed = state.gate.allow::<Write>(&call)?;
    let (record, site) = found::<Write>(state, &call, id).await?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let Promotion { version, force } = read(&body.bytes)?;
    let trial = state.model_settings(&site).promote(site.site(), &record, version, force).await?;
    audit(state, &allowed, &site, "promote", record.id).await?;
    let (candidate, live) = trial.map_or((None, None), |trial| (Some(trial.candidate), trial.live));
    Ok(json(
        StatusCode::OK,
        &json!({
            "id": record.id, "version": version, "promoted": true, "candidate": candidate, "live": live,
        }),
    ))
}

async fn predict(state: &State, mut call: Call, id: &str) -> Answer {
    only(&call, Method::POST, "POST")?;
    let (record, site) = found::<Read>(state, &call, id).await?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let ask: Asked = if body.bytes.is_empty() { Asked::default() } else { read(&body.bytes)? };
    let said = state.models(&site).predict(site.site(), &record, ask).await?;
    Ok(json(StatusCode::OK, &said))
}

/// The model with this id, if the caller reaches its site.
async fn found<R: Right>(state: &State, call: &Call, id: &str) -> Result<(ModelRecord, OnSite<R>), ApiError> {
    let allowed = state.gate.allow::<R>(call)?;
    let unknown = || ApiError::not_found("not_found", "there is no such model");
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let (record, domain) = state.model(&allowed, id).await?.ok_or_else(unknown)?;
    // Who does not reach the site does not learn that there is such a model.
    let site = state.gate.on_site(&allowed, &domain).map_err(|_| unknown())?;
    Ok((record, site))
}

pub(super) fn only(call: &Call, method: Method, allowed: &'static str) -> Result<(), ApiError> {
    if call.method == method { Ok(()) } else { Err(ApiError::method(&call.method, allowed)) }
}

pub(super) fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::bad_request("invalid_json", error.to_string()))
}

pub(super) fn name_of(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains('\0') {
        let message = format!("a name has from 1 to {LONGEST_NAME} characters");
        return Err(ApiError::bad_request("invalid_value", message).field("name"));
    }
    Ok(name.to_owned())
}

/// `24h` or `7d`.
fn every(text: &str) -> Result<Duration, ApiError> {
    let wrong = || {
        ApiError::bad_request("invalid_value", "`every` must be hours or days, as in `24h` or `7d`")
            .field("every")
    };
    let (count, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let count: u64 = count.parse().map_err(|_| wrong())?;
    let hours = match unit {
        "h" => Some(count),
        "d" => count.checked_mul(24),
        _ => None,
    };
    let hours = hours.filter(|hours| (LEAST_HOURS..=24 * 365).contains(hours)).ok_or_else(wrong)?;
    Ok(Duration::from_secs(hours * 3_600))
}

pub(super) async fn audit(
    state: &State,
    allowed: &Allowed<Write>,
    site: &OnSite<Write>,
    what: &str,
    id: Uuid,
) -> Result<(), ApiError> {
    let meta = state.site_settings(site).meta;
    Ok(meta.audit(&allowed.who().to_string(), &format!("model.{what}"), &id.to_string()).await?)
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        let text = error.to_string();
        match error {
            DeskError::TooMany => Self::conflict("too_many_models", text),
            DeskError::QueueFull => Self::too_many("queue_full", text, Duration::from_secs(60)),
            DeskError::InTraining => Self::conflict("in_training", text),
            DeskError::NotInTraining => Self::conflict("not_in_training", text),
            DeskError::NoVersion(_) => Self::not_found("no_version", text).field("version"),
            DeskError::NotLive => {
                Self::conflict("not_live", text).hint("POST …/promote makes a version live")
            }
            DeskError::NotBetter { .. } => {
                Self::conflict("not_better", text).hint("`force` makes it live in any case")
            }
            DeskError::OtherKind { .. } => Self::conflict("other_kind", text),
            DeskError::OtherOption { option } => Self::conflict("other_options", text)
                .field(option)
                .hint("leave it out, or give the version another name"),
            DeskError::Options(error) => Self::bad_request("invalid_value", text).field(error.field),
            DeskError::Invalid(_) => Self::bad_request("invalid_value", text),
            DeskError::Store(error) => error.into(),
            DeskError::Model(error) => error.into(),
            DeskError::Work(error) => error.into(),
            DeskError::Train(error) => error.into(),
        }
    }
}

impl From<TrainError> for ApiError {
    /// The site's data teach nothing, or could not be read.
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Store(error) | TrainError::Lesson(LessonError::Store(error)) => error.into(),
            TrainError::Lesson(LessonError::Query(error)) => error.into(),
            TrainError::Model(error) | TrainError::Lesson(LessonError::Model(error)) => error.into(),
            TrainError::Work(error) => error.into(),
            TrainError::NoSite | TrainError::Cancelled => Self::conflict("not_trained", error.to_string()),
            TrainError::Lesson(error) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
            }
        }
    }
}
