//! Retention: from events, and from what is kept.

use jiff::ToSpan;
use jiff::civil::Date;
use opentrace_events::define::{Condition, Period};

use super::super::builder::Builder;
use super::super::{Context, Statement, Value};
use super::{Acts, source};
use crate::bucket::day_number;
use crate::catalogue::Grain;
use crate::error::QueryError;
use crate::plan::Source;
use crate::range::Range;
use crate::report::Retention;

/// When an event was among those of its person, as one number: a state that keeps the least of numbers is
/// a fourth of the work of one that keeps the least of tuples.
const AT: &str = "bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(e.ts)), 64), \
                  toUInt128(reinterpretAsUInt64(reverse(substring(UUIDToNum(e.id), 9, 8)))))";

/// What has to be known of moments, of each period and then of each person.
struct Moments {
    of_period: String,
    of_person: &'static str,
    /// What a person is called.
    called: &'static str,
    /// The offsets at which they came back.
    came: &'static str,
}

impl Moments {
    /// Who starts with what they come back for has come back as they start, whenever that was; and what
    /// somebody was called is only asked where something divides.
    fn new(is_same: bool, is_divided: bool) -> Self {
        let began = if is_same && !is_divided { "" } else { ", minIf(at, starting) AS began" };
        let returned = if is_same { "" } else { ", maxIf(at, returning) AS returned" };
        let called = if is_divided { ", argMinIf(named, at, starting) AS called" } else { "" };
        Self {
            of_period: [began, returned, called].concat(),
            of_person: if is_same { "" } else { ", minIf(began, starts) AS since" },
            called: if is_divided { "argMinIf(called, began, starts)" } else { "''" },
            came: if is_same {
                "arrayMap(n -> n - c, groupArrayIf(number, returns))"
            } else {
                "arrayMap(n -> n.1 - c, arrayFilter(n -> n.1 > c OR n.1 = c AND n.2 >= since, \
                 groupArrayIf((number, returned), returns)))"
            },
        }
    }
}

/// Group, cohort, offset and people, from events.
///
/// Each person's events are folded by period first: whether and when they started in it, and when
/// they last came back in it. So a person costs as many rows as they have periods.
pub(crate) fn retention(
    context: Context<'_>,
    ask: &Retention,
    filters: &[Condition],
) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(source(&ask.about), context)?;
    let (start, back) = (builder.event(&ask.start), builder.event(&ask.back));
    let read = (0, end(context.range, ask.period)?);
    let Acts { from: acts, label } = builder.report(&ask.about, filters, read, None);
    let first_day = builder.period(match ask.period {
        Period::Day => Grain::Day,
        Period::Week => Grain::Week,
        Period::Month => Grain::Month,
    });
    // Periods as numbers that follow each other, and the day each begins on.
    let (number, cohort) = match ask.period {
        Period::Day => ("p", "c"),
        Period::Week => ("intDiv(p + 700000, 7)", "day"),
        Period::Month => {
            ("intDiv(p, 100) * 12 + p % 100", "toInt32(makeDate32(intDiv(c - 1, 12), (c - 1) % 12 + 1, 1))")
        }
    };
    let (first, last) = shown(context.range, ask.period);
    let (first, last) = (builder.bind(Value::Int(first)), builder.bind(Value::Int(last)));
    let Moments { of_period, of_person, called, came } =
        Moments::new(ask.start == ask.back, ask.about.dimension.is_some());
    let sql = format!(
        "SELECT label, cohort, offset, count() AS people FROM (\
           SELECT label, {cohort} AS cohort, arrayJoin(arrayPushFront(came, -1)) AS offset FROM (\
             SELECT minIf(number, starts) AS c, minIf(period, starts) AS day, {called} AS label{of_person}, \
               {came} AS came \
             FROM (\
               SELECT visitor, toInt64({number}) AS number, any(p) AS period, \
                 max(starting) AS starts, max(returning) AS returns{of_period} FROM (\
                 SELECT e.visitor AS visitor, toInt64({first_day}) AS p, {AT} AS at, \
                   toBool({start}) AS starting, toBool({back}) AS returning, {label} AS named \
                 {acts}\
               ) WHERE starting OR returning GROUP BY visitor, number\
             ) GROUP BY visitor HAVING max(starts)\
           )\
         ) WHERE cohort >= {first} AND cohort <= {last} GROUP BY label, cohort, offset"
    );
    Ok(Statement { sql, params: builder.into_params() })
}

/// The same from what is kept of a definition; no group.
pub(crate) fn kept_retention(
    context: Context<'_>,
    definition: u32,
    period: Period,
) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(Source::Events, context)?;
    let site = builder.site();
    let definition = builder.bind(Value::Count(u64::from(definition)));
    let (first, last) = shown(context.range, period);
    let (first, last) = (builder.bind(Value::Int(first)), builder.bind(Value::Int(last)));
    let sql = format!(
        "SELECT '' AS label, toInt32(cohort) AS day, offset, sum(people) AS counted FROM v_retention FINAL \
         WHERE site_id = {site} AND definition = {definition} AND toInt32(cohort) >= {first} \
         AND toInt32(cohort) <= {last} GROUP BY cohort, offset HAVING counted != 0"
    );
    Ok(Statement { sql, params: builder.into_params() })
}

/// The first days of the first and the last cohort shown: the periods that the range touches.
fn shown(range: &Range, period: Period) -> (i64, i64) {
    (day_number(first_day(range, range.first, period)), day_number(range.last))
}

fn first_day(range: &Range, date: Date, period: Period) -> Date {
    match period {
        Period::Day => date,
        Period::Week => {
            let into = i64::from(date.weekday().since(range.week_start));
            date.checked_sub(into.days()).unwrap_or(date)
        }
        Period::Month => date.first_of_month(),
    }
}

/// Where the last period ends that the range touches, in milliseconds.
fn end(range: &Range, period: Period) -> Result<i64, QueryError> {
    let first = first_day(range, range.last, period);
    let next = match period {
        Period::Day => first.checked_add(1.day()),
        Period::Week => first.checked_add(1.week()),
        Period::Month => first.checked_add(1.month()),
    };
    crate::range::start_of(&range.zone, next.map_err(crate::range::outside)?)
}
