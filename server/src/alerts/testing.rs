//! What tests of alerts begin with.

use std::cell::RefCell;

use jiff::tz::TimeZone;
use opentrace_alerts::rule::{Rule, RuleError, RuleId, draft};
use opentrace_events::site::BotPolicy;
use opentrace_events::{Site, SiteId, Sites};
use opentrace_query::Vocabulary;
use serde_json::{Value, json};
use uuid::Uuid;

use super::names::Names;
use super::tally::Tallies;

/// One site, with the first id, in UTC and euros.
pub(super) fn sites() -> Sites {
    let sites = Sites::default();
    sites.put(Site {
        id: SiteId(1),
        domain: "a.example".to_owned(),
        timezone: TimeZone::UTC,
        week_start: jiff::civil::Weekday::Monday,
        identified: false,
        numbered: false,
        currency: "EUR".to_owned(),
        bots: BotPolicy::Drop,
        honour_privacy_signals: false,
        retention_days: 0,
        calendar: 0,
    });
    sites
}

/// A rule on that site, with what is said of it in place of what most have.
pub(super) fn resolve(
    tallies: &mut Tallies,
    sites: &Sites,
    vocabulary: &Vocabulary,
    rule: &Value,
) -> Result<Rule, RuleError> {
    let mut body = json!({
        "site_id": "a.example", "name": "Rule", "window": "5m", "condition": { "type": "above", "value": 1 },
    });
    for (field, value) in rule.as_object().expect("an object") {
        body[field] = value.clone();
    }
    let tallies = RefCell::new(tallies);
    let names = Names { sites, definitions: &[], vocabulary, tallies };
    draft(&body)?.resolve(RuleId(Uuid::nil()), 0, &names)
}
