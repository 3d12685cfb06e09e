//! Features: what is known of each visitor, as numbers that clustering and prediction start from.
//!
//! In:    changed stretches of history (`change`).
//! Out:   [`Features`] rows, one per person: −1 for the old, +1 for the new.
//! State: none beside the histories.
//! Retraction, late data: the row is made again from what is left.
//! Cost:  every change of a person reads their history twice.
//! Wrong when: only a part of the person's history is in the dataflow. Without identified mode a
//!        visitor is known for a day, which is all there is.

use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::change::{Change, Counted, GAP_MS};
use crate::fact::{Act, Diff, Kind, Person, TextId, VisitId};
use crate::sessions::saturate;

/// What is known of a visitor. Times are milliseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Features {
    pub person: Person,
    /// First and last counted act: recency is counted from the last.
    pub first_seen: i64,
    pub last_seen: i64,
    /// Local days on which there was a counted act: frequency.
    pub active_days: u32,
    pub sessions: u32,
    pub bounces: u32,
    pub pageviews: u32,
    pub events: u32,
    /// Events with revenue, and its sum in fixed point.
    pub purchases: u32,
    pub revenue: i64,
    /// Time within sessions.
    pub duration_ms: i64,
    /// Different pages seen: depth.
    pub pages: u32,
    /// Different sets of attributes under which sessions began: an upper bound of sources.
    pub origins: u32,
    /// Attributes of the first and of the last session: source, place, device.
    pub first_visit: VisitId,
    pub last_visit: VisitId,
    /// Counted acts by the hour of the local clock, and by weekday from Monday.
    pub hours: [u32; 24],
    pub weekdays: [u32; 7],
}

/// Emits the person's features where a change alters them.
pub(crate) fn feature_diffs(change: &Change<'_>, mut emit: impl FnMut(Features, Diff)) {
    let before = features(change.person, change.all_before());
    let after = features(change.person, change.all_after());
    if before == after {
        return;
    }
    if let Some(before) = before {
        emit(before, -1);
    }
    if let Some(after) = after {
        emit(after, 1);
    }
}

/// The features of a history in order; none where nothing in it counts.
fn features<'a>(person: Person, history: impl Iterator<Item = &'a Counted>) -> Option<Features> {
    let mut making = Making::new(person);
    let mut last: Option<i64> = None;
    for (act, count) in history {
        if last.replace(act.ts).is_some_and(|last| act.ts - last > GAP_MS) {
            making.end_session();
        }
        if act.is_counted() {
            making.take(act, *count);
        }
    }
    making.finish()
}

struct Making {
    made: Features,
    pages: Vec<TextId>,
    origins: Vec<VisitId>,
    last_day: Option<i32>,
    session: Option<OpenSession>,
}

struct OpenSession {
    start: i64,
    end: i64,
    interactive: i64,
}

impl Making {
    fn new(person: Person) -> Self {
        let made = Features { person, ..Features::default() };
        Self { made, pages: Vec::new(), origins: Vec::new(), last_day: None, session: None }
    }

    fn take(&mut self, act: &Act, count: Diff) {
        let times = saturate(count);
        let made = &mut self.made;
        if self.session.is_none() {
            if made.events == 0 {
                (made.first_seen, made.first_visit) = (act.ts, act.visit);
            }
            made.last_visit = act.visit;
            self.origins.push(act.visit);
        }
        let session = self.session.get_or_insert(OpenSession { start: act.ts, end: act.ts, interactive: 0 });
        session.end = act.ts;
        session.interactive += if act.interactive { count } else { 0 };
        made.last_seen = act.ts;
        made.events = made.events.saturating_add(times);
        if act.kind == Kind::Pageview {
            made.pageviews = made.pageviews.saturating_add(times);
            self.pages.push(act.path);
        }
        if act.revenue != 0 {
            made.purchases = made.purchases.saturating_add(times);
            made.revenue += act.revenue * count;
        }
        let day = act.day();
        made.active_days += u32::from(self.last_day.replace(day) != Some(day));
        let hour = &mut made.hours[calendar::hour_of_day(act.ts, act.offset)];
        *hour = hour.saturating_add(times);
        let weekday = &mut made.weekdays[calendar::weekday(day)];
        *weekday = weekday.saturating_add(times);
    }

    fn end_session(&mut self) {
        if let Some(session) = self.session.take() {
            self.made.sessions += 1;
            self.made.bounces += u32::from(session.interactive <= 1);
            self.made.duration_ms += session.end - session.start;
        }
    }

    fn finish(mut self) -> Option<Features> {
        self.end_session();
        self.made.pages = distinct(self.pages);
        self.made.origins = distinct(self.origins);
        (self.made.events > 0).then_some(self.made)
    }
}

fn distinct<T: Ord>(mut values: Vec<T>) -> u32 {
    values.sort_unstable();
    values.dedup();
    u32::try_from(values.len()).unwrap_or(u32::MAX)
}
