//! Regression on own lags: the last few points, the same place in each of the last cycles, and the usual
//! value of the place. Strong where there are many cycles, as in hourly traffic.

use super::linear::Normal;
use super::season;

/// Points just before that enter.
const NEAR: usize = 4;
/// Cycles of each season that enter.
const CYCLES: usize = 3;
/// Rows wanted for each coefficient; with fewer there is no answer.
const ROWS: usize = 6;
/// Rows that are read.
const LONGEST: usize = 3_000;

/// Forecasts `horizon` steps, each from the forecasts before it; none for a history that is too short.
pub(super) fn forecast(values: &[f64], seasons: &[usize], horizon: usize) -> Option<Vec<f64>> {
    let n = values.len();
    let lags = lags(seasons, n);
    let furthest = *lags.iter().max()?;
    let width = lags.len() + 2;
    if n < furthest + ROWS * width {
        return None;
    }
    let split = season::split(values, seasons, horizon);
    let usual = |at: usize| if at < n { values[at] - split.flat[at] } else { split.ahead[at - n] };
    let (mean, spread) = moments(values);
    let scaled = |value: f64| (value - mean) / spread;
    let mut known: Vec<f64> = values.iter().map(|value| scaled(*value)).collect();

    let fill = |row: &mut [f64], known: &[f64], at: usize| {
        for (place, lag) in row.iter_mut().zip(&lags) {
            *place = known[at - lag];
        }
        row[lags.len()] = usual(at) / spread;
        row[lags.len() + 1] = 1.0;
    };
    let mut normal = Normal::new(width);
    let mut row = vec![0.0; width];
    let first = furthest.max(n.saturating_sub(LONGEST));
    for at in first..n {
        fill(&mut row, &known, at);
        normal.add(&row, known[at], 1.0);
    }
    let rows = (n - first) as f64;
    let weights = normal.solve(|column| if column == width - 1 { 1e-6 } else { 0.002 * rows + 0.5 })?;
    // A recursion may run away: it stays within what was seen, and as much again on both sides.
    let (low, high) = range(&known[first..]);
    let (low, high) = (low - (high - low), high + (high - low));
    for at in n..n + horizon {
        fill(&mut row, &known, at);
        let value: f64 = row.iter().zip(&weights).map(|(column, weight)| column * weight).sum();
        known.push(value.clamp(low, high));
    }
    Some(known[n..].iter().map(|value| value * spread + mean).collect())
}

/// Which lags enter: near ones, and around each of the last cycles of each season.
fn lags(seasons: &[usize], n: usize) -> Vec<usize> {
    let mut lags: Vec<usize> = (1..=NEAR).collect();
    for &season in seasons {
        for cycle in 1..=CYCLES {
            let lag = cycle * season;
            if 2 * lag + 20 > n {
                break;
            }
            lags.push(lag);
            if cycle == 1 {
                lags.extend([lag - 1, lag + 1]);
            }
        }
    }
    lags.retain(|lag| *lag > 0);
    lags.sort_unstable();
    lags.dedup();
    lags
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
}

fn range(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
}
