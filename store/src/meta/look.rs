//! How the pages of this server look. What a colour or a picture may be is the server's business.

use sqlx::Row;

use super::Meta;
use crate::StoreError;

/// The look of an organisation's pages. Empty texts stand for the program's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookRecord {
    pub name: String,
    /// `#rrggbb`.
    pub accent: String,
    pub logo: Option<LogoRecord>,
}

/// A picture and its media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoRecord {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

impl Meta {
    /// The look as it is.
    pub async fn look(&self) -> Result<LookRecord, StoreError> {
        let Some(row) = sqlx::query("SELECT * FROM look").fetch_optional(&self.pool).await? else {
            return Ok(LookRecord::default());
        };
        let (bytes, media_type): (Option<Vec<u8>>, Option<String>) =
            (row.try_get("logo")?, row.try_get("logo_type")?);
        let logo = bytes.zip(media_type).map(|(bytes, media_type)| LogoRecord { media_type, bytes });
        Ok(LookRecord { name: row.try_get("name")?, accent: row.try_get("accent")?, logo })
    }

    /// Keeps another look.
    pub async fn put_look(&self, look: &LookRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO look (id, name, accent, logo, logo_type) VALUES (1, ?, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, accent = excluded.accent, \
             logo = excluded.logo, logo_type = excluded.logo_type",
        )
        .bind(&look.name)
        .bind(&look.accent)
        .bind(look.logo.as_ref().map(|logo| &logo.bytes))
        .bind(look.logo.as_ref().map(|logo| &logo.media_type))
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
