//! Gives rules the cells of the past: those of series as they are stored, and counts of stored events and
//! visits.
//!
//! What is read belongs to epochs that ClickHouse holds whole and that the bench has judged or need not
//! judge; everything after them comes by commits.

use std::sync::Arc;

use hashbrown::HashMap;
use opentrace_alerts::evaluate::Cells;
use opentrace_alerts::rule::{Condition, Rule, RuleId};
use opentrace_alerts::series::{Cell, Grain, Key, SeriesId};
use opentrace_events::define::Subject;
use opentrace_events::{SiteId, Sites, Visit, VisitorId};
use opentrace_pipeline::Epoch;
use opentrace_store::{Columns, SessionRow, Store, StoreError, StoredAct};

use super::bench::{Bench, grain_of};
use super::people::Seen;
use super::tally::{Counts, Fact, Tallies};
use super::visits::InDoubt;

/// Counts are read back at least so far, in seconds.
const LEAST: i64 = 300;
/// What [`Rule::lookback`] holds beyond what judgements need: causes that may still be corrected.
const CORRECTED: i64 = 2 * 86_400;
/// Events may be so far ahead of the clock, in milliseconds.
const AHEAD: i64 = 86_400_000;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Seeds {
    pub(super) cells: Vec<Cell>,
    /// The parts of them that history came to.
    pub(super) past: HashMap<(u32, SeriesId, Grain, i64), i64>,
    /// What was counted of sites, and from when on, in seconds since 1970.
    pub(super) counted: HashMap<SiteId, (i64, Counted)>,
}

/// What is known of stored events and visits beside the cells that they make.
#[derive(Debug, Default)]
pub(super) struct Counted {
    seen: Seen,
    in_doubt: InDoubt,
}

/// What is to be read of a site.
#[derive(Debug, Default)]
struct Wanted {
    /// From when on, in seconds since 1970, by series.
    series: HashMap<SeriesId, i64>,
    /// The same for all counts of the site.
    counts: Option<i64>,
}

/// A stored event as conditions look at it.
struct Stored<'a> {
    act: &'a StoredAct,
    visit: Visit,
}

impl Subject for Stored<'_> {
    fn name(&self) -> &str {
        &self.act.name
    }

    fn path(&self) -> &str {
        &self.act.path
    }

    fn visit(&self) -> &Visit {
        &self.visit
    }

    fn property(&self, key: &str) -> &str {
        self.act.props.iter().find(|(held, _)| held == key).map_or("", |(_, value)| value)
    }
}

/// Reads what these rules look back on at `now` (seconds since 1970), up to an epoch. `causes` are times
/// from which on alerts that are open must be understood. Counts are read for all rules of their sites, as
/// cells of their own that replace what was there.
pub(super) async fn read(
    store: &Store,
    sites: &Sites,
    tallies: &Tallies,
    rules: &[(&Rule, Option<i64>)],
    now: i64,
    epoch: Epoch,
) -> Result<Seeds, StoreError> {
    let mut seeds = Seeds::default();
    for (site, wanted) in wanted(rules, now) {
        let Some(found) = sites.get(site) else { continue };
        if let Some(from) = wanted.series.values().min() {
            let series: Vec<u32> = wanted.series.keys().map(|series| series.0).collect();
            for point in store.series_points(site.0, found.calendar, &series, *from).await? {
                let series = SeriesId(point.series);
                let (grain, start) = (grain_of(point.grain), i64::from(point.start));
                if point.history != 0 {
                    seeds.past.insert((site.0, series, grain, start), point.history);
                }
                seeds.cells.push(Cell {
                    site: site.0,
                    series,
                    grain,
                    key: Key::whole(),
                    start,
                    value: point.whole,
                });
            }
        }
        if let Some(from) = wanted.counts {
            let (cells, counted) = counts(store, sites, tallies, site, (from, now), epoch).await?;
            seeds.cells.extend(cells);
            seeds.counted.insert(site, (from, counted));
        }
    }
    Ok(seeds)
}

