//! `POST /api/v1/anomalies`: when a metric was unlike what it was before, and which slice explains it;
//! `GET` and `/stream`: what was found in the main series as they went on ([`found`]).

mod found;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::try_join_all;
use opentrace_models::anomaly::{Kind, Point, Sensitivity};
use opentrace_query::report;
use serde::Serialize;
use serde_json::{Map as Json, Value, json};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::question::{Question, asked, read};
use super::turns::Weight;
use super::{Answer, ApiError, Call, State, json, on};
use crate::auth::Read;
use crate::models::judge::{before, judge, usual};
use crate::models::slices::{Slice, slices};

const BODY_LIMIT: usize = 256 * 1024;
/// Points of an answer that are explained: the loudest.
const EXPLAINED: usize = 8;

const KEYS: [&str; 2] = ["sensitivity", "explain"];

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let judged = asked(warp::path!("api" / "v1" / "anomalies"), state, |state, call| async move {
        match call.method {
            Method::POST => answer(state, call).await,
            Method::GET => found::list(&state, &call).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    });
    let stream = on(warp::path!("api" / "v1" / "anomalies" / "stream"), state, |state, call| async move {
        found::stream(&state, &call)
    });
    judged.or(stream).unify().boxed()
}

/// A step and what the detector says of it.
#[derive(Debug, Serialize)]
struct Judged {
    time: String,
    value: f64,
    score: f64,
    expected: f64,
    lower: f64,
    upper: f64,
    /// Whether the score passes the threshold: a step that begins something.
    anomaly: bool,
    /// Set while it lasts.
    kind: Option<Kind>,
    reason: Option<String>,
    explained_by: Option<Vec<Slice>>,
}

async fn answer(state: Arc<State>, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Read>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let (body, domain) = read(&body.bytes)?;
    let question = Question::about(&state, &allowed, &domain, Weight::Kept).await?;
    let (course, rest) = report::course(&body, &question.vocabulary, &KEYS)?;
    if !course.dimensions.is_empty() {
        return Err(ApiError::bad_request("invalid_value", "anomalies are not divided")
            .field("dimensions")
            .hint("filter by a value; `explained_by` says which slices an anomaly comes from"));
    }
    let sensitivity = sensitivity(&rest)?.unwrap_or_else(|| usual(course.grain));
    let explain = explain(&rest)?;
    let reporting = question.reporting();
    let courses = reporting.course(&course, before(course.grain), 0).await?;

    let (steps, values, first) = (courses.steps.clone(), courses.whole.clone(), courses.first);
    let said = state.models(&question.site).work(move || judge(&steps, &values, first)).await?;
    let threshold = sensitivity.threshold();
    let mut loudest: Vec<&(usize, Point)> =
        said.iter().filter(|(_, point)| explain && point.score >= threshold).collect();
    loudest.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
    loudest.truncate(EXPLAINED);
    let explained = loudest.into_iter().map(async |(place, point)| {
        let slices = slices(&reporting, &course, courses.steps[*place], point.expected).await?;
        Ok::<_, opentrace_query::QueryError>((*place, slices))
    });
    let mut explained: HashMap<usize, Vec<Slice>> = try_join_all(explained).await?.into_iter().collect();

    let points: Vec<Judged> = said
        .into_iter()
        .map(|(place, point)| Judged {
            time: course.label(courses.steps[place]),
            value: courses.whole[place].unwrap_or_default(),
            score: point.score,
            expected: point.expected,
            lower: point.lower,
            upper: point.upper,
            anomaly: point.score >= threshold,
            kind: point.kind,
            reason: point.reason.map(|reason| reason.to_string()),
            explained_by: explained.remove(&place),
        })
        .collect();
    let learned = courses.whole[..courses.first].iter().flatten().filter(|value| **value != 0.0).count();
    let mut query = serde_json::to_value(&courses.asked).unwrap_or_default();
    query["sensitivity"] = json!(sensitivity);
    let model = json!({ "name": "detector", "threshold": threshold, "points": learned });
    Ok(json(StatusCode::OK, &json!({ "points": points, "model": model, "query": query })))
}

fn sensitivity(rest: &Json<String, Value>) -> Result<Option<Sensitivity>, ApiError> {
    let Some(given) = rest.get("sensitivity") else { return Ok(None) };
    serde_json::from_value(given.clone()).map(Some).map_err(|_| {
        ApiError::bad_request("invalid_value", "`sensitivity` must be low, medium or high")
            .field("sensitivity")
    })
}

fn explain(rest: &Json<String, Value>) -> Result<bool, ApiError> {
    let Some(given) = rest.get("explain") else { return Ok(true) };
    given.as_bool().ok_or_else(|| {
        ApiError::bad_request("invalid_type", "`explain` must be true or false").field("explain")
    })
}
