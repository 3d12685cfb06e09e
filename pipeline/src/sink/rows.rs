//! From the numbers of the dataflow to the rows of ClickHouse.

use std::collections::BTreeMap;

use hashbrown::HashSet;
use opentrace_events::Visit;
use opentrace_operators::{Period, Session, TextId, TrafficCell, TrafficDelta, UniquesCell};
use opentrace_store::{EventRow, SessionRow, TrafficRow, UniquesPeriod, UniquesRow};

use super::ClosedEpoch;
use super::cells::{Additive, Cell};
use crate::engine::Changes;
use crate::intern::Interner;
use crate::journal::Epoch;
use crate::log::{Offset, Partition};

const MINUTE_MS: i64 = 60_000;

impl Additive for TrafficDelta {
    fn add(&mut self, delta: Self) {
        use differential_dataflow::difference::Semigroup;
        self.plus_equals(&delta);
    }
}

pub(super) fn traffic_key(cell: &TrafficCell) -> (u32, i64) {
    (cell.site, cell.minute * MINUTE_MS)
}

pub(super) fn stored_traffic(row: &TrafficRow) -> (TrafficCell, Cell<TrafficDelta>) {
    let value = TrafficDelta {
        events: row.events,
        pageviews: row.pageviews,
        visitors: row.visitors,
        sessions: row.sessions,
        bounces: row.bounces,
        duration_ms: row.duration_ms,
        revenue: row.revenue,
    };
    let cell = TrafficCell { site: row.site_id, minute: i64::from(row.minute) / 60 };
    (cell, Cell { value, epoch: row.epoch })
}

pub(super) fn traffic_row((key, cell): &(TrafficCell, Cell<TrafficDelta>)) -> TrafficRow {
    let Cell { value, epoch } = *cell;
    TrafficRow {
        site_id: key.site,
        minute: u32::try_from(key.minute * 60).unwrap_or_default(),
        events: value.events,
        pageviews: value.pageviews,
        visitors: value.visitors,
        sessions: value.sessions,
        bounces: value.bounces,
        duration_ms: value.duration_ms,
        revenue: value.revenue,
        epoch,
        deleted: u8::from(value == TrafficDelta::default()),
    }
}

pub(super) fn uniques_key(cell: &UniquesCell) -> (u32, UniquesPeriod, i32) {
    (cell.site, period(cell.period), cell.start)
}

pub(super) fn stored_uniques(row: &UniquesRow) -> (UniquesCell, Cell<i64>) {
    let period = match row.period {
        UniquesPeriod::Day => Period::Day,
        UniquesPeriod::Week => Period::Week,
        UniquesPeriod::Month => Period::Month,
    };
    (
        UniquesCell { site: row.site_id, period, start: row.start },
        Cell { value: row.visitors, epoch: row.epoch },
    )
}

pub(super) fn uniques_row((key, cell): &(UniquesCell, Cell<i64>)) -> UniquesRow {
    UniquesRow {
        site_id: key.site,
        period: period(key.period),
        start: key.start,
        visitors: cell.value,
        epoch: cell.epoch,
        deleted: u8::from(cell.value == 0),
    }
}

fn period(period: Period) -> UniquesPeriod {
    match period {
        Period::Day => UniquesPeriod::Day,
        Period::Week => UniquesPeriod::Week,
        Period::Month => UniquesPeriod::Month,
    }
}

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

/// The sessions a batch changes: the last state of each key, a tombstone where it ended.
pub(super) fn sessions(batch: &[(ClosedEpoch, Vec<Changes>)], interner: &Interner) -> Vec<SessionRow> {
    let mut last: BTreeMap<(u32, i64, u64), (Epoch, Option<Session>)> = BTreeMap::new();
    for (closed, changes) in batch {
        let rows = changes.iter().flat_map(|changes| &changes.sessions);
        let mut changed: BTreeMap<(u32, i64, u64), Option<Session>> = BTreeMap::new();
        for (session, diff) in rows {
            let key = (session.person.site, session.start, session.person.visitor);
            let state = changed.entry(key).or_default();
            if *diff > 0 {
                *state = Some(*session);
            }
        }
        last.extend(changed.into_iter().map(|(key, state)| (key, (closed.epoch, state))));
    }
    last.into_iter()
        .map(|(key, (epoch, state))| match state {
            Some(session) => session_row(&session, epoch, interner),
            None => SessionRow::tombstone(key.0, key.1, key.2, epoch),
        })
        .collect()
}

fn session_row(session: &Session, epoch: Epoch, interner: &Interner) -> SessionRow {
    let visit = interner.visit(session.visit).unwrap_or_else(|| {
        tracing::error!(?session, "a visit's attributes are gone");
        std::sync::Arc::new(Visit::default())
    });
    let row = SessionRow {
        site_id: session.person.site,
        start: session.start,
        visitor: session.person.visitor,
        end: session.end,
        entry_page: text(interner, session.entry),
        exit_page: text(interner, session.exit),
        pageviews: session.pageviews,
        events: session.events,
        bounce: session.bounce,
        duration_ms: session.duration_ms.unsigned_abs(),
        revenue: session.revenue,
        epoch,
        deleted: 0,
        ..SessionRow::default()
    };
    row.with_visit(&visit)
}

/// Empty for "none": a session without a page view has no entry or exit page.
fn text(interner: &Interner, id: TextId) -> String {
    if id == TextId::default() {
        return String::new();
    }
    interner.text(id).map_or_else(
        || {
            tracing::error!(?id, "an interned string is gone");
            String::new()
        },
        |text| text.to_string(),
    )
}
