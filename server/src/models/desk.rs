//! What people ask of models: to be made, shown, trained, put to use and removed.

use std::sync::Arc;
use std::time::Duration;

use opentrace_events::Site;
use opentrace_models::artefact::Manifest;
use opentrace_models::forecast::Learned as Forecasters;
use opentrace_models::registry::{Stage, Trial, Version};
use opentrace_store::StoreError;
use opentrace_store::meta::{ModelRecord, TrainingRecord};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::watch;
use uuid::Uuid;

use super::kind::{BadOptions, Kind, Options};
use super::learned::Learned;
use super::queue::{Full, Job, Progress};
use super::school::{TrainError, asked};
use super::{Models, Unanswered};
use crate::clock;

/// Models of a site.
const MOST: usize = 100;
/// Bytes of each of a model's files.
pub(crate) const LARGEST_FILE: usize = 64 << 20;
/// The files of a model, as they lie in its folder.
pub(crate) const FILES: [&str; 2] = ["model.json", "model.safetensors"];

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    #[error("a site can have {MOST} models")]
    TooMany,
    #[error("too many trainings are waiting")]
    QueueFull,
    #[error("the model is being trained")]
    InTraining,
    #[error("the model is not being trained")]
    NotInTraining,
    #[error("the model has no version {0}")]
    NoVersion(u32),
    #[error("no version of the model is live")]
    NotLive,
    #[error("version {version} is not better: {candidate:.4}, live {live:.4}")]
    NotBetter { version: u32, candidate: f64, live: f64 },
    #[error("`{given}` is a model of the kind {kind}, not {want}")]
    OtherKind { given: String, kind: String, want: String },
    #[error("the model has another `{option}`")]
    OtherOption { option: String },
    #[error(transparent)]
    Options(#[from] BadOptions),
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Model(#[from] opentrace_models::Error),
    #[error(transparent)]
    Work(#[from] Unanswered),
    #[error(transparent)]
    Train(#[from] TrainError),
}

impl From<Full> for DeskError {
    fn from(_: Full) -> Self {
        Self::QueueFull
    }
}

/// A model as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct ModelView {
    id: Uuid,
    site_id: String,
    name: String,
    kind: String,
    options: Value,
    /// How often it is trained anew.
    every_seconds: Option<i64>,
    live: Option<VersionView>,
    versions: usize,
    training: Option<TrainingView>,
    /// The population stability index of what it says now against when it went live.
    drift: Option<f64>,
    /// Milliseconds since 1970.
    created_at: i64,
    updated_at: i64,
}

/// A version as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct VersionView {
    version: u32,
    stage: Stage,
    #[serde(flatten)]
    manifest: Manifest,
}

/// A training as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct TrainingView {
    id: i64,
    state: &'static str,
    cause: String,
    version: Option<u32>,
    /// Why it failed, or what came of it.
    result: Option<Value>,
    created_at: i64,
    finished_at: Option<i64>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) options: Options,
    pub(crate) every: Option<Duration>,
}

impl From<Version> for VersionView {
    fn from(version: Version) -> Self {
        Self { version: version.number, stage: version.stage, manifest: version.manifest }
    }
}

impl From<TrainingRecord> for TrainingView {
    fn from(record: TrainingRecord) -> Self {
        Self {
            id: record.id,
            state: record.state.name(),
            cause: record.cause,
            version: record.version,
            result: record.said.and_then(|said| serde_json::from_str(&said).ok()),
            created_at: record.created_at,
            finished_at: record.finished_at,
        }
    }
}

impl Models {
    /// The model with this id.
    pub(crate) async fn record(&self, id: Uuid) -> Result<Option<ModelRecord>, StoreError> {
        self.shared.meta.model(id).await
    }

    /// A site's models.
    pub(crate) async fn list(&self, site: &Site) -> Result<Vec<ModelView>, DeskError> {
        let mut views = Vec::new();
        for record in self.shared.meta.models(Some(site.id)).await? {
            views.push(self.view(site, record).await?);
        }
        Ok(views)
    }

    /// One of them, as it is shown.
    pub(crate) async fn view(&self, site: &Site, record: ModelRecord) -> Result<ModelView, DeskError> {
        let mut versions = self.versions(&record)?;
        let count = versions.len();
        let live = versions.iter().position(|version| version.stage == Stage::Live);
        let training = self.shared.meta.trainings(record.id, 1).await?.pop();
        Ok(ModelView {
            id: record.id,
            site_id: site.domain.clone(),
            live: live.map(|place| versions.swap_remove(place)),
            versions: count,
            training: training.map(TrainingView::from),
            drift: self.drift_of(record.id),
            options: serde_json::from_str(&record.options).unwrap_or_default(),
            every_seconds: record.every_ms.map(|ms| ms / 1_000),
            name: record.name,
            kind: record.kind,
            created_at: record.created_at,
            updated_at: record.updated_at,
        })
    }

