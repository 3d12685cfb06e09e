//! Which slice explains the anomaly? Root cause by dimension.
//!
//! In:    the cells of a breakdown by several dimensions at one moment, each with what was measured and
//!        what was expected; values of dimensions are ids. Sums (visits, revenue) and ratios (conversion,
//!        revenue per visit) alike.
//! Out:   up to [`MOST`] slices (`country = 3`, or `country = 3 and device = 1`), the one that explains
//!        most first, with the share of the change that each explains and how surprising it is.
//! State: none.
//!
//! Method. A slice explains cells when one factor, applied to what was expected of all of them, makes what
//! was measured likely: the ripple effect of a cause (Sun et al., *HotSpot*, IEEE Access 2018). Its worth
//! is the fall of the weighted squared error, in units of the cells' own noise, less the cost of naming the
//! slice among all others (description length), so that the shortest name that fits wins. The best slice of
//! every combination of up to three dimensions is taken, its effect is put into the expectation, and the
//! search repeats. The share is the metric's change undone by putting the slice back to what was expected,
//! and the surprise is the Jensen-Shannon term (Bhagwan et al., *Adtributor*, NSDI 2014).
//!
//! Wrong when: more than half of the cells that were expected have causes of their own, for then those are
//! taken for noise;
//! two dimensions always change together, for then nothing tells which of them is the cause, and the first
//! one is named.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Most slices in an explanation.
pub const MOST: usize = 5;
/// Most dimensions of a breakdown.
pub const MOST_DIMENSIONS: usize = 8;
/// Most dimensions that name one slice.
const DEEPEST: usize = 3;
/// A slice that explains less of the change is not told.
const LEAST_SHARE: f64 = 0.05;
/// Median of a squared standard normal variable.
const MEDIAN_OF_SQUARE: f64 = 0.4549;
/// Largest magnitude of a number: its square is finite, and so are sums of squares.
const LARGEST: f64 = 1e100;

/// A sum, or the two parts of a ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// The sum; for a ratio, what is above the line.
    pub sum: f64,
    /// What is below the line; `None` for a metric that is a sum.
    pub per: Option<f64>,
}

impl Amount {
    /// A metric that adds up.
    pub fn sum(sum: f64) -> Self {
        Amount { sum, per: None }
    }

    /// A metric `sum / per`.
    pub fn ratio(sum: f64, per: f64) -> Self {
        Amount { sum, per: Some(per) }
    }

    /// The metric; a ratio of nothing is 0.
    pub fn value(self) -> f64 {
        match self.per {
            None => self.sum,
            Some(per) if per > 0.0 => self.sum / per,
            Some(_) => 0.0,
        }
    }

    fn plus(self, other: Amount, sign: f64) -> Amount {
        let per = self.per.or(other.per.map(|_| 0.0));
        Amount {
            sum: self.sum + sign * other.sum,
            per: per.map(|per| (per + sign * other.per.unwrap_or(0.0)).max(0.0)),
        }
    }
}

/// One cell of the breakdown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The value of each dimension, in the same order in every cell.
    pub keys: Vec<u32>,
    /// What was measured.
    pub actual: Amount,
    /// What was expected.
    pub expected: Amount,
}

/// A slice that explains a part of the change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// Dimension (its index) and value, in order of dimension; empty when everything changed alike.
    pub keys: Vec<(usize, u32)>,
    /// The metric in this slice, measured.
    pub actual: f64,
    /// The metric in this slice, expected.
    pub expected: f64,
    /// Share of the whole change that goes away when this slice is as expected: 1 is all of it, more than
    /// 1 when others changed the other way. Shares of a ratio need not add up.
    pub share: f64,
    /// How much the slice's part of the whole differs from what was expected, in `[0, 1]`.
    pub surprise: f64,
}

/// The answer of [`explain`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The metric over all cells, measured.
    pub actual: f64,
    /// The metric over all cells, expected.
    pub expected: f64,
    /// The slices, best first; empty when nothing stands out of the noise.
    pub slices: Vec<Slice>,
}

