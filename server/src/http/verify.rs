//! `POST /api/v1/verify`: recomputes every view of a site, or of all, from raw events and lists what
//! differs.
//!
//! The comparison means something only while nothing is under way, so it waits until the views have
//! caught up, and is made again where more events came in meanwhile.

use std::sync::Arc;
use std::time::Duration;

use opentrace_events::Site;
use opentrace_pipeline::PipelineError;
use opentrace_store::verify::Difference;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::state::Engine;
use super::{Answer, ApiError, Call, State, json, on};
use crate::auth::Admin;

const BODY_LIMIT: usize = 4 * 1024;
/// The longest that is waited for the views.
const CATCH_UP: Duration = Duration::from_secs(60);
/// How often it is looked whether history has been counted and people have been erased.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Comparisons that are made before giving up on a moment of rest.
const ATTEMPTS: usize = 5;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    on(warp::path!("api" / "v1" / "verify"), state, verify)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A domain; absent for every site the key reaches.
    site_id: Option<String>,
}

#[derive(Debug, Serialize)]
struct Verified {
    /// Sites that were compared.
    sites: usize,
    differences: Vec<Difference>,
}

async fn verify(state: Arc<State>, mut call: Call) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Admin>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let wanted: Wanted = serde_json::from_slice(&body.bytes).map_err(|error| {
        ApiError::bad_request("invalid_json", format!("not a request to verify: {error}"))
    })?;
    let sites = match &wanted.site_id {
        Some(domain) => vec![Arc::clone(state.gate.on_site(&allowed, domain)?.site())],
        None => state.sites_of(&allowed),
    };
    // Reading every event there is once is enough at a time.
    let Ok(_turn) = state.verifying.try_acquire() else {
        return Err(ApiError::unavailable("busy", "a comparison is being made already", CATCH_UP));
    };
    let differences = compare_at_rest(&state.engine(&allowed), &sites).await?;
    Ok(json(StatusCode::OK, &Verified { sites: sites.len(), differences }))
}

/// What differs while nothing is under way.
async fn compare_at_rest(engine: &Engine<'_>, sites: &[Arc<Site>]) -> Result<Vec<Difference>, ApiError> {
    for _ in 0..ATTEMPTS {
        caught_up(engine).await?;
        let before = engine.pipeline.status();
        let differences = compare(engine, sites).await?;
        let after = engine.pipeline.status();
        let rested = before.lag_events == 0 && before.log_events == after.log_events;
        if differences.is_empty() || rested {
            return Ok(differences);
        }
    }
    Err(ApiError::unavailable("not_at_rest", "events kept coming in while the views were compared", CATCH_UP)
        .hint("views and events are compared while nothing is collected"))
}

async fn caught_up(engine: &Engine<'_>) -> Result<(), ApiError> {
    let filled = async {
        engine.pipeline.settled().await?;
        while !engine.pipeline.is_filled() || !engine.pipeline.is_erased() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok::<_, PipelineError>(())
    };
    match timeout(CATCH_UP, filled).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(ApiError::internal("waiting for the views", &error)),
        Err(_) => Err(ApiError::unavailable("views_behind", "the views have not caught up", CATCH_UP)),
    }
}

async fn compare(engine: &Engine<'_>, sites: &[Arc<Site>]) -> Result<Vec<Difference>, ApiError> {
    let mut differences = Vec::new();
    for site in sites {
        let definitions = engine.definitions(site).await?;
        differences.extend(engine.store.verify(site, &definitions).await?);
    }
    Ok(differences)
}
