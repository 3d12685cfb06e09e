//! Numbers of any size and shape on one scale: centred, about as wide as a standard normal variable, heavy
//! tails compressed.

use crate::artefact::usable;
use serde::{Deserialize, Serialize};

/// Numbers with heavier tails than this (distance from the median in quartile ranges) are compressed.
const HEAVY: f64 = 10.0;

/// How the numbers of one column are scaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scale {
    centre: f64,
    width: f64,
    /// Signed logarithm of the distance instead of the distance.
    compress: bool,
}

impl Scale {
    /// The column's value in its scale.
    pub(crate) fn of(&self, value: f64) -> f64 {
        let distance = ((value - self.centre) / self.width).clamp(-f64::MAX, f64::MAX);
        if self.compress { distance.signum() * distance.abs().ln_1p() } else { distance.clamp(-HEAVY, HEAVY) }
    }

    /// Whether it can be one of a column.
    pub(crate) fn is_sound(&self) -> bool {
        usable([&self.centre, &self.width]) && self.width > 0.0
    }

    /// Where a missing value is put.
    pub(crate) fn of_centre(&self) -> f64 {
        self.of(self.centre)
    }

    /// The scale of a column; NaN is missing.
    pub(crate) fn of_column(column: &[f64]) -> Scale {
        let mut present: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
        present.sort_by(f64::total_cmp);
        if present.is_empty() {
            return Scale { centre: 0.0, width: 1.0, compress: false };
        }
        let at = |share: f64| present[((present.len() - 1) as f64 * share) as usize];
        let n = present.len() as f64;
        let mean = present.iter().sum::<f64>() / n;
        let deviation = (present.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
        let quartiles = at(0.75) - at(0.25);
        let reach = (at(1.0) - at(0.5)).max(at(0.5) - at(0.0));
        let compress = reach > HEAVY * quartiles;
        let width = if compress && quartiles > 0.0 { quartiles } else { deviation };
        let centre = if compress { at(0.5) } else { mean };
        Scale { centre, width: if width > 0.0 && width.is_finite() { width } else { 1.0 }, compress }
    }
}
