//! Less noise from what people did before the experiment (CUPED: Deng, Xu, Kohavi and Walker, WSDM 2013).
//!
//! With a correlation of r between before and after, the variance shrinks to 1 − r² of what it was. The
//! estimate stays unbiased because nothing before the start can have been caused by the arm.

use super::arm::{Arm, Sums, finite, same_people};
use crate::error::Result;

/// The metric and its value before the experiment, for the people of one arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before {
    /// The metric during the experiment.
    pub during: Sums,
    /// The same people before it; people who are new count as zero.
    pub before: Sums,
    /// Sum over people of before × during.
    pub products: f64,
}

impl Before {
    fn check(&self) -> Result<()> {
        self.during.check()?;
        self.before.check()?;
        finite("products", self.products)?;
        same_people(&self.during, &self.before)
    }
}

/// Both arms with the part of their difference that was there before taken out. Where the past does not
/// vary, or the metric does not, the arms come back as they are.
///
/// # Errors
/// Those of [`Arm::mean`]; `shape` when an arm's two counts of people differ.
pub fn cuped(control: &Before, variant: &Before) -> Result<(Arm, Arm)> {
    control.check()?;
    variant.check()?;
    let before = control.before.joined(&variant.before);
    let during = control.during.joined(&variant.during);
    let spread = before.variance();
    // One slope for both arms, or the slopes' difference would enter the estimate.
    let slope = if spread == 0.0 || during.variance() == 0.0 {
        0.0
    } else {
        during.covariance(&before, control.products + variant.products) / spread
    };
    Ok((adjusted(control, slope)?, adjusted(variant, slope)?))
}

fn adjusted(arm: &Before, slope: f64) -> Result<Arm> {
    let Before { during, before, products } = arm;
    let variance = during.variance() + slope * slope * before.variance()
        - 2.0 * slope * during.covariance(before, *products);
    Arm::new(during.n, during.mean() - slope * before.mean(), during.mean(), variance)
}
