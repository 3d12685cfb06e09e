//! `POST /api/v1/retention`, `/funnel` and `/journeys`.
//!
//! Where a retention or funnel is defined on the site, `definition` (its id) stands for what it says.

use std::sync::Arc;

use opentrace_query::{QueryError, Vocabulary, report};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::question::{Question, asked, read};
use super::turns::Weight;
use super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;

const BODY_LIMIT: usize = 256 * 1024;

/// What can be reported.
#[derive(Clone, Copy, Debug)]
pub(super) enum Report {
    Retention,
    Funnel,
    Journeys,
}

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let route = |name: &'static str, report: Report| {
        let path = warp::path("api").and(warp::path("v1")).and(warp::path(name)).and(warp::path::end());
        asked(path, state, move |state, call| answer(state, call, report))
    };
    route("retention", Report::Retention)
        .or(route("funnel", Report::Funnel))
        .unify()
        .or(route("journeys", Report::Journeys))
        .unify()
        .boxed()
}

async fn answer(state: Arc<State>, mut call: Call, of: Report) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Read>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let (mut body, domain) = read(&body.bytes)?;
    let question = Question::about(&state, &allowed, &domain, Weight::Rows).await?;
    defined(&state, &question, &mut body, of).await?;
    of.tell(&question, &body).await
}

impl Report {
    /// Whether this could be asked in these words.
    pub(super) fn check(self, body: &Value, words: &Vocabulary) -> Result<(), QueryError> {
        match self {
            Self::Retention => report::retention(body, words).map(drop),
            Self::Funnel => report::funnel(body, words).map(drop),
            Self::Journeys => report::journeys(body, words).map(drop),
        }
    }

    /// The report.
    pub(super) async fn tell(self, question: &Question<'_>, body: &Value) -> Answer {
        let (words, reporting) = (&question.vocabulary, question.reporting());
        match self {
            Self::Retention => told(&reporting.retention(&report::retention(body, words)?).await?),
            Self::Funnel => told(&reporting.funnel(&report::funnel(body, words)?).await?),
            Self::Journeys => told(&reporting.journeys(&report::journeys(body, words)?).await?),
        }
    }
}

fn told(answer: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, answer))
}

/// Puts what is defined in the place of its id.
async fn defined(
    state: &State,
    question: &Question<'_>,
    body: &mut Value,
    of: Report,
) -> Result<(), ApiError> {
    let kind = match of {
        Report::Retention => "retention",
        Report::Funnel => "funnel",
        Report::Journeys => return Ok(()),
    };
    let Some(given) = body.as_object_mut().and_then(|body| body.remove("definition")) else { return Ok(()) };
    let unknown = || {
        ApiError::bad_request("unknown_definition", format!("the site has no such {kind}"))
            .field("definition")
            .hint(format!("GET /api/v1/{kind}s?site_id= lists them"))
    };
    let id: Uuid = given.as_str().and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
    let records = state.definitions(&question.site).definitions(question.site.site().id).await?;
    let record = records
        .into_iter()
        .find(|record| record.id == id && opentrace_store::meta::kind_name(&record.definition.spec) == kind);
    let written: Value = serde_json::from_str(&record.ok_or_else(unknown)?.body).unwrap_or_default();
    for (key, value) in written.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    Ok(())
}
