//! Self-check: recomputes each view from raw events in SQL and lists what differs.
//!
//! The statements share nothing with the dataflow but the definitions. A view holds what the events
//! held at its epoch, so the answer means something only while nothing is under way: callers settle
//! the pipeline first, and ask again when more came in meanwhile.
//!
//! Each view is one file. Sessions and uniques are compared by one statement of two halves: rows as
//! recomputed count +1, rows as stored count −1, and what does not cancel is a difference. A wrong
//! cell gives two rows. What needs people's whole histories takes them a share of the people at a
//! time, so that memory does not grow with the site.

mod sessions;
mod traffic;
mod uniques;

use clickhouse::Row;
use opentrace_events::Site;
use serde::{Deserialize, Serialize};

use crate::{Store, StoreError};

/// Differences listed per view and site; more are only counted by running again after mending.
const LISTED: usize = 100;

/// Events whose people are taken at a time, about: half a kilobyte of memory each.
const SHARE_EVENTS: u64 = 1_000_000;

/// People whose sessions are worked out in one go: each of several steps copies all their acts.
const BLOCK: &str = "4096";

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

/// One share of a site's people: those whose hash modulo `of` is `part`.
#[derive(Clone, Copy, Debug)]
struct Share {
    part: u64,
    of: u64,
}

impl Store {
    /// Compares every view of a site with its raw events. Lists the first differences of each view.
    ///
    /// # Errors
    /// Those of ClickHouse; nothing is changed in any case.
    pub async fn verify(&self, site: &Site) -> Result<Vec<Difference>, StoreError> {
        let count = self.client().query("SELECT count() FROM events WHERE site_id = {site:UInt32}");
        let events: u64 = count.param("site", site.id.0).fetch_one().await?;
        let of = events.div_ceil(SHARE_EVENTS).max(1);
        let shares: Vec<Share> = (0..of).map(|part| Share { part, of }).collect();

        let mut differences = traffic::compare(self, site, &shares).await?;
        differences
            .extend(self.compare(site, "uniques", &uniques::halves(), Share { part: 0, of: 1 }).await?);
        let mut sessions = Vec::new();
        for share in shares {
            sessions.extend(self.compare(site, "sessions", &sessions::halves(), share).await?);
            if sessions.len() >= LISTED {
                break;
            }
        }
        sessions.truncate(LISTED);
        differences.extend(sessions);
        Ok(differences)
    }

    async fn compare(
        &self,
        site: &Site,
        view: &'static str,
        halves: &Halves,
        share: Share,
    ) -> Result<Vec<Difference>, StoreError> {
        let query = format!(
            "SELECT toString(row) AS row, sum(sign) AS surplus FROM (\
               SELECT tuple(*) AS row, toInt64(1) AS sign FROM ({}) \
               UNION ALL SELECT tuple(*) AS row, toInt64(-1) AS sign FROM ({})\
             ) GROUP BY row HAVING surplus != 0 ORDER BY row LIMIT {LISTED}",
            halves.recomputed, halves.stored
        );
        let found = self.about(&query, site, share).fetch_all::<Found>().await?;
        Ok(found.into_iter().map(|found| Difference::new(view, site, found.row, found.surplus < 0)).collect())
    }

    /// A query with the parameters that the statements of this module use.
    fn about(&self, query: &str, site: &Site, share: Share) -> clickhouse::query::Query {
        self.client()
            .query_raw(query)
            .with_setting("max_block_size", BLOCK)
            .param("site", site.id.0)
            .param("zone", site.timezone.iana_name().unwrap_or("UTC"))
            .param("currency", &site.currency)
            .param("week_shift", i32::from(site.week_start.to_monday_zero_offset()))
            .param("part", share.part)
            .param("of", share.of)
    }
}

impl Difference {
    fn new(view: &str, site: &Site, row: String, stored: bool) -> Self {
        Self { view: view.to_owned(), site: site.domain.clone(), row, stored }
    }
}

/// The people of a share.
const IN_SHARE: &str = "cityHash64(visitor) % {of:UInt64} = {part:UInt64}";

/// The two halves of a comparison; both give the same columns.
struct Halves {
    recomputed: String,
    stored: String,
}

/// Sessions by the array method: a visitor's acts in order, cut where the pause exceeds 30 minutes,
/// engagement taken out of each piece, pieces without anything else dropped.
///
/// Gives `visitor` and `s`, an array of tuples `(ts in ms, lower half of the id, name, interactive,
/// …)` ordered by the first two, with `more` in place of the dots.
fn sessionised(more: &str) -> String {
    format!(
        "SELECT visitor, arrayJoin(arrayFilter(s -> notEmpty(s), arrayMap(piece -> \
             arrayFilter(act -> act.3 != 'engagement', piece), \
             arraySplit((act, pause) -> pause > 1800000, acts, arrayDifference(acts.1))))) AS s \
         FROM (SELECT visitor, arraySort(act -> (act.1, act.2), groupArray(tuple(\
             toUnixTimestamp64Milli(ts), reinterpretAsUInt64(reverse(substring(UUIDToNum(id), 9, 8))), \
             toString(name), interactive{more}))) AS acts \
           FROM events WHERE site_id = {{site:UInt32}} AND {IN_SHARE} GROUP BY visitor)"
    )
}

/// A number for all attributes of a visit together.
const ATTRIBUTES: &str = "cityHash64(toString(hostname), referrer, toString(source), toString(medium), \
    toString(campaign), toString(term), toString(content), toString(channel), toString(country), \
    toString(region), toString(city), toString(device), toString(browser), toString(browser_version), \
    toString(os), toString(os_version), toString(screen), toString(language), toString(platform), \
    toString(app), toString(app_version))";
