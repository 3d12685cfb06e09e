//! From the durable log through epochs and the dataflow to the views in ClickHouse.
//!
//! ```text
//! append ─→ log ─→ coordinator ─┬─→ workers (timely) ─→ changes ─┐
//!           202        │        └─→ the epoch's events ──────────┴─→ sink ─→ ClickHouse
//!                      └─ journal: epoch → offsets                        └─→ progress
//! ```
//!
//! [`Pipeline::append`] needs only the log, so collection goes on while ClickHouse is down; the
//! rest catches up. What each part keeps and when it is wrong is said in its module.

mod calendar;
mod clock;
pub mod cluster;
mod config;
mod coordinator;
mod dedup;
mod engine;
mod erasure;
mod error;
mod facts;
mod history;
mod intern;
mod journal;
pub mod log;
mod plan;
mod recovery;
mod residents;
mod retry;
mod sink;
mod snapshot;
mod status;
mod tables;
mod tasks;
mod told;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, RwLock};

use hashbrown::HashSet;
use opentrace_events::{DefinitionId, Event, Site, SiteId, Sites, Timestamp};
use opentrace_store::Store;
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

pub use clock::Clock;
pub use cluster::ClusterConfig;
pub use config::{LogKind, PipelineConfig};
pub use erasure::{Erased, Erasure, ErasureState};
pub use error::{AppendError, PipelineError};
pub use journal::Epoch;
pub use plan::{PlanError, SitePlan};
pub use status::{Progress, State, Status};
pub use tasks::Filling;
pub use told::{Commit, CommitWatch, SessionChange, Sessions};

use crate::cluster::{ClusterError, Seat};
use crate::coordinator::{Coordinator, Parts, Plans};
use crate::dedup::Dedup;
use crate::engine::Engine;
use crate::erasure::Erasures;
use crate::facts::FactMaker;
use crate::intern::Interner;
use crate::journal::Journal;
use crate::log::{EventLog, LogError};
use crate::retry::until_it_works;
use crate::sink::Sink;
use crate::snapshot::Snapshots;
use crate::status::Counters;
use crate::tasks::{Fillings, Runner, Task};

/// Closed epochs may wait for the sink beside those that are being committed.
const SINK_QUEUE: usize = 2;

/// A running pipeline. Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    shared: Arc<Shared>,
}

struct Shared {
    log: Arc<dyn EventLog>,
    store: Store,
    dedup: Arc<RwLock<Dedup>>,
    deduplicate: bool,
    counters: Arc<Counters>,
    progress: watch::Receiver<Progress>,
    stopping: watch::Sender<bool>,
    state: watch::Receiver<(State, Option<String>)>,
    plans: watch::Sender<Arc<BTreeMap<SiteId, SitePlan>>>,
    fillings: Fillings,
    erasures: Erasures,
    journal: Arc<Journal>,
    coordinator: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("status", &self.status()).finish()
    }
}

/// What became of an append.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Indexes of events known at once to be repeats; they were not written again.
    pub duplicates: Vec<usize>,
}

