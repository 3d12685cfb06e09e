//! How rare is a deviation among those of the same series?
//!
//! Keeps: a histogram of the logarithm of past deviations, 128 bins of 5 % each counted down from the
//! largest one (256 bytes), so that the upper tail is always resolved and everything more than 600 times
//! smaller than the record is "small". The probability is the share of past deviations at least as large,
//! plus one half over n + 1: the conformal p-value (Vovk, Gammerman and Shafer, *Algorithmic Learning in a
//! Random World*, 2005), valid as long as deviations are exchangeable. A tail fitted to the exceedances
//! (generalised Pareto, Hill) was measured and lost: see `docs/models/anomaly.md`.
//!
//! Near ties count as ties: a deviation only a few per cent above the record is no news. Three margins
//! (3, 7 and 12 %) are averaged so that no single one decides.
//!
//! Old deviations are forgotten: at 65,535 observations all counts are halved.
//!
//! Wrong when: deviations come in bursts; then neighbours share one cause and the p-value is too small.
//! The detector mutes repeats for that reason.

use serde::{Deserialize, Serialize};

const BINS: usize = 128;
const WIDTH: f64 = 0.05;
/// Near-tie margins, in bins.
const MARGINS: [f64; 3] = [0.6, 1.4, 2.4];
/// The record may grow by at most this many bins at once (a factor of 7), so that one absurd value does
/// not push the whole history out of the histogram.
const LEAP: i32 = 40;
/// How far the histogram moves down when most deviations are too small for it.
const STEP_DOWN: usize = 32;
/// Observations before anything is called rare.
const WARM_UP: u32 = 20;
/// How often the cached quantile is computed anew.
const REFRESH: u32 = 32;
/// Deviations below this quantile are not rare enough to be worth counting.
const GATE: f64 = 0.97;

/// Rarity of positive deviations, as learned so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tail {
    counts: Counts,
    /// Bin of the record; `counts[0]` belongs to it.
    top: i32,
    seen: u32,
    /// First bin above the quantile [`GATE`].
    gate: i32,
    /// Positive deviations too small for the histogram, since it last moved.
    missed: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<u16>", into = "Vec<u16>")]
struct Counts(Box<[u16; BINS]>);

impl TryFrom<Vec<u16>> for Counts {
    type Error = &'static str;

    fn try_from(counts: Vec<u16>) -> Result<Self, Self::Error> {
        let counts: Box<[u16]> = counts.into();
        counts.try_into().map(Counts).map_err(|_| "a tail has 128 bins")
    }
}

impl From<Counts> for Vec<u16> {
    fn from(counts: Counts) -> Self {
        counts.0.to_vec()
    }
}

/// A deviation's place on the logarithmic axis: computed once, used to judge and to learn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(f64);

impl Place {
    /// `None` for a deviation that is not positive: it is only counted.
    pub(crate) fn of(deviation: f64) -> Option<Self> {
        (deviation > 0.0).then(|| Place(deviation.ln() / WIDTH))
    }
}

/// What the tail says about one deviation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rarity {
    /// -log10 of the p-value; 0 when it is not rare.
    pub(crate) surprise: f64,
    /// Size in decades above the 97 % quantile, at least 0.
    pub(crate) excess: f64,
}

impl Tail {
    pub(crate) fn new() -> Self {
        Tail { counts: Counts(Box::new([0; BINS])), top: i32::MIN, seen: 0, gate: i32::MIN, missed: 0 }
    }

    pub(crate) fn judge(&self, place: Option<Place>) -> Rarity {
        let Some(Place(place)) = place else { return Rarity::default() };
        if self.seen < WARM_UP || place < f64::from(self.gate) {
            return Rarity::default();
        }
        let total = f64::from(self.seen) + 1.0;
        let surprise: f64 = MARGINS
            .iter()
            .map(|margin| {
                let above = self.at_or_above((place - margin).floor() as i32);
                -((f64::from(above) + 0.5) / total).log10()
            })
            .sum();
        let excess = if self.gate == i32::MIN { 0.0 } else { (place - f64::from(self.gate)) * WIDTH };
        Rarity {
            surprise: surprise / MARGINS.len() as f64,
            excess: excess.max(0.0) / std::f64::consts::LN_10,
        }
    }

    pub(crate) fn learn(&mut self, place: Option<Place>) {
        if self.seen >= u32::from(u16::MAX) {
            self.halve();
        }
        self.seen += 1;
        if let Some(Place(place)) = place {
            self.count(place.floor() as i32);
        }
        if self.seen.is_multiple_of(REFRESH) {
            self.gate = self.quantile_bin(GATE);
            if self.gate == i32::MIN && f64::from(self.missed) > (1.0 - GATE) * f64::from(self.seen) {
                self.lower();
            }
        }
    }

