//! How much the network is believed for one series: what it was worth for all, moved by how it did on this one.

use super::{Network, Sight};
use crate::error::Result;
use crate::forecast::combine::{Trial, mix};
use crate::forecast::members::{Member, View};
use crate::forecast::series::Series;

/// How strongly a smaller error counts.
const POWER: f64 = 3.0;
/// Stretches at which doubt about the errors is as large as what they say.
const DOUBT: f64 = 3.0;

/// Adds the network to what was said of every stretch and of the future; answers the weights of all.
pub(in crate::forecast) fn join(
    network: &Network,
    series: &Series,
    trials: &mut [Trial],
    (view, said): (&View, &mut Vec<(Member, Vec<f64>)>),
    mut weights: Vec<(Member, f64)>,
) -> Result<Vec<(Member, f64)>> {
    let mut sights: Vec<Sight> =
        trials.iter().map(|trial| Sight::new(network.shape, &trial.view, &trial.said)).collect();
    sights.push(Sight::new(network.shape, view, said));
    let mut forecasts = network.forecast(&sights.iter().collect::<Vec<_>>())?;
    let low = if series.never_negative { 0.0 } else { f64::NEG_INFINITY };
    for value in forecasts.iter_mut().flatten() {
        *value = value.max(low);
    }
    if forecasts.iter().flatten().any(|value| !value.is_finite()) {
        return Ok(weights);
    }
    let (mut mixed, mut own) = (0.0, 0.0);
    for (trial, forecast) in trials.iter().zip(&forecasts) {
        let mixture = mix(&trial.said, &weights, forecast.len());
        for (step, (a, b)) in mixture.iter().zip(forecast).enumerate() {
            if series.present[trial.origin + step] {
                let truth = series.values[trial.origin + step];
                mixed += (a - truth).abs();
                own += (b - truth).abs() * network.optimism;
            }
        }
    }
    let doubt = DOUBT / trials.len().max(1) as f64 * (mixed + own) / 2.0;
    let odds = if doubt > 0.0 { ((mixed + doubt) / (own + doubt)).powf(POWER) } else { 1.0 };
    let share = network.share * odds / (network.share * odds + 1.0 - network.share);
    weights.iter_mut().for_each(|(_, weight)| *weight *= 1.0 - share);
    weights.push((Member::Network, share));
    if let Some(last) = forecasts.pop() {
        said.push((Member::Network, last));
    }
    trials
        .iter_mut()
        .zip(forecasts)
        .for_each(|(trial, forecast)| trial.said.push((Member::Network, forecast)));
    Ok(weights)
}
