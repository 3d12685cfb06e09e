//! What a run measured.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Collected;

/// Durations, all kept: a run has some thousands of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    millis: Vec<f64>,
}

impl Samples {
    pub(super) fn push(&mut self, sample: Duration) {
        self.millis.push(sample.as_secs_f64() * 1e3);
    }

    pub(super) fn len(&self) -> usize {
        self.millis.len()
    }

    /// The smallest sample that at least this share of all are not above; 0 where there is none.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.millis.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    }
}

/// Counts and latencies of a run.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    /// Events of requests that were given up.
    pub(super) failed: u64,
    pub(super) last_error: String,
    pub(super) seconds: f64,
    /// From when a request was due to its answer.
    latency: Samples,
    pub(super) visible: Option<Visible>,
}

/// How long accepted events took to show in a query.
#[derive(Debug, Default)]
pub(super) struct Visible {
    pub(super) delay: Samples,
    /// Events that were accepted and had not shown when patience was over.
    pub(super) missing: u64,
}

impl Figures {
    pub(super) fn answered(&mut self, answer: &Collected, latency: Duration) {
        self.accepted += answer.accepted;
        self.rejected += answer.rejected.len() as u64;
        self.latency.push(latency);
    }

    pub(super) fn failed(&mut self, events: u32, error: String) {
        self.failed += u64::from(events);
        self.last_error = error;
    }

    pub(super) fn add(&mut self, other: Figures) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.failed += other.failed;
        self.latency.millis.extend(other.latency.millis);
        if other.failed > 0 {
            self.last_error = other.last_error;
        }
    }

    pub(super) fn json(&self) -> Value {
        let rounded = |millis: f64| (millis * 100.0).round() / 100.0;
        let mut figures = json!({
            "accepted": self.accepted,
            "rejected": self.rejected,
            "failed": self.failed,
            "seconds": rounded(self.seconds),
            "p50_ms": rounded(self.latency.quantile(0.5)),
            "p99_ms": rounded(self.latency.quantile(0.99)),
        });
        if let Some(Visible { delay, missing }) = &self.visible {
            figures["visible_samples"] = json!(delay.len());
            figures["visible_missing"] = json!(missing);
            figures["visible_p50_ms"] = json!(rounded(delay.quantile(0.5)));
            figures["visible_p99_ms"] = json!(rounded(delay.quantile(0.99)));
            figures["visible_max_ms"] = json!(rounded(delay.quantile(1.0)));
        }
        figures
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, rejected, failed, seconds, latency, visible, .. } = self;
        let rate = *accepted as f64 / seconds.max(1e-9);
        writeln!(f, "accepted  {accepted} events in {seconds:.2} s: {rate:.0} per second")?;
        writeln!(f, "rejected  {rejected}")?;
        writeln!(f, "failed    {failed}")?;
        let (half, most) = (latency.quantile(0.5), latency.quantile(0.99));
        writeln!(f, "answer    p50 {half:.1} ms, p99 {most:.1} ms over {} requests", latency.len())?;
        if let Some(Visible { delay, missing }) = visible {
            let [half, most, longest] = [0.5, 0.99, 1.0].map(|share| delay.quantile(share));
            writeln!(
                f,
                "visible   p50 {half:.0} ms, p99 {most:.0} ms, longest {longest:.0} ms over {} events, {missing} missing",
                delay.len()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_samples() {
        let mut samples = Samples::default();
        assert_eq!(samples.quantile(0.5), 0.0);
        for millis in (1..=100).rev() {
            samples.push(Duration::from_millis(millis));
        }
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| samples.quantile(share)), [1.0, 50.0, 99.0, 100.0]);
    }

    #[test]
    fn the_json_has_the_agreed_fields() {
        let mut figures = Figures { seconds: 2.0, ..Figures::default() };
        figures.answered(&Collected { accepted: 500, ..Collected::default() }, Duration::from_micros(1_234));
        assert_eq!(
            figures.json(),
            json!({"accepted": 500, "rejected": 0, "failed": 0, "seconds": 2.0, "p50_ms": 1.23, "p99_ms": 1.23})
        );
    }
}
