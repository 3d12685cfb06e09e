//! Forecasts: what comes next, and how sure is that?
//!
//! In:    the history of a series on a regular grid, missing values among it, the lengths of its seasons,
//!        and events known in advance.
//! Out:   per step the expected value and intervals ([`Forecast`]), all finite.
//! State: none; the history is read anew each time, at most 6,000 points of it.
//!
//! Method. Up to eleven methods ([`Member`]) forecast: the theta method and averaged exponential smoothing, as
//! they are and of logarithms, autoregression, regression on lags of several cycles, decomposition with
//! several seasons, and two naive ones; and, where it was trained, a network that many series share
//! ([`Network`]). All of them first forecast stretches of the history that are already
//! known (rolling validation); the weights are where the mixture would have been best on those, held near
//! even by how little a short history says. Intervals are conformal: ranks of the mixture's errors on the
//! same stretches, and over series where there are many. What was tried, and the figures, are in
//! `docs/models/forecast.md`.
//!
//! Wrong when: the future is not like the past; a season is given that is not there twice; a change of
//! level lies in the last few points, for then it is taken for half of what it is.

mod auto;
mod combine;
mod events;
mod forecaster;
mod grid;
mod interval;
mod lags;
mod learn;
mod learned;
mod linear;
mod members;
mod mstl;
mod network;
mod season;
mod series;
mod smooth;
mod theta;
mod train;
mod widths;

pub use events::Event;
pub use forecaster::{Band, Forecast, Forecaster, MOST_STEPS};
pub use grid::Grid;
pub use learn::Training;
pub use learned::Learned;
pub use members::Member;
pub use network::Network;
pub use season::detect;
pub use train::Worth;
pub use widths::Widths;
