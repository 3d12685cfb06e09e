//! Exponential smoothing with a damped trend, averaged over its parameters.
//!
//! Instead of one set of parameters found by an optimiser, a grid of smoothing constants and dampings is
//! run, and their forecasts are averaged with weights by likelihood: no starting point, no local optimum,
//! nothing random, and a short history does not decide for one extreme. The recursions are Gardner and
//! McKenzie's (*Management Science* 31, 1985); the weights are Akaike's, flattened.

const LEVELS: [f64; 9] = [0.02, 0.08, 0.16, 0.28, 0.42, 0.58, 0.74, 0.88, 0.99];
const TRENDS: [f64; 5] = [0.0, 0.04, 0.12, 0.25, 0.5];
const DAMPINGS: [f64; 4] = [0.8, 0.88, 0.94, 0.98];
const LANES: usize = TRENDS.len() * DAMPINGS.len();
/// Points from which the first level and trend are taken.
const START: usize = 10;
/// Weights are likelihoods to this power: residuals are not as independent as the likelihood believes.
const TEMPER: f64 = 0.5;
/// Points that enter; older ones have no weight under any of the parameters that win.
const LONGEST: usize = 1_500;

/// How an error is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Errors {
    /// In the units of the series.
    Additive,
    /// Relative to the forecast, for series that are always positive.
    Relative,
}

/// Forecasts `horizon` steps.
pub(super) fn forecast(values: &[f64], horizon: usize, errors: Errors) -> Vec<f64> {
    let values = &values[values.len().saturating_sub(LONGEST)..];
    let (level, trend) = line(&values[..values.len().min(START)]);
    let start = (level - trend, trend);
    let runs: Vec<Run> = LEVELS
        .into_iter()
        .flat_map(|alpha| match errors {
            Errors::Additive => run(values, start, alpha, |error, _, _| error),
            Errors::Relative => run(values, start, alpha, |error, expected, value| {
                error / expected.abs().max(1e-9 + 0.1 * value.abs())
            }),
        })
        .collect();
    let best = runs.iter().map(|run| run.misfit).fold(f64::INFINITY, f64::min);
    let mut out = vec![0.0; horizon];
    let mut total = 0.0;
    for run in &runs {
        let weight = (-0.5 * TEMPER * (run.misfit - best)).exp();
        total += weight;
        let (mut reach, mut power) = (0.0, 1.0);
        for value in &mut out {
            power *= run.damping;
            reach += power;
            *value += weight * (run.level + reach * run.trend);
        }
    }
    out.iter_mut().for_each(|value| *value /= total);
    out
}

struct Run {
    misfit: f64,
    level: f64,
    trend: f64,
    damping: f64,
}

/// All trends and dampings of one smoothing constant at once, a lane each: the steps of one recursion wait for
/// each other, those of its neighbours do not.
fn run(
    values: &[f64],
    start: (f64, f64),
    alpha: f64,
    measure: impl Fn(f64, f64, f64) -> f64,
) -> [Run; LANES] {
    let dampings: [f64; LANES] = std::array::from_fn(|lane| DAMPINGS[lane % DAMPINGS.len()]);
    let gains: [f64; LANES] = std::array::from_fn(|lane| alpha * TRENDS[lane / DAMPINGS.len()]);
    let (mut levels, mut trends, mut squares) = ([start.0; LANES], [start.1; LANES], [0.0; LANES]);
    for &value in values {
        for lane in 0..LANES {
            let damped = dampings[lane] * trends[lane];
            let expected = levels[lane] + damped;
            let error = value - expected;
            let measured = measure(error, expected, value);
            squares[lane] += measured * measured;
            levels[lane] = expected + alpha * error;
            trends[lane] = damped + gains[lane] * error;
        }
    }
    let n = values.len() as f64;
    std::array::from_fn(|lane| Run {
        misfit: n * (squares[lane].max(1e-300) / n).ln(),
        level: levels[lane],
        trend: trends[lane],
        damping: dampings[lane],
    })
}

/// Least-squares line: its value at the first point, and its slope.
pub(super) fn line(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / n;
    let (mut cross, mut square) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        cross += (at as f64 - middle) * (value - mean);
        square += (at as f64 - middle).powi(2);
    }
    let slope = if square > 0.0 { cross / square } else { 0.0 };
    (mean - slope * middle, slope)
}
