//! `GET /api/v1/alerts/history`: what happened to alerts, newest first.
//!
//! `?site_id=` and `?alert_id=` narrow it, `?limit=` says how much (100, at most 1,000), and `?before=` takes
//! the `id` of the last one seen, for what came before it. `/{id}` is one step, with the slices of the
//! traffic that contributed most.

use std::sync::Arc;

use opentrace_store::meta::{AlertHistoryPage, AlertHistoryRecord};
use serde_json::{Value, json as object};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::{Answer, ApiError, Call, State, at, json, on};
use crate::auth::{Allowed, Read};

const USUAL: u32 = 100;
const MOST: u32 = 1_000;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let all = on(warp::path!("api" / "v1" / "alerts" / "history"), state, |state, call| async move {
        get(&call)?;
        show(&state, &call).await
    });
    let one =
        at(warp::path!("api" / "v1" / "alerts" / "history" / String), state, |state, call, id| async move {
            get(&call)?;
            explain(&state, &call, &id).await
        });
    all.or(one).unify().boxed()
}

fn get(call: &Call) -> Result<(), ApiError> {
    if call.method == Method::GET { Ok(()) } else { Err(ApiError::method(&call.method, "GET")) }
}

async fn explain(state: &State, call: &Call, id: &str) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let unknown = || ApiError::not_found("unknown_step", "nothing happened under this id");
    let seq: i64 = id.parse().map_err(|_| unknown())?;
    let page = AlertHistoryPage {
        sites: sites_of(state, &allowed, call)?,
        after: Some(seq.saturating_sub(1)),
        limit: 1,
        ..AlertHistoryPage::default()
    };
    let alerts = state.watched(&allowed);
    let records = alerts.meta().alert_history(&page).await?;
    let record = records.first().filter(|record| record.seq == seq).ok_or_else(unknown)?;
    let mut answer = step(state, &allowed, record);
    let site = state.sites_of(&allowed).into_iter().find(|site| site.id.0 == record.row.site);
    let slices = match site {
        Some(site) => alerts.slices(&site, record).await?,
        None => Vec::new(),
    };
    answer["slices"] = object!(slices);
    Ok(json(StatusCode::OK, &answer))
}

async fn show(state: &State, call: &Call) -> Answer {
    let allowed = state.gate.allow::<Read>(call)?;
    let number = |name: &'static str| -> Result<Option<i64>, ApiError> {
        let wrong =
            || ApiError::bad_request("invalid_value", format!("`{name}` is not a number")).field(name);
        call.parameter(name).map(|text| text.parse().map_err(|_| wrong())).transpose()
    };
    let limit = number("limit")?.unwrap_or(i64::from(USUAL));
    let page = AlertHistoryPage {
        sites: sites_of(state, &allowed, call)?,
        rule: call.parameter("alert_id"),
        after: None,
        before: number("before")?,
        limit: u32::try_from(limit).unwrap_or_default().clamp(1, MOST),
    };
    let records = state.watched(&allowed).meta().alert_history(&page).await?;
    let steps: Vec<Value> = records.iter().map(|record| step(state, &allowed, record)).collect();
    Ok(json(StatusCode::OK, &object!({ "history": steps })))
}

/// The sites that somebody asks for and may see; `None` for every one.
pub(super) fn sites_of(
    state: &State,
    allowed: &Allowed<Read>,
    call: &Call,
) -> Result<Option<Vec<u32>>, ApiError> {
    match call.parameter("site_id") {
        Some(domain) => Ok(Some(vec![state.gate.on_site(allowed, &domain)?.site().id.0])),
        None => Ok(state.bound_site(allowed)?.map(|site| vec![site.id.0])),
    }
}

/// A step as it is shown: `{"id", "type", "timestamp", "alert_id", "site_id", …}`.
pub(super) fn step(state: &State, allowed: &Allowed<Read>, record: &AlertHistoryRecord) -> Value {
    let row = &record.row;
    let mut step: Value = serde_json::from_str(&row.body).unwrap_or_else(|_| object!({}));
    let site = state.sites_of(allowed).into_iter().find(|site| site.id.0 == row.site);
    if let Some(name) = step["by"].as_str().and_then(|who| state.gate.people().called(who)) {
        step["by"] = Value::from(name);
    }
    step["id"] = Value::from(record.seq);
    step["type"] = Value::from(format!("alert.{}", row.kind));
    step["timestamp"] =
        Value::from(jiff::Timestamp::from_millisecond(row.at).unwrap_or_default().to_string());
    step["site_id"] = site.map_or(Value::Null, |site| Value::from(site.domain.as_str()));
    step
}
