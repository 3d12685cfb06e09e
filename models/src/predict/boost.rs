//! Gradient-boosted trees on histograms (Friedman, *Annals of Statistics* 29, 2001; second-order steps as in
//! Chen and Guestrin, KDD 2016). Missing values take the side that fits better; categories are ordered by
//! their mean target. Deterministic: the rows of each tree come from a seeded generator, sums run in one
//! order.

use super::linear::{Task, sigmoid};
use super::table::Kind;
use crate::artefact::usable;
use serde::{Deserialize, Serialize};

const BINS: usize = 64;
const RATE: f64 = 0.05;
const DEPTH: usize = 4;
/// Trees at most; how many are kept is chosen on rows that were held out.
pub(super) const TREES: usize = 400;
/// Fewest rows (weighted by curvature for classes) in a leaf.
const LEAF_ROWS: usize = 20;
const LEAF_PENALTY: f64 = 3.0;
/// Share of the rows that each tree sees, and of the columns.
const ROWS: f64 = 0.6;
const COLUMNS: f64 = 0.6;
/// Rows that a category's mean target is shrunk by.
const SHRINK: f64 = 10.0;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Node {
    column: usize,
    /// Values below go left.
    cut: f64,
    missing_left: bool,
    left: usize,
    right: usize,
    /// Mean prediction of the rows that came here.
    value: f64,
}

/// Trees whose values add up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Boost {
    pub(super) base: f64,
    /// Per column the order of its categories.
    orders: Vec<Option<Vec<f64>>>,
    trees: Vec<Vec<Node>>,
}

/// Columns cut into bins; bin 0 is missing.
struct Binned {
    cuts: Vec<Vec<f64>>,
    bins: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    slope: f64,
    curve: f64,
    rows: usize,
}

/// A small generator (splitmix64), so that trees do not depend on a library's release.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Boost {
    /// Fits `trees` trees.
    pub(super) fn fit(
        kinds: &[Kind],
        columns: &[Vec<f64>],
        target: &[f64],
        task: Task,
        trees: usize,
        seed: u64,
    ) -> Boost {
        let n = target.len();
        let mean = target.iter().sum::<f64>() / n as f64;
        let base = match task {
            Task::Value => mean,
            Task::Class => {
                let rate = mean.clamp(1e-6, 1.0 - 1e-6);
                (rate / (1.0 - rate)).ln()
            }
        };
        let orders: Vec<Option<Vec<f64>>> = kinds
            .iter()
            .zip(columns)
            .map(|(kind, column)| match kind {
                Kind::Number => None,
                Kind::Category(known) => Some(order(column, target, known.len(), mean)),
            })
            .collect();
        let ordered: Vec<Vec<f64>> = columns
            .iter()
            .zip(&orders)
            .map(|(column, order)| column.iter().map(|value| place(*value, order)).collect())
            .collect();
        let binned = bin(&ordered);
        let mut model = Boost { base, orders, trees: Vec::with_capacity(trees) };
        let mut random = Seeded(seed);
        let mut scores = vec![base; n];
        let mut slopes = vec![(0.0, 1.0); n];
        for _ in 0..trees {
            for ((slope, score), target) in slopes.iter_mut().zip(&scores).zip(target) {
                *slope = match task {
                    Task::Value => (target - score, 1.0),
                    Task::Class => {
                        let chance = sigmoid(*score);
                        (target - chance, (chance * (1.0 - chance)).max(1e-6))
                    }
                };
            }
            let rows: Vec<usize> = (0..n).filter(|_| random.next() < ROWS).collect();
            let used: Vec<usize> = (0..columns.len()).filter(|_| random.next() < COLUMNS).collect();
            let tree = grow(&binned, &slopes, rows, &used);
            if tree.len() == 1 && tree[0].value == 0.0 {
                continue;
            }
            for (at, score) in scores.iter_mut().enumerate() {
                *score += leaf(&tree, |column| ordered[column][at]).value;
            }
            model.trees.push(tree);
        }
        model
    }

    /// Whether it reads so many columns, and every path through its trees ends.
    pub(super) fn fits(&self, width: usize) -> bool {
        let node = |n: usize, at: usize, node: &Node| {
            let leaf = node.left == 0;
            let children = at < node.left && at < node.right && node.left < n && node.right < n;
            node.column < width && (leaf || children) && (node.cut.is_finite() && usable([&node.value]))
        };
        let tree = |tree: &Vec<Node>| {
            !tree.is_empty() && tree.iter().enumerate().all(|(at, one)| node(tree.len(), at, one))
        };
        self.orders.len() == width
            && self.trees.iter().all(tree)
            && usable(self.orders.iter().flatten().flatten().chain([&self.base]))
    }

    /// What each column adds to the base for one row: the changes of the mean along its path in every tree.
    pub(super) fn parts(&self, value: impl Fn(usize) -> f64, parts: &mut [f64]) {
        parts.fill(0.0);
        let value = |column: usize| place(value(column), &self.orders[column]);
        for tree in &self.trees {
            let mut at = 0;
            while tree[at].left != 0 {
                let next = step(&tree[at], &value);
                parts[tree[at].column] += tree[next].value - tree[at].value;
                at = next;
            }
        }
    }

    /// The part that belongs to no column: the means that trees start from.
    pub(super) fn bias(&self) -> f64 {
        self.base + self.trees.iter().map(|tree| tree[0].value).sum::<f64>()
    }

    /// Scores of one row after each number of trees in `stops`, ascending.
    pub(super) fn staged(&self, value: impl Fn(usize) -> f64, stops: &[usize], out: &mut Vec<f64>) {
        out.clear();
        let value = |column: usize| place(value(column), &self.orders[column]);
        let (mut score, mut done) = (self.base, 0);
        for stop in stops {
            for tree in &self.trees[done.min(self.trees.len())..(*stop).min(self.trees.len())] {
                score += leaf(tree, value).value;
            }
            done = *stop;
            out.push(score);
        }
    }
}

