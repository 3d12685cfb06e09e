//! Tasks: what is done beside the epochs because a plan changed.
//!
//! A definition that comes into force with an epoch is kept by the dataflow from there on; what
//! happened before is counted here, from the stored events of all earlier epochs. The two parts have
//! rows of their own (or, where rows are whole, the later epoch wins), so neither waits for the other.
//! A task is recorded with the epoch that calls for it and struck off when it is done; done twice, it
//! writes the same rows.

mod erase;
mod fill;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use hashbrown::HashMap;
use opentrace_events::{DefinitionId, SiteId};
use opentrace_store::Store;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use crate::erasure::{Erasure, Erasures};
use crate::error::PipelineError;
use crate::journal::{Epoch, Journal};
use crate::log::EventLog;
use crate::plan::SitePlan;
use crate::retry::until_it_works;
use crate::status::Progress;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Count what happened before `epoch`.
    Fill {
        plan: SitePlan,
        epoch: Epoch,
        /// Whether the views that every site has are counted anew as well.
        whole: bool,
        definitions: Vec<DefinitionId>,
    },
    /// Let go of what is kept of these definitions, and by this calendar.
    Drop { site: SiteId, definitions: Vec<u32>, calendar: Option<u32> },
    /// Remove what is stored of people from epochs before `epoch`.
    Erase { erasure: Erasure, epoch: Epoch },
}

/// How far what is kept of a definition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Filling {
    /// It comes into force with one of the next epochs.
    Waiting,
    /// History is being counted.
    Filling { counted: u64, of: u64 },
    /// Complete, and kept up to date.
    Ready,
}

/// The state of every definition and calendar in force. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fillings {
    inner: Arc<RwLock<States>>,
}

#[derive(Debug, Default)]
struct States {
    definitions: HashMap<DefinitionId, Filling>,
    /// The calendar by which each site's views are complete.
    calendars: HashMap<SiteId, u32>,
}

impl Fillings {
    pub(crate) fn of(&self, definition: DefinitionId) -> Filling {
        let held = self.inner.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        held.definitions.get(&definition).copied().unwrap_or(Filling::Waiting)
    }

    /// Whether a site's own views are complete by this calendar.
    pub(crate) fn is_complete(&self, site: SiteId, calendar: u32) -> bool {
        let held = self.inner.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        held.calendars.get(&site) == Some(&calendar)
    }

    pub(crate) fn set(&self, definitions: impl Iterator<Item = DefinitionId>, state: Filling) {
        let mut held = self.inner.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        held.definitions.extend(definitions.map(|definition| (definition, state)));
    }

    pub(crate) fn complete(&self, site: SiteId, calendar: u32) {
        let mut held = self.inner.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        held.calendars.insert(site, calendar);
    }
}

/// What the task's runner works with.
pub(crate) struct Runner {
    pub store: Store,
    pub journal: Arc<Journal>,
    pub committed: watch::Receiver<Progress>,
    pub fillings: Fillings,
    pub erasures: Erasures,
    pub log: Arc<dyn EventLog>,
    /// Rung when a task was recorded.
    pub bell: Arc<Notify>,
}

impl Runner {
    /// Does what there is to do, one task after the other, until the pipeline is gone.
    pub(crate) async fn run(mut self) -> Result<(), PipelineError> {
        loop {
            let journal = Arc::clone(&self.journal);
            match journal.tasks()?.into_iter().next() {
                Some((number, task)) => {
                    if self.run_task(&task).await?.is_none() {
                        return Ok(());
                    }
                    journal.finish_task(number)?;
                    if let Task::Erase { erasure, .. } = task {
                        match erasure.before {
                            Some(_) => self.erasures.let_go(erasure.id),
                            None => {
                                let report = journal.report(erasure.id)?.unwrap_or_default();
                                self.erasures.done(erasure.id, report);
                            }
                        }
                    }
                }
                None => {
                    // A bell rung before is remembered; the timeout only guards against a lost one.
                    let rung = tokio::time::timeout(Duration::from_secs(10), self.bell.notified());
                    let _ = rung.await;
                    if self.committed.has_changed().is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// `None` when the pipeline ended meanwhile; the task is done again after the next start.
    async fn run_task(&mut self, task: &Task) -> Result<Option<()>, PipelineError> {
        match task {
            Task::Fill { plan, epoch, whole, definitions } => {
                let before = epoch - 1;
                if self.committed.wait_for(|progress| progress.epoch >= before).await.is_err() {
                    return Ok(None);
                }
                let started = std::time::Instant::now();
                let filled = fill::fill(&self.store, &self.fillings, plan, before, *whole, definitions).await;
                self.fillings.set(definitions.iter().copied(), Filling::Ready);
                if *whole {
                    self.fillings.complete(plan.site, plan.calendar);
                }
                tracing::info!(
                    site = plan.site.0,
                    events = filled,
                    definitions = definitions.len(),
                    whole,
                    seconds = started.elapsed().as_secs_f32(),
                    "history counted"
                );
            }
            Task::Drop { site, definitions, calendar } => {
                let drop = || self.store.drop_views(site.0, definitions, *calendar);
                until_it_works("drop what is no longer kept", drop).await;
            }
            Task::Erase { erasure, epoch } => {
                if self.committed.wait_for(|progress| progress.epoch >= *epoch).await.is_err() {
                    return Ok(None);
                }
                match erasure.before {
                    Some(before) => self.forget_by_age(erasure, before, *epoch).await,
                    None => self.erase(erasure, *epoch).await?,
                }
            }
        }
        Ok(Some(()))
    }
}
