//! Sends what was made ready to ClickHouse, in order.
//!
//! Raw events, cells and whole rows go side by side, then the progress row, which is what makes them
//! count as visible. Each write may be repeated without harm: raw events by token and, after a restart,
//! by looking at what is there; cells because they are absolute and carry their epoch; whole rows because
//! they replace themselves.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use opentrace_events::SiteId;
use opentrace_store::{
    Block, BreakdownRow, GoalRow, ProgressRow, RetentionRow, SeriesRow, Store, TrafficRow, UniquesRow,
    ValueRow,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use super::{ClosedEpoch, SessionDiffs};
use crate::coordinator::now_ms;
use crate::intern::Interner;
use crate::retry::until_it_works;
use crate::status::{Counters, Progress};
use crate::told::{Commit, CommitWatch, Sessions};

/// A run of epochs, ready to be written.
pub(super) struct Prepared {
    pub epochs: Vec<ClosedEpoch>,
    pub tables: Tables,
    /// Also told to who watches.
    pub series: Vec<SeriesRow>,
    /// What the epochs change of sessions, if who watches wants them.
    pub sessions: SessionDiffs,
    /// Given back when everything is written.
    pub permit: OwnedSemaphorePermit,
}

/// What goes into each table, but for the series.
pub(super) struct Tables {
    pub events: Block,
    pub sessions: Block,
    pub features: Block,
    pub passages: Block,
    pub traffic: Vec<TrafficRow>,
    pub uniques: Vec<UniquesRow>,
    pub breakdowns: Vec<BreakdownRow>,
    pub values: Vec<ValueRow>,
    pub goals: Vec<GoalRow>,
    pub retention: Vec<RetentionRow>,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Writer {
    pub store: Store,
    pub engine_name: String,
    pub generation: u64,
    pub counters: Arc<Counters>,
    pub progress: watch::Sender<Progress>,
    pub watch: Option<Arc<dyn CommitWatch>>,
    pub interner: Interner,
}

impl Writer {
    /// Writes until nothing is made ready any more.
    pub(super) async fn run(self, mut prepared: mpsc::Receiver<Prepared>) {
        while let Some(Prepared { epochs, tables, series, sessions, permit }) = prepared.recv().await {
            let sessions = Sessions { rows: &sessions, interner: &self.interner };
            self.write(epochs, &tables, &series, sessions).await;
            drop(permit);
        }
    }

    /// Tries again until ClickHouse has taken everything.
    async fn write(
        &self,
        epochs: Vec<ClosedEpoch>,
        tables: &Tables,
        series: &[SeriesRow],
        sessions: Sessions<'_>,
    ) {
        let started = Instant::now();
        let (Some(first), Some(last)) = (epochs.first(), epochs.last()) else { return };
        let (first, last, ends) = (first.epoch, last.epoch, last.ends.clone());
        let token = format!("events/{}/g{}/{first}-{last}", self.engine_name, self.generation);
        let store = &self.store;
        tokio::join!(
            until_it_works("write events", || store.insert(&tables.events, Some(&token))),
            until_it_works("write sessions", || store.insert(&tables.sessions, None)),
            until_it_works("write features", || store.insert(&tables.features, None)),
            until_it_works("write funnels", || store.insert(&tables.passages, None)),
            until_it_works("write traffic", || store.upsert_cells(&tables.traffic)),
            until_it_works("write uniques", || store.upsert_cells(&tables.uniques)),
            until_it_works("write breakdowns", || store.upsert_cells(&tables.breakdowns)),
            until_it_works("write values", || store.upsert_values(&tables.values)),
            until_it_works("write goals", || store.upsert_cells(&tables.goals)),
            until_it_works("write retention", || store.upsert_cells(&tables.retention)),
            until_it_works("write series", || store.upsert_cells(series)),
            self.tell(&epochs, series, sessions),
        );
        let row = ProgressRow {
            engine: self.engine_name.clone(),
            epoch: last,
            generation: self.generation,
            closed_at: now_ms(),
        };
        until_it_works("write progress", || store.record_progress(&row)).await;

        let mut sites: Vec<SiteId> = epochs.into_iter().flat_map(|epoch| epoch.sites).collect();
        sites.sort_unstable();
        sites.dedup();
        self.counters.committed_epoch.store(last, Ordering::Relaxed);
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.counters.commit_micros.fetch_add(started.elapsed().as_micros() as u64, Ordering::Relaxed);
        let progress = Progress { epoch: last, at_ms: now_ms(), sites: sites.into(), ends: ends.into() };
        self.progress.send_replace(progress);
    }

    /// Tells who watches, if anybody wants to know.
    async fn tell(&self, epochs: &[ClosedEpoch], series: &[SeriesRow], sessions: Sessions<'_>) {
        let (Some(first), Some(last)) = (epochs.first(), epochs.last()) else { return };
        let Some(watch) = self.watch.as_ref().filter(|watch| watch.wants(last.epoch)) else { return };
        let events =
            epochs.iter().flat_map(|closed| closed.events.iter().map(|logged| (closed.epoch, &logged.event)));
        let events = events.collect();
        let commit = Commit { first: first.epoch, last: last.epoch, series, events, sessions };
        watch.take(commit).await;
    }
}
