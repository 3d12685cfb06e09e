//! A change to one person's history: what was there, what is there now, and what lies around it.
//!
//! Every view is a sum over people of a function of each person's history. When a history changes,
//! the functions are given the stretch around the change in both states and say how the view
//! differs; what is the same in both cancels and need not be looked at.

use std::cmp::Ordering;

use crate::definition::Installed;
use crate::fact::{Act, Diff, Person};
use crate::marks::Marks;

/// A pause longer than this ends a session: "30 minutes without an event".
pub const GAP_MS: i64 = 30 * 60 * 1000;

/// An act and how often it is in the collection. Never zero or less where a stretch is derived.
pub type Counted = (Act, Diff);

/// A stretch of one person's history before and after a change, and what lies around it.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub person: Person,
    /// Sorted by time and id, every count positive.
    pub before: &'a [Counted],
    pub after: &'a [Counted],
    /// What the person did before and after the stretch. Counts may be negative: see [`present`].
    pub(crate) earlier: &'a [Counted],
    pub(crate) later: &'a [Counted],
    /// Definitions in force on the person's site.
    pub definitions: &'a [Installed],
}

impl<'a> Change<'a> {
    /// The change from nothing to a whole history, sorted by time and id.
    pub fn from_nothing(person: Person, history: &'a [Counted], definitions: &'a [Installed]) -> Self {
        Self { person, before: &[], after: history, earlier: &[], later: &[], definitions }
    }

    /// Acts of the same person outside the stretch, in no promised order.
    pub fn elsewhere(&self) -> impl Iterator<Item = &'a Act> + use<'a> {
        self.earlier.iter().chain(self.later).filter(|(_, count)| *count > 0).map(|(act, _)| act)
    }

    /// The whole history before the change, in order.
    pub fn all_before(&self) -> impl Iterator<Item = &'a Counted> + use<'a> {
        present(self.earlier.iter().chain(self.before).chain(self.later))
    }

    /// The whole history after the change, in order.
    pub fn all_after(&self) -> impl Iterator<Item = &'a Counted> + use<'a> {
        present(self.earlier.iter().chain(self.after).chain(self.later))
    }

    /// The acts that came or went, each with by how often.
    pub fn moved(&self) -> Moved<'a> {
        Moved { before: self.before, after: self.after }
    }

    /// Whether an act that meets one of these conditions came or went.
    pub fn moves(&self, marks: Marks) -> bool {
        self.moved().any(|(act, _)| act.marks.meets(marks))
    }

    /// Emits the buckets in which the person begins or ceases to have an act that `counts`.
    pub(crate) fn distinct<K: PartialEq + Copy>(
        &self,
        counts: impl Fn(&Act) -> bool,
        bucket: impl Fn(&Act) -> K,
        mut emit: impl FnMut(K, Diff),
    ) {
        self.distinct_in_stretch(&counts, &bucket, |key, diff| {
            if !self.elsewhere().any(|act| counts(act) && bucket(act) == key) {
                emit(key, diff);
            }
        });
    }

    /// The same for buckets shorter than the pause between stretches: nothing outside the stretch
    /// can lie in one of its buckets.
    pub(crate) fn distinct_in_stretch<K: PartialEq + Copy>(
        &self,
        counts: impl Fn(&Act) -> bool,
        bucket: impl Fn(&Act) -> K,
        mut emit: impl FnMut(K, Diff),
    ) {
        let (before, after) = (buckets(self.before, &counts, &bucket), buckets(self.after, &counts, &bucket));
        for gone in before.iter().filter(|key| !after.contains(key)) {
            emit(*gone, -1);
        }
        for new in after.iter().filter(|key| !before.contains(key)) {
            emit(*new, 1);
        }
    }
}

/// The buckets a stretch touches, each once. Few: a stretch seldom spans many.
fn buckets<K: PartialEq + Copy>(
    stretch: &[Counted],
    counts: impl Fn(&Act) -> bool,
    bucket: impl Fn(&Act) -> K,
) -> Vec<K> {
    let mut found: Vec<K> = Vec::new();
    for (act, _) in stretch.iter().filter(|(act, _)| counts(act)) {
        let key = bucket(act);
        if found.last() != Some(&key) && !found.contains(&key) {
            found.push(key);
        }
    }
    found
}

fn present<'a, I: Iterator<Item = &'a Counted>>(acts: I) -> impl Iterator<Item = &'a Counted> {
    acts.filter(|(_, count)| *count > 0)
}

/// The differences of two sorted stretches.
#[derive(Clone, Debug)]
pub struct Moved<'a> {
    before: &'a [Counted],
    after: &'a [Counted],
}

impl<'a> Iterator for Moved<'a> {
    type Item = (&'a Act, Diff);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match (self.before.split_first(), self.after.split_first()) {
                (None, None) => return None,
                (Some(((act, count), rest)), None) => {
                    self.before = rest;
                    return Some((act, -count));
                }
                (None, Some(((act, count), rest))) => {
                    self.after = rest;
                    return Some((act, *count));
                }
                (Some(((old, was), before)), Some(((new, is), after))) => match old.cmp(new) {
                    Ordering::Less => {
                        self.before = before;
                        return Some((old, -was));
                    }
                    Ordering::Greater => {
                        self.after = after;
                        return Some((new, *is));
                    }
                    Ordering::Equal => {
                        (self.before, self.after) = (before, after);
                        if was != is {
                            return Some((new, is - was));
                        }
                    }
                },
            }
        }
    }
}
