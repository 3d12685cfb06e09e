//! What changes about a person when their history changes: the operator every view hangs on.
//!
//! In:    rows `(person, act)`, inserted, repeated and retracted in any order.
//! Out:   for a function `derive` of a stretch of one person's history, the differences
//!        `derive(new) − derive(old)`, at the time of the change.
//! State: one row of 64 bytes per act of a person in the collection, and a hash entry of about 60
//!        bytes per person. No trace and no output arrangement: under a totally ordered time the
//!        past is never asked for, so the present is enough.
//! Retraction: takes the row out and derives again. A row taken out more often than it was put in
//!        counts as absent and is reported in the second collection.
//! Late data: an insertion like any other; only the stretch around it is derived again.
//! Cost:  a change re-derives its stretch: the maximal run of acts around it with gaps of at most
//!        [`GAP_MS`], in the old and the new history together. What acts further apart decide
//!        together (a day, a month) `derive` looks up in [`Change::elsewhere`], when it must.
//! Wrong when: `derive` depends on anything but the history it is shown.

use std::collections::BTreeMap;

use differential_dataflow::difference::IsZero;
use differential_dataflow::{Collection, VecCollection};
use hashbrown::HashMap;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::Operator;

use crate::fact::{Act, Diff, EventFact, Person, Time};

/// A pause longer than this ends a session: "30 minutes without an event".
pub const GAP_MS: i64 = 30 * 60 * 1000;

/// An act and how often it is in the collection. Never zero or less where a stretch is derived.
pub type Counted = (Act, Diff);

/// A row that was taken out more often than it was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Violation {
    pub person: Person,
    pub act: Act,
}

/// A stretch of one person's history before and after a change, and what lies around it.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub person: Person,
    /// Sorted by time and id, every count positive.
    pub before: &'a [Counted],
    pub after: &'a [Counted],
    earlier: &'a [Counted],
    later: &'a [Counted],
}

impl<'a> Change<'a> {
    /// Acts of the same person outside the stretch, in no promised order.
    pub fn elsewhere(&self) -> impl Iterator<Item = &'a Act> + use<'a> {
        self.earlier.iter().chain(self.later).filter(|(_, count)| *count > 0).map(|(act, _)| act)
    }
}

/// Receives the differences that a change makes.
pub type Emit<'a, F> = &'a mut dyn FnMut(F, Diff);

/// Calls `derive` for each stretch of history that changes; it emits the differences. Returns them
/// and the violations.
pub fn person_diffs<'s, F, L>(
    events: VecCollection<'s, Time, EventFact, Diff>,
    name: &str,
    derive: L,
) -> (VecCollection<'s, Time, F, Diff>, VecCollection<'s, Time, Violation, Diff>)
where
    F: differential_dataflow::ExchangeData,
    L: Fn(&Change<'_>, Emit<'_, F>) + 'static,
{
    let by_person = Exchange::new(|(fact, _, _): &(EventFact, Time, Diff)| route(fact.person));
    let derived = events.inner.unary_frontier(by_person, name, move |_, _| {
        let mut histories: HashMap<Person, Vec<Counted>> = HashMap::new();
        let mut waiting: BTreeMap<Time, (_, Vec<(EventFact, Diff)>)> = BTreeMap::new();
        let mut scratch = Vec::new();
        move |(input, frontier), output| {
            input.for_each(|capability, rows| {
                for (fact, time, diff) in rows.drain(..) {
                    let (_, waiting) =
                        waiting.entry(time).or_insert_with(|| (capability.delayed(&time, 0), Vec::new()));
                    waiting.push((fact, diff));
                }
            });
            while let Some(entry) = waiting.first_entry()
                && !frontier.less_equal(entry.key())
            {
                let (time, (capability, rows)) = entry.remove_entry();
                let mut session = output.session(&capability);
                close(&mut histories, rows, &mut scratch, &derive, |fact, diff| {
                    session.give((fact, time, diff));
                });
            }
        }
    });
    let derived: VecCollection<'s, Time, Result<F, Violation>, Diff> = Collection::new(derived);
    (derived.clone().flat_map(Result::ok), derived.flat_map(Result::err))
}

