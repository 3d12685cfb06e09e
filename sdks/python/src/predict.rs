//! Predictions of a class or a value.

use std::path::PathBuf;

use numpy::{PyArray1, PyArray2, PyArrayMethods};
use opentrace_models::predict::{self, Prediction, Task};
use pyo3::prelude::*;

use crate::artefact::{Training, load, save};
use crate::error::raise;
use crate::table::{Cells, fingerprint, table};

/// Kinds of models that are predictors.
const KINDS: [&str; 3] = ["churn", "conversion", "value"];
type Numbers<'py> = Bound<'py, PyArray1<f64>>;

/// A trained predictor.
#[pyclass(module = "opentrace._core", frozen)]
#[derive(Debug)]
pub(crate) struct Predictor {
    kind: String,
    inner: predict::Predictor,
    training: Training,
}

#[pymethods]
impl Predictor {
    #[staticmethod]
    fn fit(
        py: Python<'_>,
        kind: String,
        columns: Vec<(String, Cells<'_>)>,
        rows: usize,
        target: String,
        seed: u64,
    ) -> PyResult<Self> {
        let table = table(columns, rows)?;
        let (inner, fingerprint) = py
            .detach(|| Ok((predict::Predictor::fit(&table, &target, seed)?, fingerprint(&table))))
            .map_err(raise)?;
        let metrics = inner.metrics.named();
        let training = Training { seed, rows, fingerprint, window: None, metrics };
        Ok(Predictor { kind, inner, training })
    }

    /// The prediction of every row: a probability, or a value.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        columns: Vec<(String, Cells<'py>)>,
        rows: usize,
    ) -> PyResult<Numbers<'py>> {
        let answers = self.answers(py, columns, rows)?;
        Ok(PyArray1::from_vec(py, answers.iter().map(|one| one.prediction).collect()))
    }

    /// The base, and what each column adds to it, row by row.
    fn explain<'py>(
        &self,
        py: Python<'py>,
        columns: Vec<(String, Cells<'py>)>,
        rows: usize,
    ) -> PyResult<(Numbers<'py>, Bound<'py, PyArray2<f64>>)> {
        let answers = self.answers(py, columns, rows)?;
        let base = answers.iter().map(|one| one.base).collect();
        let flat: Vec<f64> = answers.iter().flat_map(|one| &one.contributions).copied().collect();
        let parts = PyArray1::from_vec(py, flat).reshape([rows, self.columns().len()])?;
        Ok((PyArray1::from_vec(py, base), parts))
    }

    #[getter]
    fn kind(&self) -> &str {
        &self.kind
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        self.inner.columns().map(str::to_owned).collect()
    }

    #[getter]
    fn target(&self) -> &str {
        &self.inner.target
    }

    /// The negative and the positive class; none for values.
    #[getter]
    fn classes(&self) -> Option<(Option<&str>, &str)> {
        Some((self.inner.negative.as_deref(), self.inner.positive.as_deref()?))
    }

    /// Whether a probability is predicted, not a value.
    #[getter]
    fn of_class(&self) -> bool {
        self.inner.task == Task::Class
    }

    #[getter]
    fn seed(&self) -> u64 {
        self.inner.seed
    }

    #[getter]
    fn metrics(&self) -> std::collections::BTreeMap<String, f64> {
        self.inner.metrics.named()
    }

    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        save(py, &folder, &self.kind, &self.training, &self.inner)
    }

    #[staticmethod]
    fn load(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let (kind, training, inner) = load(py, &folder, &KINDS)?;
        Ok(Predictor { kind, inner, training })
    }
}

impl Predictor {
    fn answers(
        &self,
        py: Python<'_>,
        columns: Vec<(String, Cells<'_>)>,
        rows: usize,
    ) -> PyResult<Vec<Prediction>> {
        let table = table(columns, rows)?;
        py.detach(|| self.inner.predict(&table)).map_err(raise)
    }
}
