//! `v_traffic` from raw events.
//!
//! Sessions need people's histories and come in shares, so the cells are added up here.

use std::collections::BTreeMap;

use clickhouse::Row;
use opentrace_events::Site;
use serde::Deserialize;

use super::{Difference, Pace, Share, sessionised, summed};
use crate::{Store, StoreError};

/// Everything of a cell but its key, in the order of the view's columns.
type Cell = [i64; 7];

#[derive(Row, Deserialize)]
struct Found {
    /// Seconds since 1970.
    minute: u32,
    events: i64,
    pageviews: i64,
    visitors: i64,
    sessions: i64,
    bounces: i64,
    duration_ms: i64,
    revenue: i64,
}

const STORED: &str = "SELECT minute, events, pageviews, visitors, sessions, bounces, duration_ms, revenue \
    FROM v_traffic FINAL WHERE site_id = {site:UInt32}";

const COUNTED: &str = "SELECT toStartOfMinute(toDateTime(ts, 'UTC')) AS minute, toInt64(count()) AS events, \
    toInt64(countIf(name = 'pageview')) AS pageviews, toInt64(uniqExact(visitor)) AS visitors, \
    toInt64(0) AS sessions, toInt64(0) AS bounces, toInt64(0) AS duration_ms, \
    sumIf(revenue, currency = {currency:String}) AS revenue \
    FROM events WHERE site_id = {site:UInt32} AND name != 'engagement' GROUP BY minute";

fn sessions() -> String {
    format!(
        "SELECT toStartOfMinute(toDateTime(intDiv(s[1].1, 1000), 'UTC')) AS minute, toInt64(0) AS events, \
           toInt64(0) AS pageviews, toInt64(0) AS visitors, toInt64(count()) AS sessions, \
           toInt64(countIf(arrayCount(act -> act.4, s) <= 1)) AS bounces, \
           toInt64(sum(s[-1].1 - s[1].1)) AS duration_ms, toInt64(0) AS revenue \
         FROM ({}) GROUP BY minute",
        sessionised("")
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
    add(&mut recomputed, store.about(COUNTED, site, everyone).fetch_all().await?);
    for share in shares {
        add(&mut recomputed, store.about(&sessions(), site, *share).fetch_all().await?);
    }

    Ok(summed::differences("traffic", site, &stored, &recomputed, text))
}

fn add(cells: &mut BTreeMap<u32, Cell>, rows: Vec<Found>) {
    for row in rows {
        let cell = cells.entry(row.minute).or_default();
        let values = [
            row.events,
            row.pageviews,
            row.visitors,
            row.sessions,
            row.bounces,
            row.duration_ms,
            row.revenue,
        ];
        summed::add(cell, values);
    }
}

/// A cell as ClickHouse writes a tuple.
fn text(minute: &u32, cell: &Cell) -> String {
    let minute = jiff::Timestamp::from_second(i64::from(*minute)).unwrap_or_default();
    let values: Vec<String> = cell.iter().map(i64::to_string).collect();
    format!("('{}',{})", minute.strftime("%Y-%m-%d %H:%M:%S"), values.join(","))
}