/// Finds the slices that explain why the metric over all cells is not what was expected.
///
/// ```
/// use opentrace_models::anomaly::explain::{Amount, Cell, explain};
///
/// // Dimension 0 is the country (0..4), dimension 1 the device (0..3); country 2 lost half of its visits.
/// let cells: Vec<Cell> = (0..12u32)
///     .map(|i| {
///         let expected = 100.0 + f64::from(i);
///         let actual = if i / 3 == 2 { expected / 2.0 } else { expected };
///         Cell { keys: vec![i / 3, i % 3], actual: Amount::sum(actual), expected: Amount::sum(expected) }
///     })
///     .collect();
/// let explanation = explain(&cells).unwrap();
/// assert_eq!(explanation.slices[0].keys, [(0, 2)]);
/// assert!((explanation.slices[0].share - 1.0).abs() < 1e-9);
/// ```
///
/// # Errors
/// [`Error::TooFew`] without cells; [`Error::Shape`] if cells differ in their dimensions, have none or more
/// than [`MOST_DIMENSIONS`], or mix sums and ratios; [`Error::OutOfRange`] for a number that is not finite
/// or beyond 1e100, or a negative `per`.
pub fn explain(cells: &[Cell]) -> Result<Explanation> {
    check(cells)?;
    let measured = total(cells.iter().map(|cell| cell.actual));
    let foreseen = total(cells.iter().map(|cell| cell.expected));
    let mut answer = Explanation { actual: measured.value(), expected: foreseen.value(), slices: Vec::new() };
    let change = answer.actual - answer.expected;
    if change.abs() <= 1e-12 * answer.expected.abs() {
        return Ok(answer);
    }
    let mut errors = Errors::new(cells, foreseen);
    let cuboids = cuboids(cells);
    for _ in 0..MOST {
        let Some((cuboid, element)) = errors.best(&cuboids) else { break };
        let rows: Vec<usize> = cuboid.rows(element).collect();
        errors.absorb(&rows);
        let here = total(rows.iter().map(|row| cells[*row].actual));
        let before = total(rows.iter().map(|row| cells[*row].expected));
        let undone = measured.plus(here, -1.0).plus(before, 1.0).value();
        let share = (answer.actual - undone) / change;
        if !(LEAST_SHARE..f64::INFINITY).contains(&share) {
            continue; // moved, but not the way the whole did
        }
        let first = &cells[rows[0]];
        answer.slices.push(Slice {
            keys: cuboid.dimensions.iter().map(|dimension| (*dimension, first.keys[*dimension])).collect(),
            actual: here.value(),
            expected: before.value(),
            share,
            surprise: surprise(before.sum, foreseen.sum, here.sum, measured.sum),
        });
    }
    answer.slices.sort_by(|a, b| b.share.total_cmp(&a.share));
    Ok(answer)
}

fn check(cells: &[Cell]) -> Result<()> {
    let first = cells.first().ok_or(Error::TooFew { field: "cells", given: 0, want: 1 })?;
    let want = first.keys.len().clamp(1, MOST_DIMENSIONS);
    for cell in cells {
        if cell.keys.len() != want {
            return Err(Error::Shape { field: "keys", given: cell.keys.len(), want });
        }
        for amount in [cell.actual, cell.expected] {
            if amount.per.is_some() != first.actual.per.is_some() {
                let parts = |amount: Amount| 1 + usize::from(amount.per.is_some());
                return Err(Error::Shape {
                    field: "amount",
                    given: parts(amount),
                    want: parts(first.actual),
                });
            }
            if !amount.sum.is_finite() || amount.sum.abs() > LARGEST {
                let want = "between -1e100 and 1e100";
                return Err(Error::OutOfRange { field: "sum", given: amount.sum, want });
            }
            if let Some(per) = amount.per.filter(|per| !(0.0..=LARGEST).contains(per)) {
                return Err(Error::OutOfRange { field: "per", given: per, want: "between 0 and 1e100" });
            }
        }
    }
    Ok(())
}

fn total(amounts: impl Iterator<Item = Amount>) -> Amount {
    amounts.fold(Amount::default(), |sum, amount| sum.plus(amount, 1.0))
}

/// All slices that fix the same dimensions.
struct Cuboid {
    dimensions: Vec<usize>,
    /// The slice that each cell belongs to.
    element: Vec<usize>,
    elements: usize,
}

