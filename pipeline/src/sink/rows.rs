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
    let events =
        batch.iter().flat_map(|(closed, _)| closed.events.iter().map(|logged| (closed.epoch, logged)));
    events
        .filter(|(_, logged)| written.is_empty() || !written.contains(&(logged.partition, logged.offset)))
        .map(|(epoch, logged)| EventRow::new(&logged.event, logged.partition, logged.offset, epoch))
        .collect()
}
