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
pub(crate) mod views;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use hashbrown::{HashMap, HashSet};
use opentrace_events::SiteId;
use opentrace_operators::{Rows, SeriesCell};
use opentrace_store::{
    FeatureRow, GoalRow, PassageRow, ProgressRow, RetentionRow, SeriesRow, SessionRow, Store, TrafficRow,
    UniquesRow,
};
use tokio::sync::{mpsc, watch};

use self::cells::Cells;
use self::views::{CellsOf, Goals, Retention, Series, Traffic, Uniques};
use crate::config::PipelineConfig;
use crate::coordinator::{Logged, now_ms};
use crate::engine::Changes;
use crate::intern::Interner;
use crate::journal::Epoch;
use crate::log::{Offset, Partition};
use crate::retry::until_it_works;
use crate::status::{Counters, Progress};
use crate::told::{Commit, CommitWatch};

/// Ready epochs are committed together up to this many events.
const COMMIT_EVENTS: usize = 200_000;

/// An epoch as the coordinator closed it.
#[derive(Debug)]
pub(crate) struct ClosedEpoch {
    pub epoch: Epoch,
    pub ends: Vec<Offset>,
    pub sites: Vec<SiteId>,
    pub events: Vec<Logged>,
    /// The number of each site's calendar in this epoch.
    pub calendars: Arc<HashMap<u32, u32>>,
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
    watch: Option<Arc<dyn CommitWatch>>,
    cells: Views,
}

struct Views {
    traffic: CellsOf<Traffic>,
    uniques: CellsOf<Uniques>,
    goals: CellsOf<Goals>,
    retention: CellsOf<Retention>,
    series: CellsOf<Series>,
}

impl Views {
    fn len(&self) -> usize {
        let Self { traffic, uniques, goals, retention, series } = self;
        traffic.len() + uniques.len() + goals.len() + retention.len() + series.len()
    }
}

/// Everything a batch writes but its events.
struct Batch {
    sessions: Vec<SessionRow>,
    features: Vec<FeatureRow>,
    passages: Vec<PassageRow>,
    traffic: Vec<TrafficRow>,
    uniques: Vec<UniquesRow>,
    goals: Vec<GoalRow>,
    retention: Vec<RetentionRow>,
    series: Vec<SeriesRow>,
}

/// What a batch says of one view, by epoch. `pick` is given the number of each site's calendar.
fn by_epoch<T>(
    batch: &[(ClosedEpoch, Vec<Changes>)],
    pick: impl Fn(&Rows, &dyn Fn(u32) -> u32) -> Vec<T>,
) -> Vec<(Epoch, Vec<T>)> {
    let of_epoch = |(closed, changes): &(ClosedEpoch, Vec<Changes>)| {
        let calendar = |site: u32| closed.calendars.get(&site).copied().unwrap_or(0);
        (closed.epoch, changes.iter().flat_map(|changes| pick(&changes.rows, &calendar)).collect())
    };
    batch.iter().map(of_epoch).collect()
}

/// The rows of one view, by epoch and worker.
fn of_view<'a, T: 'a>(
    batch: &'a [(ClosedEpoch, Vec<Changes>)],
    pick: impl Fn(&'a Rows) -> &'a Vec<T>,
) -> impl Iterator<Item = (Epoch, &'a [T])> {
    batch.iter().flat_map(move |(closed, changes)| {
        changes.iter().map(|changes| (closed.epoch, pick(&changes.rows).as_slice())).collect::<Vec<_>>()
    })
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
        let cells = Views {
            traffic: Cells::new(config.cells),
            uniques: Cells::new(config.cells),
            goals: Cells::new(config.cells),
            retention: Cells::new(config.cells),
            series: Cells::new(config.cells),
        };
        let watch = config.watch.clone();
        Self { store, engine_name, generation, workers, interner, counters, progress, in_doubt, watch, cells }
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

        let rows = self.rows(&batch).await;
        let events = rows::events(&batch, written);
        let token = format!("events/{}/g{}/{first}-{last}", self.engine_name, self.generation);
        let store = &self.store;
        tokio::join!(
            until_it_works("write events", || store.insert_events(&token, &events)),
            until_it_works("write sessions", || store.upsert_sessions(&rows.sessions)),
            until_it_works("write features", || store.upsert_features(&rows.features)),
            until_it_works("write funnels", || store.upsert_passages(&rows.passages)),
            until_it_works("write traffic", || store.upsert_cells(&rows.traffic)),
            until_it_works("write uniques", || store.upsert_cells(&rows.uniques)),
            until_it_works("write goals", || store.upsert_cells(&rows.goals)),
            until_it_works("write retention", || store.upsert_cells(&rows.retention)),
            until_it_works("write series", || store.upsert_cells(&rows.series)),
            self.tell(&batch, &rows.series),
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
        Counters::set(&self.counters.cells, self.cells.len());
        self.counters.committed_epoch.store(last, Ordering::Relaxed);
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.counters.commit_micros.fetch_add(started.elapsed().as_micros() as u64, Ordering::Relaxed);
        let progress = Progress { epoch: last, at_ms: now_ms(), sites: sites.into(), ends: ends.into() };
        self.progress.send_replace(progress);
    }

    /// Tells who watches, if anybody wants to know.
    async fn tell(&self, batch: &[(ClosedEpoch, Vec<Changes>)], series: &[SeriesRow]) {
        let (Some((first, _)), Some((last, _))) = (batch.first(), batch.last()) else { return };
        let Some(watch) = self.watch.as_ref().filter(|watch| watch.wants(last.epoch)) else { return };
        let events = batch
            .iter()
            .flat_map(|(closed, _)| closed.events.iter().map(|logged| (closed.epoch, &logged.event)));
        let commit = Commit { first: first.epoch, last: last.epoch, series, events: events.collect() };
        watch.take(commit).await;
    }

    /// The rows of every view after a batch.
    async fn rows(&mut self, batch: &[(ClosedEpoch, Vec<Changes>)]) -> Batch {
        let (store, cells) = (&self.store, &mut self.cells);
        let (traffic, uniques, goals, retention, series) = tokio::join!(
            views::add::<Traffic>(store, &mut cells.traffic, by_epoch(batch, |rows, _| rows.traffic.clone())),
            views::add::<Uniques>(
                store,
                &mut cells.uniques,
                by_epoch(batch, |rows, calendar| {
                    rows.uniques.iter().map(|(cell, diff)| ((calendar(cell.site), *cell), *diff)).collect()
                })
            ),
            views::add::<Goals>(store, &mut cells.goals, by_epoch(batch, |rows, _| rows.goals.clone())),
            views::add::<Retention>(
                store,
                &mut cells.retention,
                by_epoch(batch, |rows, _| rows.retention.clone())
            ),
            views::add::<Series>(
                store,
                &mut cells.series,
                by_epoch(batch, |rows, calendar| {
                    let cell = |cell: SeriesCell| Series::cell(calendar(cell.site), cell);
                    rows.series.iter().map(|(key, diff)| (cell(*key), *diff)).collect()
                })
            ),
        );
        let words = self.interner.reader();
        Batch {
            traffic,
            uniques,
            goals,
            retention,
            series,
            sessions: views::sessions(of_view(batch, |rows| &rows.sessions), &words),
            features: views::features(of_view(batch, |rows| &rows.features), &words),
            passages: views::passages(of_view(batch, |rows| &rows.funnels)),
        }
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
