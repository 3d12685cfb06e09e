//! `v_breakdowns` from raw events.
//!
//! Sessions and previous days need people's histories and come in shares, so the cells are added up
//! here.

use std::collections::BTreeMap;

use clickhouse::Row;
use compact_str::CompactString;
use opentrace_events::Site;
use serde::Deserialize;

use super::{DAY, Difference, IN_SHARE, Pace, REVENUE, Share, sessionised, summed};
use crate::{Store, StoreError};

/// Dimension, day, value and previous day.
type Key = (CompactString, i32, CompactString, i32);
/// Everything of a cell but its key, in the order of the view's columns.
type Cell = [i64; 7];

#[derive(Row, Deserialize)]
struct Found {
    dimension: CompactString,
    day: i32,
    value: CompactString,
    previous: i32,
    visitors: i64,
    visits: i64,
    pageviews: i64,
    events: i64,
    bounces: i64,
    duration_ms: i64,
    revenue: i64,
}

const STORED: &str = "SELECT toString(dimension) AS dimension, day, ifNull(w.value, '?') AS value, previous, sum(visitors) AS visitors, \
    sum(visits) AS visits, sum(pageviews) AS pageviews, sum(events) AS events, sum(bounces) AS bounces, \
    sum(duration_ms) AS duration_ms, sum(revenue) AS revenue \
    FROM (SELECT * FROM v_breakdowns FINAL WHERE site_id = {site:UInt32} AND calendar = {calendar:UInt32}) AS b \
    ANY LEFT JOIN (SELECT hash, toNullable(value) AS value FROM v_values WHERE site_id = {site:UInt32}) AS w \
      ON b.hash = w.hash \
    GROUP BY dimension, day, value, previous";

/// The previous day of who did not come before.
const NEVER: &str = "toDate32('1900-01-01')";

/// People by the day before on which they came with the same value, from rows of who came when with what.
fn people(came: &str) -> String {
    format!(
        "SELECT dimension, day, value, previous, toInt64(count()) AS visitors, toInt64(0) AS visits, \
           toInt64(0) AS pageviews, toInt64(0) AS events, toInt64(0) AS bounces, toInt64(0) AS duration_ms, \
           toInt64(0) AS revenue \
         FROM (SELECT dimension, day, value, lagInFrame(day, 1, {NEVER}) OVER (\
             PARTITION BY dimension, value, visitor ORDER BY day \
             ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous \
           FROM (SELECT DISTINCT dimension, value, visitor, day FROM ({came}))) \
         GROUP BY dimension, day, value, previous"
    )
}

fn of_events() -> String {
    let events = format!(
        "SELECT visitor, {DAY} AS day, path, name, {REVENUE} AS amount FROM events \
         WHERE site_id = {{site:UInt32}} AND name != 'engagement' AND {IN_SHARE}"
    );
    let of_each = "arrayConcat([('page', path)], if(name = 'pageview', [], [('name', toString(name))]))";
    let came = format!(
        "SELECT d.1 AS dimension, d.2 AS value, visitor, day FROM ({events}) \
         ARRAY JOIN arrayConcat([('everyone', '')], {of_each}) AS d"
    );
    format!(
        "SELECT d.1 AS dimension, day, d.2 AS value, {NEVER} AS previous, toInt64(0) AS visitors, \
           toInt64(0) AS visits, toInt64(countIf(name = 'pageview')) AS pageviews, toInt64(count()) AS events, \
           toInt64(0) AS bounces, toInt64(0) AS duration_ms, sum(amount) AS revenue \
         FROM ({events}) ARRAY JOIN {of_each} AS d GROUP BY dimension, day, value UNION ALL {}",
        people(&came)
    )
}

fn of_visits() -> String {
    const ATTRIBUTES: [&str; 10] =
        ["source", "medium", "campaign", "channel", "country", "region", "city", "device", "browser", "os"];
    // After time, id, name, interactive, path and revenue.
    let place = |number: usize| number + 7;
    let columns: Vec<String> = ATTRIBUTES.iter().map(|column| format!("toString({column})")).collect();
    let attributes = ATTRIBUTES.iter().enumerate();
    let attributes: Vec<String> =
        attributes.map(|(number, column)| format!("('{column}', s[1].{})", place(number))).collect();
    let visits = format!(
        "SELECT visitor, toDate32(toTimeZone(fromUnixTimestamp64Milli(s[1].1, 'UTC'), {{zone:String}})) AS day, \
           arrayFilter(act -> act.3 = 'pageview', s) AS pages, s, \
           [('visits', ''), ('entry_page', pages[1].5), ('exit_page', pages[-1].5), {}] AS values \
         FROM ({})",
        attributes.join(", "),
        sessionised(&format!(", path, {REVENUE}, {}", columns.join(", ")))
    );
    let came =
        format!("SELECT d.1 AS dimension, d.2 AS value, visitor, day FROM ({visits}) ARRAY JOIN values AS d");
    format!(
        "SELECT d.1 AS dimension, day, d.2 AS value, {NEVER} AS previous, toInt64(0) AS visitors, \
           toInt64(count()) AS visits, toInt64(sum(length(pages))) AS pageviews, \
           toInt64(sum(length(s))) AS events, toInt64(countIf(arrayCount(act -> act.4, s) <= 1)) AS bounces, \
           toInt64(sum(s[-1].1 - s[1].1)) AS duration_ms, sum(arraySum(act -> act.6, s)) AS revenue \
         FROM ({visits}) ARRAY JOIN values AS d GROUP BY dimension, day, value UNION ALL {}",
        people(&came)
    )
}

/// Compares the cells of a site.
pub(super) async fn compare(
    store: &Store,
    site: &Site,
    shares: &[Share],
) -> Result<Vec<Difference>, StoreError> {
    let everyone = Share::everyone(shares.first().map_or(Pace::Full, |share| share.pace));
    let mut stored = BTreeMap::new();
    add(&mut stored, store.about(STORED, site, everyone).fetch_all().await?);
    let mut recomputed = BTreeMap::new();
    for share in shares {
        for query in [of_events(), of_visits()] {
            add(&mut recomputed, store.about(&query, site, *share).fetch_all().await?);
        }
    }
    for cells in [&mut stored, &mut recomputed] {
        cells.retain(|_, cell| *cell != Cell::default());
    }
    Ok(summed::differences("breakdowns", site, &stored, &recomputed, text))
}

fn add(cells: &mut BTreeMap<Key, Cell>, rows: Vec<Found>) {
    for row in rows {
        let cell = cells.entry((row.dimension, row.day, row.value, row.previous)).or_default();
        let values =
            [row.visitors, row.visits, row.pageviews, row.events, row.bounces, row.duration_ms, row.revenue];
        summed::add(cell, values);
    }
}

/// A cell as ClickHouse writes a tuple.
fn text((dimension, day, value, previous): &Key, cell: &Cell) -> String {
    let date = |day: i32| jiff::civil::Date::constant(1970, 1, 1).saturating_add(jiff::Span::new().days(day));
    let values: Vec<String> = cell.iter().map(i64::to_string).collect();
    format!("('{dimension}','{}',{value:?},'{}',{})", date(*day), date(*previous), values.join(","))
}
