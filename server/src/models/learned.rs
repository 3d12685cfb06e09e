//! Models of every kind: trained, written into folders, read back, judged.

use std::collections::BTreeMap;
use std::path::Path;

use opentrace_models::artefact::{self, Manifest};
use opentrace_models::forecast::{Grid, Learned as Forecasters};
use opentrace_models::predict::{Predictor, Table};
use opentrace_models::registry::Registry;
use opentrace_models::segment::Segments;
use opentrace_models::{Error, Result};

use super::kind::{Kind, Options};
use super::lesson::{Lesson, Matter, TARGET};
use super::pages::Pages;

/// Levels of a forecast's intervals.
const LEVELS: [f64; 2] = [0.8, 0.95];
/// Rows of each class that a trial on held-out rows needs; with fewer, models are compared by what was held
/// out when each was trained.
const LEAST_HELD: usize = 10;

/// A model.
#[derive(Clone, Debug)]
pub(super) enum Learned {
    Predictor(Box<Predictor>),
    Segments(Segments),
    Pages(Pages),
    Forecasters(Forecasters),
}

impl Learned {
    /// Trains. `before` is the live version, whose segments' ids go on.
    pub(super) fn fit(kind: Kind, options: &Options, lesson: &Lesson, before: Option<&Self>) -> Result<Self> {
        Ok(match &lesson.train {
            Matter::Table(table) if kind == Kind::Segments => {
                let before = match before {
                    Some(Self::Segments(segments)) => Some(segments),
                    _ => None,
                };
                Self::Segments(Segments::fit(table, options.method, options.seed, before)?)
            }
            Matter::Table(table) => Self::Predictor(Box::new(Predictor::fit(table, TARGET, options.seed)?)),
            Matter::Baskets { names, baskets } => Self::Pages(Pages::fit(names, baskets)?),
            Matter::Series { grain, series } => {
                let longest = series.iter().map(|grid| grid.values.len()).max().unwrap_or(0);
                let seasons = seasons(grain).iter().copied().filter(|season| 2 * season <= longest);
                let (horizon, seasons) = (options.horizon as usize, seasons.collect::<Vec<_>>());
                Self::Forecasters(Forecasters::train(series, horizon, &seasons, &LEVELS, options.seed)?.0)
            }
        })
    }

    /// Reads the model in a folder.
    pub(super) fn load(folder: &Path, kind: Kind) -> Result<Self> {
        let kinds = [kind.name()];
        Ok(match kind {
            Kind::Churn | Kind::Conversion | Kind::Value => {
                Self::Predictor(Box::new(artefact::load(folder, &kinds)?.1))
            }
            Kind::Segments => Self::Segments(artefact::load(folder, &kinds)?.1),
            Kind::Recommend => Self::Pages(artefact::load(folder, &kinds)?.1),
            Kind::Forecast => Self::Forecasters(artefact::load(folder, &kinds)?.1),
        })
    }

    /// Adds it to the registry; answers its number.
    pub(super) fn keep(&self, registry: &Registry, name: &str, manifest: &Manifest) -> Result<u32> {
        match self {
            Self::Predictor(model) => registry.add(name, manifest, model),
            Self::Segments(model) => registry.add(name, manifest, model),
            Self::Pages(model) => registry.add(name, manifest, model),
            Self::Forecasters(model) => registry.add(name, manifest, model),
        }
    }

    /// Quality where it was trained, by what was held out within, and on the people kept apart.
    pub(super) fn metrics(&self, lesson: &Lesson) -> BTreeMap<String, f64> {
        let mut metrics = BTreeMap::new();
        let mut put = |name: &str, value: f64| {
            if value.is_finite() {
                metrics.insert(name.to_owned(), value);
            }
        };
        match (self, &lesson.held) {
            (Self::Predictor(model), Matter::Table(held)) => {
                put("cross_validated", model.metrics.merit());
                use opentrace_models::predict::Metrics::{Class, Value};
                match model.measure(&renamed(held, &model.target)) {
                    Ok(Class { auc, log_loss, calibration_error }) => {
                        put("auc", auc);
                        put("log_loss", log_loss);
                        put("calibration_error", calibration_error);
                    }
                    Ok(Value { r2, mean_absolute_error }) => {
                        put("r2", r2);
                        put("mean_absolute_error", mean_absolute_error);
                    }
                    Err(_) => {}
                }
            }
            (Self::Segments(model), _) => {
                put("silhouette", model.silhouette);
                put("segments", model.segments.len() as f64);
            }
            _ => {}
        }
        if let Ok(merit) = self.merit(lesson) {
            let name = match self {
                Self::Predictor(_) => "merit",
                Self::Segments(_) => "held_out_silhouette",
                Self::Pages(_) => "hit_rate_at_10",
                Self::Forecasters(_) => "interval_skill",
            };
            put(name, merit);
        }
        metrics
    }