    /// Its versions, oldest first.
    pub(crate) fn versions(&self, record: &ModelRecord) -> Result<Vec<VersionView>, DeskError> {
        let versions = self.shared.registry.versions(&record.id.to_string())?;
        Ok(versions.into_iter().map(VersionView::from).collect())
    }

    /// Its trainings, the newest first.
    pub(crate) async fn trainings(&self, record: &ModelRecord) -> Result<Vec<TrainingView>, DeskError> {
        let trainings = self.shared.meta.trainings(record.id, 20).await?;
        Ok(trainings.into_iter().map(TrainingView::from).collect())
    }

    /// Makes a model and has it trained; answers the number of the training.
    pub(crate) async fn make(&self, site: &Site, wish: Wish) -> Result<(ModelRecord, i64), DeskError> {
        let room = self.shared.queue.room()?;
        let record = self.keep(site, wish).await?;
        let training = self.shared.meta.queue_training(record.id, "asked").await?;
        self.shared.queue.put(room, Job::new(training, record.clone()));
        Ok((record, training))
    }

    async fn keep(&self, site: &Site, wish: Wish) -> Result<ModelRecord, DeskError> {
        if self.shared.meta.models(Some(site.id)).await?.len() >= MOST {
            return Err(DeskError::TooMany);
        }
        let now = clock::now().0;
        let record = ModelRecord {
            id: Uuid::now_v7(),
            site: site.id,
            kind: wish.kind.name().to_owned(),
            name: wish.name,
            options: serde_json::to_string(&wish.options).unwrap_or_default(),
            every_ms: wish.every.map(|every| i64::try_from(every.as_millis()).unwrap_or(i64::MAX)),
            created_at: now,
            updated_at: now,
        };
        self.shared.meta.create_model(&record).await?;
        Ok(record)
    }

    /// Has a model trained anew; answers the number of the training.
    pub(crate) async fn train_again(&self, record: &ModelRecord, cause: &str) -> Result<i64, DeskError> {
        if self.shared.queue.job(record.id).is_some_and(|job| !job.progress.borrow().is_over()) {
            return Err(DeskError::InTraining);
        }
        let room = self.shared.queue.room()?;
        let training = self.shared.meta.queue_training(record.id, cause).await?;
        self.shared.queue.put(room, Job::new(training, record.clone()));
        Ok(training)
    }

    /// Ends a training that waits or runs.
    pub(crate) fn cancel(&self, record: &ModelRecord) -> Result<(), DeskError> {
        match self.shared.queue.job(record.id).filter(|job| !job.progress.borrow().is_over()) {
            Some(job) => {
                job.cancel.cancel();
                Ok(())
            }
            None => Err(DeskError::NotInTraining),
        }
    }

    /// How far the last training since the start is.
    pub(crate) fn progress(&self, record: &ModelRecord) -> Option<watch::Receiver<Progress>> {
        self.shared.queue.job(record.id).map(|job| job.progress.subscribe())
    }

