//! The streaming detector.

use std::path::PathBuf;

use numpy::{PyArray1, PyReadonlyArray1};
use opentrace_models::anomaly::{self, Against, Point};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::artefact::{Training, load, save};
use crate::error::raise;

/// Score, expected value, lower and upper edge, kind and reason of one point.
type Answer = (f64, f64, f64, f64, Option<&'static str>, Option<(String, &'static str, f64, f64)>);
type Numbers<'py> = Bound<'py, PyArray1<f64>>;
/// Scores, expected values, lower and upper edges, kinds, reasons by row, and how many rows were late.
type Answers<'py> = (
    Numbers<'py>,
    Numbers<'py>,
    Numbers<'py>,
    Numbers<'py>,
    Vec<(usize, &'static str)>,
    Vec<(usize, String)>,
    usize,
);

/// A streaming detector for one series.
#[pyclass(module = "opentrace._core")]
#[derive(Clone, Debug)]
pub(crate) struct Detector {
    inner: anomaly::Detector,
    training: Training,
    last_ms: Option<i64>,
}

#[pymethods]
impl Detector {
    #[new]
    fn new() -> Self {
        Detector { inner: anomaly::Detector::new(), training: Training::default(), last_ms: None }
    }

    /// Judges one point and learns it.
    fn observe(&mut self, at_ms: i64, value: Option<f64>) -> PyResult<Answer> {
        let point = self.inner.observe(at_ms, value).map_err(raise)?;
        self.learned(at_ms, 1);
        let kind = point.kind.map(|kind| kind.as_str());
        let reason = point
            .reason
            .map(|reason| (reason.to_string(), against(reason.against), reason.deviation, reason.rarity));
        Ok((point.score, point.expected, point.lower, point.upper, kind, reason))
    }

    /// Judges many points, each by those before it, and learns them. A row that is not later than the one
    /// before it is taken as directly following it.
    fn judge<'py>(
        &mut self,
        py: Python<'py>,
        times: PyReadonlyArray1<'py, i64>,
        values: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Answers<'py>> {
        let (times, values) = (times.as_slice()?, values.as_slice()?);
        if times.len() != values.len() {
            return Err(PyValueError::new_err(format!("{} times for {} values", times.len(), values.len())));
        }
        let mut last_ms = self.last_ms;
        // What went wrong in the middle must not leave half of the rows learned.
        let mut inner = self.inner.clone();
        let (points, late) = py
            .detach(|| {
                let mut points: Vec<Point> = Vec::with_capacity(values.len());
                let mut late = 0;
                for (time, value) in times.iter().zip(values) {
                    let at_ms = last_ms.map_or(*time, |last: i64| (*time).max(last.saturating_add(1)));
                    late += usize::from(at_ms != *time);
                    last_ms = Some(at_ms);
                    points.push(inner.observe(at_ms, Some(*value))?);
                }
                Ok((points, late))
            })
            .map_err(raise)?;
        self.inner = inner;
        if let (Some(first), Some(last)) = (times.first(), last_ms) {
            self.learned(*first, 0);
            self.learned(last, times.len());
        }
        let column = |of: fn(&Point) -> f64| PyArray1::from_vec(py, points.iter().map(of).collect());
        let kinds = points.iter().enumerate();
        let kinds = kinds.filter_map(|(row, point)| Some((row, point.kind?.as_str()))).collect();
        let reasons = points.iter().enumerate();
        let reasons = reasons.filter_map(|(row, point)| Some((row, point.reason?.to_string()))).collect();
        Ok((
            column(|point| point.score),
            column(|point| point.expected),
            column(|point| point.lower),
            column(|point| point.upper),
            kinds,
            reasons,
            late,
        ))
    }

    /// A detector that has seen the same.
    fn copy(&self) -> Self {
        self.clone()
    }

    /// Points that were seen.
    #[getter]
    fn rows(&self) -> usize {
        self.training.rows
    }

    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        save(py, &folder, "anomaly", &self.training, &self.inner)
    }

    #[staticmethod]
    fn load(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let (_, training, inner) = load::<anomaly::Detector>(py, &folder, &["anomaly"])?;
        let last_ms = training.window.map(|window| window.1);
        Ok(Detector { inner, training, last_ms })
    }
}

impl Detector {
    fn learned(&mut self, at_ms: i64, rows: usize) {
        let first = self.training.window.map_or(at_ms, |window| window.0);
        self.training.window = Some((first, at_ms));
        self.training.rows += rows;
        self.last_ms = Some(at_ms);
    }
}

/// The name of what a point was compared with, as in answers of the server.
fn against(against: Against) -> &'static str {
    match against {
        Against::Recent => "recent",
        Against::Usual => "usual",
        Against::LongRun => "long_run",
        Against::TimeOfDay => "time_of_day",
        Against::TimeOfWeek => "time_of_week",
        Against::Presence => "presence",
    }
}
