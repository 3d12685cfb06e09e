//! Forgetting by age: what is older than the days that a site keeps (`retention_days`).
//!
//! Answers no question. Everybody who did something before the oldest day kept is brought to the pipeline as
//! an erasure that is bound to that time, a few thousand people in one go, so that every view becomes what
//! it would be had nothing happened before.
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
/// People forgotten in one go: their histories are in memory meanwhile.
const AT_ONCE: usize = 5_000;

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
    fn holds(&self, site: &Site, before: Timestamp) -> bool {
        self.days == site.retention_days && self.before >= before && self.seen.elapsed() < LOOK_AGAIN
    }
}

impl Expiry {
    pub(crate) fn new(pipeline: Pipeline, store: Store, sites: Sites) -> Self {
        Self { pipeline, store, sites }
    }

    /// Runs as long as the program.
    pub(crate) async fn run(self) {
        let mut clean: HashMap<SiteId, Clean> = HashMap::new();
        loop {
            for site in self.sites.all() {
                let Some(before) = oldest_kept(&site, clock::now()) else { continue };
                if clean.get(&site.id).is_some_and(|clean| clean.holds(&site, before)) {
                    continue;
                }
                let seen = Instant::now();
                match self.forget(&site, before).await {
                    Ok(people) => {
                        if people > 0 {
                            let days = site.retention_days;
                            tracing::info!(site = %site.domain, days, people, "forgot what is older");
                        }
                        clean.insert(site.id, Clean { days: site.retention_days, before, seen });
                    }
                    Err(error) => {
                        tracing::warn!(site = %site.domain, %error, code = error.code(), "what is too old stays");
                    }
                }
            }
            sleep(LOOK).await;
        }
    }

    /// Forgets what happened on a site before a time. Returns how many people that concerned.
    async fn forget(&self, site: &Site, before: Timestamp) -> Result<usize, StoreError> {
        let mut people = 0;
        // Whoever changes their mind meanwhile keeps the rest.
        while self.keeps_as_many_days(site) {
            let visitors = self.store.visitors_before(site.id.0, before.0, AT_ONCE).await?;
            if visitors.is_empty() {
                break;
            }
            people += visitors.len();
            let visitors = visitors.into_iter().map(VisitorId).collect();
            self.erase(Erasure { id: Uuid::now_v7(), site: site.id, visitors, before: Some(before) }).await;
        }
        if people > 0 {
            self.store.rewrite_erased().await?;
        }
        self.store.erase_said_before(site.id.0, before.0).await?;
        Ok(people)
    }

    fn keeps_as_many_days(&self, site: &Site) -> bool {
        self.sites.get(site.id).is_some_and(|now| now.retention_days == site.retention_days)
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
