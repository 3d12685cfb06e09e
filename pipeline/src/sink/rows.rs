//! The events of a batch as rows of ClickHouse.

use hashbrown::HashSet;
use opentrace_store::EventRow;

use super::ClosedEpoch;
use crate::engine::Changes;
use crate::log::{Offset, Partition};

/// The events of a batch that are not in ClickHouse yet.
pub(super) fn events<'a>(
    batch: &'a [(ClosedEpoch, Vec<Changes>)],
    written: &HashSet<(Partition, Offset)>,
) -> Vec<EventRow<'a>> {
    let mut rows = Vec::with_capacity(batch.iter().map(|(closed, _)| closed.events.len()).sum());
    for (closed, _) in batch {
        let events = closed.events.iter();
        let new = events
            .filter(|logged| written.is_empty() || !written.contains(&(logged.partition, logged.offset)));
        rows.extend(new.map(|logged| EventRow {
            event: &logged.event,
            log_partition: logged.partition,
            log_offset: logged.offset,
            epoch: closed.epoch,
        }));
    }
    rows
}
