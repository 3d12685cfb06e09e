//! `POST /api/v1/forecast`: what a metric will be, whole and by groups; `GET`: the kept forecast of one of
//! the main series ([`kept`]).

mod kept;

use std::sync::Arc;

use jiff::civil::Date;
use opentrace_models::forecast::{Band, Member};
use opentrace_query::catalogue::{Grain, Unit};
use opentrace_query::report::{self, Asked, Course, Courses};
use serde::Serialize;
use serde_json::{Map, Value, json};
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::question::{Question, asked, read};
use super::turns::Weight;
use super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;
use crate::models::begun;
use crate::models::foresee::{Ahead, Foreseen, Known, LEAST, following, foresee};

const BODY_LIMIT: usize = 256 * 1024;
/// Steps ahead.
const MOST_STEPS: u64 = 1_000;
const MOST_LEVELS: usize = 5;
/// Groups of a divided forecast: those that are, where nothing is said, and those that may be asked for.
const GROUPS: (u64, u64) = (20, 50);
/// Events known in advance, and days of each.
const MOST_EVENTS: usize = 100;
const MOST_DAYS: usize = 400;

const KEYS: [&str; 4] = ["horizon", "levels", "events", "limit"];

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    asked(warp::path!("api" / "v1" / "forecast"), state, |state, call| async move {
        match call.method {
            Method::POST => answer(state, call).await,
            Method::GET => kept::show(&state, &call).await,
            ref other => Err(ApiError::method(other, "GET, POST")),
        }
    })
}

/// The answer.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    whole: Part,
    #[serde(skip_serializing_if = "Option::is_none")]
    breakdown: Option<Vec<Divided>>,
    /// Groups that are not in `breakdown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u64>,
    query: Value,
}

/// A course and what follows it.
#[derive(Debug, Serialize)]
struct Part {
    history: Vec<Measured>,
    forecast: Vec<Step>,
    model: Value,
}

#[derive(Debug, Serialize)]
struct Divided {
    dimensions: Vec<String>,
    #[serde(flatten)]
    part: Part,
}

#[derive(Debug, Serialize)]
struct Measured {
    time: String,
    value: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Step {
    time: String,
    mean: f64,
    intervals: Vec<Interval>,
}

#[derive(Debug, Serialize)]
struct Interval {
    /// In percent, as it was asked for.
    level: f64,
    lower: f64,
    upper: f64,
}

async fn answer(state: Arc<State>, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Read>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let (body, domain) = read(&body.bytes)?;
    let question = Question::about(&state, &allowed, &domain, Weight::Kept).await?;
    let (course, rest) = report::course(&body, &question.vocabulary, &KEYS)?;
    let mut ahead = ahead(&course, &rest)?;
    let limit = number(&rest, "limit", GROUPS.0, GROUPS.1)?;
    let courses = question.reporting().course(&course, 0, limit as usize).await?;
    let enough = courses.whole[begun(&courses.whole)..].iter().flatten().count();
    if enough < LEAST {
        let message = format!(
            "the range has {enough} whole steps with a value since the first that is not 0, at least {LEAST} are needed"
        );
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "too_short", message)
            .field("date_range")
            .hint("ask with a longer range or a shorter `granularity`"));
    }
    let currency = question.site.site().currency.clone();
    let models = state.models(&question.site).clone();
    ahead.learned =
        models.forecasters(question.site.site(), &courses.asked.metric, course.grain.word()).await?;
    drop(question);
    let told = models.work(move || told(&course, courses, &ahead, &currency)).await??;
    Ok(json(StatusCode::OK, &told))
}

/// Forecasts the whole and every group.
fn told(
    course: &Course,
    courses: Courses,
    ahead: &Ahead,
    currency: &str,
) -> Result<Told, opentrace_models::Error> {
    let Courses { steps, whole, groups, left_out, asked, .. } = courses;
    let part = |values: &[Option<f64>]| -> Result<Part, opentrace_models::Error> {
        let foreseen = foresee(&steps, values, ahead)?;
        let history = steps.iter().zip(values);
        let history = history.map(|(step, value)| Measured { time: course.label(*step), value: *value });
        let after = steps.last().map(|last| following(*last, ahead)).unwrap_or_default();
        Ok(Part {
            history: history.collect(),
            forecast: after
                .iter()
                .enumerate()
                .map(|(at, step)| made(course.label(*step), &foreseen, at))
                .collect(),
            model: model(&foreseen),
        })
    };
    let divided = !course.dimensions.is_empty();
    let groups = groups.into_iter().map(|group| {
        // A group may have no value at all where the whole has one.
        let part =
            if group.values.iter().flatten().next().is_some() { part(&group.values)? } else { Part::none() };
        Ok(Divided { dimensions: group.dimensions, part })
    });
    let breakdown = groups.collect::<Result<Vec<_>, opentrace_models::Error>>()?;
    Ok(Told {
        whole: part(&whole)?,
        breakdown: divided.then_some(breakdown),
        left_out: divided.then_some(left_out),
        query: query(course, &asked, ahead, currency),
    })
}

impl Part {
    fn none() -> Self {
        Self { history: Vec::new(), forecast: Vec::new(), model: Value::Null }
    }
}

