//! `v_features` from raw events.

use super::{ATTRIBUTES, DAY, Halves, IN_SHARE, REVENUE, sessions_of_visitors};

pub(super) fn halves() -> Halves {
    let recomputed = format!(
        "SELECT visitor, counted[1].1 AS first_seen, counted[-1].1 AS last_seen, \
           toUInt32(length(arrayDistinct(counted.8))) AS active_days, toUInt32(length(sessions)) AS sessions, \
           toUInt32(arrayCount(s -> arrayCount(act -> act.4, s) <= 1, groups)) AS bounces, \
           toUInt32(length(views)) AS pageviews, toUInt32(length(counted)) AS events, \
           toUInt32(arrayCount(act -> act.6 != 0, counted)) AS purchases, \
           arraySum(act -> act.6, counted) AS revenue, \
           toInt64(arraySum(s -> s[-1].1 - s[1].1, groups)) AS duration_ms, \
           toUInt32(length(arrayDistinct(views.5))) AS pages, \
           toUInt32(length(arrayDistinct(arrayMap(s -> s[1].7, groups)))) AS origins, \
           tuple(groups[1][1].11, groups[1][1].12) AS first, \
           tuple(groups[-1][1].11, groups[-1][1].12, groups[-1][1].13) AS last, \
           arrayMap(h -> toUInt32(arrayCount(act -> act.9 = h, counted)), range(24)) AS hours, \
           arrayMap(d -> toUInt32(arrayCount(act -> act.10 = d, counted)), range(7)) AS weekdays \
         FROM (SELECT visitor, sessions, sessions AS groups, arrayFlatten(sessions) AS counted, \
             arrayFilter(act -> act.3 = 'pageview', arrayFlatten(sessions)) AS views FROM ({})) \
         WHERE notEmpty(counted)",
        sessions_of_visitors(&format!(
            ", path, {REVENUE}, {ATTRIBUTES}, {DAY}, toHour(ts, {{zone:String}}), \
             toDayOfWeek(ts, 0, {{zone:String}}) - 1, toString(source), toString(channel), \
             cityHash64(country, device, browser, os, language, platform)"
        ))
    );
    let stored = format!(
        "SELECT visitor, toUnixTimestamp64Milli(first_seen) AS first_seen, \
           toUnixTimestamp64Milli(last_seen) AS last_seen, active_days, sessions, bounces, pageviews, events, \
           purchases, revenue, duration_ms, pages, origins, \
           tuple(toString(first_source), toString(first_channel)) AS first, \
           tuple(toString(last_source), toString(last_channel), \
             cityHash64(country, device, browser, os, language, platform)) AS last, hours, weekdays \
         FROM v_features FINAL WHERE site_id = {{site:UInt32}} AND {IN_SHARE}"
    );
    Halves { recomputed, stored, ..Halves::default() }
}
