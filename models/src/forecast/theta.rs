//! The theta method: exponential smoothing plus half of the trend.
//!
//! Assimakopoulos and Nikolopoulos, *International Journal of Forecasting* 16 (2000), in the form that
//! Hyndman and Billah (2003) found it to have: simple exponential smoothing with drift.

use super::smooth::line;

const CONSTANTS: usize = 40;
/// Points that enter the smoothing; the drift is of the same stretch.
const LONGEST: usize = 1_500;

/// Forecasts `horizon` steps.
pub(super) fn forecast(values: &[f64], horizon: usize) -> Vec<f64> {
    let values = &values[values.len().saturating_sub(LONGEST)..];
    let drift = line(values).1 / 2.0;
    let alphas: [f64; CONSTANTS] = std::array::from_fn(|step| (step as f64 + 0.5) / CONSTANTS as f64);
    let (mut levels, mut squares) = ([values[0]; CONSTANTS], [0.0; CONSTANTS]);
    for &value in &values[1..] {
        // The recursions of all constants side by side: none waits for another.
        for lane in 0..CONSTANTS {
            let error = value - levels[lane] - drift;
            squares[lane] += error * error;
            levels[lane] += drift + alphas[lane] * error;
        }
    }
    let best = (0..CONSTANTS).min_by(|a, b| squares[*a].total_cmp(&squares[*b])).unwrap_or(0);
    let last = levels[best];
    (1..=horizon).map(|step| last + drift * step as f64).collect()
}
