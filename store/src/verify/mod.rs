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

mod breakdowns;
mod conditions;
mod features;
mod funnels;
mod goals;
mod retention;
mod series;
mod sessions;
mod summed;
mod traffic;
mod uniques;

use std::time::Instant;

use clickhouse::Row;
use opentrace_events::Site;
use opentrace_events::define::{Definition, Spec};
use serde::{Deserialize, Serialize};

use self::conditions::Terms;
use crate::read::{IN_SHARE, ids_of_share};
use crate::{Store, StoreError};

/// Every view that is compared.
pub const VIEWS: [&str; 9] =
    ["breakdowns", "features", "funnels", "goals", "retention", "series", "sessions", "traffic", "uniques"];

/// Differences listed per view and site, or definition; more are only found by running again after
/// mending.
pub const LISTED: usize = 10_000;

/// Events whose people are taken at a time, about: half a kilobyte of memory each.
const SHARE_EVENTS: u64 = 1_000_000;

/// People whose sessions are worked out in one go: each of several steps copies all their acts.
const BLOCK: &str = "4096";

/// How much of ClickHouse a comparison takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// What it gets.
    Full,
    /// One thread, and after each view a rest as long as the view took.
    Gentle,
}

/// A row that is in one of the two and not in the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

/// One share of a site's people, of as many as there are ([`ids_of_share`]).
#[derive(Clone, Copy, Debug)]
struct Share {
    part: u64,
    of: u64,
    pace: Pace,
}

impl Share {
    fn everyone(pace: Pace) -> Self {
        Self { part: 0, of: 1, pace }
    }
}

impl Store {
    /// Compares every view of a site with its raw events, those of its definitions among them. Lists
    /// the first differences of each view.
    ///
    /// # Errors
    /// Those of ClickHouse; nothing is changed in any case.
    pub async fn verify(
        &self,
        site: &Site,
        definitions: &[Definition],
        pace: Pace,
    ) -> Result<Vec<Difference>, StoreError> {
        let count = self.client().query("SELECT count() FROM events WHERE site_id = {site:UInt32}");
        let events: u64 = count.param("site", site.id.0).fetch_one().await?;
        let of = events.div_ceil(SHARE_EVENTS).max(1);
        let shares: Vec<Share> = (0..of).map(|part| Share { part, of, pace }).collect();
        let everyone = Share::everyone(pace);

        let rest = Rest(pace);
        let mut differences = rest.after(traffic::compare(self, site, &shares)).await?;
        differences.extend(rest.after(breakdowns::compare(self, site, &shares)).await?);
        let uniques = uniques::halves();
        differences.extend(rest.after(self.compare(site, "uniques", &uniques, everyone)).await?);
        for (view, halves) in [("sessions", sessions::halves()), ("features", features::halves())] {
            differences.extend(rest.after(self.compare_shares(site, view, &halves, &shares)).await?);
        }
        differences.extend(rest.after(series::compare(self, site, definitions, &shares)).await?);
        for definition in definitions {
            let Some((view, halves, whole)) = of_definition(definition) else { continue };
            let shares = if whole { std::slice::from_ref(&everyone) } else { &shares };
            differences.extend(rest.after(self.compare_shares(site, view, &halves, shares)).await?);
        }
        Ok(differences)
    }

    async fn compare_shares(
        &self,
        site: &Site,
        view: &'static str,
        halves: &Halves,
        shares: &[Share],
    ) -> Result<Vec<Difference>, StoreError> {
        let mut differences = Vec::new();
        for share in shares {
            differences.extend(self.compare(site, view, halves, *share).await?);
            if differences.len() >= LISTED {
                break;
            }
        }
        differences.truncate(LISTED);
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
        let mut query = self.about(&query, site, share);
        for (name, value) in halves.terms.params() {
            query = query.param(&name, value);
        }
        let found = query.fetch_all::<Found>().await?;
        Ok(found.into_iter().map(|found| Difference::new(view, site, found.row, found.surplus < 0)).collect())
    }

