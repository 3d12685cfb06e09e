//! Which slices of the traffic make a step strange: its cells beside those of usual steps.
//!
//! What was usual of a cell is what it was at the same hour of the days before, on the same day of the
//! weeks before, or in the stretch right before where steps are short or long; all cells together are then
//! scaled to what was expected of the step.
//!
//! Wrong when: a slice is new, for then nothing says what was usual of it; and for metrics that are
//! neither counts nor ratios of counts (percentiles, medians), which are not explained at all.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::{try_join, try_join_all};
use jiff::civil::DateTime;
use opentrace_models::anomaly::explain::{Amount, Cell, explain};
use opentrace_query::catalogue::{self, Grain, Metric};
use opentrace_query::report::{Course, Reporting, stretch};
use opentrace_query::{DateRange, Dimension, QueryError};
use serde::Serialize;
use serde_json::Value;

/// What a step is divided by. Attributes of visits, so that every metric has them.
const DIVIDED: [&str; 5] =
    ["visit:entry_page", "visit:source", "visit:country", "visit:device", "visit:browser"];
/// Cells of a step that are looked at.
const CELLS: u64 = 5_000;

/// A slice and its part in the change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Slice {
    /// The values by which it is cut out, by dimension; none where everything changed alike.
    pub(crate) slice: BTreeMap<&'static str, String>,
    pub(crate) actual: f64,
    pub(crate) expected: f64,
    /// Of the whole change: 1 is all of it, more where others went the other way.
    pub(crate) share: f64,
    /// How much its part of the whole differs from the usual, from 0 to 1.
    pub(crate) surprise: f64,
}

type Cells = HashMap<Vec<String>, Amount>;

/// What explains that a step is not as expected; nothing where no slice stands out.
pub(crate) async fn slices(
    reporting: &Reporting<'_>,
    ask: &Course,
    step: DateTime,
    expected: f64,
) -> Result<Vec<Slice>, QueryError> {
    let Some(per) = divisor(ask.metric) else { return Ok(Vec::new()) };
    let names = divided(ask);
    let usual = usual(ask.grain, step);
    let zone = &reporting.asking.site.timezone;
    let asked = std::iter::once((step, 1)).chain(usual.iter().copied());
    let ranges: Vec<DateRange> = asked.map(|(from, count)| stretch(zone, ask.grain, from, count)).collect();
    let cells = try_join_all(ranges.iter().map(|range| read(reporting, ask, &names, per, range)));
    let mut cells = cells.await?.into_iter();
    let actual = cells.next().unwrap_or_default();
    let mut before = Cells::new();
    for (name, amount) in cells.flatten() {
        let sum = before.entry(name).or_insert(Amount { sum: 0.0, per: per.map(|_| 0.0) });
        sum.sum += amount.sum;
        sum.per = sum.per.zip(amount.per).map(|(a, b)| a + b);
    }
    Ok(compared(&names, &actual, &before, expected))
}

/// What the traffic that is asked about is divided by.
fn divided(ask: &Course) -> Vec<&'static str> {
    DIVIDED.into_iter().filter(|name| !ask.holds(name)).collect()
}

/// What a ratio is divided by, for metrics that are sums or ratios.
fn divisor(metric: Metric) -> Option<Option<Metric>> {
    match metric {
        metric if metric.adds_up() => Some(None),
        Metric::BounceRate | Metric::VisitDuration | Metric::ViewsPerVisit => Some(Some(Metric::Visits)),
        Metric::EventsPerVisitor => Some(Some(Metric::Visitors)),
        _ => None,
    }
}

/// The stretches that say what is usual for a step: where each begins and how many steps it has.
fn usual(grain: Grain, step: DateTime) -> Vec<(DateTime, usize)> {
    let each = |of: Grain, count: i64| {
        (1..=count).filter_map(|back| Some((of.after(step, -back)?, 1))).collect::<Vec<_>>()
    };
    let right_before =
        |count: usize| grain.after(step, -(count as i64)).map(|from| (from, count)).into_iter().collect();
    match grain {
        Grain::Minute => right_before(60),
        Grain::Hour => each(Grain::Day, 7),
        Grain::Day => each(Grain::Week, 4),
        Grain::Week => right_before(4),
        Grain::Month => right_before(3),
    }
}

/// The slices from which the change between two stretches comes, the second as long as the first.
pub(crate) async fn between(
    reporting: &Reporting<'_>,
    ask: &Course,
    before: &DateRange,
    after: &DateRange,
) -> Result<Vec<Slice>, QueryError> {
    let Some(per) = divisor(ask.metric) else { return Ok(Vec::new()) };
    let names = divided(ask);
    let (before, after) =
        try_join(read(reporting, ask, &names, per, before), read(reporting, ask, &names, per, after)).await?;
    let expected = before.values().map(|cell| cell.sum).sum();
    Ok(compared(&names, &after, &before, expected))
}

