//! `GET /api/v1/properties?site_id=`: the keys of properties that a site's events have.

use std::sync::Arc;

use opentrace_query::Property;
use serde::Serialize;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::question::asked;
use super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;
use crate::clock;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    asked(warp::path!("api" / "v1" / "properties"), state, list)
}

#[derive(Debug, Serialize)]
struct Listed {
    properties: Vec<Property>,
}

async fn list(state: Arc<State>, call: Call) -> Answer {
    if call.method != Method::GET {
        return Err(ApiError::method(&call.method, "GET"));
    }
    let allowed = state.gate.allow::<Read>(&call)?;
    let domain = call.required("site_id")?;
    let site = state.gate.on_site(&allowed, &domain)?;
    let properties = opentrace_query::properties(state.store(&site), site.site(), clock::now()).await?;
    Ok(json(StatusCode::OK, &Listed { properties }))
}