impl Pipeline {
    /// Opens the log and starts the pipeline behind it. Returns as soon as events can be appended;
    /// recovery goes on in the background and waits for ClickHouse as long as it takes. `plans` are
    /// those of every site there is.
    ///
    /// # Errors
    /// When the files under the data directory cannot be opened.
    pub async fn start(
        config: PipelineConfig,
        store: Store,
        sites: Sites,
        plans: Vec<SitePlan>,
    ) -> Result<Self, PipelineError> {
        let sit = |cluster: &ClusterConfig| Seat::take(cluster.clone(), config.workers);
        let seat = config.cluster.as_ref().map(sit).transpose()?;
        let folder = config.data_dir.join("pipeline");
        std::fs::create_dir_all(&folder)?;
        let left_behind = log::left_behind(&config, &folder)?;
        let log = log::open(&config, &folder).await?;
        let (journal, identity) = Journal::open(&folder.join("journal.redb"))?;
        let journal = Arc::new(journal);
        let plans: BTreeMap<SiteId, SitePlan> = plans.into_iter().map(|plan| (plan.site, plan)).collect();
        let plans = watch::Sender::new(Arc::new(plans));
        let fillings = Fillings::default();
        let erasures = Erasures::default();
        for (id, report) in journal.reports()?.into_iter().filter(|(_, report)| report.rewritten_at > 0) {
            erasures.done(id, report);
        }
        for (_, task) in journal.tasks()? {
            if let Task::Erase { erasure, epoch } = task {
                erasures.put_into_force(&erasure, epoch);
            }
        }
        let snapshots = Snapshots::open(folder.join("snapshots"))?;
        let dedup = Arc::new(RwLock::new(Dedup::new(config.dedup_window, config.dedup_ids)));
        let counters = Arc::new(Counters::default());
        let progress = watch::Sender::new(Progress::default());
        let stopping = watch::Sender::new(false);
        let state = watch::Sender::new((State::Recovering, None));
        let shared = Shared {
            log: Arc::clone(&log),
            store: store.clone(),
            dedup: Arc::clone(&dedup),
            deduplicate: config.deduplicate,
            counters: Arc::clone(&counters),
            progress: progress.subscribe(),
            stopping: stopping.clone(),
            state: state.subscribe(),
            plans: plans.clone(),
            fillings: fillings.clone(),
            erasures: erasures.clone(),
            journal: Arc::clone(&journal),
            coordinator: Mutex::new(None),
        };
        let run = Run {
            config,
            log,
            left_behind,
            journal,
            identity,
            snapshots,
            store,
            sites,
            dedup,
            counters,
            progress,
            stopping,
            plans: plans.subscribe(),
            fillings,
            erasures,
            seat,
        };
        let runtime = tokio::runtime::Handle::current();
        let thread = std::thread::Builder::new().name("coordinator".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(run.run(&state)) {
                tracing::error!(%error, code = error.code(), "pipeline stopped");
                state.send_replace((State::Failed, Some(error.to_string())));
            }
        })?;
        *shared.coordinator.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(thread);
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Makes events durable. All of them are acknowledged, or none is and they are to be sent again.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub async fn append(&self, mut events: Vec<Event>) -> Result<Appended, AppendError> {
        let duplicates =
            if self.shared.deduplicate { self.known_repeats(&events).await? } else { Vec::new() };
        if !duplicates.is_empty() {
            let mut index = 0;
            events.retain(|_| {
                index += 1;
                duplicates.binary_search(&(index - 1)).is_err()
            });
        }
        if !events.is_empty() {
            self.shared.log.append(&events).await?;
        }
        Counters::add(&self.shared.counters.appended, events.len());
        Counters::add(&self.shared.counters.duplicates, duplicates.len());
        Ok(Appended { duplicates })
    }

    /// Keeps a site by this plan, soon. Before the first event of a new site is appended, its plan
    /// must have been given.
    ///
    /// # Errors
    /// When the plan cannot be kept; the old one stays.
    pub fn plan(&self, plan: SitePlan) -> Result<(), PlanError> {
        plan.check()?;
        self.shared.plans.send_modify(|plans| {
            let mut changed = (**plans).clone();
            changed.insert(plan.site, plan);
            *plans = Arc::new(changed);
        });
        Ok(())
    }

    /// How far what is kept of a definition is.
    pub fn filling(&self, definition: DefinitionId) -> Filling {
        self.shared.fillings.of(definition)
    }

    /// Whether everything that is kept of every site is complete and up to date with what was asked for.
    pub fn is_filled(&self) -> bool {
        let plans = Arc::clone(&self.shared.plans.borrow());
        let filled = |plan: &SitePlan| {
            self.shared.fillings.is_complete(plan.site, plan.calendar)
                && plan.definitions.iter().all(|definition| self.filling(definition.id) == Filling::Ready)
        };
        plans.values().all(filled)
    }

    /// Whether a site's own views are complete by its settings. They are not for a while after its
    /// time zone, start of the week or currency changed; events themselves always are.
    pub fn is_complete(&self, site: &Site) -> bool {
        self.shared.fillings.is_complete(site.id, site.calendar)
    }

    /// Erases people: from every view, and from everything that is stored. Asked for again with the
    /// same id it is done once. Durable from the moment its state is [`ErasureState::Removing`];
    /// until then it is to be asked for again after a restart.
    pub fn erase(&self, erasure: Erasure) {
        self.shared.erasures.ask(erasure, self.shared.log.ends());
    }

    /// How far an erasure is; `None` where it was never asked for, or is forgotten.
    pub fn erasure(&self, id: Uuid) -> Option<ErasureState> {
        self.shared.erasures.state(id)
    }

    /// Changes whenever an erasure gets further.
    pub fn erasures(&self) -> watch::Receiver<u64> {
        self.shared.erasures.changes()
    }

    /// Whether nobody is being erased at the moment.
    pub fn is_erased(&self) -> bool {
        self.shared.erasures.are_done()
    }

