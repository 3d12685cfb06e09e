//! A forecast as a trained model: what many series have in common, kept for later.
//!
//! Keeps: for each set of seasons the widths of the intervals, and a network where one was trained. No history:
//! that is given when a forecast is asked for.

use super::forecaster::{Forecast, Forecaster, LONGEST_SEASON, MOST_SEASONS, MOST_STEPS};
use super::{Event, Grid, Worth, detect};
use crate::artefact::{Sound, holds};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Forecasters, one for each set of seasons: series with the same seasons are alike enough to learn from each
/// other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Seasons that were asked for; empty is by calendar and data.
    asked: Vec<usize>,
    forecasters: Vec<Forecaster>,
}

impl Learned {
    /// Learns from many series what intervals of these levels (shares) need at this horizon. `asked` are the
    /// lengths of the seasons in steps; empty takes those of the calendar, else what the data show.
    ///
    /// # Errors
    /// Those of [`Forecaster::calibrate`].
    pub fn fit(grids: &[Grid], horizon: usize, asked: &[usize], levels: &[f64]) -> Result<Self> {
        Learned::each(grids, asked, |seasons, alike| {
            let mut forecaster = Forecaster::new(horizon, seasons).levels(levels);
            forecaster.calibrate(alike)?;
            Ok(forecaster)
        })
    }

    /// The same, and a network for each set of seasons where it helps; see [`Forecaster::train`]. Answers also
    /// what the networks were worth: `smape`, `smape_without_network` and `network_share`, followed by
    /// `_season_` and the lengths of the seasons, where there are.
    ///
    /// # Errors
    /// Those of [`Forecaster::train`].
    pub fn train(
        grids: &[Grid],
        horizon: usize,
        asked: &[usize],
        levels: &[f64],
        seed: u64,
    ) -> Result<(Self, BTreeMap<String, f64>)> {
        let mut metrics = BTreeMap::new();
        let learned = Learned::each(grids, asked, |seasons, alike| {
            let mut forecaster = Forecaster::new(horizon, seasons).levels(levels);
            if let Some(worth) = forecaster.train(alike, seed)? {
                metrics.extend(named(seasons, worth));
            }
            Ok(forecaster)
        })?;
        Ok((learned, metrics))
    }

    /// What was learned, with intervals of other levels; their widths were learned for those of the training
    /// only.
    #[must_use]
    pub fn with_levels(mut self, levels: &[f64]) -> Self {
        for forecaster in &mut self.forecasters {
            forecaster.levels = levels.to_vec();
        }
        self
    }

    fn each(
        grids: &[Grid],
        asked: &[usize],
        mut one: impl FnMut(&[usize], Vec<&[Option<f64>]>) -> Result<Forecaster>,
    ) -> Result<Self> {
        let seasons: Vec<Vec<usize>> = grids.iter().map(|grid| seasons(asked, grid)).collect();
        let mut forecasters: Vec<Forecaster> = Vec::new();
        for wanted in &seasons {
            if forecasters.iter().any(|known| known.seasons == *wanted) {
                continue;
            }
            let alike = grids.iter().zip(&seasons).filter(|(_, seasons)| *seasons == wanted);
            forecasters.push(one(wanted, alike.map(|(grid, _)| grid.values.as_slice()).collect())?);
        }
        Ok(Learned { asked: asked.to_vec(), forecasters })
    }

    /// Forecasts the steps after a series, with events known in advance.
    ///
    /// # Errors
    /// Those of [`Forecaster::forecast_with`].
    pub fn forecast(&self, grid: &Grid, horizon: usize, events: &[Event]) -> Result<Forecast> {
        let seasons = seasons(&self.asked, grid);
        let known = self.forecasters.iter().find(|known| known.seasons == seasons).cloned();
        let levels = self.levels();
        let mut forecaster = known.unwrap_or_else(|| Forecaster::new(horizon, &seasons).levels(levels));
        forecaster.horizon = horizon.min(MOST_STEPS);
        forecaster.forecast_with(&grid.values, events)
    }

    /// Levels of the intervals, as shares.
    pub fn levels(&self) -> &[f64] {
        self.forecasters.first().map_or(&[], |forecaster| &forecaster.levels)
    }

    /// The forecasters, one for each set of seasons.
    pub fn forecasters(&self) -> &[Forecaster] {
        &self.forecasters
    }
}

impl Sound for Learned {
    fn sound(&self) -> std::result::Result<(), &'static str> {
        holds(!self.forecasters.is_empty(), "it has learned nothing")?;
        let fits =
            self.asked.len() <= MOST_SEASONS && self.asked.iter().all(|season| *season <= LONGEST_SEASON);
        holds(fits, "a season that was asked for is none")?;
        self.forecasters.iter().try_for_each(Sound::sound)
    }
}

/// Symmetric errors in percent with and without the network, and its share, for one set of seasons.
fn named(seasons: &[usize], worth: Worth) -> [(String, f64); 3] {
    let seasons: Vec<String> = seasons.iter().map(usize::to_string).collect();
    let of = if seasons.is_empty() { String::new() } else { format!("_season_{}", seasons.join("_")) };
    [
        (format!("smape{of}"), worth.with),
        (format!("smape_without_network{of}"), worth.without),
        (format!("network_share{of}"), worth.share),
    ]
}

/// The seasons asked for, else those of the calendar, else what the data show.
fn seasons(asked: &[usize], grid: &Grid) -> Vec<usize> {
    let mut seasons: Vec<usize> = if !asked.is_empty() {
        asked.to_vec()
    } else if let Some(seasons) = grid.seasons() {
        seasons
    } else {
        let measured: Vec<f64> = grid.values.iter().flatten().copied().collect();
        detect(&measured)
    };
    seasons.retain(|season| *season > 1);
    seasons.sort_unstable();
    seasons.dedup();
    seasons
}
