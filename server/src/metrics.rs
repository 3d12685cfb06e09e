//! Counters of the program, and their form for Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// What was collected since the start. Touched once per request, never per event.
#[derive(Debug, Default)]
pub struct Metrics {
    accepted: AtomicU64,
    duplicates: AtomicU64,
    /// By stable code. Locked only by requests that have something refused.
    rejected: Mutex<BTreeMap<&'static str, u64>>,
    /// Requests by the first digit of their status.
    answers: [AtomicU64; 6],
}

/// The counters at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: BTreeMap<&'static str, u64>,
}

impl Metrics {
    /// Counts what became of one request's events.
    pub fn collected(&self, accepted: u64, duplicates: u64) {
        self.accepted.fetch_add(accepted, Ordering::Relaxed);
        if duplicates > 0 {
            self.duplicates.fetch_add(duplicates, Ordering::Relaxed);
        }
    }

    /// Counts events that were not taken, by code.
    pub fn rejected(&self, codes: impl IntoIterator<Item = &'static str>) {
        let mut codes = codes.into_iter().peekable();
        if codes.peek().is_none() {
            return;
        }
        let mut rejected = self.rejected.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for code in codes {
            *rejected.entry(code).or_default() += 1;
        }
    }

    /// Counts an answer.
    pub fn answered(&self, status: u16) {
        let class = usize::from(status / 100).min(self.answers.len() - 1);
        self.answers[class].fetch_add(1, Ordering::Relaxed);
    }

    /// The counters now.
    pub fn counts(&self) -> Counts {
        Counts {
            accepted: self.accepted.load(Ordering::Relaxed),
            duplicates: self.duplicates.load(Ordering::Relaxed),
            rejected: self.rejected.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone(),
        }
    }

    /// Writes the counters in Prometheus' text format.
    pub fn write(&self, page: &mut Page) {
        let counts = self.counts();
        page.counter("opentrace_events_accepted_total", "Events made durable", &[], counts.accepted as f64);
        page.counter(
            "opentrace_events_duplicate_total",
            "Events known at once to be repeats",
            &[],
            counts.duplicates as f64,
        );
        for (code, count) in counts.rejected {
            page.counter(
                "opentrace_events_rejected_total",
                "Events not taken, by reason",
                &[("code", code)],
                count as f64,
            );
        }
        for (class, count) in self.answers.iter().enumerate().skip(1) {
            let count = count.load(Ordering::Relaxed) as f64;
            page.counter(
                "opentrace_http_responses_total",
                "Answers by class of status",
                &[("class", &format!("{class}xx"))],
                count,
            );
        }
    }
}

/// A page of metrics being written. Lines of one metric must follow each other.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
    last: &'static str,
}

impl Page {
    /// One line of something that only grows.
    pub fn counter(&mut self, name: &'static str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.line("counter", name, help, labels, value);
    }

    /// One line of something that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.line("gauge", name, help, labels, value);
    }

    /// The page.
    pub fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, kind: &str, name: &'static str, help: &str, labels: &[(&str, &str)], value: f64) {
        // Writing to a `String` cannot fail.
        if self.last != name {
            self.last = name;
            let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        }
        self.text.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let open = if index == 0 { '{' } else { ',' };
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.text, "{open}{label}=\"{escaped}\"");
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{close} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_each_metric_once() {
        let metrics = Metrics::default();
        metrics.collected(5, 1);
        metrics.rejected(["bot", "too_old", "bot"]);
        metrics.answered(202);
        let mut page = Page::default();
        metrics.write(&mut page);
        let text = page.finish();
        assert!(text.contains("opentrace_events_accepted_total 5\n"), "{text}");
        assert!(text.contains("opentrace_events_rejected_total{code=\"bot\"} 2\n"), "{text}");
        assert!(text.contains("opentrace_http_responses_total{class=\"2xx\"} 1\n"), "{text}");
        assert_eq!(text.matches("# TYPE opentrace_events_rejected_total counter").count(), 1);
    }
}
