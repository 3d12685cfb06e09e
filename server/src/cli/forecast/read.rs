//! The rows of the input, by series.

use std::collections::HashMap;
use std::io::Read;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::cli::CliError;
use crate::cli::cells::{millis, number};

/// One series in the file.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) name: String,
    /// Times in milliseconds, ascending and distinct, and what was measured then.
    pub(super) points: Vec<(i64, Option<f64>)>,
}

/// All of the file.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) series: Vec<Series>,
    /// Rows whose time a later row of the same series gave again.
    pub(super) repeated: usize,
}

/// Where the columns are.
#[derive(Clone, Copy, Debug)]
struct Columns {
    series: Option<usize>,
    time: usize,
    value: usize,
}

impl Columns {
    /// By the names of a header, else by their number; and whether the row is a header.
    fn of(first: &StringRecord) -> Result<(Self, bool), String> {
        let named = |name: &str| first.iter().position(|cell| cell.eq_ignore_ascii_case(name));
        if let (Some(time), Some(value)) = (named("timestamp"), named("value")) {
            return Ok((Columns { series: named("series"), time, value }, true));
        }
        let columns = match first.len() {
            0 | 1 => return Err("three columns are needed: series,timestamp,value".into()),
            2 => Columns { series: None, time: 0, value: 1 },
            _ => Columns { series: Some(0), time: 1, value: 2 },
        };
        let words =
            |cell: usize| first.get(cell).is_some_and(|cell| millis(cell).is_none() && number(cell).is_err());
        Ok((columns, words(columns.time) && words(columns.value)))
    }
}

/// Reads everything; rows may come in any order.
pub(super) fn read(input: impl Read) -> Result<Input, CliError> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(input);
    let mut answer = Input { series: Vec::new(), repeated: 0 };
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut columns = None;
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|source| CliError::because("cannot read the input", source))?
    {
        let line = record.position().map_or(0, csv::Position::line);
        let at_line = |why: String| CliError::failed(format!("line {line}: {why}"));
        let columns = match columns {
            Some(columns) => columns,
            None => {
                let (found, is_header) = Columns::of(&record).map_err(at_line)?;
                columns = Some(found);
                if is_header {
                    continue;
                }
                found
            }
        };
        let cell = |column: usize, what: &str| {
            record.get(column).ok_or_else(|| at_line(format!("no column for the {what}")))
        };
        let time = cell(columns.time, "time")?;
        let at_ms = millis(time).ok_or_else(|| at_line(format!("`{time}` is not a time")))?;
        let value = number(cell(columns.value, "value")?).map_err(at_line)?;
        let name = columns.series.map_or(Ok(""), |column| cell(column, "series"))?;
        let place = match places.get(name) {
            Some(place) => *place,
            None => {
                places.insert(name.to_owned(), answer.series.len());
                answer.series.push(Series { name: name.to_owned(), points: Vec::new() });
                answer.series.len() - 1
            }
        };
        answer.series[place].points.push((at_ms, value));
    }
    if answer.series.is_empty() {
        return Err(CliError::failed("the input has no rows"));
    }
    for series in &mut answer.series {
        let before = series.points.len();
        series.points.reverse(); // the sort is stable, so the last row of a time comes first
        series.points.sort_by_key(|point| point.0);
        series.points.dedup_by_key(|point| point.0);
        answer.repeated += before - series.points.len();
    }
    Ok(answer)
}
