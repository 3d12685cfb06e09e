//! The definitions, said plainly over a list of events.

mod defined;

use std::collections::{BTreeMap, BTreeSet};

use opentrace_operators::{
    Act, BreakdownCell, BreakdownDelta, Builtin, By, Company, DEEDS, Deed, Diff, EventFact, Features,
    Installed, Kind, LONGEST_WHOLE_MS, NEVER, Period, Person, STOPS, SeriesCell, SeriesGrain, Session,
    TextId, TrafficCell, TrafficDelta, UniquesCell, VisitId, first_of_month,
};

pub(crate) use defined::{funnels, goals, retention};

/// What is in the collection, and how often.
pub(crate) type Events = BTreeMap<EventFact, Diff>;
type Cells<K, V> = BTreeMap<K, V>;

const HALF_HOUR: i64 = 30 * 60 * 1000;

/// Each person's acts in order, repeated as often as they are there.
fn by_person(events: &Events) -> BTreeMap<Person, Vec<Act>> {
    let mut people: BTreeMap<Person, Vec<Act>> = BTreeMap::new();
    for (fact, count) in events {
        for _ in 0..*count {
            people.entry(fact.person).or_default().push(fact.act);
        }
    }
    people
}

/// A person's acts cut where the pause is longer than half an hour, without engagement.
fn visits(acts: &[Act]) -> Vec<Vec<Act>> {
    let mut groups: Vec<Vec<Act>> = Vec::new();
    for act in acts {
        match groups.last_mut() {
            Some(group) if act.ts - group[group.len() - 1].ts <= HALF_HOUR => group.push(*act),
            _ => groups.push(vec![*act]),
        }
    }
    let counted = |group: Vec<Act>| -> Vec<Act> {
        group.into_iter().filter(|act| act.kind != Kind::Engagement).collect()
    };
    groups.into_iter().map(counted).filter(|group| !group.is_empty()).collect()
}

fn is_bounce(visit: &[Act]) -> bool {
    visit.iter().filter(|act| act.interactive).count() <= 1
}

pub(crate) fn sessions(events: &Events) -> Cells<Session, Diff> {
    let mut found = BTreeMap::new();
    for (person, acts) in by_person(events) {
        for visit in visits(&acts) {
            let pages: Vec<TextId> =
                visit.iter().filter(|act| act.kind == Kind::Pageview).map(|act| act.path).collect();
            let mut stops = pages.clone();
            stops.dedup();
            let more_stops = stops.len() > STOPS;
            stops.truncate(STOPS);
            let (first, last) = (visit[0], visit[visit.len() - 1]);
            let session = Session {
                person,
                start: first.ts,
                end: last.ts,
                day: local_day(&first),
                entry: pages.first().copied().unwrap_or_default(),
                exit: pages.last().copied().unwrap_or_default(),
                visit: first.visit,
                pageviews: pages.len() as u32,
                events: visit.len() as u32,
                bounce: is_bounce(&visit),
                duration_ms: last.ts - first.ts,
                revenue: visit.iter().map(|act| act.revenue).sum(),
                stops,
                more_stops,
                deeds: (visit.len() <= DEEDS && last.ts - first.ts <= LONGEST_WHOLE_MS)
                    .then(|| visit.iter().map(deed).collect()),
            };
            *found.entry(session).or_default() += 1;
        }
    }
    found
}

fn deed(act: &Act) -> Deed {
    Deed { ts: act.ts, name: act.name, path: act.path, revenue: act.revenue }
}

