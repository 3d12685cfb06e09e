//! `v_traffic` from raw events.

use super::{Halves, sessionised};

pub(super) fn halves() -> Halves {
    let recomputed = format!(
        "SELECT minute, sum(e) AS events, sum(p) AS pageviews, sum(v) AS visitors, sum(n) AS sessions, \
           sum(b) AS bounces, sum(d) AS duration_ms, sum(r) AS revenue FROM (\
             SELECT toStartOfMinute(toDateTime(ts, 'UTC')) AS minute, toInt64(count()) AS e, \
               toInt64(countIf(name = 'pageview')) AS p, toInt64(uniqExact(visitor)) AS v, \
               toInt64(0) AS n, toInt64(0) AS b, toInt64(0) AS d, \
               sumIf(revenue, currency = {{currency:String}}) AS r \
             FROM events WHERE site_id = {{site:UInt32}} AND name != 'engagement' GROUP BY minute \
             UNION ALL \
             SELECT toStartOfMinute(toDateTime(intDiv(s[1].1, 1000), 'UTC')) AS minute, toInt64(0), toInt64(0), \
               toInt64(0), toInt64(count()), toInt64(countIf(arrayCount(act -> act.4, s) <= 1)), \
               toInt64(sum(s[-1].1 - s[1].1)), toInt64(0) \
             FROM ({}) GROUP BY minute\
         ) GROUP BY minute",
        sessionised()
    );
    let stored = "SELECT minute, events, pageviews, visitors, sessions, bounces, duration_ms, revenue \
                  FROM v_traffic FINAL WHERE site_id = {site:UInt32}"
        .to_owned();
    Halves { recomputed, stored }
}