    /// Lets go of the report of an erasure that is done.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn forget_erasure(&self, id: Uuid) -> Result<(), PipelineError> {
        self.shared.journal.forget_report(id)?;
        self.shared.erasures.forget(id);
        Ok(())
    }

    /// How far the pipeline is.
    pub fn status(&self) -> Status {
        let mut status = Status::default();
        (status.state, status.error) = self.shared.state.borrow().clone();
        self.shared.counters.fill(&mut status);
        status.log_events = self.shared.log.ends().iter().sum();
        status.visible_events = self.shared.progress.borrow().ends.iter().sum();
        status.lag_events = status.log_events.saturating_sub(status.visible_events);
        status
    }

    /// Changes each time more became visible.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.shared.progress.clone()
    }

    /// Waits until everything appended before the call is in every view.
    ///
    /// # Errors
    /// When the pipeline has stopped.
    pub async fn settled(&self) -> Result<(), PipelineError> {
        let wanted = self.shared.log.ends();
        let mut progress = self.shared.progress.clone();
        let mut state = self.shared.state.clone();
        let reached = progress.wait_for(|progress| {
            wanted.iter().all(|end| *end == 0)
                || (progress.ends.len() == wanted.len()
                    && progress.ends.iter().zip(&wanted).all(|(done, end)| done >= end))
        });
        tokio::select! {
            reached = reached => reached.map(|_| ()).map_err(|_| PipelineError::Stopped("it was shut down".to_owned())),
            failed = state.wait_for(|(state, _)| *state == State::Failed) => {
                let reason = failed.map_or(None, |state| state.1.clone());
                Err(PipelineError::Stopped(reason.unwrap_or_else(|| "it was shut down".to_owned())))
            }
        }
    }

    /// Takes no more events, finishes what is in the log, saves a snapshot, and ends.
    ///
    /// # Errors
    /// When the pipeline had stopped with an error before.
    pub async fn stop(self) -> Result<(), PipelineError> {
        let log = Arc::clone(&self.shared.log);
        blocking(move || log.close()).await;
        self.shared.stopping.send_replace(true);
        let thread = self.shared.coordinator.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(thread) = thread {
            blocking(move || drop(thread.join())).await;
        }
        match self.shared.state.borrow().clone() {
            (State::Failed, reason) => Err(PipelineError::Stopped(reason.unwrap_or_default())),
            _ => Ok(()),
        }
    }

    /// Indexes of events whose ids are known already, in order.
    async fn known_repeats(&self, events: &[Event]) -> Result<Vec<usize>, AppendError> {
        let stored = self.stored_history(events).await?;
        let dedup = self.shared.dedup.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut within: HashSet<(SiteId, Uuid)> = HashSet::new();
        let repeats = events.iter().enumerate().filter(|(_, event)| {
            event.client_id
                && (dedup.contains(event.site, event.id)
                    || !within.insert((event.site, event.id))
                    || stored.contains(&(event.site, event.id)))
        });
        Ok(repeats.map(|(index, _)| index).collect())
    }

    async fn stored_history(&self, events: &[Event]) -> Result<HashSet<(SiteId, Uuid)>, AppendError> {
        let mut stored = HashSet::new();
        for (site, asked) in history::by_site(events.iter().filter(|event| event.history)) {
            let (from, to) = asked.span();
            let found = self.shared.store.existing_ids(site.0, &asked.ids, from, to, Epoch::MAX).await;
            // While ClickHouse comes up there may be no table yet.
            let soon = self.shared.state.borrow().0 == State::Recovering;
            let found = found.map_err(|error| match error.is_transient() || soon {
                true => AppendError::Busy { retry_after: std::time::Duration::from_secs(1) },
                false => AppendError::Failed(error.to_string()),
            })?;
            stored.extend(found.into_iter().map(|id| (site, id)));
        }
        Ok(stored)
    }
}

/// Works for the process that leads the set at this place, until it ends the dataflow in order: what
/// every process but the first does. Blocks. When another process goes away, this one is aborted.
///
/// # Errors
/// When `stop` says so before the dataflow began, or the set does not come together.
pub fn work(seat: &Seat, stop: impl Fn() -> bool) -> Result<(), ClusterError> {
    let (links, generation) = seat.join(stop)?;
    tracing::info!(generation, "working");
    engine::follow(seat.workers(), links).map_err(ClusterError::Engine)
}

async fn blocking(work: impl FnOnce() + Send + 'static) {
    if let Err(error) = tokio::task::spawn_blocking(work).await {
        tracing::error!(%error, "shutdown step failed");
    }
}

/// What the coordinator's thread starts with.
struct Run {
    config: PipelineConfig,
    log: Arc<dyn EventLog>,
    /// Where the embedded log ends, if it is not the one in use.
    left_behind: Option<Vec<log::Offset>>,
    journal: Arc<Journal>,
    identity: journal::Identity,
    snapshots: Snapshots,
    store: Store,
    sites: Sites,
    dedup: Arc<RwLock<Dedup>>,
    counters: Arc<Counters>,
    progress: watch::Sender<Progress>,
    stopping: watch::Sender<bool>,
    plans: watch::Receiver<Arc<BTreeMap<SiteId, SitePlan>>>,
    fillings: Fillings,
    erasures: Erasures,
    /// This process's place in a set that it leads.
    seat: Option<Seat>,
}

