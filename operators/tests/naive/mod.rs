//! The definitions, said plainly over a list of events.

use std::collections::{BTreeMap, BTreeSet};

use opentrace_operators::{
    Act, Diff, EventFact, Kind, Period, Person, Session, TextId, TrafficCell, TrafficDelta,
};
use opentrace_operators::{UniquesCell, uniques};

const HALF_HOUR: i64 = 30 * 60 * 1000;

/// Each person's acts in order, repeated as often as they are there.
fn by_person(events: &BTreeMap<EventFact, Diff>) -> BTreeMap<Person, Vec<Act>> {
    let mut people: BTreeMap<Person, Vec<Act>> = BTreeMap::new();
    for (fact, count) in events {
        for _ in 0..*count {
            people.entry(fact.person).or_default().push(fact.act);
        }
    }
    people
}

pub(crate) fn sessions(events: &BTreeMap<EventFact, Diff>) -> BTreeMap<Session, Diff> {
    let mut found = BTreeMap::new();
    for (person, acts) in by_person(events) {
        let mut groups: Vec<Vec<Act>> = Vec::new();
        for act in acts {
            match groups.last_mut() {
                Some(group) if act.ts - group[group.len() - 1].ts <= HALF_HOUR => group.push(act),
                _ => groups.push(vec![act]),
            }
        }
        for group in groups {
            let counted: Vec<Act> = group.into_iter().filter(|act| act.kind != Kind::Engagement).collect();
            if counted.is_empty() {
                continue;
            }
            let pages: Vec<&Act> = counted.iter().filter(|act| act.kind == Kind::Pageview).collect();
            let (first, last) = (counted[0], counted[counted.len() - 1]);
            let session = Session {
                person,
                start: first.ts,
                end: last.ts,
                entry: pages.first().map_or(TextId(0), |act| act.path),
                exit: pages.last().map_or(TextId(0), |act| act.path),
                visit: first.visit,
                pageviews: pages.len() as u32,
                events: counted.len() as u32,
                bounce: counted.iter().filter(|act| act.interactive).count() <= 1,
                duration_ms: last.ts - first.ts,
                revenue: counted.iter().map(|act| act.revenue).sum(),
            };
            *found.entry(session).or_default() += 1;
        }
    }
    found
}

pub(crate) fn traffic(events: &BTreeMap<EventFact, Diff>) -> BTreeMap<TrafficCell, TrafficDelta> {
    let mut cells: BTreeMap<TrafficCell, TrafficDelta> = BTreeMap::new();
    let mut visitors: BTreeSet<(TrafficCell, Person)> = BTreeSet::new();
    for (person, acts) in by_person(events) {
        for act in acts.iter().filter(|act| act.kind != Kind::Engagement) {
            let key = TrafficCell { site: person.site, minute: act.ts.div_euclid(60_000) };
            let cell = cells.entry(key).or_default();
            cell.events += 1;
            cell.pageviews += i64::from(act.kind == Kind::Pageview);
            cell.revenue += act.revenue;
            cell.visitors += i64::from(visitors.insert((key, person)));
        }
    }
    for session in sessions(events).keys() {
        let key = TrafficCell { site: session.person.site, minute: session.start.div_euclid(60_000) };
        let cell = cells.entry(key).or_default();
        cell.sessions += 1;
        cell.bounces += i64::from(session.bounce);
        cell.duration_ms += session.duration_ms;
    }
    cells
}

pub(crate) fn uniques(events: &BTreeMap<EventFact, Diff>) -> BTreeMap<UniquesCell, Diff> {
    let mut seen: BTreeSet<(UniquesCell, Person)> = BTreeSet::new();
    for (person, acts) in by_person(events) {
        for act in acts.iter().filter(|act| act.kind != Kind::Engagement) {
            let starts = [
                (Period::Day, act.day),
                (Period::Week, act.week),
                (Period::Month, uniques::first_of_month(act.day)),
            ];
            for (period, start) in starts {
                seen.insert((UniquesCell { site: person.site, period, start }, person));
            }
        }
    }
    let mut cells = BTreeMap::new();
    for (cell, _) in seen {
        *cells.entry(cell).or_default() += 1;
    }
    cells
}
