//! What is usual at this time of the day, or of the week?
//!
//! Keeps: for every bin of the period a robust mean, the usual distance from it and how often it was seen
//! (12 bytes a bin: 24 for a day, 84 for a week), and the same for the whole series. Values are kept as
//! distances from an origin, in single precision.
//!
//! What a bin has seen is shrunk towards what all have (empirical Bayes; Efron and Morris, *Stein's estimation
//! rule and its competitors*, 1973): its mean the more, the more values within a bin differ and the less the
//! bins do. Where time tells much, a bin is believed after two visits; where it tells nothing, an unseen hour
//! is judged like any other. Values of one visit are alike, so visits are counted and not values. The usual
//! distance is shrunk as if that of all had been seen [`PRIOR`] times.
//!
//! Wrong when: the caller's clock jumps (a change to summer time moves every bin by an hour for as long as
//! the profile needs to relearn, about thirty visits to a bin).

use serde::{Deserialize, Serialize};

const PRIOR: f64 = 5.0;
/// However little the time tells, what all have seen counts for no more visits than this.
const MOST_DOUBT: f64 = 3.0;
/// Slowest learning of a bin: it follows the last few dozen visits.
const BIN_RATE: f64 = 0.03;
/// Slowest learning of the whole series.
const ALL_RATE: f64 = 0.0002;
/// Slowest learning of the distance within bins.
const WITHIN_RATE: f64 = 0.005;
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
    /// Usual distance from what was usual at the time.
    #[serde(default)]
    within: f64,
    /// When the first value came: how often each bin may have been visited follows from it.
    #[serde(default)]
    first_ms: i64,
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
        Profile {
            period_ms,
            bins: vec![Bin::default(); bins],
            mean: 0.0,
            scale: 0.0,
            within: 0.0,
            first_ms: 0,
            seen: 0.0,
        }
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
        let seen = f64::from(bin.seen);
        let rounds = (at_ms.saturating_sub(self.first_ms) as f64 / self.period_ms as f64).ceil();
        let visits = seen.min(rounds.max(0.0));
        let weight = if visits > 0.0 { visits / (visits + self.doubt()) } else { 0.0 };
        let mean = weight * f64::from(bin.mean) + (1.0 - weight) * self.mean;
        let weight = seen / (seen + PRIOR);
        let scale = weight * f64::from(bin.scale) + (1.0 - weight) * self.scale;
        // The last term keeps a constant series from dividing by zero or by rounding.
        Usual { mean, scale: scale.max(FLOOR * self.scale).max(1e-9 * (1.0 + self.mean.abs())) }
    }

    /// How many visits to a bin are worth as much as all that is known of the others: the variance within
    /// bins over that between them.
    fn doubt(&self) -> f64 {
        let (within, all) = (self.within.powi(2), self.scale.powi(2));
        let between = all - within;
        if between > 0.0 { (within / between).min(MOST_DOUBT) } else { MOST_DOUBT }
    }

    pub(crate) fn learn(&mut self, at_ms: i64, value: f64) {
        if self.seen == 0.0 {
            self.first_ms = at_ms;
        }
        let missed = (value - self.usual(at_ms).mean).abs();
        self.learn_all(value);
        let weight = (1.0 / self.seen).max(WITHIN_RATE);
        self.within += weight * (missed.min(CLIP * self.scale) - self.within);
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
    const DAY: i64 = 24 * HOUR;
    const WEEK: [f64; 7] = [108.0, 114.0, 113.0, 110.0, 100.0, 76.0, 79.0];

    #[test]
    fn days_of_the_week_are_known_after_a_few_of_each() {
        let mut profile = Profile::new(7 * DAY, 84);
        for day in 0..7 * 4 {
            profile.learn(day * DAY, WEEK[(day % 7) as usize] + (day % 3) as f64 - 1.0);
        }
        for (day, usual) in WEEK.iter().enumerate() {
            let expected = profile.usual((28 + day as i64) * DAY).mean;
            assert!((expected - usual).abs() < 0.05 * usual, "day {day}: {expected}");
        }
    }

    #[test]
    fn where_the_day_tells_nothing_one_visit_is_not_believed() {
        let mut profile = Profile::new(7 * DAY, 84);
        for day in 0..8 {
            profile.learn(day * DAY, if day == 3 { 200.0 } else { 100.0 + (day % 2) as f64 * 20.0 });
        }
        assert!(profile.usual(10 * DAY).mean < 150.0);
    }

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
