//! Server-sent events, as every route that pushes sends them.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use warp::http::header::HeaderValue;
use warp::reply::{Reply, Response};
use warp::sse::Event;

/// Something is sent at least this often, so that proxies and pages know the connection is alive.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Events as they come, until they end or the program stops.
pub(super) fn push(
    events: impl Stream<Item = Result<Event, Infallible>> + Send + Sync + 'static,
    stop: &CancellationToken,
) -> Response {
    let events = events.take_until(stop.clone().cancelled_owned());
    let events = warp::sse::keep_alive().interval(KEEP_ALIVE).stream(events);
    let mut response = warp::sse::reply(events).into_response();
    // Nginx would hold events back until its buffer is full.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
