//! What the network sees of a history: its last points and what simple methods say, free of level and scale.

use super::Shape;
use crate::forecast::members::{Member, View};

/// Inputs and targets farther away than this, in units of the history's changes, are taken as that far.
const FARTHEST: f64 = 30.0;
/// Changes that make the scale.
const CHANGES: usize = 48;
/// Simple methods that the network sees and corrects: alone or as the mean of both forms.
const SIMPLE: [&[Member]; 3] =
    [&[Member::Theta, Member::ThetaLog], &[Member::Smooth, Member::SmoothLog], &[Member::Auto]];

/// A history as the network sees it.
#[derive(Clone, Debug)]
pub(in crate::forecast) struct Sight {
    /// Last points, simple forecasts, length.
    pub(super) input: Vec<f32>,
    /// Mean of the simple forecasts, per step of the network's horizon.
    pub(super) base: Vec<f32>,
    /// Steps that were asked for.
    pub(super) steps: usize,
    level: f64,
    scale: f64,
    log: bool,
    ahead: Vec<f64>,
}

impl Sight {
    /// Numbers in an input.
    pub(super) fn width(shape: Shape) -> usize {
        shape.window + SIMPLE.len() * shape.horizon + 2
    }

    /// From a history and what the simple methods said about it.
    pub(in crate::forecast) fn new(shape: Shape, view: &View, said: &[(Member, Vec<f64>)]) -> Sight {
        let flat = view.log.as_ref().unwrap_or(&view.flat);
        let n = flat.len();
        let changes = flat[n.saturating_sub(CHANGES + 1)..].windows(2).map(|pair| (pair[1] - pair[0]).abs());
        let (sum, count) = changes.fold((0.0, 0.0), |(sum, count), change| (sum + change, count + 1.0));
        let level = flat[n - 1];
        let scale = (if count > 0.0 { sum / count } else { 0.0 }).max(1e-6 * (1.0 + level.abs()));
        let steps = view.ahead.len();
        let mut sight = Sight {
            input: Vec::with_capacity(Sight::width(shape)),
            base: vec![0.0; shape.horizon],
            steps,
            level,
            scale,
            log: view.log.is_some(),
            ahead: view.ahead.clone(),
        };
        let first = n.saturating_sub(shape.window);
        sight.input.resize(shape.window - (n - first), 0.0);
        sight.input.extend(flat[first..].iter().map(|value| near((value - level) / scale)));
        for members in SIMPLE {
            let all: Vec<&Vec<f64>> =
                said.iter().filter(|(member, _)| members.contains(member)).map(|(_, said)| said).collect();
            for step in 0..shape.horizon {
                // Beyond what was asked for, a forecast goes on as it ended.
                let at = step.min(steps - 1);
                let mean =
                    all.iter().map(|said| sight.scaled(at, said[at])).sum::<f64>() / all.len().max(1) as f64;
                sight.input.push(near(mean));
                sight.base[step] += near(mean) / SIMPLE.len() as f32;
            }
        }
        sight.input.push(((n as f64).ln() - 4.0) as f32);
        sight.input.push(if sight.log { 1.0 } else { 0.0 });
        sight
    }

    /// A value of the series in the network's units.
    pub(super) fn scaled(&self, step: usize, value: f64) -> f64 {
        let value = if self.log { value.max(1e-300).ln() } else { value };
        (value - self.ahead[step] - self.level) / self.scale
    }

    /// A corrected step in units of the series.
    pub(super) fn value(&self, step: usize, correction: f64) -> f64 {
        let value = self.level + self.scale * (f64::from(self.base[step]) + correction) + self.ahead[step];
        if self.log { value.min(69.0).exp() } else { value }
    }

    /// How much an error of one unit matters: as share of the level.
    pub(super) fn weight(&self) -> f64 {
        if self.log { self.scale } else { self.scale / self.level.abs().max(self.scale) }
    }
}

fn near(value: f64) -> f32 {
    (if value.is_finite() { value.clamp(-FARTHEST, FARTHEST) } else { 0.0 }) as f32
}