pub(super) fn place(value: f64, order: &Option<Vec<f64>>) -> f64 {
    match order {
        Some(order) if !value.is_nan() => order.get(value as usize).copied().unwrap_or(f64::NAN),
        _ => value,
    }
}

/// Mean target per category, shrunk to the mean of all.
pub(super) fn order(column: &[f64], target: &[f64], known: usize, mean: f64) -> Vec<f64> {
    let mut sums = vec![(SHRINK * mean, SHRINK); known];
    for (value, target) in column.iter().zip(target).filter(|(value, _)| !value.is_nan()) {
        if let Some(sum) = sums.get_mut(*value as usize) {
            sum.0 += target;
            sum.1 += 1.0;
        }
    }
    sums.iter().map(|(sum, count)| sum / count).collect()
}

fn bin(columns: &[Vec<f64>]) -> Binned {
    let cuts: Vec<Vec<f64>> = columns.iter().map(|column| cuts(column)).collect();
    let bins = columns
        .iter()
        .zip(&cuts)
        .map(|(column, cuts)| {
            let bin = |value: &f64| {
                if value.is_nan() { 0 } else { 1 + cuts.partition_point(|cut| cut <= value) as u8 }
            };
            column.iter().map(bin).collect()
        })
        .collect();
    Binned { cuts, bins }
}

/// Where a column is cut: at its quantiles, half way between two neighbouring values, so that the last place
/// of a number decides nothing.
fn cuts(column: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    let mut above: Vec<usize> = if distinct.len() <= BINS {
        (1..distinct.len()).collect()
    } else {
        let quantile = |bin: usize| sorted[sorted.len() * bin / BINS];
        (1..BINS).map(|bin| distinct.partition_point(|value| *value < quantile(bin))).collect()
    };
    above.dedup();
    above.into_iter().filter(|at| *at > 0).map(|at| distinct[at - 1] / 2.0 + distinct[at] / 2.0).collect()
}

