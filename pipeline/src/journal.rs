//! The journal: which events each epoch holds.
//!
//! `epoch → end offset per partition`, durable before any result of the epoch leaves. Replaying an
//! epoch therefore reads the same events, and results can be told apart by epoch alone. It also
//! remembers the generation: how often this pipeline was started.
//!
//! State: one row of 8 bytes per partition for each epoch since the last forgotten one.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use uuid::Uuid;

use crate::log::Offset;

const EPOCHS: TableDefinition<'_, u64, Vec<u64>> = TableDefinition::new("epochs");
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

    /// Records where an epoch ends. Durable on return. Epochs are recorded in order, once.
    pub(crate) fn bind(&self, binding: &Binding) -> Result<(), JournalError> {
        let transaction = self.db.begin_write().map_err(failed)?;
        transaction
            .open_table(EPOCHS)
            .map_err(failed)?
            .insert(binding.epoch, &binding.ends)
            .map_err(failed)?;
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
        transaction.commit().map_err(failed)
    }
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
                journal.bind(&Binding { epoch, ends: vec![epoch * 10, epoch] }).expect("binds");
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
}
