//! A test that may be looked at after every visitor.
//!
//! The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, *Annals of
//! Statistics* 52 (2024), which is the mixture sequential probability ratio test with a normal mixture
//! and an estimated variance: intervals hold at every look at once, and stopping at the first p ≤ alpha
//! keeps the rate of false findings at alpha. The price is width: about 1.5 times the fixed interval
//! around [`DEFAULT_TUNING`] people, more far from it.
//!
//! Wrong when: the first looks have few people (below some hundred the variance is a guess).

use super::arm::{Arm, share};
use super::effect::{Effect, Scale};
use super::fixed::Test;
use crate::error::{Error, Result};

/// The number of people (both arms) at which the sequence is tightest unless told otherwise.
pub const DEFAULT_TUNING: f64 = 5000.0;

/// Compares at any time, any number of times. `tuning` is the number of people at which the answer will
/// most likely be wanted; it must be fixed before the first look.
///
/// # Errors
/// Those of [`Effect::of`]; `out_of_range` for an alpha outside 0 to 1 or a tuning that is not positive.
pub fn sequential(control: &Arm, variant: &Arm, scale: Scale, alpha: f64, tuning: f64) -> Result<Test> {
    share("alpha", alpha)?;
    if !(tuning.is_finite() && tuning > 0.0) {
        return Err(Error::OutOfRange { field: "tuning", given: tuning, want: "more than 0" });
    }
    let effect = Effect::of(control, variant, scale)?;
    let n = effect.people;
    let doubt = -2.0 * alpha.ln();
    // Variance of the mixture that makes the interval tightest at `tuning` people (their eq. 161).
    let mixture = (doubt + doubt.ln_1p()) / tuning;
    let growth = n * mixture + 1.0;
    let width = (effect.variance * 2.0 * growth * (0.5 * growth.ln() - alpha.ln()) / (n * mixture)).sqrt();
    let evidence = effect.estimate.powi(2) / effect.variance * n * mixture / (2.0 * growth);
    let p = (0.5 * growth.ln() - evidence).min(0.0).exp();
    Test::new(&effect, width, p)
}
