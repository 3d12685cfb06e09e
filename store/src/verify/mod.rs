//! Self-check: recomputes each view from raw events in SQL and lists what differs.
//!
//! The statements share nothing with the dataflow but the definitions. A view holds what the events
//! held at its epoch, so the answer means something only while nothing is under way: callers settle
//! the pipeline first, and ask again when more came in meanwhile.
//!
//! Each view is one file with one statement of two halves: rows as recomputed count +1, rows as
//! stored count −1, and what does not cancel is a difference. A wrong cell gives two rows.

mod sessions;
mod traffic;
mod uniques;

use clickhouse::Row;
use opentrace_events::Site;
use serde::{Deserialize, Serialize};

use crate::{Store, StoreError};

/// Differences listed per view and site; more are only counted by running again after mending.
const LISTED: usize = 100;

/// Memory a comparison may fill before it goes on on disk.
const SPILL_BYTES: &str = "536870912";

/// A row that is in one of the two and not in the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub view: String,
    pub site: String,
    /// The whole row, as a tuple in ClickHouse's notation.
    pub row: String,
    /// Whether the view has it and the events do not say it; else the other way round.
    pub stored: bool,
}

#[derive(Row, Deserialize)]
struct Found {
    row: String,
    surplus: i64,
}

impl Store {
    /// Compares every view of a site with its raw events.
    pub async fn verify(&self, site: &Site) -> Result<Vec<Difference>, StoreError> {
        let mut differences = Vec::new();
        for (view, halves) in
            [("traffic", traffic::halves()), ("uniques", uniques::halves()), ("sessions", sessions::halves())]
        {
            differences.extend(self.compare(site, view, &halves).await?);
        }
        Ok(differences)
    }

    async fn compare(&self, site: &Site, view: &str, halves: &Halves) -> Result<Vec<Difference>, StoreError> {
        let query = format!(
            "SELECT toString(row) AS row, sum(sign) AS surplus FROM (\
               SELECT tuple(*) AS row, toInt64(1) AS sign FROM ({}) \
               UNION ALL SELECT tuple(*) AS row, toInt64(-1) AS sign FROM ({})\
             ) GROUP BY row HAVING surplus != 0 ORDER BY row LIMIT {LISTED}",
            halves.recomputed, halves.stored
        );
        let zone = site.timezone.iana_name().unwrap_or("UTC");
        let found = self
            .client()
            .query_raw(&query)
            .with_setting("max_bytes_before_external_group_by", SPILL_BYTES)
            .param("site", site.id.0)
            .param("zone", zone)
            .param("currency", &site.currency)
            .param("week_shift", i32::from(site.week_start.to_monday_zero_offset()))
            .fetch_all::<Found>()
            .await?;
        let difference = |found: Found| Difference {
            view: view.to_owned(),
            site: site.domain.clone(),
            row: found.row,
            stored: found.surplus < 0,
        };
        Ok(found.into_iter().map(difference).collect())
    }
}

/// The two halves of a comparison; both give the same columns.
struct Halves {
    recomputed: String,
    stored: String,
}

/// Sessions by the array method: a visitor's acts in order, cut where the pause exceeds 30 minutes,
/// engagement taken out of each piece, pieces without anything else dropped.
///
/// Gives `visitor` and `s`, an array of tuples `(ts in ms, name, interactive, path, revenue, hash of
/// the visit's attributes)` in the order of time and of the lower half of the id.
fn sessionised() -> String {
    format!(
        "SELECT visitor, arrayJoin(arrayFilter(s -> notEmpty(s), arrayMap(piece -> \
             arrayFilter(act -> act.3 != 'engagement', piece), \
             arraySplit((act, pause) -> pause > 1800000, acts, arrayDifference(acts.1))))) AS s \
         FROM (SELECT visitor, arraySort(act -> (act.1, act.2), groupArray(tuple(\
             toUnixTimestamp64Milli(ts), reinterpretAsUInt64(reverse(substring(UUIDToNum(id), 9, 8))), \
             toString(name), interactive, path, if(currency = {{currency:String}}, revenue, 0), {ATTRIBUTES}))) AS acts \
           FROM events WHERE site_id = {{site:UInt32}} GROUP BY visitor)"
    )
}

/// A number for all attributes of a visit together.
const ATTRIBUTES: &str = "cityHash64(toString(hostname), referrer, toString(source), toString(medium), \
    toString(campaign), toString(term), toString(content), toString(channel), toString(country), \
    toString(region), toString(city), toString(device), toString(browser), toString(browser_version), \
    toString(os), toString(os_version), toString(screen), toString(language), toString(platform), \
    toString(app), toString(app_version))";
