//! Statements that list what is there instead of counting it.

use opentrace_events::{Site, Timestamp};

use super::builder::bind;
use super::{Statement, Value};

/// The keys of properties that events since an instant have, and how many have each.
pub(crate) fn properties(site: &Site, since: Timestamp, most: u64) -> Statement {
    let mut params = Vec::new();
    let events = since_then(&mut params, site, since);
    let most = bind(&mut params, Value::Count(most));
    let sql = format!(
        "SELECT name, count() AS events FROM (SELECT arrayJoin(mapKeys(props)) AS name FROM events \
         WHERE {events}) GROUP BY name ORDER BY events DESC, name LIMIT {most}"
    );
    Statement { sql, params }
}

/// The last events since an instant, newest first, without those that only say how long a page was
/// looked at: milliseconds, name, path, source, country, device, browser.
pub(crate) fn recent(site: &Site, since: Timestamp, most: u64) -> Statement {
    let mut params = Vec::new();
    let events = since_then(&mut params, site, since);
    let most = bind(&mut params, Value::Count(most));
    let sql = format!(
        "SELECT toUnixTimestamp64Milli(ts) AS at, toString(name), path, toString(source), toString(country), \
         toString(device), toString(browser) FROM events WHERE {events} AND name != 'engagement' \
         ORDER BY at DESC, log_partition, log_offset DESC LIMIT {most}"
    );
    Statement { sql, params }
}

/// Who is known by an id and did something since an instant, the last first: id, first and last
/// instant in milliseconds, events, page views, days, source of the first event, country, device and
/// browser of the last, revenue in 1/10,000 of the site's currency.
pub(crate) fn people(site: &Site, since: Timestamp, within: &str, most: u64) -> Statement {
    let mut params = Vec::new();
    let events = since_then(&mut params, site, since);
    let zone = bind(&mut params, Value::Text(site.timezone.iana_name().unwrap_or("UTC").to_owned()));
    let currency = bind(&mut params, Value::Text(site.currency.clone()));
    let within = bind(&mut params, Value::Text(within.to_owned()));
    let most = bind(&mut params, Value::Count(most));
    let sql = format!(
        "SELECT user_id, toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts)) AS seen, count(), \
         countIf(name = 'pageview'), uniqExact(toDate(ts, {zone})), argMin(toString(source), ts), \
         argMax(toString(country), ts), argMax(toString(device), ts), argMax(toString(browser), ts), \
         sumIf(revenue, currency = {currency}) FROM events WHERE {events} AND name != 'engagement' \
         AND user_id != '' AND positionCaseInsensitiveUTF8(user_id, {within}) > 0 \
         GROUP BY user_id ORDER BY seen DESC, user_id LIMIT {most}"
    );
    Statement { sql, params }
}

/// What one of them did since an instant, newest first: milliseconds, name, path, source, country,
/// device, browser, properties, revenue in 1/10,000, its currency.
pub(crate) fn deeds(site: &Site, since: Timestamp, user: &str, most: u64) -> Statement {
    let mut params = Vec::new();
    let events = since_then(&mut params, site, since);
    let user = bind(&mut params, Value::Text(user.to_owned()));
    let most = bind(&mut params, Value::Count(most));
    let sql = format!(
        "SELECT toUnixTimestamp64Milli(ts) AS at, toString(name), path, toString(source), toString(country), \
         toString(device), toString(browser), props, revenue, toString(currency) FROM events \
         WHERE {events} AND name != 'engagement' AND user_id = {user} \
         ORDER BY at DESC, log_partition, log_offset DESC LIMIT {most}"
    );
    Statement { sql, params }
}

fn since_then(params: &mut Vec<Value>, site: &Site, since: Timestamp) -> String {
    let site = bind(params, Value::Count(u64::from(site.id.0)));
    let since = bind(params, Value::Int(since.0));
    format!("site_id = {site} AND ts >= fromUnixTimestamp64Milli({since}, 'UTC')")
}
