//! Traffic: what happened on a site in a minute.
//!
//! In:    changed stretches of history (`change`), and the sessions they change.
//! Out:   per `(site, minute)` the difference of every total.
//! State: none beside the histories.
//! Retraction, late data: differences with the opposite sign, differences of an old minute.
//! Wrong when: totals are read from one time: they are sums over all times, kept by the sink.
//!
//! A session belongs to the minute of its start, with all it has.

use differential_dataflow::difference::{IsZero, Semigroup};
use serde::{Deserialize, Serialize};

use crate::calendar::MINUTE_MS;
use crate::change::Change;
use crate::fact::{Diff, Kind};
use crate::sessions::Session;

/// A minute of a site: whole minutes since 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrafficCell {
    pub site: u32,
    pub minute: i64,
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

/// Emits what a change adds to minutes, without its sessions.
pub(crate) fn traffic_diffs(change: &Change<'_>, mut emit: impl FnMut(i64, TrafficDelta)) {
    for (act, diff) in change.moved().filter(|(act, _)| act.is_counted()) {
        let delta = TrafficDelta {
            events: diff,
            pageviews: if act.kind == Kind::Pageview { diff } else { 0 },
            revenue: act.revenue * diff,
            ..TrafficDelta::default()
        };
        emit(act.minute(), delta);
    }
    let visitors = |minute, visitors| emit(minute, TrafficDelta { visitors, ..TrafficDelta::default() });
    change.distinct_in_stretch(|act| act.is_counted(), |act| act.minute(), visitors);
}

/// What a session adds to the minute of its start.
pub(crate) fn of_session(session: &Session, diff: Diff) -> (i64, TrafficDelta) {
    let delta = TrafficDelta {
        sessions: diff,
        bounces: if session.bounce { diff } else { 0 },
        duration_ms: session.duration_ms * diff,
        ..TrafficDelta::default()
    };
    (session.start.div_euclid(MINUTE_MS), delta)
}

impl IsZero for TrafficDelta {
    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl Semigroup for TrafficDelta {
    fn plus_equals(&mut self, other: &Self) {
        self.events += other.events;
        self.pageviews += other.pageviews;
        self.visitors += other.visitors;
        self.sessions += other.sessions;
        self.bounces += other.bounces;
        self.duration_ms += other.duration_ms;
        self.revenue += other.revenue;
    }
}
