//! Every view against a recomputation from scratch, at every time: random order, lateness,
//! repetitions and retractions, one worker and two.

mod naive;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use differential_dataflow::difference::{IsZero, Semigroup};
use differential_dataflow::input::InputSession;
use opentrace_operators::dataflow::{Views, build};
use opentrace_operators::{
    Act, BreakdownCell, BreakdownDelta, Change, Company, Definition, DefinitionId, Diff, EventFact, Features,
    FunnelSpec, GoalCell, GoalDelta, Installed, Kind, Mark, Marks, Measure, Order, Passage, Period, Person,
    RetentionCell, RetentionSpec, Rows, SeriesCell, Session, TextId, Time, TrafficCell, TrafficDelta,
    UniquesCell, Violation, VisitId,
};
use proptest::prelude::*;

/// Rows in the order they are fed; times do not decrease.
type History = Vec<(Time, EventFact, Diff)>;

/// What a view emitted, with times.
type Updates<D, R> = Vec<(D, Time, R)>;

#[derive(Clone, Debug, Default)]
struct Output {
    sessions: Updates<Session, Diff>,
    traffic: Updates<TrafficCell, TrafficDelta>,
    uniques: Updates<UniquesCell, Diff>,
    breakdowns: Updates<BreakdownCell, BreakdownDelta>,
    companies: Updates<Company, Diff>,
    features: Updates<Features, Diff>,
    goals: Updates<GoalCell, GoalDelta>,
    funnels: Updates<Passage, Diff>,
    retention: Updates<RetentionCell, Diff>,
    series: Updates<SeriesCell, Diff>,
    errors: Updates<Violation, Diff>,
}

/// Runs a history with definitions that are in force from the beginning.
fn run(history: &History, workers: usize) -> Output {
    let defined = definitions().into_iter().map(|installed| (0, installed, 1)).collect();
    run_with(history, defined, workers)
}

fn run_with(history: &History, defined: Changes, workers: usize) -> Output {
    let output = Arc::new(Mutex::new(Output::default()));
    let (shared, rows) = (Arc::clone(&output), history.clone());
    let guards = timely::execute(timely::Config::process(workers), move |worker| {
        let mut input = InputSession::<Time, EventFact, Diff>::new();
        let mut changes = InputSession::<Time, Installed, Diff>::new();
        let out = Arc::clone(&shared);
        worker.dataflow(|scope| {
            let views = build(input.to_collection(scope), changes.to_collection(scope));
            let Views { sessions, traffic, uniques, breakdowns, companies, features, goals, funnels, retention, series, errors } =
                views;
            macro_rules! keep {
                ($($view:ident)*) => {$(
                    let kept = Arc::clone(&out);
                    $view.inspect(move |row| kept.lock().expect("whole").$view.push(row.clone()));
                )*};
            }
            keep!(sessions traffic uniques breakdowns companies features goals funnels retention series errors);
        });
        if worker.index() == 0 {
            for (time, installed, diff) in &defined {
                changes.update_at(installed.clone(), *time, *diff);
            }
        }
        // Rows are dealt without regard to whose they are: the operators exchange them.
        for (index, (time, fact, diff)) in rows.iter().enumerate() {
            input.advance_to(*time);
            changes.advance_to(*time);
            if index % worker.peers() == worker.index() {
                input.update(*fact, *diff);
            }
            if index % 3 == 0 {
                input.flush();
                changes.flush();
                worker.step();
            }
        }
    });
    drop(guards.expect("timely starts"));
    Arc::try_unwrap(output).expect("the workers are gone").into_inner().expect("whole")
}

/// Definitions coming and going.
type Changes = Vec<(Time, Installed, Diff)>;

fn mark(number: usize) -> Mark {
    Mark::new(number).expect("there are as many")
}

