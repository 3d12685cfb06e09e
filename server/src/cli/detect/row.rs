//! One row of the input: a time and a value, or none.

use csv::StringRecord;

use crate::cli::cells::{millis, number};

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
        let text = record.get(columns.value).ok_or("no column for the value")?;
        let at_ms = millis(time).ok_or_else(|| format!("`{time}` is not a time"))?;
        Ok(Row { time, number: text, at_ms, value: number(text)? })
    }
}
