//! The methods that take part, and what each says about a history.

use super::series::Series;
use super::smooth::Errors;
use super::{auto, lags, mstl, season, smooth, theta};
use serde::{Deserialize, Serialize};

/// Largest exponent taken: beyond it a logarithmic forecast is no number any more.
const LARGEST_LOG: f64 = 69.0;

/// A forecasting method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// The last value, with seasons.
    Naive,
    /// The last cycle again.
    SeasonalNaive,
    /// Smoothing plus half the trend.
    Theta,
    /// The same of logarithms.
    ThetaLog,
    /// Smoothing with a damped trend, averaged over parameters.
    Smooth,
    /// The same of logarithms.
    SmoothLog,
    /// Autoregression of changes.
    Auto,
    /// Regression on lags of several cycles.
    Lags,
    /// The same of logarithms.
    LagsLog,
    /// Decomposition with several seasons and exponential smoothing (`augurs`).
    Mstl,
    /// What many series have in common (candle); only where it was trained.
    Network,
}

/// What every method but the network said about one history: `horizon` values each, those that had an answer.
pub(super) fn forecasts(series: &Series, view: &View, horizon: usize) -> Vec<(Member, Vec<f64>)> {
    let values = &series.values;
    let mut out = vec![(Member::Naive, view.level(vec![view.flat[values.len() - 1]; horizon]))];
    let mut say = |member, forecast: Vec<f64>| out.push((member, forecast));
    if let Some(&season) = series.seasons.last() {
        say(Member::SeasonalNaive, seasonal_naive(values, season, horizon));
    }
    out.extend(simple(view, horizon));
    let mut say = |member, forecast: Vec<f64>| out.push((member, forecast));
    if !series.seasons.is_empty() {
        if let Some(forecast) = lags::forecast(values, &series.seasons, horizon) {
            say(Member::Lags, forecast);
        }
        if view.log.is_some() {
            let log: Vec<f64> = values.iter().map(|value| value.ln()).collect();
            if let Some(forecast) = lags::forecast(&log, &series.seasons, horizon) {
                say(Member::LagsLog, forecast.into_iter().map(exp).collect());
            }
        }
    }
    if series.seasons.iter().any(|season| *season >= 24)
        && let Some(forecast) = mstl::forecast(values, &series.seasons, horizon)
    {
        say(Member::Mstl, forecast);
    }
    let low = if series.never_negative { 0.0 } else { f64::NEG_INFINITY };
    for (_, forecast) in &mut out {
        for value in forecast {
            *value = value.max(low);
        }
    }
    out.retain(|(_, forecast)| forecast.iter().all(|value| value.is_finite()));
    out
}

/// The methods that know nothing of seasons.
pub(super) fn simple(view: &View, horizon: usize) -> Vec<(Member, Vec<f64>)> {
    let mut out = vec![(Member::Theta, view.level(theta::forecast(&view.flat, horizon)))];
    let mut say = |member, forecast: Vec<f64>| out.push((member, forecast));
    let errors = if view.log.is_some() { Errors::Relative } else { Errors::Additive };
    say(Member::Smooth, view.level(smooth::forecast(&view.flat, horizon, errors)));
    match &view.log {
        Some(log) => {
            say(Member::ThetaLog, view.exponent(theta::forecast(log, horizon)));
            say(Member::SmoothLog, view.exponent(smooth::forecast(log, horizon, Errors::Additive)));
            say(Member::Auto, view.exponent(auto::forecast(log, horizon)));
        }
        None => say(Member::Auto, view.level(auto::forecast(&view.flat, horizon))),
    }
    out
}

/// The last cycle again and again.
pub(super) fn seasonal_naive(values: &[f64], season: usize, horizon: usize) -> Vec<f64> {
    let start = values.len() - season;
    (0..horizon).map(|step| values[start + step % season]).collect()
}

fn exp(value: f64) -> f64 {
    value.min(LARGEST_LOG).exp()
}

/// A history without its seasons, as it is and in logarithms, and how to put the seasons back.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Without seasons.
    pub(super) flat: Vec<f64>,
    /// The logarithms of `flat`, where all values are positive.
    pub(super) log: Option<Vec<f64>>,
    /// Seasons of the steps ahead, in logarithms where there are.
    pub(super) ahead: Vec<f64>,
}

impl View {
    /// Seasons of a history that is always positive are factors, those of others are added.
    pub(super) fn new(series: &Series, horizon: usize) -> Self {
        if series.values.iter().all(|value| *value > 0.0) {
            let log: Vec<f64> = series.values.iter().map(|value| value.ln()).collect();
            let split = season::split(&log, &series.seasons, horizon);
            let flat = split.flat.iter().map(|value| exp(*value)).collect();
            View { flat, log: Some(split.flat), ahead: split.ahead }
        } else {
            let split = season::split(&series.values, &series.seasons, horizon);
            View { flat: split.flat, log: None, ahead: split.ahead }
        }
    }

    /// A forecast of `flat`, with the seasons put back.
    fn level(&self, forecast: Vec<f64>) -> Vec<f64> {
        let both = forecast.iter().zip(&self.ahead);
        match self.log {
            Some(_) => both.map(|(value, season)| value.max(0.0) * exp(*season)).collect(),
            None => both.map(|(value, season)| value + season).collect(),
        }
    }

    /// A forecast of the logarithms of `flat`, with the seasons put back.
    fn exponent(&self, forecast: Vec<f64>) -> Vec<f64> {
        forecast.iter().zip(&self.ahead).map(|(value, season)| exp(value + season)).collect()
    }
}
