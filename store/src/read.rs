//! Reads of the pipeline: cells to add to, histories to bring back, and what is stored already.
//!
//! Lists of keys are numbers written into the statement: they come from the dataflow, not from a
//! request, and ClickHouse reads lists of literals quickly.

use std::fmt::Write;

use clickhouse::Row;
use opentrace_events::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::rows::{ProgressRow, StoredAct, StoredId, TrafficRow, UniquesPeriod, UniquesRow};
use crate::{Store, StoreError};

/// Keys per statement.
const CHUNK: usize = 20_000;

/// A site's events of some time, half-open, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySlice {
    pub site_id: u32,
    pub from_ms: i64,
    pub to_ms: i64,
}

/// The events of some visitors of a site within some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitorSlice {
    pub site_id: u32,
    pub from_ms: i64,
    pub to_ms: i64,
    pub visitors: Vec<u64>,
}

#[derive(Row, Deserialize)]
struct Visitor {
    slice: u32,
    visitor: u64,
}

#[derive(Row, Deserialize)]
struct Place {
    log_partition: u16,
    log_offset: u64,
}

#[derive(Row, Deserialize)]
struct Id {
    #[serde(with = "clickhouse::serde::uuid")]
    id: Uuid,
}

impl Store {
    /// How far an engine's views are.
    pub async fn progress(&self, engine: &str) -> Result<Option<ProgressRow>, StoreError> {
        let query = "SELECT engine, epoch, generation, closed_at FROM view_progress \
                     WHERE engine = {engine:String} ORDER BY epoch DESC LIMIT 1";
        Ok(self.client().query(query).param("engine", engine).fetch_optional().await?)
    }

    /// The newest epoch of any engine; 0 where there is none.
    pub async fn latest_epoch(&self) -> Result<u64, StoreError> {
        Ok(self.client().query("SELECT max(epoch) FROM view_progress").fetch_one().await?)
    }

