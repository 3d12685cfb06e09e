//! What became of alerts, and the messages that are to be sent of them.
//!
//! Everything that an epoch led to is written in one transaction, once: an epoch that is computed
//! again after a crash finds itself committed. A message leaves after those of the same alert before
//! it were delivered, so that no receiver hears of an end without a beginning.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Meta, now_ms};
use crate::StoreError;

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
    /// The same however often the epoch is computed.
    pub id: String,
    pub channel: String,
    pub opening: String,
    /// JSON.
    pub body: String,
    /// Not to be sent before, in milliseconds since 1970.
    pub next_at: i64,
}

/// What an epoch led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertCommit {
    pub epoch: u64,
    pub states: Vec<AlertStateRow>,
    pub history: Vec<AlertHistoryRow>,
    pub messages: Vec<AlertMessage>,
}

/// A message and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertDelivery {
    pub message: AlertMessage,
    pub attempts: u32,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub error: Option<String>,
}

impl Meta {
    /// Writes what an epoch led to; `false` where it was written before.
    pub async fn commit_alerts(&self, commit: &AlertCommit) -> Result<bool, StoreError> {
        let epoch = i64::try_from(commit.epoch).map_err(|e| StoreError::Meta(e.to_string()))?;
        let mut transaction = self.pool.begin().await?;
        let moved = sqlx::query(
            "INSERT INTO alert_progress (id, epoch) VALUES (1, ?) \
             ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch WHERE excluded.epoch > alert_progress.epoch",
        );
        if moved.bind(epoch).execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        for row in &commit.states {
            let query = match &row.state {
                None => sqlx::query("DELETE FROM alert_states WHERE rule = ? AND key = ?")
                    .bind(&row.rule)
                    .bind(&row.key),
                Some(state) => sqlx::query(
                    "INSERT INTO alert_states (rule, key, state, epoch) VALUES (?, ?, ?, ?) \
                     ON CONFLICT (rule, key) DO UPDATE SET state = excluded.state, epoch = excluded.epoch",
                )
                .bind(&row.rule)
                .bind(&row.key)
                .bind(state)
                .bind(epoch),
            };
            query.execute(&mut *transaction).await?;
        }
        for row in &commit.history {
            let insert = sqlx::query(
                "INSERT INTO alert_history (rule, key, epoch, kind, site_id, opening, at, body) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            );
            let insert = insert.bind(&row.rule).bind(&row.key).bind(epoch).bind(&row.kind);
            let insert = insert.bind(i64::from(row.site)).bind(&row.opening).bind(row.at).bind(&row.body);
            insert.execute(&mut *transaction).await?;
        }
        for message in &commit.messages {
            let insert = sqlx::query(
                "INSERT INTO alert_outbox (id, channel, opening, body, status, attempts, next_at, created_at) \
                 VALUES (?, ?, ?, ?, 'queued', 0, ?, ?) ON CONFLICT (id) DO NOTHING",
            );
            let insert = insert.bind(&message.id).bind(&message.channel).bind(&message.opening);
            let insert = insert.bind(&message.body).bind(message.next_at).bind(now_ms());
            insert.execute(&mut *transaction).await?;
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

    /// Messages of a channel that may leave now, oldest first: at most one of each alert.
    pub async fn due_messages(
        &self,
        channel: &str,
        now: i64,
        limit: u32,
    ) -> Result<Vec<AlertDelivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM alert_outbox AS message WHERE channel = ? AND status = 'queued' AND next_at <= ? \
             AND NOT EXISTS (SELECT 1 FROM alert_outbox AS before WHERE before.channel = message.channel \
             AND before.opening = message.opening AND before.seq < message.seq AND before.status <> 'delivered') \
             ORDER BY seq LIMIT ?",
        );
        let rows = rows.bind(channel).bind(now).bind(i64::from(limit)).fetch_all(&self.pool).await?;
        rows.iter().map(delivery_of).collect()
    }

    /// Notes that a message was taken.
    pub async fn message_delivered(&self, id: &str) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE alert_outbox SET status = 'delivered', attempts = attempts + 1, done_at = ?, error = NULL \
             WHERE id = ? AND status = 'queued'",
        );
        self.one_message(update.bind(now_ms()).bind(id), id).await
    }

    /// Notes that a message was not taken, and when it is tried again; never where that is `None`.
    pub async fn message_failed(
        &self,
        id: &str,
        error: &str,
        again_at: Option<i64>,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE alert_outbox SET attempts = attempts + 1, error = ?, next_at = coalesce(?, next_at), \
             status = CASE WHEN ? THEN 'dead' ELSE 'queued' END WHERE id = ? AND status = 'queued'",
        );
        self.one_message(update.bind(error).bind(again_at).bind(again_at.is_none()).bind(id), id).await
    }

    /// Messages that were given up, oldest first.
    pub async fn dead_messages(&self) -> Result<Vec<AlertDelivery>, StoreError> {
        let rows = sqlx::query("SELECT * FROM alert_outbox WHERE status = 'dead' ORDER BY seq");
        rows.fetch_all(&self.pool).await?.iter().map(delivery_of).collect()
    }

    /// Puts a message that was given up back in the queue, as if it had never been tried.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where none such was given up.
    pub async fn replay_message(&self, id: &str) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE alert_outbox SET status = 'queued', attempts = 0, next_at = 0 WHERE id = ? AND status = 'dead'",
        );
        self.one_message(update.bind(id), id).await
    }

    async fn one_message(
        &self,
        update: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
        id: &str,
    ) -> Result<(), StoreError> {
        match update.execute(&self.pool).await?.rows_affected() {
            0 => Err(StoreError::NotFound { what: "message", name: id.to_owned() }),
            _ => Ok(()),
        }
    }
}

