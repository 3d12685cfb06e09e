//! Who is believed: every method forecasts stretches of the history that are already known, and weighs by
//! how well it did.

use super::members::{Member, View, forecasts};
use super::series::Series;
use std::collections::BTreeMap;

/// Most stretches that are forecast again.
const ORIGINS: usize = 12;

/// How strongly a smaller error counts: weights are errors to the minus this.
const POWER: f64 = 4.0;
/// Known steps at which they say as much about the mixture as the prior does.
const PRIOR: f64 = 30.0;
/// Steps of the descent to the best mixture.
const DESCENT: usize = 200;

/// A method with more than this many times the error of the best is left out.
const WORST: f64 = 1.5;
/// Stretches at which doubt about the errors is as large as what they say.
const DOUBT: f64 = 2.0;

/// A stretch that was forecast again: where it began, what the methods said.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// Points known at the time.
    pub(super) origin: usize,
    /// What each method said.
    pub(super) said: Vec<(Member, Vec<f64>)>,
    /// The history as it was known, without its seasons.
    pub(super) view: View,
}

/// Lets every method forecast the stretches that begin at several points of the history.
pub(super) fn trials(series: &Series, horizon: usize) -> Vec<Trial> {
    origins(series, horizon)
        .into_iter()
        .map(|origin| {
            let steps = horizon.min(series.len() - origin);
            let known = series.until(origin);
            let view = View::new(&known, steps);
            Trial { origin, said: forecasts(&known, &view, steps), view }
        })
        .collect()
}

fn origins(series: &Series, horizon: usize) -> Vec<usize> {
    let n = series.len();
    let season = series.seasons.last().copied().unwrap_or(1);
    let least = (2 * season + 2).max(n / 2).max(5).min(n);
    let reach = horizon.min((n / 3).max(1));
    let Some(last) = n.checked_sub(reach).filter(|last| *last >= least) else {
        return if n > least { vec![n - 1] } else { Vec::new() };
    };
    // Long histories are tried over several cycles, at changing places of the cycle.
    let stride = (reach / 3).max(1).max((n / 3 / ORIGINS).min(5 * season / 3));
    (0..ORIGINS).map_while(|back| last.checked_sub(back * stride).filter(|at| *at >= least)).collect()
}

/// Weights of the methods, adding up to 1.
pub(super) fn weights(series: &Series, trials: &[Trial], members: &[Member]) -> Vec<(Member, f64)> {
    let mut errors: BTreeMap<Member, (f64, usize)> = BTreeMap::new();
    for trial in trials {
        for (member, forecast) in &trial.said {
            let entry = errors.entry(*member).or_default();
            for (step, value) in forecast.iter().enumerate().filter(|(s, _)| series.present[trial.origin + s])
            {
                entry.0 += (value - series.values[trial.origin + step]).abs();
                entry.1 += 1;
            }
        }
    }
    let most = errors.values().map(|(_, count)| *count).max().unwrap_or(0);
    let mean = |member: &Member| {
        // A method that had no answer for some stretches is not compared by the others alone.
        let (sum, count) = errors.get(member).filter(|(_, count)| *count > 0 && *count == most)?;
        Some(sum / *count as f64)
    };
    let baseline = |member: &Member| matches!(member, Member::Naive | Member::SeasonalNaive);
    let known: Vec<(Member, f64)> = members.iter().filter_map(|m| mean(m).map(|e| (*m, e))).collect();
    let best = known.iter().map(|(_, error)| *error).fold(f64::INFINITY, f64::min);
    if known.is_empty() || !best.is_finite() {
        let plain: Vec<Member> = members.iter().copied().filter(|m| !baseline(m)).collect();
        let among = if plain.is_empty() { members.to_vec() } else { plain };
        return among.iter().map(|member| (*member, 1.0 / among.len() as f64)).collect();
    }
    let average = known.iter().map(|(_, error)| error).sum::<f64>() / known.len() as f64;
    let doubt = DOUBT / trials.len() as f64;
    let mut weights: Vec<(Member, f64)> = known
        .iter()
        .filter(|(_, error)| *error <= WORST * best || best == 0.0 && *error == 0.0)
        // The last value repeated is a yardstick; it takes part only where it is the best there is.
        .filter(|(member, error)| !baseline(member) || *error <= best)
        .map(|(member, error)| {
            let doubted = (error + doubt * average) / ((1.0 + doubt) * average.max(1e-300));
            (*member, doubted.max(1e-6).powf(-POWER))
        })
        .collect();
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    weights.iter_mut().for_each(|(_, weight)| *weight /= total);
    stack(series, trials, weights)
}

