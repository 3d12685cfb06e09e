//! The sink: commits epochs to ClickHouse.
//!
//! An epoch is ready once its events and every worker's changes have come. Ready epochs are
//! committed together, in order: raw events, cells and sessions side by side, then the progress
//! row, which is what makes them count as visible. Each write may be repeated without harm: raw
//! events by token and, after a restart, by looking at what is there; cells because they are
//! absolute and carry their epoch; sessions because they are whole rows.
//!
//! Keeps: what is between two commits, and the cells touched lately.

pub(crate) mod cells;
mod rows;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use hashbrown::HashSet;
use opentrace_events::SiteId;
use opentrace_operators::{TrafficCell, TrafficDelta, UniquesCell};
use opentrace_store::{ProgressRow, Store};
use tokio::sync::{mpsc, watch};

use self::cells::Cells;
use crate::config::PipelineConfig;
use crate::coordinator::{Logged, now_ms};
use crate::engine::Changes;
use crate::intern::Interner;
use crate::journal::Epoch;
use crate::log::{Offset, Partition};
use crate::retry::until_it_works;
use crate::status::{Counters, Progress};

/// Ready epochs are committed together up to this many events.
const COMMIT_EVENTS: usize = 200_000;

/// An epoch as the coordinator closed it.
#[derive(Debug)]
pub(crate) struct ClosedEpoch {
    pub epoch: Epoch,
    pub ends: Vec<Offset>,
    pub sites: Vec<SiteId>,
    pub events: Vec<Logged>,
}

/// What the sink works with.
pub(crate) struct Sink {
    pub store: Store,
    pub engine_name: String,
    pub generation: u64,
    pub workers: usize,
    pub interner: Interner,
    pub counters: Arc<Counters>,
    pub progress: watch::Sender<Progress>,
    /// Epochs up to this one may have been written in part by an earlier run.
    pub in_doubt: Epoch,
    cells: Views,
}

struct Views {
    traffic: Cells<TrafficCell, TrafficDelta>,
    uniques: Cells<UniquesCell, i64>,
}

impl Sink {
    #[allow(clippy::too_many_arguments)] // one caller, which has exactly these at hand
    pub(crate) fn new(
        store: Store,
        engine_name: String,
        generation: u64,
        workers: usize,
        interner: Interner,
        counters: Arc<Counters>,
        progress: watch::Sender<Progress>,
        in_doubt: Epoch,
        config: &PipelineConfig,
    ) -> Self {
        let cells = Views { traffic: Cells::new(config.cells), uniques: Cells::new(config.cells) };
        Self { store, engine_name, generation, workers, interner, counters, progress, in_doubt, cells }
    }

    /// Commits epochs until the coordinator and the workers are gone.
    pub(crate) async fn run(
        mut self,
        mut closed: mpsc::Receiver<ClosedEpoch>,
        mut changes: mpsc::Receiver<Changes>,
    ) {
        let mut waiting: VecDeque<ClosedEpoch> = VecDeque::new();
        let mut arrived: BTreeMap<Epoch, Vec<Changes>> = BTreeMap::new();
        let mut written = self.written_in_doubt().await;
        loop {
            tokio::select! {
                Some(epoch) = closed.recv() => waiting.push_back(epoch),
                Some(change) = changes.recv() => arrived.entry(change.epoch).or_default().push(change),
                else => return,
            }
            while let Ok(epoch) = closed.try_recv() {
                waiting.push_back(epoch);
            }
            while let Ok(change) = changes.try_recv() {
                arrived.entry(change.epoch).or_default().push(change);
            }
            let batch = self.take_ready(&mut waiting, &mut arrived);
            if !batch.is_empty() {
                self.commit(batch, &mut written).await;
            }
        }
    }

    /// The longest run of ready epochs, within the size of a commit.
    fn take_ready(
        &self,
        waiting: &mut VecDeque<ClosedEpoch>,
        arrived: &mut BTreeMap<Epoch, Vec<Changes>>,
    ) -> Vec<(ClosedEpoch, Vec<Changes>)> {
        let mut batch = Vec::new();
        let mut events = 0;
        while let Some(front) = waiting.front()
            && arrived.get(&front.epoch).is_some_and(|changes| changes.len() == self.workers)
            && (batch.is_empty() || events + front.events.len() <= COMMIT_EVENTS)
        {
            let Some(epoch) = waiting.pop_front() else { break };
            events += epoch.events.len();
            let changes = arrived.remove(&epoch.epoch).unwrap_or_default();
            batch.push((epoch, changes));
        }
        batch
    }

