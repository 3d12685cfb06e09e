//! `POST /api/v1/clusters`: the segments that the site's live model has found, and what sets them apart;
//! `POST /api/v1/recommend`: what somebody will probably look at next.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::super::question::asked;
use super::super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;
use crate::models::Kind;
use crate::models::predict::{Asked, MOST};

const BODY_LIMIT: usize = 64 * 1024;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let clusters = asked(warp::path!("api" / "v1" / "clusters"), state, clusters);
    let recommend = asked(warp::path!("api" / "v1" / "recommend"), state, recommend);
    clusters.or(recommend).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfSite {
    site_id: String,
}

async fn clusters(state: Arc<State>, mut call: Call) -> Answer {
    super::only(&call, Method::POST, "POST")?;
    let allowed = state.gate.allow::<Read>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let OfSite { site_id } = super::read(&body.bytes)?;
    let site = state.gate.on_site(&allowed, &site_id)?;
    let models = state.models(&site);
    let (record, version) =
        models.live_of(site.site(), Kind::Segments).await?.ok_or_else(|| none(Kind::Segments))?;
    let clusters = models.clusters(site.site(), &record, version).await?;
    let model = json!({ "id": record.id, "version": version, "kind": record.kind });
    Ok(json(StatusCode::OK, &json!({ "clusters": clusters, "model": model })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recommend {
    site_id: String,
    /// The visitor whose pages count.
    visitor: Option<String>,
    /// What somebody has seen.
    #[serde(default)]
    items: Vec<String>,
    #[serde(default = "ten")]
    k: usize,
}

fn ten() -> usize {
    10
}

async fn recommend(state: Arc<State>, mut call: Call) -> Answer {
    super::only(&call, Method::POST, "POST")?;
    let allowed = state.gate.allow::<Read>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let Recommend { site_id, visitor, items, k } = super::read(&body.bytes)?;
    let site = state.gate.on_site(&allowed, &site_id)?;
    if !(1..=MOST).contains(&k) {
        let message = format!("`k` must be from 1 to {MOST}");
        return Err(ApiError::bad_request("invalid_value", message).field("k"));
    }
    let models = state.models(&site);
    let (record, version) =
        models.live_of(site.site(), Kind::Recommend).await?.ok_or_else(|| none(Kind::Recommend))?;
    let ask =
        Asked { visitors: visitor.map(|visitor| vec![visitor]), items: Some(items), ..Asked::default() };
    let items = models.recommend(site.site(), &record, version, &ask, k).await?;
    let model = json!({ "id": record.id, "version": version, "kind": record.kind });
    Ok(json(StatusCode::OK, &json!({ "items": items, "model": model })))
}

/// Nothing of the kind was trained on the site.
fn none(kind: Kind) -> ApiError {
    let kind = kind.name();
    ApiError::not_found("no_model", format!("no model of the kind {kind} is live on the site"))
        .hint(format!("POST /api/v1/models {{\"site_id\": …, \"kind\": \"{kind}\"}} trains one"))
}