/// Moves weights to where the mixture, not each method alone, would have been best: least squares over the
/// stretches, with the given weights as prior, by exponentiated gradients (Kivinen and Warmuth, *Information
/// and Computation* 132, 1997).
fn stack(series: &Series, trials: &[Trial], mut weights: Vec<(Member, f64)>) -> Vec<(Member, f64)> {
    let k = weights.len();
    let (gram, count) = gram(series, trials, &weights);
    let scale: f64 = weights.iter().enumerate().map(|(a, (_, weight))| weight * gram[a * k + a]).sum();
    if k < 2 || scale <= 0.0 || !scale.is_finite() {
        return weights;
    }
    let doubt = PRIOR / count;
    let prior: Vec<f64> = weights.iter().map(|(_, weight)| *weight).collect();
    let mut now = prior.clone();
    for _ in 0..DESCENT {
        let slope = |a: usize| {
            let misfit: f64 = (0..k).map(|b| gram[a * k + b] * now[b]).sum();
            misfit / scale + doubt * (now[a] / prior[a]).ln()
        };
        let slopes: Vec<f64> = (0..k).map(slope).collect();
        for (weight, slope) in now.iter_mut().zip(slopes) {
            *weight = (*weight * (-0.5 / (1.0 + doubt) * slope).exp()).max(1e-9);
        }
        let total: f64 = now.iter().sum();
        now.iter_mut().for_each(|weight| *weight /= total);
    }
    weights.iter_mut().zip(now).for_each(|((_, weight), value)| *weight = value);
    weights
}

/// Sums of products of the methods' errors over all known steps, and how many steps there were.
fn gram(series: &Series, trials: &[Trial], weights: &[(Member, f64)]) -> (Vec<f64>, f64) {
    let k = weights.len();
    let (mut gram, mut count) = (vec![0.0; k * k], 0.0);
    let mut errors = vec![0.0; k];
    for trial in trials {
        let of = |member: Member| trial.said.iter().find(|(said, _)| *said == member).map(|(_, said)| said);
        let said = weights.iter().map(|(member, _)| of(*member)).collect::<Option<Vec<_>>>();
        let Some(said) = said else { continue };
        for step in (0..said[0].len()).filter(|step| series.present[trial.origin + step]) {
            for (error, said) in errors.iter_mut().zip(&said) {
                *error = said[step] - series.values[trial.origin + step];
            }
            for (a, left) in errors.iter().enumerate() {
                for (b, right) in errors.iter().enumerate() {
                    gram[a * k + b] += left * right;
                }
            }
            count += 1.0;
        }
    }
    (gram, count)
}

/// The weighted mean of what the methods said. Methods without an answer leave their weight to the others.
pub(super) fn mix(said: &[(Member, Vec<f64>)], weights: &[(Member, f64)], horizon: usize) -> Vec<f64> {
    let weight =
        |member: &Member| weights.iter().find(|(of, _)| of == member).map_or(0.0, |(_, weight)| *weight);
    let mut total: f64 = said.iter().map(|(member, _)| weight(member)).sum();
    let even = total <= 0.0;
    if even {
        total = said.len() as f64;
    }
    let mut out = vec![0.0; horizon];
    for (member, forecast) in said {
        let weight = if even { 1.0 } else { weight(member) } / total;
        for (value, say) in out.iter_mut().zip(forecast) {
            *value += weight * say;
        }
    }
    out
}
