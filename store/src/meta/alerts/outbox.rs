//! Messages to channels, until they are taken or given up.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

use super::super::{Meta, now_ms};
use super::AlertMessage;
use crate::StoreError;

/// Delivered messages are kept this long, in milliseconds.
const KEEP: i64 = 30 * 86_400_000;

/// A message and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertDelivery {
    pub message: AlertMessage,
    pub attempts: u32,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// When the first attempt failed, in milliseconds since 1970.
    pub failing_since: Option<i64>,
    pub error: Option<String>,
}

/// How messages of one alert follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Each when those before it were taken.
    Apart,
    /// Also with those before it, for who sends them in their order and one request after the other.
    Together,
}

/// Messages of a channel that were not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertBacklog {
    pub queued: u64,
    /// Given up.
    pub dead: u64,
}

/// What became of an attempt to send a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    Delivered {
        id: String,
    },
    /// Tried again at `again_at` (milliseconds since 1970), never where that is `None`.
    Failed {
        id: String,
        error: String,
        again_at: Option<i64>,
    },
}

impl Meta {
    /// Messages of a channel that may leave now, oldest first.
    pub async fn due_messages(
        &self,
        channel: &str,
        now: i64,
        limit: u32,
        order: Order,
    ) -> Result<Vec<AlertDelivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM alert_outbox AS message WHERE channel = ? AND status = 'queued' AND next_at <= ? \
             AND NOT EXISTS (SELECT 1 FROM alert_outbox AS before WHERE before.channel = message.channel \
             AND before.opening = message.opening AND before.seq < message.seq AND before.status <> 'delivered' \
             AND NOT (? AND before.status = 'queued' AND before.next_at <= ?)) \
             ORDER BY seq LIMIT ?",
        );
        let rows = rows.bind(channel).bind(now).bind(order == Order::Together).bind(now);
        let rows = rows.bind(i64::from(limit)).fetch_all(&self.pool).await?;
        rows.iter().map(delivery_of).collect()
    }

    /// When the next message of a channel may be due; `None` where none waits.
    pub async fn next_message_at(&self, channel: &str, after: i64) -> Result<Option<i64>, StoreError> {
        let next = sqlx::query_scalar(
            "SELECT min(next_at) FROM alert_outbox WHERE channel = ? AND status = 'queued' AND next_at > ?",
        );
        Ok(next.bind(channel).bind(after).fetch_one(&self.pool).await?)
    }

    /// Notes what became of attempts, all at once. Messages that are not in the queue stay as they are.
    pub async fn settle_messages(&self, settled: &[Settled]) -> Result<(), StoreError> {
        let mut transaction = self.change().await?;
        for one in settled {
            let update = match one {
                Settled::Delivered { id } => sqlx::query(
                    "UPDATE alert_outbox SET status = 'delivered', attempts = attempts + 1, done_at = ?, \
                     error = NULL WHERE id = ? AND status = 'queued'",
                )
                .bind(now_ms())
                .bind(id),
                Settled::Failed { id, error, again_at } => sqlx::query(
                    "UPDATE alert_outbox SET attempts = attempts + 1, error = ?, \
                     failing_since = coalesce(failing_since, ?), next_at = coalesce(?, next_at), status = CASE WHEN ? THEN 'dead' ELSE 'queued' END \
                     WHERE id = ? AND status = 'queued'",
                )
                .bind(error)
                .bind(now_ms())
                .bind(again_at)
                .bind(again_at.is_none())
                .bind(id),
            };
            update.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Messages of a channel with this status (`queued`, `delivered`, `dead`), newest first.
    pub async fn channel_messages(
        &self,
        channel: &str,
        status: &str,
        limit: u32,
    ) -> Result<Vec<AlertDelivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM alert_outbox WHERE channel = ? AND status = ? ORDER BY seq DESC LIMIT ?",
        );
        let rows = rows.bind(channel).bind(status).bind(i64::from(limit)).fetch_all(&self.pool).await?;
        rows.iter().map(delivery_of).collect()
    }

    /// How many messages of each channel wait and how many were given up; channels without either are left out.
    pub async fn channel_backlogs(&self) -> Result<HashMap<String, AlertBacklog>, StoreError> {
        let count = sqlx::query(
            "SELECT channel, sum(status = 'queued') AS queued, sum(status = 'dead') AS dead \
             FROM alert_outbox WHERE status IN ('queued', 'dead') GROUP BY channel",
        );
        let backlog = |row: &SqliteRow| {
            let number = |name: &str| Ok::<_, StoreError>(row.try_get::<i64, _>(name)?.unsigned_abs());
            Ok((row.try_get("channel")?, AlertBacklog { queued: number("queued")?, dead: number("dead")? }))
        };
        count.fetch_all(&self.pool).await?.iter().map(backlog).collect()
    }

    /// Puts messages of a channel that were given up back in the queue, as if they had never been tried:
    /// the one named, or all. Returns how many.
    pub async fn replay_messages(&self, channel: &str, id: Option<&str>) -> Result<u64, StoreError> {
        let update = sqlx::query(
            "UPDATE alert_outbox SET status = 'queued', attempts = 0, next_at = 0, failing_since = NULL \
             WHERE channel = ? AND status = 'dead' AND (? IS NULL OR id = ?)",
        );
        let update = update.bind(channel).bind(id).bind(id);
        Ok(update.execute(&self.pool).await?.rows_affected())
    }

    /// Has messages of a channel that failed before tried again now: it may work since it was changed.
    pub async fn hasten_messages(&self, channel: &str) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE alert_outbox SET next_at = 0 WHERE channel = ? AND status = 'queued' AND attempts > 0",
        );
        update.bind(channel).execute(&self.pool).await?;
        Ok(())
    }

    /// Lets go of messages that were delivered long ago.
    pub async fn forget_messages(&self) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM alert_outbox WHERE status = 'delivered' AND done_at < ?");
        Ok(gone.bind(now_ms() - KEEP).execute(&self.pool).await?.rows_affected())
    }
}

pub(super) async fn write(
    transaction: &mut Transaction<'_, Sqlite>,
    message: &AlertMessage,
) -> Result<(), StoreError> {
    let insert = sqlx::query(
        "INSERT INTO alert_outbox (id, channel, opening, body, status, attempts, next_at, created_at) \
         VALUES (?, ?, ?, ?, 'queued', 0, ?, ?) ON CONFLICT (id) DO NOTHING",
    );
    let insert = insert.bind(&message.id).bind(&message.channel).bind(&message.opening);
    insert.bind(&message.body).bind(message.next_at).bind(now_ms()).execute(&mut **transaction).await?;
    Ok(())
}

fn delivery_of(row: &SqliteRow) -> Result<AlertDelivery, StoreError> {
    let message = AlertMessage {
        id: row.try_get("id")?,
        channel: row.try_get("channel")?,
        opening: row.try_get("opening")?,
        body: row.try_get("body")?,
        next_at: row.try_get("next_at")?,
    };
    Ok(AlertDelivery {
        message,
        attempts: row.try_get("attempts")?,
        created_at: row.try_get("created_at")?,
        failing_since: row.try_get("failing_since")?,
        error: row.try_get("error")?,
    })
}
