//! People who sign in, and the browsers they are signed in with. What a password or a cookie is worth
//! is the server's business; here they are hashes.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Meta, now_ms};
use crate::StoreError;

/// A person as they are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRecord {
    pub id: Uuid,
    /// In lower case; nobody else has it.
    pub email: String,
    pub name: String,
    /// Hash of the password in PHC form.
    pub password: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

impl std::fmt::Debug for PersonRecord {
    /// Without what could tell who it is or let somebody in.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonRecord").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A browser somebody is signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Hash of the cookie's text, which is kept nowhere.
    pub hash: [u8; 32],
    pub person: Uuid,
    /// Milliseconds since 1970.
    pub expires_at: i64,
}

impl Meta {
    /// Keeps the first person, who owns the server.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where there is somebody already, also where two come at once.
    pub async fn create_owner(&self, person: &PersonRecord) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO people (id, email, name, password, created_at, changed_at) \
             SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM people)",
        );
        let done = insert
            .bind(person.id.to_string())
            .bind(&person.email)
            .bind(&person.name)
            .bind(&person.password)
            .bind(person.created_at)
            .bind(now_ms())
            .execute(&self.pool)
            .await?;
        match done.rows_affected() {
            0 => Err(StoreError::Exists { what: "owner", name: "of this server".to_owned() }),
            _ => Ok(()),
        }
    }

    /// Everybody, oldest first.
    pub async fn people(&self) -> Result<Vec<PersonRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM people ORDER BY created_at, id").fetch_all(&self.pool).await?;
        rows.iter().map(person_of).collect()
    }

    /// Gives somebody another password, which signs them out everywhere.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_password(&self, id: Uuid, password: &str) -> Result<(), StoreError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("UPDATE people SET password = ?, changed_at = ? WHERE id = ?")
            .bind(password)
            .bind(now_ms())
            .bind(id.to_string())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "person", name: id.to_string() });
        }
        sqlx::query("DELETE FROM people_sessions WHERE person = ?")
            .bind(id.to_string())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Keeps a browser somebody signed in with, and forgets those whose time is over.
    pub async fn insert_session(&self, session: &SessionRecord) -> Result<(), StoreError> {
        let mut transaction = self.change().await?;
        sqlx::query("DELETE FROM people_sessions WHERE expires_at <= ?")
            .bind(now_ms())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO people_sessions (hash, person, created_at, expires_at) VALUES (?, ?, ?, ?)")
            .bind(session.hash.as_slice())
            .bind(session.person.to_string())
            .bind(now_ms())
            .bind(session.expires_at)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Browsers whose time is not over.
    pub async fn sessions(&self) -> Result<Vec<SessionRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM people_sessions WHERE expires_at > ?")
            .bind(now_ms())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(session_of).collect()
    }

    /// Forgets a browser. One that is not known is forgotten already.
    pub async fn delete_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM people_sessions WHERE hash = ?")
            .bind(hash.as_slice())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn damaged(what: &str) -> StoreError {
    StoreError::Meta(format!("a person's {what} does not read back"))
}

fn person_of(row: &SqliteRow) -> Result<PersonRecord, StoreError> {
    Ok(PersonRecord {
        id: row.try_get::<String, _>("id")?.parse().map_err(|_| damaged("id"))?,
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        password: row.try_get("password")?,
        created_at: row.try_get("created_at")?,
    })
}

fn session_of(row: &SqliteRow) -> Result<SessionRecord, StoreError> {
    Ok(SessionRecord {
        hash: row.try_get::<Vec<u8>, _>("hash")?.try_into().map_err(|_| damaged("session"))?,
        person: row.try_get::<String, _>("person")?.parse().map_err(|_| damaged("session"))?,
        expires_at: row.try_get("expires_at")?,
    })
}
