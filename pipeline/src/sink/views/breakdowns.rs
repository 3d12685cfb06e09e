//! `v_breakdowns`. A cell belongs to the calendar by which it was counted.
//!
//! The dataflow knows what a visit brings with it as one number. Here it is taken apart: a cell for
//! each attribute, and people by each of them. Cells are by the hash of a value; the values themselves
//! go into `v_values`, so that an erasure can take them away.
//!
//! Keeps: nothing but what one commit needs.

use std::sync::Arc;

use compact_str::CompactString;
use differential_dataflow::difference::{IsZero, Semigroup};
use hashbrown::HashMap;
use opentrace_events::Visit;
use opentrace_operators::{BreakdownCell, BreakdownDelta, By, Company, NEVER, Rows, TextId, VisitId};
use opentrace_store::{BreakdownColumn, BreakdownRow, CellRow, Origin, ValueRow};

use super::super::cells::{Additive, Cell};
use super::{CellView, ChangesOf};
use crate::intern::{self, Reader};
use crate::journal::Epoch;

/// Reads an attribute.
type Attribute = fn(&Visit) -> &str;

/// What of a visit has rows of its own. The value of `visits` is the same for all.
const OF_VISITS: [(BreakdownColumn, Attribute); 11] = [
    (BreakdownColumn::Visits, |_| ""),
    (BreakdownColumn::Source, |visit| &visit.source),
    (BreakdownColumn::Medium, |visit| &visit.medium),
    (BreakdownColumn::Campaign, |visit| &visit.campaign),
    (BreakdownColumn::Channel, |visit| &visit.channel),
    (BreakdownColumn::Country, |visit| &visit.country),
    (BreakdownColumn::Region, |visit| &visit.region),
    (BreakdownColumn::City, |visit| &visit.city),
    (BreakdownColumn::Device, |visit| &visit.device),
    (BreakdownColumn::Browser, |visit| &visit.browser),
    (BreakdownColumn::Os, |visit| &visit.os),
];

pub(crate) struct Breakdowns;

/// A cell of the view: a day of a site by one value, which its hash stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BreakdownKey {
    site: u32,
    calendar: u32,
    dimension: BreakdownColumn,
    day: i32,
    hash: u64,
    previous: i32,
}

impl Additive for BreakdownDelta {
    fn add(&mut self, delta: Self) {
        self.plus_equals(&delta);
    }
}

impl CellView for Breakdowns {
    type Cell = BreakdownKey;
    type Value = BreakdownDelta;
    type Row = BreakdownRow;

    fn key(cell: &Self::Cell) -> <BreakdownRow as CellRow>::Key {
        (cell.site, cell.calendar, cell.dimension, cell.day, cell.hash, cell.previous)
    }

    fn stored(row: &BreakdownRow) -> (Self::Cell, Cell<BreakdownDelta>) {
        let cell = BreakdownKey {
            site: row.site_id,
            calendar: row.calendar,
            dimension: row.dimension,
            day: row.day,
            hash: row.hash,
            previous: row.previous,
        };
        let value = BreakdownDelta {
            visitors: row.visitors,
            visits: row.visits,
            pageviews: row.pageviews,
            events: row.events,
            bounces: row.bounces,
            duration_ms: row.duration_ms,
            revenue: row.revenue,
        };
        (cell, Cell { value, epoch: row.epoch })
    }

    fn row(cell: &Self::Cell, value: &BreakdownDelta, epoch: Epoch, origin: Origin) -> BreakdownRow {
        BreakdownRow {
            site_id: cell.site,
            calendar: cell.calendar,
            dimension: cell.dimension,
            day: cell.day,
            hash: cell.hash,
            previous: cell.previous,
            origin: origin as u8,
            visitors: value.visitors,
            visits: value.visits,
            pageviews: value.pageviews,
            events: value.events,
            bounces: value.bounces,
            duration_ms: value.duration_ms,
            revenue: value.revenue,
            epoch,
            deleted: u8::from(*value == BreakdownDelta::default()),
        }
    }
}

/// The values that the cells of a commit have.
#[derive(Default)]
pub(crate) struct Words {
    values: HashMap<u64, CompactString>,
    /// The hash of each text, and of each attribute of a visit in the order of [`OF_VISITS`].
    texts: HashMap<TextId, u64>,
    visits: HashMap<VisitId, [u64; OF_VISITS.len()]>,
}

