//! What many series together teach: the network, how much it is believed, and how wide intervals are.

use super::combine::mix;
use super::forecaster::Forecaster;
use super::members::View;
use super::network::{self, Network, Sight};
use super::series::Series;
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Fewest and most series on whose ends a network is judged.
const JUDGED: (usize, usize) = (8, 400);
/// Steps up to which there is a network.
const LONGEST: usize = 512;
/// Shares of the mixture that are tried, in tenths.
const SHARES: usize = 10;

/// What the network was worth on the ends of histories that it had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// Symmetric mean absolute percentage error without the network.
    pub without: f64,
    /// The same with it, at its best share.
    pub with: f64,
    /// Its share of the mixture; 0 leaves it out.
    pub share: f64,
}

impl Forecaster {
    /// Learns from many series: a network that takes part in every forecast up to this horizon if it makes the
    /// ends of histories that it has not seen easier to forecast, and how wide intervals must be (see
    /// [`Forecaster::calibrate`]). The same series and seed give the same forecaster. None where the histories
    /// are too few or too short for a network, or the horizon is beyond 512 steps.
    ///
    /// # Errors
    /// Those of [`Forecaster::forecast`], except that series which have no answer are passed over.
    pub fn train<'a>(
        &mut self,
        series: impl IntoIterator<Item = &'a [Option<f64>]>,
        seed: u64,
    ) -> Result<Option<Worth>> {
        self.check()?;
        let given: Vec<&[Option<f64>]> = series.into_iter().collect();
        let whole: Vec<Series> =
            given.iter().filter_map(|values| Series::new(values, &self.seasons).ok()).collect();
        let known: Vec<Series> = whole
            .iter()
            .filter_map(|series| {
                Some(series.until(series.len().checked_sub(self.horizon).filter(|n| *n > 0)?))
            })
            .collect();
        self.network = None;
        let enough = known.len() >= JUDGED.0 && self.horizon <= LONGEST;
        let first = if enough { network::train(&known, self.horizon, seed)? } else { None };
        let Some(mut first) = first else {
            self.calibrate(given)?;
            return Ok(None);
        };
        let worth = self.judge(&whole, &mut first)?;
        if worth.share > 0.0 {
            let believed = (first.share, first.optimism);
            // The network that has not seen the ends is the one whose errors there are honest.
            self.network = Some(Arc::new(first));
            self.calibrate(given)?;
            let last = network::train(&whole, self.horizon, seed)?;
            self.network = last.map(|last| Arc::new(last.believed(believed)));
        } else {
            self.calibrate(given)?;
        }
        Ok(Some(worth))
    }

    /// Finds the share of the mixture that is best where the network has seen nothing, and how much better than
    /// there it is where it has.
    fn judge(&self, whole: &[Series], network: &mut Network) -> Result<Worth> {
        let every = whole.len().div_ceil(JUDGED.1);
        let mut unseen = [0.0; SHARES + 1];
        let mut seen = [0.0; SHARES + 1];
        let mut steps = 0.0;
        for series in whole.iter().step_by(every) {
            for (errors, back) in [(&mut unseen, 1), (&mut seen, 2)] {
                let Some(origin) =
                    series.len().checked_sub(back * self.horizon).filter(|n| *n > self.horizon)
                else {
                    continue;
                };
                let known = series.until(origin);
                let mixture = self.mixture(&known)?;
                let mixed = mix(&mixture.said, &mixture.weights, self.horizon);
                let sight = Sight::new(network.shape(), &View::new(&known, self.horizon), &mixture.said);
                let Some(own) = network.forecast(&[&sight])?.pop() else { continue };
                for step in (0..self.horizon).filter(|step| series.present[origin + step]) {
                    let truth = series.values[origin + step];
                    steps += if back == 1 { 1.0 } else { 0.0 };
                    for (tenth, error) in errors.iter_mut().enumerate() {
                        let share = tenth as f64 / SHARES as f64;
                        *error += miss((1.0 - share) * mixed[step] + share * own[step], truth);
                    }
                }
            }
        }
        let best = (0..=SHARES).min_by(|a, b| unseen[*a].total_cmp(&unseen[*b])).unwrap_or(0);
        let ratio = |errors: &[f64; SHARES + 1]| errors[SHARES] / errors[0];
        let optimism = ratio(&unseen) / ratio(&seen);
        network.optimism = if optimism.is_finite() { optimism.clamp(1.0, 3.0) } else { 1.0 };
        // Alone it may have been lucky; the mixture always keeps a part.
        network.share = (best as f64 / SHARES as f64).min(0.9);
        let mean = |errors: f64| if steps > 0.0 { 100.0 * errors / steps } else { 0.0 };
        Ok(Worth { without: mean(unseen[0]), with: mean(unseen[best]), share: network.share })
    }
}

/// Symmetric error of a forecast, 0 to 2.
fn miss(forecast: f64, truth: f64) -> f64 {
    let size = forecast.abs() + truth.abs();
    if size > 0.0 { 2.0 * (forecast - truth).abs() / size } else { 0.0 }
}
