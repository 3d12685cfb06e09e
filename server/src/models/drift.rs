//! Whether what a model says of people is still spread as it was when it went live.
//!
//! The population stability index: the sum over ten bins (for segments: over segments) of the difference of
//! the shares, then and now, times the logarithm of their ratio. Below 0.1 nothing has changed, above 0.25
//! the people are other ones than those the model was trained on, and it is trained anew.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// From this index on a model is trained anew.
pub(super) const DRIFTED: f64 = 0.25;
/// Fewer people say nothing about a spread.
const LEAST: usize = 50;
const BINS: usize = 10;
const FILE: &str = "profile.json";

/// How what a model said was spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    /// The upper edges of all bins but the last.
    edges: Vec<f64>,
    counts: Vec<f64>,
}

impl Profile {
    /// The spread of scores, in bins that hold as many of them each; of segments, a bin for each number.
    pub(super) fn of(said: &[f64], is_segments: bool) -> Self {
        let mut sorted = said.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut edges: Vec<f64> = if is_segments {
            sorted.clone()
        } else {
            (1..BINS).filter_map(|bin| sorted.get(bin * sorted.len() / BINS).copied()).collect()
        };
        edges.dedup();
        let mut profile = Self { counts: vec![0.0; edges.len() + 1], edges };
        for value in said {
            let bin = profile.bin(*value);
            profile.counts[bin] += 1.0;
        }
        profile
    }

    /// The population stability index of what is said now; nothing where too few people say it.
    pub(super) fn index(&self, said: &[f64]) -> Option<f64> {
        let then: f64 = self.counts.iter().sum();
        if said.len() < LEAST || then < LEAST as f64 {
            return None;
        }
        let mut now = vec![0.0; self.counts.len()];
        said.iter().for_each(|value| now[self.bin(*value)] += 1.0);
        // Half a person in every bin, so that an empty one is not infinitely strange.
        let bins = self.counts.len() as f64;
        let share = |count: f64, all: f64| (count + 0.5) / (all + 0.5 * bins);
        let terms = self.counts.iter().zip(&now).map(|(then_count, now_count)| {
            let (a, b) = (share(*then_count, then), share(*now_count, said.len() as f64));
            (b - a) * (b / a).ln()
        });
        Some(terms.sum())
    }

    fn bin(&self, value: f64) -> usize {
        self.edges.partition_point(|edge| *edge < value)
    }

    /// The spread that was kept beside a version.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(FILE)).ok()?).ok()
    }

    /// Keeps it beside a version.
    pub(super) fn keep(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::write(folder.join(FILE), serde_json::to_vec(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(count: usize, shift: f64) -> Vec<f64> {
        (0..count).map(|at| ((at * 37 % 1_000) as f64 / 1_000.0 * 0.8 + shift).min(1.0)).collect()
    }

    #[test]
    fn the_same_spread_is_none_and_another_one_is_drift() {
        let profile = Profile::of(&scores(1_000, 0.0), false);
        assert!(profile.index(&scores(700, 0.0)).expect("enough") < 0.02);
        assert!(profile.index(&scores(700, 0.2)).expect("enough") > DRIFTED);
        assert_eq!(profile.index(&scores(10, 0.2)), None);
    }

    #[test]
    fn segments_are_counted_by_number() {
        let said = |first: usize, second: usize| [vec![0.0; first], vec![3.0; second]].concat();
        let profile = Profile::of(&said(300, 100), true);
        assert!(profile.index(&said(150, 50)).expect("enough") < 0.01);
        assert!(profile.index(&said(50, 150)).expect("enough") > DRIFTED);
        // A segment that was not there before.
        assert!(profile.index(&vec![9.0; 100]).expect("enough") > DRIFTED);
    }

    #[test]
    fn a_profile_is_read_as_it_was_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let profile = Profile::of(&scores(100, 0.0), false);
        profile.keep(folder.path()).expect("written");
        assert_eq!(Profile::read(folder.path()), Some(profile));
        assert_eq!(Profile::read(&folder.path().join("nowhere")), None);
    }
}
