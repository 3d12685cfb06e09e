//! Training, and the judgement of what it was worth.

use super::blocks::{Blocks, wrong};
use super::examples::{Example, examples};
use super::{NETWORKS, Network, Shape, Sight};
use crate::error::Result;
use crate::forecast::series::Series;
use crate::predict::Seeded;
use candle_core::{Device, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

/// Fewest examples; with fewer there is no network.
const LEAST: usize = 300;
/// Examples of one step of the descent.
const BATCH: usize = 256;
/// How often each example is seen, and steps at least and at most.
const EPOCHS: usize = 12;
const STEPS: (usize, usize) = (200, 1_500);
/// Size of a step at the start; it falls to nothing along a cosine.
const RATE: f64 = 2e-3;
const DECAY: f64 = 1e-2;

/// Trains on all histories; none if they are too few or too short.
///
/// # Errors
/// [`Error::Library`](crate::Error::Library) if the library fails.
pub(in crate::forecast) fn train(all: &[Series], horizon: usize, seed: u64) -> Result<Option<Network>> {
    let shape = Shape::of(horizon);
    let examples = examples(shape, all);
    if examples.len() < LEAST {
        return Ok(None);
    }
    let device = Device::cuda_if_available(0).map_err(wrong)?;
    let weights: Result<Vec<Vec<Vec<f64>>>> = (0..NETWORKS as u64)
        .map(|number| descend(shape, &examples, seed.wrapping_mul(31).wrapping_add(number), &device))
        .collect();
    Ok(Some(Network { shape, weights: weights?, share: 1.0, optimism: 1.0 }))
}

fn descend(shape: Shape, examples: &[Example], seed: u64, device: &Device) -> Result<Vec<Vec<f64>>> {
    let blocks = Blocks::new(shape, seed, device)?;
    let run = || -> candle_core::Result<()> {
        let n = examples.len();
        let table = |width: usize, row: &dyn Fn(&Example) -> &[f32]| {
            let values: Vec<f32> = examples.iter().flat_map(|example| row(example).iter().copied()).collect();
            Tensor::from_vec(values, (n, width), device)
        };
        let inputs = table(Sight::width(shape), &|example| &example.sight.input)?;
        let targets = table(shape.horizon, &|example| &example.target)?;
        let counts = table(shape.horizon, &|example| &example.weight)?;
        let parameters = ParamsAdamW { lr: RATE, weight_decay: DECAY, ..ParamsAdamW::default() };
        let mut optimiser = AdamW::new(blocks.vars.clone(), parameters)?;
        let mut random = Seeded(seed ^ 0x5EED);
        let mut order: Vec<u32> = (0..n as u32).collect();
        let mut at = n;
        let steps = (n * EPOCHS / BATCH).clamp(STEPS.0, STEPS.1);
        for step in 0..steps {
            if at + BATCH.min(n) > n {
                (1..n).rev().for_each(|last| order.swap(last, (random.next() * (last + 1) as f64) as usize));
                at = 0;
            }
            let rows = &order[at..at + BATCH.min(n)];
            at += rows.len();
            let rows = Tensor::new(rows, device)?;
            let said = blocks.forward(&inputs.index_select(&rows, 0)?)?;
            let count = counts.index_select(&rows, 0)?;
            let miss = ((said - targets.index_select(&rows, 0)?)?.abs()? * &count)?;
            let loss = (miss.sum_all()? / count.sum_all()?)?;
            let progress = step as f64 / steps as f64;
            optimiser.set_learning_rate(RATE * 0.5 * (1.0 + (progress * std::f64::consts::PI).cos()));
            optimiser.backward_step(&loss)?;
        }
        Ok(())
    };
    run().map_err(wrong)?;
    blocks.weights()
}
