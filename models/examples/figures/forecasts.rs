//! Forecast errors and coverage.

use crate::Outcome;
use opentrace_models::forecast::{Forecast, Forecaster};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// Sums over steps.
#[derive(Default)]
struct Score {
    smape: f64,
    inside: [f64; 2],
    steps: f64,
}

impl Score {
    fn add(&mut self, forecast: &Forecast, step: usize, truth: f64) {
        let mean = forecast.mean[step];
        let size = mean.abs() + truth.abs();
        self.smape += if size > 0.0 { 200.0 * (mean - truth).abs() / size } else { 0.0 };
        self.steps += 1.0;
        for (inside, band) in self.inside.iter_mut().zip(&forecast.bands) {
            *inside += f64::from(u8::from(band.lower[step] <= truth && truth <= band.upper[step]));
        }
    }
}

struct Line {
    group: String,
    season: usize,
    horizon: usize,
    history: Vec<Option<f64>>,
    truth: Vec<f64>,
}

/// Symmetric mean absolute percentage error over all steps, as the competitions count it, and coverage. The
/// widths of intervals are learned from the histories of a group, as `opentrace forecast` does for a file; with a
/// seed the network is, too, as `opentrace train --kind forecast` does. Learning is timed apart.
pub(crate) fn competition(file: &str, seed: Option<u64>) -> Outcome<()> {
    let mut lines = Vec::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let [_, group, season, horizon, history, truth] = cells[..] else {
            return Err("want six cells".into());
        };
        let numbers = |text: &str| text.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>();
        lines.push(Line {
            group: group.to_owned(),
            season: season.parse()?,
            horizon: horizon.parse()?,
            history: numbers(history)?.into_iter().map(Some).collect(),
            truth: numbers(truth)?,
        });
    }
    let mut forecasters: BTreeMap<(String, usize, usize), Forecaster> = BTreeMap::new();
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let (mut learning, started) = (0.0, Instant::now());
    for line in &lines {
        let key = (line.group.clone(), line.season, line.horizon);
        if !forecasters.contains_key(&key) {
            let mut forecaster = Forecaster::new(line.horizon, &[line.season]);
            let alike =
                lines.iter().filter(|other| other.group == line.group && other.horizon == line.horizon);
            let alike = alike.map(|other| other.history.as_slice());
            let begun = Instant::now();
            match seed {
                Some(seed) => {
                    let worth = forecaster.train(alike, seed)?;
                    eprintln!("{key:?} {worth:?}");
                }
                None => forecaster.calibrate(alike)?,
            }
            learning += begun.elapsed().as_secs_f64();
            forecasters.insert(key.clone(), forecaster);
        }
        let forecast = forecasters[&key].forecast(&line.history)?;
        for group in ["all", &line.group] {
            let score = scores.entry(group.to_owned()).or_default();
            line.truth.iter().enumerate().for_each(|(step, truth)| score.add(&forecast, step, *truth));
        }
    }
    for (group, score) in scores {
        let share = score.inside.map(|count| count / score.steps);
        println!("{}", json!({"group": group, "smape": score.smape / score.steps, "inside": share}));
    }
    let forecasting = started.elapsed().as_secs_f64() - learning;
    println!("{}", json!({"group": "seconds", "learning": learning, "forecasting": forecasting}));
    Ok(())
}

/// A series of the rolling evaluation.
struct Long {
    name: &'static str,
    file: &'static str,
    column: usize,
    seasons: &'static [usize],
    horizon: usize,
}

const ETT: &str = "etth1/ETTh1.csv";
const WALKERS: &str = "prophet_examples/examples/example_pedestrians_multivariate.csv";
const LONG: [Long; 13] = [
    Long { name: "transformer HUFL", file: ETT, column: 1, seasons: &[24, 168], horizon: 48 },
    Long { name: "transformer HULL", file: ETT, column: 2, seasons: &[24, 168], horizon: 48 },
    Long { name: "transformer MUFL", file: ETT, column: 3, seasons: &[24, 168], horizon: 48 },
    Long { name: "transformer MULL", file: ETT, column: 4, seasons: &[24, 168], horizon: 48 },
    Long { name: "transformer LUFL", file: ETT, column: 5, seasons: &[24, 168], horizon: 48 },
    Long { name: "transformer LULL", file: ETT, column: 6, seasons: &[24, 168], horizon: 48 },
    Long { name: "transformer OT", file: ETT, column: 7, seasons: &[24, 168], horizon: 48 },
    Long { name: "electricity", file: "vic_elec/vic_elec.csv", column: 1, seasons: &[24, 168], horizon: 48 },
    Long { name: "pedestrians 4, hourly", file: WALKERS, column: 1, seasons: &[24, 168], horizon: 24 },
    Long { name: "pedestrians 41, hourly", file: WALKERS, column: 2, seasons: &[24, 168], horizon: 24 },
    Long {
        name: "pedestrians, daily",
        file: "prophet_examples/examples/example_pedestrians_covid.csv",
        column: 1,
        seasons: &[7, 365],
        horizon: 28,
    },
    Long {
        name: "page views R, daily",
        file: "prophet_examples/examples/example_wp_log_R.csv",
        column: 1,
        seasons: &[7, 365],
        horizon: 28,
    },
    Long {
        name: "page views Manning, daily",
        file: "prophet_examples/examples/example_wp_log_peyton_manning.csv",
        column: 1,
        seasons: &[7, 365],
        horizon: 28,
    },
];
/// Origins of the rolling evaluation, and the distance between them in horizons.
const ORIGINS: usize = 20;

/// Mean absolute error at twenty origins, against the better of the seasonal naive forecasts (chosen
/// afterwards, in the naive method's favour), and coverage.
pub(crate) fn rolling(folder: &str) -> Outcome<()> {
    for long in LONG {
        let values = column(&Path::new(folder).join(long.file), long.column)?;
        let forecaster = Forecaster::new(long.horizon, long.seasons);
        let mut score = Score::default();
        let (mut errors, mut naive) = (0.0, vec![0.0; long.seasons.len()]);
        // A stride that is no multiple of a season, so that origins fall on all places of the cycle.
        let stride = ((values.len() / 2 / ORIGINS).min(long.horizon * 2) | 1).max(1);
        for origin in 0..ORIGINS {
            let end = values.len() - long.horizon - origin * stride;
            let forecast = forecaster.forecast(&values[..end])?;
            for step in 0..long.horizon {
                let Some(truth) = values[end + step] else { continue };
                score.add(&forecast, step, truth);
                errors += (forecast.mean[step] - truth).abs();
                for (naive, season) in naive.iter_mut().zip(long.seasons) {
                    let mut at = end - season + step % season;
                    while values[at].is_none() {
                        at -= season;
                    }
                    *naive += (values[at].unwrap_or_default() - truth).abs();
                }
            }
        }
        let best = naive.iter().copied().fold(f64::INFINITY, f64::min);
        let share = score.inside.map(|count| count / score.steps);
        println!(
            "{}",
            json!({"name": long.name, "ratio": errors / best, "inside": share, "steps": score.steps})
        );
    }
    Ok(())
}

/// A column of a file with a header, rows in order of their first cell.
fn column(file: &Path, column: usize) -> Outcome<Vec<Option<f64>>> {
    let text = std::fs::read_to_string(file)?;
    let mut rows: Vec<(&str, Option<f64>)> = text
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0].trim_matches('"'), cells.get(column).and_then(|cell| cell.parse().ok()))
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(b.0));
    Ok(rows.into_iter().map(|row| row.1).collect())
}
