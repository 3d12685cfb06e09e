//! Cells that are added up here, because what they are made of comes in shares of people.

use std::collections::{BTreeMap, BTreeSet};

use opentrace_events::Site;

use super::{Difference, LISTED};

/// The first cells that are not alike in both, each as `text` writes it.
pub(super) fn differences<K: Ord, V: PartialEq>(
    view: &str,
    site: &Site,
    stored: &BTreeMap<K, V>,
    recomputed: &BTreeMap<K, V>,
    text: impl Fn(&K, &V) -> String,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    let keys: BTreeSet<&K> = stored.keys().chain(recomputed.keys()).collect();
    for key in keys {
        let (is, should_be) = (stored.get(key), recomputed.get(key));
        if is != should_be {
            let sides = [(should_be, false), (is, true)];
            let sides = sides.into_iter().filter_map(|(cell, stored)| Some((cell?, stored)));
            differences
                .extend(sides.map(|(cell, stored)| Difference::new(view, site, text(key, cell), stored)));
        }
    }
    differences.truncate(LISTED);
    differences
}

/// Adds the values of a row to a cell.
pub(super) fn add<const N: usize>(cell: &mut [i64; N], values: [i64; N]) {
    for (sum, value) in cell.iter_mut().zip(values) {
        *sum += value;
    }
}
