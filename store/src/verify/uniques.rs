//! `v_uniques` from raw events, days and weeks in the site's time zone.

use super::{DAY, Halves, WEEK_OF_DAY};

pub(super) fn halves() -> Halves {
    let of_period = |period: &str, start: &str| {
        format!(
            "SELECT '{period}' AS period, {start} AS start, toInt64(uniqExact(visitor)) AS visitors FROM (\
               SELECT visitor, {DAY} AS day FROM events \
               WHERE site_id = {{site:UInt32}} AND name != 'engagement'\
             ) GROUP BY start"
        )
    };
    let recomputed = [
        of_period("day", "day"),
        of_period("week", WEEK_OF_DAY),
        of_period("month", "toDate32(toStartOfMonth(day))"),
    ];
    let stored = "SELECT toString(period) AS period, start, sum(visitors) AS visitors FROM v_uniques FINAL \
                  WHERE site_id = {site:UInt32} AND calendar = {calendar:UInt32} GROUP BY period, start \
                  HAVING visitors != 0";
    Halves { recomputed: recomputed.join(" UNION ALL "), stored: stored.to_owned(), ..Halves::default() }
}
