//! Sessions across UTC midnight.
//!
//! A visitor's id changes with the day's key. Where the same visitor was active within 30 minutes
//! before an event of the new day, the old id is *carried*: that event and all later ones of the
//! new day keep it, so the session goes on and the visitor stays one visitor of that day. The day
//! after, the carried id cannot be reached any more: only the previous day's key is ever tried, and
//! the carried id was made with the one before. No id lives longer than its day and the next.
//!
//! Keeps, per day whose key is kept: who was active in its last 30 minutes and when, who was given a
//! fresh id in its first 30 minutes (so that an event that arrives late does not turn one visitor
//! into two), and who was carried into it. At most [`MOST`] entries in all; beyond that sessions are
//! cut at midnight.

use std::collections::HashMap;

use hashbrown::{HashMap as Map, HashSet as Set};

use crate::ids::{DAY_MS, SiteId, Timestamp, VisitorId};

/// A session ends after this long without an event.
pub const SESSION_GAP_MS: i64 = 30 * 60 * 1000;
/// Most entries kept over all days: about 150 MB.
pub const MOST: usize = 4_000_000;

type Person = (SiteId, VisitorId);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Continuity {
    days: HashMap<i32, Day>,
    entries: usize,
}

#[derive(Debug, Default)]
struct Day {
    /// Last activity of those active in the last 30 minutes.
    tail: Map<Person, Timestamp>,
    /// Given the day's own id in the first 30 minutes.
    fresh: Set<Person>,
    /// Came over midnight with yesterday's id.
    carried: Set<Person>,
}

impl Day {
    fn entries(&self) -> usize {
        self.tail.len() + self.fresh.len() + self.carried.len()
    }
}

impl Continuity {
    /// Whether anybody could have come over midnight into `day`.
    pub(super) fn crossed_into(&self, day: i32) -> bool {
        self.days.get(&(day - 1)).is_some_and(|day| !day.tail.is_empty())
    }

    /// Which id an event at `ts` gets: `previous`, under yesterday's key, or `fresh`, under the day's.
    pub(super) fn choose(
        &self,
        site: SiteId,
        previous: VisitorId,
        fresh: VisitorId,
        ts: Timestamp,
    ) -> VisitorId {
        let day = ts.utc_day();
        let today = self.days.get(&day);
        if today.is_some_and(|today| today.carried.contains(&(site, previous))) {
            return previous;
        }
        let settled = today.is_some_and(|today| today.fresh.contains(&(site, fresh)));
        let continues = self
            .days
            .get(&(day - 1))
            .and_then(|yesterday| yesterday.tail.get(&(site, previous)))
            .is_some_and(|last| ts.0 - last.0 <= SESSION_GAP_MS);
        if continues && !settled { previous } else { fresh }
    }

    /// Whether [`Continuity::observe`] would change nothing: the usual case, found by readers.
    pub(super) fn knows(&self, site: SiteId, visitor: VisitorId, ts: Timestamp) -> bool {
        let person = (site, visitor);
        let day = ts.utc_day();
        let today = self.days.get(&day);
        let came_over = self.came_over(day, &person);
        if came_over && !today.is_some_and(|today| today.carried.contains(&person)) {
            return false;
        }
        if !came_over && in_head(ts) && !today.is_some_and(|today| today.fresh.contains(&person)) {
            return false;
        }
        !in_tail(ts) || today.and_then(|today| today.tail.get(&person)).is_some_and(|&last| last >= ts)
    }

    pub(super) fn observe(&mut self, site: SiteId, visitor: VisitorId, ts: Timestamp) {
        let person = (site, visitor);
        let day = ts.utc_day();
        let came_over = self.came_over(day, &person);
        if !(came_over || in_head(ts) || in_tail(ts)) || self.entries >= MOST {
            return;
        }
        let today = self.days.entry(day).or_default();
        let before = today.entries();
        if came_over {
            today.carried.insert(person);
        } else if in_head(ts) {
            today.fresh.insert(person);
        }
        if in_tail(ts) {
            let last = today.tail.entry(person).or_insert(ts);
            *last = (*last).max(ts);
        }
        self.entries += today.entries() - before;
    }

    /// Drops the days that `kept` does not keep.
    pub(super) fn keep(&mut self, kept: impl Fn(i32) -> bool) {
        self.days.retain(|&day, _| kept(day));
        self.entries = self.days.values().map(Day::entries).sum();
    }

    fn came_over(&self, day: i32, person: &Person) -> bool {
        self.days.get(&(day - 1)).is_some_and(|yesterday| yesterday.tail.contains_key(person))
    }
}

fn in_head(ts: Timestamp) -> bool {
    ts.0.rem_euclid(DAY_MS) <= SESSION_GAP_MS
}

fn in_tail(ts: Timestamp) -> bool {
    ts.0.rem_euclid(DAY_MS) >= DAY_MS - SESSION_GAP_MS
}
