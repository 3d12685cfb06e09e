//! The views as the sink keeps them: how their rows in ClickHouse follow from what the dataflow says.
//!
//! A view that adds up has cells ([`CellView`]), one file each; a view of whole rows has a function
//! from the rows of a batch to the rows to be written.

mod breakdowns;
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
use smallvec::SmallVec;

pub(crate) use self::breakdowns::{Breakdowns, Days, Words};
pub(crate) use self::features::{feature_row, features};
pub(crate) use self::funnels::{passage_row, passages};
pub(crate) use self::goals::Goals;
pub(crate) use self::retention::Retention;
pub(crate) use self::series::Series;
pub(crate) use self::sessions::{session_changes, session_row, sessions};
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
/// Within an epoch a key's rows may come in any order: workers of several processes send them by
/// different ways, and where several sessions of a person change at once, each takes back what the
/// one before it made of the person. So they are added up: what is left is the state. A key whose
/// rows of an epoch come to nothing has not changed.
pub(crate) fn last_states<'a, K: Ord, R: PartialEq + 'a>(
    epochs: impl Iterator<Item = (Epoch, &'a [(R, Diff)])>,
    key: impl Fn(&R) -> K,
) -> BTreeMap<K, (Epoch, Option<&'a R>)> {
    let mut keys: BTreeMap<K, Tally<'a, R>> = BTreeMap::new();
    for (epoch, rows) in epochs {
        for (row, diff) in rows {
            keys.entry(key(row)).or_default().add(epoch, row, *diff);
        }
    }
    keys.into_iter().filter_map(|(key, tally)| Some((key, tally.state()?))).collect()
}

/// What each epoch made of each key: the row as it was and as it is, epoch by epoch. Rows without a key
/// are left out.
pub(crate) fn changes<'a, K: Ord, R: PartialEq + 'a>(
    epochs: impl Iterator<Item = (Epoch, &'a [(R, Diff)])>,
    key: impl Fn(&R) -> Option<K>,
) -> BTreeMap<(Epoch, K), Moved<'a, R>> {
    let mut keys: BTreeMap<(Epoch, K), Sums<'a, R>> = BTreeMap::new();
    for (epoch, rows) in epochs {
        for (row, diff) in rows {
            if let Some(key) = key(row) {
                add_up(keys.entry((epoch, key)).or_default(), row, *diff);
            }
        }
    }
    let change = |rows: Sums<'a, R>| {
        let left = |sign: Diff| rows.iter().find(|(_, sum)| sum.signum() == sign).map(|(row, _)| *row);
        Some((left(-1), left(1))).filter(|change| *change != (None, None))
    };
    keys.into_iter().filter_map(|(key, rows)| Some((key, change(rows)?))).collect()
}

/// A row as it was and as it is.
pub(crate) type Moved<'a, R> = (Option<&'a R>, Option<&'a R>);

/// Rows of one key in an epoch and how often each is left. Few: most keys change once in an epoch.
type Sums<'a, R> = SmallVec<[(&'a R, Diff); 2]>;

fn add_up<'a, R: PartialEq>(sums: &mut Sums<'a, R>, row: &'a R, diff: Diff) {
    match sums.iter_mut().find(|(held, _)| *held == row) {
        Some((_, sum)) => *sum += diff,
        None => sums.push((row, diff)),
    }
}

/// The rows of one key, added up within an epoch.
struct Tally<'a, R> {
    epoch: Epoch,
    rows: Sums<'a, R>,
    /// The state by the epochs before, where they changed it.
    before: Option<(Epoch, Option<&'a R>)>,
}

impl<R> Default for Tally<'_, R> {
    fn default() -> Self {
        Self { epoch: 0, rows: SmallVec::new(), before: None }
    }
}

impl<'a, R: PartialEq> Tally<'a, R> {
    fn add(&mut self, epoch: Epoch, row: &'a R, diff: Diff) {
        if self.epoch < epoch {
            self.before = self.state();
            self.rows.clear();
            self.epoch = epoch;
        }
        add_up(&mut self.rows, row, diff);
    }

    fn state(&self) -> Option<(Epoch, Option<&'a R>)> {
        if self.rows.iter().all(|(_, sum)| *sum == 0) {
            return self.before;
        }
        let left = self.rows.iter().find(|(_, sum)| *sum > 0).map(|(row, _)| *row);
        Some((self.epoch, left))
    }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_state_is_what_is_left_of_an_epoch() {
        let of = |rows: &'static [((u8, u8), Diff)]| {
            last_states([(4, rows)].into_iter(), |(key, _)| *key).into_values().next()
        };
        assert_eq!(of(&[((1, 7), -1), ((1, 8), 1)]), Some((4, Some(&(1, 8)))), "changed");
        assert_eq!(of(&[((1, 8), 1), ((1, 7), -1)]), Some((4, Some(&(1, 8)))), "in the other order");
        assert_eq!(of(&[((1, 7), -1), ((1, 8), 1), ((1, 8), -1)]), Some((4, None)), "gone in two steps");
        assert_eq!(of(&[((1, 8), 1), ((1, 8), -1), ((1, 7), -1)]), Some((4, None)), "in another order");
        assert_eq!(of(&[((1, 7), -1), ((1, 8), 1), ((1, 8), -1), ((1, 7), 1)]), None, "there and back");
    }

    proptest! {
        /// A key goes through states, several within an epoch; its rows come in any order within one,
        /// from any number of workers.
        #[test]
        fn the_order_within_an_epoch_does_not_matter(
            epochs in prop::collection::vec(prop::collection::vec(0u8..4, 0..5), 1..6),
            seed in any::<i64>(), workers in 1usize..4,
        ) {
            let (mut state, mut want) = (0, None);
            let mut wanted_changes = Vec::new();
            let mut batches: Vec<(Epoch, Vec<(u8, Diff)>)> = Vec::new();
            for (epoch, states) in (1..).zip(epochs) {
                let before = state;
                let mut rows = Vec::new();
                for next in states {
                    // 0 stands for a row that is not there.
                    rows.extend([(state, -1), (next, 1)].into_iter().filter(|(row, _)| *row != 0));
                    state = next;
                }
                rows.sort_by_key(|(row, diff)| (i64::from(*row) * 7 + diff).wrapping_mul(seed | 1));
                if state != before {
                    let there = |state: u8| Some(state).filter(|state| *state != 0);
                    want = Some((epoch, there(state)));
                    wanted_changes.push((epoch, (there(before), there(state))));
                }
                let share = rows.len().div_ceil(workers).max(1);
                batches.extend(rows.chunks(share).map(|rows| (epoch, rows.to_vec())));
            }
            let rows = batches.iter().map(|(epoch, rows)| (*epoch, rows.as_slice()));
            let got = last_states(rows.clone(), |_| ()).remove(&());
            prop_assert_eq!(got.map(|(epoch, row)| (epoch, row.copied())), want);
            let changed = changes(rows, |_| Some(())).into_iter();
            let changed: Vec<_> = changed.map(|((epoch, ()), (a, b))| (epoch, (a.copied(), b.copied()))).collect();
            prop_assert_eq!(changed, wanted_changes);
        }
    }
}
