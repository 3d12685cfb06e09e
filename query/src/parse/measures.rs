//! The JSON of metrics and segments that a site defines for itself.
//!
//! A metric is `{"type": "count"|"sum"|"average"|"min"|"max"|"percentile"|"ratio", …}`: a count is of
//! `events` or `visitors`; the others are of a `property` (its key) or of `revenue`; a ratio has a
//! `numerator` and a `denominator`, each written the same way. `filters` are about events.

use serde_json::{Map, Value};

use super::{filters, json};
use crate::catalogue::{self, Scope};
use crate::error::QueryError;
use crate::filter::Filter;
use crate::limits;
use crate::measure::{self, Aggregate, Kind, Measure, Over};
use crate::nearest::nearest;
use crate::vocabulary::Vocabulary;

const TYPES: &[&str] = &["count", "sum", "average", "min", "max", "percentile", "ratio"];
const KEYS: &[&str] = &["type", "of", "property", "percentile", "filters", "numerator", "denominator"];

/// Reads the definition of the metric `name`.
///
/// # Errors
/// The first mistake, with its place.
pub fn metric(name: &str, value: &Value) -> Result<Measure, QueryError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(QueryError::Invalid {
            field: "name".to_owned(),
            message: "a metric's name has 1 to 64 small letters, digits and underscores".to_owned(),
            hint: None,
        });
    }
    if catalogue::metric(name).is_some() {
        return Err(QueryError::Invalid {
            field: "name".to_owned(),
            message: format!("`{name}` is a metric already"),
            hint: None,
        });
    }
    let body = json::object(value, "query", KEYS)?;
    let value = if body.get("type").and_then(Value::as_str) == Some("ratio") {
        belong(body, "ratio", &["numerator", "denominator"], "")?;
        let part = |field: &'static str| over(body.get(field).ok_or(QueryError::Missing { field })?, field);
        measure::Value::Ratio(part("numerator")?, part("denominator")?)
    } else {
        measure::Value::Of(over(value, "")?)
    };
    Ok(Measure { name: name.to_owned(), value })
}

/// Reads the filters of a segment.
///
/// # Errors
/// The first mistake, with its place.
pub fn segment(value: &Value) -> Result<Vec<Filter>, QueryError> {
    let all = filters::filters(value, "filters", &Vocabulary::default())?;
    if all.is_empty() {
        return Err(QueryError::Expected {
            field: "filters".to_owned(),
            expected: "a list of at least one filter".to_owned(),
        });
    }
    Ok(all)
}

fn over(value: &Value, at: &str) -> Result<Over, QueryError> {
    let place = |field: &str| if at.is_empty() { field.to_owned() } else { format!("{at}.{field}") };
    let body = json::object(value, if at.is_empty() { "query" } else { at }, KEYS)?;
    let kind = body.get("type").ok_or_else(|| QueryError::Expected {
        field: place("type"),
        expected: format!("one of {}", TYPES.join(", ")),
    })?;
    let kind = json::text(kind, &place("type"))?;
    let of = body.get("of").map(|of| json::text(of, &place("of"))).transpose()?;
    let takes: &[&str] = match kind {
        "count" => &["of", "filters"],
        "sum" if of == Some("revenue") => &["of", "filters"],
        "percentile" => &["property", "percentile", "filters"],
        _ => &["property", "filters"],
    };
    let word = kind;
    let kind = match kind {
        "count" => match of {
            None | Some("events") => Kind::Events,
            Some("visitors") => Kind::Visitors,
            Some(_) => {
                let expected = "\"events\" or \"visitors\"".to_owned();
                return Err(QueryError::Expected { field: place("of"), expected });
            }
        },
        "sum" if of == Some("revenue") => Kind::Revenue,
        "sum" | "average" | "min" | "max" | "percentile" => {
            let aggregate = match kind {
                "percentile" => percentile(body.get("percentile"), &place("percentile"))?,
                // The words of the list are those of aggregates.
                word => Aggregate::named(word).unwrap_or(Aggregate::Sum),
            };
            Kind::Property(aggregate, property(body.get("property"), place("property"))?)
        }
        other => {
            return Err(QueryError::Invalid {
                field: place("type"),
                message: format!("`{}` is not possible here", json::shortened(other)),
                hint: Some(match nearest(other, TYPES.iter().copied()) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("use {}", TYPES.join(", ")),
                }),
            });
        }
    };
    belong(body, word, takes, at)?;
    let filters = match body.get("filters") {
        Some(value) => filters::filters(value, &place("filters"), &Vocabulary::default())?,
        None => Vec::new(),
    };
    let about_events = |filter: &Filter| {
        !filter.is_behavioural() && !filter.mentions(|dimension| dimension.scope() != Some(Scope::Event))
    };
    if !filters.iter().all(about_events) {
        return Err(QueryError::Invalid {
            field: place("filters"),
            message: "a metric's own filters are about events".to_owned(),
            hint: Some("use event:* here; queries may filter by visit:* beside the metric".to_owned()),
        });
    }
    Ok(Over { kind, filters })
}

/// Refuses what a metric of this type does nothing with.
fn belong(body: &Map<String, Value>, kind: &str, takes: &[&str], at: &str) -> Result<(), QueryError> {
    let stranger = body.keys().find(|key| *key != "type" && !takes.contains(&key.as_str()));
    match stranger {
        None => Ok(()),
        Some(key) => Err(QueryError::Invalid {
            field: if at.is_empty() { key.clone() } else { format!("{at}.{key}") },
            message: format!("`{key}` means nothing for the type {kind}"),
            hint: Some(format!("it takes {}", takes.join(", "))),
        }),
    }
}

fn property(value: Option<&Value>, field: String) -> Result<String, QueryError> {
    let Some(value) = value else {
        return Err(QueryError::Expected { field, expected: "the key of a property".to_owned() });
    };
    let key = json::text(value, &field)?;
    if key.chars().count() > limits::PROPERTY_KEY_LENGTH || key.contains('\0') {
        let expected = format!("a key of at most {} characters", limits::PROPERTY_KEY_LENGTH);
        return Err(QueryError::Expected { field, expected });
    }
    Ok(key.to_owned())
}

fn percentile(value: Option<&Value>, field: &str) -> Result<Aggregate, QueryError> {
    let thousandths = value.and_then(Value::as_number).and_then(|n| measure::thousandths(&n.to_string()));
    thousandths.map(Aggregate::Percentile).ok_or_else(|| QueryError::Expected {
        field: field.to_owned(),
        expected: "a number above 0 and below 100 with at most one digit after the point".to_owned(),
    })
}
