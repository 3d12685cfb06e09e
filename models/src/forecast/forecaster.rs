use super::combine::{Trial, mix, trials, weights};
use super::events::{Effects, Event};
use super::interval::Spread;
use super::members::{Member, View, forecasts};
use super::network::{Network, join};
use super::series::Series;
use super::widths::{FEWEST, Tried, Widths};
use crate::artefact::{Sound, holds};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most steps ahead.
pub const MOST_STEPS: usize = 10_000;
/// Stretches at the end of each series that calibration hides, one after the other: one alone may have been calm
/// for all of them.
const ENDS: usize = 3;
/// Most stretches that calibration looks at.
const CALIBRATED_ON: usize = 900;
/// What seasons of a model that was read may be.
pub(super) const LONGEST_SEASON: usize = 100_000;
pub(super) const MOST_SEASONS: usize = 16;

/// How to forecast. One set of parameters for every series: what a series needs is learned from it.
///
/// ```
/// use opentrace_models::forecast::Forecaster;
///
/// let history: Vec<Option<f64>> = (0..140).map(|day| Some(f64::from(100 + 10 * (day % 7)))).collect();
/// let forecast = Forecaster::new(7, &[7]).forecast(&history).unwrap();
/// assert!((forecast.mean[6] - 160.0).abs() < 2.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecaster {
    /// Steps to forecast.
    pub horizon: usize,
    /// Lengths of seasons in steps, for example 24 and 168 for hours; see [`super::detect`].
    pub seasons: Vec<usize>,
    /// Levels of the intervals, as shares.
    pub levels: Vec<f64>,
    /// How wide many series together say that intervals must be; see [`Forecaster::calibrate`].
    #[serde(default)]
    pub widths: Widths,
    /// What many series have in common; none before [`Forecaster::train`], or where it does not help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Arc<Network>>,
}

/// An interval around every step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The share of truths that should lie inside.
    pub level: f64,
    /// Its lower end per step.
    pub lower: Vec<f64>,
    /// Its upper end per step.
    pub upper: Vec<f64>,
}

/// The answer: every number is finite, and `lower <= mean <= upper`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The expected value per step.
    pub mean: Vec<f64>,
    /// One band per level, in the order asked for.
    pub bands: Vec<Band>,
    /// Who was believed, and how much.
    pub weights: Vec<(Member, f64)>,
}

/// What was said about a history, and who was believed.
pub(super) struct Mixture {
    pub(super) trials: Vec<Trial>,
    pub(super) said: Vec<(Member, Vec<f64>)>,
    pub(super) weights: Vec<(Member, f64)>,
}

impl Forecaster {
    /// Forecasts `horizon` steps with intervals of 80 and 95 %.
    pub fn new(horizon: usize, seasons: &[usize]) -> Self {
        Forecaster {
            horizon,
            seasons: seasons.to_vec(),
            levels: vec![0.8, 0.95],
            widths: Widths::default(),
            network: None,
        }
    }

    /// The same with intervals at other levels, as shares.
    #[must_use]
    pub fn levels(mut self, levels: &[f64]) -> Self {
        self.levels = levels.to_vec();
        self
    }

    /// Forecasts the steps after a history; `None` is a missing value.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a horizon of 0 or more than [`MOST_STEPS`], a level outside 0 to 1, or a
    /// value that is infinite or beyond 1e30; [`Error::TooFew`] if no value was measured.
    pub fn forecast(&self, values: &[Option<f64>]) -> Result<Forecast> {
        self.forecast_with(values, &[])
    }

