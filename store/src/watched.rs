//! Reads of who watches: cells of series over a stretch of time, events as they happened, and visits.

use clickhouse::Row;
use serde::Deserialize;

use crate::read::{Columns, VISIT_COLUMNS, WITHIN, stored_act};
use crate::rows::{GrainColumn, StoredAct, StoredSession};
use crate::{Store, StoreError};

/// A point of a series, whole: what the dataflow added and what history came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Row, Deserialize)]
pub struct SeriesPoint {
    pub series: u32,
    pub grain: GrainColumn,
    /// Seconds since 1970.
    pub start: u32,
    pub whole: i64,
    /// The part that history came to, which what the dataflow says does not hold.
    pub history: i64,
}

impl Store {
    /// The points of some series of a site that begin at `from` (seconds since 1970) or later. Built-in
    /// series are read by the site's calendar; those of definitions have none.
    ///
    /// # Errors
    /// [`StoreError::is_transient`] tells whether the same call may succeed later.
    pub async fn series_points(
        &self,
        site_id: u32,
        calendar: u32,
        series: &[u32],
        from: i64,
    ) -> Result<Vec<SeriesPoint>, StoreError> {
        let query = "SELECT series, grain, start, sum(value) AS whole, sumIf(value, origin = 1) AS history \
                     FROM v_series FINAL WHERE site_id = {site:UInt32} AND calendar IN (0, {calendar:UInt32}) \
                     AND series IN {series:Array(UInt32)} AND start >= fromUnixTimestamp({from:Int64}) \
                     GROUP BY series, grain, start ORDER BY series, grain, start";
        let query = self.client().query(query).param("site", site_id).param("calendar", calendar);
        Ok(query.param("series", series).param("from", from.max(0)).fetch_all().await?)
    }

    /// A site's stored events of some time (milliseconds since 1970, half-open) and of epochs up to
    /// `max_epoch`, in no order.
    ///
    /// # Errors
    /// Those of ClickHouse; the cursor's calls may fail as well.
    pub fn events_within(
        &self,
        site_id: u32,
        from_ms: i64,
        to_ms: i64,
        max_epoch: u64,
        columns: &Columns,
    ) -> Result<clickhouse::query::RowCursor<StoredAct>, StoreError> {
        let columns = stored_act(columns);
        let query = format!("SELECT {columns} FROM events WHERE {WITHIN} AND epoch <= {{max_epoch:UInt64}}");
        let query = self.within(&query, site_id, from_ms, to_ms).param("max_epoch", max_epoch);
        Ok(query.fetch()?)
    }

    /// The newest row of every session of a site that began within some time (milliseconds since 1970,
    /// half-open), also of those that are gone, in no order. Of entry and exit page and a visit's columns,
    /// `columns` says which are read.
    ///
    /// # Errors
    /// Those of ClickHouse; the cursor's calls may fail as well.
    pub fn sessions_within(
        &self,
        site_id: u32,
        from_ms: i64,
        to_ms: i64,
        columns: &[&'static str],
    ) -> Result<clickhouse::query::RowCursor<StoredSession>, StoreError> {
        let read = |name: &'static str| match columns.contains(&name) {
            true => name.to_owned(),
            false => format!("'' AS {name}"),
        };
        let words: Vec<String> =
            ["entry_page", "exit_page"].into_iter().chain(VISIT_COLUMNS).map(read).collect();
        let query = format!(
            "SELECT site_id, start, visitor, pageviews, events, bounce, duration_ms, revenue, epoch, deleted, {} FROM v_sessions \
             WHERE site_id = {{site:UInt32}} AND start >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
             AND start < fromUnixTimestamp64Milli({{to:Int64}}, 'UTC') \
             ORDER BY start, visitor, epoch DESC LIMIT 1 BY start, visitor",
            words.join(", ")
        );
        Ok(self.within(&query, site_id, from_ms, to_ms).fetch()?)
    }
}
