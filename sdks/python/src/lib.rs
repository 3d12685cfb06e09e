//! The models of OpenTrace as a Python module, `opentrace._core`.
//!
//! A thin layer: columns of numbers come in as NumPy arrays that are read in place, answers go out as NumPy
//! arrays that own what was computed, and the interpreter is free for other threads while a model works.
//! What data scientists see, frames included, is in `python/opentrace`, written on top of this.

mod anomaly;
mod artefact;
mod error;
mod experiment;
mod explain;
mod forecast;
mod lifetime;
mod predict;
mod recommend;
mod segment;
mod table;

/// Compiled part of the package.
#[pyo3::pymodule]
mod _core {
    #[pymodule_export]
    use super::anomaly::Detector;
    #[pymodule_export]
    use super::artefact::manifest;
    #[pymodule_export]
    use super::experiment::{
        Arm, Mismatch, Posterior, Test, bayes, benjamini_hochberg, cuped, holm, mismatch, proportions,
        sequential, welch,
    };
    #[pymodule_export]
    use super::explain::explain;
    #[pymodule_export]
    use super::forecast::{Learned, detect_seasons};
    #[pymodule_export]
    use super::lifetime::Lifetime;
    #[pymodule_export]
    use super::predict::Predictor;
    #[pymodule_export]
    use super::recommend::Recommender;
    #[pymodule_export]
    use super::segment::Segments;
}
