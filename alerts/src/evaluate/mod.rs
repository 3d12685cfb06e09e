//! Judges rules as epochs close.
//!
//! In:    per closed epoch the cells that changed, what people asked for, and the time of its close.
//! Out:   transitions of alerts and the states that changed, to be committed with the epoch.
//! State: the cells that rules may still look at, and per rule and key where its alert stands.
//! Cost:  only rules whose series changed or whose time has come are judged.
//! Late data, retraction: a window is judged anew from its cells; an alert whose own window no longer
//!        breaks the rule is resolved as retracted. After [`CORRECTABLE`] seconds causes are left alone.
//! Wrong when: a model's band is not the same for the same window each time it is asked.
//!
//! Nothing here reads a clock or draws a random number: the same epochs give the same transitions.

mod cells;
mod judge;
mod schedule;
mod simulate;
mod state;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

pub use cells::Cells;
pub use judge::{Band, Bands, Expected, NoBands, Verdict, judge, measured};
pub use simulate::simulate;
pub use state::{Alert, OpeningId, Reason, Saved, State, Transition, TransitionKind};

use crate::rule::{Rule, RuleId};
use crate::series::{Cell, Grain, Key, SeriesId};
use schedule::Schedule;
use state::{Moment, Step};
use watch::Watch;

/// For how many seconds after its end a window may be corrected and its alert retracted.
pub const CORRECTABLE: i64 = 86_400;
const PRUNE_EVERY_MS: i64 = 3_600_000;

/// What people ask for, in the order of epochs like everything else.
#[derive(Clone, Debug)]
pub enum Command {
    /// A new rule, or another version of one: alerts of the old version are resolved.
    Put(Arc<Rule>),
    Remove(RuleId),
    Acknowledge {
        opening: OpeningId,
        rule: RuleId,
        key: Key,
        by: String,
    },
    /// Resolves by hand.
    Close {
        opening: OpeningId,
        rule: RuleId,
        key: Key,
    },
    /// Nobody is told of the rule until then (milliseconds since 1970).
    Mute {
        rule: RuleId,
        until: i64,
    },
}

/// What an epoch led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub epoch: u64,
    pub transitions: Vec<Transition>,
    /// States that are no longer what they were.
    pub changed: Vec<Saved>,
}

/// Rules, the cells they look at, and where their alerts stand.
#[derive(Debug, Default)]
pub struct Evaluator {
    cells: Cells,
    watches: HashMap<RuleId, Watch>,
    by_series: HashMap<(u32, SeriesId), Vec<RuleId>>,
    schedule: Schedule,
    touched: BTreeSet<(RuleId, Key)>,
    /// Rules of which nothing is judged, because what they look at is not whole.
    held: HashSet<RuleId>,
    pruned_at: i64,
}

impl Evaluator {
    /// Starts from what was committed. [`Evaluator::seed`] then gives it the cells of the past.
    pub fn restore(
        rules: impl IntoIterator<Item = Arc<Rule>>,
        saved: impl IntoIterator<Item = Saved>,
        mutes: impl IntoIterator<Item = (RuleId, i64)>,
    ) -> Self {
        let mut evaluator = Self::default();
        for rule in rules {
            evaluator.watch(rule);
        }
        for (rule, until) in mutes {
            if let Some(watch) = evaluator.watches.get_mut(&rule) {
                watch.muted_until = until;
            }
        }
        for saved in saved {
            if let Some(watch) = evaluator.watches.get_mut(&saved.rule) {
                evaluator.touched.insert((saved.rule, saved.key.clone()));
                watch.restore(saved.key, saved.state);
            }
        }
        evaluator
    }

    /// Takes cells that belong to epochs already judged. Nothing fires by them before the next close.
    pub fn seed(&mut self, cells: impl IntoIterator<Item = Cell>) {
        for cell in cells {
            self.take(&cell, None);
        }
    }

    /// Judges nothing of these rules from now on, in place of those that were held before. What happened
    /// meanwhile is judged when they are let go.
    pub fn hold(&mut self, rules: impl IntoIterator<Item = RuleId>) {
        self.held = rules.into_iter().collect();
    }

    /// Judges what an epoch changed and what time changed until `now` (milliseconds since 1970), which
    /// must not be before the close of the epoch before.
    pub fn close(
        &mut self,
        epoch: u64,
        now: i64,
        cells: &[Cell],
        commands: &[Command],
        bands: &dyn Bands,
    ) -> Outcome {
        let mut outcome = Outcome { epoch, ..Outcome::default() };
        for command in commands {
            self.obey(command, now, &mut outcome);
        }
        for cell in cells {
            self.take(cell, Some(now.div_euclid(1000)));
        }
        while let Some((rule, key)) = self.schedule.due(now) {
            self.touched.insert((rule, key));
        }
        let mut work = std::mem::take(&mut self.touched);
        while let Some((rule, key)) = work.pop_first() {
            if self.held.contains(&rule) {
                self.touched.insert((rule, key));
                continue;
            }
            self.judge(rule, &key, now, bands, &mut work, &mut outcome);
        }
        self.prune(now);
        if !commands.is_empty() {
            outcome.keep_last();
        }
        outcome
    }

