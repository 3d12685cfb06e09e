//! A random forest (Breiman, *Machine Learning* 45, 2001), grown by the library smartcore.
//!
//! The library's trees are read once they are grown, so that each prediction can be taken apart by column and
//! kept on disk in little space. A missing number lies below all others where training had missing ones, else
//! in the middle; categories are ordered by their mean target, as in the boosted trees.

use super::boost::{order, place};
use super::table::Kind;
use crate::artefact::usable;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

const TREES: usize = 60;
const DEPTH: u16 = 12;
/// Fewest rows in a leaf: this, or more where there are many rows.
const LEAF_ROWS: usize = 8;
/// Share of the rows in a leaf at least, so that a tree does not grow with the table.
const LEAF_SHARE: usize = 1_500;

/// Larger numbers are taken for this large: means of two stay finite.
const LARGEST: f64 = 1e100;

/// Trees whose values are averaged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Forest {
    orders: Vec<Option<Vec<f64>>>,
    /// What a missing value of each column is taken for.
    blanks: Vec<f64>,
    trees: Vec<Tree>,
}

/// Nodes, column by column of what they hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tree {
    columns: Vec<usize>,
    /// Values up to the cut go left.
    cuts: Vec<f64>,
    /// Left and right; 0 and 0 for a leaf.
    children: Vec<(usize, usize)>,
    /// Mean target of the rows that came to a node.
    values: Vec<f64>,
}

impl Forest {
    /// Grows trees for `target` (0 or 1, or a number) from `columns`, each one value a row.
    ///
    /// # Errors
    /// [`Error::Library`] if the library has no answer.
    pub(super) fn fit(kinds: &[Kind], columns: &[Vec<f64>], target: &[f64], seed: u64) -> Result<Forest> {
        let n = target.len();
        let mean = target.iter().sum::<f64>() / n as f64;
        let orders: Vec<Option<Vec<f64>>> = kinds
            .iter()
            .zip(columns)
            .map(|(kind, column)| match kind {
                Kind::Number => None,
                Kind::Category(known) => Some(order(column, target, known.len(), mean)),
            })
            .collect();
        let blanks = columns.iter().zip(&orders).map(|(column, order)| match order {
            Some(_) => mean,
            None => blank(column),
        });
        let mut forest = Forest { blanks: blanks.collect(), orders, trees: Vec::with_capacity(TREES) };
        let rows = (0..n).flat_map(|row| (0..columns.len()).map(move |column| (row, column)));
        let cells: Vec<f64> = rows.map(|(row, column)| forest.read(column, columns[column][row])).collect();
        let failed = |why: String| Error::Library { name: "smartcore", why };
        let matrix =
            DenseMatrix::new(n, columns.len(), cells, false).map_err(|error| failed(error.to_string()))?;
        let parameters = RandomForestRegressorParameters {
            max_depth: Some(DEPTH),
            min_samples_leaf: LEAF_ROWS.max(n / LEAF_SHARE),
            min_samples_split: 2 * LEAF_ROWS,
            n_trees: TREES,
            m: Some((columns.len() as f64).sqrt().ceil() as usize),
            keep_samples: false,
            seed,
        };
        let grown = RandomForestRegressor::fit(&matrix, &target.to_vec(), parameters)
            .map_err(|error| failed(error.to_string()))?;
        let grown = serde_json::to_value(&grown).and_then(serde_json::from_value::<Grown>);
        let trees = grown.map_err(|error| failed(error.to_string()))?.forest_regressor.trees;
        forest.trees = trees.into_iter().map(|grown| Tree::from(grown.nodes)).collect();
        if forest.trees.is_empty() || forest.trees.iter().any(|tree| !tree.sound(columns.len())) {
            return Err(failed("it has grown no trees".into()));
        }
        Ok(forest)
    }

    /// Whether it reads so many columns, and every path through its trees ends.
    pub(super) fn fits(&self, width: usize) -> bool {
        [self.orders.len(), self.blanks.len()] == [width; 2]
            && !self.trees.is_empty()
            && self.trees.iter().all(|tree| tree.sound(width))
            && usable(self.orders.iter().flatten().flatten().chain(&self.blanks))
    }

    /// What each column adds to the bias for one row: the changes of the mean along its path, averaged.
    pub(super) fn parts(&self, value: impl Fn(usize) -> f64, parts: &mut [f64]) {
        parts.fill(0.0);
        let share = 1.0 / self.trees.len() as f64;
        for tree in &self.trees {
            let mut at = 0;
            while tree.children[at] != (0, 0) {
                let column = tree.columns[at];
                let left = self.read(column, value(column)) <= tree.cuts[at];
                let next = if left { tree.children[at].0 } else { tree.children[at].1 };
                parts[column] += share * (tree.values[next] - tree.values[at]);
                at = next;
            }
        }
    }

    /// The part that belongs to no column.
    pub(super) fn bias(&self) -> f64 {
        self.trees.iter().map(|tree| tree.values[0]).sum::<f64>() / self.trees.len() as f64
    }

    fn read(&self, column: usize, value: f64) -> f64 {
        let value = place(value, &self.orders[column]);
        if value.is_nan() { self.blanks[column] } else { value.clamp(-LARGEST, LARGEST) }
    }
}

fn blank(column: &[f64]) -> f64 {
    let present = column.iter().filter(|value| !value.is_nan());
    let mut present: Vec<f64> = present.map(|value| value.clamp(-LARGEST, LARGEST)).collect();
    present.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (present.first(), present.last()) else { return 0.0 };
    if present.len() < column.len() { first - (last - first) - 1.0 } else { present[present.len() / 2] }
}

/// The library's forest as it writes itself down.
#[derive(Deserialize)]
struct Grown {
    forest_regressor: GrownTrees,
}

#[derive(Deserialize)]
struct GrownTrees {
    trees: Vec<GrownTree>,
}

#[derive(Deserialize)]
struct GrownTree {
    nodes: Vec<GrownNode>,
}

#[derive(Deserialize)]
struct GrownNode {
    output: f64,
    split_feature: usize,
    split_value: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
}

impl From<Vec<GrownNode>> for Tree {
    fn from(nodes: Vec<GrownNode>) -> Tree {
        let children = |node: &GrownNode| match (node.split_value, node.true_child, node.false_child) {
            (Some(_), Some(left), Some(right)) => (left, right),
            _ => (0, 0),
        };
        Tree {
            columns: nodes.iter().map(|node| node.split_feature).collect(),
            cuts: nodes.iter().map(|node| node.split_value.unwrap_or(0.0)).collect(),
            children: nodes.iter().map(children).collect(),
            values: nodes.iter().map(|node| node.output).collect(),
        }
    }
}

impl Tree {
    /// Children come after their parents, so that every path ends.
    fn sound(&self, width: usize) -> bool {
        let n = self.values.len();
        let fits = |(at, &(left, right)): (usize, &(usize, usize))| {
            (left, right) == (0, 0) || at < left && at < right && left < n && right < n
        };
        n > 0
            && [self.columns.len(), self.cuts.len(), self.children.len()] == [n; 3]
            && self.children.iter().enumerate().all(fits)
            && self.columns.iter().all(|column| *column < width)
            && usable(self.values.iter().chain(&self.cuts))
    }
}
