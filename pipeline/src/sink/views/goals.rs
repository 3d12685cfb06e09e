//! `v_goals`.

use differential_dataflow::difference::Semigroup;
use opentrace_operators::{DefinitionId, GoalCell, GoalDelta};
use opentrace_store::{CellRow, GoalRow, Origin};

use super::super::cells::{Additive, Cell};
use super::{CellView, period, period_of};
use crate::journal::Epoch;

impl Additive for GoalDelta {
    fn add(&mut self, delta: Self) {
        self.plus_equals(&delta);
    }
}

pub(crate) struct Goals;

impl CellView for Goals {
    type Cell = GoalCell;
    type Value = GoalDelta;
    type Row = GoalRow;

    fn key(cell: &GoalCell) -> <GoalRow as CellRow>::Key {
        (cell.site, cell.goal.0, period(cell.period), cell.start)
    }

    fn stored(row: &GoalRow) -> (GoalCell, Cell<GoalDelta>) {
        let cell = GoalCell {
            site: row.site_id,
            goal: DefinitionId(row.definition),
            period: period_of(row.period),
            start: row.start,
        };
        let value = GoalDelta { events: row.events, visitors: row.visitors, revenue: row.revenue };
        (cell, Cell { value, epoch: row.epoch })
    }

    fn row(cell: &GoalCell, value: &GoalDelta, epoch: Epoch, origin: Origin) -> GoalRow {
        GoalRow {
            site_id: cell.site,
            definition: cell.goal.0,
            period: period(cell.period),
            start: cell.start,
            origin: origin as u8,
            events: value.events,
            visitors: value.visitors,
            revenue: value.revenue,
            epoch,
            deleted: u8::from(*value == GoalDelta::default()),
        }
    }
}
