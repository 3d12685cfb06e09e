//! Breakdowns: how many people came on a day and what they did, by page, by the name of what they did,
//! by the page a visit began or ended on, and by what a visit brings with it (source, place, device).
//!
//! In:    changed stretches of history (`change`), and the sessions they change.
//! Out:   per `(site, what, value, day, previous)` the difference of every total; and people of a day
//!        with the attributes of their visits ([`Company`]), from which whoever knows the attributes
//!        counts people by each of them.
//! State: none beside the histories.
//! Retraction, late data: differences with the opposite sign; a day that comes to lie between two
//!        others of a person changes the cell of the later one.
//! Cost:  a pass over the stretch before and after; when a value is new to a day or gone from it, one
//!        over the rest of the person's history.
//! Wrong when: a day is derived with another time zone than the site's. The fact carries it.
//!
//! Days of people do not add up: who comes on Monday and on Tuesday is one person. So a person's day
//! is counted with the day before it on which they came with the same value. Who came in any range of
//! days are those whose first day in it has its previous one before it: the sum of `visitors` where
//! `previous` lies before the range.

use differential_dataflow::difference::{IsZero, Semigroup};
use serde::{Deserialize, Serialize};

use crate::change::{Change, Counted, GAP_MS};
use crate::fact::{Act, Diff, Kind, TextId, VisitId};
use crate::history::present;
use crate::sessions::Session;

/// The previous day of who did not come before: 1900-01-01, earlier than any event.
pub const NEVER: i32 = -25_567;

/// What a day is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum By {
    /// Nothing: everyone with a counted act.
    #[default]
    Nothing,
    /// The page of an act, [`TextId`].
    Page,
    /// The name of a custom act, [`TextId`].
    Name,
    /// The page that a session began on, [`TextId`].
    Entry,
    /// The page that it ended on, [`TextId`].
    Exit,
    /// The attributes of a session, [`VisitId`]. Nobody is counted here: see [`Company`].
    Visit,
}

/// A day of a site, by one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BreakdownCell {
    pub site: u32,
    pub by: By,
    /// A [`TextId`] or [`VisitId`], as [`By`] says.
    pub value: u64,
    /// In the site's time zone, in days since 1970-01-01. A session belongs to the day it began on.
    pub day: i32,
    /// When the people counted here came with the same value before. [`NEVER`] for all other totals.
    pub previous: i32,
}

/// By how much a day's totals change. Visits, bounces and durations are of sessions; revenue is fixed
/// point in the site's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BreakdownDelta {
    pub visitors: i64,
    pub visits: i64,
    pub pageviews: i64,
    pub events: i64,
    pub bounces: i64,
    pub duration_ms: i64,
    pub revenue: i64,
}

/// A person's day: under which attributes their sessions of the day began. One person alike is one;
/// the row counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Company {
    pub site: u32,
    pub day: i32,
    /// Sorted, each once.
    pub visits: Vec<VisitId>,
    /// Those of earlier days, each with the last of these days. Sorted.
    pub earlier: Vec<(VisitId, i32)>,
}

/// A value that a person came with on a day.
type Came = (By, u64, i32);

/// Emits what a change adds to the days of pages and names.
pub(crate) fn act_diffs(change: &Change<'_>, mut emit: impl FnMut(BreakdownCell, BreakdownDelta)) {
    for (act, diff) in change.moved().filter(|(act, _)| act.is_counted()) {
        let delta = BreakdownDelta {
            events: diff,
            pageviews: if act.kind == Kind::Pageview { diff } else { 0 },
            revenue: act.revenue * diff,
            ..BreakdownDelta::default()
        };
        let (site, day) = (change.person.site, act.day());
        for (by, value) in of_act(act) {
            emit(BreakdownCell { site, by, value: value.0, day, previous: NEVER }, delta);
        }
    }
}

/// What an act that counts is divided by.
fn of_act(act: &Act) -> impl Iterator<Item = (By, TextId)> {
    let name = (act.kind == Kind::Custom).then_some((By::Name, act.name));
    std::iter::once((By::Page, act.path)).chain(name)
}

/// Emits what a session adds to the day of its start.
pub(crate) fn of_session(session: &Session, diff: Diff, mut emit: impl FnMut(BreakdownCell, BreakdownDelta)) {
    let delta = BreakdownDelta {
        visitors: 0,
        visits: diff,
        pageviews: i64::from(session.pageviews) * diff,
        events: i64::from(session.events) * diff,
        bounces: if session.bounce { diff } else { 0 },
        duration_ms: session.duration_ms * diff,
        revenue: session.revenue * diff,
    };
    let (site, day) = (session.person.site, session.day);
    for (by, value) in
        [(By::Entry, session.entry.0), (By::Exit, session.exit.0), (By::Visit, session.visit.0)]
    {
        emit(BreakdownCell { site, by, value, day, previous: NEVER }, delta);
    }
}

