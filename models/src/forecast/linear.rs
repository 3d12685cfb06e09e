//! Ridge regression by its normal equations.

use nalgebra::{DMatrix, DVector};

/// Sums over rows from which the coefficients follow.
#[derive(Debug)]
pub(super) struct Normal {
    products: DMatrix<f64>,
    cross: DVector<f64>,
}

impl Normal {
    /// No rows yet, `width` columns.
    pub(super) fn new(width: usize) -> Self {
        Normal { products: DMatrix::zeros(width, width), cross: DVector::zeros(width) }
    }

    /// One row: its columns, what it should give, and how much it counts.
    pub(super) fn add(&mut self, row: &[f64], target: f64, weight: f64) {
        for (column, &value) in row.iter().enumerate() {
            if value == 0.0 {
                continue;
            }
            let value = value * weight;
            self.cross[column] += value * target;
            for (other, &of) in row.iter().enumerate().take(column + 1) {
                self.products[(column, other)] += value * of;
            }
        }
    }

    /// Coefficients with `penalty(column)` on the square of each; none if they are not determined.
    pub(super) fn solve(mut self, penalty: impl Fn(usize) -> f64) -> Option<Vec<f64>> {
        for column in 0..self.cross.len() {
            self.products[(column, column)] += penalty(column);
        }
        let solution = self.products.cholesky()?.solve(&self.cross);
        solution.iter().all(|value| value.is_finite()).then(|| solution.iter().copied().collect())
    }
}
