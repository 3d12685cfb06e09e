//! Keeps hash tables as small as what they hold.
//!
//! A table in which entries come and go runs out of fresh places, because some places of removed entries
//! stay marked, and then doubles although no more is held than before. Whoever removes from a large table
//! says so here.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashMap;

/// A table that grows by itself has room for twice what it holds at most.
const ROOMIEST: usize = 2;
/// Smaller tables are not worth it.
const SMALL: usize = 1_024;

/// Makes a table small again that has far more room than entries.
pub(crate) fn tighten<K: Eq + Hash, V, S: BuildHasher>(table: &mut HashMap<K, V, S>) {
    let held = table.len().max(SMALL);
    if table.capacity() > ROOMIEST * held + held / 4 {
        table.shrink_to(held + held / 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_stays_small_however_many_go_through_it() {
        let (mut left_alone, mut tightened) = (HashMap::new(), HashMap::new());
        let held = 80_000u64;
        for id in 0..held * 20 {
            for table in [&mut left_alone, &mut tightened] {
                table.insert(id, ());
                if let Some(gone) = id.checked_sub(held) {
                    table.remove(&gone);
                }
            }
            tighten(&mut tightened);
        }
        assert_eq!(tightened.len() as u64, held);
        assert!(tightened.keys().all(|id| *id >= held * 19));
        assert!(tightened.capacity() <= 2 * held as usize + held as usize / 4);
        assert!(left_alone.capacity() >= tightened.capacity());
    }
}
