//! What models expect of rules: the detector of anomalies, and forecasts.

mod anomaly;
mod forecast;

use crate::evaluate::{Bands, Expected};
use crate::rule::{Condition, Rule, RuleId, Span, offset};
use crate::series::{Grain, Key};

use anomaly::Detectors;
use forecast::Forecasts;

/// The models of every rule that has one.
#[derive(Debug)]
pub struct Models {
    detectors: Detectors,
    forecasts: Forecasts,
}

impl Models {
    /// Models for rules that are judged live: forecasts are made beside, and there a moment later.
    pub fn live() -> Self {
        Self { detectors: Detectors::default(), forecasts: Forecasts::beside() }
    }

    /// Models for a simulation: every answer is there at once, however long that takes.
    pub fn at_once() -> Self {
        Self { detectors: Detectors::default(), forecasts: Forecasts::at_once() }
    }

    /// Lets go of what was learned for a rule: it is another one now, or gone.
    pub fn forget(&self, rule: RuleId) {
        self.detectors.forget(rule);
        self.forecasts.forget(rule);
    }
}

impl Bands for Models {
    fn expected(
        &self,
        rule: &Rule,
        key: &Key,
        span: Span,
        measured: &dyn Fn(Span) -> Option<f64>,
    ) -> Option<Expected> {
        match rule.condition {
            Condition::Anomaly { .. } => self.detectors.expected(rule, key, span, measured),
            Condition::ForecastBreach { .. } => self.forecasts.expected(rule, key, span, measured),
            _ => None,
        }
    }
}

/// When a window begins by the site's clock, in seconds.
fn local(span: Span, rule: &Rule) -> i64 {
    // Days are counted by it already.
    if span.grain == Grain::Day { span.from } else { span.from + offset(span.from, &rule.zone) }
}
