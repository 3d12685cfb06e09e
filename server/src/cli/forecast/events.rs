//! Holidays and other events, by series or for all of them.

use std::collections::BTreeMap;
use std::io::Read;

use csv::{ReaderBuilder, Trim};
use opentrace_models::forecast::{Event, Grid};

use crate::cli::CliError;
use crate::cli::cells::millis;

/// The times of each event; `None` is every series.
#[derive(Debug, Default)]
pub(super) struct Events {
    times: BTreeMap<(Option<String>, String), Vec<i64>>,
}

/// Reads `timestamp,event` or `series,timestamp,event`; a first row without a time is a header.
pub(super) fn read(input: impl Read) -> Result<Events, CliError> {
    let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(input);
    let mut events = Events::default();
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(|source| CliError::because("cannot read the events", source))?;
        let (series, time, event) = match record.len() {
            2 => (None, &record[0], &record[1]),
            3 => (Some(record[0].to_owned()), &record[1], &record[2]),
            _ => {
                return Err(CliError::failed(
                    "events need the columns timestamp,event or series,timestamp,event",
                ));
            }
        };
        match millis(time) {
            Some(at_ms) => events.times.entry((series, event.to_owned())).or_default().push(at_ms),
            None if row == 0 => {}
            None => return Err(CliError::failed(format!("events, row {}: `{time}` is not a time", row + 1))),
        }
    }
    Ok(events)
}

impl Events {
    /// Where the events of a series lie on its grid; those after the horizon do not matter yet.
    pub(super) fn of(&self, series: &str, grid: &Grid, horizon: usize) -> Vec<Event> {
        let end = grid.values.len() + horizon;
        let concerns = |of: &Option<String>| of.as_deref().is_none_or(|of| of == series);
        self.times
            .iter()
            .filter(|((of, _), _)| concerns(of))
            .map(|(_, times)| {
                let at = times.iter().filter_map(|at_ms| grid.place(*at_ms)).filter(|at| *at < end);
                Event { at: at.collect() }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_fall_on_the_grid_of_their_series() {
        let day = |at: i64| (at * 86_400_000, Some(1.0));
        let grid = Grid::of(&[day(0), day(1), day(2), day(3)]);
        let events = read("series,timestamp,event\na,1970-01-02,sale\nb,1970-01-03,sale\na,1970-01-06,sale\na,1970-02-01,sale\n".as_bytes());
        let events = events.expect("events");
        assert_eq!(events.of("a", &grid, 3), [Event { at: vec![1, 5] }]);
        let all = read("1970-01-02,holiday\n".as_bytes()).expect("events");
        assert_eq!(all.of("anything", &grid, 3), [Event { at: vec![1] }]);
        assert!(read("x,holiday\ny,holiday\n".as_bytes()).is_err());
    }
}