    /// A query with the parameters that the statements of this module use.
    fn about(&self, query: &str, site: &Site, share: Share) -> clickhouse::query::Query {
        let (least, most) = ids_of_share(share.part, share.of);
        let query = self.client().query_raw(query).with_setting("max_block_size", BLOCK);
        let query = match share.pace {
            Pace::Full => query,
            Pace::Gentle => query.with_setting("max_threads", "1"),
        };
        query
            .param("site", site.id.0)
            .param("zone", site.timezone.iana_name().unwrap_or("UTC"))
            .param("currency", &site.currency)
            .param("week_shift", i32::from(site.week_start.to_monday_zero_offset()))
            .param("calendar", site.calendar)
            .param("least", least)
            .param("most", most)
    }
}

/// What lets others have their turn after a piece of work.
struct Rest(Pace);

impl Rest {
    async fn after<T>(&self, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let done = work.await;
        if self.0 == Pace::Gentle {
            tokio::time::sleep(started.elapsed()).await;
        }
        done
    }
}

impl Difference {
    fn new(view: &str, site: &Site, row: String, stored: bool) -> Self {
        Self { view: view.to_owned(), site: site.domain.clone(), row, stored }
    }
}

/// The two halves of a comparison; both give the same columns.
#[derive(Default)]
struct Halves {
    recomputed: String,
    stored: String,
    /// What a definition's conditions are compared with.
    terms: Terms,
}

/// What compares a definition: the view, the two halves, and whether everyone is taken at once. A
/// series is compared with all others.
fn of_definition(definition: &Definition) -> Option<(&'static str, Halves, bool)> {
    let id = definition.id.0;
    match &definition.spec {
        Spec::Goal { event } => Some(("goals", goals::halves(id, event), true)),
        Spec::Funnel { steps, order, window_ms } => {
            Some(("funnels", funnels::halves(id, steps, *order, *window_ms), false))
        }
        Spec::Retention { start, back, period } => {
            Some(("retention", retention::halves(id, start, back, *period), true))
        }
        Spec::Series { .. } => None,
    }
}

/// The lower half of an event's id, which orders events of one moment.
const LOWER_ID: &str = "reinterpretAsUInt64(reverse(substring(UUIDToNum(id), 9, 8)))";

/// An event's local day.
const DAY: &str = "toDate32(toTimeZone(ts, {zone:String}))";

/// The first day of the site's week that holds the date `day`: Monday is 1, and the site's week
/// starts `week_shift` later.
const WEEK_OF_DAY: &str = "day - modulo(toDayOfWeek(day) + 6 - {week_shift:Int32}, 7)";

/// An event's revenue as it counts.
const REVENUE: &str = "if(currency = {currency:String}, revenue, 0)";

/// Sessions by the array method: a visitor's acts in order, cut where the pause exceeds 30 minutes,
/// engagement taken out of each piece, pieces without anything else dropped.
///
/// Gives `visitor` and `sessions`, arrays of tuples `(ts in ms, lower half of the id, name,
/// interactive, …)` ordered by the first two, with `more` in place of the dots.
fn sessions_of_visitors(more: &str) -> String {
    format!(
        "SELECT visitor, arrayFilter(s -> notEmpty(s), arrayMap(piece -> \
             arrayFilter(act -> act.3 != 'engagement', piece), \
             arraySplit((act, pause) -> pause > 1800000, acts, arrayDifference(acts.1)))) AS sessions \
         FROM (SELECT visitor, arraySort(act -> (act.1, act.2), groupArray(tuple(\
             toUnixTimestamp64Milli(ts), {LOWER_ID}, toString(name), interactive{more}))) AS acts \
           FROM events WHERE site_id = {{site:UInt32}} AND {IN_SHARE} GROUP BY visitor)"
    )
}

/// The same, one row with `visitor` and `s` per session.
fn sessionised(more: &str) -> String {
    format!("SELECT visitor, arrayJoin(sessions) AS s FROM ({})", sessions_of_visitors(more))
}

/// A number for all attributes of a visit together.
const ATTRIBUTES: &str = "cityHash64(toString(hostname), referrer, toString(source), toString(medium), \
    toString(campaign), toString(term), toString(content), toString(channel), toString(country), \
    toString(region), toString(city), toString(device), toString(browser), toString(browser_version), \
    toString(os), toString(os_version), toString(screen), toString(language), toString(platform), \
    toString(app), toString(app_version))";
