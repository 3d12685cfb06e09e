//! k-means by the library linfa (Lloyd's iterations from a k-means++ start; Arthur and Vassilvitskii, SODA 2007).

use super::points::{Points, distance};
use crate::error::{Error, Result};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

const ITERATIONS: u64 = 100;
/// Movement of all centres together, in units of a scaled feature, below which they rest.
const REST: f64 = 1e-2;
/// Starts that are tried, on this many points.
const STARTS: usize = 6;
const DRAWN: usize = 8_000;

/// Centres, the centre of each point, and the sum of squared distances.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// One row a centre.
    pub centres: Vec<Vec<f64>>,
    /// Which centre each point belongs to.
    pub of: Vec<usize>,
    /// Sum of squared distances of points to their centre.
    pub inertia: f64,
}

/// Clusters `points` around `k` centres: the best of several starts on a sample, brought to rest on all points.
///
/// # Errors
/// [`Error::Degenerate`] if the numbers are so large that squares of distances are none.
pub fn kmeans(points: &Points, k: usize, seed: u64) -> Result<Clusters> {
    let sample = points.sample(DRAWN);
    let k = k.clamp(1, sample.len());
    let first = lloyd(&sample, k, seed, None)?;
    let centres = if sample.len() == points.len() { first } else { lloyd(points, k, seed, Some(first))? };
    let flat: Vec<f64> = centres.iter().copied().collect();
    let (mut of, mut inertia) = (Vec::with_capacity(points.len()), 0.0);
    for point in points.iter() {
        let (at, away) = nearest(point, &flat);
        of.push(at);
        inertia += away;
    }
    Ok(Clusters { centres: centres.outer_iter().map(|centre| centre.to_vec()).collect(), of, inertia })
}

/// Moves centres to the mean of the points that are nearest to them, until they rest.
fn lloyd(points: &Points, k: usize, seed: u64, from: Option<Array2<f64>>) -> Result<Array2<f64>> {
    let starts = if from.is_some() { 1 } else { STARTS };
    let search = KMeans::params_with_rng(k, Xoshiro256Plus::seed_from_u64(seed))
        .init_method(from.map_or(KMeansInit::KMeansPlusPlus, KMeansInit::Precomputed))
        .n_runs(starts)
        .tolerance(REST)
        .max_n_iterations(ITERATIONS);
    let found = search.fit(&DatasetBase::from(points.view()));
    let centres =
        found.map_err(|_| Error::Degenerate { why: "the points have no centres" })?.centroids().clone();
    if centres.iter().all(|value| value.is_finite()) {
        Ok(centres)
    } else {
        Err(Error::Degenerate { why: "the points have no centres" })
    }
}

/// The nearest of the centres that lie one after the other in `flat`, and the squared distance to it.
pub(super) fn nearest(point: &[f64], flat: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (at, centre) in flat.chunks_exact(point.len()).enumerate() {
        let away = distance(point, centre);
        if away < best.1 {
            best = (at, away);
        }
    }
    best
}
