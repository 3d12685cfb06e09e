//! One calibrated score from those of several models, learned on rows that none of them saw.

use super::linear::{Task, sigmoid};

/// The intercept and a weight for each of the scores, none negative: a model that would count against its own
/// opinion adds nothing, and is left out. Where all are, the intercept alone says how often it is so.
pub(super) fn blend(scores: &[&[f64]], truth: &[f64], task: Task) -> Vec<f64> {
    let mut used: Vec<usize> = (0..scores.len()).collect();
    loop {
        let columns: Vec<&[f64]> = used.iter().map(|at| scores[*at]).collect();
        let found = calibrate(&columns, truth, task);
        let least = (0..used.len()).min_by(|a, b| found[a + 1].total_cmp(&found[b + 1]));
        if let Some(least) = least.filter(|least| found[least + 1] < 0.0) {
            used.remove(least);
            continue;
        }
        let mut weights = vec![0.0; scores.len() + 1];
        weights[0] = found[0];
        used.iter().zip(&found[1..]).for_each(|(at, weight)| weights[at + 1] = *weight);
        return weights;
    }
}

/// Intercept and slopes by Newton's steps (one step for values), lightly held at an even mixture.
fn calibrate(columns: &[&[f64]], truth: &[f64], task: Task) -> Vec<f64> {
    let width = columns.len() + 1;
    let even = 1.0 / columns.len() as f64;
    let mut weights: Vec<f64> = std::iter::once(0.0).chain(columns.iter().map(|_| even)).collect();
    let prior = weights.clone();
    for _ in 0..25 {
        let mut slope = nalgebra::DVector::<f64>::zeros(width);
        let mut curve = nalgebra::DMatrix::<f64>::zeros(width, width);
        for (row, truth) in truth.iter().enumerate() {
            let column = |at: usize| if at == 0 { 1.0 } else { columns[at - 1][row] };
            let score: f64 = (0..width).map(|at| weights[at] * column(at)).sum();
            let (miss, bend) = match task {
                Task::Value => (truth - score, 1.0),
                Task::Class => {
                    let chance = sigmoid(score);
                    (truth - chance, (chance * (1.0 - chance)).max(1e-9))
                }
            };
            for a in 0..width {
                slope[a] += miss * column(a);
                for b in 0..width {
                    curve[(a, b)] += bend * column(a) * column(b);
                }
            }
        }
        for at in 1..width {
            let hold = 1e-3 * curve[(at, at)] + 1e-9;
            slope[at] -= hold * (weights[at] - prior[at]);
            curve[(at, at)] += hold;
        }
        let Some(solver) = curve.cholesky() else { break };
        let step = solver.solve(&slope);
        if step.iter().any(|value| !value.is_finite()) {
            break;
        }
        weights.iter_mut().zip(step.iter()).for_each(|(weight, step)| *weight += step);
        if step.amax() < 1e-9 {
            break;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folds without a positive expect too few of them and those with many too many, so that scores that say
    /// nothing rank backwards.
    #[test]
    fn scores_that_rank_backwards_leave_the_rate() {
        let truth: Vec<f64> = (0..200).map(|row| f64::from(u8::from(row % 20 == 0))).collect();
        let backwards: Vec<f64> = truth.iter().map(|truth| -2.9 - 0.1 * truth).collect();
        let weights = blend(&[&backwards, &backwards], &truth, Task::Class);
        assert_eq!(weights[1..], [0.0, 0.0]);
        assert!((sigmoid(weights[0]) - 0.05).abs() < 1e-9, "{weights:?}");
        let against: Vec<f64> = truth.iter().map(|truth| 1.0 - truth).collect();
        let weights = blend(&[&against], &truth, Task::Value);
        assert!((weights[0] - 0.05).abs() < 1e-9 && weights[1] == 0.0, "{weights:?}");
    }
}
