//! The metadata database: sites, definitions, keys, people, dashboards, the look,
//! erasures, audit. SQLite in one file.
//!
//! The truth about settings; [`opentrace_events::Sites`] is the copy that every stage reads.

mod alerts;
mod dashboards;
mod definitions;
mod erasures;
mod keys;
mod look;
mod models;
mod people;
mod sites;
mod words;

use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

pub use alerts::{
    AlertBacklog, AlertChannelRecord, AlertCommit, AlertDelivery, AlertHistoryPage, AlertHistoryRecord,
    AlertHistoryRow, AlertMessage, AlertProgress, AlertRuleRecord, AlertRuleWrite, AlertStateRow, Order,
    Settled,
};
pub use dashboards::{DashboardRecord, LinkRecord};
pub use definitions::{DefinitionChange, DefinitionRecord, kind_name};
pub use erasures::ErasureRecord;
pub use keys::KeyRecord;
pub use look::{LogoRecord, LookRecord};
pub use models::{ModelRecord, TrainingRecord, TrainingState};
pub use people::{PersonRecord, SessionRecord};
pub use sites::SiteChange;
pub use words::{WordKind, WordRecord};

use crate::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/meta");

/// A handle on the metadata database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Meta {
    pool: SqlitePool,
}

impl Meta {
    /// Opens or creates the file and brings its schema up to date.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let url = format!("sqlite://{}", file.display());
        let options = SqliteConnectOptions::from_str(&url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is deleted is overwritten: some of it is about people.
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        MIGRATIONS.run(&pool).await.map_err(|e| StoreError::Meta(e.to_string()))?;
        Ok(Self { pool })
    }

    /// Notes who changed what.
    pub async fn audit(&self, actor: &str, action: &str, subject: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO audit (at, actor, action, subject) VALUES (?, ?, ?, ?)")
            .bind(now_ms())
            .bind(actor)
            .bind(action)
            .bind(subject)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Begins a change of several statements. It has the file's lock from the start: one that first read and
    /// then wanted it would be refused when somebody else wrote meanwhile.
    async fn change(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Waits for open statements and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

#[cfg(test)]
mod tests;
