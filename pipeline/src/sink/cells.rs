//! Cells: the absolute values of additive views, kept by adding what each epoch changes.
//!
//! A cell remembers the last epoch that was added to it, and so does its stored row. Adding an epoch
//! that is already in does nothing: a replay after a crash finds each row either before or after
//! the epoch and brings it to the same value.
//!
//! Keeps: the cells touched lately; the others are read back from ClickHouse when they are touched.

use std::hash::Hash;

use hashbrown::HashMap;

use crate::journal::Epoch;

/// A value that epochs add to.
pub(crate) trait Additive: Copy + Default + PartialEq {
    fn add(&mut self, delta: Self);
}

impl Additive for i64 {
    fn add(&mut self, delta: Self) {
        *self += delta;
    }
}

/// A cell as stored: its value and the last epoch in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cell<V> {
    pub value: V,
    pub epoch: Epoch,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Cells<K, V> {
    held: HashMap<K, (Cell<V>, u64)>,
    /// The cells that the current commit touched, once per epoch. Looking for them among all that are
    /// held would cost each commit as much as there is.
    touched: Vec<K>,
    /// Counts commits; a cell holds the last that touched it.
    commit: u64,
    capacity: usize,
}

impl<K: Copy + Eq + Hash + Ord, V: Additive> Cells<K, V> {
    /// Holds up to `capacity` cells beyond those of the current commit.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { held: HashMap::new(), touched: Vec::new(), commit: 0, capacity }
    }

    /// Which of these cells must be read from storage before epochs are added. Sorted, distinct.
    pub(crate) fn missing(&self, keys: impl Iterator<Item = K>) -> Vec<K> {
        let mut missing: Vec<K> = keys.filter(|key| !self.held.contains_key(key)).collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Takes in cells as stored; keys of `asked` that are not among them do not exist yet.
    pub(crate) fn load(&mut self, asked: &[K], stored: impl Iterator<Item = (K, Cell<V>)>) {
        for key in asked {
            self.held.insert(*key, (Cell::default(), self.commit));
        }
        for (key, cell) in stored {
            self.held.insert(key, (cell, self.commit));
        }
    }

    /// Adds what an epoch changes. Epochs come in order, and every key was loaded.
    pub(crate) fn add(&mut self, epoch: Epoch, changes: impl Iterator<Item = (K, V)>) {
        let mut totals: HashMap<K, V> = HashMap::new();
        for (key, delta) in changes {
            totals.entry(key).or_default().add(delta);
        }
        for (key, delta) in totals {
            let (cell, touched) = self.held.entry(key).or_default();
            *touched = self.commit;
            self.touched.push(key);
            if cell.epoch < epoch {
                cell.value.add(delta);
                cell.epoch = epoch;
            }
        }
    }

    /// The cells touched since the last call, ordered by key; then forgets the least recently
    /// touched ones beyond the capacity.
    pub(crate) fn finish_commit(&mut self) -> Vec<(K, Cell<V>)> {
        let mut keys = std::mem::take(&mut self.touched);
        keys.sort_unstable();
        keys.dedup();
        let cell = |key: K| Some((key, self.held.get(&key)?.0));
        let touched = keys.into_iter().filter_map(cell).filter(|(_, cell)| cell.epoch > 0).collect();
        self.commit += 1;
        self.shrink();
        touched
    }

    /// How many cells are held.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    fn shrink(&mut self) {
        if self.held.len() <= 2 * self.capacity {
            return;
        }
        let mut ages: Vec<u64> = self.held.values().map(|(_, touched)| *touched).collect();
        let (_, &mut keep_from, _) = ages.select_nth_unstable(self.held.len() - self.capacity);
        self.held.retain(|_, (_, touched)| *touched >= keep_from);
        // Half of the places are marked now; without them the table fits what is left.
        self.held.shrink_to(self.capacity + self.capacity / 8);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Epochs are replayed from any earlier point after a crash that left any subset of the
        /// rows written; the result is the plain sum.
        #[test]
        fn replay_from_any_point_gives_the_sum(
            epochs in prop::collection::vec(prop::collection::vec((0u8..6, -3i64..10), 0..8), 1..12),
            crash_at in 0usize..12, written in any::<u8>(), capacity in 1usize..8,
        ) {
            let crash_at = crash_at.min(epochs.len());
            let mut stored: BTreeMap<u8, Cell<i64>> = BTreeMap::new();
            // One batch up to the crash, of which only some rows reach storage.
            let mut cells = Cells::new(capacity);
            commit(&mut cells, &epochs[..crash_at], 1, &mut stored, written);
            // After the restart, epoch by epoch from the beginning.
            let mut cells = Cells::new(capacity);
            for (i, epoch) in epochs.iter().enumerate() {
                commit(&mut cells, std::slice::from_ref(epoch), i as u64 + 1, &mut stored, u8::MAX);
            }
            let mut want: BTreeMap<u8, i64> = BTreeMap::new();
            for (key, delta) in epochs.iter().flatten() {
                *want.entry(*key).or_default() += delta;
            }
            let got: BTreeMap<u8, i64> = stored.into_iter().map(|(key, cell)| (key, cell.value)).collect();
            prop_assert_eq!(got, want);
        }
    }

    fn commit(
        cells: &mut Cells<u8, i64>,
        epochs: &[Vec<(u8, i64)>],
        first: Epoch,
        stored: &mut BTreeMap<u8, Cell<i64>>,
        written: u8,
    ) {
        let missing = cells.missing(epochs.iter().flatten().map(|(key, _)| *key));
        let found: Vec<_> = missing.iter().filter_map(|key| Some((*key, *stored.get(key)?))).collect();
        cells.load(&missing, found.into_iter());
        for (epoch, changes) in (first..).zip(epochs) {
            cells.add(epoch, changes.iter().copied());
        }
        for (key, cell) in cells.finish_commit() {
            if written & (1 << key) != 0 {
                stored.insert(key, cell);
            }
        }
    }
}
