//! `GET /api/v1/alerts/stream`: what happens to alerts, as it happens.
//!
//! Server-sent events, each with the number of its step as id: who was cut off goes on after
//! `Last-Event-ID` (or `?last_event_id=`) and misses nothing. Asked with `Upgrade: websocket` the same
//! comes as messages of a WebSocket.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, Stream, StreamExt};
use opentrace_store::meta::AlertHistoryPage;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::{Reply, Response};
use warp::sse::Event;
use warp::ws::{Message, WebSocket, Ws};

use super::super::push::{KEEP_ALIVE, push};
use super::history::{sites_of, step};
use super::{Answer, ApiError, Call, State, on};
use crate::auth::{Allowed, Read};

/// Steps that are read at once.
const PIECE: u32 = 200;
/// A pause after the metadata could not be read.
const TROUBLE: Duration = Duration::from_secs(1);

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let path = || warp::path!("api" / "v1" / "alerts" / "stream");
    let shared = Arc::clone(state);
    let socket = path()
        .and(warp::ws())
        .and(super::super::call::call())
        .map(move |ws: Ws, call: Call| match Steps::open(&shared, &call) {
            Ok(steps) => ws.on_upgrade(move |socket| talk(socket, steps)).into_response(),
            Err(error) => error.into_response(),
        })
        .boxed();
    let events = on(path(), state, |state, call| async move { events(&state, &call) });
    socket.or(events).unify().boxed()
}

fn events(state: &Arc<State>, call: &Call) -> Answer {
    let steps = Steps::open(state, call)?.stream();
    let events = steps.map(|(id, step)| {
        let kind = step["type"].as_str().unwrap_or_default().to_owned();
        Ok::<_, Infallible>(Event::default().id(id.to_string()).event(kind).data(step.to_string()))
    });
    Ok(push(events, &state.stop))
}

async fn talk(socket: WebSocket, steps: Steps) {
    let stop = steps.state.stop.clone();
    let (mut out, mut from) = socket.split();
    let mut steps = std::pin::pin!(steps.stream());
    let mut alive = tokio::time::interval(KEEP_ALIVE);
    loop {
        let message = tokio::select! {
            Some((_, step)) = steps.next() => Message::text(step.to_string()),
            _ = alive.tick() => Message::ping(Vec::new()),
            // What they say does not matter, but that they are gone does.
            said = from.next() => match said {
                Some(Ok(message)) if !message.is_close() => continue,
                _ => return,
            },
            () = stop.cancelled() => return,
        };
        if out.send(message).await.is_err() {
            return;
        }
    }
}

/// Steps from one on, for somebody.
struct Steps {
    state: Arc<State>,
    allowed: Allowed<Read>,
    sites: Option<Vec<u32>>,
    newest: watch::Receiver<i64>,
    last: i64,
    read: VecDeque<(i64, Value)>,
}

impl Steps {
    fn open(state: &Arc<State>, call: &Call) -> Result<Self, ApiError> {
        if call.method != Method::GET {
            return Err(ApiError::method(&call.method, "GET"));
        }
        let allowed = state.gate.allow::<Read>(call)?;
        let sites = sites_of(state, &allowed, call)?;
        let newest = state.watched(&allowed).steps();
        let asked =
            call.header("last-event-id").map(str::to_owned).or_else(|| call.parameter("last_event_id"));
        let last = match asked {
            None => *newest.borrow(),
            Some(text) => text.trim().parse().map_err(|_| {
                ApiError::bad_request("invalid_value", "`Last-Event-ID` is not the id of a step")
                    .field("Last-Event-ID")
            })?,
        };
        Ok(Self { state: Arc::clone(state), allowed, sites, newest, last, read: VecDeque::new() })
    }

    fn stream(self) -> impl Stream<Item = (i64, Value)> + Send + Sync {
        let (tell, told) = mpsc::channel(16);
        tokio::spawn(async move {
            let mut steps = self;
            loop {
                tokio::select! {
                    step = steps.next() => {
                        let Some(step) = step else { return };
                        if tell.send(step).await.is_err() {
                            return;
                        }
                    }
                    () = tell.closed() => return,
                }
            }
        });
        ReceiverStream::new(told)
    }

    async fn next(&mut self) -> Option<(i64, Value)> {
        loop {
            if let Some(step) = self.read.pop_front() {
                return Some(step);
            }
            let seen = *self.newest.borrow_and_update();
            let page = AlertHistoryPage {
                sites: self.sites.clone(),
                after: Some(self.last),
                limit: PIECE,
                ..AlertHistoryPage::default()
            };
            match self.state.watched(&self.allowed).meta().alert_history(&page).await {
                Ok(records) if records.is_empty() => {
                    self.last = self.last.max(seen);
                    tokio::select! {
                        changed = self.newest.changed() => changed.ok()?,
                        () = self.state.stop.cancelled() => return None,
                    }
                }
                Ok(records) => {
                    self.last = records.last().map_or(self.last, |record| record.seq);
                    let steps =
                        records.iter().map(|record| (record.seq, step(&self.state, &self.allowed, record)));
                    self.read = steps.collect();
                }
                Err(error) => {
                    tracing::error!(%error, "the history of alerts cannot be read");
                    tokio::time::sleep(TROUBLE).await;
                }
            }
        }
    }
}
