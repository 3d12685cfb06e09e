//! How good a prediction is on rows that it was not trained on.

use super::linear::Task;
use super::metrics::{Metrics, measure};
use super::model::Predictor;
use super::table::{Table, Values};
use crate::error::{Error, Result};

impl Predictor {
    /// Quality on the rows of a table that have a target.
    ///
    /// # Errors
    /// [`Error::Column`] if the target is not in the table, has no value, or holds one class only.
    pub fn measure(&self, table: &Table) -> Result<Metrics> {
        let bad = |why| Error::Column { name: self.target.clone(), why };
        let target = table.column(&self.target).ok_or_else(|| bad("is not in the held-out rows"))?;
        let truth: Vec<f64> = match &target.values {
            Values::Numbers(numbers) => numbers.clone(),
            Values::Categories(names) => {
                let positive = self.positive.as_ref();
                let class = |name: &String| f64::from(u8::from(Some(name) == positive));
                names.iter().map(|name| name.as_ref().map_or(f64::NAN, class)).collect()
            }
        };
        let known: Vec<usize> = (0..table.rows).filter(|row| truth[*row].is_finite()).collect();
        let class = |class: f64| known.iter().any(|row| truth[*row] == class);
        if known.is_empty() || self.task == Task::Class && !(class(0.0) && class(1.0)) {
            return Err(bad("needs both classes among the held-out rows"));
        }
        let predictions = self.predict(&table.select(&known))?;
        let predictions: Vec<f64> = predictions.iter().map(|one| one.prediction).collect();
        let truth: Vec<f64> = known.iter().map(|row| truth[*row]).collect();
        Ok(measure(self.task, &predictions, &truth))
    }

    /// The one figure of that quality by which versions are compared; more is better.
    ///
    /// # Errors
    /// Those of [`Predictor::measure`].
    pub fn merit(&self, table: &Table) -> Result<f64> {
        self.measure(table).map(|metrics| metrics.merit())
    }
}
