//! A trained forecast and the rows of a table.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use opentrace_models::artefact::{self, Sound};
use opentrace_models::forecast::{Grid, Learned, MOST_STEPS};
use serde::{Deserialize, Serialize};

use super::read;
use crate::cli::CliError;
use crate::cli::cells::{millis, number};

/// Levels of the intervals that are calibrated.
const LEVELS: [f64; 2] = [0.8, 0.95];

/// Time, value and row of a point.
type Point = (i64, Option<f64>, usize);

/// What the series of a file have in common.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::cli) struct ForecastModel(Learned);

/// A model, and what it was learned from.
#[derive(Debug)]
pub(in crate::cli) struct Trained {
    pub(in crate::cli) model: ForecastModel,
    /// Points that were read.
    pub(in crate::cli) points: usize,
    /// First and last time.
    pub(in crate::cli) window: (i64, i64),
    /// Errors on ends of histories that were hidden, with and without a network.
    pub(in crate::cli) metrics: BTreeMap<String, f64>,
}

impl Sound for ForecastModel {
    fn sound(&self) -> Result<(), &'static str> {
        self.0.sound()
    }
}

/// What a model in a folder has learned.
pub(super) fn load(folder: &Path) -> Result<Learned, CliError> {
    let model: ForecastModel = artefact::load(folder, &["forecast"])
        .map_err(|error| CliError::because("cannot read the model", error))?
        .1;
    Ok(model.0)
}

impl ForecastModel {
    /// Learns from a file. The same file and seed give the same model.
    pub(in crate::cli) fn learn(
        input: &[u8],
        horizon: usize,
        asked: &[usize],
        seed: u64,
    ) -> Result<Trained, CliError> {
        let series = read::read(input)?.series;
        let times = || series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
        let window = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        let grids: Vec<Grid> = series.iter().map(|series| Grid::of(&series.points)).collect();
        let (learned, metrics) = Learned::train(&grids, horizon, asked, &LEVELS, seed)
            .map_err(|error| CliError::because("cannot train", error))?;
        Ok(Trained { model: ForecastModel(learned), points: times().count(), window, metrics })
    }

    /// The prediction of every row: empty for rows with a value, the forecast for rows without one after the
    /// last value of their series.
    pub(in crate::cli) fn fill(
        &self,
        header: &[String],
        rows: &[Vec<String>],
    ) -> Result<Vec<String>, CliError> {
        let named = |name: &str| header.iter().position(|cell| cell.eq_ignore_ascii_case(name));
        let (Some(time), Some(value)) = (named("timestamp"), named("value")) else {
            return Err(CliError::failed(
                "a forecast needs the columns timestamp and value, and may have series",
            ));
        };
        let mut series: HashMap<&str, Vec<Point>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let line = |why: String| CliError::failed(format!("line {}: {why}", at + 2));
            let at_ms = millis(&row[time]).ok_or_else(|| line(format!("`{}` is not a time", row[time])))?;
            let name = named("series").map_or("", |column| row[column].as_str());
            series.entry(name).or_default().push((at_ms, number(&row[value]).map_err(line)?, at));
        }
        let mut answer = vec![String::new(); rows.len()];
        for (name, mut points) in series {
            points.sort_by_key(|point| point.0);
            points.dedup_by_key(|point| point.0);
            self.fill_one(&points, &mut answer)
                .map_err(|error| CliError::failed(format!("series `{name}`: {error}")))?;
        }
        Ok(answer)
    }

    fn fill_one(&self, points: &[Point], answer: &mut [String]) -> opentrace_models::Result<()> {
        let end = points.iter().rposition(|point| point.1.is_some()).map_or(0, |last| last + 1);
        let (past, ahead) = points.split_at(end);
        if ahead.is_empty() {
            return Ok(());
        }
        let known: Vec<(i64, Option<f64>)> = past.iter().map(|point| (point.0, point.1)).collect();
        let grid = Grid::of(&known);
        let n = grid.values.len();
        let steps: Vec<(usize, usize)> = ahead
            .iter()
            .enumerate()
            .map(|(row, point)| (grid.place(point.0).map_or(row, |place| place.saturating_sub(n)), point.2))
            .collect();
        let horizon = steps.iter().map(|(step, _)| step + 1).max().unwrap_or(1).min(MOST_STEPS);
        let forecast = self.0.forecast(&grid, horizon, &[])?;
        for (step, row) in steps {
            if let Some(mean) = forecast.mean.get(step) {
                answer[row] = mean.to_string();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_a_value_at_the_end_are_predicted() {
        let days: String = (1..=28).map(|day| format!("a,2024-01-{day:02},{}\n", 10 + day % 7)).collect();
        let input = format!("series,timestamp,value\n{days}");
        let trained = ForecastModel::learn(input.as_bytes(), 7, &[], 1).expect("a model");
        let Trained { model, points, window, .. } = trained;
        assert_eq!((points, window.1 - window.0), (28, 27 * 86_400_000));
        let text = format!("{days}a,2024-01-29,\na,2024-02-01,\n");
        let rows: Vec<Vec<String>> =
            text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
        let header = ["series", "timestamp", "value"].map(str::to_owned);
        let answer = model.fill(&header, &rows).expect("an answer");
        assert!(answer[..28].iter().all(String::is_empty));
        let number = |at: usize| answer[at].parse::<f64>().expect("a number");
        assert!((number(28) - 11.0).abs() < 1.0 && (number(29) - 14.0).abs() < 1.0, "{:?}", &answer[28..]);
        assert!(model.fill(&header[..2], &rows).is_err());
    }
}
