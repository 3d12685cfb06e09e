//! Letting go: rows of views that are no longer kept.
//!
//! Rows are hidden at once and leave the disk with the next merge of their part.

use crate::{Store, StoreError};

/// Each statement returns when its rows are hidden.
const SYNC: (&str, &str) = ("lightweight_deletes_sync", "2");

impl Store {
    /// Removes what is kept of some definitions of a site, and by one of its former calendars.
    ///
    /// # Errors
    /// [`StoreError::is_transient`] tells whether the same call may succeed later, here and below.
    pub async fn drop_views(
        &self,
        site_id: u32,
        definitions: &[u32],
        calendar: Option<u32>,
    ) -> Result<(), StoreError> {
        if !definitions.is_empty() {
            for (table, column) in [
                ("v_goals", "definition"),
                ("v_retention", "definition"),
                ("v_funnels", "definition"),
                ("v_series", "series"),
            ] {
                let query = format!(
                    "DELETE FROM {table} WHERE site_id = {{site:UInt32}} AND {column} IN {{numbers:Array(UInt32)}}"
                );
                let query = self.client().query(&query).with_setting(SYNC.0, SYNC.1).param("site", site_id);
                query.param("numbers", definitions).execute().await?;
            }
        }
        if let Some(calendar) = calendar {
            for table in ["v_uniques", "v_breakdowns", "v_series"] {
                let kept = if table == "v_series" { " AND series < 1000" } else { "" };
                let query = format!(
                    "DELETE FROM {table} WHERE site_id = {{site:UInt32}} AND calendar = {{calendar:UInt32}}{kept}"
                );
                let query = self.client().query(&query).with_setting(SYNC.0, SYNC.1).param("site", site_id);
                query.param("calendar", calendar).execute().await?;
            }
        }
        Ok(())
    }

    /// Removes which segments the visitors of a site are in: no model says so any more.
    pub async fn drop_clusters(&self, site_id: u32) -> Result<(), StoreError> {
        let query = "DELETE FROM visitor_clusters WHERE site_id = {site:UInt32}";
        let query = self.client().query(query).with_setting(SYNC.0, SYNC.1).param("site", site_id);
        Ok(query.execute().await?)
    }

    /// Removes everything that adds up of some sites: it is going to be counted anew.
    pub async fn drop_sums(&self, sites: &[u32]) -> Result<(), StoreError> {
        for table in ["v_uniques", "v_breakdowns", "v_series", "v_goals", "v_retention"] {
            let query = format!("DELETE FROM {table} WHERE site_id IN {{sites:Array(UInt32)}}");
            let query = self.client().query(&query).with_setting(SYNC.0, SYNC.1);
            query.param("sites", sites).execute().await?;
        }
        Ok(())
    }
}
