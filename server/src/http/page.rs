//! What browsers are given: the dashboard and the tracker, built into the program.

mod dashboard;
mod file;
mod tracker;

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::State;

/// The last of all routes: the dashboard answers every path that nothing else does, because its
/// pages have addresses of their own.
pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    tracker::routes(state).or(dashboard::routes(state)).unify().boxed()
}
