//! Every view against a recomputation from scratch, at every time: random order, lateness,
//! repetitions and retractions, one worker and two.

mod naive;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use differential_dataflow::difference::{IsZero, Semigroup};
use differential_dataflow::input::InputSession;
use opentrace_operators::dataflow::{Views, build};
use opentrace_operators::{Act, Diff, EventFact, Kind, Person, TextId, Time, VisitId};
use opentrace_operators::{Session, TrafficCell, TrafficDelta, UniquesCell, Violation};
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
    errors: Updates<Violation, Diff>,
}

fn run(history: &History, workers: usize) -> Output {
    let output = Arc::new(Mutex::new(Output::default()));
    let (shared, rows) = (Arc::clone(&output), history.clone());
    let guards = timely::execute(timely::Config::process(workers), move |worker| {
        let mut input = InputSession::<Time, EventFact, Diff>::new();
        let out = Arc::clone(&shared);
        worker.dataflow(|scope| {
            let Views { sessions, traffic, uniques, errors } = build(input.to_collection(scope));
            let (a, b, c, d) = (Arc::clone(&out), Arc::clone(&out), Arc::clone(&out), out);
            sessions.inspect(move |row| a.lock().expect("whole").sessions.push(*row));
            traffic.inspect(move |row| b.lock().expect("whole").traffic.push(*row));
            uniques.inspect(move |row| c.lock().expect("whole").uniques.push(*row));
            errors.inspect(move |row| d.lock().expect("whole").errors.push(*row));
        });
        // Rows are dealt without regard to whose they are: the operators exchange them.
        for (index, (time, fact, diff)) in rows.iter().enumerate() {
            input.advance_to(*time);
            if index % worker.peers() == worker.index() {
                input.update(*fact, *diff);
            }
            if index % 3 == 0 {
                input.flush();
                worker.step();
            }
        }
    });
    drop(guards.expect("timely starts"));
    Arc::try_unwrap(output).expect("the workers are gone").into_inner().expect("whole")
}

/// The sum of what came at the times that `counts` accepts.
fn accumulate<D: Ord + Copy, R: Semigroup + IsZero + Copy>(
    updates: &Updates<D, R>,
    counts: impl Fn(Time) -> bool,
) -> BTreeMap<D, R> {
    let mut sum: BTreeMap<D, R> = BTreeMap::new();
    for (row, _, diff) in updates.iter().filter(|(_, time, _)| counts(*time)) {
        sum.entry(*row).and_modify(|total| total.plus_equals(diff)).or_insert(*diff);
    }
    sum.retain(|_, total| !total.is_zero());
    sum
}

fn check(
    output: &Output,
    events: &BTreeMap<EventFact, Diff>,
    counts: impl Fn(Time) -> bool + Copy,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(accumulate(&output.sessions, counts), naive::sessions(events));
    prop_assert_eq!(accumulate(&output.traffic, counts), naive::traffic(events));
    prop_assert_eq!(accumulate(&output.uniques, counts), naive::uniques(events));
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
    (1u32..3, 0u64..3, minutes, 0u64..2, kind, any::<bool>(), -5i64..50).prop_map(
        |(site, visitor, minute, id, kind, interactive, revenue)| {
            // On the half minute, and exactly 30 minutes apart now and then.
            let ts = minute * 30_000 * 2 + (id as i64) * 1_000;
            let day = (minute / 1_440) as i32;
            let act = Act {
                ts,
                id: id + 10 * minute as u64,
                path: TextId(1 + minute as u64 % 4),
                visit: VisitId(1 + visitor * 3 + minute as u64 % 2),
                revenue,
                day,
                week: day - (day + 3).rem_euclid(7),
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
        // Counts of events are linear: they are short by the missing row until it is put in.
        prop_assert_eq!(accumulate(&output.sessions, |at| at <= last + 1), naive::sessions(&without));
        prop_assert_eq!(accumulate(&output.uniques, |at| at <= last + 1), naive::uniques(&without));
        check(&output, &present(&history, last), |at| at <= last + 2)?;
        let reported = Violation { person: absent.person, act: absent.act };
        prop_assert_eq!(output.errors, vec![(reported, last + 1, 1), (reported, last + 2, -1)]);
    }
}
