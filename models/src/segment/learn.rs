//! Segments as [`Fit`] and [`Predict`].

use super::model::{Method, Segments};
use crate::error::Result;
use crate::learn::{Fit, Predict};
use crate::predict::Table;
use serde::{Deserialize, Serialize};

/// How segments are looked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The method.
    pub method: Method,
    /// Seed of everything random.
    pub seed: u64,
    /// Segments of an earlier training, whose ids go on.
    pub before: Option<Segments>,
}

impl Fit<Table> for Search {
    type Model = Segments;

    fn fit(&self, table: &Table) -> Result<Segments> {
        Segments::fit(table, self.method, self.seed, self.before.as_ref())
    }
}

impl Predict<Table> for Segments {
    type Output = Vec<u32>;

    fn predict(&self, table: &Table) -> Result<Vec<u32>> {
        self.assign(table)
    }
}
