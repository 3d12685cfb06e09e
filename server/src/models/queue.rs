//! Trainings, one after another, in the order they were asked for.
//!
//! State: what waits and what runs, here and in the metadata. A training that the end of the program cut
//! off is told as failed at the next start; it is not begun anew by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use opentrace_store::meta::{ModelRecord, TrainingState};
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Trainings that may wait.
pub(super) const WAITING: usize = 32;

/// How far a training is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Progress {
    pub(crate) training: i64,
    pub(crate) state: &'static str,
    /// `queued`, `reading`, `training`, `judging`, `promoting`, `writing`, then how it ended.
    pub(crate) step: &'static str,
    /// The part that is done, from 0 to 1.
    pub(crate) done: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) promoted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Trouble>,
}

/// Why a training failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Trouble {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// The steps of a training and the part that is done when each begins.
pub(super) const STEPS: [(&str, f64); 5] =
    [("reading", 0.05), ("training", 0.3), ("judging", 0.75), ("promoting", 0.85), ("writing", 0.9)];

impl Progress {
    /// Whether nothing follows.
    pub(crate) fn is_over(&self) -> bool {
        [TrainingState::Done, TrainingState::Failed, TrainingState::Cancelled]
            .iter()
            .any(|state| state.name() == self.state)
    }
}

/// A training that waits or runs, or was the last of its model.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) training: i64,
    pub(super) model: ModelRecord,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) cancel: CancellationToken,
}

impl Job {
    pub(super) fn new(training: i64, model: ModelRecord) -> Self {
        let state = TrainingState::Queued.name();
        let progress = Progress {
            training,
            state,
            step: "queued",
            done: 0.0,
            version: None,
            promoted: None,
            error: None,
        };
        Self { training, model, progress: watch::Sender::new(progress), cancel: CancellationToken::new() }
    }

    /// Says that a step begins.
    pub(super) fn step(&self, name: &str) {
        if let Some((step, done)) = STEPS.iter().find(|(step, _)| *step == name) {
            let state = TrainingState::Running.name();
            self.progress.send_modify(|progress| {
                (progress.state, progress.step, progress.done) = (state, step, *done);
            });
        }
    }

    /// Says how it ended.
    pub(super) fn end(&self, state: TrainingState, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(|progress| {
            (progress.state, progress.step) = (state.name(), state.name());
            change(progress);
        });
    }
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: mpsc::Sender<Arc<Job>>,
    /// The last job of each model.
    jobs: Mutex<HashMap<Uuid, Arc<Job>>>,
}

/// Too many trainings wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Queue {
    pub(super) fn new() -> (Self, mpsc::Receiver<Arc<Job>>) {
        let (waiting, taken) = mpsc::channel(WAITING);
        (Self { waiting, jobs: Mutex::default() }, taken)
    }

    /// Room for one more; held until it is used.
    pub(super) fn room(&self) -> Result<mpsc::Permit<'_, Arc<Job>>, Full> {
        self.waiting.try_reserve().map_err(|_| Full)
    }

    /// Puts a job in its place.
    pub(super) fn put(&self, room: mpsc::Permit<'_, Arc<Job>>, job: Job) -> Arc<Job> {
        let job = Arc::new(job);
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).insert(job.model.id, Arc::clone(&job));
        room.send(Arc::clone(&job));
        job
    }

    /// The last job of a model since the program started.
    pub(super) fn job(&self, model: Uuid) -> Option<Arc<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).get(&model).cloned()
    }

    /// Lets go of a model that is removed.
    pub(super) fn forget(&self, model: Uuid) {
        if let Some(job) = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).remove(&model) {
            job.cancel.cancel();
        }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        WAITING - self.waiting.capacity()
    }
}
