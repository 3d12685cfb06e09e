//! Predictions and customers' values as [`Fit`] and [`Predict`].

use super::lifetime::{Customer, Lifetime};
use super::model::{Prediction, Predictor};
use super::table::Table;
use crate::error::Result;
use crate::learn::{Fit, Predict};
use serde::{Deserialize, Serialize};

/// What is to be predicted from a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The column; all others are what it is predicted from.
    pub column: String,
    /// Seed of everything random.
    pub seed: u64,
}

impl Fit<Table> for Target {
    type Model = Predictor;

    fn fit(&self, table: &Table) -> Result<Predictor> {
        Predictor::fit(table, &self.column, self.seed)
    }
}

impl Predict<Table> for Predictor {
    type Output = Vec<Prediction>;

    fn predict(&self, table: &Table) -> Result<Vec<Prediction>> {
        Predictor::predict(self, table)
    }
}

/// What customers will buy, learned from their purchases alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchases;

/// What a customer is expected to do within a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Number of purchases.
    pub purchases: f64,
    /// Value of each, where the data have values.
    pub spend: Option<f64>,
}

impl Fit<[Customer]> for Purchases {
    type Model = Lifetime;

    fn fit(&self, customers: &[Customer]) -> Result<Lifetime> {
        Lifetime::fit(customers)
    }
}

/// Customers, and the time ahead in the unit of theirs.
impl Predict<(Vec<Customer>, f64)> for Lifetime {
    type Output = Vec<Expected>;

    fn predict(&self, (customers, ahead): &(Vec<Customer>, f64)) -> Result<Vec<Expected>> {
        let expected = |customer: &Customer| {
            Ok(Expected { purchases: self.purchases(customer, *ahead)?, spend: self.spend(customer) })
        };
        customers.iter().map(expected).collect()
    }
}
