//! What is usual at this time of the day, or of the week?
//!
//! Keeps: for every bin of the period a robust mean, the usual distance from it and how often it was seen
//! (12 bytes a bin: 24 for a day, 84 for a week), and the same for the whole series. A bin's figures are
//! shrunk towards those of the whole series as if that had been seen [`PRIOR`] times, so an unseen hour is
//! judged like any other. Values are kept as distances from an origin, in single precision.
//!
//! Wrong when: the caller's clock jumps (a change to summer time moves every bin by an hour for as long as
//! the profile needs to relearn, about thirty visits to a bin).

use serde::{Deserialize, Serialize};

const PRIOR: f64 = 5.0;
/// Slowest learning of a bin: it follows the last few dozen visits.
const BIN_RATE: f64 = 0.03;
/// Slowest learning of the whole series.
const ALL_RATE: f64 = 0.0002;
const CLIP: f64 = 4.0;
/// A bin's usual distance is never taken to be smaller than this share of the whole series'.
const FLOOR: f64 = 0.1;
const WARM_UP: f64 = 30.0;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Profile {
    period_ms: i64,
    bins: Vec<Bin>,
    mean: f64,
    scale: f64,
    seen: f64,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Bin {
    mean: f32,
    scale: f32,
    seen: f32,
}

/// What the profile expected of one point.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usual {
    pub(crate) mean: f64,
    /// Usual distance from the mean, positive.
    pub(crate) scale: f64,
}

impl Profile {
    /// Whether it is one of this length, in so many pieces.
    pub(crate) fn fits(&self, period_ms: i64, bins: usize) -> bool {
        self.period_ms == period_ms && self.bins.len() == bins
    }

    pub(crate) fn new(period_ms: i64, bins: usize) -> Self {
        Profile { period_ms, bins: vec![Bin::default(); bins], mean: 0.0, scale: 0.0, seen: 0.0 }
    }

    fn bin(&self, at_ms: i64) -> usize {
        let phase = at_ms.rem_euclid(self.period_ms);
        // Phase and bin count are small: no overflow, and the quotient is below the number of bins.
        (phase * self.bins.len() as i64 / self.period_ms) as usize
    }

    pub(crate) fn warm(&self) -> bool {
        self.seen >= WARM_UP
    }

    pub(crate) fn usual(&self, at_ms: i64) -> Usual {
        let bin = self.bins[self.bin(at_ms)];
        let weight = f64::from(bin.seen) / (f64::from(bin.seen) + PRIOR);
        let mean = weight * f64::from(bin.mean) + (1.0 - weight) * self.mean;
        let scale = weight * f64::from(bin.scale) + (1.0 - weight) * self.scale;
        // The last term keeps a constant series from dividing by zero or by rounding.
        Usual { mean, scale: scale.max(FLOOR * self.scale).max(1e-9 * (1.0 + self.mean.abs())) }
    }

    pub(crate) fn learn(&mut self, at_ms: i64, value: f64) {
        self.learn_all(value);
        let index = self.bin(at_ms);
        let bin = &mut self.bins[index];
        if bin.seen == 0.0 {
            *bin = Bin { mean: value as f32, scale: self.scale as f32, seen: 1.0 };
            return;
        }
        bin.seen = (bin.seen + 1.0).min(1e6);
        let weight = (1.0 / f64::from(bin.seen)).max(BIN_RATE);
        let mut distance = value - f64::from(bin.mean);
        if bin.seen > 5.0 {
            let bound = CLIP * f64::from(bin.scale).max(FLOOR * self.scale);
            distance = distance.clamp(-bound, bound);
        }
        bin.mean += (weight * distance) as f32;
        bin.scale += (weight * (distance.abs() - f64::from(bin.scale))) as f32;
    }

    fn learn_all(&mut self, value: f64) {
        self.seen += 1.0;
        if self.seen == 1.0 {
            self.mean = value;
        }
        let weight = (1.0 / self.seen).max(ALL_RATE);
        let mut distance = value - self.mean;
        if self.seen > 50.0 && self.scale > 0.0 {
            distance = distance.clamp(-CLIP * self.scale, CLIP * self.scale);
        }
        self.mean += weight * distance;
        self.scale += weight * (distance.abs() - self.scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn learns_the_hour_of_the_day() {
        let mut profile = Profile::new(24 * HOUR, 24);
        for hour in 0..24 * 20 {
            profile.learn(hour * HOUR, (hour % 24) as f64 * 10.0);
        }
        let usual = profile.usual(24 * 30 * HOUR + 18 * HOUR);
        assert!((usual.mean - 180.0).abs() < 20.0, "{usual:?}");
        assert!(profile.usual(3 * HOUR).mean < 60.0);
    }

    #[test]
    fn times_before_the_epoch_have_a_bin() {
        let mut profile = Profile::new(24 * HOUR, 24);
        profile.learn(-1, 5.0);
        assert!(profile.usual(-1).mean > profile.usual(0).mean - 1e-12);
        profile.learn(i64::MIN, 5.0);
        profile.learn(i64::MAX, 5.0);
    }
}
