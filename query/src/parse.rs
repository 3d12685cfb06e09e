//! From the JSON of a request to a [`Query`].
//!
//! Reads exactly the shape of Plausible's Stats API v2. Every mistake is told with its place in the
//! request; a key that does not exist is a mistake, not ignored. Whatever the bytes, the result is
//! a query within [`limits`] or an error.

pub(crate) mod dates;
pub(crate) mod filters;
pub(crate) mod json;
pub mod measures;

use serde_json::Value;

use crate::catalogue::{self, METRICS, Metric, PROPERTY, Requires};
use crate::error::QueryError;
use crate::limits;
use crate::measure::Measure;
use crate::nearest::nearest;
use crate::query::{Dimension, Direction, Include, OrderBy, Pagination, Query, Subject};
use crate::vocabulary::Vocabulary;

const KEYS: &[&str] = &[
    "site_id",
    "metrics",
    "date_range",
    "dimensions",
    "filters",
    "order_by",
    "include",
    "pagination",
    "compare",
];

/// Reads the body of a request in the language as it is, without words of a site.
pub fn parse(body: &[u8]) -> Result<Query, QueryError> {
    from_value(&value_of(body)?)
}

/// The JSON of a body.
pub fn value_of(body: &[u8]) -> Result<Value, QueryError> {
    serde_json::from_slice(body).map_err(|error| QueryError::Json { message: error.to_string() })
}

/// The site that a request is about.
pub fn site_of(value: &Value) -> Result<&str, QueryError> {
    let Value::Object(body) = value else {
        return Err(QueryError::Expected { field: "query".to_owned(), expected: "an object".to_owned() });
    };
    json::text(body.get("site_id").ok_or(QueryError::Missing { field: "site_id" })?, "site_id")
}

/// Reads a request that is JSON already.
pub fn from_value(value: &Value) -> Result<Query, QueryError> {
    from_value_with(value, &Vocabulary::default())
}

/// Reads a request that may use the words of its site.
pub fn from_value_with(value: &Value, vocabulary: &Vocabulary) -> Result<Query, QueryError> {
    let body = json::object(value, "query", KEYS)?;
    let required = |field: &'static str| body.get(field).ok_or(QueryError::Missing { field });

    let site_id = json::text(required("site_id")?, "site_id")?.to_owned();
    let (metrics, measures) = metrics(required("metrics")?, vocabulary)?;
    let date_range = dates::date_range(required("date_range")?, "date_range")?;
    let dimensions = body.get("dimensions").map(dimensions).transpose()?.unwrap_or_default();
    let filters = match body.get("filters") {
        Some(value) => filters::filters(value, "filters", vocabulary)?,
        None => Vec::new(),
    };
    let mut query = Query { site_id, metrics, date_range, dimensions, filters, measures, ..Query::default() };
    if let Some(value) = body.get("order_by") {
        query.order_by = order_by(value, &query)?;
    }
    if let Some(value) = body.get("include") {
        include(value, &mut query)?;
    }
    if let Some(value) = body.get("pagination") {
        query.pagination = pagination(value)?;
    }
    if let Some(value) = body.get("compare") {
        query.compare = Some(dates::compare(value, "compare")?);
    }
    requirements(&query)?;
    Ok(query)
}

/// Whether the query names what its metrics need to mean something.
fn requirements(query: &Query) -> Result<(), QueryError> {
    let named = |wanted: fn(&Dimension) -> bool| {
        query.dimensions.iter().any(wanted) || query.filters.iter().any(|filter| filter.mentions(wanted))
    };
    for metric in &query.metrics {
        let (met, reason, hint) = match metric.info().requires {
            Requires::Nothing => continue,
            Requires::Dimension => (
                !query.dimensions.is_empty(),
                "needs at least one dimension",
                "add the attribute to divide by to `dimensions`",
            ),
            Requires::Page => (
                named(|dimension| dimension.field().is_some_and(|field| field.name == "event:page")),
                "needs a page",
                "add `event:page` to `dimensions` or filter by it",
            ),
            Requires::Goal => (
                named(Dimension::is_goal),
                "needs a goal",
                "add `event:goal` to `dimensions` or filter by it",
            ),
        };
        if !met {
            return Err(QueryError::Conflict {
                metric: metric.name(),
                reason: reason.to_owned(),
                hint: Some(hint.to_owned()),
            });
        }
    }
    Ok(())
}

