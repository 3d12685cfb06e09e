//! A funnel of `v_funnels` from raw events.

use opentrace_events::define::{Order, Step};

use super::{DAY, Halves, IN_SHARE, LOWER_ID, Terms};

pub(super) fn halves(definition: u32, steps: &[Step], order: Order, window_ms: i64) -> Halves {
    let mut terms = Terms::default();
    let conditions: Vec<String> = steps.iter().map(|step| terms.condition(&step.event)).collect();
    let count = steps.len();
    let enters = match order {
        Order::Any => "arrayExists(met -> met = 1, acts[i].4)",
        Order::Ordered | Order::Strict => "acts[i].4[1] = 1",
    };
    let since = |act: &str| format!("toUInt32(intDiv({act} - acts[i].1, 1000))");
    let seconds = match order {
        Order::Ordered => format!(
            "arrayFold((acc, act) -> if(length(acc) < {count} AND act.4[length(acc) + 1] = 1 \
               AND act.1 - acts[i].1 <= {window_ms}, arrayPushBack(acc, {}), acc), \
             arraySlice(acts, i + 1), [toUInt32(0)])",
            since("act.1")
        ),
        Order::Strict => {
            let follows = format!(
                "acts[toUInt32(i + j - 1)].4[j] = 1 AND i + j - 1 <= length(acts) \
                 AND acts[toUInt32(i + j - 1)].1 - acts[i].1 <= {window_ms}"
            );
            let reached = format!(
                "if(arrayFirstIndex(j -> NOT ({follows}), range(1, {count} + 1)) = 0, {count}, \
                 arrayFirstIndex(j -> NOT ({follows}), range(1, {count} + 1)) - 1)"
            );
            format!(
                "arrayMap(j -> {}, range(1, toUInt32({reached} + 1)))",
                since("acts[toUInt32(i + j - 1)].1")
            )
        }
        Order::Any => {
            let meets = format!("act -> act.4[k] = 1 AND act.1 - acts[i].1 <= {window_ms}");
            format!(
                "arraySort(arrayMap(k -> {}, arrayFilter(k -> arrayExists({meets}, arraySlice(acts, i)), \
                 range(1, {count} + 1))))",
                since(&format!("arrayFirst({meets}, arraySlice(acts, i)).1"))
            )
        }
    };
    // Events that meet no step can be left out, unless they stand between two.
    let only = match order {
        Order::Strict => String::new(),
        Order::Ordered | Order::Any => format!(" AND ({})", conditions.join(" OR ")),
    };
    let recomputed = format!(
        "SELECT day, visitor, argMax(attempt.2, (length(attempt.4), -attempt.3)) AS entered, \
           argMax(attempt.4, (length(attempt.4), -attempt.3)) AS seconds FROM (\
           SELECT visitor, arrayJoin(arrayMap(i -> tuple(acts[i].3, acts[i].1, toInt64(i), {seconds}), \
             arrayFilter(i -> {enters}, arrayEnumerate(acts)))) AS attempt, attempt.1 AS day FROM (\
             SELECT visitor, arraySort(act -> (act.1, act.2), groupArray(tuple(\
               toUnixTimestamp64Milli(ts), {LOWER_ID}, {DAY}, [{}]))) AS acts \
             FROM events WHERE site_id = {{site:UInt32}} AND name != 'engagement' AND {IN_SHARE}{only} \
             GROUP BY visitor)\
         ) GROUP BY visitor, day",
        conditions.join(", ")
    );
    let stored = format!(
        "SELECT day, visitor, toUnixTimestamp64Milli(entered) AS entered, seconds FROM v_funnels FINAL \
         WHERE site_id = {{site:UInt32}} AND definition = {definition} AND {IN_SHARE}"
    );
    Halves { recomputed, stored, terms }
}