impl Words {
    /// What rows say of days, by cell. `calendar` gives the number of each site's.
    pub(crate) fn cells(
        &mut self,
        rows: &Rows,
        calendar: &dyn Fn(u32) -> u32,
        reader: &Reader<'_>,
    ) -> HashMap<BreakdownKey, BreakdownDelta> {
        let mut cells = HashMap::new();
        for (cell, delta) in &rows.breakdowns {
            self.of_cell(cell, calendar(cell.site), reader, |key| add(&mut cells, key, delta));
        }
        for (company, diff) in &rows.companies {
            let delta = BreakdownDelta { visitors: *diff, ..BreakdownDelta::default() };
            self.of_company(company, calendar(company.site), reader, |key| add(&mut cells, key, &delta));
        }
        cells.retain(|_, delta| !delta.is_zero());
        cells
    }

    /// The values that changes are by, each with the last epoch that touched it.
    pub(crate) fn values(&self, changes: &ChangesOf<Breakdowns>) -> Vec<ValueRow> {
        let mut touched: HashMap<(u32, u64), Epoch> = HashMap::new();
        for (epoch, changes) in changes {
            touched.extend(changes.iter().map(|(cell, _)| ((cell.site, cell.hash), *epoch)));
        }
        let row = |((site_id, hash), epoch)| {
            Some(ValueRow { site_id, hash, value: self.values.get(&hash)?.clone(), epoch })
        };
        touched.into_iter().filter_map(row).collect()
    }

    fn of_cell(
        &mut self,
        cell: &BreakdownCell,
        calendar: u32,
        reader: &Reader<'_>,
        mut add: impl FnMut(BreakdownKey),
    ) {
        let &BreakdownCell { site, by, value, day, previous } = cell;
        let key = |dimension, hash| BreakdownKey { site, calendar, dimension, day, hash, previous };
        match by {
            By::Nothing => add(key(BreakdownColumn::Everyone, self.hash(""))),
            By::Page => add(key(BreakdownColumn::Page, self.text(TextId(value), reader))),
            By::Name => add(key(BreakdownColumn::Name, self.text(TextId(value), reader))),
            By::Entry => add(key(BreakdownColumn::EntryPage, self.text(TextId(value), reader))),
            By::Exit => add(key(BreakdownColumn::ExitPage, self.text(TextId(value), reader))),
            By::Visit => {
                let hashes = self.visit(VisitId(value), reader);
                for ((dimension, _), hash) in OF_VISITS.iter().zip(hashes) {
                    add(key(*dimension, hash));
                }
            }
        }
    }

    fn of_company(
        &mut self,
        company: &Company,
        calendar: u32,
        reader: &Reader<'_>,
        mut add: impl FnMut(BreakdownKey),
    ) {
        let &Company { site, day, .. } = company;
        let visits: Vec<_> = company.visits.iter().map(|visit| self.visit(*visit, reader)).collect();
        let earlier: Vec<_> =
            company.earlier.iter().map(|(visit, day)| (self.visit(*visit, reader), *day)).collect();
        for (place, (dimension, _)) in OF_VISITS.iter().enumerate() {
            for (number, visit) in visits.iter().enumerate() {
                let hash = visit[place];
                if visits[..number].iter().any(|other| other[place] == hash) {
                    continue;
                }
                let same = earlier.iter().filter(|(visit, _)| visit[place] == hash);
                let previous = same.map(|(_, day)| *day).max().unwrap_or(NEVER);
                add(BreakdownKey { site, calendar, dimension: *dimension, day, hash, previous });
            }
        }
    }

    fn text(&mut self, id: TextId, reader: &Reader<'_>) -> u64 {
        if let Some(hash) = self.texts.get(&id) {
            return *hash;
        }
        let text: Arc<str> = reader.text(id);
        let hash = self.hash(&text);
        self.texts.insert(id, hash);
        hash
    }

    fn visit(&mut self, id: VisitId, reader: &Reader<'_>) -> [u64; OF_VISITS.len()] {
        if let Some(hashes) = self.visits.get(&id) {
            return *hashes;
        }
        let visit = reader.visit(id);
        let hashes = OF_VISITS.map(|(_, attribute)| self.hash(attribute(&visit)));
        self.visits.insert(id, hashes);
        hashes
    }

    fn hash(&mut self, value: &str) -> u64 {
        let hash = intern::hash(value);
        self.values.entry(hash).or_insert_with(|| value.into());
        hash
    }
}

