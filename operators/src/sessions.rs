//! Sessions: what one visitor did without a pause of more than thirty minutes; and journeys, the
//! pages of a session in the order they were seen.
//!
//! In:    changed stretches of history (`change`).
//! Out:   [`Session`] rows, −1 for the old and +1 for the new state of each session that changed.
//! State: none beside the histories.
//! Retraction: may shorten, split or remove a session. Late data may lengthen, merge or make one.
//! Wrong when: two people share an id, or one has two: then so do their sessions.
//!
//! Definitions follow Plausible's documented ones: acts with gaps of at most 30 minutes belong
//! together; engagement keeps a session alive but counts as nothing, does not start one and moves
//! neither its start nor its end. Acts at one moment are in the order of their ids.
//!
//! A journey is the session's page views without reloads: a page seen several times in a row is one
//! stop. It is kept with the session, not as counts of transitions, so that journeys can be divided
//! by anything a session has, and cost one row where counts would cost one per transition.

use serde::{Deserialize, Serialize};

use crate::change::{Change, Counted, GAP_MS};
use crate::fact::{Act, Diff, Kind, Person, TextId, VisitId};

/// Stops of a journey that are kept. What a session did beyond them is counted, not retraced.
pub const STOPS: usize = 32;

/// One session. Times are milliseconds since 1970 in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Session {
    pub person: Person,
    /// The first counted act.
    pub start: i64,
    /// The last counted act.
    pub end: i64,
    /// The local day of its start, in days since 1970-01-01.
    pub day: i32,
    /// Path of the first and of the last page view; 0 where there was none.
    pub entry: TextId,
    pub exit: TextId,
    /// Attributes of the first counted act.
    pub visit: VisitId,
    pub pageviews: u32,
    /// Counted acts.
    pub events: u32,
    /// At most one of them was interactive.
    pub bounce: bool,
    pub duration_ms: i64,
    /// Fixed point in the site's currency.
    pub revenue: i64,
    /// The first [`STOPS`] stops of the journey.
    pub stops: Vec<TextId>,
    /// Whether there were more.
    pub more_stops: bool,
}

/// Emits the sessions that a change ends, makes or alters.
pub(crate) fn session_diffs(change: &Change<'_>, mut emit: impl FnMut(Session, Diff)) {
    let before: Vec<Session> = sessions_of(change.person, change.before).collect();
    let after: Vec<Session> = sessions_of(change.person, change.after).collect();
    let kept = |session: &Session, others: &[Session]| others.contains(session);
    let stay: Vec<bool> = after.iter().map(|session| kept(session, &before)).collect();
    for session in before {
        if !kept(&session, &after) {
            emit(session, -1);
        }
    }
    for (session, _) in after.into_iter().zip(stay).filter(|(_, stays)| !stays) {
        emit(session, 1);
    }
}

fn sessions_of(person: Person, stretch: &[Counted]) -> impl Iterator<Item = Session> {
    stretch.chunk_by(|(a, _), (b, _)| b.ts - a.ts <= GAP_MS).filter_map(move |acts| session_of(person, acts))
}

fn session_of(person: Person, acts: &[Counted]) -> Option<Session> {
    let counted = |(act, _): &&Counted| act.is_counted();
    let (first, _) = acts.iter().find(counted)?;
    let (last, _) = acts.iter().rfind(counted)?;
    let pages = || acts.iter().filter(|(act, _)| act.kind == Kind::Pageview);
    let path = |page: Option<&Counted>| page.map_or(TextId::default(), |(act, _)| act.path);
    let sum = |which: fn(&Act) -> bool| -> i64 {
        acts.iter().filter(|(act, _)| which(act)).map(|(_, count)| count).sum()
    };
    let mut stops: Vec<TextId> = Vec::new();
    let mut more_stops = false;
    for (act, _) in pages() {
        if stops.last() != Some(&act.path) {
            more_stops = stops.len() == STOPS;
            if more_stops {
                break;
            }
            stops.push(act.path);
        }
    }
    Some(Session {
        person,
        start: first.ts,
        end: last.ts,
        day: first.day(),
        entry: path(pages().next()),
        exit: path(pages().next_back()),
        visit: first.visit,
        pageviews: saturate(sum(|act| act.kind == Kind::Pageview)),
        events: saturate(sum(Act::is_counted)),
        bounce: sum(|act| act.is_counted() && act.interactive) <= 1,
        duration_ms: last.ts - first.ts,
        revenue: acts.iter().filter(counted).map(|(act, count)| act.revenue * count).sum(),
        stops,
        more_stops,
    })
}

/// Counts are positive and four billion acts do not fit into one session.
pub(crate) fn saturate(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
