//! How plans come into force.
//!
//! A changed plan may change what every event of its site means: the conditions it meets, the day it
//! belongs to. So everyone of the site leaves the dataflow first, silently and with all they did
//! committed, and returns with the new meaning when something happens to them.

use std::sync::Arc;

use opentrace_events::DefinitionId;
use opentrace_operators::{Diff, EventFact, Installed};

use super::{Called, Coordinator};
use crate::error::PipelineError;
use crate::journal::Epoch;
use crate::plan::{InForce, SitePlan};
use crate::tasks::{Filling, Task};

impl Coordinator {
    /// Wanted plans that are not in force.
    pub(super) fn changed_plans(&mut self) -> Vec<SitePlan> {
        let wanted = Arc::clone(&self.parts.plans.wanted.borrow_and_update());
        let differs =
            |plan: &&SitePlan| self.book.of(plan.site).is_none_or(|in_force| in_force.plan != **plan);
        wanted.values().filter(differs).cloned().collect()
    }

    /// Waits until everything closed is committed, where people must leave: for plans to change, or
    /// for good.
    pub(super) async fn settle_before(&mut self, called: &Called) -> Result<(), PipelineError> {
        let leaves = |plan: &SitePlan| self.residents.has_site(plan.site.0);
        if called.erasures.is_empty() && !called.plans.iter().any(leaves) {
            return Ok(());
        }
        let last = self.epoch;
        match self.parts.committed.wait_for(|progress| progress.epoch >= last).await {
            Ok(_) => Ok(()),
            Err(_) => Err(PipelineError::Stopped("the sink ended".to_owned())),
        }
    }

    /// Takes everyone of these plans' sites out of the residents.
    pub(super) fn leave(&mut self, plans: &[SitePlan]) -> Vec<(EventFact, Diff)> {
        let mut left = Vec::new();
        for plan in plans {
            let evicted = self.residents.evict_site(plan.site.0);
            left.extend(self.feed_out(evicted));
        }
        left
    }

    /// Puts plans into force; returns what the dataflow is to be told.
    pub(super) fn put_into_force(&mut self, plans: Vec<SitePlan>) -> Vec<(Installed, Diff)> {
        let mut told = Vec::new();
        for plan in plans {
            let site = plan.site;
            match InForce::new(plan) {
                Ok(plan) => {
                    told.extend(plan.installed.iter().map(|installed| (installed.clone(), 1)));
                    if let Some(old) = self.book.put(Arc::new(plan)) {
                        told.extend(old.installed.iter().map(|installed| (installed.clone(), -1)));
                    }
                }
                // Plans are checked before they are wanted, and read back as they were written.
                Err(error) => tracing::error!(site = site.0, %error, "a plan cannot be kept"),
            }
        }
        told
    }

    /// What a plan calls for that comes into force with `epoch`.
    pub(super) fn tasks_of(&self, plan: &SitePlan, epoch: Epoch) -> Vec<Task> {
        let old = self.book.of(plan.site).map(|old| &old.plan);
        let ids = |plan: &SitePlan| -> Vec<DefinitionId> {
            plan.definitions.iter().map(|definition| definition.id).collect()
        };
        let (is, was) = (ids(plan), old.map(ids).unwrap_or_default());
        let new: Vec<DefinitionId> = is.iter().copied().filter(|id| !was.contains(id)).collect();
        let gone: Vec<u32> = was.iter().filter(|id| !is.contains(id)).map(|id| id.0).collect();
        let calendar = old.map(|old| old.calendar).filter(|calendar| *calendar != plan.calendar);
        let whole = old.is_none() || calendar.is_some();
        self.parts.plans.fillings.set(new.iter().copied(), Filling::Waiting);

        let mut tasks = Vec::new();
        if whole || !new.is_empty() {
            tasks.push(Task::Fill { plan: plan.clone(), epoch, whole, definitions: new });
        }
        if calendar.is_some() || !gone.is_empty() {
            tasks.push(Task::Drop { site: plan.site, definitions: gone, calendar });
        }
        tasks
    }
}
