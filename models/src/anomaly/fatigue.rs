//! How often did this series shout as loudly before?
//!
//! Keeps the peaks of past events in a histogram of 20 bins of a fifth of a decade, forgetting half in
//! 20,000 points (100 bytes). A peak as loud as some before it is worth less, by the logarithm of how many
//! there were: a series that keeps breaking its own records must shout louder each time.

use serde::{Deserialize, Serialize};

const BINS: usize = 20;
const WIDTH: f64 = 0.2;
/// Loudness of the lowest bin; what is less loud is never reported.
const LOWEST: f64 = 1.5;
/// Points after its loudest one for which an event is one event.
const LASTS: u32 = 200;
/// The same in time, where points are far between.
const LASTS_MS: i64 = 200 * 3_600_000;
const WEIGHT: f64 = 0.5;
/// Half in 20,000 points.
const DECAY: f32 = 0.999_965_34;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Fatigue {
    peaks: [f32; BINS],
    /// The event under way: its peak, and points and time since.
    open: f64,
    age: u32,
    #[serde(default)]
    since_ms: i64,
}

impl Fatigue {
    pub(crate) fn new() -> Self {
        Fatigue { peaks: [0.0; BINS], open: 0.0, age: 0, since_ms: 0 }
    }

    /// What to subtract from the loudness of a point that is news; remembers the point.
    pub(crate) fn hear(&mut self, at_ms: i64, loudness: f64, news: bool) -> f64 {
        self.age = self.age.saturating_add(1);
        let over = self.age > LASTS || at_ms.saturating_sub(self.since_ms) > LASTS_MS;
        if self.open > 0.0 && over {
            if let Some(bin) = bin(self.open) {
                self.peaks[bin] += 1.0;
            }
            self.open = 0.0;
        }
        for peak in &mut self.peaks {
            *peak *= DECAY;
        }
        let Some(bin) = bin(loudness).filter(|_| news) else { return 0.0 };
        if loudness > self.open {
            (self.open, self.age, self.since_ms) = (loudness, 0, at_ms);
        }
        let as_loud: f32 = self.peaks[bin.saturating_sub(1)..].iter().sum();
        WEIGHT * f64::from(1.0 + as_loud).log10()
    }
}

fn bin(loudness: f64) -> Option<usize> {
    (loudness >= LOWEST).then(|| (((loudness - LOWEST) / WIDTH) as usize).min(BINS - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_cry_is_worth_less_and_a_louder_one_is_not() {
        let mut fatigue = Fatigue::new();
        let mut minute = 0;
        let mut cry = |loudness| {
            (0..300).for_each(|_| {
                minute += 60_000;
                fatigue.hear(minute, 0.0, false);
            });
            fatigue.hear(minute, loudness, true)
        };
        assert_eq!(cry(3.0), 0.0);
        let tenth = (0..9).map(|_| cry(3.0)).last().expect("nine cries");
        assert!((0.3..0.6).contains(&tenth), "{tenth}");
        assert_eq!(cry(4.0), 0.0);
    }
}
