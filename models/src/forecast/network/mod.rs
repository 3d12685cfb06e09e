//! The global network: what many series of an operator do alike, that no method finds in one alone.
//!
//! In:    histories on a grid, as the other methods take them.
//! Out:   per step a value. It is one more method of the mixture; how much it is believed was measured on
//!        stretches that it had not seen, for all series together and then for each.
//! State: some ten thousand weights for each of [`NETWORKS`] networks, whose forecasts are averaged.
//!
//! Method. A network in the manner of N-HiTS (Challu et al., AAAI 2023) in the library candle: blocks of two
//! hidden layers see what earlier blocks left of the last points, averaged over stretches of their own
//! length, and each adds to the forecast a curve with as few corners. It does not start from nothing: the
//! forecast begins at the mean of theta, smoothing and autoregression, which the network also sees, and what it
//! learns is their correction, on a history without seasons and in units of the history's own changes.
//! Mean absolute error, AdamW, all random numbers from the seed.
//!
//! Wrong when: the series have nothing in common, then validation leaves it out; a longer horizon than it was
//! trained for is asked, then it takes no part.

mod blocks;
mod examples;
mod join;
mod sight;
mod train;

pub(super) use join::join;
pub(super) use sight::Sight;
pub(super) use train::train;

use super::MOST_STEPS;
use crate::artefact::holds;
use crate::error::Result;
use blocks::Blocks;
use serde::{Deserialize, Serialize};

/// Networks that are averaged.
const NETWORKS: usize = 3;
/// Networks that a model that was read may have.
const MOST_NETWORKS: usize = 16;
/// Points that a network sees: this many horizons, within limits.
const LOOK_BACK: usize = 2;
const WINDOW: (usize, usize) = (8, 96);

/// The sizes of a network, from which everything else follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// Points that it sees.
    pub(super) window: usize,
    /// Steps that it forecasts.
    pub(super) horizon: usize,
}

impl Shape {
    fn of(horizon: usize) -> Shape {
        Shape { window: (LOOK_BACK * horizon).clamp(WINDOW.0, WINDOW.1), horizon }
    }
}

/// Trained networks, and what they were worth on stretches that they had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    shape: Shape,
    /// Per network its weights, layer by layer.
    weights: Vec<Vec<Vec<f64>>>,
    /// Share of the mixture that was best for all series together.
    pub share: f64,
    /// How many times as large errors are on unseen stretches as on those of the training.
    pub optimism: f64,
}

impl Network {
    /// Whether it can answer: that its weights are those of its shape.
    ///
    /// # Errors
    /// What does not fit.
    pub(super) fn sound(&self) -> std::result::Result<(), &'static str> {
        let Shape { window, horizon } = self.shape;
        let sizes = (WINDOW.0..=WINDOW.1).contains(&window) && (1..=MOST_STEPS).contains(&horizon);
        holds(sizes, "a network has a shape that there is not")?;
        holds((1..=MOST_NETWORKS).contains(&self.weights.len()), "it has not some networks")?;
        let want = Blocks::sizes(self.shape);
        let fits = |weights: &Vec<Vec<f64>>| weights.iter().map(Vec::len).eq(want.iter().copied());
        holds(self.weights.iter().all(fits), "a network's weights are not those of its shape")?;
        let known = (0.0..=1.0).contains(&self.share) && (0.0..=1e6).contains(&self.optimism);
        holds(known, "what a network is worth is none")
    }

    /// The longest horizon that it answers for.
    pub fn horizon(&self) -> usize {
        self.shape.horizon
    }

    /// The same network, believed as much as another.
    pub(super) fn believed(self, as_much_as: (f64, f64)) -> Network {
        let (share, optimism) = as_much_as;
        Network { share, optimism, ..self }
    }

    /// Its sizes.
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The forecast after each sight, as far as the sight's own steps.
    pub(super) fn forecast(&self, sights: &[&Sight]) -> Result<Vec<Vec<f64>>> {
        let mut mean: Vec<Vec<f64>> = vec![vec![0.0; self.shape.horizon]; sights.len()];
        for weights in &self.weights {
            let corrections = Blocks::load(self.shape, weights)?.corrections(sights)?;
            for (mean, correction) in mean.iter_mut().zip(corrections) {
                let both = mean.iter_mut().zip(correction);
                both.for_each(|(mean, value)| *mean += f64::from(value) / self.weights.len() as f64);
            }
        }
        let forecast = |(sight, correction): (&&Sight, Vec<f64>)| {
            correction
                .iter()
                .take(sight.steps)
                .enumerate()
                .map(|(at, value)| sight.value(at, *value))
                .collect()
        };
        Ok(sights.iter().zip(mean).map(forecast).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_shape() {
        let shape = Shape::of(3);
        let weights: Vec<Vec<f64>> = Blocks::sizes(shape).into_iter().map(|size| vec![0.0; size]).collect();
        let network = Network { shape, weights: vec![weights], share: 0.5, optimism: 1.0 };
        assert_eq!(network.sound(), Ok(()));
        let mut short = network.clone();
        short.weights[0][3].pop();
        assert!(short.sound().is_err());
        let other = Network { shape: Shape { horizon: 4, ..shape }, ..network.clone() };
        assert!(other.sound().is_err());
        assert!(Network { share: 1.5, ..network }.sound().is_err());
    }
}
