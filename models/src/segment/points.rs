//! Points of equal width, one after the other.

use crate::error::{Error, Result};
use ndarray::ArrayView2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// Seed of samples.
const SAMPLED: u64 = 1;

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

    /// At most `most` points, one of each stretch of equal length: which one is by chance, as points may come in
    /// turns, but always the same one.
    pub(super) fn sample(&self, most: usize) -> Points {
        let every = self.len().div_ceil(most);
        let mut random = Xoshiro256Plus::seed_from_u64(SAMPLED);
        let mut values = Vec::with_capacity(most.min(self.len()) * self.width);
        for from in (0..self.len()).step_by(every) {
            let among = every.min(self.len() - from) as u64;
            values.extend_from_slice(self.get(from + (random.next_u64() % among) as usize));
        }
        Points { width: self.width, values }
    }
}

/// Squared Euclidean distance.
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_points_that_come_in_turns_has_some_of_each() {
        let points = Points::new(1, (0..10_000).map(|at| f64::from(at % 10)).collect()).expect("points");
        let sample = points.sample(1_000);
        assert_eq!((sample.len(), points.sample(10_000).len()), (1_000, 10_000));
        for kind in 0..10 {
            let of_kind = sample.iter().filter(|point| point[0] == f64::from(kind)).count();
            assert!((50..150).contains(&of_kind), "{of_kind} of {kind}");
        }
        assert_eq!(sample, points.sample(1_000));
        let few = points.sample(3);
        assert!(few.len() <= 3 && !few.values.is_empty());
    }
}
