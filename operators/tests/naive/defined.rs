//! What users define, said plainly.

use std::collections::{BTreeMap, BTreeSet};

use opentrace_operators::{
    Act, Definition, Diff, FunnelSpec, GoalCell, GoalDelta, Installed, Kind, Measure, Order, Passage, Period,
    Person, RetentionCell, SIZE, SeriesCell, SeriesId,
};

use super::{Cells, Events, GRAINS, by_person, local_day, period_start, point};

fn counted(acts: Vec<Act>) -> Vec<Act> {
    acts.into_iter().filter(|act| act.kind != Kind::Engagement).collect()
}

pub(crate) fn goals(events: &Events, definitions: &[Installed]) -> Cells<GoalCell, GoalDelta> {
    let mut cells: Cells<GoalCell, GoalDelta> = BTreeMap::new();
    let mut seen: BTreeSet<(GoalCell, Person)> = BTreeSet::new();
    for (person, acts) in by_person(events) {
        for installed in definitions.iter().filter(|installed| installed.site == person.site) {
            let Definition::Goal(mark) = installed.definition else { continue };
            for act in acts.iter().filter(|act| act.marks.has(mark)) {
                for period in Period::ALL {
                    let start = period_start(period, act);
                    let key = GoalCell { site: person.site, goal: installed.id, period, start };
                    let cell = cells.entry(key).or_default();
                    cell.events += 1;
                    cell.revenue += act.revenue;
                    cell.visitors += i64::from(seen.insert((key, person)));
                }
            }
        }
    }
    cells
}

pub(super) fn series(events: &Events, definitions: &[Installed], cells: &mut Cells<SeriesCell, Diff>) {
    let mut seen: BTreeSet<(SeriesCell, Person)> = BTreeSet::new();
    for (person, acts) in by_person(events) {
        for installed in definitions.iter().filter(|installed| installed.site == person.site) {
            let Definition::Series { of, measure } = installed.definition else { continue };
            for act in acts.iter().filter(|act| act.marks.has(of)) {
                for grain in GRAINS {
                    let cell = SeriesCell {
                        site: person.site,
                        series: SeriesId(installed.id.0),
                        grain,
                        start: point(grain, act),
                    };
                    *cells.entry(cell).or_default() += match measure {
                        Measure::Events => 1,
                        Measure::Revenue => act.revenue,
                        Measure::Visitors => i64::from(seen.insert((cell, person))),
                    };
                }
            }
        }
    }
}

pub(crate) fn retention(events: &Events, definitions: &[Installed]) -> Cells<RetentionCell, Diff> {
    let mut cells: Cells<RetentionCell, Diff> = BTreeMap::new();
    for (person, acts) in by_person(events) {
        for installed in definitions.iter().filter(|installed| installed.site == person.site) {
            let Definition::Retention(spec) = &installed.definition else { continue };
            let Some(start) = acts.iter().position(|act| act.marks.has(spec.start)) else { continue };
            let cohort = period_start(spec.period, &acts[start]);
            let back: BTreeSet<i32> = acts[start..]
                .iter()
                .filter(|act| act.marks.has(spec.back))
                .map(|act| periods_between(spec.period, cohort, period_start(spec.period, act)))
                .collect();
            for offset in back.into_iter().chain([SIZE]) {
                let cell = RetentionCell { site: person.site, definition: installed.id, cohort, offset };
                *cells.entry(cell).or_default() += 1;
            }
        }
    }
    cells
}

/// Counted on the fingers: how many period starts come after the first, up to the second.
fn periods_between(period: Period, from: i32, to: i32) -> i32 {
    match period {
        Period::Day => to - from,
        Period::Week => (from + 1..=to).filter(|day| (day - from) % 7 == 0).count() as i32,
        Period::Month => {
            (from + 1..=to).filter(|day| opentrace_operators::first_of_month(*day) == *day).count() as i32
        }
    }
}

pub(crate) fn funnels(events: &Events, definitions: &[Installed]) -> Cells<Passage, Diff> {
    let mut rows = BTreeMap::new();
    for (person, acts) in by_person(events) {
        let acts = counted(acts);
        for installed in definitions.iter().filter(|installed| installed.site == person.site) {
            let Definition::Funnel(spec) = &installed.definition else { continue };
            let mut best: BTreeMap<i32, Passage> = BTreeMap::new();
            for entry in 0..acts.len() {
                let seconds = attempt(spec, &acts[entry..]);
                let day = local_day(&acts[entry]);
                let longest = best.get(&day).map_or(0, |passage| passage.seconds.len());
                if seconds.len() > longest {
                    let entered = acts[entry].ts;
                    best.insert(day, Passage { person, funnel: installed.id, day, entered, seconds });
                }
            }
            rows.extend(best.into_values().map(|passage| (passage, 1)));
        }
    }
    rows
}

/// How far somebody gets who begins with the first of these acts.
fn attempt(spec: &FunnelSpec, acts: &[Act]) -> Vec<u32> {
    let within: Vec<&Act> = acts.iter().filter(|act| act.ts - acts[0].ts <= spec.window_ms).collect();
    let seconds = |act: &Act| ((act.ts - acts[0].ts) / 1000) as u32;
    match spec.order {
        Order::Any => {
            if !spec.steps.iter().any(|step| acts[0].marks.has(*step)) {
                return Vec::new();
            }
            let first = |step| within.iter().find(|act| act.marks.has(step)).map(|act| seconds(act));
            let mut reached: Vec<u32> = spec.steps.iter().filter_map(|step| first(*step)).collect();
            reached.sort_unstable();
            reached
        }
        Order::Strict => {
            let mut reached = Vec::new();
            for (place, step) in spec.steps.iter().enumerate() {
                match within.get(place) {
                    Some(act) if act.marks.has(*step) => reached.push(seconds(act)),
                    _ => break,
                }
            }
            reached
        }
        Order::Ordered => {
            let mut reached = Vec::new();
            let mut rest = within.into_iter();
            if acts[0].marks.has(spec.steps[0]) {
                for step in &spec.steps {
                    match rest.find(|act| act.marks.has(*step)) {
                        Some(act) => reached.push(seconds(act)),
                        None => break,
                    }
                }
            }
            reached
        }
    }
}
