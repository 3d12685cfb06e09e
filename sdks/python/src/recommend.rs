//! Recommendations of items, by name.

use std::collections::HashMap;
use std::path::PathBuf;

use numpy::PyReadonlyArray1;
use opentrace_models::artefact::{self, Sound};
use opentrace_models::recommend;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

use crate::artefact::{Training, load, save};
use crate::error::raise;

/// A recommender and the names of its items.
#[pyclass(module = "opentrace._core", frozen)]
#[derive(Debug)]
pub(crate) struct Recommender {
    inner: Named,
    places: HashMap<String, usize>,
    training: Training,
}

#[derive(Debug, Serialize, Deserialize)]
struct Named {
    names: Vec<String>,
    recommender: recommend::Recommender,
}

impl Sound for Named {
    fn sound(&self) -> Result<(), &'static str> {
        self.recommender.sound()?;
        let fits = self.names.len() == self.recommender.items();
        if fits { Ok(()) } else { Err("its names are not those of its items") }
    }
}

#[pymethods]
impl Recommender {
    /// Learns from pairs: the number of a person and the number of an item in `items`.
    #[staticmethod]
    fn fit(
        py: Python<'_>,
        people: PyReadonlyArray1<'_, i32>,
        items_of: PyReadonlyArray1<'_, i32>,
        items: Vec<String>,
    ) -> PyResult<Self> {
        let (people, had) = (people.as_slice()?, items_of.as_slice()?);
        if people.len() != had.len() {
            return Err(PyValueError::new_err(format!("{} people for {} items", people.len(), had.len())));
        }
        let mut baskets: Vec<Vec<usize>> = Vec::new();
        for (person, item) in people.iter().zip(had) {
            if let (Ok(person), Ok(item)) = (usize::try_from(*person), usize::try_from(*item)) {
                if person >= baskets.len() {
                    baskets.resize(person + 1, Vec::new());
                }
                baskets[person].push(item);
            }
        }
        let bytes = people.iter().chain(had).flat_map(|number| number.to_le_bytes());
        let fingerprint = artefact::fingerprint(&bytes.collect::<Vec<u8>>());
        let training = Training { rows: people.len(), fingerprint, ..Training::default() };
        let fit = || recommend::Recommender::fit(&baskets, items.len());
        let recommender = py.detach(fit).map_err(raise)?;
        Ok(Recommender::of(Named { names: items, recommender }, training))
    }

    /// The best items for each basket, as `(item, score)`; items nobody had say nothing.
    fn recommend(&self, py: Python<'_>, baskets: Vec<Vec<String>>, k: usize) -> Vec<Vec<(String, f64)>> {
        py.detach(|| {
            let places = |basket: &Vec<String>| -> Vec<usize> {
                basket.iter().filter_map(|item| self.places.get(item).copied()).collect()
            };
            let best = |basket: &Vec<String>| {
                let best = self.inner.recommender.recommend(&places(basket), k);
                best.into_iter().map(|one| (self.inner.names[one.item].clone(), one.score)).collect()
            };
            baskets.iter().map(best).collect()
        })
    }

    #[getter]
    fn items(&self) -> Vec<String> {
        self.inner.names.clone()
    }

    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        save(py, &folder, "recommend", &self.training, &self.inner)
    }

    #[staticmethod]
    fn load(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let (_, training, inner) = load(py, &folder, &["recommend"])?;
        Ok(Recommender::of(inner, training))
    }
}

impl Recommender {
    fn of(inner: Named, training: Training) -> Self {
        let places = inner.names.iter().enumerate().map(|(at, item)| (item.clone(), at)).collect();
        Recommender { inner, places, training }
    }
}
