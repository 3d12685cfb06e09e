//! Models on disk: the folders that `opentrace predict --model` reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use opentrace_models::Result;
use opentrace_models::artefact::{self, Manifest, Sound};
use pyo3::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::raise;

/// What a model knows of its training, as it goes into `model.json`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Training {
    pub(crate) seed: u64,
    pub(crate) rows: usize,
    pub(crate) fingerprint: String,
    pub(crate) window: Option<(i64, i64)>,
    pub(crate) metrics: BTreeMap<String, f64>,
}

impl From<Manifest> for Training {
    fn from(manifest: Manifest) -> Self {
        let Manifest { seed, rows, fingerprint, window, metrics, .. } = manifest;
        Training { seed, rows, fingerprint, window, metrics }
    }
}

/// Writes a model of this kind; other threads go on meanwhile.
pub(crate) fn save<M: Serialize + Sync>(
    py: Python<'_>,
    folder: &Path,
    kind: &str,
    training: &Training,
    model: &M,
) -> PyResult<()> {
    let Training { seed, rows, fingerprint, window, metrics } = training.clone();
    let manifest = Manifest { kind: kind.to_owned(), seed, rows, fingerprint, window, metrics };
    py.detach(|| artefact::save(folder, &manifest, model)).map_err(raise)
}

/// Reads a model of one of these kinds: its kind, its training, and itself.
pub(crate) fn load<M: DeserializeOwned + Sound + Send>(
    py: Python<'_>,
    folder: &Path,
    kinds: &[&str],
) -> PyResult<(String, Training, M)> {
    let read = || -> Result<(Manifest, M)> { artefact::load(folder, kinds) };
    let (manifest, model) = py.detach(read).map_err(raise)?;
    Ok((manifest.kind.clone(), manifest.into(), model))
}

/// What the model in a folder is, as a dictionary.
#[pyfunction]
pub(crate) fn manifest(py: Python<'_>, folder: PathBuf) -> PyResult<Bound<'_, pyo3::types::PyDict>> {
    let manifest = py.detach(|| artefact::manifest(&folder)).map_err(raise)?;
    let known = pyo3::types::PyDict::new(py);
    known.set_item("kind", manifest.kind)?;
    known.set_item("seed", manifest.seed)?;
    known.set_item("rows", manifest.rows)?;
    known.set_item("fingerprint", manifest.fingerprint)?;
    known.set_item("window", manifest.window)?;
    known.set_item("metrics", manifest.metrics)?;
    Ok(known)
}
