//! Channels, with their secrets as they were sealed.

use opentrace_events::SiteId;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::super::Meta;
use crate::StoreError;

/// A channel as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertChannelRecord {
    pub id: Uuid,
    /// `None` where rules of every site may use it.
    pub site: Option<SiteId>,
    pub kind: String,
    pub name: String,
    /// JSON, without secrets.
    pub config: String,
    /// Encrypted by who gave it.
    pub secrets: Vec<u8>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
}

impl Meta {
    /// Every channel, oldest first.
    pub async fn alert_channels(&self) -> Result<Vec<AlertChannelRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM alert_channels ORDER BY created_at, id");
        rows.fetch_all(&self.pool).await?.iter().map(record_of).collect()
    }

    /// Keeps a channel, in place of the one with its id.
    pub async fn put_alert_channel(&self, record: &AlertChannelRecord) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO alert_channels (id, site_id, kind, name, config, secrets, created_at, updated_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
             config = excluded.config, secrets = excluded.secrets, updated_at = excluded.updated_at",
        );
        let insert = insert.bind(record.id.to_string()).bind(record.site.map(|site| i64::from(site.0)));
        let insert = insert.bind(&record.kind).bind(&record.name).bind(&record.config);
        let insert = insert.bind(&record.secrets).bind(record.created_at).bind(record.updated_at);
        insert.execute(&self.pool).await?;
        Ok(())
    }

    /// Removes a channel, and the messages that wait for it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete_alert_channel(&self, id: Uuid) -> Result<(), StoreError> {
        let mut transaction = self.change().await?;
        let id = id.to_string();
        let gone = sqlx::query("DELETE FROM alert_channels WHERE id = ?").bind(&id);
        if gone.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "channel", name: id });
        }
        let waiting = sqlx::query("DELETE FROM alert_outbox WHERE channel = ?").bind(&id);
        waiting.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

fn record_of(row: &SqliteRow) -> Result<AlertChannelRecord, StoreError> {
    let damaged = || StoreError::Meta("a channel does not read back".to_owned());
    let site: Option<i64> = row.try_get("site_id")?;
    Ok(AlertChannelRecord {
        id: row.try_get::<String, _>("id")?.parse().map_err(|_| damaged())?,
        site: site.map(u32::try_from).transpose().map_err(|_| damaged())?.map(SiteId),
        kind: row.try_get("kind")?,
        name: row.try_get("name")?,
        config: row.try_get("config")?,
        secrets: row.try_get("secrets")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}
