//! k-means: starts by the library linfa (Lloyd's iterations from k-means++; Arthur and Vassilvitskii, SODA 2007) on a
//! sample, brought to rest on all points by iterations of our own, which compare a point with all centres at once.

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
const DRAWN: usize = 4_000;
/// Centres come close to rest on so many points before all are looked at.
const FEW: usize = 20_000;

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
    let mut centres = Centres::of(&start(&sample, k.clamp(1, sample.len()), seed)?);
    if points.len() > FEW {
        centres.settle(&points.sample(FEW));
    }
    centres.settle(points);
    let (mut of, mut inertia) = (Vec::with_capacity(points.len()), 0.0);
    for point in points.iter() {
        let (at, away) = centres.nearest(point);
        of.push(at);
        inertia += away;
    }
    Ok(Clusters { centres: centres.rows(), of, inertia })
}

/// The best of several starts.
fn start(points: &Points, k: usize, seed: u64) -> Result<Array2<f64>> {
    let search = KMeans::params_with_rng(k, Xoshiro256Plus::seed_from_u64(seed))
        .init_method(KMeansInit::KMeansPlusPlus)
        .n_runs(STARTS)
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

/// Centres, one feature of all of them after the other: so the processor takes several at a time.
struct Centres {
    k: usize,
    by_feature: Vec<f64>,
    /// Squared distances of a point.
    away: Vec<f64>,
}

impl Centres {
    fn of(rows: &Array2<f64>) -> Self {
        let by_feature = rows.columns().into_iter().flatten().copied().collect();
        Centres { k: rows.nrows(), by_feature, away: vec![0.0; rows.nrows()] }
    }

    fn rows(&self) -> Vec<Vec<f64>> {
        let row = |at: usize| self.by_feature.iter().skip(at).step_by(self.k).copied().collect();
        (0..self.k).map(row).collect()
    }

    /// Which centre is nearest to a point, and its squared distance.
    fn nearest(&mut self, point: &[f64]) -> (usize, f64) {
        self.away.fill(0.0);
        for (value, of_feature) in point.iter().zip(self.by_feature.chunks_exact(self.k)) {
            for (away, centre) in self.away.iter_mut().zip(of_feature) {
                *away += (value - centre) * (value - centre);
            }
        }
        let mut best = (0, f64::INFINITY);
        for (at, away) in self.away.iter().enumerate() {
            if *away < best.1 {
                best = (at, *away);
            }
        }
        best
    }

    /// Moves each centre to the mean of the points that are nearest to it, until all rest (Lloyd, *IEEE Transactions
    /// on Information Theory* 28, 1982). One that no point is nearest to stays where it is.
    fn settle(&mut self, points: &Points) {
        for _ in 0..ITERATIONS {
            let mut sums = vec![0.0; self.k * points.width()];
            let mut counts = vec![0.0; self.k];
            for point in points.iter() {
                let (at, _) = self.nearest(point);
                counts[at] += 1.0;
                let sum = &mut sums[at * points.width()..][..points.width()];
                sum.iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
            }
            let mut moved = 0.0;
            for (at, (sum, count)) in sums.chunks_exact(points.width()).zip(&counts).enumerate() {
                for (feature, sum) in sum.iter().enumerate().filter(|_| *count > 0.0) {
                    let centre = &mut self.by_feature[feature * self.k + at];
                    moved += (sum / count - *centre).powi(2);
                    *centre = sum / count;
                }
            }
            if moved.sqrt() < REST {
                return;
            }
        }
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
