//! Goals, funnels, retention and series, as users named and wrote them.
//!
//! A definition has an id for ever and a number for what is kept of it: when the definition, or the
//! settings of its site by which days and sums are made, change, it gets a new number, and what was
//! kept under the old one is let go.

use opentrace_events::define::{Definition, Spec};
use opentrace_events::{DefinitionId, SiteId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use uuid::Uuid;

use super::{Meta, now_ms};
use crate::StoreError;

/// A definition as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionRecord {
    pub id: Uuid,
    pub name: String,
    /// JSON as it was asked for.
    pub body: String,
    pub definition: Definition,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
}

/// What a definition is made or changed to.
#[derive(Clone, Debug)]
pub struct DefinitionChange {
    pub name: String,
    pub body: String,
    pub spec: Spec,
}

/// The name of a kind of definition, as it is stored.
pub fn kind_name(spec: &Spec) -> &'static str {
    match spec {
        Spec::Goal { .. } => "goal",
        Spec::Funnel { .. } => "funnel",
        Spec::Retention { .. } => "retention",
        Spec::Series { .. } => "series",
    }
}

impl Meta {
    /// Definitions of every site, oldest first.
    pub async fn definitions(&self) -> Result<Vec<DefinitionRecord>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM definitions ORDER BY created_at, id").fetch_all(&self.pool).await?;
        rows.iter().map(record_of).collect()
    }

    /// Makes a definition.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where the site has one of the kind and name.
    pub async fn create_definition(
        &self,
        site: SiteId,
        change: &DefinitionChange,
    ) -> Result<DefinitionRecord, StoreError> {
        let mut transaction = self.change().await?;
        let number = next_number(&mut transaction).await?;
        let now = now_ms();
        let record = DefinitionRecord {
            id: Uuid::now_v7(),
            name: change.name.clone(),
            body: change.body.clone(),
            definition: Definition { id: DefinitionId(number), site, spec: change.spec.clone() },
            created_at: now,
            updated_at: now,
        };
        let insert = sqlx::query(
            "INSERT INTO definitions (id, site_id, kind, name, body, spec, number, created_at, updated_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        );
        let done = insert
            .bind(record.id.to_string())
            .bind(i64::from(site.0))
            .bind(kind_name(&change.spec))
            .bind(&change.name)
            .bind(&change.body)
            .bind(text_of(&change.spec)?)
            .bind(i64::from(number))
            .bind(now)
            .bind(now)
            .execute(&mut *transaction)
            .await;
        done.map_err(|error| taken(error, change))?;
        transaction.commit().await?;
        Ok(record)
    }

    /// Changes a definition; what is kept of it begins anew.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Exists`] where another has the name.
    pub async fn update_definition(
        &self,
        id: Uuid,
        change: &DefinitionChange,
    ) -> Result<DefinitionRecord, StoreError> {
        let mut transaction = self.change().await?;
        let number = next_number(&mut transaction).await?;
        let update = sqlx::query(
            "UPDATE definitions SET name = ?, body = ?, spec = ?, number = ?, updated_at = ? \
             WHERE id = ? AND kind = ? RETURNING *",
        );
        let row = update
            .bind(&change.name)
            .bind(&change.body)
            .bind(text_of(&change.spec)?)
            .bind(i64::from(number))
            .bind(now_ms())
            .bind(id.to_string())
            .bind(kind_name(&change.spec))
            .fetch_optional(&mut *transaction)
            .await
            .map_err(|error| taken(error, change))?;
        let row = row.ok_or_else(|| unknown(id))?;
        let record = record_of(&row)?;
        transaction.commit().await?;
        Ok(record)
    }

    /// Removes a definition.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete_definition(&self, id: Uuid) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM definitions WHERE id = ?")
            .bind(id.to_string())
            .execute(&self.pool)
            .await?;
        if done.rows_affected() == 0 { Err(unknown(id)) } else { Ok(()) }
    }
}

/// Gives a site a new calendar, and everything defined on it new numbers.
pub(super) async fn renumber(
    transaction: &mut Transaction<'_, Sqlite>,
    site: SiteId,
) -> Result<u32, StoreError> {
    let definitions: Vec<String> = sqlx::query_scalar("SELECT id FROM definitions WHERE site_id = ?")
        .bind(i64::from(site.0))
        .fetch_all(&mut **transaction)
        .await?;
    for id in definitions {
        let number = next_number(transaction).await?;
        sqlx::query("UPDATE definitions SET number = ? WHERE id = ?")
            .bind(i64::from(number))
            .bind(id)
            .execute(&mut **transaction)
            .await?;
    }
    next_number(transaction).await
}

async fn next_number(transaction: &mut Transaction<'_, Sqlite>) -> Result<u32, StoreError> {
    let done = sqlx::query("INSERT INTO numbers DEFAULT VALUES").execute(&mut **transaction).await?;
    u32::try_from(done.last_insert_rowid()).map_err(|error| StoreError::Meta(error.to_string()))
}

fn text_of(spec: &Spec) -> Result<String, StoreError> {
    serde_json::to_string(spec).map_err(|error| StoreError::Meta(error.to_string()))
}

fn taken(error: sqlx::Error, change: &DefinitionChange) -> StoreError {
    match error.as_database_error() {
        Some(e) if e.is_unique_violation() => {
            StoreError::Exists { what: kind_name(&change.spec), name: change.name.clone() }
        }
        _ => error.into(),
    }
}

fn unknown(id: Uuid) -> StoreError {
    StoreError::NotFound { what: "definition", name: id.to_string() }
}

fn record_of(row: &SqliteRow) -> Result<DefinitionRecord, StoreError> {
    let damaged = |what: &str| StoreError::Meta(format!("a definition's {what} does not read back"));
    let number = |name: &'static str| -> Result<u32, StoreError> {
        u32::try_from(row.try_get::<i64, _>(name)?).map_err(|_| damaged(name))
    };
    Ok(DefinitionRecord {
        id: row.try_get::<String, _>("id")?.parse().map_err(|_| damaged("id"))?,
        name: row.try_get("name")?,
        body: row.try_get("body")?,
        definition: Definition {
            id: DefinitionId(number("number")?),
            site: SiteId(number("site_id")?),
            spec: serde_json::from_str(&row.try_get::<String, _>("spec")?).map_err(|_| damaged("text"))?,
        },
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}
