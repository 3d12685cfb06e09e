//! Ridge regression, logistic or linear, on standardised columns: one per number with its missing marker,
//! one per category.

use super::table::Kind;
use crate::artefact::usable;
use crate::error::{Error, Result};
use crate::scale::Scale;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

const ITERATIONS: usize = 30;
/// Penalty on squared coefficients of standardised columns, in rows.
const PENALTY: f64 = 2.0;

/// What is to be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A probability.
    Class,
    /// A number.
    Value,
}

/// A fitted regression.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Linear {
    scales: Vec<Option<Scale>>,
    sizes: Vec<usize>,
    means: Vec<f64>,
    weights: Vec<f64>,
    pub(super) base: f64,
}

impl Linear {
    /// Fits `target` (0 or 1, or a number) on `columns`, each one value a row.
    ///
    /// # Errors
    /// [`Error::Degenerate`] if the equations have no answer.
    pub(super) fn fit(kinds: &[Kind], columns: &[Vec<f64>], target: &[f64], task: Task) -> Result<Linear> {
        let scales: Vec<Option<Scale>> = kinds
            .iter()
            .zip(columns)
            .map(|(kind, column)| (*kind == Kind::Number).then(|| Scale::of_column(column)))
            .collect();
        let sizes = kinds.iter().map(|kind| match kind {
            Kind::Number => 2,
            Kind::Category(known) => known.len() + 1,
        });
        let mut model =
            Linear { scales, sizes: sizes.collect(), means: Vec::new(), weights: Vec::new(), base: 0.0 };
        let (n, width) = (target.len(), model.sizes.iter().sum::<usize>());
        let mut design = DMatrix::<f64>::zeros(n, width);
        let mut row = vec![0.0; width];
        for at in 0..n {
            model.expand(|column| columns[column][at], &mut row);
            row.iter().enumerate().for_each(|(column, value)| design[(at, column)] = *value);
        }
        model.means = (0..width).map(|column| design.column(column).mean()).collect();
        for column in 0..width {
            design.column_mut(column).add_scalar_mut(-model.means[column]);
        }
        let target = DVector::from_column_slice(target);
        let no_answer = || Error::Degenerate { why: "the columns do not determine a regression" };
        match task {
            Task::Value => {
                model.base = target.mean();
                let centred = target.add_scalar(-model.base);
                let mut normal = design.tr_mul(&design);
                (0..width).for_each(|column| normal[(column, column)] += PENALTY + 1e-9);
                let solution = normal.cholesky().ok_or_else(no_answer)?.solve(&design.tr_mul(&centred));
                model.weights = solution.iter().copied().collect();
            }
            Task::Class => {
                let rate = target.mean().clamp(1e-6, 1.0 - 1e-6);
                model.base = (rate / (1.0 - rate)).ln();
                let mut weights = DVector::<f64>::zeros(width);
                for _ in 0..ITERATIONS {
                    let logits = (&design * &weights).add_scalar(model.base);
                    let chance = logits.map(sigmoid);
                    let curve = chance.map(|p| (p * (1.0 - p)).max(1e-6));
                    let miss = &target - &chance;
                    let mut weighted = design.clone();
                    for (at, mut row) in weighted.row_iter_mut().enumerate() {
                        row *= curve[at];
                    }
                    let mut normal = design.tr_mul(&weighted);
                    (0..width).for_each(|column| normal[(column, column)] += PENALTY + 1e-9);
                    let slope = design.tr_mul(&miss) - PENALTY * &weights;
                    let step = normal.cholesky().ok_or_else(no_answer)?.solve(&slope);
                    model.base += miss.sum() / curve.sum();
                    weights += &step;
                    if step.amax() < 1e-6 {
                        break;
                    }
                }
                model.weights = weights.iter().copied().collect();
            }
        }
        if model.weights.iter().chain([&model.base]).any(|weight| !weight.is_finite()) {
            return Err(no_answer());
        }
        Ok(model)
    }

    /// Whether it reads columns of these kinds.
    pub(super) fn fits(&self, kinds: &[&Kind]) -> bool {
        let column = |((kind, scale), size): ((&&Kind, &Option<Scale>), &usize)| match (kind, scale) {
            (Kind::Number, Some(scale)) => *size == 2 && scale.is_sound(),
            (Kind::Category(known), None) => *size == known.len() + 1,
            _ => false,
        };
        let width = self.sizes.iter().fold(0_usize, |sum, size| sum.saturating_add(*size));
        [self.scales.len(), self.sizes.len()] == [kinds.len(); 2]
            && [self.means.len(), self.weights.len()] == [width; 2]
            && kinds.iter().zip(&self.scales).zip(&self.sizes).all(column)
            && usable(self.means.iter().chain(&self.weights).chain([&self.base]))
    }

    /// What each column adds to the base for one row.
    pub(super) fn parts(&self, value: impl Fn(usize) -> f64, parts: &mut [f64], scratch: &mut Vec<f64>) {
        scratch.resize(self.means.len(), 0.0);
        self.expand(value, scratch);
        let mut at = 0;
        for (part, size) in parts.iter_mut().zip(&self.sizes) {
            *part =
                (at..at + size).map(|place| self.weights[place] * (scratch[place] - self.means[place])).sum();
            at += size;
        }
    }

    fn expand(&self, value: impl Fn(usize) -> f64, row: &mut [f64]) {
        row.fill(0.0);
        let mut at = 0;
        for (column, (scale, size)) in self.scales.iter().zip(&self.sizes).enumerate() {
            let value = value(column);
            match scale {
                Some(scale) if value.is_nan() => (row[at], row[at + 1]) = (scale.of_centre(), 1.0),
                Some(scale) => row[at] = scale.of(value),
                None if value.is_nan() => row[at + size - 1] = 1.0,
                None => row[at + value as usize] = 1.0,
            }
            at += size;
        }
    }
}

/// The probability of a log-odds.
pub(super) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
