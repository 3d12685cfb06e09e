//! One row of the input: a time and a value, or none.

use csv::StringRecord;
use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};

/// Whole numbers below this are seconds since 1970 (up to the year 5138), others milliseconds.
const SECONDS_END: i64 = 100_000_000_000;
/// What people write where there is no value.
const NO_VALUE: [&str; 6] = ["", "nan", "null", "none", "na", "n/a"];

/// Where the two columns are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Columns {
    time: usize,
    value: usize,
}

impl Columns {
    /// The columns by the file's first row, and whether that row is a header: its first cell is no time.
    /// `timestamp` and `value` are found by name, else the first two columns are taken.
    pub(super) fn of(first: &StringRecord) -> Result<(Self, bool), String> {
        let named = |name: &str| first.iter().position(|cell| cell.eq_ignore_ascii_case(name));
        let is_header = first.iter().next().is_none_or(|cell| millis(cell).is_none())
            && first.get(1).is_none_or(|cell| cell.parse::<f64>().is_err());
        let columns = match (named("timestamp"), named("value")) {
            (Some(time), Some(value)) => Columns { time, value },
            _ => Columns { time: 0, value: 1 },
        };
        if first.len() < 2 {
            return Err("two columns are needed: timestamp,value".into());
        }
        Ok((columns, is_header))
    }
}

/// A row and the words it was written in.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) time: &'a str,
    pub(super) number: &'a str,
    pub(super) at_ms: i64,
    pub(super) value: Option<f64>,
}

impl<'a> Row<'a> {
    pub(super) fn parse(record: &'a StringRecord, columns: Columns) -> Result<Self, String> {
        let time = record.get(columns.time).ok_or("no column for the time")?;
        let number = record.get(columns.value).ok_or("no column for the value")?;
        let at_ms = millis(time).ok_or_else(|| format!("`{time}` is not a time"))?;
        let value = if NO_VALUE.iter().any(|none| number.eq_ignore_ascii_case(none)) {
            None
        } else {
            Some(number.parse().map_err(|_| format!("`{number}` is not a number"))?)
        };
        Ok(Row { time, number, at_ms, value })
    }
}

/// Milliseconds since 1970. A time without an offset is taken as UTC: its days are what matters.
fn millis(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return if number.abs() < SECONDS_END { number.checked_mul(1000) } else { Some(number) };
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let civil: DateTime = text.parse().ok()?;
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
