//! What customers will buy.

use std::path::PathBuf;

use numpy::{PyArray1, PyReadonlyArray1};
use opentrace_models::predict::{self, Customer};
use opentrace_models::{Result, artefact};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::artefact::{Training, load, save};
use crate::error::raise;

type Read<'py> = PyReadonlyArray1<'py, f64>;
type Numbers<'py> = Bound<'py, PyArray1<f64>>;

/// How often and for how much customers buy.
#[pyclass(module = "opentrace._core", frozen)]
#[derive(Debug)]
pub(crate) struct Lifetime {
    inner: predict::Lifetime,
    training: Training,
}

#[pymethods]
impl Lifetime {
    #[staticmethod]
    fn fit(
        py: Python<'_>,
        repeats: Read<'_>,
        last: Read<'_>,
        observed: Read<'_>,
        value: Read<'_>,
    ) -> PyResult<Self> {
        let customers = customers(&repeats, &last, &observed, &value)?;
        let inner = py.detach(|| predict::Lifetime::fit(&customers)).map_err(raise)?;
        let numbers = customers.iter().flat_map(|c| [c.repeats, c.last, c.observed, c.value]);
        let bytes: Vec<u8> = numbers.flat_map(f64::to_le_bytes).collect();
        let training = Training {
            rows: customers.len(),
            fingerprint: artefact::fingerprint(&bytes),
            metrics: [("log_likelihood".to_owned(), inner.log_likelihood)].into(),
            ..Training::default()
        };
        Ok(Lifetime { inner, training })
    }

    /// Expected purchases within `ahead`, and the expected value of one (NaN where values are unknown).
    fn predict<'py>(
        &self,
        py: Python<'py>,
        columns: (Read<'py>, Read<'py>, Read<'py>, Read<'py>),
        ahead: f64,
    ) -> PyResult<(Numbers<'py>, Numbers<'py>)> {
        let customers = customers(&columns.0, &columns.1, &columns.2, &columns.3)?;
        let purchases = || customers.iter().map(|one| self.inner.purchases(one, ahead)).collect();
        let purchases: Result<Vec<f64>> = py.detach(purchases);
        let spend = customers.iter().map(|one| self.inner.spend(one).unwrap_or(f64::NAN));
        Ok((PyArray1::from_vec(py, purchases.map_err(raise)?), PyArray1::from_vec(py, spend.collect())))
    }

    /// `r`, `alpha`, `a`, `b` of BG/NBD.
    #[getter]
    fn purchases(&self) -> [f64; 4] {
        self.inner.purchases
    }

    /// `p`, `q`, `v` of gamma-gamma, where purchases have values.
    #[getter]
    fn spend(&self) -> Option<[f64; 3]> {
        self.inner.spend
    }

    #[getter]
    fn log_likelihood(&self) -> f64 {
        self.inner.log_likelihood
    }

    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        save(py, &folder, "lifetime", &self.training, &self.inner)
    }

    #[staticmethod]
    fn load(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let (_, training, inner) = load(py, &folder, &["lifetime"])?;
        Ok(Lifetime { inner, training })
    }
}

fn customers(
    repeats: &Read<'_>,
    last: &Read<'_>,
    observed: &Read<'_>,
    value: &Read<'_>,
) -> PyResult<Vec<Customer>> {
    let (repeats, last) = (repeats.as_slice()?, last.as_slice()?);
    let (observed, value) = (observed.as_slice()?, value.as_slice()?);
    let rows = repeats.len();
    if [last.len(), observed.len(), value.len()].iter().any(|length| *length != rows) {
        return Err(PyValueError::new_err("the four columns differ in length"));
    }
    let customer = |at: usize| Customer {
        repeats: repeats[at],
        last: last[at],
        observed: observed[at],
        value: if repeats[at] == 0.0 || value[at].is_nan() { 0.0 } else { value[at] },
    };
    Ok((0..rows).map(customer).collect())
}
