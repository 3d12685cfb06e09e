//! The coordinator: closes epochs.
//!
//! One thread reads the log, binds what it read to an epoch, drops repeats, makes sure that everyone
//! the epoch touches is resident with their history, feeds the workers, and hands the events to the
//! sink. It reads ahead of ClickHouse by a few epochs at most.
//!
//! Everything it decides about an epoch follows from the log, the journal and what ClickHouse held
//! before the epoch, so replaying an epoch after a crash gives the same rows. The clock only decides
//! when an epoch is closed and who is idle, neither of which changes a view.

mod erase;
mod plans;

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use opentrace_events::{Event, SiteId, Sites, Timestamp};
use opentrace_operators::{Act, Diff, EventFact, Installed, Person};
use opentrace_store::{Props, Store};
use tokio::sync::{Notify, mpsc, watch};

use crate::config::PipelineConfig;
use crate::dedup::Dedup;
use crate::engine::{Engine, Feed};
use crate::erasure::{Erasure, Erasures};
use crate::error::PipelineError;
use crate::facts::FactMaker;
use crate::history::History;
use crate::journal::{Binding, Epoch, Journal};
use crate::log::{self, Chunk, EventLog, Offset, Partition};
use crate::plan::{Book, SitePlan};
use crate::residents::{Now, Residents, Slice};
use crate::sink::ClosedEpoch;
use crate::snapshot::{Pending, Snapshots};
use crate::status::{Counters, Progress};
use crate::tasks::{Fillings, Task};

/// While the log is ahead by more than so many epochs, an epoch is larger: whoever comes up several times in
/// it changes the views once, and ClickHouse takes fewer and larger parts. Nobody waits for the newest event then.
const FAR_BEHIND: usize = 6;
/// So many times as large.
const CATCHING_UP: usize = 2;

/// An event and where it lies in the log.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub partition: Partition,
    pub offset: Offset,
    pub event: Event,
}

/// What the coordinator works with.
pub(crate) struct Parts {
    pub config: PipelineConfig,
    pub log: Arc<dyn EventLog>,
    pub journal: Arc<Journal>,
    pub store: Store,
    pub sites: Sites,
    pub plans: Plans,
    pub erasures: Erasures,
    pub dedup: Arc<RwLock<Dedup>>,
    pub facts: FactMaker,
    pub counters: Arc<Counters>,
    pub snapshots: Snapshots,
    pub engine: Engine,
    pub sink: mpsc::Sender<ClosedEpoch>,
    pub committed: watch::Receiver<Progress>,
    /// Turns true when everything in the log is to be finished and the coordinator to end.
    pub stopping: watch::Receiver<bool>,
}

/// Where plans come from, and who is told of what they call for.
pub(crate) struct Plans {
    /// Every site's newest plan.
    pub wanted: watch::Receiver<Arc<BTreeMap<SiteId, SitePlan>>>,
    pub fillings: Fillings,
    pub bell: Arc<Notify>,
}

pub(crate) struct Coordinator {
    parts: Parts,
    residents: Residents,
    book: Book,
    /// The last epoch closed.
    epoch: Epoch,
    /// Where it ended.
    ends: Vec<Offset>,
    closed_at: Instant,
    snapshot: SnapshotClock,
    /// What people did who were erased, until the epoch that says so is committed: who watches is told
    /// what of them went.
    gone: Vec<(Epoch, Vec<Act>)>,
}

/// What comes into force with an epoch.
#[derive(Debug, Default)]
struct Called {
    plans: Vec<SitePlan>,
    erasures: Vec<Erasure>,
}

impl Called {
    fn is_empty(&self) -> bool {
        self.plans.is_empty() && self.erasures.is_empty()
    }

    fn sites(&self) -> impl Iterator<Item = SiteId> {
        let plans = self.plans.iter().map(|plan| plan.site);
        plans.chain(self.erasures.iter().map(|erasure| erasure.site))
    }
}

struct SnapshotClock {
    last: Instant,
    /// Ids inserted since the last snapshot.
    pending: Option<Pending>,
    dirty: bool,
}

impl Coordinator {
    /// Continues after `epoch`, which ended at `ends` and is committed.
    pub(crate) fn new(parts: Parts, epoch: Epoch, ends: Vec<Offset>) -> Self {
        let snapshot = SnapshotClock { last: Instant::now(), pending: None, dirty: false };
        let (residents, book) = (Residents::default(), Book::default());
        let (closed_at, gone) = (Instant::now(), Vec::new());
        Self { parts, residents, book, epoch, ends, closed_at, snapshot, gone }
    }

