//! Forgetting by age: what is older than the days that a site keeps (`retention_days`).
//!
//! Answers no question. Everybody who did something before the oldest day kept is brought to the pipeline as
//! an erasure that is bound to that time, some people in one go, so that every view becomes what it would be
//! had nothing happened before.
//!
//! Keeps: since when each site is known to hold nothing older. Nothing is written down: after a restart it is
//! looked again, and what was under way the pipeline remembers by itself.
//!
//! Wrong when: it is behind. Much is forgotten at once where a site that has collected for years is told to
//! keep days; until that is done some of it is still counted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::ToSpan as _;
use opentrace_events::{Site, SiteId, Sites, Timestamp, VisitorId};
use opentrace_pipeline::{Erasure, Pipeline};
use opentrace_store::{Store, StoreError};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::clock;

/// How often it is looked whether a day has ended, or a site keeps less than before.
const LOOK: Duration = Duration::from_secs(10);
/// What was on its way when a site was looked through is found this much later.
const LOOK_AGAIN: Duration = Duration::from_secs(3_600);
/// People forgotten in one go, and about how many events they have: whole histories are in memory meanwhile.
const PEOPLE: usize = 5_000;
const EVENTS: u64 = 100_000;

/// Forgets what is too old. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Expiry {
    pipeline: Pipeline,
    store: Store,
    sites: Sites,
}

/// A site holds nothing from before some time, as was seen.
#[derive(Clone, Copy, Debug)]
struct Clean {
    days: u32,
    before: Timestamp,
    seen: Instant,
}

impl Clean {
    fn of(site: &Site, before: Timestamp) -> Self {
        Self { days: site.retention_days, before, seen: Instant::now() }
    }

    /// Whether that says it of as many days and of this time.
    fn covers(&self, site: &Site, before: Timestamp) -> bool {
        self.days == site.retention_days && self.before >= before
    }
}

impl Expiry {
    pub(crate) fn new(pipeline: Pipeline, store: Store, sites: Sites) -> Self {
        Self { pipeline, store, sites }
    }

    /// Runs as long as the program. Sites take turns, so that none waits for all of another's people.
    pub(crate) async fn run(self) {
        let mut clean: HashMap<SiteId, Clean> = HashMap::new();
        let mut forgotten: HashMap<SiteId, usize> = HashMap::new();
        loop {
            let mut at_work = false;
            for site in self.sites.all() {
                let Some(before) = oldest_kept(&site, clock::now()) else { continue };
                let known = clean.get(&site.id).copied().filter(|clean| clean.covers(&site, before));
                if known.is_some_and(|clean| clean.seen.elapsed() < LOOK_AGAIN) {
                    continue;
                }
                let looked = Clean::of(&site, before);
                match self.turn(&site, before, known.is_some()).await {
                    Ok(0) => {
                        clean.insert(site.id, looked);
                        if let Some(people) = forgotten.remove(&site.id) {
                            let days = site.retention_days;
                            tracing::info!(site = %site.domain, days, people, "forgot what is older");
                        }
                    }
                    Ok(people) => {
                        *forgotten.entry(site.id).or_default() += people;
                        clean.remove(&site.id);
                        at_work = true;
                    }
                    Err(error) => {
                        tracing::warn!(site = %site.domain, %error, code = error.code(), "what is too old stays");
                    }
                }
            }
            if !at_work {
                sleep(LOOK).await;
            }
        }
    }

    /// Forgets some of what happened on a site before a time, and returns how many people that concerned:
    /// nobody, when nothing is left. What is hidden by then leaves the tables, unless the site was known to
    /// hold nothing.
    async fn turn(&self, site: &Site, before: Timestamp, was_clean: bool) -> Result<usize, StoreError> {
        let found = self.store.visitors_before(site.id.0, before.0, PEOPLE).await?;
        if !found.is_empty() {
            let visitors: Vec<VisitorId> = portion(found).into_iter().map(VisitorId).collect();
            let people = visitors.len();
            self.erase(Erasure { id: Uuid::now_v7(), site: site.id, visitors, before: Some(before) }).await;
            return Ok(people);
        }
        if !was_clean {
            self.store.rewrite_erased().await?;
            self.store.erase_said_before(site.id.0, before.0).await?;
        }
        Ok(0)
    }

    /// Returns when it is done.
    async fn erase(&self, erasure: Erasure) {
        let id = erasure.id;
        let mut changes = self.pipeline.erasures();
        self.pipeline.erase(erasure);
        while self.pipeline.erasure(id).is_some() {
            // A timeout only guards against a change that nobody told of.
            let _ = timeout(LOOK, changes.changed()).await;
        }
    }
}

/// As many of these people as have [`EVENTS`] together, one at least.
fn portion(found: Vec<(u64, u64)>) -> Vec<u64> {
    let mut sum = 0;
    let mut people = Vec::new();
    for (visitor, events) in found {
        sum += events;
        if sum > EVENTS && !people.is_empty() {
            break;
        }
        people.push(visitor);
    }
    people
}

/// When the oldest day begins that a site keeps; `None` where it keeps all.
fn oldest_kept(site: &Site, now: Timestamp) -> Option<Timestamp> {
    if site.retention_days == 0 {
        return None;
    }
    let today = site.timezone.to_datetime(jiff::Timestamp::from_millisecond(now.0).ok()?).date();
    let day = today.checked_sub(i64::from(site.retention_days).days()).ok()?;
    let begins = day.to_zoned_datetime(site.timezone.clone()).ok()?;
    Some(Timestamp(begins.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;
    use jiff::tz::TimeZone;
    use opentrace_events::site::BotPolicy;

    use super::*;

    fn kept(days: u32, zone: &str, now: &str) -> Option<String> {
        let site = Site {
            id: SiteId(1),
            domain: "example.com".to_owned(),
            timezone: TimeZone::get(zone).expect("a zone"),
            week_start: Weekday::Monday,
            identified: false,
            numbered: false,
            currency: "EUR".to_owned(),
            bots: BotPolicy::Drop,
            honour_privacy_signals: false,
            retention_days: days,
            calendar: 1,
        };
        let now: jiff::Timestamp = now.parse().expect("a time");
        let before = oldest_kept(&site, Timestamp(now.as_millisecond()))?;
        Some(jiff::Timestamp::from_millisecond(before.0).expect("a time").to_string())
    }

    #[test]
    fn a_portion_has_only_so_many_events_and_somebody_in_it() {
        assert_eq!(portion(vec![(1, EVENTS - 5), (2, 5), (3, 1)]), [1, 2]);
        assert_eq!(portion(vec![(1, 10 * EVENTS), (2, 1)]), [1]);
        assert!(portion(Vec::new()).is_empty());
    }

    #[test]
    fn whole_days_of_the_site_are_kept() {
        assert_eq!(kept(0, "UTC", "2026-03-31T12:00:00Z"), None);
        assert_eq!(kept(1, "UTC", "2026-03-31T00:00:00Z").as_deref(), Some("2026-03-30T00:00:00Z"));
        assert_eq!(kept(1, "UTC", "2026-03-31T23:59:59Z").as_deref(), Some("2026-03-30T00:00:00Z"));
        // It is the first of April in Berlin already, and its clocks were changed on the 29th.
        assert_eq!(
            kept(3, "Europe/Berlin", "2026-03-31T22:30:00Z").as_deref(),
            Some("2026-03-28T23:00:00Z"),
            "the 29th, before the change"
        );
        assert_eq!(kept(36_500, "UTC", "2026-03-31T12:00:00Z").as_deref(), Some("1926-04-25T00:00:00Z"));
    }
}
