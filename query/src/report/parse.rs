//! From the JSON of a request to a report.

use opentrace_events::define::Spec;
use serde_json::{Map, Value};

use super::{About, Course, Funnel, Journeys, Retention};
use crate::catalogue::{self, Grain, Metric, Scope};
use crate::define::{self, Kind};
use crate::error::QueryError;
use crate::filter::Filter;
use crate::parse::{self, dates, filters, json};
use crate::query::{DateRange, Dimension, Moment};
use crate::vocabulary::Vocabulary;

const ABOUT: [&str; 4] = ["site_id", "date_range", "filters", "dimensions"];

/// Reads the body of a retention report.
///
/// # Errors
/// The first mistake, with its place.
pub fn retention(value: &Value, vocabulary: &Vocabulary) -> Result<Retention, QueryError> {
    let (about, rest) = about(value, vocabulary, &["start_event", "return_event", "period"])?;
    of_events(&about)?;
    match define::define(Kind::Retention, &Value::Object(rest))?.spec {
        Spec::Retention { start, back, period } => Ok(Retention { about, start, back, period }),
        _ => Err(other_kind()),
    }
}

/// Reads the body of a funnel report.
///
/// # Errors
/// The first mistake, with its place.
pub fn funnel(value: &Value, vocabulary: &Vocabulary) -> Result<Funnel, QueryError> {
    let (about, rest) = about(value, vocabulary, &["steps", "window", "order"])?;
    of_events(&about)?;
    match define::define(Kind::Funnel, &Value::Object(rest))?.spec {
        Spec::Funnel { steps, order, window_ms } => Ok(Funnel { about, steps, order, window_ms }),
        _ => Err(other_kind()),
    }
}

/// Reads the body of a report of journeys.
///
/// # Errors
/// The first mistake, with its place.
pub fn journeys(value: &Value, vocabulary: &Vocabulary) -> Result<Journeys, QueryError> {
    let (mut about, rest) = about(value, vocabulary, &["depth", "limit"])?;
    let number = |field: &'static str, default: u64, most: u64| match rest.get(field) {
        None => Ok(default),
        Some(value) => {
            value.as_u64().filter(|number| (1..=most).contains(number)).ok_or_else(|| QueryError::Expected {
                field: field.to_owned(),
                expected: format!("a whole number from 1 to {most}"),
            })
        }
    };
    let (depth, limit) = (number("depth", 5, 31)?, number("limit", 100, 10_000)?);
    for (place, filter) in about.filters.iter_mut().enumerate() {
        let of_events = filter.mentions(|dimension| dimension.scope() == Some(Scope::Event));
        let of_visits = filter.mentions(|dimension| dimension.scope() == Some(Scope::Visit));
        if of_events && (of_visits || filter.is_behavioural()) {
            return Err(QueryError::Invalid {
                field: format!("filters[{place}]"),
                message: "one filter cannot be about events and visits".to_owned(),
                hint: Some("journeys are of visits: use `has_done` for what happened in them".to_owned()),
            });
        }
        if of_events {
            *filter = Filter::Done(Box::new(filter.clone()));
        }
    }
    if about.dimension.as_ref().is_some_and(|dimension| dimension.scope() != Some(Scope::Visit)) {
        return Err(QueryError::Invalid {
            field: "dimensions[0]".to_owned(),
            message: "journeys are divided by attributes of visits".to_owned(),
            hint: Some("use one of visit:*".to_owned()),
        });
    }
    Ok(Journeys { about, depth, limit })
}

