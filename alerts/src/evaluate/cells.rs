//! The cells that rules may still look at. About 40 bytes for each that is not nought.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};

use crate::rule::Span;
use crate::series::{Cell, Grain, Key, SeriesId};

type Line = BTreeMap<i64, i64>;

/// Values by site, series, grain, key and start.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    lines: HashMap<(u32, SeriesId, Grain), HashMap<Key, Line>>,
}

impl Cells {
    /// Puts a cell in place of what was there; nought takes it away.
    pub fn set(&mut self, cell: &Cell) {
        let at = (cell.site, cell.series, cell.grain);
        if cell.value != 0 {
            let lines = self.lines.entry(at).or_default();
            lines.entry_ref(&cell.key).or_default().insert(cell.start, cell.value);
        } else if let Some(lines) = self.lines.get_mut(&at) {
            let left = lines.get_mut(&cell.key).map(|line| {
                line.remove(&cell.start);
                line.len()
            });
            if left == Some(0) {
                lines.remove(&cell.key);
            }
        }
    }

    /// How many keys a series has.
    pub fn breadth(&self, site: u32, series: SeriesId, grain: Grain) -> usize {
        self.lines.get(&(site, series, grain)).map_or(0, HashMap::len)
    }

    /// Whether a series has anything for a key.
    pub fn has(&self, site: u32, series: SeriesId, grain: Grain, key: &Key) -> bool {
        self.lines.get(&(site, series, grain)).is_some_and(|lines| lines.contains_key(key))
    }

    /// What is held in the place of a cell.
    pub fn value(&self, cell: &Cell) -> i64 {
        let line = self.line(cell.site, cell.series, &cell.key, cell.grain);
        line.and_then(|line| line.get(&cell.start)).copied().unwrap_or_default()
    }

    /// The sum of a stretch.
    pub fn sum(&self, site: u32, series: SeriesId, key: &Key, span: Span) -> i64 {
        self.line(site, series, key, span.grain).map_or(0, |line| {
            line.range(span.from..span.to).fold(0_i64, |sum, (_, value)| sum.saturating_add(*value))
        })
    }

    /// The start of the newest cell that is not nought.
    pub fn newest(&self, site: u32, series: SeriesId, key: &Key, grain: Grain) -> Option<i64> {
        self.line(site, series, key, grain)?.last_key_value().map(|(start, _)| *start)
    }

    /// Cells that are held, of series and times that `of` names, but are not among `known`; as noughts.
    pub fn vanished(&self, known: &[Cell], of: impl Fn(u32, SeriesId, i64) -> bool) -> Vec<Cell> {
        let known: HashSet<_> =
            known.iter().map(|cell| (cell.site, cell.series, cell.grain, &cell.key, cell.start)).collect();
        let mut gone = Vec::new();
        for ((site, series, grain), lines) in &self.lines {
            for (key, line) in lines {
                let starts = line.keys().copied().filter(|start| of(*site, *series, *start));
                let starts = starts.filter(|start| !known.contains(&(*site, *series, *grain, key, *start)));
                gone.extend(starts.map(|start| Cell {
                    site: *site,
                    series: *series,
                    grain: *grain,
                    key: key.clone(),
                    start,
                    value: 0,
                }));
            }
        }
        gone
    }

    /// Points of a stretch that are not nought.
    pub fn points(&self, site: u32, series: SeriesId, key: &Key, span: Span) -> Vec<(i64, i64)> {
        let line = self.line(site, series, key, span.grain);
        line.map_or_else(Vec::new, |line| {
            line.range(span.from..span.to).map(|(start, value)| (*start, *value)).collect()
        })
    }

    pub(super) fn keys(&self, site: u32, series: SeriesId) -> impl Iterator<Item = Key> {
        [Grain::Minute, Grain::Hour, Grain::Day]
            .into_iter()
            .filter_map(move |grain| self.lines.get(&(site, series, grain)))
            .flat_map(|lines| lines.keys().cloned())
    }

    /// Drops what began before a series' horizon, and series without one.
    pub(super) fn prune(&mut self, horizons: &HashMap<(u32, SeriesId), i64>) {
        self.lines.retain(|(site, series, _), lines| {
            let Some(horizon) = horizons.get(&(*site, *series)) else { return false };
            lines.retain(|_, line| {
                if line.first_key_value().is_some_and(|(start, _)| start < horizon) {
                    *line = line.split_off(horizon);
                }
                !line.is_empty()
            });
            !lines.is_empty()
        });
    }

    fn line(&self, site: u32, series: SeriesId, key: &Key, grain: Grain) -> Option<&Line> {
        self.lines.get(&(site, series, grain))?.get(key)
    }
}
