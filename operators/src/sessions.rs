//! Sessions: what one visitor did without a pause of more than thirty minutes.
//!
//! In:    changed stretches of history (`keyed`).
//! Out:   [`Session`] rows, −1 for the old and +1 for the new state of each session that changed.
//! State: none beside the histories.
//! Retraction: may shorten, split or remove a session. Late data may lengthen, merge or make one.
//! Wrong when: two people share an id, or one has two: then so do their sessions.
//!
//! Definitions follow Plausible's documented ones: acts with gaps of at most 30 minutes belong
//! together; engagement keeps a session alive but counts as nothing, does not start one and moves
//! neither its start nor its end. Acts at one moment are in the order of their ids.

use serde::{Deserialize, Serialize};

use crate::fact::{Act, Kind, Person, TextId, VisitId};
use crate::keyed::{Change, Counted, Emit, GAP_MS};

/// One session. Times are milliseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Session {
    pub person: Person,
    /// The first counted act.
    pub start: i64,
    /// The last counted act.
    pub end: i64,
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
}

/// Emits the sessions that a change ends, makes or alters.
pub fn session_diffs(change: &Change<'_>, emit: Emit<'_, Session>) {
    let before: Vec<Session> = sessions_of(change.person, change.before).collect();
    let after: Vec<Session> = sessions_of(change.person, change.after).collect();
    for session in before.iter().filter(|session| !after.contains(session)) {
        emit(*session, -1);
    }
    for session in after.iter().filter(|session| !before.contains(session)) {
        emit(*session, 1);
    }
}

fn sessions_of(person: Person, stretch: &[Counted]) -> impl Iterator<Item = Session> {
    stretch.chunk_by(|(a, _), (b, _)| b.ts - a.ts <= GAP_MS).filter_map(move |acts| session_of(person, acts))
}

fn session_of(person: Person, acts: &[Counted]) -> Option<Session> {
    let counted = |(act, _): &&Counted| act.kind != Kind::Engagement;
    let (first, _) = acts.iter().find(counted)?;
    let (last, _) = acts.iter().rfind(counted)?;
    let pages = || acts.iter().filter(|(act, _)| act.kind == Kind::Pageview);
    let path = |page: Option<&Counted>| page.map_or(TextId::default(), |(act, _)| act.path);
    let sum = |which: fn(&Act) -> bool| -> i64 {
        acts.iter().filter(|(act, _)| which(act)).map(|(_, count)| count).sum()
    };
    let interactive = sum(|act| act.kind != Kind::Engagement && act.interactive);
    Some(Session {
        person,
        start: first.ts,
        end: last.ts,
        entry: path(pages().next()),
        exit: path(pages().next_back()),
        visit: first.visit,
        pageviews: saturate(sum(|act| act.kind == Kind::Pageview)),
        events: saturate(sum(|act| act.kind != Kind::Engagement)),
        bounce: interactive <= 1,
        duration_ms: last.ts - first.ts,
        revenue: acts.iter().filter(counted).map(|(act, count)| act.revenue * count).sum(),
    })
}

/// Counts are positive and four billion acts do not fit into one session.
fn saturate(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