    /// What versions are compared by on held-out matter; more is better.
    pub(super) fn merit(&self, lesson: &Lesson) -> Result<f64> {
        match (self, &lesson.held) {
            (Self::Predictor(model), Matter::Table(held)) if enough(held) => {
                model.merit(&renamed(held, &model.target))
            }
            (Self::Predictor(model), _) => Ok(model.metrics.merit()),
            (Self::Segments(model), Matter::Table(held)) if held.rows >= 2 * LEAST_HELD => {
                model.cohesion(held)
            }
            (Self::Segments(model), _) => Ok(model.silhouette),
            (Self::Pages(model), Matter::Baskets { names, baskets }) => Ok(model.hit_rate(names, baskets)),
            (Self::Forecasters(model), Matter::Series { series, .. }) => skill(model, series),
            _ => Err(Error::Degenerate { why: "the model is of another kind than what it is judged by" }),
        }
    }
}

/// The table with what is predicted under the name that the model has for it: one that was trained elsewhere
/// has its own.
fn renamed(held: &Table, target: &str) -> Table {
    let mut held = held.clone();
    held.columns
        .iter_mut()
        .filter(|column| column.name == TARGET)
        .for_each(|column| column.name = target.to_owned());
    held
}

/// Whether the rows held out can tell two models apart.
fn enough(held: &Table) -> bool {
    use opentrace_models::predict::Values;
    match held.column(TARGET).map(|column| &column.values) {
        Some(Values::Numbers(truth)) => {
            let of = |class: f64| truth.iter().filter(|truth| **truth == class).count();
            let two = truth.iter().all(|truth| *truth == 0.0 || *truth == 1.0);
            if two { of(0.0).min(of(1.0)) >= LEAST_HELD } else { truth.len() >= 2 * LEAST_HELD }
        }
        _ => false,
    }
}

/// The seasons of the calendar in steps.
fn seasons(grain: &str) -> &'static [usize] {
    use opentrace_query::catalogue::Grain;
    let known = [Grain::Minute, Grain::Hour, Grain::Day, Grain::Week, Grain::Month];
    known.into_iter().find(|known| known.word() == grain).map_or(&[], super::foresee::seasons)
}

/// 1 less the interval score (Gneiting and Raftery, 2007) of the last steps in units of the series' mean
/// size: narrow intervals that hold the truth are good.
fn skill(model: &Forecasters, series: &[Grid]) -> Result<f64> {
    let horizon = model.forecasters().first().map(|forecaster| forecaster.horizon).ok_or(Error::TooFew {
        field: "forecasters",
        given: 0,
        want: 1,
    })?;
    let (mut score, mut count) = (0.0, 0.0);
    for grid in series.iter().filter(|grid| grid.values.len() > 2 * horizon) {
        let mut known = grid.clone();
        let hidden = known.values.split_off(grid.values.len() - horizon);
        let Ok(forecast) = model.forecast(&known, horizon, &[]) else { continue };
        let size =
            known.values.iter().flatten().map(|value| value.abs()).sum::<f64>() / known.values.len() as f64;
        for band in &forecast.bands {
            let miss = 2.0 / (1.0 - band.level);
            for (step, truth) in hidden.iter().enumerate() {
                let Some(truth) = truth else { continue };
                let (lower, upper) = (band.lower[step], band.upper[step]);
                let beyond = (lower - truth).max(0.0) + (truth - upper).max(0.0);
                score += (upper - lower + miss * beyond) / size.max(f64::MIN_POSITIVE);
                count += 1.0;
            }
        }
    }
    if count > 0.0 {
        Ok(1.0 - score / count)
    } else {
        Err(Error::TooFew { field: "steps", given: 0, want: 2 * horizon + 1 })
    }
}