    /// Does what people ask for and judges nothing, while what there is to judge by is not there yet.
    pub fn obey_only(&mut self, epoch: u64, now: i64, commands: &[Command]) -> Outcome {
        let mut outcome = Outcome { epoch, ..Outcome::default() };
        for command in commands {
            self.obey(command, now, &mut outcome);
        }
        outcome
    }

    /// When the next rule must be judged though nothing may have happened, in milliseconds since 1970.
    pub fn next_due(&self) -> Option<i64> {
        let waits = |(rule, _): &(RuleId, Key)| !self.held.contains(rule);
        if self.touched.iter().any(waits) { Some(0) } else { self.schedule.next() }
    }

    /// Every state that is not the first one, by rule and key.
    pub fn snapshot(&self) -> Vec<Saved> {
        let mut saved: Vec<Saved> =
            self.watches.values().flat_map(Watch::saved).filter(|saved| !saved.state.is_blank()).collect();
        saved.sort_by(|a, b| (a.rule, &a.key).cmp(&(b.rule, &b.key)));
        saved
    }

    /// Every alert that is open: rule, key, state.
    pub fn open(&self) -> Vec<Saved> {
        let mut open: Vec<Saved> = self
            .watches
            .values()
            .flat_map(Watch::saved)
            .filter(|saved| saved.state.alert().is_some())
            .collect();
        open.sort_by(|a, b| (a.rule, &a.key).cmp(&(b.rule, &b.key)));
        open
    }

    /// Where the keys of a rule stand that are not in the first state.
    pub fn states_of(&self, rule: RuleId) -> Vec<Saved> {
        let saved = self.watches.get(&rule).into_iter().flat_map(Watch::saved);
        saved.filter(|saved| !saved.state.is_blank()).collect()
    }

    /// Until when nobody is told of a rule, in milliseconds since 1970; not by its schedule but by hand.
    pub fn muted_until(&self, rule: RuleId) -> i64 {
        self.watches.get(&rule).map_or(0, |watch| watch.muted_until)
    }

    /// The cells that are held.
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    fn watch(&mut self, rule: Arc<Rule>) {
        let watch = Watch::new(rule);
        for series in watch.series() {
            self.by_series.entry((watch.rule.site, series)).or_default().push(watch.rule.id);
        }
        if watch.rule.grouping.is_none() {
            self.touched.insert((watch.rule.id, Key::whole()));
        } else {
            let keys = self.cells.keys(watch.rule.site, watch.rule.measure.part.series);
            self.touched.extend(keys.filter(|key| !key.as_str().is_empty()).map(|key| (watch.rule.id, key)));
        }
        self.watches.insert(watch.rule.id, watch);
    }

    fn unwatch(&mut self, rule: RuleId, now: i64, reason: Reason, outcome: &mut Outcome) {
        let Some(watch) = self.watches.remove(&rule) else { return };
        for series in watch.series() {
            if let Some(rules) = self.by_series.get_mut(&(watch.rule.site, series)) {
                rules.retain(|known| *known != rule);
            }
        }
        self.touched.retain(|(touched, _)| *touched != rule);
        for saved in watch.saved() {
            let key = saved.key.clone();
            if let Some(step) = saved.state.clone().close(reason, now) {
                outcome.record(&watch.rule, &key, now, step);
            } else if !saved.state.is_blank() {
                outcome.changed.push(Saved { rule, key, state: State::default() });
            }
        }
        // Rules leave without cooldown: what is kept of them would keep a new version silent.
        for saved in outcome.changed.iter_mut().filter(|saved| saved.rule == rule) {
            saved.state = State::default();
        }
    }

    /// Takes a cell. With the time of its epoch (seconds since 1970), what grew before the running step is
    /// noted: the current windows of rules do not show it.
    fn take(&mut self, cell: &Cell, epoch_at: Option<i64>) {
        let over = |at: i64| cell.grain == Grain::Day || cell.start + cell.grain.seconds() <= at;
        let grew = epoch_at.is_some_and(over) && cell.value > self.cells.value(cell);
        self.cells.set(cell);
        let Some(rules) = self.by_series.get(&(cell.site, cell.series)) else { return };
        for id in rules {
            if let Some(watch) = self.watches.get_mut(id) {
                watch.touched_by(cell, |key| {
                    self.touched.insert((*id, key.clone()));
                });
                if grew {
                    watch.grown_by(cell);
                }
            }
        }
    }

