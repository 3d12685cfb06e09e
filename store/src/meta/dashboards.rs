//! Pages of tiles, and the links by which they are shared. What a tile is, is the server's business;
//! here it is a text.

use opentrace_events::SiteId;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Meta, now_ms};
use crate::StoreError;

/// A page as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardRecord {
    pub id: Uuid,
    pub site: SiteId,
    pub name: String,
    /// JSON.
    pub tiles: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
    /// How others see it, where they may.
    pub link: Option<LinkRecord>,
}

/// How a page is shared.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkRecord {
    /// What the address ends in.
    pub token: String,
    /// Hash of the password in PHC form, where one is asked for.
    pub password: Option<String>,
    /// Whether pages of other sites may show it in a frame.
    pub embed: bool,
}

impl std::fmt::Debug for LinkRecord {
    /// Without what lets somebody in.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkRecord").field("embed", &self.embed).finish_non_exhaustive()
    }
}

impl Meta {
    /// Keeps a new page, or a page as it is now.
    pub async fn put_dashboard(
        &self,
        id: Uuid,
        site: SiteId,
        name: &str,
        tiles: &str,
    ) -> Result<DashboardRecord, StoreError> {
        let now = now_ms();
        sqlx::query(
            "INSERT INTO dashboards (id, site_id, name, tiles, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, tiles = excluded.tiles, \
             updated_at = excluded.updated_at",
        )
        .bind(id.to_string())
        .bind(i64::from(site.0))
        .bind(name)
        .bind(tiles)
        .bind(now)
        .bind(now)
        .execute(&self.pool)
        .await?;
        self.dashboard(id).await?.ok_or_else(|| unknown(id))
    }

    /// A site's pages, oldest first.
    pub async fn dashboards(&self, site: SiteId) -> Result<Vec<DashboardRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM dashboards WHERE site_id = ? ORDER BY created_at, id")
            .bind(i64::from(site.0))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(dashboard_of).collect()
    }

    /// The page with this id.
    pub async fn dashboard(&self, id: Uuid) -> Result<Option<DashboardRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM dashboards WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(dashboard_of).transpose()
    }

    /// The page that is shared by a link ending in `token`.
    pub async fn shared_dashboard(&self, token: &str) -> Result<Option<DashboardRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM dashboards WHERE link = ?")
            .bind(token)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(dashboard_of).transpose()
    }

    /// Shares a page, in another way than before, or no longer.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn share_dashboard(&self, id: Uuid, link: Option<&LinkRecord>) -> Result<(), StoreError> {
        let done =
            sqlx::query("UPDATE dashboards SET link = ?, link_password = ?, link_embed = ? WHERE id = ?")
                .bind(link.map(|link| &link.token))
                .bind(link.and_then(|link| link.password.as_deref()))
                .bind(link.is_some_and(|link| link.embed))
                .bind(id.to_string())
                .execute(&self.pool)
                .await?;
        if done.rows_affected() == 0 { Err(unknown(id)) } else { Ok(()) }
    }

    /// Throws a page away, and its link with it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete_dashboard(&self, id: Uuid) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM dashboards WHERE id = ?")
            .bind(id.to_string())
            .execute(&self.pool)
            .await?;
        if done.rows_affected() == 0 { Err(unknown(id)) } else { Ok(()) }
    }
}

fn unknown(id: Uuid) -> StoreError {
    StoreError::NotFound { what: "dashboard", name: id.to_string() }
}

fn dashboard_of(row: &SqliteRow) -> Result<DashboardRecord, StoreError> {
    let damaged = |what: &str| StoreError::Meta(format!("a dashboard's {what} does not read back"));
    let link: Option<String> = row.try_get("link")?;
    let (password, embed) = (row.try_get("link_password")?, row.try_get("link_embed")?);
    Ok(DashboardRecord {
        id: row.try_get::<String, _>("id")?.parse().map_err(|_| damaged("id"))?,
        site: SiteId(u32::try_from(row.try_get::<i64, _>("site_id")?).map_err(|_| damaged("site"))?),
        name: row.try_get("name")?,
        tiles: row.try_get("tiles")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        link: link.map(|token| LinkRecord { token, password, embed }),
    })
}
