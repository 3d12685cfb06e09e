//! The HTTP API: one file per area, each with a `routes` function.
//!
//! A handler takes a [`State`] and a `Call` and answers with a response or an [`ApiError`]. It gets
//! at data only through the state, and the state asks for proof of a right ([`crate::auth`]).

mod alerts;
mod anomalies;
mod ask;
mod body;
mod cache;
mod call;
pub(crate) mod collect;
mod dashboards;
mod definitions;
mod drain;
mod erasure;
mod error;
mod export;
mod features;
mod forecast;
mod health;
mod inner;
mod insights;
mod keys;
mod listen;
mod live;
mod look;
mod models;
mod openapi;
mod page;
mod people;
mod properties;
mod proxies;
mod push;
mod query;
mod question;
mod rates;
mod refusals;
mod reports;
mod session;
mod sites;
pub mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod turns;
mod verify;
mod words;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

pub use self::body::Budget;
pub(crate) use self::call::Call;
pub use self::call::Peer;
pub use self::error::ApiError;
pub(crate) use self::error::Chain;
pub(crate) use self::features::found as features;
pub(crate) use self::inner::Voice;
pub(crate) use self::listen::serve;
pub use self::proxies::Proxies;
pub use self::state::State;

/// What a handler answers.
type Answer = Result<Response, ApiError>;

/// Every route. Collection stands first, because that is what most requests are.
pub fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let metrics = Arc::clone(state);
    collect::routes(state)
        .or(query::routes(state))
        .unify()
        .or(ask::routes(state))
        .unify()
        .or(reports::routes(state))
        .unify()
        .or(anomalies::routes(state))
        .unify()
        .or(forecast::routes(state))
        .unify()
        .or(insights::routes(state))
        .unify()
        .or(models::routes(state))
        .unify()
        .or(export::routes(state))
        .unify()
        .or(words::routes(state))
        .unify()
        .or(properties::routes(state))
        .unify()
        .or(people::routes(state))
        .unify()
        .or(live::routes(state))
        .unify()
        // The type of all routes in one is nested deeper than the compiler follows.
        .boxed()
        .or(sites::routes(state))
        .unify()
        .or(keys::routes(state))
        .unify()
        .or(definitions::routes(state))
        .unify()
        .or(erasure::routes(state))
        .unify()
        .or(alerts::routes(state))
        .unify()
        .or(verify::routes(state))
        .unify()
        .or(session::routes(state))
        .unify()
        .or(dashboards::routes(state))
        .unify()
        .or(look::routes(state))
        .unify()
        .or(openapi::routes(state))
        .unify()
        .or(health::routes(state))
        .unify()
        .or(page::routes(state))
        .unify()
        .recover(refuse)
        .unify()
        .map(move |response: Response| {
            metrics.metrics.answered(response.status().as_u16());
            response
        })
        .boxed()
}

/// A route at `path`, with what the path holds in its place.
fn at<P, H, F>(path: P, state: &Arc<State>, handler: H) -> BoxedFilter<(Response,)>
where
    P: Filter<Extract = (String,), Error = Rejection> + Clone + Send + Sync + 'static,
    H: Fn(Arc<State>, Call, String) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send,
{
    let state = Arc::clone(state);
    path.and(warp::any().map(move || Arc::clone(&state)))
        .and(call::call())
        .then(move |place, state, call| {
            let answer = handler(state, call, place);
            async move { answer.await.unwrap_or_else(Reply::into_response) }
        })
        .boxed()
}

/// A route at a fixed path.
fn on<P, H, F>(path: P, state: &Arc<State>, handler: H) -> BoxedFilter<(Response,)>
where
    P: Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static,
    H: Fn(Arc<State>, Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send,
{
    at(path.map(String::new), state, move |state, call, _| handler(state, call))
}

/// The answer to what no route took. Handlers answer for themselves, so this is a path nobody knows.
async fn refuse(_: Rejection) -> Result<Response, Infallible> {
    Ok(ApiError::not_found("not_found", "there is nothing at this path").into_response())
}

/// A JSON answer.
fn json(status: StatusCode, body: &impl serde::Serialize) -> Response {
    warp::reply::with_status(warp::reply::json(body), status).into_response()
}
