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
//!
//! A session carries its acts, so that whoever asks about acts by what their session is (pages by
//! country) need not look for the session of each. Sessions of very many acts do not: each act that
//! comes writes its session anew, and the work would grow with the square.

use serde::{Deserialize, Serialize};

use crate::change::{Change, Counted, GAP_MS};
use crate::fact::{Act, Diff, Kind, Person, TextId, VisitId};

/// Stops of a journey that are kept. What a session did beyond them is counted, not retraced.
pub const STOPS: usize = 32;

/// Acts that a session carries at most.
pub const DEEDS: usize = 64;

/// How long a session that carries its acts lasts at most: who looks for the acts of some time among
/// sessions finds them in those that began no longer before it.
pub const LONGEST_WHOLE_MS: i64 = 86_400_000;

/// A counted act as its session carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Deed {
    /// Milliseconds since 1970 in UTC.
    pub ts: i64,
    /// What a custom event is called; 0 for a page view.
    pub name: TextId,
    pub path: TextId,
    /// Fixed point in the site's currency.
    pub revenue: i64,
}

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
    /// Every counted act in order; none where there are more than [`DEEDS`], or where the session lasts
    /// longer than [`LONGEST_WHOLE_MS`].
    pub deeds: Option<Vec<Deed>>,
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
    let events = saturate(sum(Act::is_counted));
    let duration_ms = last.ts - first.ts;
    let is_whole = events as usize <= DEEDS && duration_ms <= LONGEST_WHOLE_MS;
    Some(Session {
        person,
        start: first.ts,
        end: last.ts,
        day: first.day(),
        entry: path(pages().next()),
        exit: path(pages().next_back()),
        visit: first.visit,
        pageviews: saturate(sum(|act| act.kind == Kind::Pageview)),
        events,
        bounce: sum(|act| act.is_counted() && act.interactive) <= 1,
        duration_ms,
        revenue: acts.iter().filter(counted).map(|(act, count)| act.revenue * count).sum(),
        stops,
        more_stops,
        deeds: is_whole.then(|| deeds_of(acts)),
    })
}

fn deeds_of(acts: &[Counted]) -> Vec<Deed> {
    let deed = |act: &Act| Deed { ts: act.ts, name: act.name, path: act.path, revenue: act.revenue };
    let counted = acts.iter().filter(|(act, _)| act.is_counted());
    counted.flat_map(|(act, count)| (0..*count).map(move |_| deed(act))).collect()
}

/// Counts are positive and four billion acts do not fit into one session.
pub(crate) fn saturate(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(acts: impl Iterator<Item = Act>) -> Session {
        let acts: Vec<Counted> = acts.map(|act| (act, 1)).collect();
        session_of(Person::default(), &acts).expect("a session")
    }

    #[test]
    fn a_session_of_very_many_acts_carries_none() {
        let acts = |number| (0..number).map(|id| Act { id, name: TextId(id), ..Act::default() });
        let whole = session(acts(DEEDS as u64)).deeds.expect("all of them");
        assert!(whole.iter().zip(0..).all(|(deed, id)| deed.name == TextId(id)) && whole.len() == DEEDS);
        assert_eq!(session(acts(DEEDS as u64 + 1)).deeds, None);
    }

    #[test]
    fn nor_does_one_of_more_than_a_day() {
        let acts = |last| [0, last].map(|ts| Act { ts, ..Act::default() }).into_iter();
        assert_eq!(session(acts(LONGEST_WHOLE_MS)).deeds.map(|deeds| deeds.len()), Some(2));
        assert_eq!(session(acts(LONGEST_WHOLE_MS + 1)).deeds, None);
    }
}