/// The cells of a stretch.
async fn read(
    reporting: &Reporting<'_>,
    ask: &Course,
    names: &[&'static str],
    per: Option<Metric>,
    range: &DateRange,
) -> Result<Cells, QueryError> {
    let dimensions = names.iter().filter_map(|name| catalogue::field(name)).map(Dimension::Field).collect();
    let mut query = ask.query(range.clone(), dimensions);
    query.metrics.extend(per);
    query.pagination.limit = CELLS;
    let number = |value: &Value| value.get("value").unwrap_or(value).as_f64().unwrap_or_default();
    let cell = |row: opentrace_query::answer::Group| {
        let value = row.metrics.first().map_or(0.0, number);
        let amount = match row.metrics.get(1).map(number) {
            Some(per) => Amount::ratio(value * per, per),
            None => Amount::sum(value),
        };
        (row.dimensions, amount)
    };
    Ok(reporting.asking.answer(&query).await?.results.into_iter().map(cell).collect())
}

fn compared(names: &[&'static str], actual: &Cells, before: &Cells, expected: f64) -> Vec<Slice> {
    let total = |cells: &Cells| {
        cells.values().fold((0.0, 0.0), |(sum, per), cell| (sum + cell.sum, per + cell.per.unwrap_or(0.0)))
    };
    let (usual, now) = (total(before), total(actual));
    // A ratio is compared with what it was, over as many visits as there are now.
    let is_ratio = actual.values().chain(before.values()).any(|cell| cell.per.is_some());
    let scale = match is_ratio {
        true if usual.1 > 0.0 => now.1 / usual.1,
        false if usual.0 != 0.0 => expected / usual.0,
        _ => return Vec::new(),
    };
    let mut ids: Vec<HashMap<&str, u32>> = vec![HashMap::new(); names.len()];
    let mut words: Vec<Vec<&str>> = vec![Vec::new(); names.len()];
    let mut cells = Vec::with_capacity(actual.len() + before.len());
    let nothing = Amount { sum: 0.0, per: is_ratio.then_some(0.0) };
    let news = before.keys().filter(|key| !actual.contains_key(*key));
    let mut keys: Vec<&Vec<String>> = actual.keys().chain(news).collect();
    keys.sort_unstable();
    for key in keys {
        let numbered = key.iter().zip(ids.iter_mut().zip(&mut words)).map(|(word, (ids, words))| {
            *ids.entry(word).or_insert_with(|| {
                words.push(word);
                // There are far fewer than 2³² cells.
                (words.len() - 1) as u32
            })
        });
        let keys = numbered.collect();
        let was = before.get(key).copied().unwrap_or(nothing);
        let expected = Amount { sum: was.sum * scale, per: was.per.map(|per| per * scale) };
        cells.push(Cell { keys, actual: actual.get(key).copied().unwrap_or(nothing), expected });
    }
    let Ok(explanation) = explain(&cells) else { return Vec::new() };
    let named = |(dimension, value): &(usize, u32)| {
        (names[*dimension], words[*dimension][*value as usize].to_owned())
    };
    let told = explanation.slices.into_iter().map(|slice| Slice {
        slice: slice.keys.iter().map(named).collect(),
        actual: slice.actual,
        expected: slice.expected,
        share: slice.share,
        surprise: slice.surprise,
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(page: &str, country: &str) -> Vec<String> {
        vec![page.to_owned(), country.to_owned()]
    }

    /// 4 pages in 5 countries, each cell with its own size; `change` says how it differs from the usual.
    fn cells(change: impl Fn(usize, usize) -> f64, per: Option<f64>) -> Cells {
        let cell = |at: usize| {
            let (page, country) = (at / 5, at % 5);
            let sum = (50.0 + at as f64) * change(page, country);
            (
                key(&format!("/{page}"), &format!("C{country}")),
                Amount { sum, per: per.map(|per| per * 100.0) },
            )
        };
        (0..20).map(cell).collect()
    }

    const NAMES: [&str; 2] = ["visit:entry_page", "visit:country"];

    #[test]
    fn the_slice_that_fell_is_named() {
        let usual = cells(|_, _| 7.0, None);
        let expected: f64 = usual.values().map(|cell| cell.sum).sum::<f64>() / 7.0;
        let now = cells(|_, country| if country == 3 { 0.1 } else { 1.0 }, None);
        let slices = compared(&NAMES, &now, &usual, expected);
        assert_eq!(slices[0].slice, BTreeMap::from([("visit:country", "C3".to_owned())]), "{slices:?}");
        assert!((slices[0].share - 1.0).abs() < 0.05, "{slices:?}");
    }

    #[test]
    fn of_a_ratio_the_slice_whose_rate_rose_is_named() {
        let usual = cells(|_, _| 1.0, Some(10.0));
        let now = cells(|page, _| if page == 2 { 3.0 } else { 1.0 }, Some(10.0));
        let slices = compared(&NAMES, &now, &usual, 0.0);
        assert_eq!(slices[0].slice, BTreeMap::from([("visit:entry_page", "/2".to_owned())]), "{slices:?}");
    }

    #[test]
    fn without_a_past_nothing_is_explained() {
        assert!(compared(&NAMES, &cells(|_, _| 1.0, None), &Cells::new(), 100.0).is_empty());
    }
}
