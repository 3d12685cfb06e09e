//! Schema migrations: SQL files compiled in, applied in order, recorded with a checksum.
//!
//! ClickHouse has no transactions over statements, so every statement can be run again
//! (`IF NOT EXISTS`): a migration that was cut off is finished by the next start. A file that was
//! applied and then edited is refused.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Store, StoreError};

/// A migration of the single-server variant.
struct Migration {
    name: &'static str,
    sql: &'static str,
}

const SINGLE: &[Migration] = &[
    Migration { name: "0001_events", sql: include_str!("../migrations/single/0001_events.sql") },
    Migration { name: "0002_views", sql: include_str!("../migrations/single/0002_views.sql") },
    Migration { name: "0003_definitions", sql: include_str!("../migrations/single/0003_definitions.sql") },
    Migration { name: "0004_clusters", sql: include_str!("../migrations/single/0004_clusters.sql") },
    Migration { name: "0005_models", sql: include_str!("../migrations/single/0005_models.sql") },
    Migration { name: "0006_breakdowns", sql: include_str!("../migrations/single/0006_breakdowns.sql") },
    Migration { name: "0007_acts", sql: include_str!("../migrations/single/0007_acts.sql") },
];

#[derive(Row, Serialize, Deserialize)]
struct Applied {
    name: String,
    checksum: String,
}

impl Store {
    /// Brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::MigrationEdited`] when an applied file differs from what was applied.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let client = self.client();
        client
            .query(
                "CREATE TABLE IF NOT EXISTS schema_migrations \
                 (name String, checksum String, applied_at DateTime DEFAULT now()) \
                 ENGINE = ReplacingMergeTree ORDER BY name",
            )
            .execute()
            .await?;
        let applied: Vec<Applied> =
            client.query("SELECT name, checksum FROM schema_migrations FINAL").fetch_all().await?;
        for migration in SINGLE {
            let checksum = hex(&Sha256::digest(migration.sql.as_bytes()));
            match applied.iter().find(|applied| applied.name == migration.name) {
                Some(applied) if applied.checksum == checksum => {}
                Some(_) => return Err(StoreError::MigrationEdited { name: migration.name.to_owned() }),
                None => self.apply(migration, checksum).await?,
            }
        }
        Ok(())
    }

    async fn apply(&self, migration: &Migration, checksum: String) -> Result<(), StoreError> {
        tracing::info!(migration = migration.name, "applying migration");
        for statement in statements(migration.sql) {
            self.client().query_raw(&statement).execute().await?;
        }
        let mut insert = self.client().insert::<Applied>("schema_migrations").await?;
        insert.write(&Applied { name: migration.name.to_owned(), checksum }).await?;
        Ok(insert.end().await?)
    }
}

/// The statements of a file: separated by semicolons at the end of a line, without comment lines.
fn statements(sql: &str) -> Vec<String> {
    let code: Vec<&str> = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let code = code.join("\n");
    code.split(";\n")
        .map(|statement| statement.trim().trim_end_matches(';').to_owned())
        .filter(|s| !s.is_empty())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_split_into_their_statements() {
        let sql = "-- a; comment\nCREATE TABLE a (\n x String\n);\n\n-- more\nCREATE TABLE b (y String);\n";
        assert_eq!(statements(sql), ["CREATE TABLE a (\n x String\n)", "CREATE TABLE b (y String)"]);
    }

    #[test]
    fn every_shipped_migration_can_be_run_again() {
        for statement in SINGLE.iter().flat_map(|migration| statements(migration.sql)) {
            // To set what is set already does nothing.
            let guards = ["IF NOT EXISTS", "IF EXISTS", "MODIFY SETTING", "MODIFY COLUMN"];
            let guarded = guards.iter().any(|guard| statement.contains(guard));
            assert!(guarded, "{statement}");
        }
    }
}
