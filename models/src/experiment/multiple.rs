//! Many metrics or arms at once: some p-value is small by chance. These make the list honest.
//! Each takes p-values in any order and gives adjusted ones in the same order, to be compared with alpha.

use crate::error::{Error, Result};

/// Holm's step-down method (*Scandinavian Journal of Statistics* 6, 1979): the probability of even one
/// false finding stays below alpha, whatever the dependence.
///
/// # Errors
/// `out_of_range` for a p-value outside 0 to 1.
pub fn holm(p: &[f64]) -> Result<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut highest: f64 = 0.0;
    for (rank, &at) in order.iter().enumerate() {
        highest = highest.max((p.len() - rank) as f64 * p[at]).min(1.0);
        adjusted[at] = highest;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg (*JRSS B* 57, 1995): among what is called a finding, the expected share of false
/// ones stays below alpha, for independent or positively dependent tests.
///
/// # Errors
/// `out_of_range` for a p-value outside 0 to 1.
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut lowest: f64 = 1.0;
    for (rank, &at) in order.iter().enumerate().rev() {
        lowest = lowest.min(p[at] * p.len() as f64 / (rank + 1) as f64);
        adjusted[at] = lowest;
    }
    Ok(adjusted)
}

fn ascending(p: &[f64]) -> Result<Vec<usize>> {
    if let Some(&given) = p.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        return Err(Error::OutOfRange { field: "p", given, want: "0 to 1" });
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&one, &other| p[one].total_cmp(&p[other]));
    Ok(order)
}
