//! Predictions: will this person churn, convert, buy for how much, and why?
//!
//! In:    a [`Table`] of numbers and categories, either may be missing, and which column to predict.
//! Out:   a [`Predictor`]: per row a calibrated probability (two classes) or a value, and what each column
//!        contributed; the quality on rows that were held out.
//! State: the model, one or two megabytes; training reads the table six times.
//!
//! Method. A ridge regression (logistic for classes), gradient-boosted trees and a random forest (smartcore) are
//! fitted five times, each time without a fifth of the rows. Their scores of the rows that they did not see are
//! weighted by one more small regression, which also calibrates them, and which leaves out what adds nothing
//! to the others. Then all are fitted on all rows. Contributions are exact: base and contributions add up to
//! the log-odds (or value) predicted.
//!
//! The value of customers without features, from their purchases alone, is in [`Lifetime`].
//!
//! Wrong when: a column holds what only became known afterwards; people of tomorrow differ from those of
//! the table; contributions of columns that always move together are read one by one.

mod blend;
mod boost;
mod forest;
mod judge;
mod learn;
mod lifetime;
mod linear;
mod metrics;
mod model;
mod table;

pub(crate) use boost::Seeded;
pub use learn::{Expected, Purchases, Target};
pub use lifetime::{Customer, Lifetime};
pub use linear::Task;
pub use metrics::{Metrics, measure};
pub use model::{Prediction, Predictor};
pub use table::{Column, Kind, Table, Values};
