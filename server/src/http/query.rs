//! `POST /api/v2/query`: one question, one answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::{Answer, ApiError, Call, State, json, on};
use crate::auth::Read;
use crate::clock;

/// A question is a few hundred bytes.
const BODY_LIMIT: usize = 256 * 1024;
/// The longest a question waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    on(warp::path!("api" / "v2" / "query"), state, ask)
}

async fn ask(state: Arc<State>, mut call: Call) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Read>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let query = opentrace_query::parse(&body.bytes)?;
    let site = state.gate.on_site(&allowed, &query.site_id)?;
    // The semaphore is never closed, so an error is the timeout.
    let Ok(_turn) = timeout(PATIENCE, state.asking.acquire()).await else {
        return Err(ApiError::unavailable("busy", "too many questions at once", PATIENCE));
    };
    let views = state.views(&site);
    let answer = opentrace_query::run(state.store(&site), site.site(), &query, clock::now(), views).await?;
    Ok(json(StatusCode::OK, &answer))
}
