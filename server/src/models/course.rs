//! Steps of time as models count them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Milliseconds since 1970 on the clock that a step is of.
pub(super) fn millis(step: DateTime) -> i64 {
    TimeZone::UTC.to_timestamp(step).map_or(0, |at| at.as_millisecond())
}

/// The place of the first step with something to measure: what was before it is no calm, but nothing.
pub(crate) fn begun(values: &[Option<f64>]) -> usize {
    let something = |value: &Option<f64>| value.is_some_and(|value| value != 0.0);
    values.iter().position(something).unwrap_or(values.len())
}
