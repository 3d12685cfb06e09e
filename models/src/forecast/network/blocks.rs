//! The network itself: blocks of fully connected layers that see less and less.

use super::{Shape, Sight};
use crate::error::{Error, Result};
use crate::predict::Seeded;
use candle_core::{DType, Device, Tensor, Var};

/// Points that a block averages over, and steps between the corners of its curve.
const POOLS: [usize; 3] = [6, 3, 1];
const HIDDEN: usize = 64;
const LAYERS: usize = 3;

/// Layers with their weights, on a device.
pub(super) struct Blocks {
    shape: Shape,
    device: Device,
    /// Per block and layer: weights and offsets, one after the other.
    pub(super) vars: Vec<Var>,
    /// Per block: averages of the window, curve over the window, curve over the horizon.
    fixed: Vec<[Tensor; 3]>,
}

impl Blocks {
    /// How many numbers each layer's weights and offsets are, one after the other.
    pub(super) fn sizes(shape: Shape) -> Vec<usize> {
        let layers = POOLS.into_iter().flat_map(|pool| Blocks::layers(shape, pool));
        layers.flat_map(|(rows, columns)| [rows * columns, columns]).collect()
    }

    /// Rows and columns of the layers of a block.
    fn layers(shape: Shape, pool: usize) -> [(usize, usize); LAYERS] {
        let (seen, ahead) = (shape.window.div_ceil(pool), shape.horizon.div_ceil(pool));
        let input = seen + Sight::width(shape) - shape.window;
        [(input, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, seen + ahead)]
    }

    /// With random weights.
    pub(super) fn new(shape: Shape, seed: u64, device: &Device) -> Result<Blocks> {
        let mut random = Seeded(seed);
        let make = |rows: usize, columns: usize, last: bool| -> Vec<f64> {
            // The last layer starts small: a network begins as what it corrects.
            let reach = (6.0 / rows.max(1) as f64).sqrt() * if last { 0.05 } else { 1.0 };
            (0..rows * columns).map(|_| (2.0 * random.next() - 1.0) * reach).collect()
        };
        Blocks::with(shape, device, make)
    }

    /// With weights that were kept.
    pub(super) fn load(shape: Shape, weights: &[Vec<f64>]) -> Result<Blocks> {
        let mut kept = weights.iter();
        Blocks::with(shape, &Device::Cpu, |_, _, _| kept.next().cloned().unwrap_or_default())
    }

    fn with(
        shape: Shape,
        device: &Device,
        mut make: impl FnMut(usize, usize, bool) -> Vec<f64>,
    ) -> Result<Blocks> {
        let mut blocks = Blocks { shape, device: device.clone(), vars: Vec::new(), fixed: Vec::new() };
        for pool in POOLS {
            let (seen, ahead) = (shape.window.div_ceil(pool), shape.horizon.div_ceil(pool));
            for (layer, (rows, columns)) in Blocks::layers(shape, pool).into_iter().enumerate() {
                let last = layer + 1 == LAYERS;
                blocks.vars.push(blocks.tensor(make(rows, columns, last), (rows, columns))?);
                let offsets = make(0, 0, last);
                let offsets = if offsets.is_empty() { vec![0.0; columns] } else { offsets };
                blocks.vars.push(blocks.tensor(offsets, (1, columns))?);
            }
            let fixed = |values: Vec<f32>, shape: (usize, usize)| Tensor::from_vec(values, shape, device);
            blocks.fixed.push([
                fixed(averages(shape.window, seen, pool), (shape.window, seen)).map_err(wrong)?,
                fixed(curve(seen, shape.window, pool), (seen, shape.window)).map_err(wrong)?,
                fixed(curve(ahead, shape.horizon, pool), (ahead, shape.horizon)).map_err(wrong)?,
            ]);
        }
        Ok(blocks)
    }

    fn tensor(&self, values: Vec<f64>, shape: (usize, usize)) -> Result<Var> {
        if values.len() != shape.0 * shape.1 {
            return Err(Error::Shape { field: "weights", given: values.len(), want: shape.0 * shape.1 });
        }
        let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
        Var::from_tensor(&Tensor::from_vec(values, shape, &self.device).map_err(wrong)?).map_err(wrong)
    }

    /// The weights, layer by layer.
    pub(super) fn weights(&self) -> Result<Vec<Vec<f64>>> {
        let one = |var: &Var| -> candle_core::Result<Vec<f64>> {
            var.as_tensor().flatten_all()?.to_dtype(DType::F64)?.to_vec1()
        };
        self.vars.iter().map(one).collect::<candle_core::Result<_>>().map_err(wrong)
    }

    /// Corrections of the base, a row for each input.
    pub(super) fn forward(&self, input: &Tensor) -> candle_core::Result<Tensor> {
        let mut left = input.narrow(1, 0, self.shape.window)?.contiguous()?;
        let rest =
            input.narrow(1, self.shape.window, Sight::width(self.shape) - self.shape.window)?.contiguous()?;
        let mut sum: Option<Tensor> = None;
        for (layers, [averages, back, fore]) in self.vars.chunks_exact(2 * LAYERS).zip(&self.fixed) {
            let mut now = Tensor::cat(&[&left.matmul(averages)?, &rest], 1)?;
            for (at, layer) in layers.chunks_exact(2).enumerate() {
                now = now.matmul(layer[0].as_tensor())?.broadcast_add(layer[1].as_tensor())?;
                if at + 1 < LAYERS {
                    now = now.relu()?;
                }
            }
            let seen = averages.dim(1)?;
            let corners = now.narrow(1, 0, seen)?.contiguous()?;
            left = (left - corners.matmul(back)?)?;
            let corners = now.narrow(1, seen, fore.dim(0)?)?.contiguous()?;
            let curve = corners.matmul(fore)?;
            sum = Some(match sum {
                Some(sum) => (sum + curve)?,
                None => curve,
            });
        }
        sum.ok_or_else(|| candle_core::Error::Msg("no blocks".into()))
    }

    /// Corrections for histories, on the processor.
    pub(super) fn corrections(&self, sights: &[&Sight]) -> Result<Vec<Vec<f32>>> {
        let input: Vec<f32> = sights.iter().flat_map(|sight| &sight.input).copied().collect();
        let run = || -> candle_core::Result<Vec<Vec<f32>>> {
            let input = Tensor::from_vec(input, (sights.len(), Sight::width(self.shape)), &self.device)?;
            self.forward(&input)?.to_vec2()
        };
        run().map_err(wrong)
    }
}

/// A failure of the library, which the caller's numbers cannot cause.
pub(super) fn wrong(error: candle_core::Error) -> Error {
    Error::Library { name: "candle", why: error.to_string() }
}

/// The matrix that averages stretches of `pool` points, the last stretch ending at the last point.
fn averages(points: usize, stretches: usize, pool: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; points * stretches];
    for stretch in 0..stretches {
        let end = points - stretch * pool;
        let begin = end.saturating_sub(pool);
        for point in begin..end {
            matrix[point * stretches + stretches - 1 - stretch] = 1.0 / (end - begin) as f32;
        }
    }
    matrix
}

/// The matrix that joins corners, `pool` steps apart, by straight lines.
fn curve(corners: usize, steps: usize, pool: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; corners * steps];
    for step in 0..steps {
        let place = (step as f32 / pool as f32).min((corners - 1) as f32);
        let (left, share) = (place as usize, place.fract());
        matrix[left * steps + step] += 1.0 - share;
        if share > 0.0 {
            matrix[(left + 1) * steps + step] += share;
        }
    }
    matrix
}
