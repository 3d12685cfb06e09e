//! Points of equal width, one after the other.

use crate::error::{Error, Result};
use ndarray::ArrayView2;

/// Rows of finite numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    width: usize,
    values: Vec<f64>,
}

impl Points {
    /// Points of `width` numbers each.
    ///
    /// # Errors
    /// [`Error::Shape`] if the numbers do not make whole points; [`Error::TooFew`] without any;
    /// [`Error::OutOfRange`] for a number that is not finite or beyond 1e100.
    pub fn new(width: usize, values: Vec<f64>) -> Result<Points> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return Err(Error::Shape { field: "values", given: values.len(), want: width });
        }
        if values.is_empty() {
            return Err(Error::TooFew { field: "points", given: 0, want: 1 });
        }
        if let Some(bad) = values.iter().find(|value| !value.is_finite() || value.abs() > 1e100) {
            return Err(Error::OutOfRange { field: "value", given: *bad, want: "between -1e100 and 1e100" });
        }
        Ok(Points { width, values })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Never: a set of points has at least one.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Numbers in a point.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The points in order.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> + Clone {
        self.values.chunks_exact(self.width)
    }

    /// One point.
    pub fn get(&self, at: usize) -> &[f64] {
        &self.values[at * self.width..(at + 1) * self.width]
    }

    /// The points as the library takes them, without a copy.
    pub(super) fn view(&self) -> ArrayView2<'_, f64> {
        let shape = (self.len(), self.width);
        ArrayView2::from_shape(shape, &self.values).expect("`new` takes whole points only")
    }

    /// At most `most` points, evenly taken.
    pub(super) fn sample(&self, most: usize) -> Points {
        let every = self.len().div_ceil(most);
        Points { width: self.width, values: self.iter().step_by(every).flatten().copied().collect() }
    }
}

/// Squared Euclidean distance.
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
