//! The sink: commits epochs to ClickHouse.
//!
//! An epoch is ready once its events and every worker's changes have come. Ready epochs are
//! committed together, in order, in two steps: here their rows are made ready, and [`writer`] sends
//! them. While one run of epochs is being sent the next is made ready, but no more than one: cells that
//! were let go are read back from ClickHouse, so everything older has to be there.
//!
//! Keeps: what is between two commits, and the cells touched lately.

pub(crate) mod cells;
mod rows;
pub(crate) mod views;
mod writer;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hashbrown::{HashMap, HashSet};
use opentrace_events::SiteId;
use opentrace_operators::{Diff, Rows, SeriesCell, Session};
use opentrace_store::{Block, SeriesRow, Store};
use tokio::sync::{Semaphore, mpsc, watch};

use self::cells::Cells;
use self::views::{Breakdowns, CellsOf, Goals, Retention, Series, Traffic, Uniques};
use self::writer::{Prepared, Tables, Writer};
use crate::config::PipelineConfig;
use crate::coordinator::Logged;
use crate::engine::Changes;
use crate::intern::Interner;
use crate::journal::Epoch;
use crate::log::{Offset, Partition};
use crate::retry::until_it_works;
use crate::status::{Counters, Progress};

/// Ready epochs are committed together up to this many events.
const COMMIT_EVENTS: usize = 200_000;
/// One run of epochs is sent, one is made ready.
const AT_ONCE: usize = 2;

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

/// Makes epochs ready to be written.
pub(crate) struct Sink {
    store: Store,
    workers: usize,
    interner: Interner,
    counters: Arc<Counters>,
    /// Epochs up to this one may have been written in part by an earlier run.
    in_doubt: Epoch,
    committed: Epoch,
    cells: Views,
    writer: Writer,
}

struct Views {
    traffic: CellsOf<Traffic>,
    uniques: CellsOf<Uniques>,
    breakdowns: CellsOf<Breakdowns>,
    goals: CellsOf<Goals>,
    retention: CellsOf<Retention>,
    series: CellsOf<Series>,
}

impl Views {
    fn len(&self) -> usize {
        let Self { traffic, uniques, breakdowns, goals, retention, series } = self;
        traffic.len() + uniques.len() + breakdowns.len() + goals.len() + retention.len() + series.len()
    }
}