    /// Forecasts a history with events that are known in advance.
    ///
    /// # Errors
    /// Those of [`Forecaster::forecast`]; [`Error::OutOfRange`] for an event after the horizon.
    pub fn forecast_with(&self, values: &[Option<f64>], events: &[Event]) -> Result<Forecast> {
        self.check()?;
        let mut series = Series::new(values, &self.seasons)?;
        let effects = Effects::take_out(&mut series, events, self.horizon)?;
        let low = if series.never_negative { 0.0 } else { f64::NEG_INFINITY };
        let Mixture { trials, said, weights } = self.mixture(&series)?;
        let mut mean = mix(&said, &weights, self.horizon);
        let spread = Spread::new(&series, &trials, &weights);
        let bands = self.levels.iter().map(|&level| {
            let width = self.widths.factor(level, values.len());
            let (mut lower, mut upper) = spread.band(&mean, level, width, low)?;
            effects.put_in(&mut lower, low);
            effects.put_in(&mut upper, low);
            Ok(Band { level, lower, upper })
        });
        let bands = bands.collect::<Result<Vec<_>>>()?;
        effects.put_in(&mut mean, low);
        Ok(Forecast { mean, bands, weights })
    }

    /// Whether there is such a forecast at all.
    pub(super) fn check(&self) -> Result<()> {
        if self.horizon == 0 || self.horizon > MOST_STEPS {
            let want = "between 1 and 10000";
            return Err(Error::OutOfRange { field: "horizon", given: self.horizon as f64, want });
        }
        Ok(())
    }

    /// Who says what about a series, and who is believed.
    pub(super) fn mixture(&self, series: &Series) -> Result<Mixture> {
        let mut trials = trials(series, self.horizon);
        let view = View::new(series, self.horizon);
        let mut said = forecasts(series, &view, self.horizon);
        let members: Vec<Member> = said.iter().map(|(member, _)| *member).collect();
        let mut weights = weights(series, &trials, &members);
        if let Some(network) = self.network.as_ref().filter(|network| self.horizon <= network.horizon()) {
            weights = join(network, series, &mut trials, (&view, &mut said), weights)?;
        }
        Ok(Mixture { trials, said, weights })
    }

    /// Learns from many series together how wide intervals must be: the last `horizon` points of each are
    /// hidden, forecast, and the intervals stretched until the wanted share of truths lies inside, for histories
    /// of each length; the same for stretches before. See [`Widths`]. With too few series the forecaster stays as it is.
    ///
    /// # Errors
    /// Those of [`Forecaster::forecast`], except that series which have no answer are passed over.
    pub fn calibrate<'a>(&mut self, series: impl IntoIterator<Item = &'a [Option<f64>]>) -> Result<()> {
        self.check()?;
        let long: Vec<&[Option<f64>]> =
            series.into_iter().filter(|values| values.len() > 2 * self.horizon).collect();
        if long.len() < FEWEST {
            return Ok(());
        }
        self.widths = Widths::default();
        let lengths: Vec<usize> = long.iter().map(|values| values.len()).collect();
        let every = (ENDS * long.len()).div_ceil(CALIBRATED_ON);
        let ends = long.into_iter().step_by(every).flat_map(|values| {
            let before = (1..=ENDS).filter_map(|back| values.len().checked_sub(back * self.horizon));
            before.filter(|at| *at > self.horizon).map(|at| values[..at + self.horizon].split_at(at))
        });
        let tried = ends
            .filter_map(|(known, hidden)| Some(Tried::new(known.len(), &self.forecast(known).ok()?, hidden)));
        self.widths = Widths::learn(&tried.collect::<Vec<_>>(), &self.levels, &lengths);
        Ok(())
    }
}

impl Sound for Forecaster {
    fn sound(&self) -> std::result::Result<(), &'static str> {
        holds((1..=MOST_STEPS).contains(&self.horizon), "the horizon is none")?;
        let fits = |season: &usize| (2..=LONGEST_SEASON).contains(season);
        holds(self.seasons.len() <= MOST_SEASONS && self.seasons.iter().all(fits), "a season is none")?;
        holds(self.levels.iter().all(|level| *level > 0.0 && *level < 1.0), "a level is none")?;
        self.widths.sound()?;
        self.network.as_ref().map_or(Ok(()), |network| network.sound())
    }
}
