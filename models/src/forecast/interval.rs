//! Intervals: how far off the same combination was on the stretches it forecast again.
//!
//! Conformal: the errors of the combination on known stretches, each divided by how large errors are that
//! many steps ahead, are ranked, and the band takes the quantile that a new error falls under with the
//! wanted probability (Vovk, Gammerman and Shafer, 2005, with the finite-sample correction). Where the
//! stretches are too few for the quantile, Student's distribution continues them.

use super::combine::{Trial, mix};
use super::members::Member;
use super::series::Series;
use crate::error::{Error, Result};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Errors of stretches that overlap say the same twice; this many steps count as one error.
const OVERLAP: f64 = 3.0;
/// Independent errors at which the ranks are believed as much as Student's distribution.
const ENOUGH: f64 = 40.0;
/// A method's forecast of a stretch that its parameters were chosen on is a little too good.
const OPTIMISM: f64 = 1.03;

/// The share of a value below which an error is one of arithmetic.
const NOTHING: f64 = 1e-9;
/// Largest factor of an interval, as exponent: its end stays a finite number.
const LARGEST_REACH: f64 = 60.0;

/// How large errors are, and how they spread.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    /// Errors are of logarithms.
    log: bool,
    /// Error `j` steps ahead: `first + growth * sqrt(j)`.
    first: f64,
    growth: f64,
    /// Errors over their size, absolute values in order.
    scores: Vec<f64>,
    independent: f64,
}

impl Spread {
    /// From the stretches forecast again; without any, or where all were met exactly, from the changes of the history.
    pub(super) fn new(series: &Series, trials: &[Trial], weights: &[(Member, f64)]) -> Self {
        let log = series.values.iter().all(|value| *value > 0.0);
        let distance = |value: f64, truth: f64| {
            if log { (truth / value.max(1e-300)).ln().abs().min(50.0) } else { (truth - value).abs() }
        };
        let mut errors: Vec<(usize, f64)> = Vec::new();
        for trial in trials {
            let steps = trial.said.first().map_or(0, |(_, forecast)| forecast.len());
            let forecast = mix(&trial.said, weights, steps);
            for (step, value) in forecast.iter().enumerate().filter(|(s, _)| series.present[trial.origin + s])
            {
                errors.push((step + 1, distance(*value, series.values[trial.origin + step])));
            }
        }
        // Where nothing changed on the stretches that were forecast again, what changed before them still may.
        let least = if log { 1.0 } else { series.values.iter().fold(0.0, |most: f64, v| most.max(v.abs())) };
        if errors.iter().all(|(_, error)| *error <= NOTHING * least) {
            let pairs = series.values.windows(2);
            errors = Vec::new();
            errors.extend(pairs.map(|pair| (1, distance(pair[0], pair[1]))));
        }
        if errors.is_empty() {
            errors.push((1, 0.0)); // one point: nothing is known of its noise
        }
        let (first, growth) = growth(&errors);
        let mut scores: Vec<f64> = errors
            .iter()
            .map(|(step, error)| {
                let size = first + growth * (*step as f64).sqrt();
                if size > 0.0 { error / size } else { 0.0 }
            })
            .collect();
        scores.sort_by(f64::total_cmp);
        let independent = (scores.len() as f64 / OVERLAP).max(1.0);
        Spread { log, first, growth, scores, independent }
    }

    /// Lower and upper ends of the interval at `level` (a share, for example 0.8), around each value, `width` times
    /// as wide as the errors alone would make it; not below `low`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a level outside 0 to 1.
    pub(super) fn band(
        &self,
        mean: &[f64],
        level: f64,
        width: f64,
        low: f64,
    ) -> Result<(Vec<f64>, Vec<f64>)> {
        if !(level > 0.0 && level < 1.0) {
            return Err(Error::OutOfRange {
                field: "level",
                given: level,
                want: "between 0 and 1, exclusive",
            });
        }
        let quantile = self.quantile(level) * OPTIMISM * width;
        let ends = mean.iter().enumerate().map(|(step, value)| {
            let reach = quantile * (self.first + self.growth * ((step + 1) as f64).sqrt());
            if self.log {
                (value * (-reach).exp(), value * reach.min(LARGEST_REACH).exp())
            } else {
                ((value - reach).max(low), (value + reach).max(low))
            }
        });
        Ok(ends.unzip())
    }

    fn quantile(&self, level: f64) -> f64 {
        let free = (self.independent - 1.0).max(2.0);
        // The mean absolute deviation is the unit here; it is 0.798 of a standard deviation.
        let student =
            StudentsT::new(0.0, 1.0, free).map_or(2.0, |t| t.inverse_cdf(0.5 + level / 2.0)) / 0.798;
        let n = self.scores.len();
        let rank = ((n as f64 + 1.0) * level).ceil() as usize;
        let ranked = if rank <= n { self.scores[rank.max(1) - 1] } else { student.max(self.scores[n - 1]) };
        let believed = self.independent / (self.independent + ENOUGH);
        believed * ranked + (1.0 - believed) * student
    }
}

/// Least squares of the errors on a constant and the square root of the step, neither negative.
fn growth(errors: &[(usize, f64)]) -> (f64, f64) {
    let n = errors.len() as f64;
    let mean = errors.iter().map(|(_, error)| error).sum::<f64>() / n;
    let root = |step: &usize| (*step as f64).sqrt();
    let centre = errors.iter().map(|(step, _)| root(step)).sum::<f64>() / n;
    let (mut cross, mut square) = (0.0, 0.0);
    for (step, error) in errors {
        cross += (root(step) - centre) * (error - mean);
        square += (root(step) - centre).powi(2);
    }
    let slope = if square > 0.0 { cross / square } else { 0.0 };
    match (slope, mean - slope * centre) {
        (slope, first) if slope >= 0.0 && first >= 0.0 => (first, slope),
        (slope, _) if slope < 0.0 => (mean, 0.0),
        _ => (0.0, mean / centre),
    }
}
