//! What happened to alerts, as it is read back.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::Meta;
use super::AlertHistoryRow;
use crate::StoreError;

/// A step in the life of an alert and its place in the order of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertHistoryRecord {
    pub seq: i64,
    pub row: AlertHistoryRow,
}

/// Which part of history is read.
#[derive(Clone, Debug, Default)]
pub struct AlertHistoryPage {
    /// `None` for every site.
    pub sites: Option<Vec<u32>>,
    pub rule: Option<String>,
    /// Only steps after this one, oldest first.
    pub after: Option<i64>,
    /// Only steps before this one, newest first.
    pub before: Option<i64>,
    pub limit: u32,
}

impl Meta {
    /// A part of history: oldest first where it is asked for what came after a step, else newest first.
    pub async fn alert_history(
        &self,
        page: &AlertHistoryPage,
    ) -> Result<Vec<AlertHistoryRecord>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM alert_history WHERE 1 = 1");
        if let Some(sites) = &page.sites {
            query.push(" AND site_id IN (");
            let mut list = query.separated(", ");
            for site in sites {
                list.push_bind(i64::from(*site));
            }
            query.push(")");
        }
        if let Some(rule) = &page.rule {
            query.push(" AND rule = ").push_bind(rule);
        }
        if let Some(after) = page.after {
            query.push(" AND seq > ").push_bind(after);
        }
        if let Some(before) = page.before {
            query.push(" AND seq < ").push_bind(before);
        }
        query.push(if page.after.is_some() { " ORDER BY seq LIMIT " } else { " ORDER BY seq DESC LIMIT " });
        query.push_bind(i64::from(page.limit));
        let rows = query.build().fetch_all(&self.pool).await?;
        rows.iter().map(record_of).collect()
    }

    /// The number of the newest step; 0 where there is none.
    pub async fn alert_history_end(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM alert_history")
            .fetch_one(&self.pool)
            .await?)
    }
}

fn record_of(row: &SqliteRow) -> Result<AlertHistoryRecord, StoreError> {
    let damaged = |_| StoreError::Meta("a step of an alert does not read back".to_owned());
    let history = AlertHistoryRow {
        rule: row.try_get("rule")?,
        key: row.try_get("key")?,
        kind: row.try_get("kind")?,
        site: u32::try_from(row.try_get::<i64, _>("site_id")?).map_err(damaged)?,
        opening: row.try_get("opening")?,
        at: row.try_get("at")?,
        body: row.try_get("body")?,
    };
    Ok(AlertHistoryRecord { seq: row.try_get("seq")?, row: history })
}
