//! Erasing people: their raw events, and the rows of views that are about them alone.
//!
//! What adds up over people was corrected by the dataflow before; here is only what is left.

use clickhouse::Row;
use serde::Deserialize;

use crate::{Store, StoreError};

/// Visitors per statement: numbers of up to 20 digits.
const CHUNK: usize = 6_000;
/// Each statement returns when its rows are hidden.
const SYNC: (&str, &str) = ("lightweight_deletes_sync", "2");
/// Views with rows of single people.
const VIEWS: [&str; 3] = ["v_sessions", "v_features", "v_funnels"];

/// What models say of each visitor. They may have written that after the erasure, as of before it.
const SAID: [&str; 2] = ["visitor_clusters", "visitor_scores"];

/// What the erasure's own epoch took out.
const TOMBSTONES: &str = "epoch = {before:UInt64} AND deleted = 1";

/// Rows about single people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedRows {
    pub events: u64,
    pub sessions: u64,
    pub features: u64,
    pub funnels: u64,
}

#[derive(Row, Deserialize)]
struct Count {
    rows: u64,
}

impl Store {
    /// What the erasure of these visitors with epoch `before` removes: raw events of earlier epochs, and
    /// rows of views.
    ///
    /// # Errors
    /// [`StoreError::is_transient`] tells whether the same call may succeed later, here and below.
    pub async fn count_people(
        &self,
        site_id: u32,
        visitors: &[u64],
        before: u64,
    ) -> Result<ErasedRows, StoreError> {
        let mut rows = ErasedRows::default();
        for visitors in visitors.chunks(CHUNK) {
            rows.events += self.count_rows("events", site_id, visitors, before).await?;
            rows.sessions += self.count_rows("v_sessions", site_id, visitors, before).await?;
            rows.features += self.count_rows("v_features", site_id, visitors, before).await?;
            rows.funnels += self.count_rows("v_funnels", site_id, visitors, before).await?;
        }
        Ok(rows)
    }

    /// Hides these visitors' rows of epochs before `before` from every answer, and the tombstones that
    /// `before` itself left.
    pub async fn erase_people(&self, site_id: u32, visitors: &[u64], before: u64) -> Result<(), StoreError> {
        for visitors in visitors.chunks(CHUNK) {
            self.delete_rows("events", "epoch < {before:UInt64}", site_id, visitors, before).await?;
            for view in VIEWS {
                // What tombstones hide goes before them, or it would show again.
                self.delete_rows(view, "epoch < {before:UInt64}", site_id, visitors, before).await?;
                self.delete_rows(view, TOMBSTONES, site_id, visitors, before).await?;
            }
            for table in SAID {
                self.delete_rows(table, "{before:UInt64} > 0", site_id, visitors, before).await?;
            }
        }
        self.erase_values(site_id, before).await
    }

    /// Hides values that no day of a site has any more, as epochs up to `before` wrote them: a page that
    /// nobody else saw.
    async fn erase_values(&self, site_id: u32, before: u64) -> Result<(), StoreError> {
        let query = "DELETE FROM v_values WHERE site_id = {site:UInt32} AND epoch <= {before:UInt64} \
             AND hash NOT IN (SELECT hash FROM (\
               SELECT hash, sum(visitors) AS visitors, sum(events) AS events FROM v_breakdowns FINAL \
               WHERE site_id = {site:UInt32} GROUP BY calendar, dimension, day, hash, previous) \
             WHERE visitors != 0 OR events != 0)";
        let query = self.client().query_raw(query).with_setting(SYNC.0, SYNC.1);
        Ok(query.param("site", site_id).param("before", before).execute().await?)
    }

    /// Rewrites the parts of tables that hold hidden rows without them. The old parts leave the disk
    /// within minutes, when ClickHouse lets go of them.
    pub async fn rewrite_erased(&self) -> Result<(), StoreError> {
        for table in ["events", "v_values"].into_iter().chain(SAID).chain(VIEWS) {
            let query = format!("ALTER TABLE {table} APPLY DELETED MASK");
            self.client().query(&query).with_setting("mutations_sync", "2").execute().await?;
        }
        Ok(())
    }

    async fn count_rows(
        &self,
        table: &str,
        site_id: u32,
        visitors: &[u64],
        before: u64,
    ) -> Result<u64, StoreError> {
        // Of views, what the erasure itself took out counts: older rows may have been merged away.
        let (rows, which) = match table {
            "events" => ("count()", "epoch < {before:UInt64}"),
            "v_sessions" => ("uniqExact(start, visitor)", TOMBSTONES),
            "v_features" => ("uniqExact(visitor)", TOMBSTONES),
            _ => ("uniqExact(definition, day, visitor)", TOMBSTONES),
        };
        let query = format!(
            "SELECT {rows} AS rows FROM {table} WHERE site_id = {{site:UInt32}} \
             AND visitor IN {{visitors:Array(UInt64)}} AND {which}"
        );
        let query = self.client().query(&query).param("site", site_id).param("visitors", visitors);
        Ok(query.param("before", before).fetch_one::<Count>().await?.rows)
    }

    async fn delete_rows(
        &self,
        table: &str,
        which: &str,
        site_id: u32,
        visitors: &[u64],
        before: u64,
    ) -> Result<(), StoreError> {
        let query = format!(
            "DELETE FROM {table} WHERE site_id = {{site:UInt32}} \
             AND visitor IN {{visitors:Array(UInt64)}} AND {which}"
        );
        let query = self.client().query(&query).with_setting(SYNC.0, SYNC.1).param("site", site_id);
        query.param("visitors", visitors).param("before", before).execute().await?;
        Ok(())
    }
}
