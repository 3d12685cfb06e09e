//! Duplicates: an id a client gave counts once per site, however often it is sent.
//!
//! Keeps: the ids of the deduplication window (7 days unless configured), 24 bytes each and about
//! 40 in memory. When more than `max_ids` would be held, the oldest minutes go first: the window then
//! is shorter than configured, and [`Dedup::window_start`] says where it begins. Ids given by the
//! server are unique by construction and are never put here.
//!
//! Wrong when: a repeat comes after its first has left the window. Imports are checked against
//! everything stored as well, so for them the window does not matter.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use opentrace_events::{SiteId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::tables::tighten;

const MINUTE_MS: i64 = 60_000;

/// Minutes since 1970, enough until the year 10,000.
type Minute = u32;

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dedup {
    window: Minute,
    max_ids: usize,
    sites: HashMap<SiteId, HashMap<[u64; 2], Minute>>,
    /// How many ids were received last in each minute.
    counts: BTreeMap<Minute, usize>,
    len: usize,
    /// Ids received before this minute were dropped.
    from: Minute,
}

impl Dedup {
    /// Remembers ids for `window`, and at most `max_ids` of them.
    pub(crate) fn new(window: std::time::Duration, max_ids: usize) -> Self {
        let window =
            (window.as_millis() as i64).div_euclid(MINUTE_MS).clamp(1, i64::from(Minute::MAX)) as Minute;
        let (sites, counts) = (HashMap::new(), BTreeMap::new());
        Self { window, max_ids: max_ids.max(1), sites, counts, len: 0, from: 0 }
    }

    /// Takes over configured limits that may have changed since a snapshot.
    pub(crate) fn configure(&mut self, other: &Dedup) {
        self.window = other.window;
        self.max_ids = other.max_ids;
    }

    /// Whether the id is new; it is remembered.
    pub(crate) fn insert(&mut self, site: SiteId, id: Uuid, received_at: Timestamp) -> bool {
        let minute = minute(received_at);
        let known = self.sites.entry(site).or_default().insert(key(id), minute);
        *self.counts.entry(minute).or_default() += 1;
        match known {
            Some(before) => self.uncount(before),
            None => self.len += 1,
        }
        known.is_none()
    }

    /// Whether the id was seen within the window.
    pub(crate) fn contains(&self, site: SiteId, id: Uuid) -> bool {
        self.sites.get(&site).is_some_and(|ids| ids.contains_key(&key(id)))
    }

    /// Drops what left the window at `now`, and the oldest minutes while too many ids are held.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        let mut start = minute(now).saturating_sub(self.window).max(self.from);
        if self.len > self.max_ids {
            let mut left: usize = self.counts.range(start..).map(|(_, count)| count).sum();
            for (minute, count) in self.counts.range(start..) {
                if left <= self.max_ids {
                    break;
                }
                left -= count;
                start = minute + 1;
            }
        }
        if start > self.from {
            self.drop_before(start);
        }
    }

    /// Ids received from this moment on are known.
    pub(crate) fn window_start(&self) -> Timestamp {
        Timestamp(i64::from(self.from) * MINUTE_MS)
    }

    /// How many ids are held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn uncount(&mut self, minute: Minute) {
        if let Some(count) = self.counts.get_mut(&minute) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&minute);
            }
        }
    }

    fn drop_before(&mut self, start: Minute) {
        self.from = start;
        if self.counts.first_key_value().is_none_or(|(oldest, _)| *oldest >= start) {
            return;
        }
        self.counts = self.counts.split_off(&start);
        self.len = self.counts.values().sum();
        for ids in self.sites.values_mut() {
            ids.retain(|_, minute| *minute >= start);
            tighten(ids);
        }
        self.sites.retain(|_, ids| !ids.is_empty());
    }
}

/// Two halves, so that a map entry is aligned to 8 bytes and not to 16.
fn key(id: Uuid) -> [u64; 2] {
    let (high, low) = id.as_u64_pair();
    [high, low]
}

fn minute(ts: Timestamp) -> Minute {
    ts.0.div_euclid(MINUTE_MS).clamp(0, i64::from(Minute::MAX)) as Minute
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
            let mut dedup = Dedup::new(Duration::from_millis((WINDOW * MINUTE_MS) as u64), 1_000_000);
            let mut first_seen: BTreeMap<(u32, u128), i64> = BTreeMap::new();
            let mut now = 100;
            for (site, id, minutes) in sends {
                now += minutes;
                let at = Timestamp(now * MINUTE_MS);
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
    fn memory_is_bounded_by_dropping_whole_minutes() {
        let mut dedup = Dedup::new(Duration::from_secs(7 * 86_400), 100);
        for n in 0..300u128 {
            let at = Timestamp((n as i64 / 50) * MINUTE_MS);
            dedup.insert(SiteId(1), Uuid::from_u128(n), at);
            dedup.expire(at);
        }
        assert_eq!(dedup.len(), 100, "two whole minutes");
        assert!(dedup.contains(SiteId(1), Uuid::from_u128(299)));
        assert!(!dedup.contains(SiteId(1), Uuid::from_u128(0)));
        assert!(dedup.window_start() > Timestamp(0));
    }
}
