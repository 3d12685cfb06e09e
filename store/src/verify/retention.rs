//! A definition of `v_retention` from raw events.

use opentrace_events::define::{Condition, Period};

use super::{DAY, Halves, LOWER_ID, Terms, WEEK_OF_DAY};

pub(super) fn halves(definition: u32, start: &Condition, back: &Condition, period: Period) -> Halves {
    let mut terms = Terms::default();
    let (start, back) = (terms.condition(start), terms.condition(back));
    let (first_day, number) = match period {
        Period::Day => ("day", "toInt32(day)"),
        Period::Week => (WEEK_OF_DAY, "intDiv(toInt32(first_day) + 700000, 7)"),
        Period::Month => ("toDate32(toStartOfMonth(day))", "toInt32(toYear(day) * 12 + toMonth(day))"),
    };
    let recomputed = format!(
        "SELECT cohort, offset, toInt64(count()) AS people FROM (\
           SELECT visitor, acts[begun].3 AS cohort, arrayJoin(arrayPushFront(arrayDistinct(arrayMap(\
             act -> toInt32(act.4 - acts[begun].4), \
             arrayFilter(act -> act.6 = 1, arraySlice(acts, begun)))), toInt32(-1))) AS offset \
           FROM (SELECT visitor, acts, arrayFirstIndex(act -> act.5 = 1, acts) AS begun FROM (\
             SELECT visitor, arraySort(act -> (act.1, act.2), groupArray(tuple(\
               ms, lower, first_day, toInt32({number}), starts, returns))) AS acts FROM (\
                 SELECT visitor, toUnixTimestamp64Milli(ts) AS ms, {LOWER_ID} AS lower, {DAY} AS day, \
                   {first_day} AS first_day, {start} AS starts, {back} AS returns \
                 FROM events WHERE site_id = {{site:UInt32}} AND name != 'engagement'\
             ) GROUP BY visitor)) WHERE begun > 0\
         ) GROUP BY cohort, offset"
    );
    let stored = format!(
        "SELECT cohort, offset, sum(people) AS people FROM v_retention FINAL \
         WHERE site_id = {{site:UInt32}} AND definition = {definition} GROUP BY cohort, offset HAVING people != 0"
    );
    Halves { recomputed, stored, terms }
}
