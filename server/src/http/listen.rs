//! Accepts connections and speaks HTTP/1.1 on them, within limits, until told to stop.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::filters::BoxedFilter;
use warp::http::header::EXPECT;
use warp::reply::Response;

use super::call::Peer;
use super::drain::Drained;

/// The longest a request's head may take, which is also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// The longest the requests in progress may take once the program is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// The most that is read ahead of a connection, and so the longest a request's head may be.
const READ_AHEAD: usize = 256 * 1024;
/// The pause after the system refused a connection, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `routes` until `stop` is cancelled, then lets the requests in progress finish.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: BoxedFilter<(Response,)>,
    connections: usize,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
    let tasks = TaskTracker::new();
    tokio::select! {
        () = accept(&listener, &routes, &room, &tasks, &stop) => {}
        () = stop.cancelled() => {}
    }
    drop(listener);
    tasks.close();
    if timeout(DRAIN, tasks.wait()).await.is_err() {
        tracing::warn!(open = tasks.len(), "connections did not finish in time");
    }
}

async fn accept(
    listener: &TcpListener,
    routes: &BoxedFilter<(Response,)>,
    room: &Arc<Semaphore>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    // The semaphore is never closed; if it were, nothing more could be accepted.
    while let Ok(place) = Arc::clone(room).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tasks.spawn(connection(stream, Peer(peer), routes.clone(), stop.clone(), place));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    routes: BoxedFilter<(Response,)>,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    // Answers are small and written at once: waiting to fill a packet only adds delay.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let inner = TowerToHyperService::new(warp::service(routes));
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let waits = request.headers().contains_key(EXPECT);
        let answer = inner.call(request.map(|body| Drained::new(body, waits)));
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(READ_AHEAD);
    let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