/// One of each kind on both sites; days, weeks and months; every order of steps.
fn definitions() -> Vec<Installed> {
    const HOUR: i64 = 3_600_000;
    let funnel = |steps: &[usize], order, window_ms| {
        let steps = steps.iter().map(|number| mark(*number)).collect();
        Definition::Funnel(FunnelSpec { steps, order, window_ms })
    };
    let retention = |start, back, period| {
        Definition::Retention(RetentionSpec { start: mark(start), back: mark(back), period })
    };
    let kinds = [
        Definition::Goal(mark(0)),
        Definition::Goal(mark(70)),
        funnel(&[0, 1], Order::Ordered, HOUR),
        funnel(&[0, 1, 0], Order::Ordered, 40 * 24 * HOUR),
        funnel(&[1, 0, 70], Order::Strict, 24 * HOUR),
        funnel(&[0, 1, 70], Order::Any, 13 * HOUR),
        retention(0, 0, Period::Day),
        retention(0, 1, Period::Week),
        retention(1, 70, Period::Month),
        Definition::Series { of: mark(1), measure: Measure::Events },
        Definition::Series { of: mark(0), measure: Measure::Revenue },
        Definition::Series { of: mark(70), measure: Measure::Visitors },
    ];
    let numbered = (1000..).zip([1, 2].into_iter().flat_map(|site| kinds.clone().map(|kind| (site, kind))));
    numbered.map(|(id, (site, definition))| Installed { site, id: DefinitionId(id), definition }).collect()
}

/// The sum of what came at the times that `counts` accepts.
fn accumulate<D: Ord + Clone, R: Semigroup + IsZero + Clone>(
    updates: &Updates<D, R>,
    counts: impl Fn(Time) -> bool,
) -> BTreeMap<D, R> {
    let mut sum: BTreeMap<D, R> = BTreeMap::new();
    for (row, _, diff) in updates.iter().filter(|(_, time, _)| counts(*time)) {
        sum.entry(row.clone()).and_modify(|total| total.plus_equals(diff)).or_insert(diff.clone());
    }
    sum.retain(|_, total| !total.is_zero());
    sum
}

fn check(
    output: &Output,
    events: &BTreeMap<EventFact, Diff>,
    counts: impl Fn(Time) -> bool + Copy,
) -> Result<(), TestCaseError> {
    let defined = definitions();
    prop_assert_eq!(accumulate(&output.sessions, counts), naive::sessions(events));
    prop_assert_eq!(accumulate(&output.traffic, counts), naive::traffic(events));
    prop_assert_eq!(accumulate(&output.uniques, counts), naive::uniques(events));
    prop_assert_eq!(accumulate(&output.breakdowns, counts), naive::breakdowns(events));
    prop_assert_eq!(accumulate(&output.companies, counts), naive::companies(events));
    prop_assert_eq!(accumulate(&output.features, counts), naive::features(events));
    prop_assert_eq!(accumulate(&output.goals, counts), naive::goals(events, &defined));
    prop_assert_eq!(accumulate(&output.funnels, counts), naive::funnels(events, &defined));
    prop_assert_eq!(accumulate(&output.retention, counts), naive::retention(events, &defined));
    prop_assert_eq!(accumulate(&output.series, counts), naive::series(events, &defined));
    Ok(())
}

/// What is in the collection once everything up to `time` was fed.
fn present(history: &History, time: Time) -> BTreeMap<EventFact, Diff> {
    let mut events: BTreeMap<EventFact, Diff> = BTreeMap::new();
    for (_, fact, diff) in history.iter().filter(|(at, _, _)| *at <= time) {
        *events.entry(*fact).or_default() += diff;
    }
    events.retain(|_, count| *count != 0);
    events
}

/// An act of one of few people, at times that make and break sessions, days and months.
fn fact() -> impl Strategy<Value = EventFact> {
    let minutes = prop_oneof![0i64..120, 700i64..800, 1_420i64..1_460, 44_600i64..44_700];
    let kind = prop_oneof![5 => Just(Kind::Pageview), 2 => Just(Kind::Custom), 2 => Just(Kind::Engagement)];
    let attributes = (kind, any::<bool>(), -5i64..50, 0u8..8);
    (1u32..3, 0u64..3, minutes, 0u64..2, attributes).prop_map(
        |(site, visitor, minute, id, (kind, interactive, revenue, met))| {
            // On the half minute, and exactly 30 minutes apart now and then.
            let ts = minute * 30_000 * 2 + (id as i64) * 1_000;
            let conditions = [0, 1, 70].into_iter().enumerate().filter(|(bit, _)| met & (1 << bit) != 0);
            let marks = conditions.map(|(_, number)| mark(number)).collect();
            let act = Act {
                ts,
                id: id + 10 * minute as u64,
                path: TextId(1 + minute as u64 % 4),
                name: if kind == Kind::Custom { TextId(9 + id) } else { TextId::default() },
                visit: VisitId(1 + visitor * 3 + minute as u64 % 2),
                revenue,
                marks: if kind == Kind::Engagement { Marks::default() } else { marks },
                // The second site is in a zone half an hour off whose clock goes back at minute 750.
                offset: if site == 1 { 0 } else { 19_800 - 3_600 * i32::from(minute >= 750) },
                week_start: if site == 1 { 0 } else { 6 },
                kind,
                interactive,
            };
            EventFact { person: Person { site, visitor }, act }
        },
    )
}

