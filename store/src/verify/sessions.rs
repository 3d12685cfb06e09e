//! `v_sessions` from raw events.

use super::{ATTRIBUTES, Halves, IN_SHARE, REVENUE, sessionised};
use crate::rows::{ACTS, LONGEST_WHOLE_MS};

pub(super) fn halves() -> Halves {
    let recomputed = format!(
        "SELECT s[1].1 AS start, visitor, s[-1].1 AS end, \
           arrayFirst(act -> act.3 = 'pageview', s).5 AS entry_page, \
           arrayLast(act -> act.3 = 'pageview', s).5 AS exit_page, \
           arraySlice(arrayCompact(arrayFilter(act -> act.3 = 'pageview', s).5), 1, 32) AS stops, \
           length(arrayCompact(arrayFilter(act -> act.3 = 'pageview', s).5)) > 32 AS more_stops, \
           toUInt32(arrayCount(act -> act.3 = 'pageview', s)) AS pageviews, \
           toUInt32(length(s)) AS events, \
           arrayCount(act -> act.4, s) <= 1 AS bounce, \
           toUInt64(s[-1].1 - s[1].1) AS duration_ms, \
           arraySum(act -> act.6, s) AS revenue, \
           length(s) <= {ACTS} AND duration_ms <= {LONGEST_WHOLE_MS} AS acts_whole, \
           if(acts_whole, arrayMap(act -> (act.1, act.3, act.5, act.6), s), []) AS acts, \
           s[1].7 AS attributes \
         FROM ({})",
        sessionised(&format!(", path, {REVENUE}, {ATTRIBUTES}"))
    );
    let stored = format!(
        "SELECT toUnixTimestamp64Milli(start) AS start, visitor, toUnixTimestamp64Milli(end) AS end, \
           entry_page, exit_page, stops, more_stops = 1 AS more_stops, pageviews, events, bounce = 1 AS bounce, duration_ms, revenue, \
           acts_whole = 1 AS acts_whole, arrayMap((ts, name, path, amount) -> \
             (toUnixTimestamp64Milli(ts), toString(name), toString(path), amount), \
             acts_ts, acts_name, acts_path, acts_revenue) AS acts, \
           {ATTRIBUTES} AS attributes \
         FROM v_sessions FINAL WHERE site_id = {{site:UInt32}} AND {IN_SHARE}"
    );
    Halves { recomputed, stored, ..Halves::default() }
}