impl Cuboid {
    fn new(dimensions: Vec<usize>, cells: &[Cell]) -> Self {
        let mut ids: HashMap<Vec<u32>, usize> = HashMap::new();
        let mut element = Vec::with_capacity(cells.len());
        for cell in cells {
            let next = ids.len();
            let key = dimensions.iter().map(|dimension| cell.keys[*dimension]).collect();
            element.push(*ids.entry(key).or_insert(next));
        }
        Cuboid { dimensions, element, elements: ids.len() }
    }

    fn rows(&self, element: usize) -> impl Iterator<Item = usize> + '_ {
        self.element.iter().enumerate().filter(move |(_, of)| **of == element).map(|(row, _)| row)
    }

    /// What it takes to name one of its slices, in the units of twice a log-likelihood.
    fn cost(&self, of_dimensions: usize, cells: usize) -> f64 {
        let names =
            (self.elements as f64).ln() + self.dimensions.len() as f64 * (1.0 + of_dimensions as f64).ln();
        4.0 + (cells as f64).ln() + 2.0 * names
    }
}

/// Every combination of up to [`DEEPEST`] dimensions, the shorter ones first.
fn cuboids(cells: &[Cell]) -> Vec<Cuboid> {
    let dimensions = cells[0].keys.len();
    let mut sets: Vec<Vec<usize>> = (0..1usize << dimensions)
        .map(|mask| (0..dimensions).filter(|d| mask >> d & 1 == 1).collect())
        .collect();
    sets.retain(|set| set.len() <= DEEPEST);
    sets.sort_by_key(Vec::len);
    sets.into_iter().map(|set| Cuboid::new(set, cells)).collect()
}

/// What is measured and expected of each cell as one series of numbers or two: the sums, or what is above
/// the line given what is below it, and what is below it.
struct Errors {
    layers: Vec<Layer>,
    dimensions: usize,
}

struct Layer {
    actual: Vec<f64>,
    expected: Vec<f64>,
    /// One over the noise's variance.
    weight: Vec<f64>,
}

/// Sums over a slice from which the best factor and its worth follow.
#[derive(Clone, Copy, Default)]
struct Moments {
    weight: f64,
    actual: f64,
    actual_squared: f64,
    cross: f64,
    expected_squared: f64,
}

impl Errors {
    fn new(cells: &[Cell], foreseen: Amount) -> Self {
        let column = |of: &dyn Fn(&Cell) -> f64| cells.iter().map(of).collect::<Vec<f64>>();
        let per = |amount: Amount| amount.per.unwrap_or(0.0);
        let mut layers = Vec::new();
        if foreseen.per.is_some() {
            let rate = |cell: &Cell| match cell.expected {
                Amount { sum, per: Some(per) } if per > 0.0 => sum / per,
                _ => foreseen.value(), // nothing was expected here: as everywhere
            };
            layers.push(Layer::new(column(&|c| c.actual.sum), column(&|c| per(c.actual) * rate(c))));
            layers.push(Layer::new(column(&|c| per(c.actual)), column(&|c| per(c.expected))));
        } else {
            layers.push(Layer::new(column(&|c| c.actual.sum), column(&|c| c.expected.sum)));
        }
        Errors { layers, dimensions: cells[0].keys.len() }
    }

    /// The slice that is worth most, if one is worth more than its name.
    fn best<'a>(&self, cuboids: &'a [Cuboid]) -> Option<(&'a Cuboid, usize)> {
        let mut best = (0.0, None);
        for cuboid in cuboids {
            let mut worth = vec![-cuboid.cost(self.dimensions, cuboid.element.len()); cuboid.elements];
            for layer in &self.layers {
                let mut moments = vec![Moments::default(); cuboid.elements];
                for (row, element) in cuboid.element.iter().enumerate() {
                    moments[*element].add(layer, row);
                }
                worth.iter_mut().zip(moments).for_each(|(worth, moments)| *worth += moments.gain());
            }
            for (element, worth) in worth.into_iter().enumerate() {
                // A longer name has to be better by more than rounding.
                if worth > best.0 * (1.0 + 1e-9) {
                    best = (worth, Some((cuboid, element)));
                }
            }
        }
        best.1
    }

    /// Puts the effect of a slice into what is expected.
    fn absorb(&mut self, rows: &[usize]) {
        for layer in &mut self.layers {
            let mut moments = Moments::default();
            rows.iter().for_each(|row| moments.add(layer, *row));
            rows.iter().for_each(|row| layer.expected[*row] = moments.fitted(layer.expected[*row]));
        }
    }
}

