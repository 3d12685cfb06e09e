//! Is this news, or still the same event?
//!
//! Keeps the loudest value of each of the last ten blocks of twenty points or twenty hours, whichever is
//! shorter (a window of 180 to 200 points, of ten days where a point is a day, in 48 bytes). A point is
//! news if nothing in the window was as loud. A window grows stale by blocks, so its length varies by one
//! block; nothing else is lost to exactness.

use serde::{Deserialize, Serialize};

const BLOCK: u32 = 20;
const BLOCKS: usize = 10;
/// A block is over after this time, however few points it has.
const BLOCK_MS: i64 = 20 * 3_600_000;
/// What is louder by less than this many decades is not louder: the series only grew older.
const MARGIN: f32 = 0.01;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mute {
    loudest: [f32; BLOCKS],
    current: usize,
    filled: u32,
    /// When the current block began.
    #[serde(default)]
    began_ms: i64,
}

impl Mute {
    pub(crate) fn new() -> Self {
        Mute { loudest: [f32::MIN; BLOCKS], current: 0, filled: 0, began_ms: 0 }
    }

    /// True when nothing in the window was as loud; then remembers `loudness`.
    pub(crate) fn is_news(&mut self, at_ms: i64, loudness: f64) -> bool {
        if self.filled == 0 {
            self.began_ms = at_ms;
        }
        if self.filled == BLOCK || at_ms.saturating_sub(self.began_ms) >= BLOCK_MS {
            self.filled = 0;
            self.began_ms = at_ms;
            self.current = (self.current + 1) % BLOCKS;
            self.loudest[self.current] = f32::MIN;
        }
        self.filled += 1;
        let loudness = loudness as f32;
        let news = self.loudest.iter().all(|loudest| loudness > *loudest + MARGIN);
        let block = &mut self.loudest[self.current % BLOCKS];
        *block = block.max(loudness);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    /// A memory that hears a point a minute.
    struct Heard(Mute, i64);

    impl Heard {
        fn is_news(&mut self, loudness: f64) -> bool {
            self.1 += MINUTE;
            self.0.is_news(self.1, loudness)
        }
    }

    #[test]
    fn of_days_only_some_are_remembered() {
        let mut mute = Mute::new();
        let day = |day: i64| day * 24 * 60 * MINUTE;
        assert!(mute.is_news(day(0), 3.0));
        (1..=8).for_each(|at| assert!(!mute.is_news(day(at), 1.0)));
        assert!(!mute.is_news(day(9), 2.9));
        (10..20).for_each(|at| {
            mute.is_news(day(at), 1.0);
        });
        assert!(mute.is_news(day(20), 2.9));
    }

    #[test]
    fn a_repeat_is_no_news_until_it_is_forgotten() {
        let mut mute = Heard(Mute::new(), 0);
        assert!(mute.is_news(3.0));
        let heard_again = (1..400).find(|_| mute.is_news(3.0));
        assert_eq!(heard_again, None, "each repeat renews the memory");
        let mut mute = Heard(Mute::new(), 0);
        mute.is_news(3.0);
        (0..170).for_each(|_| assert!(!mute.is_news(1.0)));
        assert!(!mute.is_news(3.0) && mute.is_news(3.1));
        (0..200).for_each(|_| {
            mute.is_news(1.0);
        });
        assert!(mute.is_news(2.9));
    }
}
