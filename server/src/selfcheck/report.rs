//! What self-checks came to, for `/metrics` and `/api/v1/status`.

use std::collections::BTreeMap;
use std::time::Duration;

use opentrace_events::Timestamp;
use serde::Serialize;

use super::{CheckError, Checked};
use crate::metrics::Page;

/// The checks of every site since the start of the program.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Checks that gave an answer.
    pub runs: u64,
    /// Checks that gave none: ClickHouse was away, or events never stopped coming in.
    pub failures: u64,
    /// Why the last check gave no answer; absent when it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// The last answer.
    pub last: Option<Found>,
    /// When the next check is due; absent where there is no schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<jiff::Timestamp>,
}

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// When it began.
    pub at: jiff::Timestamp,
    pub seconds: f64,
    pub sites: usize,
    /// Rows that differ, by view.
    pub differences: BTreeMap<&'static str, u64>,
}

impl Report {
    /// Takes in a check.
    pub(super) fn add(&mut self, at: Timestamp, took: Duration, checked: &Result<Checked, CheckError>) {
        match checked {
            Ok(Checked { sites, counts, .. }) => {
                self.runs += 1;
                self.error = None;
                self.last = Some(Found {
                    at: jiff::Timestamp::from_millisecond(at.0).unwrap_or_default(),
                    seconds: took.as_secs_f64(),
                    sites: *sites,
                    differences: counts.clone(),
                });
            }
            Err(error) => {
                self.failures += 1;
                self.error = Some(error.code());
            }
        }
    }

    /// Writes it in Prometheus' text format. Before the first check there is nothing to say but that.
    pub fn write(&self, page: &mut Page) {
        page.counter("opentrace_verify_runs_total", "Self-checks with an answer", &[], self.runs as f64);
        page.counter("opentrace_verify_failures_total", "Self-checks without", &[], self.failures as f64);
        let Some(last) = &self.last else { return };
        page.gauge(
            "opentrace_verify_last_timestamp_seconds",
            "When the last self-check began",
            &[],
            last.at.as_millisecond() as f64 / 1e3,
        );
        page.gauge("opentrace_verify_last_seconds", "How long the last self-check took", &[], last.seconds);
        for (view, count) in &last.differences {
            page.gauge(
                "opentrace_verify_differences",
                "Rows of a view that differ from its recomputation",
                &[("view", view)],
                *count as f64,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_stays_until_there_is_another() {
        let mut report = Report::default();
        let counts = BTreeMap::from([("sessions", 2), ("traffic", 0)]);
        let checked = Checked { sites: 3, counts, ..Checked::default() };
        report.add(Timestamp(1_500), Duration::from_millis(250), &Ok(checked));
        report.add(Timestamp(9_000), Duration::from_millis(1), &Err(CheckError::Behind));

        let mut page = Page::default();
        report.write(&mut page);
        let page = page.finish();
        for line in [
            "opentrace_verify_runs_total 1",
            "opentrace_verify_failures_total 1",
            "opentrace_verify_last_timestamp_seconds 1.5",
            "opentrace_verify_last_seconds 0.25",
            "opentrace_verify_differences{view=\"sessions\"} 2",
            "opentrace_verify_differences{view=\"traffic\"} 0",
        ] {
            assert!(page.contains(&format!("{line}\n")), "{line} is not in\n{page}");
        }
        assert_eq!(report.error, Some("views_behind"));
    }
}