fn made(time: String, foreseen: &Foreseen, at: usize) -> Step {
    let interval =
        |band: &Band| Interval { level: percent(band.level), lower: band.lower[at], upper: band.upper[at] };
    let forecast = &foreseen.forecast;
    Step { time, mean: forecast.mean[at], intervals: forecast.bands.iter().map(interval).collect() }
}

/// Who was believed how much, and what it was made from.
fn model(foreseen: &Foreseen) -> Value {
    let weight = |(member, weight): &(Member, f64)| {
        let name = serde_json::to_value(member).unwrap_or_default();
        (name.as_str().unwrap_or_default().to_owned(), json!((weight * 1e4).round() / 1e4))
    };
    let weights: Map<String, Value> =
        foreseen.forecast.weights.iter().filter(|(_, weight)| *weight > 0.0).map(weight).collect();
    json!({ "name": "combination", "weights": weights, "seasons": foreseen.seasons, "points": foreseen.points })
}

fn query(course: &Course, asked: &Asked, ahead: &Ahead, currency: &str) -> Value {
    let mut query = serde_json::to_value(asked).unwrap_or_default();
    query["horizon"] = json!(ahead.horizon);
    query["levels"] = ahead.levels.iter().map(|level| percent(*level)).collect();
    if course.metric.info().unit == Unit::Revenue {
        query["currency"] = json!(currency);
    }
    let events: Vec<Value> =
        ahead.events.iter().map(|event| json!({ "name": event.name, "dates": event.days })).collect();
    if !events.is_empty() {
        query["events"] = json!(events);
    }
    query
}

/// A share in percent, without what rounding added.
fn percent(share: f64) -> f64 {
    (share * 1e6).round() / 1e4
}

fn ahead(course: &Course, rest: &Map<String, Value>) -> Result<Ahead, ApiError> {
    let usual = match course.grain {
        Grain::Minute => 60,
        Grain::Hour => 48,
        Grain::Day => 28,
        Grain::Week | Grain::Month => 12,
    };
    let most = if course.metric.info().unit == Unit::Percent { 100.0 } else { f64::INFINITY };
    let horizon = number(rest, "horizon", usual, MOST_STEPS)? as usize;
    Ok(Ahead {
        grain: course.grain,
        horizon,
        levels: levels(rest)?,
        events: events(rest)?,
        learned: None,
        most,
    })
}

fn number(rest: &Map<String, Value>, field: &'static str, usual: u64, most: u64) -> Result<u64, ApiError> {
    let Some(given) = rest.get(field) else { return Ok(usual) };
    given.as_u64().filter(|number| (1..=most).contains(number)).ok_or_else(|| {
        ApiError::bad_request("invalid_value", format!("`{field}` must be a whole number from 1 to {most}"))
            .field(field)
    })
}

fn levels(rest: &Map<String, Value>) -> Result<Vec<f64>, ApiError> {
    let Some(given) = rest.get("levels") else { return Ok(vec![0.8, 0.95]) };
    let wrong = || {
        let message = format!("`levels` must be up to {MOST_LEVELS} different percentages from 1 to 99.9");
        ApiError::bad_request("invalid_value", message).field("levels").hint("[80, 95]")
    };
    let given = given.as_array().filter(|given| given.len() <= MOST_LEVELS).ok_or_else(wrong)?;
    let mut levels = Vec::with_capacity(given.len());
    for level in given {
        let level = level.as_f64().filter(|level| (1.0..=99.9).contains(level)).ok_or_else(wrong)? / 100.0;
        if levels.contains(&level) {
            return Err(wrong());
        }
        levels.push(level);
    }
    Ok(levels)
}

/// `[{"name": "Black Friday", "dates": ["2025-11-28", …]}]`
fn events(rest: &Map<String, Value>) -> Result<Vec<Known>, ApiError> {
    let wrong = |field: String| {
        let message = format!(
            "`events` must be up to {MOST_EVENTS} of `name` and `dates`, each of up to {MOST_DAYS} days"
        );
        ApiError::bad_request("invalid_value", message)
            .field(field)
            .hint("{\"name\": \"sale\", \"dates\": [\"2026-11-27\"]}")
    };
    let Some(given) = rest.get("events") else { return Ok(Vec::new()) };
    let given = given.as_array().filter(|given| given.len() <= MOST_EVENTS);
    let given = given.ok_or_else(|| wrong("events".to_owned()))?;
    let event = |(place, event): (usize, &Value)| {
        let at = |field: &str| wrong(format!("events[{place}]{field}"));
        let known = event.as_object().filter(|event| event.keys().all(|key| key == "name" || key == "dates"));
        let known = known.ok_or_else(|| at(""))?;
        let name = match known.get("name") {
            Some(name) => name.as_str().ok_or_else(|| at(".name"))?,
            None => "event",
        };
        let days = known.get("dates").and_then(Value::as_array).filter(|days| days.len() <= MOST_DAYS);
        let day = |day: &Value| day.as_str()?.parse::<Date>().ok();
        let days = days.and_then(|days| days.iter().map(day).collect::<Option<Vec<_>>>());
        Ok(Known { name: name.to_owned(), days: days.ok_or_else(|| at(".dates"))? })
    };
    given.iter().enumerate().map(event).collect()
}
