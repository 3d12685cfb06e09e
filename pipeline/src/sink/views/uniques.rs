//! `v_uniques`. A cell belongs to the calendar by which it was counted.

use opentrace_operators::UniquesCell;
use opentrace_store::{CellRow, Origin, UniquesRow};

use super::super::cells::Cell;
use super::{CellView, period, period_of};
use crate::journal::Epoch;

pub(crate) struct Uniques;

impl CellView for Uniques {
    /// With the number of the site's calendar.
    type Cell = (u32, UniquesCell);
    type Value = i64;
    type Row = UniquesRow;

    fn key((calendar, cell): &Self::Cell) -> <UniquesRow as CellRow>::Key {
        (cell.site, *calendar, period(cell.period), cell.start)
    }

    fn stored(row: &UniquesRow) -> (Self::Cell, Cell<i64>) {
        let cell = UniquesCell { site: row.site_id, period: period_of(row.period), start: row.start };
        ((row.calendar, cell), Cell { value: row.visitors, epoch: row.epoch })
    }

    fn row((calendar, cell): &Self::Cell, value: &i64, epoch: Epoch, origin: Origin) -> UniquesRow {
        UniquesRow {
            site_id: cell.site,
            calendar: *calendar,
            period: period(cell.period),
            start: cell.start,
            origin: origin as u8,
            visitors: *value,
            epoch,
            deleted: u8::from(*value == 0),
        }
    }
}
