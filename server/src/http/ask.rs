//! `POST /api/v1/ask`: a question in words.
//!
//! Understood here ([`opentrace_query::ask`]), then asked of the API as the caller would ask it, so
//! that rights, limits and numbers are those of the routes that people use directly.

mod causes;
mod results;
mod words;

use std::sync::Arc;

use jiff::tz::TimeZone;
use opentrace_events::Timestamp;
use opentrace_query::ask::{self, Around, Clock, Status, Understanding};
use serde::Deserialize;
use serde_json::{Map, Value};
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

pub(super) use self::words::Vocabularies;
use super::question::asked;
use super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;
use crate::clock;

const BODY_LIMIT: usize = 64 * 1024;
/// Characters of a question.
const LONGEST: usize = 1_000;

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    site_id: String,
    question: String,
    /// The zone that times are said in, where it is not the site's.
    timezone: Option<String>,
    /// The answer before, or its query.
    context: Option<Value>,
    /// The time that `today` is of, in place of now.
    now: Option<String>,
    /// Understand, and ask nothing.
    #[serde(default)]
    dry_run: bool,
}

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    asked(warp::path!("api" / "v1" / "ask"), state, answer)
}

async fn answer(state: Arc<State>, mut call: Call) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Read>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let asked: Asked = serde_json::from_slice(&body.bytes)
        .map_err(|error| ApiError::bad_request("invalid_json", error.to_string()))?;
    if asked.question.chars().count() > LONGEST {
        let message = format!("a question has at most {LONGEST} characters");
        return Err(ApiError::bad_request("limit_exceeded", message).field("question"));
    }
    let site = state.gate.on_site(&allowed, &asked.site_id)?;
    let clock = clock_of(&asked, site.site())?;
    let context = asked.context.as_ref().map(context).transpose()?;

    let mut understood = None;
    // Words that came since the last look may be those that were not understood.
    for fresh in [false, true] {
        let vocabulary = state.vocabularies.get(&state, &site, clock.now(), fresh).await?;
        let around = Around { vocabulary: &vocabulary, clock: &clock, context: context.as_ref() };
        let understanding = ask::understand(&asked.question, &around);
        let known = understanding.status != Status::Unsupported;
        understood = Some(understanding);
        if known {
            break;
        }
    }
    let Some(mut understanding) = understood else { return Err(ApiError::forbidden("no question")) };
    name_site(&mut understanding, &site.site().domain);
    let result = match &understanding.query {
        Some(query) if !asked.dry_run => Some(results::result(&state, &call, query).await?),
        _ => None,
    };
    Ok(json(StatusCode::OK, &ask::body(&understanding, result)))
}

/// The clock the question is read by.
fn clock_of(asked: &Asked, site: &opentrace_events::Site) -> Result<Clock, ApiError> {
    let invalid =
        |field: &'static str, message: String| ApiError::bad_request("invalid_value", message).field(field);
    let zone = match &asked.timezone {
        Some(name) => Some(TimeZone::get(name).map_err(|_| {
            invalid("timezone", format!("no time zone `{name}`")).hint("use a name like Europe/Berlin")
        })?),
        None => None,
    };
    let now = match &asked.now {
        Some(text) => {
            let instant: jiff::Timestamp = text.parse().map_err(|_| {
                invalid("now", format!("`{text}` is no time"))
                    .hint("use RFC 3339, as in 2026-03-01T12:00:00Z")
            })?;
            Timestamp(instant.as_millisecond())
        }
        None => clock::now(),
    };
    Clock::new(site, now, zone).ok_or_else(|| invalid("now", "the time is outside the calendar".to_owned()))
}

/// The query of the answer before, given by itself or within the answer.
fn context(given: &Value) -> Result<Map<String, Value>, ApiError> {
    let query = given.get("query").unwrap_or(given);
    let wrong =
        || ApiError::bad_request("invalid_type", "`context` must be an answer or its query").field("context");
    let mut query = query.as_object().cloned().ok_or_else(wrong)?;
    query.remove("site_id");
    Ok(query)
}

/// Puts the site into every query, so that each can be sent to the API as it is.
fn name_site(understanding: &mut Understanding, domain: &str) {
    let readings = understanding.suggestions.iter_mut().filter_map(|suggestion| suggestion.query.as_mut());
    for query in understanding.query.iter_mut().chain(readings) {
        query.insert("site_id".to_owned(), Value::from(domain));
    }
}
