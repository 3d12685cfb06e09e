//! One pair of traits for every model: [`Fit`] is what is asked for (what to predict, how many steps, which
//! seed), [`Predict`] is what was learned.
//!
//! | asked for | data | model | input | answer |
//! |---|---|---|---|---|
//! | [`predict::Target`](crate::predict::Target) | a [`Table`](crate::predict::Table) with the target | [`Predictor`](crate::predict::Predictor) | a table of `n` rows | `n` predictions, each with as many contributions as the model has columns |
//! | [`predict::Purchases`](crate::predict::Purchases) | customers | [`Lifetime`](crate::predict::Lifetime) | `n` customers and a time ahead | `n` expectations |
//! | [`segment::Search`](crate::segment::Search) | a table | [`Segments`](crate::segment::Segments) | a table of `n` rows | `n` ids of segments |
//! | [`recommend::Items`](crate::recommend::Items) | baskets: the items of each person | [`Recommender`](crate::recommend::Recommender) | a basket | all other items, best first |
//! | [`forecast::Training`](crate::forecast::Training) | histories, one value a step | a [`Forecaster`](crate::forecast::Forecaster) that learned from all of them | a history | `horizon` steps with intervals |
//! | [`anomaly::Detector`](crate::anomaly::Detector) | `n` points, `(milliseconds, value)` | a detector that knows them | the points that follow | a judgement each |
//!
//! All models are [`Serialize`](serde::Serialize): [`artefact::save`](crate::artefact::save) writes any of
//! them into a folder. The same request, data and seed give the same model.

use crate::error::Result;

/// A request that data can answer with a model.
pub trait Fit<Data: ?Sized> {
    /// What is learned.
    type Model;

    /// Learns from data.
    ///
    /// # Errors
    /// What about the data is missing or out of range; see each model.
    fn fit(&self, data: &Data) -> Result<Self::Model>;
}

/// A model that answers.
pub trait Predict<Input: ?Sized> {
    /// The answer.
    type Output;

    /// Answers; every number in it is finite.
    ///
    /// # Errors
    /// What about the input is missing or out of range; see each model.
    fn predict(&self, input: &Input) -> Result<Self::Output>;
}