/// What a batch says of one view, by epoch. `pick` is given the number of each site's calendar.
fn by_epoch<T>(
    batch: &[(ClosedEpoch, Vec<Changes>)],
    mut pick: impl FnMut(&Rows, &dyn Fn(u32) -> u32) -> Vec<T>,
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

/// What epochs change of sessions, as the workers say it.
pub(crate) type SessionDiffs = Vec<(Epoch, Vec<(Session, Diff)>)>;

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
            breakdowns: Cells::new(config.cells),
            goals: Cells::new(config.cells),
            retention: Cells::new(config.cells),
            series: Cells::new(config.cells),
        };
        let committed = progress.borrow().epoch;
        let writer = Writer {
            store: store.clone(),
            engine_name,
            generation,
            counters: Arc::clone(&counters),
            progress,
            watch: config.watch.clone(),
            interner: interner.clone(),
        };
        Self { store, workers, interner, counters, in_doubt, committed, cells, writer }
    }

    /// Commits epochs until the coordinator and the workers are gone.
    pub(crate) async fn run(
        mut self,
        mut closed: mpsc::Receiver<ClosedEpoch>,
        mut changes: mpsc::Receiver<Changes>,
    ) {
        let (to_writer, prepared) = mpsc::channel(AT_ONCE);
        let writer = tokio::spawn(self.writer.clone().run(prepared));
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut waiting: VecDeque<ClosedEpoch> = VecDeque::new();
        let mut arrived: BTreeMap<Epoch, Vec<Changes>> = BTreeMap::new();
        let mut written = self.written_in_doubt().await;
        loop {
            tokio::select! {
                Some(epoch) = closed.recv() => waiting.push_back(epoch),
                Some(change) = changes.recv() => arrived.entry(change.epoch).or_default().push(change),
                else => break,
            }
            // What comes while there is no room is committed together.
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
            while let Ok(epoch) = closed.try_recv() {
                waiting.push_back(epoch);
            }
            while let Ok(change) = changes.try_recv() {
                arrived.entry(change.epoch).or_default().push(change);
            }
            let batch = self.take_ready(&mut waiting, &mut arrived);
            if !batch.is_empty() {
                let (tables, series) = self.prepare(&batch, &mut written).await;
                let (epochs, sessions) = self.told_of(batch);
                if to_writer.send(Prepared { epochs, tables, series, sessions, permit }).await.is_err() {
                    break;
                }
            }
        }
        drop(to_writer);
        if let Err(Ok(panic)) = writer.await.map_err(tokio::task::JoinError::try_into_panic) {
            std::panic::resume_unwind(panic);
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

    /// Makes a run of epochs ready: everything it writes, and the cells of series by themselves.
    async fn prepare(
        &mut self,
        batch: &[(ClosedEpoch, Vec<Changes>)],
        written: &mut HashSet<(Partition, Offset)>,
    ) -> (Tables, Vec<SeriesRow>) {
        self.report_violations(batch);
        let mut words = views::Words::default();
        let by_value = {
            let reader = self.interner.reader();
            by_epoch(batch, |rows, calendar| words.cells(rows, calendar, &reader).into_iter().collect())
        };
        let values = words.values(&by_value);
        let (store, cells) = (&self.store, &mut self.cells);
        let (traffic, uniques, breakdowns, goals, retention, series) = tokio::join!(
            views::add::<Traffic>(store, &mut cells.traffic, by_epoch(batch, |rows, _| rows.traffic.clone())),
            views::add::<Uniques>(
                store,
                &mut cells.uniques,
                by_epoch(batch, |rows, calendar| {
                    rows.uniques.iter().map(|(cell, diff)| ((calendar(cell.site), *cell), *diff)).collect()
                })
            ),
            views::add::<Breakdowns>(store, &mut cells.breakdowns, by_value),
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
        Counters::set(&self.counters.cells, self.cells.len());
        let events = Block::events(&rows::events(batch, written));
        if batch.last().is_some_and(|(last, _)| last.epoch >= self.in_doubt) {
            *written = HashSet::new();
        }
        let words = self.interner.reader();
        let sessions = views::sessions(of_view(batch, |rows| &rows.sessions), &words);
        let features = views::features(of_view(batch, |rows| &rows.features), &words);
        let passages = views::passages(of_view(batch, |rows| &rows.funnels));
        let tables = Tables {
            events,
            sessions: Block::sessions(&sessions),
            features: Block::features(&features),
            passages: Block::passages(&passages),
            traffic,
            uniques,
            breakdowns,
            values,
            goals,
            retention,
        };
        (tables, series)
    }

    /// The epochs of a batch, and what they change of sessions where who watches wants to know.
    fn told_of(&self, batch: Vec<(ClosedEpoch, Vec<Changes>)>) -> (Vec<ClosedEpoch>, SessionDiffs) {
        let last = batch.last().map_or(0, |(last, _)| last.epoch);
        let wanted = self.writer.watch.as_ref().is_some_and(|watch| watch.wants_sessions(last));
        let (epochs, changes): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let changes = changes.into_iter().flatten().filter(|_| wanted);
        (epochs, changes.map(|changes| (changes.epoch, changes.rows.sessions)).collect())
    }

    /// Which events of epochs in doubt reached ClickHouse before the restart.
    async fn written_in_doubt(&self) -> HashSet<(Partition, Offset)> {
        if self.in_doubt <= self.committed {
            return HashSet::new();
        }
        let range = (self.committed + 1, self.in_doubt);
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