fn state_of(row: &SqliteRow) -> Result<AlertStateRow, StoreError> {
    let state = Some(row.try_get("state")?);
    Ok(AlertStateRow { rule: row.try_get("rule")?, key: row.try_get("key")?, state })
}

fn delivery_of(row: &SqliteRow) -> Result<AlertDelivery, StoreError> {
    let message = AlertMessage {
        id: row.try_get("id")?,
        channel: row.try_get("channel")?,
        opening: row.try_get("opening")?,
        body: row.try_get("body")?,
        next_at: row.try_get("next_at")?,
    };
    let attempts = row.try_get("attempts")?;
    Ok(AlertDelivery {
        message,
        attempts,
        created_at: row.try_get("created_at")?,
        error: row.try_get("error")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, opening: &str) -> AlertMessage {
        AlertMessage {
            id: id.to_owned(),
            channel: "c".to_owned(),
            opening: opening.to_owned(),
            body: "{}".to_owned(),
            next_at: 0,
        }
    }

    async fn ids(meta: &Meta, now: i64) -> Vec<String> {
        let due = meta.due_messages("c", now, 10).await.expect("due");
        due.into_iter().map(|delivery| delivery.message.id).collect()
    }

    #[tokio::test]
    async fn an_epoch_is_written_once_and_an_end_waits_for_its_beginning() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("meta.sqlite");
        let meta = Meta::open(&file).await.expect("open");
        let state = AlertStateRow { rule: "r".to_owned(), key: String::new(), state: Some("{}".to_owned()) };
        let commit = AlertCommit {
            epoch: 5,
            states: vec![state.clone()],
            messages: vec![message("open-1", "1"), message("open-2", "2"), message("end-1", "1")],
            ..AlertCommit::default()
        };
        assert!(meta.commit_alerts(&commit).await.expect("first"));
        assert!(!meta.commit_alerts(&commit).await.expect("again"), "computed again after a crash");
        assert_eq!(meta.alert_states().await.expect("states"), [state]);
        assert_eq!(ids(&meta, 0).await, ["open-1", "open-2"]);

        meta.message_failed("open-1", "busy", Some(100)).await.expect("later");
        assert_eq!(ids(&meta, 99).await, ["open-2"], "the end does not overtake");
        meta.message_failed("open-1", "gone", None).await.expect("dead");
        assert_eq!(ids(&meta, 200).await, ["open-2"]);
        let dead = meta.dead_messages().await.expect("dead");
        assert_eq!((dead[0].attempts, dead[0].error.as_deref()), (2, Some("gone")));

        meta.replay_message("open-1").await.expect("replay");
        assert!(meta.replay_message("open-1").await.is_err(), "it is in the queue already");
        assert_eq!(ids(&meta, 200).await, ["open-1", "open-2"]);
        meta.message_delivered("open-1").await.expect("delivered");
        assert_eq!(ids(&meta, 200).await, ["open-2", "end-1"]);
        assert!(
            meta.message_failed("open-1", "late answer", None).await.is_err(),
            "what was taken stays taken"
        );
        meta.close().await;
        let meta = Meta::open(&file).await.expect("again");
        assert_eq!(ids(&meta, 200).await, ["open-2", "end-1"]);
    }
}