impl Layer {
    /// The variance grows with what is expected, as that of counts does; its unit is the median cell's noise.
    fn new(actual: Vec<f64>, expected: Vec<f64>) -> Self {
        let cells = actual.len() as f64;
        let scale = expected.iter().chain(&actual).map(|x| x.abs() / (2.0 * cells)).sum::<f64>();
        let floor = (0.01 * scale).max(f64::MIN_POSITIVE);
        // Of what was never expected, the only measure is the value itself.
        let size =
            |(expected, actual): (&f64, &f64)| if *expected == 0.0 { actual.abs() } else { expected.abs() };
        let variance: Vec<f64> = expected.iter().zip(&actual).map(|pair| size(pair) + floor).collect();
        // What was never expected says nothing of the noise: half of all cells may be new ones.
        let mut known: Vec<usize> = (0..actual.len()).filter(|row| expected[*row] != 0.0).collect();
        if known.is_empty() {
            known = (0..actual.len()).collect();
        }
        let noise = |factor: f64| {
            let square = |row: &usize| (actual[*row] - factor * expected[*row]).powi(2) / variance[*row];
            let mut squares: Vec<f64> = known.iter().map(square).collect();
            squares.sort_by(f64::total_cmp);
            let mean = squares.iter().sum::<f64>() / squares.len() as f64;
            (squares[squares.len() / 2] / MEDIAN_OF_SQUARE).max(1e-3 * mean)
        };
        let (all, foreseen) = (actual.iter().sum::<f64>(), expected.iter().sum::<f64>());
        let factor = if foreseen == 0.0 { 1.0 } else { all / foreseen };
        let unit = noise(1.0).min(noise(factor)).max(1e-12 * scale).max(f64::MIN_POSITIVE);
        let weight = variance.iter().map(|variance| 1.0 / (variance * unit)).collect();
        Layer { actual, expected, weight }
    }
}

impl Moments {
    fn add(&mut self, layer: &Layer, row: usize) {
        let (actual, expected, weight) = (layer.actual[row], layer.expected[row], layer.weight[row]);
        self.weight += weight;
        self.actual += weight * actual;
        self.actual_squared += weight * actual * actual;
        self.cross += weight * actual * expected;
        self.expected_squared += weight * expected * expected;
    }

    /// By how much the weighted squared error falls when the slice has a factor of its own.
    fn gain(&self) -> f64 {
        let before = self.actual_squared - 2.0 * self.cross + self.expected_squared;
        let explained = if self.expected_squared > 0.0 {
            self.cross * self.cross / self.expected_squared
        } else if self.weight > 0.0 {
            self.actual * self.actual / self.weight
        } else {
            0.0
        };
        let gain = before - (self.actual_squared - explained);
        if gain.is_finite() { gain } else { 0.0 }
    }

    /// What this slice's factor makes of an expected value; the mean where nothing was expected.
    fn fitted(&self, expected: f64) -> f64 {
        if self.expected_squared > 0.0 {
            expected * self.cross / self.expected_squared
        } else {
            self.actual / self.weight.max(f64::MIN_POSITIVE)
        }
    }
}

/// The slice's term of the Jensen-Shannon divergence between the expected and the measured composition.
fn surprise(expected: f64, of_expected: f64, actual: f64, of_actual: f64) -> f64 {
    let part = |slice: f64, all: f64| if all == 0.0 { 0.0 } else { (slice / all).clamp(0.0, 1.0) };
    let (p, q) = (part(expected, of_expected), part(actual, of_actual));
    let term = |x: f64| if x > 0.0 { x * (2.0 * x / (p + q)).log2() } else { 0.0 };
    (0.5 * (term(p) + term(q))).clamp(0.0, 1.0)
}
