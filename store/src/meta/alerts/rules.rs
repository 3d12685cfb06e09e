//! Rules as they were asked for.

use opentrace_events::SiteId;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use uuid::Uuid;

use super::super::{Meta, now_ms};
use crate::StoreError;

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRuleRecord {
    pub id: Uuid,
    pub site: SiteId,
    pub name: String,
    /// JSON as it was asked for.
    pub body: String,
    /// Nobody is told before, in milliseconds since 1970.
    pub muted_until: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
}

/// A change of rules. It is committed with what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertRuleWrite {
    /// A new rule, or another version of one.
    Put {
        id: Uuid,
        site: SiteId,
        name: String,
        body: String,
        created_at: i64,
    },
    Mute {
        id: Uuid,
        until: i64,
    },
    Delete {
        id: Uuid,
    },
}

impl Meta {
    /// Every rule, oldest first.
    pub async fn alert_rules(&self) -> Result<Vec<AlertRuleRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM alert_rules ORDER BY created_at, id");
        rows.fetch_all(&self.pool).await?.iter().map(record_of).collect()
    }

    /// A rule.
    pub async fn alert_rule(&self, id: Uuid) -> Result<Option<AlertRuleRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM alert_rules WHERE id = ?").bind(id.to_string());
        row.fetch_optional(&self.pool).await?.as_ref().map(record_of).transpose()
    }
}

pub(super) async fn write(
    transaction: &mut Transaction<'_, Sqlite>,
    write: &AlertRuleWrite,
) -> Result<(), StoreError> {
    let query = match write {
        AlertRuleWrite::Put { id, site, name, body, created_at } => sqlx::query(
            "INSERT INTO alert_rules (id, site_id, name, body, muted_until, created_at, updated_at) \
             VALUES (?, ?, ?, ?, 0, ?, ?) ON CONFLICT (id) DO UPDATE SET site_id = excluded.site_id, \
             name = excluded.name, body = excluded.body, updated_at = excluded.updated_at",
        )
        .bind(id.to_string())
        .bind(i64::from(site.0))
        .bind(name)
        .bind(body)
        .bind(created_at)
        .bind(now_ms()),
        AlertRuleWrite::Mute { id, until } => {
            sqlx::query("UPDATE alert_rules SET muted_until = ? WHERE id = ?")
                .bind(until)
                .bind(id.to_string())
        }
        AlertRuleWrite::Delete { id } => {
            sqlx::query("DELETE FROM alert_rules WHERE id = ?").bind(id.to_string())
        }
    };
    query.execute(&mut **transaction).await?;
    Ok(())
}

fn record_of(row: &SqliteRow) -> Result<AlertRuleRecord, StoreError> {
    let damaged = || StoreError::Meta("a rule does not read back".to_owned());
    let site = u32::try_from(row.try_get::<i64, _>("site_id")?).map_err(|_| damaged())?;
    Ok(AlertRuleRecord {
        id: row.try_get::<String, _>("id")?.parse().map_err(|_| damaged())?,
        site: SiteId(site),
        name: row.try_get("name")?,
        body: row.try_get("body")?,
        muted_until: row.try_get("muted_until")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}
