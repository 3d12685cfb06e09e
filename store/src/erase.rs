//! Erasing people, or what they did before a time: raw events, and the rows of views that are about
//! one person alone.
//!
//! What adds up over people was corrected by the dataflow before; here is only what is left.

use clickhouse::Row;
use clickhouse::query::Query;
use serde::Deserialize;

use crate::{Store, StoreError};

/// Visitors per statement: numbers of up to 20 digits.
const CHUNK: usize = 6_000;
/// Each statement returns when its rows are hidden.
const SYNC: (&str, &str) = ("lightweight_deletes_sync", "2");
/// What models say of each visitor. They may have written that after the erasure, as of before it.
const SAID: [&str; 2] = ["visitor_clusters", "visitor_scores"];

const EARLIER: &str = "epoch < {epoch:UInt64}";
const EARLIER_AND_OLD: &str =
    "epoch < {epoch:UInt64} AND ts < fromUnixTimestamp64Milli({before:Int64}, 'UTC')";
/// What the erasure's own epoch took out.
const TOMBSTONES: &str = "epoch = {epoch:UInt64} AND deleted = 1";

/// Views with rows of single people, and what of such a row tells it from the person's other rows.
const VIEWS: [(&str, &str); 3] =
    [("v_sessions", "start, visitor"), ("v_features", "visitor"), ("v_funnels", "definition, day, visitor")];

/// Whose rows are erased, and which.
#[derive(Clone, Copy, Debug)]
pub struct Forgotten<'a> {
    pub site_id: u32,
    pub visitors: &'a [u64],
    /// The erasure's own epoch: rows of earlier ones go.
    pub epoch: u64,
    /// Milliseconds since 1970. Only what happened before it goes, where it is given.
    pub before_ms: Option<i64>,
}

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
    /// What an erasure removes: raw events of earlier epochs, and rows of views.
    ///
    /// # Errors
    /// [`StoreError::is_transient`] tells whether the same call may succeed later, here and below.
    pub async fn count_people(&self, whose: &Forgotten<'_>) -> Result<ErasedRows, StoreError> {
        let mut rows = ErasedRows::default();
        for some in whose.in_chunks() {
            rows.events += self.count_rows("events", "count()", some.events(), &some).await?;
            // Of views, what the erasure itself took out counts: older rows may have been merged away.
            for ((view, key), rows) in
                VIEWS.iter().zip([&mut rows.sessions, &mut rows.features, &mut rows.funnels])
            {
                *rows += self.count_rows(view, &format!("uniqExact({key})"), TOMBSTONES, &some).await?;
            }
        }
        Ok(rows)
    }

    /// Hides what is erased from every answer, and the tombstones that the erasure's epoch left.
    pub async fn erase_people(&self, whose: &Forgotten<'_>) -> Result<(), StoreError> {
        for some in whose.in_chunks() {
            self.delete_rows("events", some.events(), &some).await?;
            for (view, key) in VIEWS {
                // What tombstones hide goes before them, or it would show again.
                self.delete_rows(view, &some.rows_of(view, key), &some).await?;
                self.delete_rows(view, TOMBSTONES, &some).await?;
            }
            for table in SAID {
                self.delete_rows(table, some.said(), &some).await?;
            }
        }
        self.erase_values(whose.site_id, whose.epoch).await
    }

    /// Hides values that no day of a site has any more, as epochs up to `epoch` wrote them: a page that
    /// nobody else saw.
    async fn erase_values(&self, site_id: u32, epoch: u64) -> Result<(), StoreError> {
        let query = "DELETE FROM v_values WHERE site_id = {site:UInt32} AND epoch <= {epoch:UInt64} \
             AND hash NOT IN (SELECT hash FROM (\
               SELECT hash, sum(visitors) AS visitors, sum(events) AS events FROM v_breakdowns FINAL \
               WHERE site_id = {site:UInt32} GROUP BY calendar, dimension, day, hash, previous) \
             WHERE visitors != 0 OR events != 0)";
        let query = self.client().query_raw(query).with_setting(SYNC.0, SYNC.1);
        Ok(query.param("site", site_id).param("epoch", epoch).execute().await?)
    }

    /// Rewrites the parts of tables that hold hidden rows without them. The old parts leave the disk
    /// within minutes, when ClickHouse lets go of them.
    pub async fn rewrite_erased(&self) -> Result<(), StoreError> {
        for table in ["events", "v_values"].into_iter().chain(SAID).chain(VIEWS.map(|(view, _)| view)) {
            let query = format!("ALTER TABLE {table} APPLY DELETED MASK");
            self.client().query(&query).with_setting("mutations_sync", "2").execute().await?;
        }
        Ok(())
    }

    /// Visitors of a site who did something before a time, in milliseconds since 1970, with how many events
    /// each has in all; not all of them, where there are more than `most`.
    pub async fn visitors_before(
        &self,
        site_id: u32,
        before_ms: i64,
        most: usize,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        #[derive(Row, Deserialize)]
        struct Visitor {
            visitor: u64,
            events: u64,
        }
        let query = "SELECT visitor, count() AS events FROM events WHERE site_id = {site:UInt32} AND visitor IN (\
                       SELECT DISTINCT visitor FROM events WHERE site_id = {site:UInt32} \
                       AND ts < fromUnixTimestamp64Milli({before:Int64}, 'UTC') LIMIT {most:UInt64}) \
                     GROUP BY visitor";
        let query = self.client().query(query).param("site", site_id).param("before", before_ms);
        let rows = query.param("most", most as u64).fetch_all::<Visitor>().await?;
        Ok(rows.into_iter().map(|row| (row.visitor, row.events)).collect())
    }

    /// Hides what models said about the time before an instant, in milliseconds since 1970.
    pub async fn erase_said_before(&self, site_id: u32, before_ms: i64) -> Result<(), StoreError> {
        for table in ["anomalies", "v_forecast"] {
            let query = format!(
                "DELETE FROM {table} WHERE site_id = {{site:UInt32}} \
                 AND start < fromUnixTimestamp64Milli({{before:Int64}}, 'UTC')"
            );
            let query = self.client().query(&query).with_setting(SYNC.0, SYNC.1);
            query.param("site", site_id).param("before", before_ms).execute().await?;
        }
        Ok(())
    }

    async fn count_rows(
        &self,
        table: &str,
        rows: &str,
        which: &str,
        whose: &Forgotten<'_>,
    ) -> Result<u64, StoreError> {
        let query = format!("SELECT {rows} AS rows FROM {table} WHERE {WHOSE} AND {which}");
        Ok(whose.told_to(self.client().query(&query)).fetch_one::<Count>().await?.rows)
    }

    async fn delete_rows(&self, table: &str, which: &str, whose: &Forgotten<'_>) -> Result<(), StoreError> {
        let query = format!("DELETE FROM {table} WHERE {WHOSE} AND {which}");
        let query = self.client().query(&query).with_setting(SYNC.0, SYNC.1);
        Ok(whose.told_to(query).execute().await?)
    }
}

