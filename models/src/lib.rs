//! The models of OpenTrace: numbers in, numbers out.
//!
//! A leaf crate: it knows no events, no storage and no network, so that a notebook, the command line and
//! the pipeline run the same code. Nothing here reads a clock or an unseeded random number: the same input
//! gives the same answer.

pub mod anomaly;
pub mod artefact;
pub mod encoder;
pub mod error;
pub mod experiment;
pub mod forecast;
mod learn;
pub mod predict;
pub mod recommend;
pub mod registry;
mod scale;
pub mod segment;

pub use error::{Error, Result};
pub use learn::{Fit, Predict};
