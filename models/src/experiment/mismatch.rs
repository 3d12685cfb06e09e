//! Did people arrive in the arms as planned? If not, something sorted them (a redirect that loses slow
//! browsers, a bot filter), and no other figure of the experiment can be believed (Fabijan et al.,
//! KDD 2019).

use super::arm::finite;
use crate::error::{Error, Result};
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Answer of the check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mismatch {
    /// Pearson's chi-squared statistic.
    pub statistic: f64,
    /// Probability of a split at least this uneven when the plan was kept.
    pub p: f64,
}

impl Mismatch {
    /// Below this p-value the split is called broken. It is strict because the check runs every day.
    pub const THRESHOLD: f64 = 0.001;

    /// Whether the experiment should not be read.
    pub fn broken(&self) -> bool {
        self.p < Self::THRESHOLD
    }
}

/// Compares the people of each arm with the planned weights, in any unit (`[1, 1]`, `[90, 10]`).
///
/// # Errors
/// `too_few` below two arms or without people; `shape` when the lists differ in length; `out_of_range`
/// for a weight that is not positive.
pub fn mismatch(people: &[u64], weights: &[f64]) -> Result<Mismatch> {
    if people.len() < 2 {
        return Err(Error::TooFew { field: "arms", given: people.len(), want: 2 });
    }
    if weights.len() != people.len() {
        return Err(Error::Shape { field: "weights", given: weights.len(), want: people.len() });
    }
    if let Some(&given) = weights.iter().find(|weight| !(weight.is_finite() && **weight > 0.0)) {
        return Err(Error::OutOfRange { field: "weights", given, want: "more than 0" });
    }
    let total: f64 = people.iter().map(|count| *count as f64).sum();
    if total == 0.0 {
        return Err(Error::TooFew { field: "people", given: 0, want: 1 });
    }
    let whole: f64 = weights.iter().sum();
    let statistic = people
        .iter()
        .zip(weights)
        .map(|(&count, weight)| {
            let expected = weight / whole * total;
            (count as f64 - expected).powi(2) / expected
        })
        .sum();
    finite("weights", statistic)?;
    let law = ChiSquared::new((people.len() - 1) as f64)
        .map_err(|_| Error::Degenerate { why: "no degrees of freedom" })?;
    Ok(Mismatch { statistic, p: law.sf(statistic).clamp(0.0, 1.0) })
}
