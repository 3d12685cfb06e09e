//! The same question about another time, set beside the answer row by row.
//!
//! Rows of time are paired by their place: the third day with the third day. All others by their
//! labels. A group that the other range does not have counts as nought there.

use std::collections::HashMap;

use jiff::ToSpan;
use serde::Serialize;
use serde_json::Value;

use crate::answer::written;
use crate::bucket;
use crate::catalogue::{Metric, Unit};
use crate::error::QueryError;
use crate::merge::Row;
use crate::plan::Shape;
use crate::query::{Compare, Dimension};
use crate::range::Range;
use crate::run::Asking;

/// What a group was in the other range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub dimensions: Vec<String>,
    pub metrics: Vec<Value>,
    /// In percent of the other value; of a percentage, the difference in points. Null where there
    /// is nothing to compare with.
    pub change: Vec<Option<f64>>,
}

/// The rows of the other range.
#[derive(Debug)]
pub(crate) struct Compared {
    range: Range,
    rows: HashMap<Vec<String>, Vec<f64>>,
    /// The place of the dimension that is time, and what each label of the one range is in the other.
    time: Option<(usize, HashMap<String, String>)>,
}

/// The range that `with` means beside `range`.
pub(crate) async fn range(asking: &Asking<'_>, range: &Range, with: &Compare) -> Result<Range, QueryError> {
    match with {
        Compare::Custom(other) => asking.range(other).await,
        Compare::PreviousPeriod if range.whole_days() => {
            let days = i64::from(range.first.until(range.last).map_or(0, |span| span.get_days())) + 1;
            range.moved(asking.site, |date| date.checked_sub(days.days()))
        }
        Compare::PreviousPeriod => {
            range.at(asking.site, range.from.0 - (range.to.0 - range.from.0), range.from.0)
        }
        Compare::YearOverYear => range.moved(asking.site, |date| date.checked_sub(1.year())),
    }
}

impl Compared {
    pub(crate) fn new(
        range: &Range,
        other: Range,
        shape: &Shape,
        rows: Vec<Row>,
    ) -> Result<Self, QueryError> {
        let place = shape.dimensions.iter().position(Dimension::is_time);
        let time = match (place, shape.grain()) {
            (Some(place), Some(grain)) => {
                let (here, there) = (bucket::labels(range, grain)?, bucket::labels(&other, grain)?);
                Some((place, here.into_iter().zip(there).collect()))
            }
            _ => None,
        };
        let rows = rows.into_iter().map(|row| (row.dimensions, row.metrics)).collect();
        Ok(Self { range: other, rows, time })
    }

    /// First and last second of the other range.
    pub(crate) fn iso(&self) -> [String; 2] {
        self.range.iso()
    }

    /// What a row was in the other range.
    pub(crate) fn of(&self, row: &Row, metrics: &[Metric], currency: &str) -> Comparison {
        let mut dimensions = row.dimensions.clone();
        if let Some((place, labels)) = &self.time
            && let Some(label) = dimensions.get_mut(*place)
        {
            *label = labels.get(label).cloned().unwrap_or_default();
        }
        let absent = || metrics.iter().map(|metric| metric.absent()).collect();
        let values = self.rows.get(&dimensions).cloned().unwrap_or_else(absent);
        let now = row.metrics.iter().zip(&values).zip(metrics);
        Comparison {
            change: now.map(|((now, then), metric)| change(*now, *then, *metric)).collect(),
            metrics: written(&values, metrics, currency),
            dimensions,
        }
    }
}

fn change(now: f64, then: f64, metric: Metric) -> Option<f64> {
    let change = if metric.info().unit == Unit::Percent {
        now - then
    } else if then == 0.0 {
        return None;
    } else {
        (now - then) / then.abs() * 100.0
    };
    change.is_finite().then(|| (change * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_in_percent_or_points() {
        assert_eq!(change(150.0, 100.0, Metric::Visitors), Some(50.0));
        assert_eq!(change(0.0, 100.0, Metric::Visitors), Some(-100.0));
        assert_eq!(change(5.0, 0.0, Metric::Visitors), None);
        assert_eq!(change(40.0, 50.0, Metric::BounceRate), Some(-10.0));
        assert_eq!(change(f64::NAN, 50.0, Metric::ScrollDepth), None);
    }
}
