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
    let (mut least, mut last) = (f64::INFINITY, values[values.len() - 1]);
    for step in 0..CONSTANTS {
        let alpha = (step as f64 + 0.5) / CONSTANTS as f64;
        let (mut level, mut squares) = (values[0], 0.0);
        for value in &values[1..] {
            let error = value - level - drift;
            squares += error * error;
            level += drift + alpha * error;
        }
        if squares < least {
            (least, last) = (squares, level);
        }
    }
    (1..=horizon).map(|step| last + drift * step as f64).collect()
}