/// The metrics, and the measures among them.
fn metrics(value: &Value, vocabulary: &Vocabulary) -> Result<(Vec<Metric>, Vec<Measure>), QueryError> {
    let list = json::list(value, "metrics", "metrics", limits::METRICS)?;
    if list.is_empty() {
        return Err(QueryError::Invalid {
            field: "metrics".to_owned(),
            message: "at least one metric is needed".to_owned(),
            hint: Some(format!("one of {}", names(METRICS.iter().map(|info| info.name)))),
        });
    }
    let mut metrics = Vec::with_capacity(list.len());
    let mut measures: Vec<Measure> = Vec::new();
    for (place, value) in list.iter().enumerate() {
        let field = format!("metrics[{place}]");
        let name = json::text(value, &field)?;
        let metric = match (catalogue::metric(name), vocabulary.measure(name)) {
            (Some(metric), _) => metric,
            (None, Some(measure)) => {
                if measures.contains(&measure) {
                    return Err(twice(field, name));
                }
                measures.push(measure);
                // There are at most `limits::METRICS`.
                Metric::Custom((measures.len() - 1) as u8)
            }
            (None, None) => return Err(unknown_metric(name, field, vocabulary)),
        };
        if metrics.contains(&metric) {
            return Err(twice(field, name));
        }
        metrics.push(metric);
    }
    Ok((metrics, measures))
}

fn unknown_metric(name: &str, field: String, vocabulary: &Vocabulary) -> QueryError {
    let own = vocabulary.metrics.iter().map(|measure| measure.name.as_str());
    let nearest = match catalogue::nearest_metric(name) {
        Some(known) => Some(known.to_owned()),
        None => nearest(name, own).map(str::to_owned),
    };
    QueryError::UnknownMetric { field, given: json::shortened(name), nearest }
}

pub(crate) fn dimensions(value: &Value) -> Result<Vec<Dimension>, QueryError> {
    let list = json::list(value, "dimensions", "dimensions", limits::DIMENSIONS)?;
    let mut dimensions: Vec<Dimension> = Vec::with_capacity(list.len());
    for (place, value) in list.iter().enumerate() {
        let field = format!("dimensions[{place}]");
        let name = json::text(value, &field)?;
        let dimension = dimension(name, &field)?;
        if dimensions.contains(&dimension) {
            return Err(twice(field, name));
        }
        if dimension.is_time() && dimensions.iter().any(Dimension::is_time) {
            return Err(QueryError::Invalid {
                field,
                message: "at most one dimension can be time".to_owned(),
                hint: None,
            });
        }
        dimensions.push(dimension);
    }
    Ok(dimensions)
}

/// The dimension of this name; `field` is where the name stands.
fn dimension(name: &str, field: &str) -> Result<Dimension, QueryError> {
    if name == "time" {
        return Ok(Dimension::Time);
    }
    if let Some(grain) = catalogue::grain(name) {
        return Ok(Dimension::Bucket(grain));
    }
    if let Some(known) = catalogue::field(name) {
        return Ok(Dimension::Field(known));
    }
    if let Some(key) = name.strip_prefix(PROPERTY)
        && !key.is_empty()
    {
        let given = key.chars().count();
        if given > limits::PROPERTY_KEY_LENGTH {
            let limit = limits::PROPERTY_KEY_LENGTH as u64;
            return Err(QueryError::TooMany {
                field: field.to_owned(),
                what: "characters",
                given: given as u64,
                limit,
            });
        }
        if key.contains('\0') {
            return Err(QueryError::Invalid {
                field: field.to_owned(),
                message: "a key cannot contain the character U+0000".to_owned(),
                hint: None,
            });
        }
        return Ok(Dimension::Property(key.to_owned()));
    }
    let nearest = catalogue::nearest_dimension(name);
    Err(QueryError::UnknownDimension { field: field.to_owned(), given: json::shortened(name), nearest })
}

