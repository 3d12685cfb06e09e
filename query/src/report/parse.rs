//! From the JSON of a request to a report.

use opentrace_events::define::Spec;
use serde_json::{Map, Value};

use super::{About, Funnel, Journeys, Retention};
use crate::catalogue::Scope;
use crate::define::{self, Kind};
use crate::error::QueryError;
use crate::filter::Filter;
use crate::parse::{self, dates, filters, json};
use crate::query::Dimension;
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