async fn counts(
    store: &Store,
    sites: &Sites,
    tallies: &Tallies,
    site: SiteId,
    (from, now): (i64, i64),
    epoch: Epoch,
) -> Result<(Vec<Cell>, Counted), StoreError> {
    let (mut counts, mut counted) = (Counts::default(), Counted::default());
    let (from_ms, to_ms) = (from * 1000, now * 1000 + AHEAD);
    if let Some(columns) = tallies.columns(site) {
        let mut stored = store.events_within(site.0, from_ms, to_ms, epoch, &Columns::Only(columns))?;
        while let Some(act) = stored.next().await? {
            let fact = Fact {
                site,
                ts: act.ts,
                visitor: VisitorId(act.visitor),
                revenue: act.revenue,
                currency: &act.currency,
                scroll_depth: act.scroll_depth,
                engagement_ms: act.engagement_ms,
            };
            let subject = Stored { visit: act.visit(), act: &act };
            tallies.count(fact, &subject, sites, &mut counts, &mut counted.seen);
        }
    }
    if let Some(columns) = tallies.visit_columns(site) {
        let mut stored = store.sessions_within(site.0, from_ms, to_ms, &columns)?;
        while let Some(row) = stored.next().await?.map(SessionRow::from) {
            if counted.in_doubt.is_known(&row, epoch) && row.deleted == 0 {
                tallies.count_visit(&row, 1, |_, _| true, sites, &mut counts);
            }
        }
    }
    let mut cells = counts.onto(&Cells::default());
    // An hour that began before was counted in part.
    cells.retain(|cell| cell.start >= from);
    counted.seen.forget(now);
    Ok((cells, counted))
}

fn wanted(rules: &[(&Rule, Option<i64>)], now: i64) -> HashMap<SiteId, Wanted> {
    let mut sites: HashMap<SiteId, Wanted> = HashMap::new();
    for (rule, cause) in rules {
        let wanted = sites.entry(SiteId(rule.site)).or_default();
        let mut series: Vec<SeriesId> = rule.measure.series().collect();
        if rule.minimum > 0 {
            series.push(SeriesId::EVENTS);
        }
        for series in series {
            let counted = Tallies::is_one(series);
            if counted && cause.is_none() && matches!(rule.condition, Condition::Event { .. }) {
                continue; // What happened before does not fire it.
            }
            let back = if counted { (rule.lookback() - CORRECTED).max(LEAST) } else { rule.lookback() };
            let hours =
                matches!(rule.condition, Condition::NewValue { .. }) || rule.window.seconds() > 86_400;
            let from = (now - back).min(cause.unwrap_or(i64::MAX));
            let from = if hours { from.div_euclid(3_600) * 3_600 - 3_600 } else { from.div_euclid(60) * 60 };
            if counted {
                wanted.counts = Some(wanted.counts.map_or(from, |held| held.min(from)));
            } else {
                let held = wanted.series.entry(series).or_insert(from);
                *held = from.min(*held);
            }
        }
    }
    sites
}

impl Bench {
    /// Takes what is known of what was counted in place of what is held.
    pub(super) fn take_counted(&mut self, counted: HashMap<SiteId, (i64, Counted)>) {
        for (site, (from, counted)) in counted {
            self.seen.replace(site, from, counted.seen);
            self.visits.in_doubt.replace(site, from, counted.in_doubt);
            self.visits.read_from(self.tallies.visits(site), from);
        }
    }

    /// The rules of some sites, or all, with the beginnings of the causes of their open alerts.
    pub(super) fn rules_of(&self, site: Option<SiteId>) -> Vec<(Arc<Rule>, Option<i64>)> {
        let mut causes: HashMap<RuleId, i64> = HashMap::new();
        for saved in self.evaluator.open() {
            if let Some(alert) = saved.state.alert() {
                let cause = causes.entry(saved.rule).or_insert(alert.cause.from);
                *cause = alert.cause.from.min(*cause);
            }
        }
        let of = |rule: &Rule| site.is_none_or(|site| site.0 == rule.site);
        let rules = self.rules.values().filter(|known| of(&known.rule));
        rules.map(|known| (Arc::clone(&known.rule), causes.get(&known.rule.id).copied())).collect()
    }
}