/// Spreads people over workers. Not a format: it only has to be the same within one run.
fn route(person: Person) -> u64 {
    (person.visitor ^ u64::from(person.site).rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16
}

/// Takes in the changes of one time, person by person.
fn close<F>(
    histories: &mut HashMap<Person, Vec<Counted>>,
    mut rows: Vec<(EventFact, Diff)>,
    scratch: &mut Vec<Counted>,
    derive: &impl Fn(&Change<'_>, Emit<'_, F>),
    mut emit: impl FnMut(Result<F, Violation>, Diff),
) {
    differential_dataflow::consolidation::consolidate(&mut rows);
    for changes in rows.chunk_by(|(a, _), (b, _)| a.person == b.person) {
        let person = changes[0].0.person;
        let history = histories.entry(person).or_default();
        let mut rest = changes;
        while !rest.is_empty() {
            let stretch = Stretch::around(history, rest);
            let (now, remaining) = rest.split_at(stretch.changes);
            let before = &history[stretch.from..stretch.until];
            merge(before, now, scratch);
            report_violations(person, before, scratch, &mut emit);
            let (before, after) = (present(before), present(scratch));
            let (earlier, later) = (&history[..stretch.from], &history[stretch.until..]);
            let change = Change { person, before: &before, after: &after, earlier, later };
            derive(&change, &mut |fact, diff| emit(Ok(fact), diff));
            history.splice(stretch.from..stretch.until, scratch.drain(..));
            rest = remaining;
        }
        if history.is_empty() {
            histories.remove(&person);
        }
    }
}

/// Part of a history that one or more changes reach, and how many of the changes.
struct Stretch {
    from: usize,
    until: usize,
    changes: usize,
}

impl Stretch {
    /// The acts with gaps of at most [`GAP_MS`] around the first change, counting the changes that
    /// fall among them as acts as well. Everything is sorted by time.
    fn around(history: &[Counted], changes: &[(EventFact, Diff)]) -> Self {
        let first = changes[0].0.act.ts;
        let mut from = history.partition_point(|(act, _)| act.ts < first);
        let mut earliest = first;
        while from > 0 && earliest - history[from - 1].0.ts <= GAP_MS {
            from -= 1;
            earliest = history[from].0.ts;
        }
        let (mut until, mut taken, mut latest) = (from, 0, earliest);
        loop {
            let act = history.get(until).map(|(act, _)| act.ts);
            let change = changes.get(taken).map(|(fact, _)| fact.act.ts);
            let next = match (act, change) {
                (Some(act), Some(change)) => act.min(change),
                (Some(ts), None) | (None, Some(ts)) => ts,
                (None, None) => break,
            };
            if next - latest > GAP_MS {
                break;
            }
            latest = next;
            until += usize::from(act == Some(next));
            taken += usize::from(change == Some(next));
        }
        Self { from, until, changes: taken }
    }
}

/// `before` with the changes added in, still sorted; rows that came to nothing are left out.
fn merge(before: &[Counted], changes: &[(EventFact, Diff)], into: &mut Vec<Counted>) {
    into.clear();
    let mut acts = before.iter().copied().peekable();
    for (fact, diff) in changes {
        while let Some(act) = acts.next_if(|(act, _)| *act < fact.act) {
            into.push(act);
        }
        let held = acts.next_if(|(act, _)| *act == fact.act).map_or(0, |(_, count)| count);
        let count = held + diff;
        if !count.is_zero() {
            into.push((fact.act, count));
        }
    }
    into.extend(acts);
}

/// The acts that are there: what was only taken out is not.
fn present(stretch: &[Counted]) -> std::borrow::Cow<'_, [Counted]> {
    if stretch.iter().all(|(_, count)| *count > 0) {
        return std::borrow::Cow::Borrowed(stretch);
    }
    stretch.iter().copied().filter(|(_, count)| *count > 0).collect()
}

/// Says which rows became negative, and takes it back for those that no longer are.
fn report_violations<F>(
    person: Person,
    before: &[Counted],
    after: &[Counted],
    emit: &mut impl FnMut(Result<F, Violation>, Diff),
) {
    let negative = |stretch: &[Counted]| -> Vec<Act> {
        stretch.iter().filter(|(_, count)| *count < 0).map(|(act, _)| *act).collect()
    };
    let (was, is) = (negative(before), negative(after));
    for act in is.iter().filter(|act| !was.contains(act)) {
        emit(Err(Violation { person, act: *act }), 1);
    }
    for act in was.iter().filter(|act| !is.contains(act)) {
        emit(Err(Violation { person, act: *act }), -1);
    }
}
