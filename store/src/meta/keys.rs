//! Keys of programs. What a scope allows is the server's business; here they are words.

use opentrace_events::SiteId;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Meta, now_ms};
use crate::StoreError;

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: Uuid,
    /// Hash of the key's text, which is kept nowhere.
    pub hash: [u8; 32],
    /// The first characters of the text, to tell keys apart.
    pub hint: String,
    pub name: String,
    /// The one site it is for; `None`: every site.
    pub site: Option<SiteId>,
    pub scopes: Vec<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

impl Meta {
    /// Keeps a new key.
    pub async fn insert_key(&self, key: &KeyRecord) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO api_keys (id, hash, hint, name, site_id, scopes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(key.id.to_string())
            .bind(key.hash.as_slice())
            .bind(&key.hint)
            .bind(&key.name)
            .bind(key.site.map(|site| i64::from(site.0)))
            .bind(key.scopes.join(" "))
            .bind(key.created_at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Keys in force, oldest first.
    pub async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM api_keys WHERE revoked_at IS NULL ORDER BY created_at, id")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(key_of).collect()
    }

    /// Takes a key out of force.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where no key in force has the id.
    pub async fn revoke_key(&self, id: Uuid) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
            .bind(now_ms())
            .bind(id.to_string())
            .execute(&self.pool)
            .await?;
        match done.rows_affected() {
            0 => Err(StoreError::NotFound { what: "key", name: id.to_string() }),
            _ => Ok(()),
        }
    }
}

fn key_of(row: &SqliteRow) -> Result<KeyRecord, StoreError> {
    let damaged = |what: &str| StoreError::Meta(format!("a key's {what} does not read back"));
    let site: Option<i64> = row.try_get("site_id")?;
    let scopes: String = row.try_get("scopes")?;
    Ok(KeyRecord {
        id: row.try_get::<String, _>("id")?.parse().map_err(|_| damaged("id"))?,
        hash: row.try_get::<Vec<u8>, _>("hash")?.try_into().map_err(|_| damaged("hash"))?,
        hint: row.try_get("hint")?,
        name: row.try_get("name")?,
        site: site.map(|id| u32::try_from(id).map(SiteId)).transpose().map_err(|_| damaged("site"))?,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        created_at: row.try_get("created_at")?,
    })
}
