//! Autoregression of changes, ridge-shrunk: what smoothing cannot see, such as a change that is always
//! followed by one the other way.

use super::linear::Normal;

/// Most changes that are looked back on.
const ORDER: usize = 12;
/// Share of the mean change that is believed to go on, and of what is left of it each step.
const DRIFT: (f64, f64) = (0.7, 0.98);

/// Forecasts `horizon` steps.
pub(super) fn forecast(values: &[f64], horizon: usize) -> Vec<f64> {
    let n = values.len();
    let last = values[n - 1];
    if n < 8 {
        return vec![last; horizon];
    }
    let order = ORDER.min(n / 4);
    let mean = DRIFT.0 * (last - values[0]) / (n - 1) as f64;
    let mut changes: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0] - mean).collect();
    let variance = changes.iter().map(|change| change * change).sum::<f64>() / changes.len() as f64;
    let mut normal = Normal::new(order);
    let mut row = vec![0.0; order];
    for at in order..changes.len() {
        for (lag, place) in row.iter_mut().enumerate() {
            *place = changes[at - 1 - lag];
        }
        normal.add(&row, changes[at], 1.0);
    }
    // The further back, the less is believed.
    let Some(weights) = normal.solve(|lag| variance * (1.0 + lag as f64)) else { return vec![last; horizon] };
    let (mut level, mut drift) = (last, mean);
    (0..horizon)
        .map(|_| {
            let recent = changes.iter().rev();
            let change: f64 = weights.iter().zip(recent).map(|(weight, change)| weight * change).sum();
            level += drift + change;
            drift *= DRIFT.1;
            changes.push(change);
            level
        })
        .collect()
}
