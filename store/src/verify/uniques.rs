//! `v_uniques` from raw events, days and weeks in the site's time zone.

use super::Halves;

pub(super) fn halves() -> Halves {
    let of_period = |period: &str, start: &str| {
        format!(
            "SELECT '{period}' AS period, {start} AS start, toInt64(uniqExact(visitor)) AS visitors FROM (\
               SELECT visitor, toDate32(toTimeZone(ts, {{zone:String}})) AS day FROM events \
               WHERE site_id = {{site:UInt32}} AND name != 'engagement'\
             ) GROUP BY start"
        )
    };
    // Days back to the start of the week: Monday is 1, and the site's week starts `week_shift` later.
    let week = "day - modulo(toDayOfWeek(day) + 6 - {week_shift:Int32}, 7)";
    let recomputed = [
        of_period("day", "day"),
        of_period("week", week),
        of_period("month", "toDate32(toStartOfMonth(day))"),
    ];
    let stored = "SELECT toString(period) AS period, start, visitors FROM v_uniques FINAL WHERE site_id = {site:UInt32}";
    Halves { recomputed: recomputed.join(" UNION ALL "), stored: stored.to_owned() }
}
