//! Counts of whole visits, for rules whose numbers are of visits with some attributes.
//!
//! A visit belongs to the minute in which it began, with all it has, as in a query about visits. The dataflow
//! says what each epoch made of which visit: what it was is taken from its minute, what it is is added.
//!
//! Keeps: from when on each count is whole, and which visits are in doubt. The numbers themselves are cells
//! of the evaluator.
//! Late data, retraction: a visit that grows, is cut in two or goes changes the minutes that it was in and is in.
//! In doubt: ClickHouse has one row of a visit, its newest. Where that row is of an epoch that is still to
//! come here (its commit is on its way, or comes again after a crash), what the visit was before is not
//! known when counts are read. Then it is not counted until its first change comes, of which only what it
//! became counts; and until every such epoch came, no rule over visits is judged ([`InDoubt::until`]).

#[cfg(test)]
mod tests;

use hashbrown::{HashMap, HashSet};
use opentrace_alerts::series::SeriesId;
use opentrace_events::define::Subject;
use opentrace_events::{SiteId, Visit, VisitorId};
use opentrace_pipeline::{Epoch, SessionChange};
use opentrace_query::EXIT_PAGE;
use opentrace_store::SessionRow;

/// Rows of epochs further ahead are no row of a commit on its way: epochs began anew.
const MOST_AHEAD: Epoch = 256;

/// What of visits is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfVisits {
    Visits,
    Bounces,
    /// Milliseconds.
    Duration,
    Pageviews,
    Events,
    /// Fixed point.
    Revenue,
}

impl OfVisits {
    pub(super) fn of(self, row: &SessionRow) -> i64 {
        match self {
            Self::Visits => 1,
            Self::Bounces => i64::from(row.bounce),
            Self::Duration => i64::try_from(row.duration_ms).unwrap_or(i64::MAX),
            Self::Pageviews => i64::from(row.pageviews),
            Self::Events => i64::from(row.events),
            Self::Revenue => row.revenue,
        }
    }
}

/// A visit as conditions look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visited<'a>(pub(super) &'a SessionRow);

impl Subject for Visited<'_> {
    /// None: conditions on visits name no event.
    fn name(&self) -> &str {
        ""
    }

    fn path(&self) -> &str {
        &self.0.entry_page
    }

    fn visit(&self) -> &Visit {
        &self.0.visit
    }

    fn property(&self, key: &str) -> &str {
        if key == EXIT_PAGE { &self.0.exit_page } else { "" }
    }
}

type Name = (SiteId, i64, VisitorId);

fn name(row: &SessionRow) -> Name {
    (SiteId(row.site_id), row.start, VisitorId(row.visitor))
}

/// Visits that are not counted though they may have been there.
#[derive(Debug, Default)]
pub(super) struct InDoubt {
    visits: HashSet<Name>,
    until: Epoch,
}

impl InDoubt {
    /// Whether a stored row is the state at an epoch; else its visit is in doubt.
    pub(super) fn is_known(&mut self, row: &SessionRow, epoch: Epoch) -> bool {
        let ahead = row.epoch > epoch && row.epoch - epoch <= MOST_AHEAD;
        if ahead {
            self.until = self.until.max(row.epoch);
            self.visits.insert(name(row));
        }
        !ahead
    }

    /// The epoch with which nothing is in doubt any longer.
    pub(super) fn until(&self) -> Epoch {
        self.until
    }

    /// Puts what was read of a site from some time on (seconds since 1970) in place of what is held.
    pub(super) fn replace(&mut self, site: SiteId, from: i64, read: Self) {
        self.visits.retain(|(of, start, _)| *of != site || *start < from * 1000);
        self.visits.extend(read.visits);
        self.until = self.until.max(read.until);
    }

    /// The states that a change takes away and adds: what a visit in doubt was is not held.
    fn settled<'a>(&mut self, change: &'a SessionChange) -> (Option<&'a SessionRow>, Option<&'a SessionRow>) {
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        let doubted = before.or(after).is_some_and(|row| self.visits.remove(&name(row)));
        (before.filter(|_| !doubted), after)
    }
}

/// What is known of the counts of visits.
#[derive(Debug, Default)]
pub(super) struct Visits {
    pub(super) in_doubt: InDoubt,
    /// From when on each is whole, in seconds since 1970. What began before is not counted.
    from: HashMap<SeriesId, i64>,
}

impl Visits {
    /// The states of visits that changes take away (−1) and add (+1), in order.
    pub(super) fn moved<'a>(
        &mut self,
        changes: impl Iterator<Item = &'a SessionChange>,
    ) -> Vec<(&'a SessionRow, i64)> {
        let mut moved = Vec::new();
        for change in changes {
            let (before, after) = self.in_doubt.settled(change);
            moved.extend(before.map(|row| (row, -1)));
            moved.extend(after.map(|row| (row, 1)));
        }
        moved
    }

    /// Counts were read from some time on.
    pub(super) fn read_from(&mut self, series: impl Iterator<Item = SeriesId>, from: i64) {
        for series in series {
            let held = self.from.entry(series).or_insert(from);
            *held = from.min(*held);
        }
    }

    /// Whether a count holds visits that began then, in milliseconds since 1970.
    pub(super) fn holds(&self, series: SeriesId, start: i64) -> bool {
        self.from.get(&series).is_some_and(|from| start >= from * 1000)
    }

    /// Keeps nothing but these counts.
    pub(super) fn retain(&mut self, wanted: impl Fn(SeriesId) -> bool) {
        self.from.retain(|series, _| wanted(*series));
    }
}
