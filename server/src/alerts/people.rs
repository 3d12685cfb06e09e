//! Whom the counts of people have counted already, so that each counts once in a stretch, and how far down
//! a page each came.
//!
//! Keeps: the visitors of the minutes, hours and days that events may still belong to, 8 bytes for each
//! and each stretch (16 where depth counts); those of a minute for ten minutes, of an hour or a day for two
//! hours after its end.
//! Late data: within that time it counts, later it does not. Retraction: after an erasure the people of the
//! site are read anew from what is stored.
//! Wrong when: more than [`MOST`] would be kept: further people are not counted until some are let go.

use hashbrown::{HashMap, HashSet};
use opentrace_alerts::series::{Grain, Key, SeriesId};
use opentrace_events::{SiteId, VisitorId};

/// People and stretches that are kept, all sites together.
const MOST: usize = 4_000_000;

/// A cell of a count.
pub(super) type Stretch = (SiteId, SeriesId, Key, Grain, i64);

/// The people of each stretch that is still open.
#[derive(Debug)]
pub(super) struct Seen {
    people: HashMap<Stretch, HashSet<VisitorId>>,
    /// How far down those came whose depth counts, in percent.
    depths: HashMap<Stretch, HashMap<VisitorId, u8>>,
    kept: usize,
    /// The time up to which everything is known, in seconds since 1970.
    now: i64,
}

impl Default for Seen {
    /// Of everything: nothing was let go.
    fn default() -> Self {
        Self { people: HashMap::new(), depths: HashMap::new(), kept: 0, now: i64::MIN }
    }
}

impl Seen {
    /// Whether somebody is new in a stretch, who is known from now on.
    pub(super) fn meet(&mut self, stretch: &Stretch, visitor: VisitorId) -> bool {
        if closed(stretch.3, stretch.4, self.now) || self.kept >= MOST {
            return false;
        }
        let new = self.people.entry(stretch.clone()).or_default().insert(visitor);
        self.kept += usize::from(new);
        new
    }

    /// By how much somebody came deeper in a stretch than was known, which is known from now on.
    pub(super) fn deepen(&mut self, stretch: &Stretch, visitor: VisitorId, depth: u8) -> u8 {
        if depth == 0 || closed(stretch.3, stretch.4, self.now) || self.kept >= MOST {
            return 0;
        }
        let depths = self.depths.entry(stretch.clone()).or_default();
        let before = depths.insert(visitor, depth);
        self.kept += usize::from(before.is_none());
        match before {
            Some(before) if before > depth => {
                depths.insert(visitor, before);
                0
            }
            before => depth - before.unwrap_or_default(),
        }
    }

    /// Lets go of stretches that ended long enough before a time.
    pub(super) fn forget(&mut self, now: i64) {
        // Looking through everything is worth it once a minute.
        if now.div_euclid(60) <= self.now.div_euclid(60) {
            return;
        }
        self.now = now;
        self.retain(|(.., grain, start)| !closed(*grain, *start, now));
    }

    /// Puts what was read of a site from some time on in place of what is held.
    pub(super) fn replace(&mut self, site: SiteId, from: i64, read: Self) {
        self.retain(|(of, .., start)| *of != site || *start < from);
        let now = self.now;
        let taken =
            |stretch: &Stretch| stretch.0 == site && stretch.4 >= from && !closed(stretch.3, stretch.4, now);
        self.people.extend(read.people.into_iter().filter(|(stretch, _)| taken(stretch)));
        self.depths.extend(read.depths.into_iter().filter(|(stretch, _)| taken(stretch)));
        self.count();
    }

    fn retain(&mut self, keep: impl Fn(&Stretch) -> bool) {
        self.people.retain(|stretch, _| keep(stretch));
        self.depths.retain(|stretch, _| keep(stretch));
        self.count();
    }

    fn count(&mut self) {
        let people: usize = self.people.values().map(HashSet::len).sum();
        self.kept = people + self.depths.values().map(HashMap::len).sum::<usize>();
    }
}

/// Whether a stretch takes nobody any longer.
fn closed(grain: Grain, start: i64, now: i64) -> bool {
    let patience = if grain == Grain::Minute { 600 } else { 7_200 };
    start.saturating_add(grain.seconds()).saturating_add(patience) < now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(site: u32, start: i64) -> Stretch {
        (SiteId(site), SeriesId(9), Key::from("DE"), Grain::Minute, start)
    }

    #[test]
    fn everybody_counts_once_in_a_stretch_that_is_open() {
        let mut seen = Seen::default();
        assert!(seen.meet(&stretch(1, 0), VisitorId(5)));
        assert!(!seen.meet(&stretch(1, 0), VisitorId(5)));
        assert!(seen.meet(&stretch(1, 60), VisitorId(5)));
        assert!(seen.meet(&stretch(1, 0), VisitorId(6)));
        seen.forget(700);
        assert_eq!(seen.kept, 1, "the first minute is over for good");
        assert!(!seen.meet(&stretch(1, 0), VisitorId(7)));
        assert!(!seen.meet(&stretch(1, 60), VisitorId(5)));
    }

    #[test]
    fn what_is_read_anew_takes_the_place_of_what_was() {
        let mut seen = Seen::default();
        for (site, visitor) in [(1, 5), (1, 6), (2, 5)] {
            seen.meet(&stretch(site, 60), VisitorId(visitor));
        }
        let mut read = Seen::default();
        read.meet(&stretch(1, 120), VisitorId(6));
        seen.replace(SiteId(1), 60, read);
        assert!(seen.meet(&stretch(1, 60), VisitorId(5)), "whoever was erased is new");
        assert!(!seen.meet(&stretch(1, 120), VisitorId(6)) && !seen.meet(&stretch(2, 60), VisitorId(5)));
        assert_eq!(seen.kept, 3);
    }

    #[test]
    fn only_what_is_deeper_counts() {
        let mut seen = Seen::default();
        let mut came = |visitor, depth| seen.deepen(&stretch(1, 0), VisitorId(visitor), depth);
        assert_eq!([came(5, 0), came(5, 40), came(5, 30), came(5, 100), came(6, 20)], [0, 40, 0, 60, 20]);
        assert_eq!(seen.kept, 2);
        seen.forget(700);
        assert_eq!((seen.kept, seen.deepen(&stretch(1, 0), VisitorId(7), 9)), (0, 0), "it is over for good");
    }
}
