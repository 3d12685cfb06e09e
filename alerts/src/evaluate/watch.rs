//! A rule and where the alerts of its keys stand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::CORRECTABLE;
use super::state::{Saved, State};
use crate::rule::{Condition, Rule, Span};
use crate::series::{Cell, Grain, Key, SeriesId};

#[derive(Debug)]
pub(super) struct Watch {
    pub(super) rule: Arc<Rule>,
    pub(super) muted_until: i64,
    /// Keys that break the rule but for which there was no room.
    pub(super) crowded: BTreeSet<Key>,
    states: BTreeMap<Key, State>,
    /// Where cells grew since their key was judged, for rules that fire on what happens.
    grown: BTreeMap<Key, BTreeSet<i64>>,
    open: usize,
}

impl Watch {
    pub(super) fn new(rule: Arc<Rule>) -> Self {
        Self {
            rule,
            muted_until: 0,
            crowded: BTreeSet::new(),
            states: BTreeMap::new(),
            grown: BTreeMap::new(),
            open: 0,
        }
    }

    /// The series whose changes matter.
    pub(super) fn series(&self) -> BTreeSet<SeriesId> {
        let mut series: BTreeSet<SeriesId> = self.rule.measure.series().collect();
        if self.counts_events() {
            series.insert(SeriesId::EVENTS);
        }
        series
    }

    fn counts_events(&self) -> bool {
        self.rule.minimum > 0 && self.rule.measure.divisor.is_none()
    }

    /// Names the keys for which a cell may change the verdict.
    pub(super) fn touched_by(&self, cell: &Cell, mut touch: impl FnMut(&Key)) {
        let grain = self.rule.measure.grain(self.rule.window);
        let memory = matches!(self.rule.condition, Condition::NewValue { .. }) && cell.grain == Grain::Hour;
        if cell.grain != grain && !memory {
            return;
        }
        let whole = cell.key.as_str().is_empty();
        if self.counts_events() && cell.series == SeriesId::EVENTS && whole {
            self.states.keys().for_each(&mut touch);
        }
        let (grouped, measure) = (self.rule.grouping.is_some(), &self.rule.measure);
        let mut own = measure.parts().filter(|part| part.series == cell.series);
        if grouped != whole {
            if own.any(|part| !(grouped && part.across)) {
                touch(&cell.key);
            }
        } else if grouped && own.any(|part| part.across) {
            self.states.keys().for_each(touch);
        }
    }

    /// Notes that a cell grew.
    pub(super) fn grown_by(&mut self, cell: &Cell) {
        let rule = &self.rule;
        let whole = cell.key.as_str().is_empty();
        if rule.fires_on_the_spot()
            && rule.grouping.is_some() != whole
            && cell.series == rule.measure.part.series
            && cell.grain == rule.measure.grain(rule.window)
        {
            self.grown.entry(cell.key.clone()).or_default().insert(cell.start);
        }
    }

    /// Stretches before the current one that must be judged too, newest first: what happened just before
    /// a minute was over is known when it is, and events may come late.
    pub(super) fn take_earlier(&mut self, key: &Key, now: i64) -> Vec<Span> {
        let Some(grown) = self.grown.remove(key) else { return Vec::new() };
        let (rule, current) = (&self.rule, self.rule.span(now));
        let step = current.grain.seconds();
        let earliest = match rule.condition {
            Condition::Event { .. } => (now - CORRECTABLE).max(rule.created_at.div_euclid(1000) - step),
            _ => current.to - 2 * step,
        };
        let starts = grown.into_iter().rev().filter(|start| (earliest..current.to - step).contains(start));
        starts
            .map(|start| Span { from: start + step - rule.window.seconds(), to: start + step, ..current })
            .collect()
    }

    pub(super) fn state(&self, key: &Key) -> State {
        self.states.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn set(&mut self, key: &Key, state: State) {
        self.open += usize::from(state.alert().is_some());
        let before = self.states.insert(key.clone(), state);
        self.open -= usize::from(before.is_some_and(|state| state.alert().is_some()));
    }

    pub(super) fn restore(&mut self, key: Key, state: State) {
        self.set(&key, state);
    }

    /// Lets go of a key that only its cells can wake.
    pub(super) fn forget(&mut self, key: &Key) {
        if !self.counts_events() && self.states.get(key).is_some_and(|state| state.alert().is_none()) {
            self.states.remove(key);
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.rule.grouping.as_ref().is_none_or(|grouping| self.open < grouping.limit)
    }

    pub(super) fn is_muted(&self, now: i64) -> bool {
        now < self.muted_until || self.rule.mute.covers(now)
    }

    pub(super) fn saved(&self) -> impl Iterator<Item = Saved> + '_ {
        self.states.iter().map(|(key, state)| Saved {
            rule: self.rule.id,
            key: key.clone(),
            state: state.clone(),
        })
    }
}
