//! `POST /api/v1/ask`: a question in words.
//!
//! Understood here ([`opentrace_query::ask`]), then asked of the API as the caller would ask it, so
//! that rights, limits and numbers are those of the routes that people use directly.

mod causes;
mod groups;
mod results;
mod words;

use std::sync::{Arc, OnceLock};

use jiff::tz::TimeZone;
use opentrace_events::Timestamp;
use opentrace_query::ask::{self, Around, Clock, Status, Understanding, Vocabulary, Words};
use serde::Deserialize;
use serde_json::{Map, Value};
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use self::results::Outcome;
pub(super) use self::words::Vocabularies;
use super::question::asked;
use super::{Answer, ApiError, Call, State, json};
use crate::auth::{OnSite, Read};
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
    let inner = Inner::default();
    asked(warp::path!("api" / "v1" / "ask"), state, move |state, call| answer(state, call, inner.clone()))
}

/// The API's own routes, made when the first question needs them.
#[derive(Clone, Default)]
struct Inner(Arc<OnceLock<BoxedFilter<(Response,)>>>);

/// Whom a question is asked for, and of whom.
struct Asker<'a> {
    routes: BoxedFilter<(Response,)>,
    call: &'a Call,
}

async fn answer(state: Arc<State>, mut call: Call, inner: Inner) -> Answer {
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

    let (mut understanding, vocabulary) = understand(&state, &site, &asked, &clock, context.as_ref()).await?;
    let asker = Asker { routes: inner.0.get_or_init(|| super::routes(&state)).clone(), call: &call };
    if understanding.status == Status::Unsupported {
        let around = Around { vocabulary: &vocabulary, clock: &clock, context: context.as_ref() };
        if let Some(answer) = by_model(&state, &asker, &asked, &around, &site.site().domain).await {
            return Ok(answer);
        }
        order(&state, &asked.question, &vocabulary, &mut understanding).await;
    }
    name_site(&mut understanding, &site.site().domain);
    let result = match &understanding.query {
        Some(query) if !asked.dry_run => Some(results::result(&asker, query, understanding.is_ahead).await?),
        _ => None,
    };
    Ok(told(&understanding, result))
}

/// The answer with what it came to, or why there are no figures.
fn told(understanding: &Understanding, result: Option<Outcome>) -> Response {
    let mut body = ask::body(understanding, None);
    match result {
        Some(Outcome::Found(value)) => body["result"] = value,
        Some(Outcome::Refused(reason)) => {
            body["unavailable"] = Value::from(format!("The question was understood, but {reason}."));
        }
        None => {}
    }
    json(StatusCode::OK, &body)
}

/// What a question means by rule. Where ClickHouse does not say which words the site has, a question
/// that needs none of them is understood all the same if only that is asked for.
async fn understand(
    state: &State,
    site: &OnSite<Read>,
    asked: &Asked,
    clock: &Clock,
    context: Option<&Map<String, Value>>,
) -> Result<(Understanding, Arc<Vocabulary>), ApiError> {
    let read =
        |vocabulary: &Vocabulary| ask::understand(&asked.question, &Around { vocabulary, clock, context });
    // Words that came since the last look may be those that were not understood.
    let mut latest = None;
    for fresh in [false, true] {
        let vocabulary = match state.vocabularies.get(state, site, clock.now(), fresh).await {
            Ok(vocabulary) => vocabulary,
            Err(error) if asked.dry_run => {
                let common = Arc::new(Vocabulary::new(Words::default()));
                let understanding = read(&common);
                if understanding.status == Status::Unsupported {
                    return Err(error);
                }
                return Ok((understanding, common));
            }
            Err(error) => return Err(error),
        };
        let understanding = read(&vocabulary);
        let known = understanding.status != Status::Unsupported;
        latest = Some((understanding, vocabulary));
        if known {
            break;
        }
    }
    latest.ok_or_else(|| ApiError::forbidden("no question"))
}

/// The answer to what a language model made of a question, if there is one and it made a query that
/// the API takes. Otherwise the refusal of the rules stands.
async fn by_model(
    state: &Arc<State>,
    asker: &Asker<'_>,
    asked: &Asked,
    around: &Around<'_>,
    domain: &str,
) -> Option<Response> {
    let model = state.helpers.model.as_ref()?;
    // What came before holds values of the site.
    if around.context.is_some() && !model.values {
        return None;
    }
    let written = model.ask(&ask::prompt(&asked.question, around, model.values)).await;
    let written =
        written.map_err(|error| tracing::warn!(code = error.code(), %error, "model not asked")).ok()?;
    let read = ask::reading(&written, around);
    let mut understanding =
        read.map_err(|error| tracing::info!(code = error.code(), %error, "model not taken")).ok()?;
    name_site(&mut understanding, domain);
    let query = understanding.query.as_ref()?;
    let result = match asked.dry_run {
        true => None,
        false => match results::result(asker, query, understanding.is_ahead).await.ok()? {
            Outcome::Refused(_) => return None,
            found => Some(found),
        },
    };
    Some(told(&understanding, result))
}

/// Orders what is offered instead by meaning, where an encoder is there.
async fn order(
    state: &State,
    question: &str,
    vocabulary: &Arc<Vocabulary>,
    understanding: &mut Understanding,
) {
    let Some(encoder) = state.helpers.encoder.clone() else { return };
    let (question, vocabulary) = (question.to_owned(), Arc::clone(vocabulary));
    let mut ordered = understanding.clone();
    let ranked = tokio::task::spawn_blocking(move || {
        ask::rank(&mut ordered, &question, &vocabulary, &*encoder);
        ordered
    });
    // What cannot be ordered stays as it is.
    if let Ok(ordered) = ranked.await {
        *understanding = ordered;
    }
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
