//! Retention: of the people who started in a period, how many came back after k periods.
//!
//! In:    changed stretches of history (`change`), and a definition: which events start, which count
//!        as coming back, and whether days, weeks or months are counted.
//! Out:   `(site, definition, cohort, offset)` with the difference of people. The cohort is the
//!        period of the person's first start; a person counts at an offset who comes back that many
//!        periods later, by an event at or after the start; at [`SIZE`] everyone of the cohort.
//! State: none beside the histories.
//! Retraction: removing a person's last return of a period takes one from its cell; removing the
//!        first start moves the person to another cohort with everything. Late data does the same in
//!        the other direction.
//! Cost:  when an event of the definition comes or goes, the person's history is read twice.
//! Wrong when: people are not known for longer than a period. Without identified mode a visitor is
//!        known for a day, so that nobody comes back on another.

use serde::{Deserialize, Serialize};

use crate::change::{Change, Counted};
use crate::definition::{DefinitionId, RetentionSpec};
use crate::fact::Diff;

/// The offset that stands for the size of a cohort.
pub const SIZE: i32 = -1;

/// A cell of the retention matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RetentionCell {
    pub site: u32,
    pub definition: DefinitionId,
    /// First day of the period in which people started, in days since 1970-01-01.
    pub cohort: i32,
    /// Periods later, or [`SIZE`].
    pub offset: i32,
}

/// Emits the cells that a change takes the person out of or puts them into.
pub(crate) fn retention_diffs(
    change: &Change<'_>,
    definition: DefinitionId,
    spec: &RetentionSpec,
    mut emit: impl FnMut(RetentionCell, Diff),
) {
    if !change.moves([spec.start, spec.back].into_iter().collect()) {
        return;
    }
    let (before, after) = (cells(spec, change.all_before()), cells(spec, change.all_after()));
    let site = change.person.site;
    let mut emit = |&(cohort, offset): &(i32, i32), diff| {
        emit(RetentionCell { site, definition, cohort, offset }, diff);
    };
    before.iter().filter(|cell| !after.contains(cell)).for_each(|cell| emit(cell, -1));
    after.iter().filter(|cell| !before.contains(cell)).for_each(|cell| emit(cell, 1));
}

/// Cohort and offset of every cell that a history counts in, each once.
fn cells<'a>(spec: &RetentionSpec, history: impl Iterator<Item = &'a Counted>) -> Vec<(i32, i32)> {
    let mut cells: Vec<(i32, i32)> = Vec::new();
    let mut cohort = None;
    for (act, _) in history {
        if cohort.is_none() && act.marks.has(spec.start) {
            let start = spec.period.start_of(act);
            cohort = Some(start);
            cells.push((start, SIZE));
        }
        if let Some(cohort) = cohort
            && act.marks.has(spec.back)
        {
            let cell = (cohort, spec.period.between(cohort, spec.period.start_of(act)));
            if cells.last() != Some(&cell) && !cells.contains(&cell) {
                cells.push(cell);
            }
        }
    }
    cells
}
