//! Where is the series now? A robust exponential average and the usual distance from it.
//!
//! Keeps four numbers (32 bytes). An innovation beyond eight usual distances moves the level as if it were
//! eight, so that one spike leaves no echo and a real shift is still followed, linearly, within a few
//! half-lives. The first values count fully (weight 1/n) until the half-life takes over.

use serde::{Deserialize, Serialize};

/// Half-life of the usual distance, in points.
const SCALE_HALF_LIFE: f64 = 500.0;
const CLIP_LEVEL: f64 = 8.0;
const CLIP_SCALE: f64 = 6.0;
const WARM_UP: f64 = 20.0;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Level {
    rate: f64,
    mean: f64,
    /// Mean absolute distance.
    scale: f64,
    seen: f64,
}

/// The weight that makes an exponential average forget half in `half_life` points.
pub(crate) fn rate(half_life: f64) -> f64 {
    1.0 - 0.5f64.powf(1.0 / half_life)
}

impl Level {
    pub(crate) fn new(half_life: f64) -> Self {
        Level { rate: rate(half_life), mean: 0.0, scale: 0.0, seen: 0.0 }
    }

    pub(crate) fn mean(&self) -> f64 {
        self.mean
    }

    pub(crate) fn scale(&self) -> f64 {
        self.scale
    }

    /// The distance of `value` from the level before it; then the level learns it.
    pub(crate) fn step(&mut self, value: f64) -> f64 {
        if self.seen == 0.0 {
            self.mean = value;
        }
        self.seen += 1.0;
        let distance = value - self.mean;
        let weight = self.rate.max(1.0 / self.seen);
        let scale_weight = rate(SCALE_HALF_LIFE).max(1.0 / self.seen);
        if self.seen > WARM_UP && self.scale > 0.0 {
            let bound = CLIP_LEVEL * self.scale;
            let clipped = distance.clamp(-bound, bound);
            self.mean += weight * clipped;
            self.scale += scale_weight * (clipped.abs().min(CLIP_SCALE * self.scale) - self.scale);
        } else {
            self.mean += weight * distance;
            self.scale += scale_weight * (distance.abs() - self.scale);
        }
        distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: u32) -> f64 {
        f64::from((i * 37) % 11) / 5.0 - 1.0
    }

    #[test]
    fn a_spike_leaves_little_echo() {
        let mut level = Level::new(10.0);
        (0..200).for_each(|i| {
            level.step(noise(i));
        });
        level.step(1000.0);
        assert!(level.mean().abs() < 2.0, "{}", level.mean());
    }

    #[test]
    fn a_shift_is_followed() {
        let mut level = Level::new(10.0);
        (0..200).for_each(|i| {
            level.step(noise(i));
        });
        (0..300).for_each(|i| {
            level.step(50.0 + noise(i));
        });
        assert!((level.mean() - 50.0).abs() < 1.0, "{}", level.mean());
    }
}
