//! The views as the sink keeps them: how their rows in ClickHouse follow from what the dataflow says.
//!
//! A view that adds up has cells ([`CellView`]), one file each; a view of whole rows has a function
//! from the rows of a batch to the rows to be written.

mod features;
mod funnels;
mod goals;
mod retention;
mod series;
mod sessions;
mod traffic;
mod uniques;

use std::collections::BTreeMap;
use std::hash::Hash;

use opentrace_operators::Diff;
use opentrace_store::{CellRow, Origin, Store};

pub(crate) use self::features::{feature_row, features};
pub(crate) use self::funnels::{passage_row, passages};
pub(crate) use self::goals::Goals;
pub(crate) use self::retention::Retention;
pub(crate) use self::series::Series;
pub(crate) use self::sessions::{session_row, sessions};
pub(crate) use self::traffic::Traffic;
pub(crate) use self::uniques::Uniques;

use super::cells::{Additive, Cell, Cells};
use crate::journal::Epoch;
use crate::retry::until_it_works;

/// A view that adds up.
pub(crate) trait CellView {
    type Cell: Copy + Eq + Hash + Ord;
    type Value: Additive;
    type Row: CellRow;

    fn key(cell: &Self::Cell) -> <Self::Row as CellRow>::Key;
    /// A stored row as the cell it holds.
    fn stored(row: &Self::Row) -> (Self::Cell, Cell<Self::Value>);
    fn row(cell: &Self::Cell, value: &Self::Value, epoch: Epoch, origin: Origin) -> Self::Row;
}

/// The cells of a view that were touched lately.
pub(crate) type CellsOf<V> = Cells<<V as CellView>::Cell, <V as CellView>::Value>;

/// Changes of a view, by epoch.
pub(crate) type ChangesOf<V> = Vec<(Epoch, Vec<(<V as CellView>::Cell, <V as CellView>::Value)>)>;

/// Adds what epochs change, after reading what is stored of the cells they touch; returns the rows to
/// be written.
pub(crate) async fn add<V: CellView>(
    store: &Store,
    cells: &mut CellsOf<V>,
    changes: ChangesOf<V>,
) -> Vec<V::Row> {
    let missing = cells.missing(changes.iter().flat_map(|(_, changes)| changes).map(|(cell, _)| *cell));
    if !missing.is_empty() {
        let keys: Vec<_> = missing.iter().map(V::key).collect();
        let stored: Vec<V::Row> = until_it_works("read cells", || store.cells(&keys)).await;
        cells.load(&missing, stored.iter().map(V::stored));
    }
    for (epoch, changes) in changes {
        cells.add(epoch, changes.into_iter());
    }
    let touched = cells.finish_commit();
    touched.iter().map(|(key, cell)| V::row(key, &cell.value, cell.epoch, Origin::Live)).collect()
}

/// The last state of each row that the epochs of a batch change: `None` where it went.
///
/// Within an epoch a key's rows come in the order in which they were derived: where several sessions
/// of a person change at once, each takes back what the one before it made of the person.
pub(crate) fn last_states<'a, K: Ord, R: PartialEq + 'a>(
    epochs: impl Iterator<Item = (Epoch, &'a [(R, Diff)])>,
    key: impl Fn(&R) -> K,
) -> BTreeMap<K, (Epoch, Option<&'a R>)> {
    let mut last: BTreeMap<K, (Epoch, Option<&R>)> = BTreeMap::new();
    for (epoch, rows) in epochs {
        for (row, diff) in rows {
            let state = last.entry(key(row)).or_insert((epoch, None));
            if state.0 < epoch {
                *state = (epoch, None);
            }
            // What is taken back is what an epoch before made, or the row that came last.
            match *diff > 0 {
                true => state.1 = Some(row),
                false => state.1 = state.1.filter(|held| *held != row),
            }
        }
    }
    last
}

pub(crate) fn period(period: opentrace_operators::Period) -> opentrace_store::PeriodColumn {
    match period {
        opentrace_operators::Period::Day => opentrace_store::PeriodColumn::Day,
        opentrace_operators::Period::Week => opentrace_store::PeriodColumn::Week,
        opentrace_operators::Period::Month => opentrace_store::PeriodColumn::Month,
    }
}

pub(crate) fn period_of(column: opentrace_store::PeriodColumn) -> opentrace_operators::Period {
    match column {
        opentrace_store::PeriodColumn::Day => opentrace_operators::Period::Day,
        opentrace_store::PeriodColumn::Week => opentrace_operators::Period::Week,
        opentrace_store::PeriodColumn::Month => opentrace_operators::Period::Month,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_state_is_what_is_left_of_an_epoch() {
        let of = |rows: &'static [((u8, u8), Diff)]| {
            last_states([(4, rows)].into_iter(), |(key, _)| *key).into_values().next()
        };
        assert_eq!(of(&[((1, 7), -1), ((1, 8), 1)]), Some((4, Some(&(1, 8)))), "changed");
        assert_eq!(of(&[((1, 8), 1), ((1, 7), -1)]), Some((4, Some(&(1, 8)))), "in the other order");
        assert_eq!(of(&[((1, 7), -1), ((1, 8), 1), ((1, 8), -1)]), Some((4, None)), "gone in two steps");
        assert_eq!(
            of(&[((1, 7), -1), ((1, 8), 1), ((1, 8), -1), ((1, 7), 1)]),
            Some((4, Some(&(1, 7)))),
            "there and back"
        );
    }
}
