//! The answer, in the shape of Plausible's Stats API v2.

use serde::Serialize;
use serde_json::{Number, Value};

use crate::catalogue::Metric;
use crate::filter::Filter;
use crate::merge::Row;
use crate::query::{Dimension, Include, OrderBy, Pagination};

/// What a query returns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    pub results: Vec<Group>,
    pub meta: Meta,
    pub query: Resolved,
}

/// One group: a value for each metric and a label for each dimension, as the query lists them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Whole numbers or decimals.
    pub metrics: Vec<Value>,
    pub dimensions: Vec<String>,
}

/// What else there is to say, as far as `include` asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Meta {
    /// Imported events are events like any other, so always true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imports_included: Option<bool>,
    /// The views and tables that answered, joined by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Every bucket of the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_labels: Option<Vec<String>>,
    /// Rows before pagination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_rows: Option<u64>,
}

/// The query as it was run: times resolved, defaults filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resolved {
    pub site_id: String,
    pub metrics: Vec<Metric>,
    /// First and last second, ISO 8601 with the offset of the site's time zone.
    pub date_range: [String; 2],
    pub filters: Vec<Filter>,
    pub dimensions: Vec<Dimension>,
    pub order_by: Vec<OrderBy>,
    pub include: Include,
    pub pagination: Pagination,
}

impl Group {
    /// Writes a row's numbers as the metrics are written.
    pub(crate) fn new(row: Row, metrics: &[Metric]) -> Self {
        let values = metrics.iter().zip(row.metrics).map(|(metric, value)| {
            if metric.info().whole {
                // Counts are far below 2^53, where every whole number is a float.
                Value::from(value as i64)
            } else {
                Number::from_f64(value).map_or(Value::Null, Value::Number)
            }
        });
        Self { metrics: values.collect(), dimensions: row.dimensions }
    }
}
