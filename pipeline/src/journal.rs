//! The journal: which events each epoch holds, and which plans came into force with it.
//!
//! `epoch → end offset per partition`, durable before any result of the epoch leaves. Replaying an
//! epoch therefore reads the same events by the same plans, and results can be told apart by epoch
//! alone. It also remembers what is still to be done beside the epochs, and the generation: how
//! often this pipeline was started.
//!
//! State: one row of 8 bytes per partition for each epoch since the last forgotten one; the plans in
//! force and those of these epochs; the tasks that are not done.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use uuid::Uuid;

use crate::erasure::Erased;
use crate::log::Offset;
use crate::plan::SitePlan;
use crate::tasks::Task;

const EPOCHS: TableDefinition<'_, u64, Vec<u64>> = TableDefinition::new("epochs");
/// JSON by site and the epoch from which on the plan is in force.
const PLANS: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("plans");
/// JSON, in the order in which they are to be done.
const TASKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("tasks");
/// JSON by the id of an erasure: what it has come to so far.
const REPORTS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("reports");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// The number of an epoch. Starts at 1; 0 is "before everything".
pub type Epoch = u64;

/// See the module.
#[derive(Debug)]
pub(crate) struct Journal {
    db: Database,
}

/// An epoch and where it ends in each partition (exclusive).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub epoch: Epoch,
    pub ends: Vec<Offset>,
}

/// Who writes, to tell this pipeline's progress from others' in the same ClickHouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Drawn when the journal was made.
    pub engine: String,
    /// How often the journal was opened.
    pub generation: u64,
}

/// The journal's file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the epoch journal failed: {0}")]
pub struct JournalError(String);

impl Journal {
    /// Opens or creates the journal and begins a new generation.
    pub(crate) fn open(path: &Path) -> Result<(Self, Identity), JournalError> {
        let db = Database::builder().set_cache_size(4 << 20).create(path).map_err(failed)?;
        let transaction = db.begin_write().map_err(failed)?;
        let identity = {
            transaction.open_table(EPOCHS).map_err(failed)?;
            transaction.open_table(PLANS).map_err(failed)?;
            transaction.open_table(TASKS).map_err(failed)?;
            transaction.open_table(REPORTS).map_err(failed)?;
            let mut meta = transaction.open_table(META).map_err(failed)?;
            let generation = meta.get("generation").map_err(failed)?.map_or(0, |g| g.value()) + 1;
            meta.insert("generation", generation).map_err(failed)?;
            let drawn = meta.get("engine").map_err(failed)?.map(|engine| engine.value());
            let engine = drawn.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
            meta.insert("engine", engine).map_err(failed)?;
            Identity { engine: format!("{engine:016x}"), generation }
        };
        transaction.commit().map_err(failed)?;
        Ok((Self { db }, identity))
    }

    /// The log whose offsets the bindings are made of, once one was recorded.
    pub(crate) fn log(&self) -> Result<Option<u64>, JournalError> {
        let meta = self.db.begin_read().map_err(failed)?.open_table(META).map_err(failed)?;
        Ok(meta.get("log").map_err(failed)?.map(|log| log.value()))
    }

