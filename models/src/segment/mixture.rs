//! Gaussian mixture with full covariances, by the library linfa: expectation and maximisation from its k-means.

use super::points::Points;
use crate::error::{Error, Result};
use linfa::prelude::Fit;
use linfa::{DatasetBase, ParamGuard};
use linfa_clustering::GaussianMixtureModel;
use nalgebra::{DMatrix, DVector};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use std::f64::consts::TAU;

const ITERATIONS: u64 = 200;
/// Gain of the log-likelihood per point below which it rests.
const REST: f64 = 1e-3;
/// Added to every variance of a scaled feature: constant ones stay apart from zero.
const LEAST_VARIANCE: f64 = 1e-3;

/// A mixture of normal distributions.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Share, mean and covariance (row by row) per component.
    pub components: Vec<(f64, Vec<f64>, Vec<f64>)>,
    /// Log-likelihood of all points.
    pub log_likelihood: f64,
    /// Per component the inverse of its covariance's root, and the logarithm of its density's height.
    roots: Vec<(DMatrix<f64>, f64)>,
}

impl Mixture {
    /// Fits `k` components.
    ///
    /// # Errors
    /// [`Error::Degenerate`] where the search finds no answer, for instance because a component dies out.
    pub fn fit(points: &Points, k: usize, seed: u64) -> Result<Mixture> {
        let nothing = || Error::Degenerate { why: "no mixture of so many components is found" };
        let parameters = GaussianMixtureModel::params_with_rng(k, Xoshiro256Plus::seed_from_u64(seed))
            .reg_covariance(LEAST_VARIANCE)
            .tolerance(REST)
            .max_n_iterations(ITERATIONS)
            .n_runs(1)
            .check()
            .map_err(|_| nothing())?;
        let model = parameters.fit(&DatasetBase::from(points.view())).map_err(|_| nothing())?;
        let covariances = model.covariances().outer_iter().map(|one| one.iter().copied().collect());
        let means = model.means().outer_iter().map(|one| one.to_vec()).zip(covariances);
        let components: Vec<(f64, Vec<f64>, Vec<f64>)> = model
            .weights()
            .iter()
            .zip(means)
            .map(|(share, (mean, covariance))| (*share, mean, covariance))
            .collect();
        let roots: Option<Vec<(DMatrix<f64>, f64)>> = components.iter().map(root).collect();
        let mut mixture = Mixture { components, log_likelihood: 0.0, roots: roots.ok_or_else(nothing)? };
        mixture.log_likelihood = points.iter().map(|point| mixture.shares(point).1).sum();
        if mixture.log_likelihood.is_finite() { Ok(mixture) } else { Err(nothing()) }
    }

    /// How likely each component made a point, and the log of the point's density.
    pub fn shares(&self, point: &[f64]) -> (Vec<f64>, f64) {
        let logs: Vec<f64> = self
            .components
            .iter()
            .zip(&self.roots)
            .map(|((_, mean, _), (inverse, height))| {
                let away = DVector::from_iterator(point.len(), point.iter().zip(mean).map(|(x, m)| x - m));
                height - 0.5 * (inverse * away).norm_squared()
            })
            .collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| (log - largest).exp()).sum();
        (logs.iter().map(|log| (log - largest).exp() / sum).collect(), largest + sum.ln())
    }

    /// Bayesian information criterion: smaller is better.
    pub fn criterion(&self, points: &Points) -> f64 {
        let width = points.width();
        let free = self.components.len() * (1 + width + width * (width + 1) / 2) - 1;
        free as f64 * (points.len() as f64).ln() - 2.0 * self.log_likelihood
    }
}

/// The inverse of the covariance's Cholesky root, and the logarithm of the share over the norm.
fn root((share, mean, covariance): &(f64, Vec<f64>, Vec<f64>)) -> Option<(DMatrix<f64>, f64)> {
    let width = mean.len();
    let root = DMatrix::from_row_slice(width, width, covariance).cholesky()?.l();
    let logs: f64 = root.diagonal().iter().map(|value| value.ln()).sum();
    let height = share.ln() - logs - 0.5 * width as f64 * TAU.ln();
    Some((root.solve_lower_triangular(&DMatrix::identity(width, width))?, height))
}
