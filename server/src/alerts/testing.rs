//! What tests of alerts begin with.

use jiff::tz::TimeZone;
use opentrace_events::site::BotPolicy;
use opentrace_events::{Site, SiteId, Sites};

/// One site, with the first id, in UTC and euros.
pub(super) fn sites() -> Sites {
    let sites = Sites::default();
    sites.put(Site {
        id: SiteId(1),
        domain: "a.example".to_owned(),
        timezone: TimeZone::UTC,
        week_start: jiff::civil::Weekday::Monday,
        identified: false,
        currency: "EUR".to_owned(),
        bots: BotPolicy::Drop,
        honour_privacy_signals: false,
        retention_days: 0,
        calendar: 0,
    });
    sites
}
