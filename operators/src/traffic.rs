//! Traffic: what happened on a site in a minute.
//!
//! In:    the events, the sessions, and who was active in which minute.
//! Out:   per `(site, minute)` the difference of every total, consolidated per time.
//! State: none beside the histories; `consolidate` holds the updates of open times only.
//! Retraction, late data: differences with the opposite sign, differences of an old minute.
//! Wrong when: a row is taken out that was not in: events are short by it until it is put in.
//!        Also when totals are read from one time: they are sums over all times, kept by the sink.
//!
//! A session belongs to the minute of its start, with all it has.

use differential_dataflow::VecCollection;
use differential_dataflow::difference::{Abelian, IsZero, Monoid, Multiply, Semigroup};
use serde::{Deserialize, Serialize};

use crate::fact::{Diff, EventFact, Kind, Time};
use crate::keyed::{Change, Counted, Emit};
use crate::sessions::Session;

const MINUTE_MS: i64 = 60_000;

/// A minute of a site: whole minutes since 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrafficCell {
    pub site: u32,
    pub minute: i64,
}

impl TrafficCell {
    fn at(site: u32, ts: i64) -> Self {
        Self { site, minute: ts.div_euclid(MINUTE_MS) }
    }
}

/// By how much a minute's totals change. Lives in the diff, so that rows of one cell collapse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrafficDelta {
    pub events: i64,
    pub pageviews: i64,
    pub visitors: i64,
    pub sessions: i64,
    pub bounces: i64,
    pub duration_ms: i64,
    pub revenue: i64,
}

/// The traffic of events, sessions and active minutes.
pub fn traffic<'s>(
    events: VecCollection<'s, Time, EventFact, Diff>,
    sessions: VecCollection<'s, Time, Session, Diff>,
    active: VecCollection<'s, Time, TrafficCell, Diff>,
) -> VecCollection<'s, Time, TrafficCell, TrafficDelta> {
    let of_events = events.explode(of_event);
    let of_sessions = sessions.explode(|session| Some(of_session(&session)));
    let of_visitors =
        active.explode(|cell| Some((cell, TrafficDelta { visitors: 1, ..TrafficDelta::default() })));
    of_events.concat(of_sessions).concat(of_visitors).consolidate()
}

/// Emits the minutes in which the person becomes or is no longer a visitor. Minutes are shorter than
/// the pause that separates stretches, so a stretch knows all of its minutes.
pub fn active_minute_diffs(change: &Change<'_>, emit: Emit<'_, TrafficCell>) {
    let (before, after) = (minutes(change.before), minutes(change.after));
    for minute in before.iter().filter(|minute| after.binary_search(minute).is_err()) {
        emit(TrafficCell { site: change.person.site, minute: *minute }, -1);
    }
    for minute in after.iter().filter(|minute| before.binary_search(minute).is_err()) {
        emit(TrafficCell { site: change.person.site, minute: *minute }, 1);
    }
}

fn minutes(stretch: &[Counted]) -> Vec<i64> {
    let counted = stretch.iter().filter(|(act, _)| act.kind != Kind::Engagement);
    let mut minutes: Vec<i64> = counted.map(|(act, _)| act.ts.div_euclid(MINUTE_MS)).collect();
    minutes.dedup();
    minutes
}

fn of_event(fact: EventFact) -> Option<(TrafficCell, TrafficDelta)> {
    if fact.act.kind == Kind::Engagement {
        return None;
    }
    let delta = TrafficDelta {
        events: 1,
        pageviews: i64::from(fact.act.kind == Kind::Pageview),
        revenue: fact.act.revenue,
        ..TrafficDelta::default()
    };
    Some((TrafficCell::at(fact.person.site, fact.act.ts), delta))
}

fn of_session(session: &Session) -> (TrafficCell, TrafficDelta) {
    let delta = TrafficDelta {
        sessions: 1,
        bounces: i64::from(session.bounce),
        duration_ms: session.duration_ms,
        ..TrafficDelta::default()
    };
    (TrafficCell::at(session.person.site, session.start), delta)
}

impl TrafficDelta {
    fn zip(self, other: Self, combine: impl Fn(i64, i64) -> i64) -> Self {
        Self {
            events: combine(self.events, other.events),
            pageviews: combine(self.pageviews, other.pageviews),
            visitors: combine(self.visitors, other.visitors),
            sessions: combine(self.sessions, other.sessions),
            bounces: combine(self.bounces, other.bounces),
            duration_ms: combine(self.duration_ms, other.duration_ms),
            revenue: combine(self.revenue, other.revenue),
        }
    }
}

impl IsZero for TrafficDelta {
    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl Semigroup for TrafficDelta {
    fn plus_equals(&mut self, other: &Self) {
        *self = self.zip(*other, |a, b| a + b);
    }
}

impl Monoid for TrafficDelta {
    fn zero() -> Self {
        Self::default()
    }
}

impl Abelian for TrafficDelta {
    fn negate(&mut self) {
        *self = Self::default().zip(*self, |zero, value| zero - value);
    }
}

impl Multiply<Diff> for TrafficDelta {
    type Output = Self;

    fn multiply(self, times: &Diff) -> Self {
        self.zip(self, |value, _| value * times)
    }
}