impl Run {
    async fn run(self, state: &watch::Sender<(State, Option<String>)>) -> Result<(), PipelineError> {
        self.store.ready().await?;
        let engine_name = self.identity.engine.clone();
        let (epoch, ends, bound) = recovery::recover(
            &self.store,
            self.log.as_ref(),
            self.left_behind.as_deref(),
            &self.journal,
            &engine_name,
        )
        .await?;
        let now = Timestamp(self.config.clock.now_ms());
        recovery::restore_ids(&self.store, &self.snapshots, &self.dedup, epoch, now).await?;
        self.counters.committed_epoch.store(epoch, Ordering::Relaxed);
        self.progress.send_replace(Progress { epoch, ends: ends.clone().into(), ..Progress::default() });
        tracing::info!(
            epoch,
            replay = bound.len(),
            generation = self.identity.generation,
            "pipeline recovered"
        );

        self.prepare_plans(epoch).await?;
        if let Some(watch) = &self.config.watch {
            watch.begin(epoch).await;
        }
        let bell = Arc::new(Notify::new());
        let runner = Runner {
            store: self.store.clone(),
            journal: Arc::clone(&self.journal),
            committed: self.progress.subscribe(),
            fillings: self.fillings.clone(),
            erasures: self.erasures.clone(),
            log: Arc::clone(&self.log),
            bell: Arc::clone(&bell),
        };
        let runner = tokio::spawn(async move {
            match runner.run().await {
                // Shutting down closes the log under an erasure; it is taken up after the next start.
                Ok(()) | Err(PipelineError::Log(LogError::Closed)) => {}
                Err(error) => {
                    tracing::error!(%error, code = error.code(), "a task failed; restart to repeat it");
                }
            }
        });
        let generation = self.identity.generation;
        let stopping = self.stopping.subscribe();
        let gather = |seat: &Seat| seat.lead(generation, || *stopping.borrow());
        let links = self.seat.as_ref().map(gather).transpose()?;
        let (engine, changes) = Engine::start(self.config.workers, links, epoch + 1, self.config.in_flight)
            .map_err(PipelineError::Engine)?;
        let interner = Interner::default();
        let (to_sink, closed) = mpsc::channel(SINK_QUEUE);
        let sink = Sink::new(
            self.store.clone(),
            engine_name,
            generation,
            engine.workers(),
            interner.clone(),
            Arc::clone(&self.counters),
            self.progress.clone(),
            bound.last().map_or(epoch, |binding| binding.epoch),
            &self.config,
        );
        let sink = tokio::spawn(sink.run(closed, changes));
        state.send_replace((State::Running, None));
        let facts = FactMaker::new(interner);
        let parts = Parts {
            config: self.config,
            log: self.log,
            journal: self.journal,
            store: self.store,
            sites: self.sites,
            plans: Plans { wanted: self.plans, fillings: self.fillings, bell },
            erasures: self.erasures,
            dedup: self.dedup,
            facts,
            counters: self.counters,
            snapshots: self.snapshots,
            engine,
            sink: to_sink,
            committed: self.progress.subscribe(),
            stopping: self.stopping.subscribe(),
        };
        Coordinator::new(parts, epoch, ends).run(bound).await?;
        // What it was doing is done again after the next start.
        runner.abort();
        let _ = runner.await;
        sink.await.map_err(|error| PipelineError::Stopped(error.to_string()))
    }

    /// What was in force is complete but for what is still to be done. Sums that an earlier journal
    /// left behind are let go: with this one they are counted anew.
    async fn prepare_plans(&self, epoch: Epoch) -> Result<(), PipelineError> {
        let in_force = self.journal.plans_as_of(epoch)?;
        if in_force.is_empty() && epoch > 0 {
            let sites: Vec<u32> = self.plans.borrow().keys().map(|site| site.0).collect();
            until_it_works("drop old sums", || self.store.drop_sums(&sites)).await;
        }
        let mut waiting = Vec::new();
        for (_, task) in self.journal.tasks()? {
            if let Task::Fill { plan, definitions, whole, .. } = task {
                waiting.push((plan.site, whole, definitions));
            }
        }
        // What was bound after the committed epoch may be counted already, too.
        for plan in &self.journal.plans_as_of(Epoch::MAX)? {
            let definitions = plan.definitions.iter().map(|definition| definition.id);
            self.fillings.set(definitions, Filling::Ready);
            if !waiting.iter().any(|(site, whole, _)| *site == plan.site && *whole) {
                self.fillings.complete(plan.site, plan.calendar);
            }
        }
        let unfilled = waiting.into_iter().flat_map(|(_, _, definitions)| definitions);
        self.fillings.set(unfilled, Filling::Waiting);
        Ok(())
    }
}