    /// Replays the epochs that were bound but not committed, then closes new ones until told to
    /// stop; then finishes what is in the log and waits until it is committed.
    pub(crate) async fn run(mut self, bound: Vec<Binding>) -> Result<(), PipelineError> {
        let in_force = self.parts.journal.plans_as_of(self.epoch)?;
        let mut definitions = self.put_into_force(in_force);
        for binding in bound {
            let chunks = self.read_up_to(&binding.ends).await?;
            let plans = self.parts.journal.plans_of(binding.epoch)?;
            let erasures = self.parts.erasures.of(binding.epoch);
            self.close(binding, chunks, Called { plans, erasures }, std::mem::take(&mut definitions)).await?;
        }
        let mut appended = self.parts.log.appended();
        let mut asked = self.parts.erasures.changes();
        loop {
            // Before the log is read: a site's plan is wanted before its first event is accepted.
            let called =
                Called { plans: self.changed_plans(), erasures: self.parts.erasures.due(&self.ends) };
            let chunks = self.read_ahead().await?;
            if !chunks.is_empty() || !called.is_empty() {
                let binding = self.bind(&chunks, &called)?;
                self.close(binding, chunks, called, std::mem::take(&mut definitions)).await?;
            } else if *self.parts.stopping.borrow() {
                break;
            }
            self.keep_house().await?;
            self.wait_for_work(&mut appended, &mut asked).await;
        }
        self.finish().await
    }

    /// What the log holds beyond the last epoch, up to the size of one epoch.
    async fn read_ahead(&self) -> Result<Vec<Chunk>, PipelineError> {
        let partitions = self.parts.log.partitions();
        let ends = self.parts.log.ends();
        let events = self.parts.config.epoch_events;
        let far_behind = self.waiting(&ends) > (FAR_BEHIND * events) as u64;
        let events = if far_behind { CATCHING_UP * events } else { events };
        let share = (events / usize::from(partitions)).max(1);
        let mut chunks = Vec::new();
        for partition in 0..partitions {
            let from = self.ends[usize::from(partition)];
            if ends[usize::from(partition)] > from {
                chunks.extend(self.parts.log.read(partition, from, share).await?);
            }
        }
        Ok(chunks)
    }

    /// Exactly what a bound epoch holds.
    async fn read_up_to(&self, ends: &[Offset]) -> Result<Vec<Chunk>, PipelineError> {
        let mut chunks = Vec::new();
        for (partition, (from, until)) in (0..).zip(self.ends.iter().zip(ends)) {
            if until > from {
                let count = usize::try_from(until - from).unwrap_or(usize::MAX);
                let read = self.parts.log.read(partition, *from, count).await?;
                // Where something was erased meanwhile, as many events reach further.
                chunks.extend(read.into_iter().filter(|chunk| chunk.first < *until));
            }
        }
        Ok(chunks)
    }

    /// Binds what was read, and what is called for, to the next epoch. Durable on return.
    fn bind(&self, chunks: &[Chunk], called: &Called) -> Result<Binding, PipelineError> {
        let mut ends = self.ends.clone();
        for chunk in chunks {
            ends[usize::from(chunk.partition)] = chunk.end();
        }
        let binding = Binding { epoch: self.epoch + 1, ends };
        let plans = called.plans.iter().flat_map(|plan| self.tasks_of(plan, binding.epoch));
        let erase = |erasure: &Erasure| Task::Erase { erasure: erasure.clone(), epoch: binding.epoch };
        let tasks: Vec<Task> = plans.chain(called.erasures.iter().map(erase)).collect();
        self.parts.journal.bind(&binding, &called.plans, &tasks)?;
        for erasure in &called.erasures {
            self.parts.erasures.put_into_force(erasure, binding.epoch);
        }
        if !tasks.is_empty() {
            self.parts.plans.bell.notify_one();
        }
        Ok(binding)
    }

    /// Closes an epoch. `definitions` is what the dataflow has not been told yet.
    async fn close(
        &mut self,
        binding: Binding,
        chunks: Vec<Chunk>,
        called: Called,
        mut definitions: Vec<(Installed, Diff)>,
    ) -> Result<(), PipelineError> {
        let epoch = binding.epoch;
        // Whose answers change with this epoch, also without an event.
        let mut sites: Vec<SiteId> = called.sites().collect();
        self.settle_before(&called).await?;
        self.wait_for_room(epoch).await?;
        let mut silent = self.leave(&called.plans);
        definitions.extend(self.put_into_force(called.plans));
        let events = self.drop_repeats(epoch, chunks).await;
        let now = Now {
            minute: self.parts.config.clock.now_ms() / 60_000,
            idle_minutes: (self.parts.config.idle.as_secs() / 60) as i64,
        };

        silent.extend(self.evict(now));
        let mut real = self.erase(&called.erasures, epoch, now, &mut silent).await;
        let facts = self.facts_of(&events, epoch, now, &mut silent).await;
        real.extend(facts.into_iter().map(|fact| (fact, 1)));
        self.parts.engine.feed(epoch, self.deal(silent, real, definitions));

        sites.extend(events.iter().map(|logged| logged.event.site));
        sites.sort_unstable();
        sites.dedup();
        let calendars = self.book.calendars();
        let closed = ClosedEpoch { epoch, ends: binding.ends.clone(), sites, events, calendars };
        if self.parts.sink.send(closed).await.is_err() {
            return Err(PipelineError::Stopped("the sink ended".to_owned()));
        }
        self.epoch = epoch;
        self.ends = binding.ends;
        self.closed_at = Instant::now();
        self.report();
        Ok(())
    }