    /// Records the log whose offsets the bindings are made of; `binding` says where it begins.
    pub(crate) fn change_log(&self, log: u64, binding: Option<&Binding>) -> Result<(), JournalError> {
        let transaction = self.db.begin_write().map_err(failed)?;
        transaction.open_table(META).map_err(failed)?.insert("log", log).map_err(failed)?;
        if let Some(binding) = binding {
            let mut epochs = transaction.open_table(EPOCHS).map_err(failed)?;
            epochs.insert(binding.epoch, &binding.ends).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }

    /// Records where an epoch ends, the plans that come into force with it, and what is to be done
    /// because of them. Durable on return. Epochs are recorded in order, once.
    pub(crate) fn bind(
        &self,
        binding: &Binding,
        plans: &[SitePlan],
        tasks: &[Task],
    ) -> Result<(), JournalError> {
        let transaction = self.db.begin_write().map_err(failed)?;
        {
            let mut epochs = transaction.open_table(EPOCHS).map_err(failed)?;
            epochs.insert(binding.epoch, &binding.ends).map_err(failed)?;
            let mut held = transaction.open_table(PLANS).map_err(failed)?;
            for plan in plans {
                let text = serde_json::to_vec(plan).map_err(unreadable)?;
                held.insert((plan.site.0, binding.epoch), text.as_slice()).map_err(failed)?;
            }
            let mut waiting = transaction.open_table(TASKS).map_err(failed)?;
            let last = waiting.last().map_err(failed)?.map_or(0, |(number, _)| number.value());
            for (number, task) in (last + 1..).zip(tasks) {
                let text = serde_json::to_vec(task).map_err(unreadable)?;
                waiting.insert(number, text.as_slice()).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    /// The plan of each site that is in force at an epoch.
    pub(crate) fn plans_as_of(&self, epoch: Epoch) -> Result<Vec<SitePlan>, JournalError> {
        let mut newest: Vec<SitePlan> = Vec::new();
        for (_, plan) in self.plans(|held| held <= epoch)? {
            match newest.last_mut() {
                // By site, then epoch: a later one of the same site takes the place of the last.
                Some(last) if last.site == plan.site => *last = plan,
                _ => newest.push(plan),
            }
        }
        Ok(newest)
    }

    /// The plans that come into force with an epoch.
    pub(crate) fn plans_of(&self, epoch: Epoch) -> Result<Vec<SitePlan>, JournalError> {
        Ok(self.plans(|held| held == epoch)?.into_iter().map(|(_, plan)| plan).collect())
    }

    fn plans(&self, wanted: impl Fn(Epoch) -> bool) -> Result<Vec<(Epoch, SitePlan)>, JournalError> {
        let table = self.db.begin_read().map_err(failed)?.open_table(PLANS).map_err(failed)?;
        let mut plans = Vec::new();
        for entry in table.iter().map_err(failed)? {
            let (key, text) = entry.map_err(failed)?;
            let epoch = key.value().1;
            if wanted(epoch) {
                plans.push((epoch, serde_json::from_slice(text.value()).map_err(unreadable)?));
            }
        }
        Ok(plans)
    }

    /// What is still to be done, in order.
    pub(crate) fn tasks(&self) -> Result<Vec<(u64, Task)>, JournalError> {
        let table = self.db.begin_read().map_err(failed)?.open_table(TASKS).map_err(failed)?;
        let mut tasks = Vec::new();
        for entry in table.iter().map_err(failed)? {
            let (number, text) = entry.map_err(failed)?;
            tasks.push((number.value(), serde_json::from_slice(text.value()).map_err(unreadable)?));
        }
        Ok(tasks)
    }

    /// Notes that a task is done.
    pub(crate) fn finish_task(&self, number: u64) -> Result<(), JournalError> {
        let transaction = self.db.begin_write().map_err(failed)?;
        transaction.open_table(TASKS).map_err(failed)?.remove(number).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Notes what an erasure has come to so far.
    pub(crate) fn note(&self, erasure: Uuid, report: &Erased) -> Result<(), JournalError> {
        let text = serde_json::to_vec(report).map_err(unreadable)?;
        let transaction = self.db.begin_write().map_err(failed)?;
        let mut reports = transaction.open_table(REPORTS).map_err(failed)?;
        reports.insert(erasure.as_u128(), text.as_slice()).map_err(failed)?;
        drop(reports);
        transaction.commit().map_err(failed)
    }

    /// What an erasure has come to so far.
    pub(crate) fn report(&self, erasure: Uuid) -> Result<Option<Erased>, JournalError> {
        let table = self.db.begin_read().map_err(failed)?.open_table(REPORTS).map_err(failed)?;
        let found = table.get(erasure.as_u128()).map_err(failed)?;
        found.map(|text| serde_json::from_slice(text.value()).map_err(unreadable)).transpose()
    }

    /// Every erasure that something was noted of.
    pub(crate) fn reports(&self) -> Result<Vec<(Uuid, Erased)>, JournalError> {
        let table = self.db.begin_read().map_err(failed)?.open_table(REPORTS).map_err(failed)?;
        let mut reports = Vec::new();
        for entry in table.iter().map_err(failed)? {
            let (id, text) = entry.map_err(failed)?;
            let report = serde_json::from_slice(text.value()).map_err(unreadable)?;
            reports.push((Uuid::from_u128(id.value()), report));
        }
        Ok(reports)
    }

    /// Drops what was noted of an erasure.
    pub(crate) fn forget_report(&self, erasure: Uuid) -> Result<(), JournalError> {
        let transaction = self.db.begin_write().map_err(failed)?;
        transaction.open_table(REPORTS).map_err(failed)?.remove(erasure.as_u128()).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Bindings of `from` and every later epoch, in order.
    pub(crate) fn since(&self, from: Epoch) -> Result<Vec<Binding>, JournalError> {
        let table = self.db.begin_read().map_err(failed)?.open_table(EPOCHS).map_err(failed)?;
        table
            .range(from..)
            .map_err(failed)?
            .map(|entry| {
                let (epoch, ends) = entry.map_err(failed)?;
                Ok(Binding { epoch: epoch.value(), ends: ends.value() })
            })
            .collect()
    }

    /// The binding of one epoch.
    pub(crate) fn get(&self, epoch: Epoch) -> Result<Option<Binding>, JournalError> {
        let table = self.db.begin_read().map_err(failed)?.open_table(EPOCHS).map_err(failed)?;
        let found = table.get(epoch).map_err(failed)?;
        Ok(found.map(|ends| Binding { epoch, ends: ends.value() }))
    }

    /// Drops the bindings of epochs before `epoch`.
    pub(crate) fn forget(&self, before: Epoch) -> Result<(), JournalError> {
        let transaction = self.db.begin_write().map_err(failed)?;
        transaction.open_table(EPOCHS).map_err(failed)?.retain(|epoch, _| epoch >= before).map_err(failed)?;
        let in_force: Vec<(u32, Epoch)> = {
            let held = self.plans(|epoch| epoch <= before)?;
            let newest = held.chunk_by(|(_, a), (_, b)| a.site == b.site).filter_map(<[_]>::last);
            newest.map(|(epoch, plan)| (plan.site.0, *epoch)).collect()
        };
        let keep = |key: (u32, Epoch)| key.1 > before || in_force.contains(&key);
        transaction.open_table(PLANS).map_err(failed)?.retain(|key, _| keep(key)).map_err(failed)?;
        transaction.commit().map_err(failed)
    }
}

fn unreadable(error: serde_json::Error) -> JournalError {
    JournalError(error.to_string())
}

fn failed(error: impl Into<redb::Error>) -> JournalError {
    JournalError(error.into().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindings_survive_and_generations_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.redb");
        {
            let (journal, identity) = Journal::open(&path).expect("opens");
            assert_eq!(identity.generation, 1);
            for epoch in 1..=5 {
                journal.bind(&Binding { epoch, ends: vec![epoch * 10, epoch] }, &[], &[]).expect("binds");
            }
        }
        let (journal, identity) = Journal::open(&path).expect("opens again");
        assert_eq!(identity.generation, 2);
        journal.forget(3).expect("forgets");
        let epochs: Vec<Epoch> = journal.since(0).expect("reads").iter().map(|b| b.epoch).collect();
        assert_eq!(epochs, [3, 4, 5]);
        assert_eq!(journal.get(4).expect("reads"), Some(Binding { epoch: 4, ends: vec![40, 4] }));
        assert_eq!(journal.get(2).expect("reads"), None);
    }

    fn plan(site: u32, calendar: u32) -> SitePlan {
        SitePlan {
            site: opentrace_events::SiteId(site),
            calendar,
            timezone: "UTC".to_owned(),
            week_start: 0,
            currency: "EUR".to_owned(),
            definitions: Vec::new(),
        }
    }

    #[test]
    fn plans_are_in_force_from_their_epoch_and_outlive_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (journal, _) = Journal::open(&folder.path().join("journal.redb")).expect("opens");
        let changes = [(1, vec![plan(1, 1), plan(2, 1)]), (2, vec![]), (3, vec![plan(1, 2)]), (4, vec![])];
        for (epoch, plans) in &changes {
            journal.bind(&Binding { epoch: *epoch, ends: vec![*epoch] }, plans, &[]).expect("binds");
        }
        assert_eq!(journal.plans_as_of(2).expect("reads"), [plan(1, 1), plan(2, 1)]);
        assert_eq!(journal.plans_as_of(3).expect("reads"), [plan(1, 2), plan(2, 1)]);
        assert_eq!(journal.plans_of(3).expect("reads"), [plan(1, 2)]);
        journal.forget(4).expect("forgets");
        assert_eq!(journal.plans_as_of(4).expect("reads"), [plan(1, 2), plan(2, 1)]);
        assert_eq!(journal.plans_of(1).expect("reads"), [plan(2, 1)]);
    }

    #[test]
    fn tasks_wait_in_order_until_they_are_done() {
        let folder = tempfile::tempdir().expect("a folder");
        let (journal, _) = Journal::open(&folder.path().join("journal.redb")).expect("opens");
        let drop = |number| Task::Drop {
            site: opentrace_events::SiteId(1),
            definitions: vec![number],
            calendar: None,
        };
        let binding = |epoch| Binding { epoch, ends: vec![] };
        journal.bind(&binding(1), &[], &[drop(5), drop(6)]).expect("binds");
        journal.bind(&binding(2), &[], &[drop(7)]).expect("binds");
        journal.finish_task(1).expect("is done");
        assert_eq!(journal.tasks().expect("reads"), [(2, drop(6)), (3, drop(7))]);
    }
}