    fn obey(&mut self, command: &Command, now: i64, outcome: &mut Outcome) {
        match command {
            Command::Put(rule) => {
                let muted = self.watches.get(&rule.id).map(|watch| watch.muted_until);
                self.unwatch(rule.id, now, Reason::RuleChanged, outcome);
                self.watch(Arc::clone(rule));
                if let Some(watch) = self.watches.get_mut(&rule.id) {
                    watch.muted_until = muted.unwrap_or_default();
                }
            }
            Command::Remove(rule) => self.unwatch(*rule, now, Reason::RuleRemoved, outcome),
            Command::Acknowledge { opening, rule, key, by } => {
                self.step(*rule, key, now, outcome, |state| state.acknowledge(*opening, by, now));
            }
            Command::Close { opening, rule, key } => {
                // Else what is still true would open it again at once.
                let watch = self.watches.get(rule);
                let until = now + watch.map_or(0, |watch| watch.rule.cooldown.millis());
                self.step(*rule, key, now, outcome, |state| match state.alert() {
                    Some(alert) if alert.opening == *opening => state.close(Reason::Closed, until),
                    _ => None,
                });
            }
            Command::Mute { rule, until } => {
                if let Some(watch) = self.watches.get_mut(rule) {
                    watch.muted_until = *until;
                }
            }
        }
    }

    fn step(
        &mut self,
        rule: RuleId,
        key: &Key,
        now: i64,
        outcome: &mut Outcome,
        step: impl FnOnce(State) -> Option<Step>,
    ) {
        let Some(watch) = self.watches.get_mut(&rule) else { return };
        if let Some(step) = step(watch.state(key)) {
            watch.set(key, step.state.clone());
            self.touched.insert((rule, key.clone()));
            outcome.record(&watch.rule, key, now, step);
        }
    }

    fn judge(
        &mut self,
        id: RuleId,
        key: &Key,
        now: i64,
        bands: &dyn Bands,
        work: &mut BTreeSet<(RuleId, Key)>,
        outcome: &mut Outcome,
    ) {
        let Some(watch) = self.watches.get_mut(&id) else { return };
        let rule = Arc::clone(&watch.rule);
        let earlier = watch.take_earlier(key, now.div_euclid(1000));
        let view = judge::View { rule: &rule, cells: &self.cells, key, bands };
        let before = watch.state(key);
        let moment = Moment { now, epoch: outcome.epoch, room: watch.has_room(), muted: watch.is_muted(now) };
        let step = state::advance(&view, before.clone(), moment, &earlier);
        let was_open = before.alert().is_some();
        watch.set(key, step.state.clone());
        if step.crowded {
            watch.crowded.insert(key.clone());
        } else {
            watch.crowded.remove(key);
        }
        if was_open && step.state.alert().is_none() {
            // Keys are judged in their order: those that are still to come have the room at once.
            for waiting in std::mem::take(&mut watch.crowded) {
                let turn = if waiting > *key { &mut *work } else { &mut self.touched };
                turn.insert((id, waiting));
            }
        }
        match schedule::next(&view, &step.state, now) {
            Some(at) => self.schedule.push(at, id, key.clone()),
            None => watch.forget(key),
        }
        if step.state != before {
            outcome.record(&rule, key, now, step);
        }
    }

    fn prune(&mut self, now: i64) {
        if now - self.pruned_at < PRUNE_EVERY_MS {
            return;
        }
        self.pruned_at = now;
        let mut horizons: HashMap<(u32, SeriesId), i64> = HashMap::new();
        for watch in self.watches.values() {
            let from = now.div_euclid(1000) - watch.rule.lookback();
            for series in watch.series() {
                let horizon = horizons.entry((watch.rule.site, series)).or_insert(from);
                *horizon = from.min(*horizon);
            }
        }
        self.cells.prune(&horizons);
    }
}

impl Outcome {
    /// Of states that changed more than once, only the last counts.
    fn keep_last(&mut self) {
        let mut seen = HashSet::new();
        let mut kept: Vec<Saved> = std::mem::take(&mut self.changed);
        kept.reverse();
        kept.retain(|saved| seen.insert((saved.rule, saved.key.clone())));
        kept.reverse();
        self.changed = kept;
    }

    fn record(&mut self, rule: &Rule, key: &Key, now: i64, step: Step) {
        self.changed.push(Saved { rule: rule.id, key: key.clone(), state: step.state });
        if let Some((alert, kind, notify)) = step.event {
            self.transitions.push(Transition {
                rule: rule.id,
                site: rule.site,
                key: key.clone(),
                epoch: self.epoch,
                at: now,
                kind,
                notify,
                alert,
            });
        }
    }
}
