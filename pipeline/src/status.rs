//! How far the pipeline is: what an operator, a metric and a waiting import look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentrace_events::SiteId;
use serde::Serialize;

use crate::journal::Epoch;

/// Published each time an epoch's results are visible in ClickHouse.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    pub epoch: Epoch,
    /// When they became visible, in milliseconds since 1970.
    pub at_ms: i64,
    /// The sites that changed since the last.
    pub sites: Arc<[SiteId]>,
    /// Events of the log that are in every view, per partition.
    pub ends: Arc<[u64]>,
}

/// Counters of the running pipeline. All since the start of the program unless they say otherwise.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub appended: AtomicU64,
    pub duplicates: AtomicU64,
    pub closed_epoch: AtomicU64,
    pub committed_epoch: AtomicU64,
    pub commit_micros: AtomicU64,
    pub commits: AtomicU64,
    pub commit_failures: AtomicU64,
    pub hydrated: AtomicU64,
    pub evicted: AtomicU64,
    pub violations: AtomicU64,
    pub resident_people: AtomicU64,
    pub resident_events: AtomicU64,
    pub dedup_ids: AtomicU64,
    pub interned: AtomicU64,
    pub cells: AtomicU64,
    pub known_visitors: AtomicU64,
}

/// A reading of the counters.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Status {
    /// Whether the pipeline is running, recovering, or has stopped with an error.
    pub state: State,
    /// Why it stopped.
    pub error: Option<String>,
    /// Events in the log since it was made.
    pub log_events: u64,
    /// Of these, events that are in every view.
    pub visible_events: u64,
    /// Events on their way from the log to the views.
    pub lag_events: u64,
    pub closed_epoch: Epoch,
    pub committed_epoch: Epoch,
    /// Events appended, and repeats dropped, since the start.
    pub appended: u64,
    pub duplicates: u64,
    pub commits: u64,
    /// Attempts that ClickHouse refused or did not answer; each was tried again.
    pub commit_failures: u64,
    pub commit_seconds: f64,
    pub hydrated_events: u64,
    pub evicted_people: u64,
    /// Rows taken out that were not in: always 0, or a defect.
    pub violations: u64,
    pub resident_people: u64,
    pub resident_events: u64,
    pub dedup_ids: u64,
    pub interned: u64,
    /// Cells of views held in memory.
    pub cells: u64,
    /// Visitors known to have stored events in slices touched lately.
    pub known_visitors: u64,
}

/// What the pipeline is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waiting for ClickHouse, or reading what was committed.
    #[default]
    Recovering,
    Running,
    Failed,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(n as u64, Ordering::Relaxed);
    }

    pub(crate) fn set(counter: &AtomicU64, n: usize) {
        counter.store(n as u64, Ordering::Relaxed);
    }

    pub(crate) fn fill(&self, status: &mut Status) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        status.closed_epoch = read(&self.closed_epoch);
        status.committed_epoch = read(&self.committed_epoch);
        status.appended = read(&self.appended);
        status.duplicates = read(&self.duplicates);
        status.commits = read(&self.commits);
        status.commit_failures = read(&self.commit_failures);
        status.commit_seconds = read(&self.commit_micros) as f64 / 1e6;
        status.hydrated_events = read(&self.hydrated);
        status.evicted_people = read(&self.evicted);
        status.violations = read(&self.violations);
        status.resident_people = read(&self.resident_people);
        status.resident_events = read(&self.resident_events);
        status.dedup_ids = read(&self.dedup_ids);
        status.interned = read(&self.interned);
        status.cells = read(&self.cells);
        status.known_visitors = read(&self.known_visitors);
    }
}
