//! Examples to learn from: moments of known histories, what could be seen then, and what came.

use super::{Shape, Sight};
use crate::forecast::members::{View, simple};
use crate::forecast::series::Series;

/// Most examples altogether; long histories share them evenly.
const MOST: usize = 24_000;
/// Most numbers that all inputs together have.
const NUMBERS: usize = 8_000_000;
/// Most moments of one history.
const MOMENTS: usize = 500;
/// Known points before a moment, at least.
const KNOWN: usize = 8;

/// A moment: what was seen, what came (in the network's units), and how much each step counts.
pub(super) struct Example {
    pub(super) sight: Sight,
    pub(super) target: Vec<f32>,
    pub(super) weight: Vec<f32>,
}

/// Moments of all histories, as evenly spaced as their number allows, the latest first.
pub(super) fn examples(shape: Shape, all: &[Series]) -> Vec<Example> {
    let most = MOST.min(NUMBERS / Sight::width(shape)).max(1);
    let each = (most / all.len().max(1)).clamp(1, MOMENTS);
    let mut out = Vec::new();
    for series in all.iter().step_by(all.len().div_ceil(most).max(1)) {
        let n = series.len();
        let longest = series.seasons.last().copied().unwrap_or(1);
        let Some(newest) = n.checked_sub(shape.horizon) else { continue };
        let oldest = KNOWN.max(2 * longest + 2);
        if newest < oldest {
            continue;
        }
        // No multiple of a season, so that all places of the cycle are seen.
        let stride = ((newest - oldest) / each).max((shape.horizon / 6).max(1)) | 1;
        for back in 0..each {
            let Some(origin) = newest.checked_sub(back * stride).filter(|origin| *origin >= oldest) else {
                break;
            };
            out.push(example(shape, series, origin));
        }
    }
    out
}

fn example(shape: Shape, series: &Series, origin: usize) -> Example {
    let known = series.until(origin);
    let view = View::new(&known, shape.horizon);
    let sight = Sight::new(shape, &view, &simple(&view, shape.horizon));
    let (mut target, mut weight) = (Vec::new(), Vec::new());
    for step in 0..shape.horizon {
        let at = origin + step;
        let miss = sight.scaled(step, series.values[at]) - f64::from(sight.base[step]);
        let usable = series.present[at] && miss.is_finite();
        target.push(if usable { miss.clamp(-60.0, 60.0) as f32 } else { 0.0 });
        weight.push(if usable { sight.weight().clamp(1e-4, 1.0) as f32 } else { 0.0 });
    }
    Example { sight, target, weight }
}