    /// Takes a model that was trained elsewhere: a version of the model of this name, which is made where
    /// there is none, with what `given` says of what it is about. Answers the model and the version's number.
    pub(crate) async fn take(
        &self,
        site: &Site,
        name: &str,
        given: Map<String, Value>,
        mut files: Vec<(&'static str, Vec<u8>)>,
    ) -> Result<(ModelRecord, u32), DeskError> {
        // Written last: without it there is no version.
        files.sort_by_key(|(file, _)| *file == FILES[0]);
        let text = files.iter().find(|(file, _)| *file == FILES[0]).map(|(_, bytes)| bytes.as_slice());
        let text = text.ok_or_else(|| DeskError::Invalid(format!("there is no {} in it", FILES[0])))?;
        let manifest: Manifest = serde_json::from_slice(text)
            .map_err(|error| DeskError::Invalid(format!("{} is not that of a model: {error}", FILES[0])))?;
        let kind: Kind = manifest.kind.parse().map_err(|error| DeskError::Invalid(format!("{error}")))?;
        let held = self.shared.meta.models(Some(site.id)).await?;
        let record = match held.into_iter().find(|held| held.name == name) {
            Some(held) if held.kind != manifest.kind => {
                let (given, kind, want) = (name.to_owned(), held.kind, manifest.kind);
                return Err(DeskError::OtherKind { given, kind, want });
            }
            Some(held) => {
                let known: Value = serde_json::from_str(&held.options).unwrap_or_default();
                match given.iter().find(|(option, value)| known.get(option.as_str()) != Some(value)) {
                    None => held,
                    Some((option, _)) => return Err(DeskError::OtherOption { option: option.clone() }),
                }
            }
            None => {
                let mut given = given;
                given.insert("promote".to_owned(), Value::Bool(false));
                let options = Options::of_upload(Value::Object(given))?;
                self.keep(site, Wish { kind, name: name.to_owned(), options, every: None }).await?
            }
        };
        let (registry, name) = (self.shared.registry.clone(), record.id.to_string());
        let adopt = move || {
            registry.adopt(&name, |folder| {
                for (file, bytes) in &files {
                    let path = folder.join(file);
                    std::fs::write(&path, bytes).map_err(|source| opentrace_models::Error::Io {
                        path: path.display().to_string(),
                        source,
                    })?;
                }
                // What cannot be used is not kept. Who sent it knows the files, not the folder.
                Learned::load(folder, kind).map(drop).map_err(|error| error.within(folder))
            })
        };
        Ok((record, self.work(adopt).await??))
    }

    /// Makes a version live: if it is better than what is live, or in any case where it is forced.
    pub(crate) async fn promote(
        &self,
        site: &Site,
        record: &ModelRecord,
        version: u32,
        force: bool,
    ) -> Result<Option<Trial>, DeskError> {
        let name = record.id.to_string();
        if !self.versions(record)?.iter().any(|held| held.version == version) {
            return Err(DeskError::NoVersion(version));
        }
        if force {
            self.shared.registry.set_live(&name, version)?;
            self.apply(record, site, version).await?;
            return Ok(None);
        }
        let (kind, options) = asked(&record.kind, &record.options)?;
        let lesson = self.library(site).lesson(kind, &options).await.map_err(TrainError::from)?;
        let trial = self.trial(kind, &name, version, Arc::new(lesson)).await?;
        if trial.promoted {
            self.apply(record, site, version).await?;
            return Ok(Some(trial));
        }
        match trial.live {
            // It is live already.
            Some(_) if self.shared.registry.live(&name)? == Some(version) => Ok(Some(trial)),
            live => Err(DeskError::NotBetter {
                version,
                candidate: trial.candidate,
                live: live.unwrap_or(f64::NAN),
            }),
        }
    }

    /// Removes a model, its versions, and what it said of visitors.
    pub(crate) async fn remove(&self, site: &Site, record: &ModelRecord) -> Result<(), DeskError> {
        self.shared.queue.forget(record.id);
        let (kind, _) = asked(&record.kind, &record.options)?;
        if kind.scores() {
            self.shared.store.drop_scores(site.id.0, &record.id.to_string()).await?;
        }
        let shown = match kind {
            Kind::Segments => {
                self.live_of(site, kind).await?.is_some_and(|(newest, _)| newest.id == record.id)
            }
            _ => false,
        };
        if shown {
            self.shared.store.drop_clusters(site.id.0).await?;
        }
        self.shared.registry.remove(&record.id.to_string())?;
        // Last: what could not be removed is asked for again.
        self.shared.meta.delete_model(record.id).await?;
        if shown && let Some((next, version)) = self.live_of(site, kind).await? {
            self.apply(&next, site, version).await?;
        }
        Ok(())
    }

    /// The newest model of a kind that has a live version, and the version.
    pub(crate) async fn live_of(
        &self,
        site: &Site,
        kind: Kind,
    ) -> Result<Option<(ModelRecord, u32)>, DeskError> {
        Ok(self.newest_live(site, kind).await?)
    }

    /// What a live model has learned of a metric's course.
    pub(crate) async fn forecasters(
        &self,
        site: &Site,
        metric: &str,
        granularity: &str,
    ) -> Result<Option<Arc<Forecasters>>, DeskError> {
        let mut models = self.shared.meta.models(Some(site.id)).await?;
        models.retain(|model| model.kind == Kind::Forecast.name());
        for model in models.into_iter().rev() {
            let (kind, options) = asked(&model.kind, &model.options)?;
            let of_this = options.metric.as_deref() == Some(metric)
                && options.granularity.as_deref().unwrap_or("day") == granularity;
            let Some(version) = self.shared.registry.live(&model.id.to_string())?.filter(|_| of_this) else {
                continue;
            };
            let folder = self.shared.registry.folder(&model.id.to_string(), version)?;
            if let Learned::Forecasters(learned) = Learned::load(&folder, kind)? {
                return Ok(Some(Arc::new(learned)));
            }
        }
        Ok(None)
    }

    /// The live version of a model, or the one asked for.
    pub(super) fn version(&self, record: &ModelRecord, asked: Option<u32>) -> Result<u32, DeskError> {
        match asked {
            Some(version) if self.versions(record)?.iter().any(|held| held.version == version) => Ok(version),
            Some(version) => Err(DeskError::NoVersion(version)),
            None => self.shared.registry.live(&record.id.to_string())?.ok_or(DeskError::NotLive),
        }
    }
}
