//! The answer, in the shape of Plausible's Stats API v2.

use serde::Serialize;
use serde_json::{Number, Value};

use crate::catalogue::{Metric, Unit};
use crate::compare::Comparison;
use crate::filter::Filter;
use crate::merge::Row;
use crate::query::{Dimension, Direction, Include, Pagination};
use crate::warnings::Warnings;

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
    /// Whole numbers, decimals, money or null.
    pub metrics: Vec<Value>,
    pub dimensions: Vec<String>,
    /// What the group was in the range to compare with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Money {
    pub value: f64,
    /// ISO 4217.
    pub currency: String,
    /// `€1.2M`.
    pub short: String,
    /// `€1,234,567.80`.
    pub long: String,
}

/// A statement that was asked for an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    pub source: &'static str,
    /// Why it reads there.
    pub reason: &'static str,
    pub metrics: Vec<String>,
    /// Values are parameters and not in it.
    pub sql: String,
    pub rows: u64,
    pub milliseconds: f64,
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
    /// The buckets of the range that are not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_time_labels: Option<Vec<String>>,
    /// What is left out of metrics, by their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_warnings: Option<Warnings>,
    /// Every statement, in the order they were answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<Vec<Explained>>,
    /// The newest epoch that is in the answer; more may be in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// The buckets in which something changed after the epoch that was asked about: those of the
    /// time dimension, or days where there is none. Filters make no difference to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Vec<String>>,
    /// Rows before pagination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_rows: Option<u64>,
}

/// The query as it was run: times resolved, defaults filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resolved {
    pub site_id: String,
    pub metrics: Vec<String>,
    /// First and last second, ISO 8601 with the offset of the site's time zone.
    pub date_range: [String; 2],
    /// The same of the range to compare with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison_date_range: Option<[String; 2]>,
    pub filters: Vec<Filter>,
    pub dimensions: Vec<Dimension>,
    pub order_by: Vec<(String, Direction)>,
    pub include: Include,
    pub pagination: Pagination,
}

impl Group {
    /// Writes a row's numbers as the metrics are written.
    pub(crate) fn new(row: Row, metrics: &[Metric], currency: &str, comparison: Option<Comparison>) -> Self {
        Self { metrics: written(&row.metrics, metrics, currency), dimensions: row.dimensions, comparison }
    }
}

/// Numbers as the metrics are written; what is not a number is null.
pub(crate) fn written(values: &[f64], metrics: &[Metric], currency: &str) -> Vec<Value> {
    let values = metrics.iter().zip(values).map(|(metric, value)| {
        let info = metric.info();
        if value.is_nan() {
            Value::Null
        } else if info.unit == Unit::Revenue {
            serde_json::to_value(money(*value, currency)).unwrap_or_default()
        } else if info.whole {
            // Counts are far below 2^53, where every whole number is a float.
            Value::from(*value as i64)
        } else {
            Number::from_f64(*value).map_or(Value::Null, Value::Number)
        }
    });
    values.collect()
}

/// An amount in fixed point.
fn money(fixed: f64, currency: &str) -> Money {
    let value = fixed / opentrace_events::money::SCALE as f64;
    let symbol = match currency {
        "EUR" => "€",
        "USD" => "$",
        "GBP" => "£",
        "JPY" => "¥",
        "INR" => "₹",
        _ => "",
    };
    let sign = if value < 0.0 { "-" } else { "" };
    let prefix = if symbol.is_empty() { format!("{sign}{currency} ") } else { format!("{sign}{symbol}") };
    let amount = value.abs();
    let units = [(1e9, "B"), (1e6, "M"), (1e3, "K")];
    let short = match units.into_iter().find(|(unit, _)| amount >= *unit) {
        Some((unit, letter)) => format!("{:.1}{letter}", amount / unit),
        None => format!("{amount:.1}"),
    };
    let digits = format!("{amount:.2}");
    let (whole, cents) = digits.split_once('.').unwrap_or((&digits, "00"));
    Money {
        value,
        currency: currency.to_owned(),
        short: format!("{prefix}{short}"),
        long: format!("{prefix}{}.{cents}", grouped(whole)),
    }
}

/// Digits with a comma before every third from the right.
fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_for_people_too() {
        for (fixed, currency, short, long) in [
            (963_363_150_000.0, "USD", "$96.3M", "$96,336,315.00"),
            (-12_345_000.0, "EUR", "-€1.2K", "-€1,234.50"),
            (9_900.0, "SEK", "SEK 1.0", "SEK 0.99"),
        ] {
            let money = money(fixed, currency);
            assert_eq!((money.short.as_str(), money.long.as_str()), (short, long));
        }
    }
}
