//! A history on a regular grid, made fit for models: checked, cut to what still matters, gaps filled.

use super::season;
use crate::error::{Error, Result};

/// Largest magnitude of a value: squares and their sums stay finite.
pub(super) const LARGEST: f64 = 1e30;
/// Points of history that are read; older ones say little about tomorrow.
const LONGEST: usize = 6_000;
/// Most cycles of the longest season that are read.
const CYCLES: usize = 60;

/// A history without gaps, and which of its points were measured.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// One value a step, gaps filled.
    pub(super) values: Vec<f64>,
    /// Whether the value was measured.
    pub(super) present: Vec<bool>,
    /// Lengths of the seasons that fit into the history at least twice, shortest first.
    pub(super) seasons: Vec<usize>,
    /// How many points were cut from the beginning.
    pub(super) cut: usize,
    /// No value was negative.
    pub(super) never_negative: bool,
}

impl Series {
    /// Checks and fills. Missing values (`None` or NaN) before the first measured one are cut.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an infinite value or one beyond 1e30; [`Error::TooFew`] without any value.
    pub(super) fn new(values: &[Option<f64>], seasons: &[usize]) -> Result<Self> {
        let clean = |value: &Option<f64>| value.filter(|value| !value.is_nan());
        for value in values.iter().filter_map(clean) {
            if value.abs() > LARGEST {
                return Err(Error::OutOfRange {
                    field: "value",
                    given: value,
                    want: "between -1e30 and 1e30",
                });
            }
        }
        let longest = seasons.iter().copied().max().unwrap_or(1).max(1);
        let keep = LONGEST.min((CYCLES * longest).max(500)).max(3 * longest);
        let mut cut = values.len().saturating_sub(keep);
        let gap = values[cut..].iter().position(|value| clean(value).is_some());
        // A history that went silent long ago: what was measured last is all there is.
        let last = values.iter().rposition(|value| clean(value).is_some());
        cut = match (gap, last) {
            (Some(gap), _) => cut + gap,
            (None, Some(last)) => last,
            (None, None) => return Err(Error::TooFew { field: "values", given: 0, want: 1 }),
        };
        let kept: Vec<Option<f64>> = values[cut..].iter().map(clean).collect();
        let mut seasons: Vec<usize> =
            seasons.iter().copied().filter(|season| *season >= 2 && 2 * season <= kept.len()).collect();
        seasons.sort_unstable();
        seasons.dedup();
        let present: Vec<bool> = kept.iter().map(Option::is_some).collect();
        let never_negative = kept.iter().flatten().all(|value| *value >= 0.0);
        let values = fill(&kept, &seasons);
        Ok(Series { values, present, seasons, cut, never_negative })
    }

    /// Number of points.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The first `end` points, as they were known then.
    pub(super) fn until(&self, end: usize) -> Series {
        Series {
            values: self.values[..end].to_vec(),
            present: self.present[..end].to_vec(),
            seasons: self.seasons.iter().copied().filter(|season| 2 * season <= end).collect(),
            cut: self.cut,
            never_negative: self.never_negative,
        }
    }
}

/// Fills gaps along a straight line, and once more along a line through what is left when the seasons are
/// taken out.
fn fill(values: &[Option<f64>], seasons: &[usize]) -> Vec<f64> {
    let line = interpolate(values);
    if seasons.is_empty() || values.iter().all(Option::is_some) {
        return line;
    }
    let seasonal = season::plain(&line, seasons);
    let flat: Vec<Option<f64>> =
        values.iter().zip(&seasonal).map(|(value, season)| value.map(|value| value - season)).collect();
    let level = interpolate(&flat);
    let filled = level.iter().zip(&seasonal).map(|(level, season)| level + season);
    let (low, high) = line_range(values);
    values.iter().zip(filled).map(|(value, filled)| value.unwrap_or(filled.clamp(low, high))).collect()
}

fn line_range(values: &[Option<f64>]) -> (f64, f64) {
    let measured = || values.iter().flatten();
    (measured().fold(f64::INFINITY, |a, b| a.min(*b)), measured().fold(f64::NEG_INFINITY, |a, b| a.max(*b)))
}

/// Straight lines between measured values; the edges continue flat.
fn interpolate(values: &[Option<f64>]) -> Vec<f64> {
    let mut out: Vec<f64> = values.iter().map(|value| value.unwrap_or(0.0)).collect();
    let mut before: Option<usize> = None;
    for at in 0..values.len() {
        if values[at].is_none() {
            continue;
        }
        let from = before.map_or(0, |before| before + 1);
        for gap in from..at {
            let left = before.map_or(out[at], |before| out[before]);
            let (start, width) = before.map_or((gap, 1.0), |before| (before, (at - before) as f64));
            out[gap] = left + (out[at] - left) * (gap - start) as f64 / width;
        }
        before = Some(at);
    }
    if let Some(last) = before {
        let value = out[last];
        out[last + 1..].fill(value);
    }
    out
}
