//! Segments: which kinds of people are there, and what sets them apart?
//!
//! In:    a table of features, numbers and categories, either may be missing; the segments of an earlier
//!        training, if there was one.
//! Out:   [`Segments`]: their number chosen by the data, each with a share, a name in words and what sets it
//!        apart, and an id that keeps its meaning across retraining.
//! State: one centre per segment.
//!
//! Method. Features are centred and scaled, heavy tails compressed, categories become one place each. k-means
//! for every number of segments up to twelve on a sample; the number with the best silhouette wins, and
//! with none above 0.2 there is one segment. Or a Gaussian mixture, its number by the Bayesian information
//! criterion; or density clustering, which finds its number itself; outliers go to the nearest group. New rows
//! belong to the nearest centre. A segment keeps the id of the old one that lies nearest, if it lies near.
//!
//! Wrong when: people vary gradually, for then every border is arbitrary; the silhouette says how much.

mod density;
mod kmeans;
mod learn;
mod mixture;
mod model;
mod points;
mod words;

pub use density::density;
pub use kmeans::{Clusters, kmeans};
pub use learn::Search;
pub use mixture::Mixture;
pub use model::{Difference, Method, Segment, Segments};
pub use points::Points;
