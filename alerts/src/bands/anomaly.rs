//! What the detector of anomalies expects of rules.
//!
//! In:    the windows of a rule, one after another, as the cells give them.
//! Out:   per window the band and whether a value outside it is worth an alert.
//! State: one detector (under 4 KB) per rule and key, and what it said of the last day's windows.
//! Late data, retraction: what was said of a window stays; a window that is corrected is judged by the
//!        band that it was given.
//! Wrong when: the cells of the past are not there yet: a detector begins with what there is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;
use opentrace_models::anomaly::{Detector, Sensitivity as Threshold};

use crate::evaluate::{Band, Bands, CORRECTABLE, Expected};
use crate::rule::{Condition, Rule, RuleId, Sensitivity, Span};
use crate::series::Key;

/// Detectors of every rule that has the condition `anomaly`.
#[derive(Debug, Default)]
pub(super) struct Detectors {
    held: Mutex<HashMap<RuleId, HashMap<Key, Watched>>>,
}

#[derive(Debug)]
struct Watched {
    detector: Detector,
    /// Whether a value that is not nought was seen: what was before the first event is not a calm.
    begun: bool,
    /// The start of the next window to learn.
    next: i64,
    /// The last time on the detector's clock.
    clock: i64,
    said: BTreeMap<i64, Expected>,
}

impl Detectors {
    /// Lets go of what was learned for a rule: it is another one now, or gone.
    pub(super) fn forget(&self, rule: RuleId) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&rule);
    }
}

impl Bands for Detectors {
    fn expected(
        &self,
        rule: &Rule,
        key: &Key,
        span: Span,
        measured: &dyn Fn(Span) -> Option<f64>,
    ) -> Option<Expected> {
        let Condition::Anomaly { sensitivity } = rule.condition else { return None };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of_rule = held.entry(rule.id).or_default();
        let watched = of_rule.entry_ref(key).or_insert_with(|| Watched::before(span, rule));
        watched.learn(span, rule, sensitivity, measured);
        watched.said.get(&span.from).copied()
    }
}

impl Watched {
    fn before(span: Span, rule: &Rule) -> Self {
        let window = span.to - span.from;
        let windows = (rule.lookback() - 2 * CORRECTABLE).div_euclid(window);
        Self {
            detector: Detector::new(),
            begun: false,
            next: span.from - windows * window,
            clock: i64::MIN,
            said: BTreeMap::new(),
        }
    }

    /// Shows the detector every window up to and with this one.
    fn learn(
        &mut self,
        span: Span,
        rule: &Rule,
        sensitivity: Sensitivity,
        measured: &dyn Fn(Span) -> Option<f64>,
    ) {
        let window = span.to - span.from;
        while self.next <= span.from {
            let at = Span { from: self.next, to: self.next + window, ..span };
            self.next += window;
            let value = measured(at);
            self.begun |= value.is_some_and(|value| value != 0.0);
            if !self.begun {
                continue;
            }
            let local = super::local(at, rule);
            // Where clocks go back, an hour comes twice.
            self.clock = (local * 1000).max(self.clock + 1);
            let Ok(point) = self.detector.observe(self.clock, value) else { continue };
            let threshold = match sensitivity {
                Sensitivity::Low => Threshold::Low,
                Sensitivity::Medium => Threshold::Medium,
                Sensitivity::High => Threshold::High,
            };
            let strange = point.score >= threshold.threshold();
            let band = Band { lower: point.lower, upper: point.upper };
            self.said.insert(at.from, Expected { band, strange });
        }
        let oldest = span.from - CORRECTABLE - window;
        if self.said.first_key_value().is_some_and(|(from, _)| *from < oldest - CORRECTABLE) {
            self.said = self.said.split_off(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use jiff::tz::TimeZone;
    use uuid::Uuid;

    use super::*;
    use crate::evaluate::{Evaluator, Reason, TransitionKind};
    use crate::rule::{Duration, Measure, Mute};
    use crate::series::{Cell, Grain, SeriesId};

    const START: i64 = 1_700_000_100;

    fn rule() -> Rule {
        Rule {
            id: RuleId(Uuid::from_u128(1)),
            site: 1,
            name: "Strange".to_owned(),
            measure: Measure::sum(SeriesId::PAGEVIEWS),
            condition: Condition::Anomaly { sensitivity: Sensitivity::Medium },
            window: Duration::of_seconds(300),
            grouping: None,
            hold: Duration::default(),
            hysteresis: 0.0,
            cooldown: Duration::default(),
            minimum: 0,
            mute: Mute::default(),
            zone: TimeZone::UTC,
            created_at: 0,
        }
    }

    fn cell(at: i64, value: i64) -> Cell {
        let series = SeriesId::PAGEVIEWS;
        Cell { site: 1, series, grain: Grain::Minute, key: Key::whole(), start: at / 60 * 60, value }
    }

    #[test]
    fn a_jump_fires_once_and_ends_when_it_is_over_and_an_erased_one_is_retracted() {
        let detectors = Detectors::default();
        let mut evaluator = Evaluator::restore([Arc::new(rule())], [], []);
        let usual = |minute: i64| 20 + (minute * 7) % 9;
        evaluator.seed((1..600).map(|minute| cell(START - minute * 60, usual(minute))));
        let mut said = Vec::new();
        for minute in 0..60 {
            let at = START + minute * 60;
            let value = if (20..26).contains(&minute) { 400 } else { usual(minute) };
            let outcome =
                evaluator.close(minute.unsigned_abs(), at * 1000, &[cell(at, value)], &[], &detectors);
            said.extend(outcome.transitions);
        }
        let kinds: Vec<_> = said.iter().map(|said| said.kind.clone()).collect();
        let ended = TransitionKind::Resolved { reason: Reason::Recovered };
        assert_eq!(kinds, [TransitionKind::Firing, ended]);
        assert!(said[0].alert.value > said[0].alert.band.unwrap().upper);

        let at = START + 3_600;
        let jump: Vec<Cell> = (0..5).map(|minute| cell(at + minute * 60, 3_000)).collect();
        let fired = evaluator.close(100, (at + 330) * 1000, &jump, &[], &detectors);
        assert_eq!(fired.transitions.len(), 1, "{fired:?}");
        let erased: Vec<Cell> = (0..5).map(|minute| cell(at + minute * 60, usual(minute + 60))).collect();
        let gone = evaluator.close(101, (at + 331) * 1000, &erased, &[], &detectors);
        assert_eq!(gone.transitions[0].kind, TransitionKind::Resolved { reason: Reason::Retracted });
    }
}
