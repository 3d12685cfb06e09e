//! `v_series`. A built-in series belongs to the site's calendar, a user's own to its definition.

use opentrace_operators::{Builtin, SeriesCell, SeriesGrain, SeriesId};
use opentrace_store::{CellRow, GrainColumn, Origin, SeriesRow};

use super::super::cells::Cell;
use super::CellView;
use crate::journal::Epoch;

pub(crate) struct Series;

impl Series {
    /// The cell with the number of the calendar it belongs to.
    pub(crate) fn cell(calendar: u32, cell: SeriesCell) -> (u32, SeriesCell) {
        let builtin = Builtin::ALL.iter().any(|builtin| builtin.id() == cell.series);
        (if builtin { calendar } else { 0 }, cell)
    }
}

impl CellView for Series {
    type Cell = (u32, SeriesCell);
    type Value = i64;
    type Row = SeriesRow;

    fn key((calendar, cell): &Self::Cell) -> <SeriesRow as CellRow>::Key {
        (cell.site, *calendar, cell.series.0, grain(cell.grain), cell.start)
    }

    fn stored(row: &SeriesRow) -> (Self::Cell, Cell<i64>) {
        let grain = match row.grain {
            GrainColumn::Minute => SeriesGrain::Minute,
            GrainColumn::Hour => SeriesGrain::Hour,
            GrainColumn::Day => SeriesGrain::Day,
        };
        let cell = SeriesCell {
            site: row.site_id,
            series: SeriesId(row.series),
            grain,
            start: i64::from(row.start),
        };
        ((row.calendar, cell), Cell { value: row.value, epoch: row.epoch })
    }

    fn row((calendar, cell): &Self::Cell, value: &i64, epoch: Epoch, origin: Origin) -> SeriesRow {
        SeriesRow {
            site_id: cell.site,
            calendar: *calendar,
            series: cell.series.0,
            grain: grain(cell.grain),
            start: u32::try_from(cell.start).unwrap_or_default(),
            origin: origin as u8,
            value: *value,
            epoch,
            deleted: u8::from(*value == 0),
        }
    }
}

fn grain(grain: SeriesGrain) -> GrainColumn {
    match grain {
        SeriesGrain::Minute => GrainColumn::Minute,
        SeriesGrain::Hour => GrainColumn::Hour,
        SeriesGrain::Day => GrainColumn::Day,
    }
}
