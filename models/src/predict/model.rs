use super::blend::blend;
use super::boost::{Boost, Seeded, TREES};
use super::forest::Forest;
use super::linear::{Linear, Task, sigmoid};
use super::metrics::{Metrics, measure};
use super::table::{Kind, Table, Values};
use crate::artefact::{Sound, holds, usable};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Parts that take turns being held out.
const FOLDS: usize = 5;
/// Fewest rows to learn from, and fewest of each class.
const LEAST_ROWS: usize = 50;
const LEAST_OF_CLASS: usize = 10;
/// Numbers of trees that are tried.
const STOPS: [usize; 8] = [25, 50, 75, 100, 150, 200, 300, TREES];
/// Words for the class whose probability is predicted, the likelier first.
const POSITIVE: [&str; 6] = ["yes", "true", "1", "y", "t", "churned"];

/// A trained prediction: regression, boosted trees and forest, weighted and calibrated on held-out rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Predictor {
    /// What is predicted.
    pub task: Task,
    /// Column that was predicted.
    pub target: String,
    /// The class whose probability is predicted.
    pub positive: Option<String>,
    /// The other class; none in models of earlier versions.
    #[serde(default)]
    pub negative: Option<String>,
    /// Seed of everything random.
    pub seed: u64,
    /// Quality on rows that were held out.
    pub metrics: Metrics,
    columns: Vec<(String, Kind)>,
    linear: Linear,
    boost: Boost,
    forest: Forest,
    /// Calibration: the intercept, and what the scores of regression, boosted trees and forest weigh.
    mix: Vec<f64>,
    /// Smallest and largest target of a value.
    range: (f64, f64),
}

/// A prediction and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Probability of the positive class, or the value.
    pub prediction: f64,
    /// Log-odds (of a class) or value that every row starts from.
    pub base: f64,
    /// What each column adds to the base, in order of [`Predictor::columns`]; with the base they add up to the
    /// log-odds of the prediction, or to the value.
    pub contributions: Vec<f64>,
}

