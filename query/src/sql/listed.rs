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

fn since_then(params: &mut Vec<Value>, site: &Site, since: Timestamp) -> String {
    let site = bind(params, Value::Count(u64::from(site.id.0)));
    let since = bind(params, Value::Int(since.0));
    format!("site_id = {site} AND ts >= fromUnixTimestamp64Milli({since}, 'UTC')")
}
