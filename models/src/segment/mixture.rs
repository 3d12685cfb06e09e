//! Gaussian mixture with a variance per feature, by expectation and maximisation from k-means.

use super::kmeans::kmeans;
use super::points::Points;
use std::f64::consts::TAU;

const ITERATIONS: usize = 100;
/// Gain of the log-likelihood per point below which it rests.
const REST: f64 = 1e-5;
/// Least variance of a scaled feature.
const LEAST_VARIANCE: f64 = 1e-3;

/// A mixture of normal distributions.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Share, mean and variance per component.
    pub components: Vec<(f64, Vec<f64>, Vec<f64>)>,
    /// Log-likelihood of all points.
    pub log_likelihood: f64,
}

impl Mixture {
    /// Fits `k` components.
    pub fn fit(points: &Points, k: usize, seed: u64) -> Mixture {
        let clusters = kmeans(points, k, seed);
        let mut hold: Vec<Vec<f64>> = clusters
            .of
            .iter()
            .map(|of| (0..clusters.centres.len()).map(|at| f64::from(u8::from(at == *of))).collect())
            .collect();
        let mut mixture = Mixture { components: Vec::new(), log_likelihood: f64::NEG_INFINITY };
        for _ in 0..ITERATIONS {
            mixture.components = maximise(points, &hold);
            let before = mixture.log_likelihood;
            mixture.log_likelihood = 0.0;
            for (point, hold) in points.iter().zip(&mut hold) {
                let (shares, total) = mixture.shares(point);
                *hold = shares;
                mixture.log_likelihood += total;
            }
            if mixture.log_likelihood - before < REST * points.len() as f64 {
                break;
            }
        }
        mixture
    }

    /// How likely each component made a point, and the log of the point's density.
    pub fn shares(&self, point: &[f64]) -> (Vec<f64>, f64) {
        let logs: Vec<f64> = self
            .components
            .iter()
            .map(|(share, mean, variance)| {
                let terms = point.iter().zip(mean).zip(variance);
                share.ln()
                    - 0.5 * terms.map(|((x, m), v)| (x - m) * (x - m) / v + (TAU * v).ln()).sum::<f64>()
            })
            .collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| (log - largest).exp()).sum();
        (logs.iter().map(|log| (log - largest).exp() / sum).collect(), largest + sum.ln())
    }

    /// Bayesian information criterion: smaller is better.
    pub fn criterion(&self, points: &Points) -> f64 {
        let free = self.components.len() * (2 * points.width() + 1) - 1;
        free as f64 * (points.len() as f64).ln() - 2.0 * self.log_likelihood
    }
}

fn maximise(points: &Points, hold: &[Vec<f64>]) -> Vec<(f64, Vec<f64>, Vec<f64>)> {
    let k = hold[0].len();
    let (n, width) = (points.len() as f64, points.width());
    let mut sums = vec![(1e-9, vec![0.0; width], vec![0.0; width]); k];
    for (point, hold) in points.iter().zip(hold) {
        for (sum, hold) in sums.iter_mut().zip(hold).filter(|(_, hold)| **hold > 1e-12) {
            sum.0 += hold;
            for ((first, second), value) in sum.1.iter_mut().zip(&mut sum.2).zip(point) {
                *first += hold * value;
                *second += hold * value * value;
            }
        }
    }
    sums.into_iter()
        .map(|(weight, first, second)| {
            let mean: Vec<f64> = first.iter().map(|sum| sum / weight).collect();
            let variance =
                second.iter().zip(&mean).map(|(sum, m)| (sum / weight - m * m).max(LEAST_VARIANCE));
            (weight / n, mean.clone(), variance.collect())
        })
        .collect()
}