/// Insertions, repetitions, and retractions of what is there.
fn histories() -> impl Strategy<Value = History> {
    let step = (fact(), any::<prop::sample::Index>(), 0u8..10, 0u64..2);
    prop::collection::vec(step, 1..60).prop_map(|steps| {
        let mut time = 0;
        let mut history: History = Vec::new();
        for (fact, which, what, pause) in steps {
            time += pause;
            let there: Vec<EventFact> = present(&history, time).into_keys().collect();
            match what {
                0..=1 if !there.is_empty() => history.push((time, there[which.index(there.len())], -1)),
                2 if !there.is_empty() => history.push((time, there[which.index(there.len())], 1)),
                _ => history.push((time, fact, 1)),
            }
        }
        history
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    /// At every time the views equal a recomputation, whatever came in which order.
    #[test]
    fn views_equal_recomputation_at_every_time(history in histories()) {
        let output = run(&history, 1);
        for time in history.iter().map(|(time, _, _)| *time) {
            check(&output, &present(&history, time), |at| at <= time)?;
        }
        prop_assert!(output.errors.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Two workers say together what one says.
    #[test]
    fn two_workers_equal_one(history in histories()) {
        let output = run(&history, 2);
        for time in history.iter().map(|(time, _, _)| *time) {
            check(&output, &present(&history, time), |at| at <= time)?;
        }
    }

    /// People come and go at even times without a trace in what is emitted at odd times: before an
    /// act of theirs is fed, their stored acts are; sometimes they are taken out again.
    #[test]
    fn coming_and_going_in_silence_changes_nothing(
        history in histories(), leave in prop::collection::vec(0u64..4, 60),
    ) {
        let mut fed: History = Vec::new();
        let mut resident: BTreeMap<Person, BTreeMap<EventFact, Diff>> = BTreeMap::new();
        let mut stored: BTreeMap<Person, BTreeMap<EventFact, Diff>> = BTreeMap::new();
        for (index, (_, fact, diff)) in history.iter().enumerate() {
            let (silent, real) = (2 * index as Time, 2 * index as Time + 1);
            if let Some(acts) = resident.remove(&Person { site: 1, visitor: leave[index] }) {
                fed.extend(acts.into_iter().map(|(fact, count)| (silent, fact, -count)));
            }
            let person = fact.person;
            let acts = resident.entry(person).or_insert_with(|| {
                let acts = stored.get(&person).cloned().unwrap_or_default();
                fed.extend(acts.iter().map(|(fact, count)| (silent, *fact, *count)));
                acts
            });
            fed.push((real, *fact, *diff));
            for acts in [acts, stored.entry(person).or_default()] {
                *acts.entry(*fact).or_default() += diff;
                acts.retain(|_, count| *count != 0);
            }
        }
        let output = run(&fed, 1);
        let all: BTreeMap<EventFact, Diff> = stored.into_values().flatten().collect();
        check(&output, &all, |time| time % 2 == 1)?;
        prop_assert!(output.errors.is_empty());
    }

    /// Taking out what is not there is reported, harms nothing, and is made good by putting it in.
    #[test]
    fn taking_out_what_is_not_there_is_reported(history in histories(), absent in fact()) {
        let last = history.last().map_or(0, |(time, _, _)| *time);
        let mut broken = history.clone();
        let times = present(&history, last).get(&absent).copied().unwrap_or(0) + 1;
        broken.push((last + 1, absent, -times));
        broken.push((last + 2, absent, times));
        let output = run(&broken, 1);
        let mut without = present(&history, last);
        without.remove(&absent);
        check(&output, &without, |at| at <= last + 1)?;
        check(&output, &present(&history, last), |at| at <= last + 2)?;
        let reported = Violation { person: absent.person, act: absent.act };
        prop_assert_eq!(output.errors, vec![(reported, last + 1, 1), (reported, last + 2, -1)]);
    }

    /// A definition counts what changes from its time on, and nothing once it is gone.
    #[test]
    fn a_definition_counts_from_its_time_on(
        history in histories(), which in 0usize..24, comes in 0u64..20, stays in 0u64..20,
    ) {
        let installed = definitions().swap_remove(which);
        let goes = comes + stays;
        let defined = vec![(comes, installed.clone(), 1), (goes, installed.clone(), -1)];
        let output = run_with(&history, defined, 1);
        let before = comes.checked_sub(1).map(|time| present(&history, time)).unwrap_or_default();
        let until = goes.checked_sub(1).map(|time| present(&history, time)).unwrap_or_default();
        let only = [installed];
        let all = |_: Time| true;
        prop_assert_eq!(
            accumulate(&output.funnels, all), difference(naive::funnels(&until, &only), naive::funnels(&before, &only))
        );
        prop_assert_eq!(
            accumulate(&output.retention, all),
            difference(naive::retention(&until, &only), naive::retention(&before, &only))
        );
        let of = only[0].id.0;
        let mine = |mut cells: BTreeMap<SeriesCell, Diff>| { cells.retain(|cell, _| cell.series.0 == of); cells };
        prop_assert_eq!(
            mine(accumulate(&output.series, all)),
            mine(difference(naive::series(&until, &only), naive::series(&before, &only)))
        );
    }

    /// The sum of people whose previous day lies before a range is who came in it.
    #[test]
    fn people_of_any_days_add_up(history in histories(), from in -1i32..33, days in 0i32..33) {
        let last = history.last().map_or(0, |(time, _, _)| *time);
        let [counted, summed] = naive::people_between(&present(&history, last), from, from + days);
        prop_assert_eq!(counted, summed);
    }

    /// Histories told whole give what the dataflow gives for the same events one by one.
    #[test]
    fn whole_histories_give_the_same_rows(history in histories()) {
        let last = history.last().map_or(0, |(time, _, _)| *time);
        let events = present(&history, last);
        let defined = definitions();
        let mut rows = Rows::default();
        let mut people: BTreeMap<Person, Vec<(Act, Diff)>> = BTreeMap::new();
        for (fact, count) in &events {
            people.entry(fact.person).or_default().push((fact.act, *count));
        }
        for (person, acts) in &people {
            let of_site: Vec<Installed> =
                defined.iter().filter(|installed| installed.site == person.site).cloned().collect();
            rows.derive(&Change::from_nothing(*person, acts, &of_site));
        }
        rows.consolidate();
        let at_once = |rows: Vec<_>| rows.into_iter().collect::<BTreeMap<_, _>>();
        prop_assert_eq!(at_once(rows.funnels), naive::funnels(&events, &defined));
        prop_assert_eq!(rows.retention.into_iter().collect::<BTreeMap<_, _>>(), naive::retention(&events, &defined));
        prop_assert_eq!(rows.goals.into_iter().collect::<BTreeMap<_, _>>(), naive::goals(&events, &defined));
        prop_assert_eq!(rows.series.into_iter().collect::<BTreeMap<_, _>>(), naive::series(&events, &defined));
        prop_assert_eq!(rows.traffic.into_iter().collect::<BTreeMap<_, _>>(), naive::traffic(&events));
        prop_assert_eq!(rows.sessions.into_iter().collect::<BTreeMap<_, _>>(), naive::sessions(&events));
        prop_assert_eq!(rows.breakdowns.into_iter().collect::<BTreeMap<_, _>>(), naive::breakdowns(&events));
        prop_assert_eq!(rows.companies.into_iter().collect::<BTreeMap<_, _>>(), naive::companies(&events));
        prop_assert_eq!(rows.features.into_iter().collect::<BTreeMap<_, _>>(), naive::features(&events));
    }
}

/// What has to be added to the second to make the first.
fn difference<K: Ord>(to: BTreeMap<K, Diff>, from: BTreeMap<K, Diff>) -> BTreeMap<K, Diff> {
    let mut cells = to;
    for (key, value) in from {
        *cells.entry(key).or_default() -= value;
    }
    cells.retain(|_, value| *value != 0);
    cells
}