    /// Holds back while too many epochs are between the log and ClickHouse.
    async fn wait_for_room(&mut self, epoch: Epoch) -> Result<(), PipelineError> {
        let oldest = epoch.saturating_sub(self.parts.config.in_flight as u64);
        let reached = self.parts.committed.wait_for(|progress| progress.epoch >= oldest).await;
        match reached {
            Ok(_) => Ok(()),
            Err(_) => Err(PipelineError::Stopped("the sink ended".to_owned())),
        }
    }

    /// The events of the chunks that were not there before, in the order of partitions and offsets.
    async fn drop_repeats(&mut self, epoch: Epoch, chunks: Vec<Chunk>) -> Vec<Logged> {
        // At once with the room it takes: an event is large, and a growing vector copies it.
        let mut events = Vec::with_capacity(chunks.iter().map(|chunk| chunk.events.len()).sum());
        events.extend(chunks.into_iter().flat_map(logged));
        if !self.parts.config.deduplicate {
            return events;
        }
        let read = events.len();
        let stored = History::of(&self.parts).stored_ids(&events, epoch).await;
        let mut dedup = self.parts.dedup.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut newest = Timestamp(0);
        let mut kept = events;
        kept.retain(|Logged { event, .. }| {
            newest = newest.max(event.received_at);
            !event.client_id
                || (dedup.insert(event.site, event.id, event.received_at)
                    && !stored.contains(&(event.site, event.id)))
        });
        dedup.expire(newest);
        self.snapshot.dirty = true;
        Counters::add(&self.parts.counters.duplicates, read - kept.len());
        kept
    }

    /// Histories of people who were idle, to be fed out.
    fn evict(&mut self, now: Now) -> Vec<(EventFact, Diff)> {
        let config = &self.parts.config;
        let idle_since = now.idle_since();
        let committed = self.parts.committed.borrow().epoch;
        for (_, acts) in self.gone.extract_if(.., |(epoch, _)| *epoch <= committed) {
            self.parts.facts.release(acts.iter());
        }
        let evicted = self.residents.evict(idle_since, config.resident_events, committed);
        self.residents.forget_slices(idle_since);
        self.feed_out(evicted)
    }

    /// The rows that take histories out of the dataflow.
    fn feed_out(&self, evicted: Vec<(Person, Vec<Act>)>) -> Vec<(EventFact, Diff)> {
        Counters::add(&self.parts.counters.evicted, evicted.len());
        self.parts.facts.release(evicted.iter().flat_map(|(_, acts)| acts));
        evicted.into_iter().flat_map(|(person, acts)| out(person, acts)).collect()
    }

    /// Makes facts of the epoch's events, after fetching what is stored of the people they touch.
    async fn facts_of(
        &mut self,
        events: &[Logged],
        epoch: Epoch,
        now: Now,
        silent: &mut Vec<(EventFact, Diff)>,
    ) -> Vec<EventFact> {
        let missing = History::of(&self.parts).missing(&mut self.residents, events, now).await;
        let reads_props =
            |slice: &Slice| self.book.of(SiteId(slice.site)).is_some_and(|plan| plan.reads_props());
        let props = if missing.keys().any(reads_props) { Props::Read } else { Props::LeaveOut };
        let hidden = self.parts.erasures.hidden(epoch + 1);
        self.hydrate(&missing, epoch, props, &hidden, now, silent).await;

        let sources: Vec<_> = events.iter().map(|logged| (&logged.event).into()).collect();
        let fresh = self.parts.facts.make(&sources, &self.book);
        let mut real = Vec::with_capacity(fresh.len());
        self.settle_in(&fresh, epoch, now, |fact| real.push(fact));
        real
    }

    /// Adds facts to the residents; those already there are given back.
    fn settle_in(&mut self, facts: &[EventFact], epoch: Epoch, now: Now, mut new: impl FnMut(EventFact)) {
        let mut known = Vec::new();
        for fact in facts {
            if self.residents.add(fact.person, fact.act, epoch, now) {
                new(*fact);
            } else {
                known.push(fact.act);
            }
        }
        self.parts.facts.release(known.iter());
    }

