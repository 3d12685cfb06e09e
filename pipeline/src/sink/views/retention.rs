//! `v_retention`.

use opentrace_operators::{DefinitionId, RetentionCell};
use opentrace_store::{CellRow, Origin, RetentionRow};

use super::super::cells::Cell;
use super::CellView;
use crate::journal::Epoch;

pub(crate) struct Retention;

impl CellView for Retention {
    type Cell = RetentionCell;
    type Value = i64;
    type Row = RetentionRow;

    fn key(cell: &RetentionCell) -> <RetentionRow as CellRow>::Key {
        (cell.site, cell.definition.0, cell.cohort, cell.offset)
    }

    fn stored(row: &RetentionRow) -> (RetentionCell, Cell<i64>) {
        let cell = RetentionCell {
            site: row.site_id,
            definition: DefinitionId(row.definition),
            cohort: row.cohort,
            offset: row.offset,
        };
        (cell, Cell { value: row.people, epoch: row.epoch })
    }

    fn row(cell: &RetentionCell, value: &i64, epoch: Epoch, origin: Origin) -> RetentionRow {
        RetentionRow {
            site_id: cell.site,
            definition: cell.definition.0,
            cohort: cell.cohort,
            offset: cell.offset,
            origin: origin as u8,
            people: *value,
            epoch,
            deleted: u8::from(*value == 0),
        }
    }
}
