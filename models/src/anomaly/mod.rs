//! Anomalies: is this point unlike what the series did before, and how?
//!
//! In:    points in order of time, `(milliseconds, value or none)`, one series per [`Detector`].
//! Out:   per point a score in `[0, 1]`, the expected value with its band, the kind and the reason
//!        ([`Point`]). Causal: a point is judged by earlier ones only.
//! State: under 4 KB per series whatever its length, and constant time per point.
//!
//! Method. Four memories predict the next value: robust exponential averages over about 10, 100 and 1,000
//! points, and a profile of the day (of the week, once that predicts better). Each deviation, upwards and
//! downwards apart, is ranked among the earlier deviations of the same memory (the conformal p-value); the
//! rarest of the eight wins; among few points the size of a deviation says what its rank cannot. Repeats are
//! muted for about 190 points, ten days at most where points are days, unless they are louder. There is one
//! set of parameters for every series: everything a series needs is learned from it. What else was tried,
//! and the figures, are in `docs/models/anomaly.md`.
//!
//! Wrong when: the first twenty points (nothing is rare yet); patterns longer than a week; a series whose
//! normal behaviour is to break records. A pattern that is strange only in its shape, each value being
//! ordinary for its hour and next to its neighbours, is not seen.

mod detector;
mod event;
pub mod explain;
mod fatigue;
mod learn;
mod level;
mod mute;
mod point;
mod profile;
mod tail;

pub use detector::Detector;
pub use point::{Against, Kind, Point, Reason, Sensitivity};
