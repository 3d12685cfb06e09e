//! The stretch of a series that is shown with an alert.

use serde::{Deserialize, Serialize};

use crate::evaluate::{Alert, Band, Cells, measured};
use crate::rule::{Condition, Rule, Span, offset};
use crate::series::{Grain, Key};

/// Points of a graph.
const POINTS: i64 = 60;

/// Values, one for each step, and what they are compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// Seconds since 1970 at which the first step begins, by the site's clock.
    pub from: i64,
    /// Seconds.
    pub step: i64,
    pub values: Vec<f64>,
    /// The steps that broke the rule: first, and one after the last.
    pub cause: (usize, usize),
    pub band: Option<Band>,
    /// A threshold for a single step.
    pub limit: Option<f64>,
}

impl Graph {
    /// The windows that lead to an alert and the one that broke the rule, each as the rule measures it.
    pub fn of(rule: &Rule, cells: &Cells, key: &Key, alert: &Alert) -> Self {
        let cause = alert.cause;
        let window = cause.to - cause.from;
        let step = match rule.condition {
            Condition::Anomaly { .. } => window,
            _ => {
                (window / 5).max(cause.grain.seconds()).div_euclid(cause.grain.seconds())
                    * cause.grain.seconds()
            }
        };
        let first = cause.from - (POINTS - 1) * step;
        let at = |point: i64| Span { from: first + point * step, to: first + point * step + window, ..cause };
        let values = (0..POINTS).map(|point| measured(rule, cells, key, at(point)).unwrap_or_default());
        let local = if cause.grain == Grain::Day { 0 } else { offset(first, &rule.zone) };
        let limit = match rule.condition {
            Condition::Above { value } | Condition::Below { value } => Some(value),
            _ => None,
        };
        Self {
            from: first + window + local,
            step,
            values: values.collect(),
            cause: (POINTS as usize - 2, POINTS as usize - 1),
            band: alert.band,
            limit,
        }
    }
}