impl Predictor {
    /// Learns `target` from the other columns. Columns that never vary or that name rows are left out.
    ///
    /// # Errors
    /// [`Error::Column`] if there is no such column or it has more than two classes; [`Error::TooFew`] for
    /// fewer than 50 rows or 10 of a class; [`Error::Degenerate`] without a column that says anything.
    pub fn fit(table: &Table, target: &str, seed: u64) -> Result<Predictor> {
        let Target { task, classes, truth } = targets(table, target)?;
        let rows: Vec<usize> = (0..table.rows).filter(|row| !truth[*row].is_nan()).collect();
        let truth: Vec<f64> = rows.iter().map(|row| truth[*row]).collect();
        if truth.len() < LEAST_ROWS {
            return Err(Error::TooFew { field: "rows", given: truth.len(), want: LEAST_ROWS });
        }
        if task == Task::Class {
            let positives = truth.iter().filter(|truth| **truth == 1.0).count();
            let given = positives.min(truth.len() - positives);
            if given < LEAST_OF_CLASS {
                return Err(Error::TooFew { field: "rows of one class", given, want: LEAST_OF_CLASS });
            }
        }
        let table = table.select(&rows);
        let others = table.columns.iter().filter(|column| column.name != target);
        let columns: Vec<(String, Kind)> =
            others.filter_map(|column| Some((column.name.clone(), column.kind()?))).collect();
        if columns.is_empty() {
            return Err(Error::Degenerate { why: "no column besides the target says anything" });
        }
        let kinds: Vec<Kind> = columns.iter().map(|(_, kind)| kind.clone()).collect();
        let values = read(&table, &columns);

        let held = hold_out(&kinds, &values, &truth, task, seed)?;
        let parts = [held.linear.as_slice(), &held.boost, &held.forest];
        let mix = blend(&parts, &truth, task);
        let score = |row: usize| {
            mix[0] + mix[1..].iter().zip(parts).map(|(weight, part)| weight * part[row]).sum::<f64>()
        };
        let scores: Vec<f64> = (0..truth.len()).map(|row| finish(task, score(row))).collect();
        let range = truth.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), t| (a.min(*t), b.max(*t)));
        Ok(Predictor {
            task,
            target: target.to_owned(),
            positive: classes.as_ref().map(|classes| classes[1].clone()),
            negative: classes.map(|[negative, _]| negative),
            seed,
            metrics: measure(task, &scores, &truth),
            linear: Linear::fit(&kinds, &values, &truth, task)?,
            boost: Boost::fit(&kinds, &values, &truth, task, held.trees, seed),
            forest: Forest::fit(&kinds, &values, &truth, seed)?,
            columns,
            mix,
            range,
        })
    }

    /// Names of the columns that are read.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Predicts every row, with what each column contributed. Columns that are not in the table count as
    /// missing; a table with none of them is refused.
    ///
    /// # Errors
    /// [`Error::Column`] if the table has none of the model's columns.
    pub fn predict(&self, table: &Table) -> Result<Vec<Prediction>> {
        if self.columns().all(|name| table.column(name).is_none()) {
            let name = self.columns().next().unwrap_or_default().to_owned();
            return Err(Error::Column {
                name,
                why: "is not in the table, nor is any other column of the model",
            });
        }
        let values = read(table, &self.columns);
        let mut scratch = Vec::new();
        let width = self.columns.len();
        let (mut linear, mut boost, mut forest) = (vec![0.0; width], vec![0.0; width], vec![0.0; width]);
        let [base, of_linear, of_boost, of_forest] = self.mix[..] else {
            return Err(Error::Shape { field: "mix", given: self.mix.len(), want: 4 });
        };
        let base = base
            + of_linear * self.linear.base
            + of_boost * self.boost.bias()
            + of_forest * self.forest.bias();
        let rows = (0..table.rows).map(|row| {
            self.linear.parts(|column| values[column][row], &mut linear, &mut scratch);
            self.boost.parts(|column| values[column][row], &mut boost);
            self.forest.parts(|column| values[column][row], &mut forest);
            let contributions: Vec<f64> = (0..width)
                .map(|at| of_linear * linear[at] + of_boost * boost[at] + of_forest * forest[at])
                .collect();
            let score = base + contributions.iter().sum::<f64>();
            let prediction = finish(self.task, score);
            let prediction = match self.task {
                Task::Class => prediction,
                // Nothing beyond what was ever seen is promised.
                Task::Value => prediction.clamp(self.range.0, self.range.1),
            };
            Prediction { prediction, base, contributions }
        });
        Ok(rows.collect())
    }
}

impl Sound for Predictor {
    fn sound(&self) -> std::result::Result<(), &'static str> {
        let kinds: Vec<&Kind> = self.columns.iter().map(|(_, kind)| kind).collect();
        holds(!kinds.is_empty(), "it reads no columns")?;
        holds(self.mix.len() == 4 && usable(&self.mix), "the calibration has not four numbers")?;
        holds(self.range.0 <= self.range.1, "the range of values is none")?;
        holds(self.linear.fits(&kinds), "the regression is not of its columns")?;
        holds(self.boost.fits(kinds.len()), "the boosted trees are not of its columns")?;
        holds(self.forest.fits(kinds.len()), "the forest is not of its columns")
    }
}

fn finish(task: Task, score: f64) -> f64 {
    match task {
        Task::Class => sigmoid(score),
        Task::Value => score,
    }
}

fn read(table: &Table, columns: &[(String, Kind)]) -> Vec<Vec<f64>> {
    let missing = || vec![f64::NAN; table.rows];
    columns
        .iter()
        .map(|(name, kind)| table.column(name).map_or_else(missing, |column| column.read(kind)))
        .collect()
}

struct Target {
    task: Task,
    /// Negative and positive.
    classes: Option<[String; 2]>,
    /// NaN where it is missing.
    truth: Vec<f64>,
}

