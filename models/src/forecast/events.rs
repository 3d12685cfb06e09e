//! Holidays and other known events: what they did to the series before is taken out of the history, and put
//! into the forecast where they come again.

use super::season;
use super::series::Series;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Points on each side from which the usual value around an event is taken.
const AROUND: usize = 7;
/// An effect seen this often is believed half.
const DOUBT: f64 = 1.0;

/// An event known in advance, such as a holiday or a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Where it happens: steps from the first point of the history; those past its end lie in the forecast.
    pub at: Vec<usize>,
}

/// What events will add: a factor for series that are always positive, else an amount.
#[derive(Clone, Debug)]
pub(super) struct Effects {
    log: bool,
    ahead: Vec<f64>,
}

impl Effects {
    /// Takes the effects of `events` out of `series`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an event beyond the horizon.
    pub(super) fn take_out(series: &mut Series, events: &[Event], horizon: usize) -> Result<Effects> {
        let n = series.len();
        let log = series.values.iter().all(|value| *value > 0.0);
        let mut effects = Effects { log, ahead: vec![0.0; horizon] };
        if events.is_empty() {
            return Ok(effects);
        }
        let end = series.cut + n + horizon;
        if let Some(late) = events.iter().flat_map(|event| &event.at).find(|at| **at >= end) {
            return Err(Error::OutOfRange {
                field: "event",
                given: *late as f64,
                want: "within the horizon",
            });
        }
        let scaled: Vec<f64> =
            series.values.iter().map(|value| if log { value.ln() } else { *value }).collect();
        let flat = season::split(&scaled, &series.seasons, 0).flat;
        let mut marked = vec![false; n];
        for at in events.iter().flat_map(|event| &event.at) {
            if let Some(mark) = at.checked_sub(series.cut).and_then(|at| marked.get_mut(at)) {
                *mark = true;
            }
        }
        let unusual = |at: usize| {
            let near = at.saturating_sub(AROUND)..(at + AROUND + 1).min(n);
            let mut usual: Vec<f64> = near.filter(|at| !marked[*at]).map(|at| flat[at]).collect();
            usual.sort_by(f64::total_cmp);
            (!usual.is_empty()).then(|| flat[at] - usual[usual.len() / 2])
        };
        for event in events {
            let here: Vec<usize> = event.at.iter().filter_map(|at| at.checked_sub(series.cut)).collect();
            let seen: Vec<f64> = here
                .iter()
                .filter(|at| **at < n && series.present[**at])
                .filter_map(|at| unusual(*at))
                .collect();
            let effect = seen.iter().sum::<f64>() / (seen.len() as f64 + DOUBT);
            for at in here {
                match at.checked_sub(n) {
                    None if log => series.values[at] *= (-effect).exp(),
                    None => series.values[at] -= effect,
                    Some(step) => effects.ahead[step] += effect,
                }
            }
        }
        Ok(effects)
    }

    /// Puts the effects into a forecast.
    pub(super) fn put_in(&self, forecast: &mut [f64], low: f64) {
        for (value, effect) in forecast.iter_mut().zip(&self.ahead).filter(|(_, effect)| **effect != 0.0) {
            *value = if self.log { *value * effect.exp() } else { *value + effect }.max(low);
        }
    }
}
