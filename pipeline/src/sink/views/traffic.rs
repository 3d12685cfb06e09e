//! `v_traffic`.

use differential_dataflow::difference::Semigroup;
use opentrace_operators::{TrafficCell, TrafficDelta};
use opentrace_store::{Origin, TrafficRow};

use super::super::cells::{Additive, Cell};
use super::CellView;
use crate::journal::Epoch;

impl Additive for TrafficDelta {
    fn add(&mut self, delta: Self) {
        self.plus_equals(&delta);
    }
}

pub(crate) struct Traffic;

impl CellView for Traffic {
    type Cell = TrafficCell;
    type Value = TrafficDelta;
    type Row = TrafficRow;

    fn key(cell: &TrafficCell) -> (u32, i64) {
        (cell.site, cell.minute * 60)
    }

    fn stored(row: &TrafficRow) -> (TrafficCell, Cell<TrafficDelta>) {
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

    fn row(cell: &TrafficCell, value: &TrafficDelta, epoch: Epoch, _: Origin) -> TrafficRow {
        TrafficRow {
            site_id: cell.site,
            minute: u32::try_from(cell.minute * 60).unwrap_or_default(),
            events: value.events,
            pageviews: value.pageviews,
            visitors: value.visitors,
            sessions: value.sessions,
            bounces: value.bounces,
            duration_ms: value.duration_ms,
            revenue: value.revenue,
            epoch,
            deleted: u8::from(*value == TrafficDelta::default()),
        }
    }
}