/// The target as numbers: two classes as 0 and 1, anything else as it is.
fn targets(table: &Table, target: &str) -> Result<Target> {
    let bad = |why| Error::Column { name: target.to_owned(), why };
    let column = table.column(target).ok_or_else(|| bad("is not in the table"))?;
    let names: Vec<Option<String>> = match &column.values {
        Values::Categories(names) => names.clone(),
        Values::Numbers(numbers) => {
            let two = numbers.iter().filter(|number| number.is_finite()).all(|n| *n == 0.0 || *n == 1.0);
            if !two {
                return Ok(Target { task: Task::Value, classes: None, truth: numbers.clone() });
            }
            numbers.iter().map(|number| number.is_finite().then(|| number.to_string())).collect()
        }
    };
    let mut known: Vec<&String> = names.iter().flatten().collect();
    known.sort_unstable();
    known.dedup();
    let [first, second] = known[..] else {
        return Err(bad(if known.len() < 2 { "has one class only" } else { "has more than two classes" }));
    };
    let rank = |name: &String| POSITIVE.iter().position(|word| name.eq_ignore_ascii_case(word));
    let (negative, positive) = match (rank(first), rank(second)) {
        (Some(a), Some(b)) if a < b => (second, first),
        (Some(_), None) => (second, first),
        _ => (first, second),
    };
    let truth =
        names.iter().map(|name| name.as_ref().map_or(f64::NAN, |name| f64::from(u8::from(name == positive))));
    let classes = Some([negative.clone(), positive.clone()]);
    Ok(Target { task: Task::Class, classes, truth: truth.collect() })
}

struct Held {
    linear: Vec<f64>,
    boost: Vec<f64>,
    forest: Vec<f64>,
    trees: usize,
}

/// Scores of every row by models that did not see it, and the number of trees that was best on such rows.
fn hold_out(kinds: &[Kind], values: &[Vec<f64>], truth: &[f64], task: Task, seed: u64) -> Result<Held> {
    let folds = folds(truth, task, seed);
    let n = truth.len();
    let (mut linear, mut forest) = (vec![0.0; n], vec![0.0; n]);
    let mut staged: Vec<Vec<f64>> = vec![Vec::new(); n];
    for fold in 0..FOLDS {
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..n).partition(|row| folds[*row] != fold);
        let pick = |column: &Vec<f64>| inside.iter().map(|row| column[*row]).collect::<Vec<f64>>();
        let (known, known_truth): (Vec<Vec<f64>>, _) =
            (values.iter().map(pick).collect(), pick(&truth.to_vec()));
        let regression = Linear::fit(kinds, &known, &known_truth, task)?;
        let trees = Boost::fit(kinds, &known, &known_truth, task, TREES, seed ^ fold as u64);
        let grown = Forest::fit(kinds, &known, &known_truth, seed ^ fold as u64)?;
        let (mut parts, mut scratch) = (vec![0.0; kinds.len()], Vec::new());
        for row in outside {
            let value = |column: usize| values[column][row];
            regression.parts(value, &mut parts, &mut scratch);
            linear[row] = regression.base + parts.iter().sum::<f64>();
            trees.staged(value, &STOPS, &mut staged[row]);
            grown.parts(value, &mut parts);
            forest[row] = grown.bias() + parts.iter().sum::<f64>();
        }
    }
    let loss = |stop: usize| -> f64 {
        let rows = staged.iter().zip(truth);
        rows.map(|(scores, truth)| match task {
            Task::Value => (truth - scores[stop]).powi(2),
            Task::Class => {
                let signed = if *truth == 1.0 { -scores[stop] } else { scores[stop] };
                signed.max(0.0) + (-signed.abs()).exp().ln_1p()
            }
        })
        .sum()
    };
    let best = (0..STOPS.len()).min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(0);
    let boost = staged.iter().map(|scores| scores[best]).collect();
    Ok(Held { linear, boost, forest, trees: STOPS[best] })
}

/// A fold for every row, classes spread evenly.
fn folds(truth: &[f64], task: Task, seed: u64) -> Vec<usize> {
    let mut random = Seeded(seed ^ 0xF01D);
    let mut order: Vec<(u64, f64, usize)> = truth
        .iter()
        .enumerate()
        .map(|(row, truth)| (if task == Task::Class { *truth as u64 } else { 0 }, random.next(), row))
        .collect();
    order.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut folds = vec![0; truth.len()];
    order.iter().enumerate().for_each(|(place, (_, _, row))| folds[*row] = place % FOLDS);
    folds
}