    /// Commits a run of epochs; tries again until ClickHouse has taken everything.
    async fn commit(
        &mut self,
        batch: Vec<(ClosedEpoch, Vec<Changes>)>,
        written: &mut HashSet<(Partition, Offset)>,
    ) {
        let started = Instant::now();
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return };
        let (first, last, ends) = (first.0.epoch, last.0.epoch, last.0.ends.clone());
        self.report_violations(&batch);

        let traffic = self.traffic_rows(&batch).await;
        let uniques = self.uniques_rows(&batch).await;
        let sessions = rows::sessions(&batch, &self.interner);
        let events = rows::events(&batch, written);
        let token = format!("events/{}/g{}/{first}-{last}", self.engine_name, self.generation);
        let store = &self.store;
        tokio::join!(
            until_it_works("write events", || store.insert_events(&token, &events)),
            until_it_works("write traffic", || store.upsert_traffic(&traffic)),
            until_it_works("write uniques", || store.upsert_uniques(&uniques)),
            until_it_works("write sessions", || store.upsert_sessions(&sessions)),
        );
        let row = ProgressRow {
            engine: self.engine_name.clone(),
            epoch: last,
            generation: self.generation,
            closed_at: now_ms(),
        };
        until_it_works("write progress", || store.record_progress(&row)).await;
        if last >= self.in_doubt {
            *written = HashSet::new();
        }

        let mut sites: Vec<SiteId> =
            batch.iter().flat_map(|(epoch, _)| epoch.sites.iter().copied()).collect();
        sites.sort_unstable();
        sites.dedup();
        self.counters.committed_epoch.store(last, Ordering::Relaxed);
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.counters.commit_micros.fetch_add(started.elapsed().as_micros() as u64, Ordering::Relaxed);
        let progress = Progress { epoch: last, at_ms: now_ms(), sites: sites.into(), ends: ends.into() };
        self.progress.send_replace(progress);
    }

    async fn traffic_rows(
        &mut self,
        batch: &[(ClosedEpoch, Vec<Changes>)],
    ) -> Vec<opentrace_store::TrafficRow> {
        let cells = &mut self.cells.traffic;
        let touched = batch.iter().flat_map(|(_, changes)| changes).flat_map(|c| &c.traffic);
        let missing = cells.missing(touched.map(|(cell, _)| *cell));
        if !missing.is_empty() {
            let asked: Vec<(u32, i64)> = missing.iter().map(rows::traffic_key).collect();
            let stored = until_it_works("read traffic", || self.store.traffic_cells(&asked)).await;
            cells.load(&missing, stored.iter().map(rows::stored_traffic));
        }
        for (epoch, changes) in batch {
            cells.add(epoch.epoch, changes.iter().flat_map(|c| c.traffic.iter().copied()));
        }
        cells.finish_commit().iter().map(rows::traffic_row).collect()
    }

    async fn uniques_rows(
        &mut self,
        batch: &[(ClosedEpoch, Vec<Changes>)],
    ) -> Vec<opentrace_store::UniquesRow> {
        let cells = &mut self.cells.uniques;
        let touched = batch.iter().flat_map(|(_, changes)| changes).flat_map(|c| &c.uniques);
        let missing = cells.missing(touched.map(|(cell, _)| *cell));
        if !missing.is_empty() {
            let asked: Vec<_> = missing.iter().map(rows::uniques_key).collect();
            let stored = until_it_works("read uniques", || self.store.uniques_cells(&asked)).await;
            cells.load(&missing, stored.iter().map(rows::stored_uniques));
        }
        for (epoch, changes) in batch {
            cells.add(epoch.epoch, changes.iter().flat_map(|c| c.uniques.iter().copied()));
        }
        cells.finish_commit().iter().map(rows::uniques_row).collect()
    }

    /// Which events of epochs in doubt reached ClickHouse before the restart.
    async fn written_in_doubt(&self) -> HashSet<(Partition, Offset)> {
        let committed = self.progress.borrow().epoch;
        if self.in_doubt <= committed {
            return HashSet::new();
        }
        let range = (committed + 1, self.in_doubt);
        let found = until_it_works("read offsets", || self.store.existing_offsets(range.0, range.1)).await;
        found.into_iter().collect()
    }

    fn report_violations(&self, batch: &[(ClosedEpoch, Vec<Changes>)]) {
        for (violation, count) in batch.iter().flat_map(|(_, changes)| changes).flat_map(|c| &c.violations) {
            tracing::error!(?violation, count, "a row was taken out that was not in");
            self.counters.violations.fetch_add(1, Ordering::Relaxed);
        }
    }
}
