//! Erasures that were asked for, and their receipts.

use opentrace_events::{SiteId, VisitorId};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::Meta;
use crate::StoreError;

/// An erasure as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRecord {
    pub id: Uuid,
    pub site: SiteId,
    /// The kind of identifier that was given.
    pub subject: String,
    /// A digest of the identifier.
    pub digest: String,
    /// Who is meant; empty once it is done.
    pub visitors: Vec<VisitorId>,
    /// Milliseconds since 1970.
    pub requested_at: i64,
    /// The signed receipt, once it is done.
    pub receipt: Option<String>,
}

impl Meta {
    /// Keeps a new erasure.
    pub async fn insert_erasure(&self, erasure: &ErasureRecord) -> Result<(), StoreError> {
        let visitors: Vec<u64> = erasure.visitors.iter().map(|visitor| visitor.0).collect();
        let visitors =
            serde_json::to_string(&visitors).map_err(|error| StoreError::Meta(error.to_string()))?;
        let insert = sqlx::query(
            "INSERT INTO erasures (id, site_id, subject, digest, visitors, requested_at) VALUES (?, ?, ?, ?, ?, ?)",
        );
        insert
            .bind(erasure.id.to_string())
            .bind(i64::from(erasure.site.0))
            .bind(&erasure.subject)
            .bind(&erasure.digest)
            .bind(visitors)
            .bind(erasure.requested_at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Keeps the receipt of an erasure and forgets whom it was about.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn finish_erasure(&self, id: Uuid, receipt: &str) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE erasures SET receipt = ?, visitors = NULL WHERE id = ?")
            .bind(receipt)
            .bind(id.to_string())
            .execute(&self.pool)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "erasure", name: id.to_string() });
        }
        // What was overwritten in the file is still in its journal until then.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.pool).await?;
        Ok(())
    }

    /// One erasure.
    pub async fn erasure(&self, id: Uuid) -> Result<Option<ErasureRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM erasures WHERE id = ?").bind(id.to_string());
        row.fetch_optional(&self.pool).await?.as_ref().map(record_of).transpose()
    }

    /// The newest erasures of a site.
    pub async fn erasures(&self, site: SiteId, limit: u32) -> Result<Vec<ErasureRecord>, StoreError> {
        let query = "SELECT * FROM erasures WHERE site_id = ? ORDER BY requested_at DESC, id DESC LIMIT ?";
        let rows = sqlx::query(query).bind(i64::from(site.0)).bind(i64::from(limit));
        rows.fetch_all(&self.pool).await?.iter().map(record_of).collect()
    }

    /// Erasures that are not done, oldest first.
    pub async fn open_erasures(&self) -> Result<Vec<ErasureRecord>, StoreError> {
        let query = "SELECT * FROM erasures WHERE receipt IS NULL ORDER BY requested_at, id";
        sqlx::query(query).fetch_all(&self.pool).await?.iter().map(record_of).collect()
    }
}

fn record_of(row: &SqliteRow) -> Result<ErasureRecord, StoreError> {
    let damaged = |what: &str| StoreError::Meta(format!("an erasure's {what} does not read back"));
    let visitors: Option<String> = row.try_get("visitors")?;
    let visitors: Vec<u64> = match visitors {
        Some(text) => serde_json::from_str(&text).map_err(|_| damaged("visitors"))?,
        None => Vec::new(),
    };
    Ok(ErasureRecord {
        id: row.try_get::<String, _>("id")?.parse().map_err(|_| damaged("id"))?,
        site: SiteId(u32::try_from(row.try_get::<i64, _>("site_id")?).map_err(|_| damaged("site"))?),
        subject: row.try_get("subject")?,
        digest: row.try_get("digest")?,
        visitors: visitors.into_iter().map(VisitorId).collect(),
        requested_at: row.try_get("requested_at")?,
        receipt: row.try_get("receipt")?,
    })
}
