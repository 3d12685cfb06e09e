//! People's histories: sorted acts, changed in place, and the stretches a change reaches.
//!
//! State: one row of 80 bytes per act of a person in the collection, and a hash entry of about 60
//!        bytes per person. No trace and no output arrangement: under a totally ordered time the
//!        past is never asked for, so the present is enough.
//! Retraction: takes the row out and derives again. A row taken out more often than it was put in
//!        counts as absent and is reported.
//! Late data: an insertion like any other; only the stretch around it is derived again.

use differential_dataflow::difference::IsZero;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::change::{Change, Counted, GAP_MS};
use crate::definition::Installed;
use crate::fact::{Act, Diff, EventFact, Person};

/// A row that was taken out more often than it was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Violation {
    pub person: Person,
    pub act: Act,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    people: HashMap<Person, Vec<Counted>>,
    scratch: Vec<Counted>,
}

impl Histories {
    /// Takes in the changes of one time, and calls `derive` for each stretch they change.
    pub(crate) fn close<'d>(
        &mut self,
        mut rows: Vec<(EventFact, Diff)>,
        definitions: impl Fn(u32) -> &'d [Installed],
        mut derive: impl FnMut(&Change<'_>),
        mut report: impl FnMut(Violation, Diff),
    ) {
        differential_dataflow::consolidation::consolidate(&mut rows);
        let Self { people, scratch } = self;
        for changes in rows.chunk_by(|(a, _), (b, _)| a.person == b.person) {
            let person = changes[0].0.person;
            let definitions = definitions(person.site);
            let history = people.entry(person).or_default();
            let mut rest = changes;
            while !rest.is_empty() {
                let stretch = Stretch::around(history, rest);
                let (now, remaining) = rest.split_at(stretch.changes);
                let before = &history[stretch.from..stretch.until];
                merge(before, now, scratch);
                report_violations(person, before, scratch, &mut report);
                let (before, after) = (present(before), present(scratch));
                let (earlier, later) = (&history[..stretch.from], &history[stretch.until..]);
                derive(&Change { person, before: &before, after: &after, earlier, later, definitions });
                history.splice(stretch.from..stretch.until, scratch.drain(..));
                rest = remaining;
            }
            if history.is_empty() {
                people.remove(&person);
            }
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
pub(crate) fn present(stretch: &[Counted]) -> std::borrow::Cow<'_, [Counted]> {
    if stretch.iter().all(|(_, count)| *count > 0) {
        return std::borrow::Cow::Borrowed(stretch);
    }
    stretch.iter().copied().filter(|(_, count)| *count > 0).collect()
}

/// Says which rows became negative, and takes it back for those that no longer are.
fn report_violations(
    person: Person,
    before: &[Counted],
    after: &[Counted],
    report: &mut impl FnMut(Violation, Diff),
) {
    let negative = |stretch: &[Counted]| -> Vec<Act> {
        stretch.iter().filter(|(_, count)| *count < 0).map(|(act, _)| *act).collect()
    };
    let (was, is) = (negative(before), negative(after));
    for act in is.iter().filter(|act| !was.contains(act)) {
        report(Violation { person, act: *act }, 1);
    }
    for act in was.iter().filter(|act| !is.contains(act)) {
        report(Violation { person, act: *act }, -1);
    }
}