    /// Cells of `v_traffic` by site and minute (milliseconds since 1970). Missing ones are left out.
    pub async fn traffic_cells(&self, keys: &[(u32, i64)]) -> Result<Vec<TrafficRow>, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        for keys in keys.chunks(CHUNK) {
            let list = join(keys.iter().map(|(site, minute)| format!("({site},toDateTime({},'UTC'))", minute / 1000)));
            let query = format!(
                "SELECT site_id, minute, events, pageviews, visitors, sessions, bounces, duration_ms, revenue, \
                 epoch, deleted FROM v_traffic FINAL WHERE (site_id, minute) IN ({list})"
            );
            rows.extend(self.internal(&query).fetch_all::<TrafficRow>().await?);
        }
        Ok(rows)
    }

    /// Cells of `v_uniques` by site, period and first day. Missing ones are left out.
    pub async fn uniques_cells(
        &self,
        keys: &[(u32, UniquesPeriod, i32)],
    ) -> Result<Vec<UniquesRow>, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        for keys in keys.chunks(CHUNK) {
            let list = join(keys.iter().map(|(site, period, start)| format!("({site},{},{start})", *period as i8)));
            let query = format!(
                "SELECT site_id, period, start, visitors, epoch, deleted FROM v_uniques FINAL \
                 WHERE (site_id, CAST(period AS Int8), toInt32(start)) IN ({list})"
            );
            rows.extend(self.internal(&query).fetch_all::<UniquesRow>().await?);
        }
        Ok(rows)
    }

    /// Who has stored events in each slice: index of the slice, visitor.
    pub async fn slice_visitors(&self, slices: &[DaySlice]) -> Result<Vec<(usize, u64)>, StoreError> {
        let mut found = Vec::new();
        for (index, slice) in slices.iter().enumerate() {
            let query = format!(
                "SELECT DISTINCT toUInt32({index}) AS slice, visitor FROM events WHERE {}",
                within(slice.site_id, slice.from_ms, slice.to_ms)
            );
            let rows = self.internal(&query).fetch_all::<Visitor>().await?;
            found.extend(rows.into_iter().map(|row| (row.slice as usize, row.visitor)));
        }
        Ok(found)
    }

    /// Stored events of these visitors, from epochs up to `max_epoch`.
    pub async fn visitor_events(
        &self,
        slices: &[VisitorSlice],
        max_epoch: u64,
    ) -> Result<Vec<StoredAct>, StoreError> {
        let mut found = Vec::new();
        for slice in slices {
            for visitors in slice.visitors.chunks(CHUNK) {
                let query = format!(
                    "SELECT {} FROM events WHERE {} AND visitor IN ({}) AND epoch <= {max_epoch}",
                    STORED_ACT,
                    within(slice.site_id, slice.from_ms, slice.to_ms),
                    join(visitors.iter()),
                );
                found.extend(self.internal(&query).fetch_all::<StoredAct>().await?);
            }
        }
        Ok(found)
    }

    /// Where in the log the stored events of these epochs (inclusive) lie: partition, offset.
    pub async fn existing_offsets(&self, first: u64, last: u64) -> Result<Vec<(u16, u64)>, StoreError> {
        let query = "SELECT log_partition, log_offset FROM events \
                     WHERE epoch >= {first:UInt64} AND epoch <= {last:UInt64}";
        let rows = self.client().query(query).param("first", first).param("last", last);
        let rows = rows.fetch_all::<Place>().await?;
        Ok(rows.into_iter().map(|row| (row.log_partition, row.log_offset)).collect())
    }

    /// Which of these ids a site has stored among events of some time, from epochs up to `max_epoch`.
    pub async fn existing_ids(
        &self,
        site_id: u32,
        ids: &[Uuid],
        from_ms: i64,
        to_ms: i64,
        max_epoch: u64,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut found = Vec::new();
        for ids in ids.chunks(CHUNK) {
            let query = format!(
                "SELECT DISTINCT id FROM events WHERE {} AND id IN ({}) AND epoch <= {max_epoch}",
                within(site_id, from_ms, to_ms),
                join(ids.iter().map(|id| format!("'{id}'"))),
            );
            found.extend(self.internal(&query).fetch_all::<Id>().await?.into_iter().map(|row| row.id));
        }
        Ok(found)
    }

    /// Ids clients gave to stored events of epochs after `after` up to `until` that were received
    /// at `since` or later.
    pub async fn ids_between(
        &self,
        after: u64,
        until: u64,
        since: Timestamp,
    ) -> Result<Vec<StoredId>, StoreError> {
        let query = "SELECT site_id, id, received_at FROM events \
                     WHERE epoch > {after:UInt64} AND epoch <= {until:UInt64} AND client_id \
                     AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')";
        let query = self.client().query(query).param("after", after).param("until", until);
        Ok(query.param("since", since.0).fetch_all().await?)
    }

    /// When each visitor was last active, for events at `since` or later: site, visitor, time.
    pub async fn recent_visitors(&self, since: Timestamp) -> Result<Vec<(u32, u64, i64)>, StoreError> {
        #[derive(Row, Deserialize)]
        struct Recent {
            site_id: u32,
            visitor: u64,
            last: i64,
        }
        let query = "SELECT site_id, visitor, max(ts) AS last FROM events \
                     WHERE ts >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') GROUP BY site_id, visitor";
        let rows = self.client().query(query).param("since", since.0).fetch_all::<Recent>().await?;
        Ok(rows.into_iter().map(|row| (row.site_id, row.visitor, row.last)).collect())
    }

    /// A statement with long lists of keys.
    fn internal(&self, query: &str) -> clickhouse::query::Query {
        self.client()
            .query_raw(query)
            .with_setting("max_query_size", "16777216")
            .with_setting("max_ast_elements", "1000000")
            .with_setting("max_expanded_ast_elements", "1000000")
    }
}

const STORED_ACT: &str = "site_id, visitor, ts, id, name, interactive, path, revenue, currency, hostname, \
    referrer, source, medium, campaign, term, content, channel, country, region, city, device, browser, \
    browser_version, os, os_version, screen, language, platform, app, app_version";

/// A site's events of some time, said so that the primary key and the partitions are used.
fn within(site_id: u32, from_ms: i64, to_ms: i64) -> String {
    format!(
        "site_id = {site_id} AND ts >= fromUnixTimestamp64Milli(toInt64({from_ms}), 'UTC') \
         AND ts < fromUnixTimestamp64Milli(toInt64({to_ms}), 'UTC') \
         AND toDate(ts) >= toDate(fromUnixTimestamp64Milli(toInt64({from_ms}), 'UTC')) \
         AND toDate(ts) <= toDate(fromUnixTimestamp64Milli(toInt64({to_ms}), 'UTC'))"
    )
}

fn join<T: std::fmt::Display>(items: impl Iterator<Item = T>) -> String {
    let mut list = String::new();
    for item in items {
        let separator = if list.is_empty() { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(list, "{separator}{item}");
    }
    list
}
