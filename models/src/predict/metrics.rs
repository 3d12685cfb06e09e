//! How good predictions were.

use super::linear::Task;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Predictions of a class are judged by rank and by probability, values by distance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Metrics {
    /// Of a probability.
    Class {
        /// Area under the receiver operating characteristic.
        auc: f64,
        /// Mean logarithmic loss.
        log_loss: f64,
        /// Expected calibration error over ten bins of equal width.
        calibration_error: f64,
    },
    /// Of a value.
    Value {
        /// Share of the variance that is explained.
        r2: f64,
        /// Mean absolute error.
        mean_absolute_error: f64,
    },
}

impl Metrics {
    /// A number that is larger for the better of two models of the same kind.
    pub fn merit(&self) -> f64 {
        match self {
            Metrics::Class { log_loss, .. } => -log_loss,
            Metrics::Value { r2, .. } => *r2,
        }
    }

    /// Every figure by its name, as a manifest lists them.
    pub fn named(&self) -> BTreeMap<String, f64> {
        let pairs = match self {
            Metrics::Class { auc, log_loss, calibration_error } => {
                vec![("auc", *auc), ("log_loss", *log_loss), ("calibration_error", *calibration_error)]
            }
            Metrics::Value { r2, mean_absolute_error } => {
                vec![("r2", *r2), ("mean_absolute_error", *mean_absolute_error)]
            }
        };
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Judges predictions by the truth.
pub fn measure(task: Task, predictions: &[f64], truth: &[f64]) -> Metrics {
    let n = truth.len() as f64;
    match task {
        Task::Class => {
            let losses = predictions.iter().zip(truth).map(|(p, truth)| {
                let p = p.clamp(1e-12, 1.0 - 1e-12);
                if *truth == 1.0 { -p.ln() } else { -(1.0 - p).ln() }
            });
            Metrics::Class {
                auc: auc(predictions, truth),
                log_loss: losses.sum::<f64>() / n,
                calibration_error: calibration_error(predictions, truth),
            }
        }
        Task::Value => {
            let mean = truth.iter().sum::<f64>() / n;
            let spread: f64 = truth.iter().map(|truth| (truth - mean).powi(2)).sum();
            let pairs = || predictions.iter().zip(truth);
            let misses: f64 = pairs().map(|(p, truth)| (p - truth).powi(2)).sum();
            Metrics::Value {
                r2: if spread > 0.0 { 1.0 - misses / spread } else { 0.0 },
                mean_absolute_error: pairs().map(|(p, truth)| (p - truth).abs()).sum::<f64>() / n,
            }
        }
    }
}

/// The chance that a positive ranks above a negative, ties half.
fn auc(predictions: &[f64], truth: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..truth.len()).collect();
    order.sort_by(|a, b| predictions[*a].total_cmp(&predictions[*b]));
    let (mut wins, mut below, mut positives) = (0.0, 0.0, 0.0);
    let mut at = 0;
    while at < order.len() {
        let mut end = at;
        let (mut up, mut down) = (0.0, 0.0);
        while end < order.len() && predictions[order[end]] == predictions[order[at]] {
            if truth[order[end]] == 1.0 {
                up += 1.0;
            } else {
                down += 1.0;
            }
            end += 1;
        }
        wins += up * (below + down / 2.0);
        below += down;
        positives += up;
        at = end;
    }
    if positives > 0.0 && below > 0.0 { wins / (positives * below) } else { 0.5 }
}

fn calibration_error(predictions: &[f64], truth: &[f64]) -> f64 {
    let mut bins = [(0.0, 0.0); 10];
    for (p, truth) in predictions.iter().zip(truth) {
        let bin = &mut bins[((p * 10.0) as usize).min(9)];
        *bin = (bin.0 + p, bin.1 + truth);
    }
    bins.iter().map(|(sum, truths)| (sum - truths).abs()).sum::<f64>() / truth.len() as f64
}
