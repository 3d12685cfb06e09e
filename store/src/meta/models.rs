//! Models of sites and their trainings. What a model learned lies in folders, not here.

use opentrace_events::SiteId;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Meta, now_ms};
use crate::StoreError;

/// Trainings of a model that are kept.
const KEPT: i64 = 100;

/// A model as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRecord {
    pub id: Uuid,
    pub site: SiteId,
    pub kind: String,
    pub name: String,
    /// JSON.
    pub options: String,
    /// How often it is trained anew, in milliseconds.
    pub every_ms: Option<i64>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
}

/// How far a training is, or what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingState {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// A training.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainingRecord {
    /// Never given twice.
    pub id: i64,
    pub model: Uuid,
    pub state: TrainingState,
    /// Why there is one: `asked`, `schedule`, `drift`.
    pub cause: String,
    /// What it made.
    pub version: Option<u32>,
    /// JSON: why it failed, or what came of it.
    pub said: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

impl TrainingState {
    const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// Its name in the database and in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will change it any more.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl Meta {
    /// Every model of a site, or of all, oldest first.
    pub async fn models(&self, site: Option<SiteId>) -> Result<Vec<ModelRecord>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM models WHERE site_id = ?1 OR ?1 IS NULL ORDER BY created_at, id")
                .bind(site.map(|site| i64::from(site.0)))
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(model_of).collect()
    }

    /// When what a model says of visitors was written last, in milliseconds since 1970.
    pub async fn applied_at(&self, id: Uuid) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query("SELECT applied_at FROM models WHERE id = ?").bind(id.to_string());
        let row = row.fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get("applied_at")).transpose()?.flatten())
    }

    /// Notes that it is written.
    pub async fn note_applied(&self, id: Uuid, at: i64) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE models SET applied_at = ? WHERE id = ?");
        update.bind(at).bind(id.to_string()).execute(&self.pool).await?;
        Ok(())
    }

    /// The model with this id.
    pub async fn model(&self, id: Uuid) -> Result<Option<ModelRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM models WHERE id = ?").bind(id.to_string());
        row.fetch_optional(&self.pool).await?.as_ref().map(model_of).transpose()
    }

    /// Keeps a new model.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where the site has one of the name.
    pub async fn create_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO models (id, site_id, kind, name, options, every_ms, created_at, updated_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        );
        let done = insert
            .bind(model.id.to_string())
            .bind(i64::from(model.site.0))
            .bind(&model.kind)
            .bind(&model.name)
            .bind(&model.options)
            .bind(model.every_ms)
            .bind(model.created_at)
            .bind(model.updated_at)
            .execute(&self.pool)
            .await;
        match done {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Err(StoreError::Exists { what: "model", name: model.name.clone() })
            }
            done => {
                done?;
                Ok(())
            }
        }
    }

    /// Removes a model and its trainings.
    pub async fn delete_model(&self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM models WHERE id = ?").bind(id.to_string()).execute(&self.pool).await?;
        Ok(())
    }

    /// Puts a training into the queue; answers its number.
    pub async fn queue_training(&self, model: Uuid, cause: &str) -> Result<i64, StoreError> {
        let insert = "INSERT INTO model_trainings (model, state, cause, created_at) VALUES (?, 'queued', ?, ?) RETURNING id";
        let row = sqlx::query(insert).bind(model.to_string()).bind(cause).bind(now_ms());
        let id: i64 = row.fetch_one(&self.pool).await?.try_get("id")?;
        sqlx::query(
            "DELETE FROM model_trainings WHERE model = ?1 AND id <= \
             (SELECT id FROM model_trainings WHERE model = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )
        .bind(model.to_string())
        .bind(KEPT)
        .execute(&self.pool)
        .await?;
        Ok(id)
    }

    /// Notes how far a training is.
    pub async fn note_training(
        &self,
        id: i64,
        state: TrainingState,
        version: Option<u32>,
        said: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE model_trainings SET state = ?, version = ?, said = ?, finished_at = ? WHERE id = ?",
        )
        .bind(state.name())
        .bind(version.map(i64::from))
        .bind(said)
        .bind(state.is_over().then(now_ms))
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Trainings that the end of the program cut off did not finish: answers how many.
    pub async fn fail_trainings(&self, said: &str) -> Result<u64, StoreError> {
        let update = "UPDATE model_trainings SET state = 'failed', said = ?, finished_at = ? \
                      WHERE state IN ('queued', 'running')";
        Ok(sqlx::query(update).bind(said).bind(now_ms()).execute(&self.pool).await?.rows_affected())
    }

    /// The trainings of a model, the newest first.
    pub async fn trainings(&self, model: Uuid, limit: u32) -> Result<Vec<TrainingRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM model_trainings WHERE model = ? ORDER BY id DESC LIMIT ?")
            .bind(model.to_string())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(training_of).collect()
    }
}

fn id_of(row: &SqliteRow, column: &str) -> Result<Uuid, StoreError> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|_| StoreError::Meta(format!("`{text}` is no id")))
}

fn number<T: TryFrom<i64>>(value: i64) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Meta(format!("{value} is out of range")))
}

fn model_of(row: &SqliteRow) -> Result<ModelRecord, StoreError> {
    Ok(ModelRecord {
        id: id_of(row, "id")?,
        site: SiteId(number(row.try_get("site_id")?)?),
        kind: row.try_get("kind")?,
        name: row.try_get("name")?,
        options: row.try_get("options")?,
        every_ms: row.try_get("every_ms")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn training_of(row: &SqliteRow) -> Result<TrainingRecord, StoreError> {
    let state: String = row.try_get("state")?;
    let known = TrainingState::ALL.into_iter().find(|known| known.name() == state);
    let version: Option<i64> = row.try_get("version")?;
    Ok(TrainingRecord {
        id: row.try_get("id")?,
        model: id_of(row, "model")?,
        state: known.ok_or_else(|| StoreError::Meta(format!("`{state}` is no state of a training")))?,
        cause: row.try_get("cause")?,
        version: version.map(number).transpose()?,
        said: row.try_get("said")?,
        created_at: row.try_get("created_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}