/// What people of one site add to its days, a share of them after the other.
#[derive(Default)]
pub(crate) struct Days {
    cells: HashMap<BreakdownKey, BreakdownDelta>,
    values: HashMap<u64, CompactString>,
}

impl Days {
    pub(crate) fn new(rows: &Rows, calendar: u32, reader: &Reader<'_>) -> Self {
        let mut words = Words::default();
        let cells = words.cells(rows, &|_| calendar, reader);
        Self { cells, values: words.values }
    }

    pub(crate) fn add(&mut self, share: Self) {
        for (key, delta) in &share.cells {
            add(&mut self.cells, *key, delta);
        }
        self.values.extend(share.values);
    }

    /// The cells, and the values of a site as they were up to an epoch.
    pub(crate) fn into_cells(
        self,
        site: u32,
        epoch: Epoch,
    ) -> (Vec<(BreakdownKey, BreakdownDelta)>, Vec<ValueRow>) {
        let value = |(hash, value)| ValueRow { site_id: site, hash, value, epoch };
        (self.cells.into_iter().collect(), self.values.into_iter().map(value).collect())
    }
}

fn add(cells: &mut HashMap<BreakdownKey, BreakdownDelta>, key: BreakdownKey, delta: &BreakdownDelta) {
    cells.entry(key).or_default().plus_equals(delta);
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::intern::{Interner, Texts};

    /// Two countries, each with two browsers.
    fn visit(number: usize) -> Visit {
        let (country, browser) = (["DE", "US"][number % 2], ["Firefox", "Safari"][number / 2]);
        Visit { country: country.into(), browser: browser.into(), ..Visit::default() }
    }

    /// What the dataflow says of one person's visits, by day and number.
    fn companies(visits: &BTreeSet<(i32, usize)>, ids: &[VisitId]) -> Vec<(Company, i64)> {
        let days: BTreeSet<i32> = visits.iter().map(|(day, _)| *day).collect();
        let company = |day: i32| {
            let of_day = visits.iter().filter(|(on, _)| *on == day).map(|(_, number)| ids[*number]);
            let before = visits.iter().filter(|(on, _)| *on < day);
            let earlier: BTreeMap<VisitId, i32> = before.map(|(on, number)| (ids[*number], *on)).collect();
            let mut visits: Vec<VisitId> = of_day.collect();
            visits.sort_unstable();
            (Company { site: 1, day, visits, earlier: earlier.into_iter().collect() }, 1)
        };
        days.into_iter().map(company).collect()
    }

    proptest! {
        /// People who came in a range by country, browser, and at all: each once, whatever they came with
        /// besides and before.
        #[test]
        fn people_of_each_attribute_add_up(
            people in prop::collection::vec(prop::collection::btree_set((0i32..8, 0usize..4), 0..8), 0..6),
            from in 0i32..8, days in 0i32..8,
        ) {
            let interner = Interner::default();
            let kinds: Vec<Visit> = (0..4).map(visit).collect();
            let texts = kinds.iter().map(|visit| Texts { path: "", name: None, visit });
            let ids: Vec<VisitId> =
                interner.take(texts).into_iter().map(|ids| ids.visit).collect();
            let mut rows = Rows::default();
            rows.companies.extend(people.iter().flat_map(|visits| companies(visits, &ids)));
            let mut words = Words::default();
            let cells = words.cells(&rows, &|_| 1, &interner.reader());

            let range = from..=from + days;
            let mut summed: BTreeMap<(BreakdownColumn, CompactString), i64> = BTreeMap::new();
            for (key, delta) in cells.iter().filter(|(key, _)| range.contains(&key.day) && key.previous < from) {
                let value = words.values[&key.hash].clone();
                *summed.entry((key.dimension, value)).or_default() += delta.visitors;
            }
            let mut counted: BTreeMap<(BreakdownColumn, CompactString), i64> = BTreeMap::new();
            for visits in &people {
                let came = visits.iter().filter(|(day, _)| range.contains(day)).map(|(_, number)| &kinds[*number]);
                let with = came.flat_map(|visit| OF_VISITS.map(|(dimension, of)| (dimension, of(visit).into())));
                for value in with.collect::<BTreeSet<_>>() {
                    *counted.entry(value).or_default() += 1;
                }
            }
            prop_assert_eq!(summed, counted);
        }
    }
}