fn order_by(value: &Value, query: &Query) -> Result<Vec<OrderBy>, QueryError> {
    let most = limits::METRICS + limits::DIMENSIONS;
    let mut order = Vec::new();
    for (place, value) in json::list(value, "order_by", "criteria", most)?.iter().enumerate() {
        let field = format!("order_by[{place}]");
        let Some([name, direction]) = value.as_array().and_then(|pair| pair.as_array::<2>()) else {
            let expected = "a pair of a metric or dimension and \"asc\" or \"desc\"".to_owned();
            return Err(QueryError::Expected { field, expected });
        };
        let name = json::text(name, &format!("{field}[0]"))?;
        let direction = match direction.as_str() {
            Some("asc") => Direction::Asc,
            Some("desc") => Direction::Desc,
            _ => {
                let expected = "\"asc\" or \"desc\"".to_owned();
                return Err(QueryError::Expected { field: format!("{field}[1]"), expected });
            }
        };
        let metric = query.metrics.iter().find(|metric| query.metric_name(**metric) == name);
        let metric = metric.map(|metric| Subject::Metric(*metric));
        let dimension = || {
            let dimension = query.dimensions.iter().find(|dimension| dimension.name() == name)?;
            Some(Subject::Dimension(dimension.clone()))
        };
        let Some(subject) = metric.or_else(dimension) else {
            return Err(QueryError::Invalid {
                field: format!("{field}[0]"),
                message: format!("cannot order by `{}`, which is not asked for", json::shortened(name)),
                hint: Some("order by one of the query's own metrics or dimensions".to_owned()),
            });
        };
        order.push(OrderBy { subject, direction });
    }
    Ok(order)
}

fn epoch(value: &Value) -> Result<u64, QueryError> {
    value.as_u64().ok_or_else(|| QueryError::Expected {
        field: "include.corrected_since".to_owned(),
        expected: "an epoch, as `meta.epoch` of an earlier answer gives it".to_owned(),
    })
}

fn include(value: &Value, query: &mut Query) -> Result<(), QueryError> {
    let known = [
        "time_labels",
        "total_rows",
        "imports",
        "source",
        "explain",
        "partial_time_labels",
        "comparisons",
        "epoch",
        "corrected_since",
    ];
    let options = json::object(value, "include", &known)?;
    let flag = |name: &str| match options.get(name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(QueryError::Expected {
            field: format!("include.{name}"),
            expected: "true or false".to_owned(),
        }),
    };
    query.include = Include {
        time_labels: flag("time_labels")?,
        total_rows: flag("total_rows")?,
        imports: flag("imports")?,
        source: flag("source")?,
        explain: flag("explain")?,
        partial_time_labels: flag("partial_time_labels")?,
        epoch: flag("epoch")?,
        corrected_since: options.get("corrected_since").map(epoch).transpose()?,
    };
    if let Some(value) = options.get("comparisons") {
        query.compare = Some(dates::comparisons(value, "include.comparisons")?);
    }
    let timeless = !query.dimensions.iter().any(Dimension::is_time);
    for (name, asked) in [
        ("time_labels", query.include.time_labels),
        ("partial_time_labels", query.include.partial_time_labels),
    ] {
        if asked && timeless {
            return Err(QueryError::Invalid {
                field: format!("include.{name}"),
                message: "there are time labels only where a dimension is time".to_owned(),
                hint: Some("add `time:day` to `dimensions`".to_owned()),
            });
        }
    }
    Ok(())
}

fn pagination(value: &Value) -> Result<Pagination, QueryError> {
    let pages = json::object(value, "pagination", &["limit", "offset"])?;
    let default = Pagination::default();
    let number = |name: &str, default: u64, range: std::ops::RangeInclusive<u64>| {
        let Some(value) = pages.get(name) else { return Ok(default) };
        value.as_u64().filter(|number| range.contains(number)).ok_or_else(|| QueryError::Expected {
            field: format!("pagination.{name}"),
            expected: format!("a whole number from {} to {}", range.start(), range.end()),
        })
    };
    Ok(Pagination {
        limit: number("limit", default.limit, 1..=limits::PAGE)?,
        offset: number("offset", default.offset, 0..=limits::OFFSET)?,
    })
}

fn twice(field: String, name: &str) -> QueryError {
    QueryError::Invalid {
        field,
        message: format!("`{}` is asked for twice", json::shortened(name)),
        hint: None,
    }
}

fn names(names: impl Iterator<Item = &'static str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
