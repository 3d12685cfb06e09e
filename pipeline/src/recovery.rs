//! Where the pipeline continues after a start.
//!
//! ClickHouse says which epoch is committed, the journal where that epoch ended in the log and which
//! were bound after it. The ids that repeats are known by come from the newest snapshot and, for what
//! came after it, from ClickHouse.
//!
//! The journal belongs to one log. Where another one is configured, it must have been read to the
//! end; then offsets begin anew where the new one begins.

use std::sync::RwLock;

use opentrace_events::{SiteId, Timestamp};
use opentrace_store::Store;

use crate::dedup::Dedup;
use crate::error::PipelineError;
use crate::journal::{Binding, Epoch, Journal};
use crate::log::{EventLog, Offset};
use crate::retry::until_it_works;
use crate::snapshot::Snapshots;

/// Where to continue: the committed epoch, where it ended, and the epochs bound after it. Waits for
/// ClickHouse as long as it takes.
pub(crate) async fn recover(
    store: &Store,
    log: &dyn EventLog,
    left_behind: Option<&[Offset]>,
    journal: &Journal,
    engine_name: &str,
) -> Result<(Epoch, Vec<Offset>, Vec<Binding>), PipelineError> {
    let committed =
        until_it_works("read progress", || store.progress(engine_name)).await.map(|row| row.epoch);
    let bound = journal.since(0)?;
    let (epoch, ends) = match (committed, bound.first()) {
        (None, None) => {
            (until_it_works("read the newest epoch", || store.latest_epoch()).await, log.starts().await?)
        }
        (None, Some(first)) => (first.epoch - 1, log.starts().await?),
        (Some(committed), _) => match journal.get(committed)? {
            Some(binding) => (committed, binding.ends),
            None => {
                let held = bound.first().map_or(0, |binding| binding.epoch);
                return Err(PipelineError::Gap { committed, held });
            }
        },
    };
    let ends = meet_log(journal, log, left_behind, epoch, ends, &bound).await?;
    let replay = bound.into_iter().filter(|binding| binding.epoch > epoch).collect();
    Ok((epoch, ends, replay))
}

/// Brings the remembered ids up to the committed epoch.
pub(crate) async fn restore_ids(
    store: &Store,
    snapshots: &Snapshots,
    dedup: &RwLock<Dedup>,
    committed: Epoch,
    now: Timestamp,
) -> Result<(), PipelineError> {
    let configured = dedup.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
    let (since, mut ids) = snapshots.newest(committed)?.unwrap_or_else(|| (0, configured.clone()));
    ids.configure(&configured);
    ids.expire(now);
    let window_start = ids.window_start();
    let later = until_it_works("read ids", || store.ids_between(since, committed, window_start)).await;
    for row in later {
        ids.insert(SiteId(row.site_id), row.id, Timestamp(row.received_at));
    }
    ids.expire(now);
    *dedup.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = ids;
    Ok(())
}

/// Where `epoch`, the committed one, ended in the log that is there now.
async fn meet_log(
    journal: &Journal,
    log: &dyn EventLog,
    left_behind: Option<&[Offset]>,
    epoch: Epoch,
    ends: Vec<Offset>,
    bound: &[Binding],
) -> Result<Vec<Offset>, PipelineError> {
    match journal.log()? {
        Some(held) if held != log.id() => {
            let bound = bound.iter().any(|binding| binding.epoch > epoch);
            let unread = left_behind.is_some_and(|held| held != ends);
            if bound || unread {
                return Err(PipelineError::Unfinished);
            }
            let ends = log.starts().await?;
            tracing::info!(epoch, "another log than before; reading it from its beginning");
            journal.change_log(log.id(), Some(&Binding { epoch, ends: ends.clone() }))?;
            Ok(ends)
        }
        held => {
            if held.is_none() {
                journal.change_log(log.id(), None)?;
            }
            let read = bound.last().map_or(&ends, |binding| &binding.ends);
            for (partition, (read, end)) in (0..).zip(read.iter().zip(log.ends())) {
                if end < *read {
                    return Err(PipelineError::Behind { partition, end, read: *read });
                }
            }
            Ok(ends)
        }
    }
}
