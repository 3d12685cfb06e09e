//! `POST /api/v2/query`: one question, one answer.

use std::sync::Arc;

use opentrace_query::parse;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::question::{Question, asked, read};
use super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;

/// A question is a few hundred bytes.
const BODY_LIMIT: usize = 256 * 1024;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    asked(warp::path!("api" / "v2" / "query"), state, ask)
}

async fn ask(state: Arc<State>, mut call: Call) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Read>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let (value, domain) = read(&body.bytes)?;
    let question = Question::about(&state, &allowed, &domain).await?;
    let query = parse::from_value_with(&value, &question.vocabulary)?;
    let answer = question.asking().answer(&query).await?;
    Ok(json(StatusCode::OK, &answer))
}