    /// Splits rows over the workers by person.
    fn deal(
        &self,
        silent: Vec<(EventFact, Diff)>,
        real: Vec<(EventFact, Diff)>,
        definitions: Vec<(Installed, Diff)>,
    ) -> Vec<Feed> {
        let workers = self.parts.engine.workers();
        if workers == 1 {
            return vec![Feed { silent, real, definitions }];
        }
        let mut feeds: Vec<Feed> = (0..workers).map(|_| Feed::default()).collect();
        for row in silent {
            feeds[worker_of(row.0.person, workers)].silent.push(row);
        }
        for row in real {
            feeds[worker_of(row.0.person, workers)].real.push(row);
        }
        feeds[0].definitions = definitions;
        feeds
    }

    /// Snapshots, and dropping of what the log and journal no longer need.
    async fn keep_house(&mut self) -> Result<(), PipelineError> {
        let committed = self.parts.committed.borrow().clone();
        if let Some(pending) = self.snapshot.pending.take_if(|pending| pending.epoch <= committed.epoch) {
            self.parts.snapshots.publish(&pending)?;
            self.parts.journal.forget(pending.epoch)?;
            for (partition, end) in (0..).zip(committed.ends.iter()) {
                self.parts.log.truncate(partition, *end, self.parts.config.log_keep).await?;
            }
        }
        let due = self.snapshot.last.elapsed() >= self.parts.config.snapshot_interval;
        if due && self.snapshot.dirty && self.snapshot.pending.is_none() {
            self.write_snapshot()?;
        }
        Ok(())
    }

    fn write_snapshot(&mut self) -> Result<(), PipelineError> {
        let started = Instant::now();
        let dedup = self.parts.dedup.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        self.snapshot.pending = Some(self.parts.snapshots.write(self.epoch, &dedup)?);
        // A snapshot that takes long is taken rarely: at most a twentieth of the time goes into them.
        self.snapshot.last = Instant::now() + started.elapsed() * 20;
        self.snapshot.dirty = false;
        Ok(())
    }

    /// Events between the last epoch and these ends of the log.
    fn waiting(&self, ends: &[Offset]) -> u64 {
        ends.iter().zip(&self.ends).map(|(end, done)| end.saturating_sub(*done)).sum()
    }

    async fn wait_for_work(&mut self, appended: &mut watch::Receiver<u64>, asked: &mut watch::Receiver<u64>) {
        let waiting = self.waiting(&self.parts.log.ends());
        if waiting >= self.parts.config.epoch_events as u64 {
            return;
        }
        let mut stopping = self.parts.stopping.clone();
        if waiting == 0 && !*stopping.borrow() {
            tokio::select! {
                _ = appended.changed() => {}
                _ = stopping.changed() => {}
                _ = self.parts.plans.wanted.changed() => return,
                _ = asked.changed() => return,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
        appended.mark_unchanged();
        if !*stopping.borrow() {
            tokio::time::sleep(self.parts.config.epoch_interval.saturating_sub(self.closed_at.elapsed()))
                .await;
        }
    }

    async fn finish(mut self) -> Result<(), PipelineError> {
        let last = self.epoch;
        if self.parts.committed.wait_for(|progress| progress.epoch >= last).await.is_err() {
            return Err(PipelineError::Stopped("the sink ended".to_owned()));
        }
        if self.snapshot.dirty {
            self.snapshot.pending = None;
            self.write_snapshot()?;
        }
        self.keep_house().await?;
        self.parts.engine.stop();
        Ok(())
    }

    fn report(&self) {
        let counters = &self.parts.counters;
        let (people, acts, known) = self.residents.size();
        let (texts, visits) = self.parts.facts.interner.len();
        Counters::set(&counters.closed_epoch, usize::try_from(self.epoch).unwrap_or(usize::MAX));
        Counters::set(&counters.resident_people, people);
        Counters::set(&counters.resident_events, acts);
        Counters::set(&counters.known_visitors, known);
        Counters::set(&counters.interned, texts + visits);
        let dedup = self.parts.dedup.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        Counters::set(&counters.dedup_ids, dedup.len());
    }
}

fn logged(chunk: Chunk) -> impl Iterator<Item = Logged> {
    let Chunk { partition, first, events } = chunk;
    let logged = (first..).zip(events).map(move |(offset, event)| Logged { partition, offset, event });
    logged.filter(|logged| !log::is_erased(&logged.event))
}

/// The rows that take a history out of the dataflow.
fn out(person: Person, acts: Vec<Act>) -> impl Iterator<Item = (EventFact, Diff)> {
    acts.into_iter().map(move |act| (EventFact { person, act }, -1))
}

/// Any fixed spread will do here: workers exchange rows by key themselves, this only saves the trip.
fn worker_of(person: Person, workers: usize) -> usize {
    let spread = (person.visitor ^ u64::from(person.site)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (spread >> 32) as usize % workers
}

pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
