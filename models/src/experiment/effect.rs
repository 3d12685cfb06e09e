//! The difference of two arms and how uncertain it is.

use super::arm::{Arm, finite};
use crate::error::{Error, Result};

/// In which unit a difference is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Variant minus control, in the unit of the metric.
    Absolute,
    /// The same as a share of the control's mean: 0.05 is five per cent more.
    Relative,
}

/// A difference: its estimate and the variance of that estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Variant against control.
    pub estimate: f64,
    /// Variance of the estimate.
    pub variance: f64,
    /// Degrees of freedom (Welch and Satterthwaite).
    pub freedom: f64,
    /// People in both arms.
    pub people: f64,
}

impl Effect {
    /// Compares `variant` with `control`. A relative variance is the delta method's.
    ///
    /// # Errors
    /// `degenerate` when an arm does not vary, or when the control is zero and the scale relative.
    pub fn of(control: &Arm, variant: &Arm, scale: Scale) -> Result<Self> {
        if control.variance <= 0.0 || variant.variance <= 0.0 {
            return Err(Error::Degenerate { why: "an arm does not vary" });
        }
        let (var_c, var_v) = (control.variance / control.n, variant.variance / variant.n);
        let difference = variant.mean - control.mean;
        let (estimate, variance) = match scale {
            Scale::Absolute => (difference, var_v + var_c),
            Scale::Relative => {
                let base = control.raw_mean;
                if base == 0.0 {
                    return Err(Error::Degenerate { why: "the control's mean is zero" });
                }
                let lift = variant.raw_mean / base;
                (difference / base, (var_v + var_c * lift * lift) / (base * base))
            }
        };
        let freedom =
            (var_v + var_c).powi(2) / (var_v.powi(2) / (variant.n - 1.0) + var_c.powi(2) / (control.n - 1.0));
        let effect = Self { estimate, variance, freedom, people: control.n + variant.n };
        finite("estimate", estimate)?;
        finite("variance", variance)?;
        // Numbers so small that their squares vanish.
        if variance <= 0.0 || !freedom.is_finite() {
            return Err(Error::Degenerate { why: "an arm does not vary" });
        }
        Ok(effect)
    }

    /// Standard error of the estimate.
    pub fn error(&self) -> f64 {
        self.variance.sqrt()
    }
}