/// The rows of these people.
const WHOSE: &str = "site_id = {site:UInt32} AND visitor IN {visitors:Array(UInt64)}";

impl<'a> Forgotten<'a> {
    fn in_chunks(&self) -> impl Iterator<Item = Forgotten<'a>> {
        let whole = *self;
        self.visitors.chunks(CHUNK).map(move |visitors| Forgotten { visitors, ..whole })
    }

    fn told_to(&self, query: Query) -> Query {
        let query = query.param("site", self.site_id).param("visitors", self.visitors);
        query.param("epoch", self.epoch).param("before", self.before_ms.unwrap_or_default())
    }

    /// Which of the raw events go.
    fn events(&self) -> &'static str {
        if self.before_ms.is_some() { EARLIER_AND_OLD } else { EARLIER }
    }

    /// Which rows of a view go: all, or those that the erasure and later epochs wrote anew.
    fn rows_of(&self, view: &str, key: &str) -> String {
        if self.before_ms.is_none() {
            return EARLIER.to_owned();
        }
        format!(
            "{EARLIER} AND ({key}) IN (SELECT {key} FROM {view} WHERE {WHOSE} AND epoch >= {{epoch:UInt64}})"
        )
    }

    /// Whether what models say of a person goes: where nothing is left of them.
    fn said(&self) -> &'static str {
        if self.before_ms.is_none() {
            return "true";
        }
        "visitor NOT IN (SELECT visitor FROM events WHERE site_id = {site:UInt32} \
         AND visitor IN {visitors:Array(UInt64)})"
    }
}
