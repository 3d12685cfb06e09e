//! The detector as [`Fit`] and [`Predict`].

use super::detector::Detector;
use super::point::Point;
use crate::error::Result;
use crate::learn::{Fit, Predict};

/// A time in milliseconds and what was measured.
type Measured = (i64, Option<f64>);

/// What this detector knows, and these points.
impl Fit<[Measured]> for Detector {
    type Model = Detector;

    fn fit(&self, points: &[Measured]) -> Result<Detector> {
        let mut detector = self.clone();
        for (at_ms, value) in points {
            detector.observe(*at_ms, *value)?;
        }
        Ok(detector)
    }
}

/// Judges the points that follow, each by all before it. The detector itself learns nothing.
impl Predict<[Measured]> for Detector {
    type Output = Vec<Point>;

    fn predict(&self, points: &[Measured]) -> Result<Vec<Point>> {
        let mut detector = self.clone();
        points.iter().map(|(at_ms, value)| detector.observe(*at_ms, *value)).collect()
    }
}
