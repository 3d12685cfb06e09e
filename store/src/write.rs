//! Writes of the pipeline. Each may be repeated without harm: events by their token, the views
//! because a row with the same key and epoch replaces itself.
//!
//! One insert of up to a million rows is one block per partition: it is there whole or not at all.

use clickhouse::{RowOwned, RowWrite};

use crate::blocks::Block;
use crate::rows::{ClusterRow, ProgressRow, ValueRow};
use crate::{Store, StoreError};

/// Settings that keep ClickHouse from splitting a block.
const WHOLE: [(&str, &str); 4] = [
    ("max_insert_block_size", "1048576"),
    ("min_insert_block_size_rows", "1048576"),
    ("min_insert_block_size_bytes", "536870912"),
    ("max_partitions_per_insert_block", "0"),
];

/// A block is sent in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

impl Store {
    /// Inserts rows. With a token, the same token again does nothing, whatever its rows.
    ///
    /// # Errors
    /// [`StoreError::is_transient`] tells whether the same call may succeed later; what a failed
    /// call left behind, the same token does not write twice, and rows of views replace themselves.
    pub async fn insert(&self, block: &Block, token: Option<&str>) -> Result<(), StoreError> {
        if block.rows == 0 {
            return Ok(());
        }
        let statement =
            format!("INSERT INTO {} (`{}`) FORMAT Native", block.table, block.columns.join("`, `"));
        let mut insert = self.client().insert_formatted_with(statement);
        for (name, value) in WHOLE {
            insert = insert.with_setting(name, value);
        }
        if let Some(token) = token {
            insert = insert.with_setting("insert_deduplication_token", token);
        }
        let mut data = block.data.clone();
        while !data.is_empty() {
            insert.send(data.split_to(data.len().min(PIECE_BYTES))).await?;
        }
        Ok(insert.end().await?)
    }

    /// Writes which values hashes stand for.
    ///
    /// # Errors
    /// As [`Store::insert`].
    pub async fn upsert_values(&self, rows: &[ValueRow]) -> Result<(), StoreError> {
        self.upsert("v_values", rows).await
    }

    /// Writes which segments visitors are in, and tombstones, of `visitor_clusters`.
    ///
    /// # Errors
    /// As [`Store::insert`].
    pub async fn upsert_clusters(&self, rows: &[ClusterRow]) -> Result<(), StoreError> {
        self.upsert("visitor_clusters", rows).await
    }

    /// Records how far an engine's views are.
    ///
    /// # Errors
    /// As [`Store::insert`].
    pub async fn record_progress(&self, row: &ProgressRow) -> Result<(), StoreError> {
        self.upsert("view_progress", std::slice::from_ref(row)).await
    }

    pub(crate) async fn upsert<T: RowOwned + RowWrite>(
        &self,
        table: &str,
        rows: &[T],
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut insert = self.client().insert::<T>(table).await?;
        for (name, value) in WHOLE {
            insert = insert.with_setting(name, value);
        }
        for row in rows {
            insert.write(row).await?;
        }
        Ok(insert.end().await?)
    }
}
