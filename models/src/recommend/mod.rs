//! Recommendations: what will this person look at or buy next?
//!
//! In:    pairs of person and item, people and items numbered; how often does not matter.
//! Out:   for a person's items, the other items most likely to follow, best first ([`Recommender`]).
//! State: one number per pair of items: 8 MB for the most items that are learned, 1,000.
//!
//! Method. EASE (Steck, *Embarrassingly Shallow Autoencoders for Sparse Data*, WWW 2019): the linear model
//! in which every item is predicted from all others, in closed form from the items' co-occurrences. Its
//! ridge penalty grows with the number of people. Items beyond the thousand most frequent are known only
//! by how often they occur, and so is everything to a person who is new.
//!
//! Wrong when: order matters (the model sees a set), or an item is so new that nobody had it.

use crate::artefact::{Sound, holds, usable};
use crate::error::{Error, Result};
use crate::learn::{Fit, Predict};
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Most items whose relations are learned.
pub const MOST_ITEMS: usize = 1_000;
/// Penalty: this many people per root of a person.
const PENALTY: f64 = 1.2;
/// What popularity weighs where relations say nothing: below any real score.
const POPULARITY: f64 = 1e-6;

/// An item and how much speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// The item's number.
    pub item: usize,
    /// Larger is better; comparable for one person only.
    pub score: f64,
}

/// What is learned of all people together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommender {
    /// Items whose relations were learned, most frequent first.
    learned: Vec<usize>,
    /// Row by row: what having one item says about another, both by their place in `learned`.
    weights: Vec<f64>,
    /// Share of people per item, for all items.
    popularity: Vec<f64>,
}

impl Recommender {
    /// Learns from the items of each person; `items` is how many there are.
    ///
    /// # Errors
    /// [`Error::TooFew`] without a person that has an item; [`Error::OutOfRange`] for an item that is not
    /// below `items`.
    pub fn fit(people: &[Vec<usize>], items: usize) -> Result<Recommender> {
        if let Some(item) = people.iter().flatten().find(|item| **item >= items) {
            return Err(Error::OutOfRange {
                field: "item",
                given: *item as f64,
                want: "below the number of items",
            });
        }
        let baskets: Vec<Vec<usize>> = people
            .iter()
            .map(|basket| {
                let mut basket = basket.clone();
                basket.sort_unstable();
                basket.dedup();
                basket
            })
            .filter(|basket| !basket.is_empty())
            .collect();
        if baskets.is_empty() {
            return Err(Error::TooFew { field: "people", given: 0, want: 1 });
        }
        let n = baskets.len() as f64;
        let mut popularity = vec![0.0; items];
        baskets.iter().flatten().for_each(|item| popularity[*item] += 1.0 / n);
        let mut learned: Vec<usize> = (0..items).filter(|item| popularity[*item] > 0.0).collect();
        learned.sort_by(|a, b| popularity[*b].total_cmp(&popularity[*a]).then(a.cmp(b)));
        learned.truncate(MOST_ITEMS);
        let mut place = vec![None; items];
        learned.iter().enumerate().for_each(|(at, item)| place[*item] = Some(at));

        let k = learned.len();
        let mut gram = DMatrix::<f64>::zeros(k, k);
        for basket in &baskets {
            let known: Vec<usize> = basket.iter().filter_map(|item| place[*item]).collect();
            for &a in &known {
                for &b in &known {
                    gram[(a, b)] += 1.0;
                }
            }
        }
        let penalty = PENALTY * n.sqrt();
        (0..k).for_each(|at| gram[(at, at)] += penalty);
        let inverse = gram
            .cholesky()
            .ok_or(Error::Degenerate { why: "the items' co-occurrences have no inverse" })?
            .inverse();
        let mut weights = vec![0.0; k * k];
        for from in 0..k {
            for to in (0..k).filter(|to| *to != from) {
                weights[from * k + to] = -inverse[(from, to)] / inverse[(to, to)];
            }
        }
        Ok(Recommender { learned, weights, popularity })
    }

    /// How many items it knows.
    pub fn items(&self) -> usize {
        self.popularity.len()
    }

    /// The `k` best items for somebody who has `basket`, without those in it.
    pub fn recommend(&self, basket: &[usize], k: usize) -> Vec<Recommendation> {
        let has: HashSet<usize> = basket.iter().copied().collect();
        let width = self.learned.len();
        let mut scores: Vec<f64> = self.popularity.iter().map(|share| POPULARITY * share).collect();
        for (row, _) in self.learned.iter().enumerate().filter(|(_, item)| has.contains(item)) {
            let weights = &self.weights[row * width..(row + 1) * width];
            for (item, weight) in self.learned.iter().zip(weights) {
                scores[*item] += weight;
            }
        }
        let mut best: Vec<Recommendation> = scores
            .into_iter()
            .enumerate()
            .filter(|(item, _)| !has.contains(item))
            .map(|(item, score)| Recommendation { item, score })
            .collect();
        best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
        best.truncate(k);
        best
    }
}

impl Sound for Recommender {
    fn sound(&self) -> std::result::Result<(), &'static str> {
        let (learned, items) = (self.learned.len(), self.popularity.len());
        holds(learned <= MOST_ITEMS, "it relates too many items")?;
        holds(self.weights.len() == learned * learned, "its weights are not those of its items")?;
        holds(self.learned.iter().all(|item| *item < items), "it relates items that there are not")?;
        holds(usable(self.weights.iter().chain(&self.popularity)), "a weight is too large")
    }
}

/// Learn which of this many items go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items(pub usize);

impl Fit<[Vec<usize>]> for Items {
    type Model = Recommender;

    fn fit(&self, people: &[Vec<usize>]) -> Result<Recommender> {
        Recommender::fit(people, self.0)
    }
}

impl Predict<[usize]> for Recommender {
    type Output = Vec<Recommendation>;

    fn predict(&self, basket: &[usize]) -> Result<Vec<Recommendation>> {
        Ok(self.recommend(basket, usize::MAX))
    }
}