/// Reads a question about the course of a metric, and the rest of the body, which has only `own` keys.
///
/// # Errors
/// The first mistake, with its place.
pub fn course(
    value: &Value,
    vocabulary: &Vocabulary,
    own: &[&'static str],
) -> Result<(Course, Map<String, Value>), QueryError> {
    const COURSE: [&str; 2] = ["metric", "granularity"];
    let known: Vec<&'static str> = ABOUT.iter().chain(&COURSE).chain(own).copied().collect();
    let body = json::object(value, "query", &known)?;
    let required = |field: &'static str| body.get(field).ok_or(QueryError::Missing { field });
    let site_id = json::text(required("site_id")?, "site_id")?.to_owned();
    let said = body.get("granularity").map(granularity).transpose()?;
    let date_range = match body.get("date_range") {
        Some(value) => dates::date_range(value, "date_range")?,
        None => enough(said.unwrap_or(Grain::Day)),
    };
    // What a query would say to the metric, its filters and dimensions, with time as one of these.
    let mut query = Map::new();
    let mut put = |key: &str, value: Value| drop(query.insert(key.to_owned(), value));
    put("site_id", Value::from(site_id.as_str()));
    put("metrics", Value::from(vec![required("metric")?.clone()]));
    put("date_range", Value::from("day"));
    put("filters", body.get("filters").cloned().unwrap_or_else(|| Value::Array(Vec::new())));
    let divided = body.get("dimensions").map(parse::dimensions).transpose()?.unwrap_or_default();
    if let Some(place) = divided.iter().position(Dimension::is_time) {
        return Err(by_time(place));
    }
    let names = divided.iter().map(Dimension::name).chain(std::iter::once("time:day".to_owned()));
    put("dimensions", Value::from(names.collect::<Vec<_>>()));
    let query = parse::from_value_with(&Value::Object(query), vocabulary).map_err(of_one_metric)?;
    if query.metrics == [Metric::GroupConversionRate] && divided.is_empty() {
        return Err(QueryError::Conflict {
            metric: Metric::GroupConversionRate.name(),
            reason: "needs at least one dimension".to_owned(),
            hint: None,
        });
    }
    let course = Course {
        site_id,
        grain: said.unwrap_or_else(|| usual(&date_range)),
        date_range,
        filters: query.filters,
        dimensions: divided,
        metric: query.metrics[0],
        measures: query.measures,
    };
    let mut rest = body.clone();
    rest.retain(|key, _| own.contains(&key.as_str()));
    Ok((course, rest))
}

/// `day`, or `time:day`.
fn granularity(value: &Value) -> Result<Grain, QueryError> {
    let given = json::text(value, "granularity")?;
    let named = |word: &str| catalogue::grain(word).or_else(|| catalogue::grain(&format!("time:{word}")));
    named(given).ok_or_else(|| QueryError::Invalid {
        field: "granularity".to_owned(),
        message: format!("unknown granularity `{}`", json::shortened(given)),
        hint: Some("one of minute, hour, day, week, month".to_owned()),
    })
}

/// Enough of the past to see what repeats.
fn enough(grain: Grain) -> DateRange {
    match grain {
        Grain::Minute => DateRange::LastDays(2),
        Grain::Hour => DateRange::LastDays(28),
        Grain::Day => DateRange::LastDays(180),
        Grain::Week => DateRange::LastMonths(24),
        Grain::Month => DateRange::LastMonths(60),
    }
}

/// The step of a question that names none.
fn usual(range: &DateRange) -> Grain {
    /// Hours of up to this many days.
    const DAYS: u16 = 3;
    let short = match range {
        DateRange::Day | DateRange::Last24Hours => true,
        DateRange::LastDays(days) => *days <= DAYS,
        DateRange::Dates(first, last) => {
            first.until(*last).is_ok_and(|span| span.get_days() < i32::from(DAYS))
        }
        DateRange::Moments(Moment::Instant(first), Moment::Instant(last)) => {
            last.as_second() - first.as_second() <= i64::from(DAYS) * 86_400
        }
        _ => false,
    };
    if short { Grain::Hour } else { Grain::Day }
}

fn by_time(place: usize) -> QueryError {
    QueryError::Invalid {
        field: format!("dimensions[{place}]"),
        message: "a course is over time already".to_owned(),
        hint: Some("say how long a step is with `granularity`".to_owned()),
    }
}

/// The mistake in terms of the one metric.
fn of_one_metric(error: QueryError) -> QueryError {
    let metric = |field: &str| field.starts_with("metrics").then(|| "metric".to_owned());
    match error {
        QueryError::UnknownMetric { field, given, nearest } => {
            QueryError::UnknownMetric { field: metric(&field).unwrap_or(field), given, nearest }
        }
        QueryError::Expected { field, expected } => {
            QueryError::Expected { field: metric(&field).unwrap_or(field), expected }
        }
        QueryError::Invalid { field, message, hint } => {
            QueryError::Invalid { field: metric(&field).unwrap_or(field), message, hint }
        }
        other => other,
    }
}

/// What all reports have, and the rest of the body, which has only `own` keys.
fn about(
    value: &Value,
    vocabulary: &Vocabulary,
    own: &[&'static str],
) -> Result<(About, Map<String, Value>), QueryError> {
    let known: Vec<&'static str> = ABOUT.iter().chain(own).copied().collect();
    let body = json::object(value, "query", &known)?;
    let required = |field: &'static str| body.get(field).ok_or(QueryError::Missing { field });
    let site_id = json::text(required("site_id")?, "site_id")?.to_owned();
    let date_range = dates::date_range(required("date_range")?, "date_range")?;
    let filters = match body.get("filters") {
        Some(value) => filters::filters(value, "filters", vocabulary)?,
        None => Vec::new(),
    };
    let dimensions = body.get("dimensions").map(parse::dimensions).transpose()?.unwrap_or_default();
    if dimensions.len() > 1 {
        return Err(QueryError::TooMany {
            field: "dimensions".to_owned(),
            what: "dimensions",
            given: dimensions.len() as u64,
            limit: 1,
        });
    }
    let dimension = dimensions.into_iter().next();
    if dimension.as_ref().is_some_and(Dimension::is_time) {
        return Err(QueryError::Invalid {
            field: "dimensions[0]".to_owned(),
            message: "a report cannot be divided by time".to_owned(),
            hint: Some("ask for several ranges instead".to_owned()),
        });
    }
    let mut rest = body.clone();
    rest.retain(|key, _| !ABOUT.contains(&key.as_str()));
    Ok((About { site_id, date_range, filters, dimension }, rest))
}

/// Whether everything is an attribute that a single event has.
fn of_events(about: &About) -> Result<(), QueryError> {
    super::conditions(about)?;
    if let Some(dimension) = &about.dimension
        && (dimension.is_goal() || define::attribute(dimension).is_none())
    {
        return Err(QueryError::Invalid {
            field: "dimensions[0]".to_owned(),
            message: format!("`{}` is no attribute of a single event", dimension.name()),
            hint: Some("use event:page, event:props:* or where the visitor came from".to_owned()),
        });
    }
    Ok(())
}

/// A definition is of the kind that was asked for.
fn other_kind() -> QueryError {
    QueryError::Invalid { field: "query".to_owned(), message: "not a report".to_owned(), hint: None }
}
