//! A goal of `v_goals` from raw events.

use opentrace_events::define::Condition;

use super::{DAY, Halves, REVENUE, Terms, WEEK_OF_DAY};

pub(super) fn halves(definition: u32, event: &Condition) -> Halves {
    let mut terms = Terms::default();
    let condition = terms.condition(event);
    let of_period = |period: &str, start: &str| {
        format!(
            "SELECT '{period}' AS period, {start} AS start, toInt64(count()) AS events, \
               toInt64(uniqExact(visitor)) AS visitors, sum(counted) AS revenue FROM (\
               SELECT visitor, {DAY} AS day, {REVENUE} AS counted FROM events \
               WHERE site_id = {{site:UInt32}} AND name != 'engagement' AND {condition} = 1\
             ) GROUP BY start"
        )
    };
    let recomputed = [
        of_period("day", "day"),
        of_period("week", WEEK_OF_DAY),
        of_period("month", "toDate32(toStartOfMonth(day))"),
    ];
    let stored = format!(
        "SELECT toString(period) AS period, start, sum(events) AS events, sum(visitors) AS visitors, \
           sum(revenue) AS revenue FROM v_goals FINAL \
         WHERE site_id = {{site:UInt32}} AND definition = {definition} GROUP BY period, start \
         HAVING events != 0 OR visitors != 0 OR revenue != 0"
    );
    Halves { recomputed: recomputed.join(" UNION ALL "), stored, terms }
}
