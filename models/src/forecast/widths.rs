//! How wide intervals must be, learned from many series together.
//!
//! In:    how many times as wide each interval would have had to be to just hold what came, for the ends of
//!        histories that were hidden and forecast.
//! Out:   per level and length of a history, the factor that holds the wanted share of them.
//! State: per level a factor at up to [`KNOTS`] lengths.
//!
//! Method. Split conformal prediction over series, by length (Mondrian: Vovk, Gammerman and Shafer, *Algorithmic
//! Learning in a Random World*, 2005, chapter 4): what a history alone says of its noise is the less to be
//! believed the shorter it is, so each length takes its factor from the series nearest to it. A history without
//! its end is shorter than it was: where all that are near are much shorter, the factor is believed less.
//!
//! Wrong when: what comes is not like the ends of the histories.

use super::forecaster::{Band, Forecast};
use crate::artefact::holds;
use serde::{Deserialize, Serialize};

/// Fewest series that say anything.
pub(super) const FEWEST: usize = 20;
/// Hidden stretches that a length takes its factor from.
const NEAREST: usize = 80;
/// Lengths at which factors are kept; between them they are interpolated.
const KNOTS: usize = 16;
/// How long the series nearest to a history are beside it where they are not believed at all, and where wholly.
const ALIKE: (f64, f64) = (0.5, 0.8);
/// No factor is beyond these.
const FACTORS: (f64, f64) = (0.25, 4.0);
/// What a factor of a model that was read may be.
const WIDEST: f64 = 1e6;

/// How many times as wide as a history alone would make them intervals are; once, where nothing was learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Widths {
    levels: Vec<Level>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Level {
    /// The share of truths inside.
    level: f64,
    /// Points of a history and the factor for it, the shortest first.
    factors: Vec<(usize, f64)>,
}

/// A history whose end was hidden and forecast.
#[derive(Debug)]
pub(super) struct Tried {
    /// Points that were known.
    points: usize,
    /// For each level how many times as wide the interval would have had to be, step by step.
    needed: Vec<Vec<f64>>,
}

impl Tried {
    /// Compares a forecast with what came.
    pub(super) fn new(points: usize, forecast: &Forecast, truths: &[Option<f64>]) -> Self {
        let known = || {
            truths
                .iter()
                .enumerate()
                .filter_map(|(step, truth)| Some((step, truth.filter(|t| t.is_finite())?)))
        };
        let needed = |band: &Band| {
            known().map(|(step, truth)| stretch(forecast.mean[step], band, step, truth)).collect()
        };
        Tried { points, needed: forecast.bands.iter().map(needed).collect() }
    }
}

impl Widths {
    /// Learns factors for `levels` from what was tried, for histories of about these lengths in points.
    pub(super) fn learn(tried: &[Tried], levels: &[f64], lengths: &[usize]) -> Self {
        let mut lengths = lengths.to_vec();
        lengths.sort_unstable();
        let mut knots: Vec<usize> = (0..KNOTS)
            .filter_map(|knot| lengths.get(knot * (lengths.len().max(1) - 1) / (KNOTS - 1)).copied())
            .collect();
        knots.dedup();
        let of = |(at, level): (usize, &f64)| Level {
            level: *level,
            factors: knots.iter().map(|points| (*points, factor(tried, at, *level, *points))).collect(),
        };
        Widths { levels: levels.iter().enumerate().map(of).collect() }
    }

    /// The factor at a level (a share) for a history of so many points.
    pub fn factor(&self, level: f64, points: usize) -> f64 {
        let known = self.levels.iter().find(|known| (known.level - level).abs() < 1e-9);
        let factors = known.map_or(&[][..], |known| &known.factors);
        let above = factors.partition_point(|(at, _)| *at < points);
        match (above.checked_sub(1).and_then(|below| factors.get(below)), factors.get(above)) {
            (None, None) => 1.0,
            (Some((_, factor)), None) | (None, Some((_, factor))) => *factor,
            (Some((below, low)), Some((above, high))) => {
                let share = (points as f64 / *below as f64).ln() / (*above as f64 / *below as f64).ln();
                low.powf(1.0 - share) * high.powf(share)
            }
        }
    }

