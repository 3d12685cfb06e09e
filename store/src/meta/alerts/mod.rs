//! Rules, channels, what became of alerts, and the messages that are to be sent of them.
//!
//! Everything that a judgement led to is written in one transaction, once, under the number of its turn.
//! A message leaves after those of the same alert before it were delivered, so that no receiver hears of
//! an end without a beginning.

mod channels;
mod history;
mod outbox;
mod rules;
#[cfg(test)]
mod tests;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

use super::Meta;
use crate::StoreError;

pub use channels::AlertChannelRecord;
pub use history::{AlertHistoryPage, AlertHistoryRecord};
pub use outbox::{AlertBacklog, AlertDelivery, Order, Settled};
pub use rules::{AlertRuleRecord, AlertRuleWrite};

/// Where the alert of a rule and key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertStateRow {
    pub rule: String,
    pub key: String,
    /// JSON; `None` where nothing need be kept.
    pub state: Option<String>,
}

/// A step in the life of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertHistoryRow {
    pub rule: String,
    pub key: String,
    pub kind: String,
    pub site: u32,
    pub opening: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// JSON.
    pub body: String,
}

/// A message to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertMessage {
    /// The same however often the turn is computed.
    pub id: String,
    pub channel: String,
    pub opening: String,
    /// JSON.
    pub body: String,
    /// Not to be sent before, in milliseconds since 1970.
    pub next_at: i64,
}

/// What a judgement led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertCommit {
    /// One more than that of the commit before.
    pub turn: u64,
    /// The newest epoch that was judged.
    pub epoch: u64,
    pub rules: Vec<AlertRuleWrite>,
    pub states: Vec<AlertStateRow>,
    pub history: Vec<AlertHistoryRow>,
    pub messages: Vec<AlertMessage>,
}

/// How far judgement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertProgress {
    pub turn: u64,
    pub epoch: u64,
}

impl Meta {
    /// How far judgement is; noughts before the first.
    pub async fn alert_progress(&self) -> Result<AlertProgress, StoreError> {
        let row = sqlx::query("SELECT turn, epoch FROM alert_progress WHERE id = 1");
        let Some(row) = row.fetch_optional(&self.pool).await? else { return Ok(AlertProgress::default()) };
        let number = |name: &str| Ok::<_, StoreError>(row.try_get::<i64, _>(name)?.unsigned_abs());
        Ok(AlertProgress { turn: number("turn")?, epoch: number("epoch")? })
    }

    /// Writes what a judgement led to; `false` where its turn was written before.
    pub async fn commit_alerts(&self, commit: &AlertCommit) -> Result<bool, StoreError> {
        let signed = |number: u64| i64::try_from(number).map_err(|e| StoreError::Meta(e.to_string()));
        let (turn, epoch) = (signed(commit.turn)?, signed(commit.epoch)?);
        let mut transaction = self.change().await?;
        let moved = sqlx::query(
            "INSERT INTO alert_progress (id, turn, epoch) VALUES (1, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET turn = excluded.turn, epoch = max(epoch, excluded.epoch) \
             WHERE excluded.turn > alert_progress.turn",
        );
        let moved = moved.bind(turn).bind(epoch).execute(&mut *transaction).await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        for write in &commit.rules {
            rules::write(&mut transaction, write).await?;
        }
        for row in &commit.states {
            write_state(&mut transaction, row, turn).await?;
        }
        for row in &commit.history {
            let insert = sqlx::query(
                "INSERT INTO alert_history (rule, key, turn, kind, site_id, opening, at, body) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            );
            let insert = insert.bind(&row.rule).bind(&row.key).bind(turn).bind(&row.kind);
            let insert = insert.bind(i64::from(row.site)).bind(&row.opening).bind(row.at).bind(&row.body);
            insert.execute(&mut *transaction).await?;
        }
        for message in &commit.messages {
            outbox::write(&mut transaction, message).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Every state that is kept, by rule and key.
    pub async fn alert_states(&self) -> Result<Vec<AlertStateRow>, StoreError> {
        let rows = sqlx::query("SELECT rule, key, state FROM alert_states ORDER BY rule, key");
        let rows = rows.fetch_all(&self.pool).await?;
        rows.iter().map(state_of).collect()
    }
}

async fn write_state(
    transaction: &mut Transaction<'_, Sqlite>,
    row: &AlertStateRow,
    turn: i64,
) -> Result<(), StoreError> {
    let query = match &row.state {
        None => {
            sqlx::query("DELETE FROM alert_states WHERE rule = ? AND key = ?").bind(&row.rule).bind(&row.key)
        }
        Some(state) => sqlx::query(
            "INSERT INTO alert_states (rule, key, state, turn) VALUES (?, ?, ?, ?) \
             ON CONFLICT (rule, key) DO UPDATE SET state = excluded.state, turn = excluded.turn",
        )
        .bind(&row.rule)
        .bind(&row.key)
        .bind(state)
        .bind(turn),
    };
    query.execute(&mut **transaction).await?;
    Ok(())
}

fn state_of(row: &SqliteRow) -> Result<AlertStateRow, StoreError> {
    let state = Some(row.try_get("state")?);
    Ok(AlertStateRow { rule: row.try_get("rule")?, key: row.try_get("key")?, state })
}
