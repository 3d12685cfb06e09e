//! One arm of an experiment, as sums over its people.

use crate::error::{Error, Result};

/// Count, sum and sum of squares of one number per person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sums {
    /// People.
    pub n: u64,
    /// Sum of the number.
    pub sum: f64,
    /// Sum of its squares.
    pub squares: f64,
}

impl Sums {
    /// Sums of given numbers.
    pub fn of(values: &[f64]) -> Self {
        let squares = values.iter().map(|value| value * value).sum();
        Self { n: values.len() as u64, sum: values.iter().sum(), squares }
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum / self.n as f64
    }

    /// Unbiased sample variance; rounding may leave it a little below zero, which is zero.
    pub(super) fn variance(&self) -> f64 {
        let n = self.n as f64;
        ((self.squares - self.sum * self.sum / n) / (n - 1.0)).max(0.0)
    }

    /// Unbiased sample covariance with another number of the same people.
    pub(super) fn covariance(&self, other: &Self, products: f64) -> f64 {
        let n = self.n as f64;
        (products - self.sum * other.sum / n) / (n - 1.0)
    }

    pub(super) fn joined(&self, other: &Self) -> Self {
        Self { n: self.n + other.n, sum: self.sum + other.sum, squares: self.squares + other.squares }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.n < 2 {
            return Err(Error::TooFew { field: "arm", given: self.n as usize, want: 2 });
        }
        finite("sum", self.sum)?;
        finite("squares", self.squares)?;
        if self.squares < 0.0 {
            return Err(Error::OutOfRange { field: "squares", given: self.squares, want: "zero or more" });
        }
        Ok(())
    }
}

/// What the tests need of an arm: how many people, their mean, and the variance of one person's number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    pub(super) n: f64,
    pub(super) mean: f64,
    /// The mean before [`cuped`](super::cuped) took noise out; a relative effect is a share of it.
    pub(super) raw_mean: f64,
    pub(super) variance: f64,
}

impl Arm {
    /// An arm in which `successes` of `n` people did the thing.
    ///
    /// # Errors
    /// `too_few` below two people; `out_of_range` for more successes than people.
    pub fn proportion(n: u64, successes: u64) -> Result<Self> {
        if n < 2 {
            return Err(Error::TooFew { field: "arm", given: n as usize, want: 2 });
        }
        if successes > n {
            let given = successes as f64;
            return Err(Error::OutOfRange { field: "successes", given, want: "at most n" });
        }
        let mean = successes as f64 / n as f64;
        Self::new(n, mean, mean, mean * (1.0 - mean))
    }

    /// An arm of one number per person, for instance revenue.
    ///
    /// # Errors
    /// `too_few` below two people; `out_of_range` for sums that are not finite.
    pub fn mean(sums: Sums) -> Result<Self> {
        sums.check()?;
        Self::new(sums.n, sums.mean(), sums.mean(), sums.variance())
    }

    /// An arm of a ratio of two sums over the same people, for instance clicks by visits: the variance
    /// is the delta method's (Deng, Knoblich and Lu, KDD 2018). `products` sums numerator × denominator.
    ///
    /// # Errors
    /// As [`Arm::mean`]; `shape` when the counts of people differ; `degenerate` when the denominator is
    /// zero.
    pub fn ratio(numerator: Sums, denominator: Sums, products: f64) -> Result<Self> {
        numerator.check()?;
        denominator.check()?;
        finite("products", products)?;
        same_people(&numerator, &denominator)?;
        if denominator.sum == 0.0 {
            return Err(Error::Degenerate { why: "the denominator is zero" });
        }
        let (top, bottom) = (numerator.mean(), denominator.mean());
        let ratio = numerator.sum / denominator.sum;
        let variance = numerator.variance() / bottom.powi(2)
            - 2.0 * numerator.covariance(&denominator, products) * top / bottom.powi(3)
            + top.powi(2) * denominator.variance() / bottom.powi(4);
        Self::new(numerator.n, ratio, ratio, variance)
    }

    pub(super) fn new(n: u64, mean: f64, raw_mean: f64, variance: f64) -> Result<Self> {
        finite("mean", mean)?;
        finite("mean", raw_mean)?;
        finite("variance", variance)?;
        Ok(Self { n: n as f64, mean, raw_mean, variance: variance.max(0.0) })
    }
}

pub(super) fn same_people(one: &Sums, other: &Sums) -> Result<()> {
    if one.n == other.n {
        return Ok(());
    }
    Err(Error::Shape { field: "people", given: other.n as usize, want: one.n as usize })
}

pub(super) fn finite(field: &'static str, given: f64) -> Result<()> {
    if given.is_finite() {
        return Ok(());
    }
    Err(Error::OutOfRange { field, given, want: "a finite number" })
}

/// A share between zero and one, not so close to either that a tail loses its digits.
pub(super) fn share(field: &'static str, given: f64) -> Result<()> {
    if (1e-9..=1.0 - 1e-9).contains(&given) {
        return Ok(());
    }
    Err(Error::OutOfRange { field, given, want: "between 0 and 1, at least 1e-9 from both" })
}
