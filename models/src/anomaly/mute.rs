//! Is this news, or still the same event?
//!
//! Keeps the loudest value of each of the last ten blocks of twenty points (a window of 180 to 200 points
//! in 40 bytes). A point is news if nothing in the window was as loud. A window grows stale by blocks, so
//! its length varies by one block; nothing else is lost to exactness.

use serde::{Deserialize, Serialize};

const BLOCK: u32 = 20;
const BLOCKS: usize = 10;
/// What is louder by less than this many decades is not louder: the series only grew older.
const MARGIN: f32 = 0.01;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mute {
    loudest: [f32; BLOCKS],
    current: usize,
    filled: u32,
}

impl Mute {
    pub(crate) fn new() -> Self {
        Mute { loudest: [f32::MIN; BLOCKS], current: 0, filled: 0 }
    }

    /// True when nothing in the window was as loud; then remembers `loudness`.
    pub(crate) fn is_news(&mut self, loudness: f64) -> bool {
        if self.filled == BLOCK {
            self.filled = 0;
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

    #[test]
    fn a_repeat_is_no_news_until_it_is_forgotten() {
        let mut mute = Mute::new();
        assert!(mute.is_news(3.0));
        let heard_again = (1..400).find(|_| mute.is_news(3.0));
        assert_eq!(heard_again, None, "each repeat renews the memory");
        let mut mute = Mute::new();
        mute.is_news(3.0);
        (0..170).for_each(|_| assert!(!mute.is_news(1.0)));
        assert!(!mute.is_news(3.0) && mute.is_news(3.1));
        (0..200).for_each(|_| {
            mute.is_news(1.0);
        });
        assert!(mute.is_news(2.9));
    }
}
