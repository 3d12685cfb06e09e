//! When a rule must be judged though none of its cells changed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use super::judge::View;
use super::state::State;
use crate::rule::{Condition, RuleId, Span, offset};
use crate::series::{Grain, Key};

/// A heap of times, with one that counts for each rule and key.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    heap: BinaryHeap<Reverse<(i64, RuleId, Key)>>,
    at: HashMap<(RuleId, Key), i64>,
}

impl Schedule {
    /// Sets the time of a rule and key, in place of the one it had.
    pub(super) fn push(&mut self, at: i64, rule: RuleId, key: Key) {
        if self.at.insert((rule, key.clone()), at) != Some(at) {
            self.heap.push(Reverse((at, rule, key)));
        }
    }

    /// Takes one whose time has come.
    pub(super) fn due(&mut self, now: i64) -> Option<(RuleId, Key)> {
        loop {
            let Reverse((at, _, _)) = self.heap.peek()?;
            if *at > now {
                return None;
            }
            let Reverse((at, rule, key)) = self.heap.pop()?;
            let place = (rule, key);
            // Others were put off since.
            if self.at.get(&place) == Some(&at) {
                self.at.remove(&place);
                return Some(place);
            }
        }
    }

    pub(super) fn next(&self) -> Option<i64> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }
}

/// The first instant after `now` at which the verdict may change by itself; `None` if only cells can
/// change it.
pub(super) fn next(view: &View<'_>, state: &State, now: i64) -> Option<i64> {
    let rule = view.rule;
    let seconds = now.div_euclid(1000);
    let grain = rule.measure.grain(rule.window);
    let step = next_step(seconds, grain, offset(seconds, &rule.zone));
    let by_state = match state {
        State::Quiet { until } if *until > now => Some(*until),
        State::Quiet { .. } => None,
        // One that is ripe already found no room, and is told when there is some.
        State::Pending { since } => Some(since + rule.hold.millis()).filter(|at| *at > now).or(Some(step)),
        State::Firing(_) | State::Acknowledged { .. } => Some(step),
    };
    let span = rule.span(seconds);
    if by_state.is_none() && !rule.condition.holds_in_silence() && !alive(view, span) {
        return None;
    }
    if by_state.is_none() && rule.grouping.is_some() && !alive(view, horizon(view, span)) {
        return None;
    }
    Some(by_state.map_or(step, |at| at.min(step)))
}

/// Whether there is anything in a stretch or after it.
fn alive(view: &View<'_>, span: Span) -> bool {
    let rule = view.rule;
    let also = matches!(rule.condition, Condition::NewValue { .. }).then_some(Grain::Hour);
    rule.measure.grouped().any(|series| {
        [Some(span.grain), also].into_iter().flatten().any(|grain| {
            view.cells.newest(rule.site, series, view.key, grain).is_some_and(|start| start >= span.from)
        })
    })
}

fn horizon(view: &View<'_>, span: Span) -> Span {
    Span { from: span.to - view.rule.lookback(), ..span }
}

/// The instant in milliseconds at which the step that holds `now` is over.
fn next_step(now: i64, grain: Grain, offset: i64) -> i64 {
    let local = if grain == Grain::Minute { now } else { now + offset };
    let over = (local.div_euclid(grain.seconds()) + 1) * grain.seconds() - (local - now);
    // Clocks may change within a day: it is looked at every hour.
    over.min(now + Grain::Hour.seconds()) * 1000
}
