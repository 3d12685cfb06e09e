//! What people write into the cells of their tables.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};

/// Whole numbers below this are seconds since 1970 (up to the year 5138), others milliseconds.
const SECONDS_END: i64 = 100_000_000_000;
/// What people write where there is no value.
const NO_VALUE: [&str; 6] = ["", "nan", "null", "none", "na", "n/a"];

/// A number, or none where the cell says that there is none.
pub(super) fn number(cell: &str) -> Result<Option<f64>, String> {
    if is_missing(cell) {
        return Ok(None);
    }
    cell.parse().map(Some).map_err(|_| format!("`{cell}` is not a number"))
}

/// Whether a cell says that there is no value.
pub(super) fn is_missing(cell: &str) -> bool {
    NO_VALUE.iter().any(|none| cell.eq_ignore_ascii_case(none))
}

/// Milliseconds since 1970. A time without an offset is taken as UTC: its days are what matters.
pub(super) fn millis(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return if number.abs() < SECONDS_END { number.checked_mul(1000) } else { Some(number) };
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let civil: DateTime = text.parse().or_else(|_| text.parse::<Date>().map(DateTime::from)).ok()?;
    Some(TimeZone::UTC.to_timestamp(civil).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let want = Some(1_397_088_240_000);
        let texts = [
            "2014-04-10 00:04:00",
            "2014-04-10T00:04:00",
            "2014-04-10T00:04:00Z",
            "2014-04-10T02:04:00.000+02:00",
            "2014-04-10 00:04:00.000000",
            "1397088240",
            "1397088240000",
        ];
        for text in texts {
            assert_eq!(millis(text), want, "{text}");
        }
        assert_eq!(millis("2014-04-10"), Some(1_397_088_000_000));
        for text in ["", "noon", "2014-13-40 00:00:00", "1.5"] {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
