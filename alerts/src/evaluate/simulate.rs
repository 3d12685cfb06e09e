//! When a rule would have fired: the evaluation itself, over the past.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Bands, Command, Evaluator, Transition};
use crate::rule::Rule;
use crate::series::Cell;

/// Judges a rule at the end of every minute of `from..to` (seconds since 1970) as if it had been there,
/// and returns what would have become of it. `history` holds final cells, older ones for
/// baselines too. Minutes count from their beginning; hours and days are known when they are over, so
/// that a rule over them fires no earlier than it would have, but may fire later.
pub fn simulate(rule: &Rule, history: Vec<Cell>, from: i64, to: i64, bands: &dyn Bands) -> Vec<Transition> {
    let rule = Arc::new(Rule { created_at: from.saturating_mul(1000), ..rule.clone() });
    let first = from.div_euclid(60) * 60;
    let mut evaluator = Evaluator::default();
    let mut by_minute: BTreeMap<i64, Vec<Cell>> = BTreeMap::new();
    for cell in history {
        let over = cell.start + cell.grain.seconds() - 60;
        by_minute.entry(over.div_euclid(60) * 60).or_default().push(cell);
    }
    let later = by_minute.split_off(&first);
    evaluator.seed(by_minute.into_values().flatten());
    let mut transitions = Vec::new();
    let mut commands = vec![Command::Put(rule)];
    let mut minute = first;
    while minute < to {
        let cells = later.get(&minute).map_or(&[][..], Vec::as_slice);
        let now = (minute + 60) * 1000 - 1;
        let outcome = evaluator.close(minute.unsigned_abs(), now, cells, &commands, bands);
        commands.clear();
        transitions.extend(outcome.transitions);
        minute += 60;
    }
    transitions
}
