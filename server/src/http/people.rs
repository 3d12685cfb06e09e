//! `GET /api/v1/people?site_id=`: who is known by an id, where the site is in identified mode; with
//! `search` those whose id holds it, with `user_id` what one of them did.

use std::sync::Arc;

use opentrace_query::{Deed, Known, deeds, people};
use serde::Serialize;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::question::asked;
use super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;
use crate::clock;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    asked(warp::path!("api" / "v1" / "people"), state, list)
}

#[derive(Debug, Serialize)]
struct Listed {
    people: Vec<Known>,
}

#[derive(Debug, Serialize)]
struct Told {
    events: Vec<Deed>,
}

async fn list(state: Arc<State>, call: Call) -> Answer {
    if call.method != Method::GET {
        return Err(ApiError::method(&call.method, "GET"));
    }
    let allowed = state.gate.allow::<Read>(&call)?;
    let domain = call.required("site_id")?;
    let site = state.gate.on_site(&allowed, &domain)?;
    if !site.site().identified {
        return Err(ApiError::conflict(
            "not_identified",
            "this site knows nobody: it is not in identified mode",
        )
        .hint("PATCH /api/v1/sites/{domain} with `identified`"));
    }
    let (store, about, now) = (state.store(&site), site.site(), clock::now());
    match call.parameter("user_id") {
        Some(user) => Ok(json(StatusCode::OK, &Told { events: deeds(store, about, &user, now).await? })),
        None => {
            let within = call.parameter("search").unwrap_or_default();
            Ok(json(StatusCode::OK, &Listed { people: people(store, about, &within, now).await? }))
        }
    }
}
