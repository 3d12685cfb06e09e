//! NAB's scoring rules (Lavin and Ahmad, *Evaluating Real-time Anomaly Detection Algorithms*, 2015, and
//! the scorer at numenta/NAB), written from the rules.
//!
//! - Rows before the probation's end are ignored.
//! - A window is found by its earliest detected row; the credit falls from 1 at its left edge to 0 at its
//!   right edge along a sigmoid. A missed window costs `missed`.
//! - Every detected row outside a window costs up to `false_row`, less shortly after a window.
//! - One threshold for all files: the one that maximises the total.
//! - 0 is the detector that never detects, 100 one that finds the first row of every window.

use super::corpus::File;

/// Weights of an application profile; a found window counts 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// Cost of a missed window.
    pub(super) missed: f64,
    /// Most that a false row costs.
    pub(super) false_row: f64,
}

/// The standard profile.
pub(super) const STANDARD: Weights = Weights { missed: 1.0, false_row: 0.11 };
/// Reward low false positives.
pub(super) const LOW_FALSE_POSITIVES: Weights = Weights { missed: 1.0, false_row: 0.22 };
/// Reward low false negatives.
pub(super) const LOW_FALSE_NEGATIVES: Weights = Weights { missed: 2.0, false_row: 0.11 };

/// A scored row: what detecting it is worth.
#[derive(Debug)]
struct Row {
    score: f64,
    worth: f64,
    window: Option<usize>,
}

/// The scored rows of some files, loudest first.
#[derive(Debug)]
pub(super) struct Sheet {
    rows: Vec<Row>,
    windows: usize,
}

/// What a threshold gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// Rows with at least this score were detected.
    pub(super) threshold: f64,
    /// Sum over windows and false rows, before scaling.
    pub(super) total: f64,
    /// Windows found.
    pub(super) found: usize,
    /// Detected rows outside windows, after probation.
    pub(super) false_rows: usize,
    /// Windows there are.
    pub(super) windows: usize,
}

impl Outcome {
    /// On NAB's scale from 0 (never detects) to 100 (perfect); the plain total where there is no window.
    pub(super) fn scaled(&self, weights: Weights) -> f64 {
        if self.windows == 0 {
            return self.total;
        }
        let (null, perfect) = (-weights.missed * self.windows as f64, self.windows as f64);
        100.0 * (self.total - null) / (perfect - null)
    }
}

fn sigmoid(y: f64) -> f64 {
    2.0 / (1.0 + (5.0 * y).exp()) - 1.0
}

impl Sheet {
    /// The rows of some files with the detector's scores.
    pub(super) fn new<'a>(scored: impl IntoIterator<Item = (&'a File, &'a [f64])>) -> Self {
        let mut sheet = Sheet { rows: Vec::new(), windows: 0 };
        for (file, scores) in scored {
            sheet.add(file, scores);
        }
        sheet.rows.sort_by(|a, b| b.score.total_cmp(&a.score));
        sheet
    }

    fn add(&mut self, file: &File, scores: &[f64]) {
        let mut next = 0;
        for (row, score) in scores.iter().enumerate().skip(file.probation()) {
            while next < file.windows.len() && row > file.windows[next].1 {
                next += 1;
            }
            let inside = file.windows.get(next).filter(|(first, _)| row >= *first);
            let (worth, window) = match inside {
                Some((first, last)) => {
                    let y = -((last - row + 1) as f64) / (last - first + 1) as f64;
                    (sigmoid(y) / sigmoid(-1.0), Some(self.windows + next))
                }
                None => (after(next.checked_sub(1).map(|previous| file.windows[previous]), row), None),
            };
            self.rows.push(Row { score: *score, worth, window });
        }
        self.windows += file.windows.len();
    }

    /// The threshold that maximises the total.
    pub(super) fn best(&self, weights: Weights) -> Outcome {
        let mut best = self.start(weights);
        let mut now = best;
        let mut credit = vec![None; self.windows];
        for (index, row) in self.rows.iter().enumerate() {
            take(&mut now, &mut credit, row, weights);
            let last_of_its_score = self.rows.get(index + 1).is_none_or(|next| next.score < row.score);
            if last_of_its_score && now.total > best.total {
                best = Outcome { threshold: row.score, ..now };
            }
        }
        best
    }

    /// The outcome of a given threshold.
    pub(super) fn at(&self, threshold: f64, weights: Weights) -> Outcome {
        let mut now = Outcome { threshold, ..self.start(weights) };
        let mut credit = vec![None; self.windows];
        for row in self.rows.iter().take_while(|row| row.score >= threshold) {
            take(&mut now, &mut credit, row, weights);
        }
        now
    }

    fn start(&self, weights: Weights) -> Outcome {
        Outcome {
            threshold: f64::INFINITY,
            total: -weights.missed * self.windows as f64,
            found: 0,
            false_rows: 0,
            windows: self.windows,
        }
    }
}

