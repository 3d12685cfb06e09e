//! Funnels: from events, and from what is kept.

use opentrace_events::define::{Condition, Order};

use super::super::builder::Builder;
use super::super::{Context, Statement, Value};
use super::{AT, Acts, source};
use crate::error::QueryError;
use crate::plan::Source;
use crate::report::{Funnel, GROUPS};

/// Group or null for all, people at each step and median seconds to it, from events.
///
/// `acts` are a person's events in order, as tuples of time, lower half of the id, steps met, label.
pub(crate) fn funnel(
    context: Context<'_>,
    ask: &Funnel,
    filters: &[Condition],
) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(source(&ask.about), context)?;
    let steps: Vec<String> = ask.steps.iter().map(|step| builder.event(&step.event)).collect();
    let count = steps.len();
    // Events that meet no step can be left out, unless they stand between two.
    let met = (ask.order != Order::Strict).then(|| format!("({})", steps.join(" OR ")));
    let (from, to) = (context.range.from.0, context.range.to.0);
    let read = (from, to.saturating_add(ask.window_ms));
    let Acts { from: acts, label } = builder.report(&ask.about, filters, read, met);
    let window = builder.bind(Value::Int(ask.window_ms));
    let enters = match ask.order {
        Order::Any => "has(acts[i].3, true)",
        Order::Ordered | Order::Strict => "acts[i].3[1]",
    };
    let since = |act: &str| format!("toUInt32(intDiv({act} - acts[i].1, 1000))");
    let seconds = match ask.order {
        Order::Ordered => format!(
            "arrayFold((reached, act) -> if(length(reached) < {count} AND act.3[length(reached) + 1] \
               AND act.1 - acts[i].1 <= {window}, arrayPushBack(reached, {}), reached), \
             arraySlice(acts, i + 1), [toUInt32(0)])",
            since("act.1")
        ),
        Order::Strict => {
            let missed = format!(
                "arrayFirstIndex(j -> NOT (i + j - 1 <= length(acts) AND acts[toUInt32(i + j - 1)].3[j] \
                 AND acts[toUInt32(i + j - 1)].1 - acts[i].1 <= {window}), range(1, {count} + 1))"
            );
            format!(
                "arrayMap(j -> {}, range(1, toUInt32(if({missed} = 0, {count}, {missed} - 1)) + 1))",
                since("acts[toUInt32(i + j - 1)].1")
            )
        }
        Order::Any => {
            let meets = format!("act -> act.3[k] AND act.1 - acts[i].1 <= {window}");
            format!(
                "arraySort(arrayMap(k -> {}, arrayFilter(k -> arrayExists({meets}, arraySlice(acts, i)), \
                 range(1, {count} + 1))))",
                since(&format!("arrayFirst({meets}, arraySlice(acts, i)).1"))
            )
        }
    };
    let (from, to) = (builder.bind(Value::Int(from)), builder.bind(Value::Int(to)));
    let passages = format!(
        "SELECT visitor, argMax(attempt.2, (length(attempt.1), -attempt.3)) AS label, \
           argMax(attempt.1, (length(attempt.1), -attempt.3)) AS seconds FROM (\
           SELECT visitor, arrayJoin(arrayMap(i -> ({seconds}, acts[i].4, toInt64(i)), arrayFilter(i -> \
             {enters} AND acts[i].1 >= {from} AND acts[i].1 < {to}, arrayEnumerate(acts)))) AS attempt FROM (\
             SELECT e.visitor AS visitor, arrayMap(act -> (act.1.1, act.1.2, act.2, act.3), arraySort(act -> act.1, groupArray((\
               {AT}, [{}], {label})))) AS acts {acts} GROUP BY e.visitor\
           )\
         ) GROUP BY visitor",
        steps.iter().map(|step| format!("toBool({step})")).collect::<Vec<_>>().join(", ")
    );
    let all = format!("SELECT NULL AS label, {} FROM ({passages})", figures(count));
    let sql = match ask.about.dimension {
        None => all,
        Some(_) => {
            let limit = builder.bind(Value::Count(GROUPS));
            format!(
                "SELECT * FROM ({all}) UNION ALL SELECT * FROM (SELECT toNullable(label), {} FROM ({passages}) \
                 GROUP BY label ORDER BY count() DESC, label LIMIT {limit})",
                figures(count)
            )
        }
    };
    Ok(Statement { sql, params: builder.into_params() })
}

/// The same from what is kept of a definition.
pub(crate) fn kept_funnel(
    context: Context<'_>,
    definition: u32,
    steps: usize,
) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(Source::Events, context)?;
    let site = builder.site();
    let definition = builder.bind(Value::Count(u64::from(definition)));
    let first = builder.bind(Value::Date(context.range.first.to_string()));
    let last = builder.bind(Value::Date(context.range.last.to_string()));
    let sql = format!(
        "SELECT NULL AS label, {} FROM (\
           SELECT visitor, argMax(took, (length(took), -toUnixTimestamp64Milli(entered))) AS seconds \
           FROM (SELECT visitor, entered, seconds AS took FROM v_funnels FINAL WHERE site_id = {site} \
             AND definition = {definition} AND day >= {first} AND day <= {last}) GROUP BY visitor\
         )",
        figures(steps)
    );
    Ok(Statement { sql, params: builder.into_params() })
}

/// People at each step, and the median of their seconds to it.
fn figures(steps: usize) -> String {
    let each = |figure: &dyn Fn(usize) -> String| (1..=steps).map(figure).collect::<Vec<_>>().join(", ");
    let reached = each(&|step| format!("countIf(length(seconds) >= {step})"));
    let medians = each(&|step| {
        format!("quantileExactInclusiveIf(0.5)(toFloat64(seconds[{step}]), length(seconds) >= {step})")
    });
    format!("[{reached}], [{medians}]")
}