    /// The deviation that a share `q` of the past did not exceed; `None` while nothing is known.
    pub(crate) fn quantile(&self, q: f64) -> Option<f64> {
        if self.seen < WARM_UP {
            return None;
        }
        match self.quantile_bin(q) {
            i32::MIN => Some(0.0),
            bin => Some((f64::from(bin + 1) * WIDTH).exp()),
        }
    }

    fn count(&mut self, bin: i32) {
        if self.top == i32::MIN {
            self.top = bin;
        }
        if bin > self.top {
            let bin = bin.min(self.top + LEAP);
            let shift = (bin - self.top) as usize; // at most LEAP
            self.counts.0.copy_within(0..BINS - shift, shift);
            self.counts.0[..shift].fill(0);
            self.top = bin;
        }
        let index = self.top.saturating_sub(bin).max(0) as usize;
        if let Some(count) = self.counts.0.get_mut(index) {
            *count = count.saturating_add(1);
        } else {
            self.missed += 1;
        }
    }

    /// Makes room below when less than the gate's share is resolved: the record was a stray. What was
    /// above the new top is counted in it.
    fn lower(&mut self) {
        let stray: u16 = self.counts.0[..STEP_DOWN].iter().fold(0, |sum, count| sum.saturating_add(*count));
        self.counts.0.copy_within(STEP_DOWN.., 0);
        self.counts.0[BINS - STEP_DOWN..].fill(0);
        self.counts.0[0] = self.counts.0[0].saturating_add(stray);
        self.top -= STEP_DOWN as i32;
        self.missed = 0;
    }

    fn at_or_above(&self, bin: i32) -> u32 {
        if self.top == i32::MIN || bin > self.top {
            return 0;
        }
        let end = self.top.saturating_sub(bin) as usize;
        if end >= BINS {
            return self.seen;
        }
        self.counts.0[..=end].iter().map(|count| u32::from(*count)).sum()
    }

    fn quantile_bin(&self, q: f64) -> i32 {
        let allowed = (f64::from(self.seen) * (1.0 - q)) as u32;
        let mut above = 0;
        for (index, count) in self.counts.0.iter().enumerate() {
            above += u32::from(*count);
            if above > allowed {
                return self.top - index as i32;
            }
        }
        i32::MIN
    }

    fn halve(&mut self) {
        for count in self.counts.0.iter_mut() {
            *count /= 2;
        }
        self.seen /= 2;
        self.missed /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(values: impl IntoIterator<Item = f64>) -> Tail {
        let mut tail = Tail::new();
        values.into_iter().for_each(|value| tail.learn(Place::of(value)));
        tail
    }

    #[test]
    fn a_record_among_a_thousand_has_a_surprise_of_its_rank() {
        let tail = fed((0..1000).map(|i| 1.0 + f64::from(i % 10) / 10.0));
        let rarity = tail.judge(Place::of(4.0));
        assert!((rarity.surprise - (1001.0f64 / 0.5).log10()).abs() < 1e-9, "{rarity:?}");
        assert!(tail.judge(Place::of(1.0)).surprise < 0.5);
    }

    #[test]
    fn a_near_tie_with_the_record_is_no_news() {
        let tail = fed((0..1000).map(|i| if i % 100 == 0 { 10.0 } else { 1.0 }));
        let tie = tail.judge(Place::of(10.1)).surprise;
        let news = tail.judge(Place::of(13.0)).surprise;
        assert!(tie < 2.1 && news > 3.2, "tie {tie}, news {news}");
    }

    #[test]
    fn one_absurd_value_does_not_blind() {
        let mut tail = fed((0..1000).map(|i| 1.0 + f64::from(i % 7) / 10.0));
        tail.learn(Place::of(1e29));
        assert!(tail.judge(Place::of(5.0)).surprise > 2.0);
    }

    #[test]
    fn old_deviations_are_forgotten() {
        let mut tail = fed(std::iter::repeat_n(100.0, 1000));
        assert!(tail.judge(Place::of(50.0)).surprise < 0.1);
        (0..400_000).for_each(|_| tail.learn(Place::of(1.0)));
        assert!(tail.judge(Place::of(50.0)).surprise > 3.0);
    }

    #[test]
    fn quantiles_bracket_the_data() {
        let tail = fed((1..=1000).map(f64::from));
        let median = tail.quantile(0.5).expect("a thousand values were seen");
        assert!((480.0..560.0).contains(&median), "{median}");
        assert_eq!(Tail::new().quantile(0.5), None);
        assert_eq!(fed(std::iter::repeat_n(0.0, 50)).quantile(0.9), Some(0.0));
    }
}
