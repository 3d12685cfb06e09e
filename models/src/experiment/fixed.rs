//! Tests for one look at a number of people fixed beforehand. Looking every day and stopping at the first
//! small p-value finds an effect far too often where there is none: for that use
//! [`sequential`](super::sequential).

use super::arm::{Arm, finite, share};
use super::effect::{Effect, Scale};
use super::tails;
use crate::error::{Error, Result};

/// What a test found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// Variant against control, in the scale asked for.
    pub estimate: f64,
    /// Interval that holds the true difference with probability 1 − alpha.
    pub interval: (f64, f64),
    /// Two-sided p-value of no difference.
    pub p: f64,
    /// Standard error of the estimate.
    pub error: f64,
}

impl Test {
    pub(super) fn new(effect: &Effect, half_width: f64, p: f64) -> Result<Self> {
        finite("interval", half_width)?;
        finite("p", p)?;
        let Effect { estimate, .. } = *effect;
        let interval = (estimate - half_width, estimate + half_width);
        Ok(Self { estimate, interval, p: p.clamp(0.0, 1.0), error: effect.error() })
    }
}

/// Welch's t-test: two means whose variances may differ (Welch, *Biometrika* 34, 1947).
///
/// # Errors
/// Those of [`Effect::of`]; `out_of_range` for an alpha outside 0 to 1.
pub fn welch(control: &Arm, variant: &Arm, scale: Scale, alpha: f64) -> Result<Test> {
    share("alpha", alpha)?;
    let effect = Effect::of(control, variant, scale)?;
    let t = (effect.estimate / effect.error()).abs();
    let p = 2.0 * tails::student_above(t, effect.freedom);
    let reach = tails::student_quantile_above(alpha / 2.0, effect.freedom);
    Test::new(&effect, reach * effect.error(), p)
}

/// The pooled z-test of two proportions; the interval is Newcombe's hybrid score interval (*Statistics in
/// Medicine* 17, 1998, method 10), which keeps its level near 0 and 1. Counts are `(people, successes)`;
/// the difference is absolute.
///
/// # Errors
/// Those of [`Arm::proportion`]; `degenerate` when everybody or nobody succeeded.
pub fn proportions(control: (u64, u64), variant: (u64, u64), alpha: f64) -> Result<Test> {
    share("alpha", alpha)?;
    let (c, v) = (Arm::proportion(control.0, control.1)?, Arm::proportion(variant.0, variant.1)?);
    let pooled = (c.mean * c.n + v.mean * v.n) / (c.n + v.n);
    let variance = pooled * (1.0 - pooled) * (1.0 / c.n + 1.0 / v.n);
    if variance <= 0.0 {
        return Err(Error::Degenerate { why: "everybody did the same" });
    }
    let z = tails::normal_quantile_above(alpha / 2.0);
    let (low_c, high_c) = score_interval(&c, z);
    let (low_v, high_v) = score_interval(&v, z);
    let estimate = v.mean - c.mean;
    let interval = (
        estimate - (v.mean - low_v).hypot(high_c - c.mean),
        estimate + (high_v - v.mean).hypot(c.mean - low_c),
    );
    let p = 2.0 * tails::normal_above((estimate / variance.sqrt()).abs());
    Ok(Test { estimate, interval, p: p.clamp(0.0, 1.0), error: variance.sqrt() })
}

/// Wilson's score interval of one proportion (*JASA* 22, 1927).
fn score_interval(arm: &Arm, z: f64) -> (f64, f64) {
    let z2 = z * z;
    let centre = (arm.mean + z2 / (2.0 * arm.n)) / (1.0 + z2 / arm.n);
    let half = z * (arm.variance / arm.n + z2 / (4.0 * arm.n * arm.n)).sqrt() / (1.0 + z2 / arm.n);
    (centre - half, centre + half)
}
