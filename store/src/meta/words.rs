//! Words that sites add to the query language: saved filters and metrics of their own.

use opentrace_events::SiteId;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Meta, now_ms};
use crate::StoreError;

/// What a word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordKind {
    /// Filters.
    Segment,
    Metric,
}

/// A word as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordRecord {
    /// Never given twice.
    pub id: i64,
    pub kind: WordKind,
    pub name: String,
    /// JSON as it was asked for.
    pub body: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
}

impl WordKind {
    /// Its name in the database and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Metric => "metric",
        }
    }
}

impl Meta {
    /// The words of a site, oldest first.
    pub async fn words(&self, site: SiteId) -> Result<Vec<WordRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM words WHERE site_id = ? ORDER BY id")
            .bind(i64::from(site.0))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(record_of).collect()
    }

    /// Adds a word.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where the site has one of the kind and name.
    pub async fn create_word(
        &self,
        site: SiteId,
        kind: WordKind,
        name: &str,
        body: &str,
    ) -> Result<WordRecord, StoreError> {
        let insert = sqlx::query(
            "INSERT INTO words (site_id, kind, name, body, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?) \
             RETURNING *",
        );
        let now = now_ms();
        let row = insert
            .bind(i64::from(site.0))
            .bind(kind.name())
            .bind(name)
            .bind(body)
            .bind(now)
            .bind(now)
            .fetch_one(&self.pool)
            .await
            .map_err(|error| taken(error, kind, name))?;
        record_of(&row)
    }

    /// Changes a word of a site.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Exists`] where another has the name.
    pub async fn update_word(
        &self,
        site: SiteId,
        id: i64,
        kind: WordKind,
        name: &str,
        body: &str,
    ) -> Result<WordRecord, StoreError> {
        let update = sqlx::query(
            "UPDATE words SET name = ?, body = ?, updated_at = ? WHERE id = ? AND site_id = ? AND kind = ? \
             RETURNING *",
        );
        let row = update
            .bind(name)
            .bind(body)
            .bind(now_ms())
            .bind(id)
            .bind(i64::from(site.0))
            .bind(kind.name())
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| taken(error, kind, name))?;
        record_of(&row.ok_or_else(|| unknown(id, kind))?)
    }

    /// Removes a word of a site.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete_word(&self, site: SiteId, id: i64, kind: WordKind) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM words WHERE id = ? AND site_id = ? AND kind = ?")
            .bind(id)
            .bind(i64::from(site.0))
            .bind(kind.name())
            .execute(&self.pool)
            .await?;
        if done.rows_affected() == 0 { Err(unknown(id, kind)) } else { Ok(()) }
    }
}

fn taken(error: sqlx::Error, kind: WordKind, name: &str) -> StoreError {
    match error.as_database_error() {
        Some(e) if e.is_unique_violation() => StoreError::Exists { what: kind.name(), name: name.to_owned() },
        _ => error.into(),
    }
}

fn unknown(id: i64, kind: WordKind) -> StoreError {
    StoreError::NotFound { what: kind.name(), name: id.to_string() }
}

fn record_of(row: &SqliteRow) -> Result<WordRecord, StoreError> {
    let kind: String = row.try_get("kind")?;
    let kind = [WordKind::Segment, WordKind::Metric].into_iter().find(|known| known.name() == kind);
    Ok(WordRecord {
        id: row.try_get("id")?,
        kind: kind.ok_or_else(|| StoreError::Meta("a word of a kind that is not known".to_owned()))?,
        name: row.try_get("name")?,
        body: row.try_get("body")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}
