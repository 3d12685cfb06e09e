//! Forecasts of one series or many.

use std::collections::BTreeMap;
use std::path::PathBuf;

use numpy::{PyArray1, PyReadonlyArray1};
use opentrace_models::artefact;
use opentrace_models::forecast::{self, Event, Forecast, Grid, MOST_STEPS};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::artefact::{Training, load, save};
use crate::error::raise;

/// Times and values of a series, ascending; values that are NaN are missing.
pub(crate) type Points<'py> = (PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, f64>);
type Numbers<'py> = Bound<'py, PyArray1<f64>>;
/// Times of the steps, expected values, edges per level, and the weight of each method.
type Answer<'py> =
    (Vec<Option<i64>>, Numbers<'py>, Vec<(f64, Numbers<'py>, Numbers<'py>)>, Vec<(String, f64)>);

/// What series have in common: seasons, and how wide intervals must be.
#[pyclass(module = "opentrace._core", frozen)]
#[derive(Debug)]
pub(crate) struct Learned {
    inner: forecast::Learned,
    training: Training,
}

#[pymethods]
impl Learned {
    /// Learns from series; `seasons` empty takes those of the calendar, else what the data show. With a seed a
    /// network for each set of seasons, too, where it helps.
    #[staticmethod]
    fn fit(
        py: Python<'_>,
        series: Vec<Points<'_>>,
        horizon: usize,
        seasons: Vec<usize>,
        levels: Vec<f64>,
        network: Option<u64>,
    ) -> PyResult<Self> {
        if horizon == 0 || horizon > MOST_STEPS {
            let want = "between 1 and 10000";
            let given = horizon as f64;
            return Err(raise(opentrace_models::Error::OutOfRange { field: "horizon", given, want }));
        }
        let points = series.iter().map(points).collect::<PyResult<Vec<_>>>()?;
        let times = || points.iter().flatten().map(|point| point.0);
        let mut training = Training {
            seed: network.unwrap_or_default(),
            rows: times().count(),
            window: times().min().zip(times().max()),
            fingerprint: fingerprint(&points),
            ..Training::default()
        };
        let learn = || {
            let grids: Vec<Grid> = points.iter().map(|points| Grid::of(points)).collect();
            match network {
                Some(seed) => forecast::Learned::train(&grids, horizon, &seasons, &levels, seed),
                None => forecast::Learned::fit(&grids, horizon, &seasons, &levels)
                    .map(|inner| (inner, BTreeMap::new())),
            }
        };
        let (inner, metrics) = py.detach(learn).map_err(raise)?;
        training.metrics = metrics;
        Ok(Learned { inner, training })
    }

    /// Forecasts the steps after a series. `events` holds the times of each event known in advance.
    fn forecast<'py>(
        &self,
        py: Python<'py>,
        series: Points<'py>,
        horizon: usize,
        events: Vec<Vec<i64>>,
    ) -> PyResult<Answer<'py>> {
        let points = points(&series)?;
        let (grid, forecast) = py
            .detach(|| {
                let grid = Grid::of(&points);
                let end = grid.values.len() + horizon;
                let place = |times: &Vec<i64>| Event {
                    at: times.iter().filter_map(|at_ms| grid.place(*at_ms)).filter(|at| *at < end).collect(),
                };
                let events: Vec<Event> = events.iter().map(place).collect();
                self.inner.forecast(&grid, horizon, &events).map(|forecast| (grid, forecast))
            })
            .map_err(raise)?;
        let Forecast { mean, bands, weights } = forecast;
        let first = grid.values.len();
        let times = (0..mean.len()).map(|step| grid.time(first + step)).collect();
        let bands = bands
            .into_iter()
            .map(|band| (band.level, PyArray1::from_vec(py, band.lower), PyArray1::from_vec(py, band.upper)));
        let weights = weights.into_iter().map(|(member, weight)| (name(member), weight));
        Ok((times, PyArray1::from_vec(py, mean), bands.collect(), weights.collect()))
    }

    /// Levels of the intervals, as shares.
    #[getter]
    fn levels(&self) -> Vec<f64> {
        self.inner.levels().to_vec()
    }

    /// The horizon that the widths were learned for.
    #[getter]
    fn horizon(&self) -> usize {
        self.inner.forecasters().first().map_or(0, |forecaster| forecaster.horizon)
    }

    /// The seasons of each group of series that are alike.
    #[getter]
    fn seasons(&self) -> Vec<Vec<usize>> {
        self.inner.forecasters().iter().map(|forecaster| forecaster.seasons.clone()).collect()
    }

    /// What the networks were worth; see `Learned::train` of the models.
    #[getter]
    fn metrics(&self) -> BTreeMap<String, f64> {
        self.training.metrics.clone()
    }

    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        save(py, &folder, "forecast", &self.training, &self.inner)
    }

    #[staticmethod]
    fn load(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let (_, training, inner) = load(py, &folder, &["forecast"])?;
        Ok(Learned { inner, training })
    }
}

/// Seasons that a history shows.
#[pyfunction]
pub(crate) fn detect_seasons(py: Python<'_>, values: PyReadonlyArray1<'_, f64>) -> PyResult<Vec<usize>> {
    let measured: Vec<f64> = values.as_slice()?.iter().copied().filter(|value| value.is_finite()).collect();
    Ok(py.detach(|| forecast::detect(&measured)))
}

fn points((times, values): &Points<'_>) -> PyResult<Vec<(i64, Option<f64>)>> {
    let (times, values) = (times.as_slice()?, values.as_slice()?);
    if times.len() != values.len() {
        return Err(PyValueError::new_err(format!("{} times for {} values", times.len(), values.len())));
    }
    Ok(times.iter().zip(values).map(|(time, value)| (*time, (!value.is_nan()).then_some(*value))).collect())
}

fn fingerprint(series: &[Vec<(i64, Option<f64>)>]) -> String {
    let bytes = series.iter().flatten().flat_map(|(at_ms, value)| {
        at_ms.to_le_bytes().into_iter().chain(value.unwrap_or(f64::NAN).to_le_bytes())
    });
    artefact::fingerprint(&bytes.collect::<Vec<u8>>())
}

/// A method's name, as in answers of the server.
fn name(member: forecast::Member) -> String {
    let mut name = String::new();
    for (at, letter) in format!("{member:?}").char_indices() {
        if letter.is_uppercase() && at > 0 {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
