//! Duplicates: an id a client gave counts once per site, however often it is sent.
//!
//! Keeps: the ids of the deduplication window (7 days unless configured), 24 bytes each and about
//! twice that in memory. When more than `max_ids` would be held, the oldest hours go first: the
//! window then is shorter than configured, and [`Dedup::window_start`] says where it begins.
//! Ids given by the server are unique by construction and are never put here.
//!
//! Wrong when: a repeat comes after its first has left the window. Imports are checked against
//! everything stored as well, so for them the window does not matter.

use hashbrown::HashMap;
use opentrace_events::{SiteId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const HOUR_MS: i64 = 3_600_000;

/// Hours since 1970, enough until the year 491,000.
type Hour = u32;

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dedup {
    window_hours: Hour,
    max_ids: usize,
    sites: HashMap<SiteId, HashMap<[u64; 2], Hour>>,
    len: usize,
    /// Ids received before this hour were dropped.
    from: Hour,
}

impl Dedup {
    /// Remembers ids for `window`, and at most `max_ids` of them.
    pub(crate) fn new(window: std::time::Duration, max_ids: usize) -> Self {
        let window_hours =
            (window.as_millis() as i64).div_euclid(HOUR_MS).clamp(1, i64::from(Hour::MAX)) as Hour;
        Self { window_hours, max_ids: max_ids.max(1), sites: HashMap::new(), len: 0, from: 0 }
    }

    /// Takes over configured limits that may have changed since a snapshot.
    pub(crate) fn configure(&mut self, other: &Dedup) {
        self.window_hours = other.window_hours;
        self.max_ids = other.max_ids;
    }

    /// Whether the id is new; it is remembered.
    pub(crate) fn insert(&mut self, site: SiteId, id: Uuid, received_at: Timestamp) -> bool {
        let new = self.sites.entry(site).or_default().insert(key(id), hour(received_at)).is_none();
        self.len += usize::from(new);
        new
    }

    /// Whether the id was seen within the window.
    pub(crate) fn contains(&self, site: SiteId, id: Uuid) -> bool {
        self.sites.get(&site).is_some_and(|ids| ids.contains_key(&key(id)))
    }

    /// Drops what left the window at `now`, and the oldest hours while too many ids are held.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        let start = hour(now).saturating_sub(self.window_hours);
        if start > self.from {
            self.drop_before(start);
        }
        while self.len > self.max_ids {
            let Some(oldest) = self.oldest() else { return };
            self.drop_before(oldest + 1);
        }
    }

    /// Ids received from this moment on are known.
    pub(crate) fn window_start(&self) -> Timestamp {
        Timestamp(i64::from(self.from) * HOUR_MS)
    }

    /// How many ids are held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn oldest(&self) -> Option<Hour> {
        self.sites.values().flat_map(HashMap::values).copied().min()
    }

    fn drop_before(&mut self, start: Hour) {
        for ids in self.sites.values_mut() {
            ids.retain(|_, hour| *hour >= start);
        }
        self.sites.retain(|_, ids| !ids.is_empty());
        self.len = self.sites.values().map(HashMap::len).sum();
        self.from = start;
    }
}

/// Two halves, so that a map entry is aligned to 8 bytes and not to 16.
fn key(id: Uuid) -> [u64; 2] {
    let (high, low) = id.as_u64_pair();
    [high, low]
}

fn hour(ts: Timestamp) -> Hour {
    ts.0.div_euclid(HOUR_MS).clamp(0, i64::from(Hour::MAX)) as Hour
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const WINDOW: i64 = 3;

    proptest! {
        /// Against a list of everything ever sent: within the window an id counts once.
        #[test]
        fn an_id_counts_once_within_the_window(
            sends in prop::collection::vec((0u32..3, 0u128..30, 0i64..2), 1..400)
        ) {
            let mut dedup = Dedup::new(Duration::from_millis((WINDOW * HOUR_MS) as u64), 1_000_000);
            let mut first_seen: BTreeMap<(u32, u128), i64> = BTreeMap::new();
            let mut now = 100;
            for (site, id, hours) in sends {
                now += hours;
                let at = Timestamp(now * HOUR_MS);
                dedup.expire(at);
                first_seen.retain(|_, seen| *seen >= now - WINDOW);
                let expected = !first_seen.contains_key(&(site, id));
                prop_assert_eq!(dedup.contains(SiteId(site), Uuid::from_u128(id)), !expected);
                prop_assert_eq!(dedup.insert(SiteId(site), Uuid::from_u128(id), at), expected);
                first_seen.insert((site, id), now);
                prop_assert_eq!(dedup.len(), first_seen.len());
            }
        }
    }

    #[test]
    fn memory_is_bounded_by_dropping_whole_hours() {
        let mut dedup = Dedup::new(Duration::from_secs(7 * 86_400), 100);
        for n in 0..300u128 {
            let at = Timestamp((n as i64 / 50) * HOUR_MS);
            dedup.insert(SiteId(1), Uuid::from_u128(n), at);
            dedup.expire(at);
        }
        assert!(dedup.len() <= 100);
        assert!(dedup.contains(SiteId(1), Uuid::from_u128(299)));
        assert!(!dedup.contains(SiteId(1), Uuid::from_u128(0)));
        assert!(dedup.window_start() > Timestamp(0));
    }
}
