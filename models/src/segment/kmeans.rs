//! k-means (Lloyd's iterations from a k-means++ start; Arthur and Vassilvitskii, SODA 2007).

use super::points::{Points, distance};
use crate::predict::Seeded;

const ITERATIONS: usize = 100;
/// Movement of all centres, in squared units of a scaled feature, below which they rest.
const REST: f64 = 1e-4;
/// Starts that are tried, on this many points.
const STARTS: u64 = 6;
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
    /// Iterations until rest.
    pub iterations: usize,
}

/// Clusters `points` around `k` centres: the best of several starts on a sample, brought to rest on all points.
pub fn kmeans(points: &Points, k: usize, seed: u64) -> Clusters {
    let sample = points.sample(DRAWN);
    let k = k.clamp(1, sample.len());
    let tries = (0..STARTS).map(|round| lloyd(&sample, start(&sample, k, seed ^ round)));
    let best = tries.min_by(|a, b| a.inertia.total_cmp(&b.inertia));
    let best = best.unwrap_or_else(|| lloyd(&sample, start(&sample, k, seed)));
    if sample.len() == points.len() { best } else { lloyd(points, best.centres) }
}

/// Moves centres to the mean of the points that are nearest to them, until they rest.
fn lloyd(points: &Points, mut centres: Vec<Vec<f64>>) -> Clusters {
    let k = centres.len();
    let mut of = vec![0; points.len()];
    let mut inertia = 0.0;
    let mut iterations = 0;
    while iterations < ITERATIONS {
        iterations += 1;
        let width = points.width();
        let mut sums = vec![0.0; k * width];
        let mut counts = vec![0usize; k];
        let flat: Vec<f64> = centres.iter().flatten().copied().collect();
        inertia = 0.0;
        for (point, of) in points.iter().zip(&mut of) {
            let (nearest, away) = nearest(point, &flat);
            *of = nearest;
            inertia += away;
            counts[nearest] += 1;
            let sum = &mut sums[nearest * width..(nearest + 1) * width];
            sum.iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
        }
        let mut moved = 0.0;
        for (at, centre) in centres.iter_mut().enumerate().filter(|(at, _)| counts[*at] > 0) {
            let mean = sums[at * width..(at + 1) * width].iter().map(|sum| sum / counts[at] as f64);
            let mean: Vec<f64> = mean.collect();
            moved += distance(centre, &mean);
            *centre = mean;
        }
        if moved <= REST {
            break;
        }
    }
    Clusters { centres, of, inertia, iterations }
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

/// Centres far from each other: each next one is drawn with the square of its distance as weight, best of
/// three draws.
fn start(points: &Points, k: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = Seeded(seed);
    let drawn: Vec<&[f64]> = points.iter().collect();
    let mut centres = vec![drawn[(random.next() * drawn.len() as f64) as usize].to_vec()];
    let mut away: Vec<f64> = drawn.iter().map(|point| distance(point, &centres[0])).collect();
    while centres.len() < k {
        let total: f64 = away.iter().sum();
        let draw = |random: &mut Seeded| {
            let mut left = random.next() * total;
            away.iter().position(|weight| {
                left -= weight;
                left < 0.0
            })
        };
        let after = |at: usize| -> f64 {
            drawn.iter().zip(&away).map(|(point, away)| away.min(distance(point, drawn[at]))).sum()
        };
        let candidates: Vec<usize> = (0..3).filter_map(|_| draw(&mut random)).collect();
        let best = candidates.into_iter().min_by(|a, b| after(*a).total_cmp(&after(*b)));
        let next = drawn[best.unwrap_or(0)].to_vec();
        for (away, point) in away.iter_mut().zip(&drawn) {
            *away = away.min(distance(point, &next));
        }
        centres.push(next);
    }
    centres
}
