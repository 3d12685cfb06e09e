//! Segments of a table.

use std::path::PathBuf;

use numpy::PyArray1;
use opentrace_models::segment::{self, Method};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::artefact::{Training, load, save};
use crate::error::raise;
use crate::table::{Cells, fingerprint, table};

/// Id, name, share, and per feature that sets it apart: name, mean here, mean overall, strength.
type Described = (u32, String, f64, Vec<(String, f64, f64, f64)>);

/// Groups of rows that are alike.
#[pyclass(module = "opentrace._core", frozen)]
#[derive(Debug)]
pub(crate) struct Segments {
    inner: segment::Segments,
    training: Training,
}

#[pymethods]
impl Segments {
    #[staticmethod]
    fn fit(
        py: Python<'_>,
        columns: Vec<(String, Cells<'_>)>,
        rows: usize,
        method: &str,
        seed: u64,
        before: Option<PyRef<'_, Segments>>,
    ) -> PyResult<Self> {
        let table = table(columns, rows)?;
        let method = read(method)?;
        let before = before.map(|before| before.inner.clone());
        let (inner, fingerprint) = py
            .detach(|| {
                let inner = segment::Segments::fit(&table, method, seed, before.as_ref())?;
                Ok((inner, fingerprint(&table)))
            })
            .map_err(raise)?;
        let metrics = [("silhouette".to_owned(), inner.silhouette)].into();
        Ok(Segments { inner, training: Training { seed, rows, fingerprint, window: None, metrics } })
    }

    /// The id of each row's segment.
    fn assign<'py>(
        &self,
        py: Python<'py>,
        columns: Vec<(String, Cells<'py>)>,
        rows: usize,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let table = table(columns, rows)?;
        let ids = py.detach(|| self.inner.assign(&table)).map_err(raise)?;
        Ok(PyArray1::from_vec(py, ids.into_iter().map(i64::from).collect()))
    }

    /// The segments, largest first.
    #[getter]
    fn segments(&self) -> Vec<Described> {
        let described = |segment: &segment::Segment| {
            let apart = segment.differences.iter();
            let apart = apart.map(|one| (one.feature.clone(), one.here, one.overall, one.strength));
            (segment.id, segment.name.clone(), segment.share, apart.collect())
        };
        self.inner.segments.iter().map(described).collect()
    }

    #[getter]
    fn silhouette(&self) -> f64 {
        self.inner.silhouette
    }

    #[getter]
    fn method(&self) -> &'static str {
        match self.inner.method {
            Method::KMeans => "k-means",
            Method::Mixture => "mixture",
            Method::Density => "density",
        }
    }

    #[getter]
    fn seed(&self) -> u64 {
        self.inner.seed
    }

    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        save(py, &folder, "segments", &self.training, &self.inner)
    }

    #[staticmethod]
    fn load(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let (_, training, inner) = load(py, &folder, &["segments"])?;
        Ok(Segments { inner, training })
    }
}

fn read(method: &str) -> PyResult<Method> {
    match method {
        "k-means" => Ok(Method::KMeans),
        "mixture" => Ok(Method::Mixture),
        "density" => Ok(Method::Density),
        other => {
            let message = format!("`method` is {other:?}, want \"k-means\", \"mixture\" or \"density\"");
            Err(PyValueError::new_err(message))
        }
    }
}