fn step(node: &Node, value: &impl Fn(usize) -> f64) -> usize {
    let value = value(node.column);
    let left = if value.is_nan() { node.missing_left } else { value < node.cut };
    if left { node.left } else { node.right }
}

fn leaf(tree: &[Node], value: impl Fn(usize) -> f64) -> &Node {
    let mut at = 0;
    while tree[at].left != 0 {
        at = step(&tree[at], &value);
    }
    &tree[at]
}

fn worth(sum: Sum) -> f64 {
    sum.slope * sum.slope / (sum.curve + LEAF_PENALTY)
}

/// Grows one tree level by level.
fn grow(binned: &Binned, slopes: &[(f64, f64)], rows: Vec<usize>, used: &[usize]) -> Vec<Node> {
    let mut tree = vec![node(slopes, &rows)];
    let mut open = vec![(0usize, rows)];
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for (at, rows) in open {
            let Some((column, cut, missing_left)) = split(binned, slopes, &rows, used) else { continue };
            let left = |row: &usize| match binned.bins[column][*row] {
                0 => missing_left,
                bin => usize::from(bin) <= cut,
            };
            let (lefts, rights): (Vec<usize>, Vec<usize>) = rows.iter().partition(|row| left(row));
            tree[at].column = column;
            // What is missing here, everything else there: no value is above the largest number, and unlike
            // infinity it can be written down.
            tree[at].cut = binned.cuts[column].get(cut - 1).copied().unwrap_or(f64::MAX);
            tree[at].missing_left = missing_left;
            (tree[at].left, tree[at].right) = (tree.len(), tree.len() + 1);
            tree.push(node(slopes, &lefts));
            tree.push(node(slopes, &rights));
            next.push((tree.len() - 2, lefts));
            next.push((tree.len() - 1, rights));
        }
        open = next;
    }
    tree
}

fn node(slopes: &[(f64, f64)], rows: &[usize]) -> Node {
    let (slope, curve) =
        rows.iter().fold((0.0, 0.0), |sum, row| (sum.0 + slopes[*row].0, sum.1 + slopes[*row].1));
    let value = if curve > 0.0 { RATE * slope / (curve + LEAF_PENALTY) } else { 0.0 };
    Node { column: 0, cut: 0.0, missing_left: true, left: 0, right: 0, value }
}

/// The best column, the last bin that goes left, and where missing values go.
fn split(
    binned: &Binned,
    slopes: &[(f64, f64)],
    rows: &[usize],
    used: &[usize],
) -> Option<(usize, usize, bool)> {
    if rows.len() < 2 * LEAF_ROWS {
        return None;
    }
    let mut best = (1e-9, None);
    for &column in used {
        let mut sums = [Sum::default(); BINS + 2];
        let mut all = Sum::default();
        for &row in rows {
            let (slope, curve) = slopes[row];
            let sum = &mut sums[usize::from(binned.bins[column][row])];
            *sum = Sum { slope: sum.slope + slope, curve: sum.curve + curve, rows: sum.rows + 1 };
            all = Sum { slope: all.slope + slope, curve: all.curve + curve, rows: all.rows + 1 };
        }
        let missing = sums[0];
        for missing_left in [true, false] {
            if missing.rows == 0 && !missing_left {
                continue;
            }
            let mut left = if missing_left { missing } else { Sum::default() };
            for (bin, sum) in sums.iter().enumerate().take(binned.cuts[column].len() + 2).skip(1) {
                left = Sum {
                    slope: left.slope + sum.slope,
                    curve: left.curve + sum.curve,
                    rows: left.rows + sum.rows,
                };
                let right = Sum {
                    slope: all.slope - left.slope,
                    curve: all.curve - left.curve,
                    rows: all.rows - left.rows,
                };
                if left.rows < LEAF_ROWS || right.rows < LEAF_ROWS {
                    continue;
                }
                let gain = worth(left) + worth(right) - worth(all);
                if gain > best.0 {
                    best = (gain, Some((column, bin, missing_left)));
                }
            }
        }
    }
    best.1
}