/// What a detection at `row`, outside every window, costs before weighting.
fn after(previous: Option<(usize, usize)>, row: usize) -> f64 {
    let Some((first, last)) = previous else { return -1.0 };
    let y = (row - last) as f64 / (last - first) as f64;
    if y > 3.0 { -1.0 } else { sigmoid(y) }
}

fn take(now: &mut Outcome, credit: &mut [Option<f64>], row: &Row, weights: Weights) {
    let Some(window) = row.window else {
        now.total += weights.false_row * row.worth;
        now.false_rows += 1;
        return;
    };
    match &mut credit[window] {
        Some(best) if row.worth > *best => {
            now.total += row.worth - *best;
            *best = row.worth;
        }
        Some(_) => {}
        none => {
            *none = Some(row.worth);
            now.total += weights.missed + row.worth;
            now.found += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: usize, windows: &[(usize, usize)]) -> File {
        let times_ms = (0..rows as i64).collect();
        File { name: "a/b.csv".into(), times_ms, values: vec![0.0; rows], windows: windows.to_vec() }
    }

    fn outcome(file: &File, detected: &[usize], weights: Weights) -> Outcome {
        let mut scores = vec![0.0; file.values.len()];
        detected.iter().for_each(|row| scores[*row] = 1.0);
        Sheet::new([(file, &scores[..])]).at(0.5, weights)
    }

    #[test]
    fn the_first_row_of_a_window_is_perfect_and_silence_is_nothing() {
        let file = file(1000, &[(300, 399), (600, 699)]);
        assert!((outcome(&file, &[300, 600], STANDARD).scaled(STANDARD) - 100.0).abs() < 1e-9);
        assert_eq!(outcome(&file, &[], STANDARD).scaled(STANDARD), 0.0);
        let half = outcome(&file, &[300], LOW_FALSE_NEGATIVES);
        assert!((half.scaled(LOW_FALSE_NEGATIVES) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn only_the_earliest_row_of_a_window_counts() {
        let file = file(1000, &[(300, 399)]);
        let middle = outcome(&file, &[350], STANDARD);
        assert_eq!(outcome(&file, &[350, 360, 399], STANDARD).total, middle.total);
        assert!((middle.total - sigmoid(-0.5) / sigmoid(-1.0)).abs() < 1e-12);
    }

    #[test]
    fn false_rows_cost_each_and_less_after_a_window() {
        let file = file(1000, &[(300, 399)]);
        let missed = -1.0;
        assert!((outcome(&file, &[200, 201], STANDARD).total - (missed - 0.22)).abs() < 1e-12);
        assert!((outcome(&file, &[998], LOW_FALSE_POSITIVES).total - (missed - 0.22)).abs() < 1e-12);
        let near = outcome(&file, &[400], STANDARD).total - missed;
        assert!(near < 0.0 && near > -0.01, "{near}");
    }

    #[test]
    fn rows_before_the_end_of_probation_are_ignored() {
        let file = file(1000, &[(100, 199)]);
        assert_eq!(outcome(&file, &[100, 149], STANDARD).total, -1.0);
        assert!(outcome(&file, &[150], STANDARD).found == 1);
    }

    #[test]
    fn the_best_threshold_takes_or_leaves_equal_scores_together() {
        let file = file(1000, &[(300, 399)]);
        let mut scores = vec![0.0; 1000];
        (300..310).chain(700..720).for_each(|row| scores[row] = 0.7);
        scores[350] = 0.9;
        let best = Sheet::new([(&file, &scores[..])]).best(STANDARD);
        assert_eq!((best.threshold, best.found, best.false_rows), (0.9, 1, 0));
    }
}
