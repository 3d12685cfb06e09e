//! `v_sessions`.

use opentrace_events::SiteId;
use opentrace_operators::{Deed, Diff, Session, TextId};
use opentrace_store::{Acts, SessionRow};

use super::{changes, last_states};
use crate::intern::Reader;
use crate::journal::Epoch;
use crate::told::SessionChange;

// Who reads sessions trusts that the dataflow lets those carry their acts that they are looked for in.
const _: () = assert!(opentrace_operators::LONGEST_WHOLE_MS == opentrace_store::LONGEST_WHOLE_MS);
const _: () = assert!(opentrace_operators::DEEDS == opentrace_store::ACTS);

/// The sessions a batch changes: the last state of each key, a tombstone where it ended.
pub(crate) fn sessions<'a>(
    epochs: impl Iterator<Item = (Epoch, &'a [(Session, Diff)])>,
    words: &Reader<'_>,
) -> Vec<SessionRow> {
    let last = last_states(epochs, key);
    last.into_iter()
        .map(|((site, start, visitor), (epoch, state))| match state {
            Some(session) => session_row(session, epoch, words),
            None => SessionRow::tombstone(site, start, visitor, epoch),
        })
        .collect()
}

/// What the epochs of a batch make of the sessions of some sites.
pub(crate) fn session_changes<'a>(
    epochs: impl Iterator<Item = (Epoch, &'a [(Session, Diff)])>,
    words: &Reader<'_>,
    of: impl Fn(SiteId) -> bool,
) -> Vec<SessionChange> {
    let wanted = |session: &Session| of(SiteId(session.person.site)).then(|| key(session));
    changes(epochs, wanted)
        .into_iter()
        .map(|((epoch, _), (before, after))| {
            let row = |session: &Session| session_row(session, epoch, words);
            SessionChange { epoch, before: before.map(row), after: after.map(row) }
        })
        .collect()
}

fn key(session: &Session) -> (u32, i64, u64) {
    (session.person.site, session.start, session.person.visitor)
}

pub(crate) fn session_row(session: &Session, epoch: Epoch, words: &Reader<'_>) -> SessionRow {
    SessionRow {
        site_id: session.person.site,
        start: session.start,
        visitor: session.person.visitor,
        end: session.end,
        entry_page: words.text(session.entry),
        exit_page: words.text(session.exit),
        stops: session.stops.iter().map(|stop| words.text(*stop)).collect(),
        more_stops: session.more_stops,
        pageviews: session.pageviews,
        events: session.events,
        bounce: session.bounce,
        duration_ms: session.duration_ms.unsigned_abs(),
        revenue: session.revenue,
        epoch,
        deleted: 0,
        acts: session.deeds.as_deref().map(|deeds| acts(deeds, words)),
        visit: words.visit(session.visit),
    }
}

fn acts(deeds: &[Deed], words: &Reader<'_>) -> Acts {
    let name = |deed: &Deed| match deed.name {
        TextId(0) => words.pageview(),
        name => words.text(name),
    };
    Acts {
        ts: deeds.iter().map(|deed| deed.ts).collect(),
        name: deeds.iter().map(name).collect(),
        path: deeds.iter().map(|deed| words.text(deed.path)).collect(),
        revenue: deeds.iter().map(|deed| deed.revenue).collect(),
    }
}
