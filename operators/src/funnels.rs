//! Funnels: who entered on a day, how many of the steps they reached within the window, and when.
//!
//! In:    changed stretches of history (`change`), and the site's funnels.
//! Out:   [`Passage`] rows, one per funnel, person and day of entry: −1 for the old, +1 for the new.
//! State: none beside the histories.
//! Retraction: may take a step away, or let a later event take its place. Late data may fill a gap.
//! Cost:  when an event of the funnel comes or goes, the person's acts within a window of it are
//!        walked through twice; a strict funnel is walked through at any change.
//! Wrong when: people are not known for as long as the window: without identified mode a visitor is
//!        known for a day.
//!
//! Definitions. An event that meets the first step (in any order: one of the steps) is an entry; it
//! counts for the local day it happened on. From each entry the steps are followed greedily, each by
//! the first event that meets it; the first step may be at most the window before the last. Of a
//! person's entries of one day the one that reaches furthest counts, of equals the first.
//!
//! Rows are people and not counts, so that a range of days counts a person once and times to convert
//! have exact medians.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::change::{Change, Counted};
use crate::definition::{DefinitionId, FunnelSpec, Order};
use crate::fact::{Act, Diff, Person};
use crate::marks::{Mark, Marks};

const DAY_MS: i64 = 86_400_000;

/// How far a person who entered a funnel on a day got.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Passage {
    pub person: Person,
    pub funnel: DefinitionId,
    /// The local day of the entry, in days since 1970-01-01.
    pub day: i32,
    /// Milliseconds since 1970 in UTC.
    pub entered: i64,
    /// Seconds from the entry to each step reached; the first is 0. As many as steps were reached.
    pub seconds: Vec<u32>,
}

/// Emits the passages that a change alters.
pub(crate) fn funnel_diffs(
    change: &Change<'_>,
    funnel: DefinitionId,
    spec: &FunnelSpec,
    mut emit: impl FnMut(Passage, Diff),
) {
    let steps: Marks = spec.steps.iter().copied().collect();
    // Between two steps of a strict funnel any counted event matters.
    let matters = |act: &Act| act.is_counted() && (spec.order == Order::Strict || act.marks.meets(steps));
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for (act, _) in change.moved().filter(|(act, _)| matters(act)) {
        (first, last) = (first.min(act.ts), last.max(act.ts));
    }
    if first > last {
        return;
    }
    let reach = Reach::of(first, last, spec.window_ms);
    let select = |history: &mut dyn Iterator<Item = &Counted>| -> BTreeMap<i32, Passage> {
        let mut acts = Vec::new();
        for (act, count) in history.filter(|(act, _)| reach.holds(act) && matters(act)) {
            acts.extend(std::iter::repeat_n(*act, usize::try_from(*count).unwrap_or(1)));
        }
        let mut passages = passages(change.person, funnel, spec, &acts);
        passages.retain(|day, _| reach.days.contains(day));
        passages
    };
    let before = select(&mut change.all_before());
    let after = select(&mut change.all_after());
    for (day, passage) in &before {
        if after.get(day) != Some(passage) {
            emit(passage.clone(), -1);
        }
    }
    for (day, passage) in after {
        if before.get(&day) != Some(&passage) {
            emit(passage, 1);
        }
    }
}

/// What a change can reach: entries up to a window before it. Days are counted whole, and a local
/// day lies within a day of the UTC day of its number.
struct Reach {
    days: std::ops::RangeInclusive<i32>,
    from: i64,
    until: i64,
}

impl Reach {
    fn of(first: i64, last: i64, window_ms: i64) -> Self {
        let from = first.saturating_sub(window_ms).div_euclid(DAY_MS) - 1;
        let until = last.div_euclid(DAY_MS) + 1;
        Self {
            days: from as i32..=until as i32,
            from: (from - 1) * DAY_MS,
            until: ((until + 2) * DAY_MS).saturating_add(window_ms),
        }
    }

    fn holds(&self, act: &Act) -> bool {
        (self.from..=self.until).contains(&act.ts)
    }
}

/// The passages of one person's acts, which are sorted, by day of entry.
fn passages(person: Person, funnel: DefinitionId, spec: &FunnelSpec, acts: &[Act]) -> BTreeMap<i32, Passage> {
    let next = NextActs::of(&spec.steps, acts);
    let mut passages: BTreeMap<i32, Passage> = BTreeMap::new();
    for (entry, act) in acts.iter().enumerate() {
        let seconds = match spec.order {
            Order::Ordered => ordered(spec, acts, &next, entry),
            Order::Strict => strict(spec, acts, entry),
            Order::Any => any(spec, acts, &next, entry),
        };
        if seconds.is_empty() {
            continue;
        }
        let passage = passages.entry(act.day()).or_default();
        if seconds.len() > passage.seconds.len() {
            *passage = Passage { person, funnel, day: act.day(), entered: act.ts, seconds };
        }
    }
    passages
}

/// For each step and place the first act from there on that meets the step.
struct NextActs {
    by_step: Vec<Vec<Option<usize>>>,
}

impl NextActs {
    fn of(steps: &[Mark], acts: &[Act]) -> Self {
        let next_of = |step: &Mark| {
            let mut next = vec![None; acts.len() + 1];
            for place in (0..acts.len()).rev() {
                next[place] = if acts[place].marks.has(*step) { Some(place) } else { next[place + 1] };
            }
            next
        };
        Self { by_step: steps.iter().map(next_of).collect() }
    }

    fn from(&self, step: usize, place: usize) -> Option<usize> {
        self.by_step[step][place]
    }
}

fn ordered(spec: &FunnelSpec, acts: &[Act], next: &NextActs, entry: usize) -> Vec<u32> {
    if next.from(0, entry) != Some(entry) {
        return Vec::new();
    }
    let mut seconds = vec![0];
    let mut place = entry;
    for step in 1..spec.steps.len() {
        match next.from(step, place + 1) {
            Some(found) if acts[found].ts - acts[entry].ts <= spec.window_ms => {
                seconds.push(seconds_between(&acts[entry], &acts[found]));
                place = found;
            }
            _ => break,
        }
    }
    seconds
}

fn strict(spec: &FunnelSpec, acts: &[Act], entry: usize) -> Vec<u32> {
    let within = |act: &&Act| act.ts - acts[entry].ts <= spec.window_ms;
    acts[entry..]
        .iter()
        .take_while(within)
        .zip(&spec.steps)
        .take_while(|(act, step)| act.marks.has(**step))
        .map(|(act, _)| seconds_between(&acts[entry], act))
        .collect()
}

fn any(spec: &FunnelSpec, acts: &[Act], next: &NextActs, entry: usize) -> Vec<u32> {
    let found: Vec<usize> = (0..spec.steps.len()).filter_map(|step| next.from(step, entry)).collect();
    if !found.contains(&entry) {
        return Vec::new();
    }
    let within = found.iter().filter(|found| acts[**found].ts - acts[entry].ts <= spec.window_ms);
    let mut seconds: Vec<u32> = within.map(|found| seconds_between(&acts[entry], &acts[*found])).collect();
    seconds.sort_unstable();
    seconds
}

/// Windows are at most 90 days.
fn seconds_between(from: &Act, to: &Act) -> u32 {
    u32::try_from((to.ts - from.ts) / 1000).unwrap_or(u32::MAX)
}
