//! The forecaster as [`Fit`] and [`Predict`].

use super::forecaster::{Forecast, Forecaster};
use crate::error::Result;
use crate::learn::{Fit, Predict};
use serde::{Deserialize, Serialize};

/// A forecaster that is to learn what histories have in common; see [`Forecaster::train`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Horizon, seasons, levels.
    pub forecaster: Forecaster,
    /// Seed of everything random.
    pub seed: u64,
}

impl Fit<[Vec<Option<f64>>]> for Training {
    type Model = Forecaster;

    fn fit(&self, histories: &[Vec<Option<f64>>]) -> Result<Forecaster> {
        let mut forecaster = self.forecaster.clone();
        forecaster.train(histories.iter().map(Vec::as_slice), self.seed)?;
        Ok(forecaster)
    }
}

impl Predict<[Option<f64>]> for Forecaster {
    type Output = Forecast;

    fn predict(&self, history: &[Option<f64>]) -> Result<Forecast> {
        self.forecast(history)
    }
}
