//! One series that is watched: a detector, and what it said lately.
//!
//! In:    the steps of the series, each once when it is over, and later what it was corrected to.
//! Out:   verdicts that are worth a row: a step that is strange, or that is not any more.
//! State: under 4 KB of the detector, and the bands of the steps that may still be corrected.
//! Late data, retraction: a step that is corrected is judged by the band that it was given; what the
//!        detector learned from it stays.
//! Wrong when: as the detector is; a step that was corrected by so much that it would have taught the
//!        detector something else.

use std::collections::BTreeMap;

use opentrace_models::anomaly::{Detector, Kind, Sensitivity};

/// What was said of a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    /// Seconds since 1970.
    pub(super) start: i64,
    pub(super) value: f64,
    pub(super) expected: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) score: f64,
    pub(super) kind: Option<Kind>,
    pub(super) reason: String,
}

impl Verdict {
    /// Whether somebody would want to know.
    pub(super) fn is_strange(&self) -> bool {
        self.kind.is_some() || self.score >= Sensitivity::High.threshold()
    }
}

#[derive(Debug)]
pub(super) struct Series {
    detector: Detector,
    /// Whether a value that is not nought was seen: what was before the first event is not a calm.
    begun: bool,
    /// The last time on the detector's clock.
    clock: i64,
    said: BTreeMap<i64, Verdict>,
}

impl Series {
    pub(super) fn new() -> Self {
        Self { detector: Detector::new(), begun: false, clock: i64::MIN, said: BTreeMap::new() }
    }

    /// Whether there was anything yet.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Judges a step that is over. `local_ms` is its beginning on the site's clock.
    pub(super) fn learn(&mut self, start: i64, local_ms: i64, value: f64) -> Option<Verdict> {
        self.begun |= value != 0.0;
        if !self.begun {
            return None;
        }
        // Where clocks go back, an hour comes twice.
        self.clock = local_ms.max(self.clock.saturating_add(1));
        let point = self.detector.observe(self.clock, Some(value)).ok()?;
        let verdict = Verdict {
            start,
            value,
            expected: point.expected,
            lower: point.lower,
            upper: point.upper,
            score: point.score,
            kind: point.kind,
            reason: point.reason.map(|reason| reason.to_string()).unwrap_or_default(),
        };
        self.said.insert(start, verdict.clone());
        verdict.is_strange().then_some(verdict)
    }

    /// A step that was judged has another value now: what is to be said of it where that changes something,
    /// and whether it is strange.
    pub(super) fn correct(&mut self, start: i64, value: f64) -> Option<(Verdict, bool)> {
        let said = self.said.get_mut(&start).filter(|said| said.value != value)?;
        let was = said.is_strange();
        said.value = value;
        let within = (said.lower..=said.upper).contains(&value);
        if within {
            (said.score, said.kind, said.reason) = (0.0, None, String::new());
        } else if !was {
            let kind = if value > said.upper { Kind::Spike } else { Kind::Drop };
            said.score = Sensitivity::Medium.threshold();
            (said.kind, said.reason) = (Some(kind), "corrected by later events".to_owned());
        }
        let is = said.is_strange();
        (was || is).then(|| (said.clone(), is))
    }

    /// The beginnings of steps that may still be corrected.
    pub(super) fn correctable(&self) -> impl Iterator<Item = i64> + '_ {
        self.said.keys().copied()
    }

    /// Lets go of what was said of steps before a moment.
    pub(super) fn forget_before(&mut self, start: i64) {
        self.said = self.said.split_off(&start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    fn watched(hours: i64) -> (Series, Vec<Verdict>) {
        let mut series = Series::new();
        let usual = |hour: i64| (20 + (hour * 7) % 9) as f64;
        let said = (0..hours).filter_map(|hour| series.learn(hour * HOUR, hour * HOUR * 1_000, usual(hour)));
        let said = said.collect();
        (series, said)
    }

    #[test]
    fn a_jump_is_said_and_taken_back_when_it_is_corrected() {
        let (mut series, said) = watched(600);
        assert!(said.is_empty(), "{said:?}");
        let jump = series.learn(600 * HOUR, 600 * HOUR * 1_000, 400.0).expect("a verdict");
        assert_eq!(jump.kind, Some(Kind::Spike));
        assert!(jump.value > jump.upper);
        assert_eq!(series.correct(600 * HOUR, 400.0), None, "nothing changed");
        let (still, strange) = series.correct(600 * HOUR, 500.0).expect("another value");
        assert_eq!((still.value, strange), (500.0, true));
        let (gone, strange) = series.correct(600 * HOUR, 24.0).expect("an end");
        assert_eq!((gone.kind, strange), (None, false));
        assert_eq!(series.correct(600 * HOUR, 25.0), None, "nothing to say");
    }

    #[test]
    fn late_events_can_make_a_step_strange() {
        let (mut series, _) = watched(600);
        let (late, strange) = series.correct(590 * HOUR, 900.0).expect("a verdict");
        assert_eq!((late.kind, strange), (Some(Kind::Spike), true));
        series.forget_before(595 * HOUR);
        assert_eq!(series.correctable().next(), Some(595 * HOUR));
        assert_eq!(series.correct(590 * HOUR, 1.0), None, "too old to be corrected");
    }

    #[test]
    fn what_was_before_the_first_event_is_no_calm() {
        let mut series = Series::new();
        assert!((0..500).all(|hour| series.learn(hour * HOUR, hour * HOUR * 1_000, 0.0).is_none()));
        assert_eq!(series.correctable().count(), 0);
        assert_eq!(series.learn(500 * HOUR, 500 * HOUR * 1_000, 50.0), None, "the first of all");
    }
}