/// Emits the days on which the person comes with a value, or no longer does, or came with it before on
/// another day than it was.
pub(crate) fn visitor_diffs(
    change: &Change<'_>,
    mut emit: impl FnMut(BreakdownCell, BreakdownDelta),
    mut emit_company: impl FnMut(Company, Diff),
) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    came(change.before, &mut before);
    came(change.after, &mut after);
    keep_each_once(&mut before);
    keep_each_once(&mut after);
    if before == after {
        return;
    }
    if change.elsewhere().next().is_some() {
        let moved = moved(&before, &after);
        let mut elsewhere = Vec::new();
        for acts in [change.earlier, change.later] {
            came(&present(acts), &mut elsewhere);
        }
        // All attributes of visits decide together; of the others only what moved matters.
        elsewhere.retain(|(by, value, _)| match by {
            By::Visit => moved.iter().any(|(of, _)| *of == By::Visit),
            by => moved.contains(&(*by, *value)),
        });
        for side in [&mut before, &mut after] {
            side.extend(&elsewhere);
            keep_each_once(side);
        }
    }
    let site = change.person.site;
    for (side, visitors) in [(&before, -1), (&after, 1)] {
        for days in side.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|days| days[0].0 != By::Visit) {
            let mut previous = NEVER;
            for (by, value, day) in days {
                let cell = BreakdownCell { site, by: *by, value: *value, day: *day, previous };
                emit(cell, BreakdownDelta { visitors, ..BreakdownDelta::default() });
                previous = *day;
            }
        }
    }
    let (before, after) = (companies(site, &before), companies(site, &after));
    for (side, other, diff) in [(&before, &after, -1), (&after, &before, 1)] {
        // Both are in the order of days.
        for company in side {
            let same_day = other.binary_search_by_key(&company.day, |other| other.day);
            if same_day.ok().is_none_or(|place| other[place] != *company) {
                emit_company(company.clone(), diff);
            }
        }
    }
}

/// What a sorted part of a history came with, in no order.
fn came(acts: &[Counted], into: &mut Vec<Came>) {
    for session in acts.chunk_by(|(a, _), (b, _)| b.ts - a.ts <= GAP_MS) {
        let counted = || session.iter().map(|(act, _)| act).filter(|act| act.is_counted());
        let Some(first) = counted().next() else { continue };
        let pages = || counted().filter(|act| act.kind == Kind::Pageview);
        let path = |page: Option<&Act>| page.map_or(TextId::default(), |act| act.path).0;
        let day = first.day();
        into.push((By::Entry, path(pages().next()), day));
        into.push((By::Exit, path(pages().next_back()), day));
        into.push((By::Visit, first.visit.0, day));
        for act in counted() {
            into.push((By::Nothing, 0, act.day()));
            into.extend(of_act(act).map(|(by, value)| (by, value.0, act.day())));
        }
    }
}

fn keep_each_once(came: &mut Vec<Came>) {
    came.sort_unstable();
    came.dedup();
}

/// The values that one side has on a day and the other has not. Few.
fn moved(before: &[Came], after: &[Came]) -> Vec<(By, u64)> {
    let only = |these: &[Came], those: &[Came]| -> Vec<(By, u64)> {
        let gone = these.iter().filter(|one| those.binary_search(one).is_err());
        gone.map(|(by, value, _)| (*by, *value)).collect()
    };
    let mut moved = only(before, after);
    moved.extend(only(after, before));
    moved.sort_unstable();
    moved.dedup();
    moved
}

/// The person's days by the attributes of their visits, in order.
fn companies(site: u32, came: &[Came]) -> Vec<Company> {
    let mut visits: Vec<(i32, VisitId)> = came
        .iter()
        .filter(|(by, ..)| *by == By::Visit)
        .map(|(_, visit, day)| (*day, VisitId(*visit)))
        .collect();
    visits.sort_unstable();
    let mut earlier: Vec<(VisitId, i32)> = Vec::new();
    let mut companies = Vec::new();
    for of_day in visits.chunk_by(|(a, _), (b, _)| a == b) {
        let day = of_day[0].0;
        let visits: Vec<VisitId> = of_day.iter().map(|(_, visit)| *visit).collect();
        companies.push(Company { site, day, visits: visits.clone(), earlier: earlier.clone() });
        earlier.retain(|(visit, _)| !visits.contains(visit));
        earlier.extend(visits.into_iter().map(|visit| (visit, day)));
        earlier.sort_unstable();
    }
    companies
}

impl IsZero for BreakdownDelta {
    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl Semigroup for BreakdownDelta {
    fn plus_equals(&mut self, other: &Self) {
        self.visitors += other.visitors;
        self.visits += other.visits;
        self.pageviews += other.pageviews;
        self.events += other.events;
        self.bounces += other.bounces;
        self.duration_ms += other.duration_ms;
        self.revenue += other.revenue;
    }
}
