//! Where models are trained, judged, and put to use.
//!
//! One training at a time: reads its lesson from ClickHouse, learns on a thread beside the server's, is
//! judged by people that no version was trained on, goes live if it is better than what is live, and then
//! says of every visitor what it thinks of them.

use std::path::Path;
use std::sync::Arc;

use opentrace_models::artefact::Manifest;
use opentrace_models::registry::Trial;
use opentrace_store::meta::TrainingState;
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc;

use super::kind::{Kind, Options};
use super::learned::Learned;
use super::lesson::{Lesson, LessonError};
use super::queue::{Job, Trouble};
use super::{Models, Unanswered};

/// Why a training came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrainError {
    #[error(transparent)]
    Lesson(#[from] LessonError),
    #[error(transparent)]
    Model(#[from] opentrace_models::Error),
    #[error(transparent)]
    Work(#[from] Unanswered),
    #[error(transparent)]
    Store(#[from] opentrace_store::StoreError),
    #[error("the site of the model is gone")]
    NoSite,
    #[error("it was cancelled")]
    Cancelled,
}

impl TrainError {
    fn code(&self) -> &str {
        match self {
            Self::Lesson(error) => error.code(),
            Self::Model(error) => error.code(),
            Self::Work(_) => "model_failed",
            Self::Store(error) => error.code(),
            Self::NoSite => "unknown_site",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What a training made.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Made {
    pub(super) version: u32,
    pub(super) trial: Option<Trial>,
    /// Visitors that were told about.
    pub(super) written: u64,
}

impl Models {
    /// Trains what waits, until the queue is closed.
    pub(super) async fn teach(self, mut waiting: mpsc::Receiver<Arc<Job>>) {
        while let Some(job) = waiting.recv().await {
            let outcome = if job.cancel.is_cancelled() {
                Err(TrainError::Cancelled)
            } else {
                self.note(&job, TrainingState::Running, None, None).await;
                self.train(&job).await
            };
            match outcome {
                Ok(made) => {
                    let promoted = made.trial.is_some_and(|trial| trial.promoted);
                    let said = json!({ "trial": made.trial, "written": made.written }).to_string();
                    self.note(&job, TrainingState::Done, Some(made.version), Some(&said)).await;
                    tracing::info!(model = %job.model.id, kind = job.model.kind, version = made.version, promoted, "model trained");
                    self.shared.counts.ended(true);
                    job.end(TrainingState::Done, |progress| {
                        progress.done = 1.0;
                        progress.version = Some(made.version);
                        progress.promoted = made.trial.map(|trial| trial.promoted);
                    });
                }
                Err(error) => {
                    let cancelled = matches!(error, TrainError::Cancelled);
                    let state = if cancelled { TrainingState::Cancelled } else { TrainingState::Failed };
                    let trouble = Trouble { code: error.code().to_owned(), message: error.to_string() };
                    let said = json!({ "error": trouble }).to_string();
                    self.note(&job, state, None, Some(&said)).await;
                    tracing::warn!(model = %job.model.id, code = error.code(), %error, "model not trained");
                    self.shared.counts.ended(cancelled);
                    job.end(state, |progress| progress.error = Some(trouble));
                }
            }
        }
    }

    async fn note(&self, job: &Job, state: TrainingState, version: Option<u32>, said: Option<&str>) {
        if let Err(error) = self.shared.meta.note_training(job.training, state, version, said).await {
            tracing::error!(%error, "how far a training is cannot be noted");
        }
    }

    async fn train(&self, job: &Job) -> Result<Made, TrainError> {
        let model = &job.model;
        let site = self.shared.sites.get(model.site).ok_or(TrainError::NoSite)?;
        let (kind, options) = asked(&model.kind, &model.options)?;
        job.step("reading");
        let library = self.library(&site);
        let lesson = job.cancel.run_until_cancelled(library.lesson(kind, &options)).await;
        let lesson = Arc::new(lesson.ok_or(TrainError::Cancelled)??);

        job.step("training");
        let name = model.id.to_string();
        let fit = {
            let (registry, lesson, options, name) =
                (self.shared.registry.clone(), Arc::clone(&lesson), options.clone(), name.clone());
            move || {
                let live = registry.live(&name)?.map(|live| registry.folder(&name, live)).transpose()?;
                let before = live.and_then(|folder| Learned::load(&folder, kind).ok());
                Learned::fit(kind, &options, &lesson, before.as_ref())
            }
        };
        let learned = job.cancel.run_until_cancelled(self.work(fit)).await;
        let learned = learned.ok_or(TrainError::Cancelled)???;

        job.step("judging");
        let baseline = match kind {
            Kind::Value => library.baseline(&options).await?,
            _ => None,
        };
        let keep = {
            let (registry, lesson, options, name) =
                (self.shared.registry.clone(), Arc::clone(&lesson), options.clone(), name.clone());
            move || {
                let mut metrics = learned.metrics(&lesson);
                metrics.extend(baseline.map(|error| ("baseline_mean_absolute_error".to_owned(), error)));
                let manifest = Manifest {
                    kind: kind.name().to_owned(),
                    seed: options.seed,
                    rows: lesson.rows,
                    fingerprint: lesson.fingerprint.clone(),
                    window: Some(lesson.window),
                    metrics,
                };
                learned.keep(&registry, &name, &manifest)
            }
        };
        let version = self.work(keep).await??;
        if !options.promote {
            return Ok(Made { version, trial: None, written: 0 });
        }
        job.step("promoting");
        let trial = self.trial(kind, &name, version, lesson).await?;
        let mut written = 0;
        if trial.promoted {
            job.step("writing");
            written = self.apply(model, &site, version).await?;
        }
        Ok(Made { version, trial: Some(trial), written })
    }

    /// Makes a version live if it is better than what is, on the same people.
    pub(super) async fn trial(
        &self,
        kind: Kind,
        name: &str,
        version: u32,
        lesson: Arc<Lesson>,
    ) -> Result<Trial, TrainError> {
        let (registry, name) = (self.shared.registry.clone(), name.to_owned());
        let trial = move || {
            registry.promote(&name, version, |folder: &Path| Learned::load(folder, kind)?.merit(&lesson))
        };
        Ok(self.work(trial).await??)
    }
}

/// What a model was asked for with.
pub(super) fn asked(kind: &str, options: &str) -> Result<(Kind, Options), opentrace_models::Error> {
    let bad = |why: String| opentrace_models::Error::Artefact { path: "options".to_owned(), why };
    let kind: Kind = kind.parse().map_err(|error: super::kind::UnknownKind| bad(error.to_string()))?;
    Ok((kind, serde_json::from_str(options).map_err(|error| bad(error.to_string()))?))
}