pub(crate) fn traffic(events: &Events) -> Cells<TrafficCell, TrafficDelta> {
    let mut cells: Cells<TrafficCell, TrafficDelta> = BTreeMap::new();
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

/// The local day, and the first day of the period that holds it.
fn period_start(period: Period, act: &Act) -> i32 {
    let day = local_day(act);
    match period {
        Period::Day => day,
        Period::Month => first_of_month(day),
        // Walk back to the day on which weeks begin; day 4 was a Monday.
        Period::Week => {
            let begins = |day: i32| (day - 4).rem_euclid(7) == i32::from(act.week_start);
            (day - 6..=day).rev().find(|day| begins(*day)).expect("one of seven days")
        }
    }
}

fn local_day(act: &Act) -> i32 {
    (act.ts + i64::from(act.offset) * 1000).div_euclid(86_400_000) as i32
}

pub(crate) fn uniques(events: &Events) -> Cells<UniquesCell, Diff> {
    let mut seen: BTreeSet<(UniquesCell, Person)> = BTreeSet::new();
    for (person, acts) in by_person(events) {
        for act in acts.iter().filter(|act| act.kind != Kind::Engagement) {
            for period in Period::ALL {
                let start = period_start(period, act);
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

/// What a person came with, by day: for each value the days, in order.
type Days = BTreeMap<(By, u64), BTreeSet<i32>>;

pub(crate) fn breakdowns(events: &Events) -> Cells<BreakdownCell, BreakdownDelta> {
    let mut cells: Cells<BreakdownCell, BreakdownDelta> = BTreeMap::new();
    for (person, acts) in by_person(events) {
        let site = person.site;
        let mut days = Days::new();
        for act in acts.iter().filter(|act| act.kind != Kind::Engagement) {
            let day = local_day(act);
            days.entry((By::Nothing, 0)).or_default().insert(day);
            let mut values = vec![(By::Page, act.path.0)];
            if act.kind == Kind::Custom {
                values.push((By::Name, act.name.0));
            }
            for (by, value) in values {
                days.entry((by, value)).or_default().insert(day);
                let cell = cells.entry(BreakdownCell { site, by, value, day, previous: NEVER }).or_default();
                cell.events += 1;
                cell.pageviews += i64::from(act.kind == Kind::Pageview);
                cell.revenue += act.revenue;
            }
        }
        for visit in visits(&acts) {
            let day = local_day(&visit[0]);
            let pages = || visit.iter().filter(|act| act.kind == Kind::Pageview).map(|act| act.path.0);
            for (by, value) in [
                (By::Entry, pages().next().unwrap_or_default()),
                (By::Exit, pages().next_back().unwrap_or_default()),
                (By::Visit, visit[0].visit.0),
            ] {
                if by != By::Visit {
                    days.entry((by, value)).or_default().insert(day);
                }
                let cell = cells.entry(BreakdownCell { site, by, value, day, previous: NEVER }).or_default();
                cell.visits += 1;
                cell.pageviews += pages().count() as i64;
                cell.events += visit.len() as i64;
                cell.bounces += i64::from(is_bounce(&visit));
                cell.duration_ms += visit[visit.len() - 1].ts - visit[0].ts;
                cell.revenue += visit.iter().map(|act| act.revenue).sum::<i64>();
            }
        }
        for ((by, value), days) in days {
            let mut previous = NEVER;
            for day in days {
                cells.entry(BreakdownCell { site, by, value, day, previous }).or_default().visitors += 1;
                previous = day;
            }
        }
    }
    cells
}

pub(crate) fn companies(events: &Events) -> Cells<Company, Diff> {
    let mut rows = BTreeMap::new();
    for (person, acts) in by_person(events) {
        let visits: Vec<(i32, VisitId)> =
            visits(&acts).iter().map(|visit| (local_day(&visit[0]), visit[0].visit)).collect();
        for day in visits.iter().map(|(day, _)| *day).collect::<BTreeSet<_>>() {
            let of_day = visits.iter().filter(|(on, _)| *on == day).map(|(_, visit)| *visit);
            let mut earlier: BTreeMap<VisitId, i32> = BTreeMap::new();
            for (on, visit) in visits.iter().filter(|(on, _)| *on < day) {
                let last = earlier.entry(*visit).or_insert(*on);
                *last = (*last).max(*on);
            }
            let company = Company {
                site: person.site,
                day,
                visits: of_day.collect::<BTreeSet<_>>().into_iter().collect(),
                earlier: earlier.into_iter().collect(),
            };
            *rows.entry(company).or_default() += 1;
        }
    }
    rows
}

/// People who came in a range of days, by value: counted person by person, and as the cells say it.
pub(crate) fn people_between(events: &Events, from: i32, to: i32) -> [Cells<(u32, By, u64), i64>; 2] {
    let mut people: BTreeSet<((u32, By, u64), Person)> = BTreeSet::new();
    for (person, acts) in by_person(events) {
        for act in acts.iter().filter(|act| act.kind != Kind::Engagement) {
            if (from..=to).contains(&local_day(act)) {
                people.insert(((person.site, By::Nothing, 0), person));
                people.insert(((person.site, By::Page, act.path.0), person));
                if act.kind == Kind::Custom {
                    people.insert(((person.site, By::Name, act.name.0), person));
                }
            }
        }
    }
    let mut counted = BTreeMap::new();
    for (key, _) in people {
        *counted.entry(key).or_default() += 1;
    }
    let mut summed = BTreeMap::new();
    for (cell, delta) in breakdowns(events) {
        let counts = matches!(cell.by, By::Nothing | By::Page | By::Name) && delta.visitors != 0;
        if counts && (from..=to).contains(&cell.day) && cell.previous < from {
            *summed.entry((cell.site, cell.by, cell.value)).or_default() += delta.visitors;
        }
    }
    [counted, summed]
}

pub(crate) fn features(events: &Events) -> Cells<Features, Diff> {
    let mut rows = BTreeMap::new();
    for (person, acts) in by_person(events) {
        let visits = visits(&acts);
        let acts: Vec<Act> = acts.into_iter().filter(|act| act.kind != Kind::Engagement).collect();
        let (Some(first), Some(last)) = (acts.first(), acts.last()) else { continue };
        let different = |values: Vec<u64>| values.into_iter().collect::<BTreeSet<_>>().len() as u32;
        let pages = acts.iter().filter(|act| act.kind == Kind::Pageview);
        let mut row = Features {
            person,
            first_seen: first.ts,
            last_seen: last.ts,
            active_days: acts.iter().map(local_day).collect::<BTreeSet<_>>().len() as u32,
            sessions: visits.len() as u32,
            bounces: visits.iter().filter(|visit| is_bounce(visit)).count() as u32,
            pageviews: pages.clone().count() as u32,
            events: acts.len() as u32,
            purchases: acts.iter().filter(|act| act.revenue != 0).count() as u32,
            revenue: acts.iter().map(|act| act.revenue).sum(),
            duration_ms: visits.iter().map(|visit| visit[visit.len() - 1].ts - visit[0].ts).sum(),
            pages: different(pages.map(|act| act.path.0).collect()),
            origins: different(visits.iter().map(|visit| visit[0].visit.0).collect()),
            first_visit: first.visit,
            last_visit: visits[visits.len() - 1][0].visit,
            ..Features::default()
        };
        for act in &acts {
            let local_hours = (act.ts + i64::from(act.offset) * 1000).div_euclid(3_600_000);
            row.hours[local_hours.rem_euclid(24) as usize] += 1;
            row.weekdays[(local_day(act) - 4).rem_euclid(7) as usize] += 1;
        }
        rows.insert(row, 1);
    }
    rows
}

/// The start of a point of a series.
fn point(grain: SeriesGrain, act: &Act) -> i64 {
    let local = act.ts.div_euclid(1000) + i64::from(act.offset);
    match grain {
        SeriesGrain::Minute => act.ts.div_euclid(60_000) * 60,
        SeriesGrain::Hour => local.div_euclid(3_600) * 3_600 - i64::from(act.offset),
        SeriesGrain::Day => local.div_euclid(86_400) * 86_400,
    }
}

const GRAINS: [SeriesGrain; 3] = [SeriesGrain::Minute, SeriesGrain::Hour, SeriesGrain::Day];

pub(crate) fn series(events: &Events, definitions: &[Installed]) -> Cells<SeriesCell, Diff> {
    let mut cells: Cells<SeriesCell, Diff> = BTreeMap::new();
    let mut seen: BTreeSet<(SeriesCell, Person)> = BTreeSet::new();
    for (person, acts) in by_person(events) {
        let site = person.site;
        let mut add = |builtin: Builtin, grain, act: &Act, value: i64| {
            let cell = SeriesCell { site, series: builtin.id(), grain, start: point(grain, act) };
            *cells.entry(cell).or_default() += value;
        };
        for grain in GRAINS {
            for act in acts.iter().filter(|act| act.kind != Kind::Engagement) {
                add(Builtin::Events, grain, act, 1);
                add(Builtin::Pageviews, grain, act, i64::from(act.kind == Kind::Pageview));
                add(Builtin::Revenue, grain, act, act.revenue);
                let cell =
                    SeriesCell { site, series: Builtin::Visitors.id(), grain, start: point(grain, act) };
                add(Builtin::Visitors, grain, act, i64::from(seen.insert((cell, person))));
            }
            for visit in visits(&acts) {
                add(Builtin::Visits, grain, &visit[0], 1);
                add(Builtin::Bounces, grain, &visit[0], i64::from(is_bounce(&visit)));
                add(Builtin::Duration, grain, &visit[0], visit[visit.len() - 1].ts - visit[0].ts);
            }
        }
    }
    defined::series(events, definitions, &mut cells);
    cells.retain(|_, value| *value != 0);
    cells
}