    pub(super) fn sound(&self) -> std::result::Result<(), &'static str> {
        for Level { level, factors } in &self.levels {
            holds(*level > 0.0 && *level < 1.0, "a level of widths is none")?;
            holds(factors.iter().all(|(_, factor)| *factor > 0.0 && *factor <= WIDEST), "a width is none")?;
            let ascending = factors.windows(2).all(|pair| pair[0].0 < pair[1].0);
            holds(ascending && factors.iter().all(|(points, _)| *points > 0), "widths are not by length")?;
        }
        Ok(())
    }
}

/// The factor of the series nearest to a length.
fn factor(tried: &[Tried], at: usize, level: f64, points: usize) -> f64 {
    let distance = |tried: &Tried| (tried.points as f64 / points as f64).ln();
    let mut near: Vec<&Tried> = tried.iter().collect();
    near.sort_by(|a, b| distance(a).abs().total_cmp(&distance(b).abs()));
    near.truncate(NEAREST);
    let mut needed: Vec<f64> = near.iter().flat_map(|tried| &tried.needed[at]).copied().collect();
    needed.sort_by(f64::total_cmp);
    let rank = ((needed.len() as f64 + 1.0) * level).ceil() as usize;
    let Some(factor) = needed.get(rank.clamp(1, needed.len().max(1)) - 1) else { return 1.0 };
    let ratio = (near.iter().map(|tried| distance(tried)).sum::<f64>() / near.len() as f64).exp();
    let believed = ((ratio - ALIKE.0) / (ALIKE.1 - ALIKE.0)).clamp(0.0, 1.0);
    factor.clamp(FACTORS.0, FACTORS.1).powf(believed)
}

/// How many times as wide the band would have to be to just hold the truth.
fn stretch(mean: f64, band: &Band, step: usize, truth: f64) -> f64 {
    let end = if truth >= mean { band.upper[step] } else { band.lower[step] };
    let both_positive = mean > 0.0 && end > 0.0 && truth > 0.0;
    let (need, have) = if both_positive && band.lower[step] > 0.0 {
        ((truth / mean).ln(), (end / mean).ln())
    } else {
        (truth - mean, end - mean)
    };
    if need == 0.0 { 0.0 } else { (need / have).abs().min(1e9) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(points: usize, needed: f64) -> Tried {
        Tried { points, needed: vec![vec![needed; 10]] }
    }

    #[test]
    fn each_length_learns_from_those_that_are_as_long() {
        let short = (0..90).map(|_| tried(20, 3.0));
        let long = (0..90).map(|_| tried(200, 0.9));
        let all: Vec<Tried> = short.chain(long).collect();
        let widths = Widths::learn(&all, &[0.8], &[20, 40, 200]);
        assert!((widths.factor(0.8, 20) - 3.0).abs() < 1e-9 && (widths.factor(0.8, 10) - 3.0).abs() < 1e-9);
        assert!(
            (widths.factor(0.8, 200) - 0.9).abs() < 1e-9 && (widths.factor(0.8, 9_000) - 0.9).abs() < 1e-9
        );
        let between = widths.factor(0.8, 100);
        assert!(0.9 < between && between < 3.0, "{between}");
        assert!((widths.factor(0.9, 20) - 1.0).abs() < 1e-9, "another level was not learned");
    }

    #[test]
    fn much_shorter_histories_are_not_believed() {
        let all: Vec<Tried> = (0..90).map(|_| tried(20, 3.0)).collect();
        let widths = Widths::learn(&all, &[0.8], &[22, 50]);
        assert!(widths.factor(0.8, 22) > 2.9 && (widths.factor(0.8, 50) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_learned_is_once() {
        assert!((Widths::default().factor(0.8, 5) - 1.0).abs() < 1e-9);
        assert!((Widths::learn(&[], &[0.8], &[]).factor(0.8, 5) - 1.0).abs() < 1e-9);
    }
}
