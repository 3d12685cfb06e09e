//! Models in the running program: they are given numbers that queries and views return, and never events.
//!
//! ```text
//! queries ─→ course ─→ judge, foresee ─────────────────────────→ anomalies, forecasts
//! views ─→ lesson ─→ school (trains, judges, promotes) ─→ registry ─→ apply ─→ visitor_clusters, visitor_scores
//!                        ↑ queue ←─ desk (people), upkeep (schedule, drift)
//! ```
//!
//! Numbers are worked on by threads beside the server's, a few at a time, so that nobody who asks for
//! figures waits for who asks for a forecast.

mod apply;
pub(crate) mod changes;
mod clusters;
mod course;
mod desk;
mod drift;
pub(crate) mod foresee;
pub(crate) mod foretell;
pub(crate) mod judge;
mod kind;
mod learned;
mod lesson;
mod pages;
pub(crate) mod predict;
mod queue;
mod school;
pub(crate) mod slices;
mod table;
mod upkeep;
pub(crate) mod watch;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentrace_events::{Site, Sites};
use opentrace_models::registry::Registry;
use opentrace_pipeline::Pipeline;
use opentrace_query::Views;
use opentrace_store::{AnomalyRow, ForecastRow, GrainColumn, Meta, Store, StoreError};
use serde_json::json;
use tokio::sync::{Semaphore, broadcast, mpsc, watch as changing};
use tokio::task::JoinError;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub(crate) use self::course::begun;
pub(crate) use self::desk::{DeskError, FILES, LARGEST_FILE, Wish};
pub use self::kind::{BadOptions, Kind, Options, UnknownKind};
pub(crate) use self::lesson::LessonError;
use self::lesson::Library;
use self::queue::{Job, Queue};
pub(crate) use self::school::TrainError;
use self::watch::Watch;
use crate::clock;
use crate::metrics::Page;

/// Answers that models work on at once.
const AT_ONCE: usize = 2;
/// The longest an answer waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);

/// The models of the program. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Models {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    turns: Arc<Semaphore>,
    meta: Meta,
    store: Store,
    sites: Sites,
    pipeline: Pipeline,
    registry: Registry,
    queue: Queue,
    /// What is to be trained, until the school opens.
    waiting: Mutex<Option<mpsc::Receiver<Arc<Job>>>>,
    counts: Counts,
    /// How far what each model says has moved from what it said when it went live.
    drift: changing::Sender<HashMap<Uuid, Option<f64>>>,
    /// What is found strange, as it is found.
    news: broadcast::Sender<Arc<watch::News>>,
    /// How far series were judged.
    judged: PathBuf,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Trainings since the start.
#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    fn ended(&self, well: bool) {
        let count = if well { &self.done } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// Too many want one.
    #[error("the models are busy")]
    Busy,
    /// The work ended with a panic, which is ours.
    #[error("a model failed")]
    Failed(#[from] JoinError),
}

impl Models {
    /// Opens the registry in the data folder. Trainings that the end of the program cut off are noted as
    /// failed.
    ///
    /// # Errors
    /// Those of the metadata database.
    pub async fn open(
        data: &Path,
        meta: Meta,
        store: Store,
        sites: Sites,
        pipeline: Pipeline,
    ) -> Result<Self, StoreError> {
        let said = json!({ "error": {
            "code": "interrupted", "message": "the program ended before the training did",
        } });
        match meta.fail_trainings(&said.to_string()).await? {
            0 => {}
            trainings => tracing::warn!(trainings, "trainings were cut off by the end of the program"),
        }
        let (queue, waiting) = Queue::new();
        let shared = Shared {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            meta,
            store,
            sites,
            pipeline,
            registry: Registry::new(data.join("models")),
            queue,
            waiting: Mutex::new(Some(waiting)),
            counts: Counts::default(),
            drift: changing::Sender::default(),
            news: watch::news(),
            judged: data.join("models").join("judged.json"),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Trains and looks after models from now on.
    pub fn run(&self) {
        // Without its folder nothing is kept in it, which is said then.
        if let Some(folder) = self.shared.judged.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let waiting = self.shared.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        let Some(waiting) = waiting else { return };
        let stop = || self.shared.stop.clone();
        let teach = stop().run_until_cancelled_owned(self.clone().teach(waiting));
        let look_after = stop().run_until_cancelled_owned(self.clone().look_after());
        let watch =
            stop().run_until_cancelled_owned(self.clone().watch(Watch::open(self.shared.judged.clone())));
        self.shared.tasks.spawn(teach);
        self.shared.tasks.spawn(watch);
        let foretell = stop().run_until_cancelled_owned(self.clone().foretell());
        self.shared.tasks.spawn(foretell);
        self.shared.tasks.spawn(look_after);
    }

    /// Ends what goes on beside requests. A training that runs is noted as failed at the next start.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    /// Does work that takes a processor for a while. What was begun is finished, also when nobody waits
    /// for it any longer.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        let turn = timeout(PATIENCE, Arc::clone(&self.shared.turns).acquire_owned()).await;
        // The semaphore is never closed, so an error is the timeout.
        let Ok(Ok(turn)) = turn else { return Err(Unanswered::Busy) };
        let work = move || {
            let _turn = turn;
            work()
        };
        Ok(tokio::task::spawn_blocking(work).await?)
    }

    /// What was found strange of a site's main series, the newest first.
    pub(crate) async fn found(
        &self,
        site: &Site,
        series: &[u32],
        (from, to): (i64, i64),
        limit: u64,
    ) -> Result<Vec<AnomalyRow>, StoreError> {
        self.shared.store.anomalies(site.id.0, series, from, to, limit).await
    }

    /// What is found strange from now on, of every site.
    pub(crate) fn news(&self) -> broadcast::Receiver<Arc<watch::News>> {
        self.shared.news.subscribe()
    }

    /// The kept forecast of one of a site's main series, from a moment on (seconds since 1970).
    pub(crate) async fn foretold(
        &self,
        site: &Site,
        series: u32,
        grain: GrainColumn,
        from: i64,
    ) -> Result<Vec<ForecastRow>, StoreError> {
        self.shared.store.forecasts(site.id.0, series, grain, from).await
    }

    fn library<'a>(&'a self, site: &'a Site) -> Library<'a> {
        let complete = self.shared.pipeline.is_complete(site);
        let views = if complete { Views::Use } else { Views::Avoid };
        Library { store: &self.shared.store, site, now: clock::now(), views }
    }

    fn drift_of(&self, model: Uuid) -> Option<f64> {
        self.shared.drift.borrow().get(&model).copied().flatten()
    }

    /// Writes figures about trainings in Prometheus' text format.
    pub fn write(&self, page: &mut Page) {
        let counts = &self.shared.counts;
        for (outcome, count) in [("done", &counts.done), ("failed", &counts.failed)] {
            page.counter(
                "opentrace_model_trainings_total",
                "Trainings of models that ended, since the start",
                &[("outcome", outcome)],
                count.load(Ordering::Relaxed) as f64,
            );
        }
        page.gauge(
            "opentrace_model_trainings_waiting",
            "Trainings of models that wait",
            &[],
            self.shared.queue.waiting() as f64,
        );
        for (model, index) in self.shared.drift.borrow().iter() {
            if let Some(index) = index {
                page.gauge(
                    "opentrace_model_drift",
                    "Population stability index of what a model says against when it went live",
                    &[("model", &model.to_string())],
                    *index,
                );
            }
        }
    }
}
