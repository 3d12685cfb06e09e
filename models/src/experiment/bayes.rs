//! The same difference as a belief: a normal prior, a normal likelihood, a normal posterior.
//!
//! Wrong when: arms are small and skewed, so that a mean is not yet normal.

use super::arm::{Arm, finite, share};
use super::effect::{Effect, Scale};
use super::tails;
use crate::error::{Error, Result};

/// What was believed of the difference before, in the scale of the comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prior {
    /// Nothing: the posterior is what the data say.
    Flat,
    /// A normal belief. Mean 0 with deviation 0.3 on the relative scale says that most changes move a
    /// metric by less than 30 %.
    Normal {
        /// Expected difference.
        mean: f64,
        /// Its standard deviation.
        deviation: f64,
    },
}

/// What is believed after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    /// Expected difference.
    pub mean: f64,
    /// Its standard deviation.
    pub deviation: f64,
    /// Interval that holds the difference with probability 1 − alpha.
    pub interval: (f64, f64),
    /// Probability that the variant is larger than the control.
    pub chance_to_win: f64,
    /// Expected loss of keeping the control although the variant is larger.
    pub risk_of_control: f64,
    /// Expected loss of taking the variant although the control is larger.
    pub risk_of_variant: f64,
}

/// Updates `prior` with what the arms show.
///
/// # Errors
/// Those of [`Effect::of`]; `out_of_range` for an alpha outside 0 to 1 or a prior without spread.
pub fn bayes(control: &Arm, variant: &Arm, scale: Scale, prior: Prior, alpha: f64) -> Result<Posterior> {
    share("alpha", alpha)?;
    let effect = Effect::of(control, variant, scale)?;
    let (mean, variance) = match prior {
        Prior::Flat => (effect.estimate, effect.variance),
        Prior::Normal { mean, deviation } => {
            finite("prior mean", mean)?;
            let spread = deviation * deviation;
            if !(spread.is_finite() && spread > 0.0) {
                let (field, want) = ("prior deviation", "more than 0");
                return Err(Error::OutOfRange { field, given: deviation, want });
            }
            let weight = spread / (spread + effect.variance);
            (weight * effect.estimate + (1.0 - weight) * mean, weight * effect.variance)
        }
    };
    let deviation = variance.sqrt();
    if !(deviation > 0.0 && mean.is_finite()) {
        return Err(Error::Degenerate { why: "prior and data leave no spread" });
    }
    let z = mean / deviation;
    let (above, below) = (tails::normal_above(-z), tails::normal_above(z));
    let peak = deviation * tails::normal_density(z);
    let half = deviation * tails::normal_quantile_above(alpha / 2.0);
    Ok(Posterior {
        mean,
        deviation,
        interval: (mean - half, mean + half),
        chance_to_win: above,
        risk_of_control: (peak + mean * above).max(0.0),
        risk_of_variant: (peak - mean * below).max(0.0),
    })
}
