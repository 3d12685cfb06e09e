//! Writes of the pipeline. Each may be repeated without harm: events by their token, the views
//! because a row with the same key and epoch replaces itself.

use clickhouse::Row;
use clickhouse::insert::Insert;
use serde::Serialize;

use crate::rows::{EventRow, ProgressRow, SessionRow, TrafficRow, UniquesRow};
use crate::{Store, StoreError};

impl Store {
    /// Inserts events. The same token again does nothing, whatever its rows.
    pub async fn insert_events(&self, token: &str, rows: &[EventRow<'_>]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let client = self.client();
        let insert = client.insert::<EventRow<'_>>("events").await?;
        let mut insert = bounded(insert).with_setting("insert_deduplication_token", token);
        for row in rows {
            insert.write(row).await?;
        }
        Ok(insert.end().await?)
    }

    /// Writes cells of `v_traffic`.
    pub async fn upsert_traffic(&self, rows: &[TrafficRow]) -> Result<(), StoreError> {
        self.upsert("v_traffic", rows).await
    }

    /// Writes cells of `v_uniques`.
    pub async fn upsert_uniques(&self, rows: &[UniquesRow]) -> Result<(), StoreError> {
        self.upsert("v_uniques", rows).await
    }

    /// Writes sessions and tombstones of `v_sessions`.
    pub async fn upsert_sessions(&self, rows: &[SessionRow]) -> Result<(), StoreError> {
        self.upsert("v_sessions", rows).await
    }

    /// Records how far an engine's views are.
    pub async fn record_progress(&self, row: &ProgressRow) -> Result<(), StoreError> {
        self.upsert("view_progress", std::slice::from_ref(row)).await
    }

    async fn upsert<T>(&self, table: &str, rows: &[T]) -> Result<(), StoreError>
    where
        T: Serialize + Row + for<'a> Row<Value<'a> = T>,
    {
        if rows.is_empty() {
            return Ok(());
        }
        let mut insert = bounded(self.client().insert::<T>(table).await?);
        for row in rows {
            insert.write(row).await?;
        }
        Ok(insert.end().await?)
    }
}

/// One insert is one block per partition: it is there whole or not at all, up to a million rows.
fn bounded<T>(insert: Insert<T>) -> Insert<T> {
    insert
        .with_setting("max_insert_block_size", "1048576")
        .with_setting("min_insert_block_size_rows", "1048576")
        .with_setting("min_insert_block_size_bytes", "536870912")
        .with_setting("max_partitions_per_insert_block", "0")
}
