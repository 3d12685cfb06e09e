//! `POST /api/v2/query`: one question, one answer.

use std::sync::Arc;

use opentrace_query::{DateRange, Query, QueryError, Range, parse};
use tokio::time::timeout;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::{CONTENT_TYPE, HeaderValue};
use warp::reply::{Reply, Response};

use super::cache::Turn;
use super::question::{Question, asked, read};
use super::turns::busy;
use super::{Answer, ApiError, Call, State};
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
    let question = Question::of(&state, state.gate.on_site(&allowed, &domain)?).await?;
    let query = parse::from_value_with(&value, &question.vocabulary)?;
    let generation = state.generation(&question.site);
    let first = match (key(&question, &query)?, generation) {
        (Some(asked), Some(generation)) => {
            let turn = timeout(state.limits.question.time, state.answers.turn(asked, generation)).await;
            match turn.map_err(|_| busy())? {
                Turn::Answered(answer) => return Ok(told(answer.to_string())),
                Turn::First(first) => Some(first),
            }
        }
        _ => None,
    };
    let _turn = state.turns.take(question.weight(&query)).await?;
    let answer = question.asking().answer(&query).await?;
    let text =
        serde_json::to_string(&answer).map_err(|error| ApiError::internal("writing an answer", &error))?;
    if let Some(first) = first {
        first.answered(&text);
    }
    Ok(told(text))
}

/// Everything that an answer follows from but the data; nothing where it tells about this moment, or
/// nothing tells how long it holds.
fn key(question: &Question<'_>, query: &Query) -> Result<Option<String>, QueryError> {
    let include = query.include;
    let of_now = include.explain || include.partial_time_labels || include.epoch;
    if of_now || include.corrected_since.is_some() || query.is_of_models() {
        return Ok(None);
    }
    let asking = question.asking();
    let range = Range::resolve(&query.date_range, asking.site, asking.now, None)?;
    let today = Range::resolve(&DateRange::Day, asking.site, asking.now, None)?;
    let (site, goals) = (asking.site, asking.goals);
    let range = (range.from, range.to, today.first);
    Ok(Some(format!("{query:?} {site:?} {goals:?} {:?} {range:?}", asking.views)))
}

fn told(text: String) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
