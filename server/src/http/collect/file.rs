//! `POST /api/v1/import`: a file with history, in any format that `opentrace import` reads.
//!
//! The body is the file, plain or gzip and of any length. It is read as it arrives, a few megabytes are held at
//! a time, beside some 50 bytes for each event that has no id of its own, and while the log is busy the sender
//! waits. Ids follow from what lines say, so a file whose import broke off is sent again as it is.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{sleep, timeout};
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::Response;

use super::native::{Read, Request};
use super::{Collector, Taken};
use crate::auth::{Collect, Scope};
use crate::http::{Answer, ApiError, Call, State, json, on};
use crate::import::cut::BYTES;
use crate::import::{Batch, Cut, Format, Lines, Unreadable, formats};

/// The longest that is waited for the next piece of the file.
const IDLE: Duration = Duration::from_secs(60);
/// Pieces that are held before they are read.
const AHEAD: usize = 16;
/// What one import holds: the batch that is cut, the one that waits, and the one that is written.
const ROOM: usize = 3 * BYTES;
/// How long a batch is offered to a log that is busy, and how often.
const PATIENCE: Duration = Duration::from_secs(300);
const AGAIN: Duration = Duration::from_secs(1);
/// The longest that the answer waits for every view to hold what was taken.
const SETTLING: Duration = Duration::from_secs(60);

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    on(warp::path!("api" / "v1" / "import"), state, import)
}

/// What became of the lines of a file.
#[derive(Debug, Default, Serialize)]
struct Imported {
    lines: u64,
    accepted: u64,
    duplicates: u64,
    /// Lines that are no event, by reason.
    skipped: Vec<Reason>,
    /// Events that were not taken, by code.
    rejected: Vec<Reason>,
}

#[derive(Debug, Serialize)]
struct Reason {
    code: &'static str,
    lines: u64,
    /// The first such line, from 1.
    first: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Counts by reason.
#[derive(Debug, Default)]
struct Reasons(BTreeMap<&'static str, Reason>);

impl Reasons {
    fn count(&mut self, code: &'static str, line: u64, message: Option<String>) {
        let reason = self.0.entry(code).or_insert(Reason { code, lines: 0, first: line, message });
        reason.lines += 1;
    }

    fn lines(&self) -> u64 {
        self.0.values().map(|reason| reason.lines).sum()
    }

    /// The most frequent first.
    fn listed(self) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = self.0.into_values().collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.lines));
        reasons
    }
}

async fn import(state: Arc<State>, call: Call) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Collect>(&call)?;
    if !allowed.scopes().allow(Scope::Admin) {
        return Err(ApiError::forbidden("sending history needs a key with the scope `admin`"));
    }
    let site = state.gate.on_site(&allowed, &call.required("site_id")?)?.site().domain.clone();
    let format = format(&call)?;
    let _room = state.budget.take(ROOM).await?;

    let (pieces, arriving) = mpsc::channel(AHEAD);
    let (batches, cut) = mpsc::channel(1);
    let ip = state.proxies.client(call.peer, &call.headers);
    let Call { headers, stream, .. } = call;
    let collector = state.collector(&allowed).clone();
    let taking = Taking { collector: collector.clone(), headers, ip };
    let reading = tokio::task::spawn_blocking(move || read(Arriving::new(arriving), format, &site, &batches));
    // Each owns its ends of the channels: where one fails the others end as well.
    let (taken, (), read) = tokio::join!(taking.all(cut), receive(stream, pieces), reading);
    let (mut imported, rejected) = taken?;
    let skipped = read.map_err(|error| ApiError::internal("reading a file", &error))??;
    imported.lines += skipped.lines();
    imported.skipped = skipped.listed();
    imported.rejected = rejected.listed();
    // Who looks at the figures now finds them whole, and the same file sent again is known.
    let _ = timeout(SETTLING, collector.pipeline.settled()).await;
    Ok(json(StatusCode::OK, &imported))
}

fn format(call: &Call) -> Result<Format, ApiError> {
    let name = call.required("format")?;
    Format::named(&name).ok_or_else(|| {
        let known: Vec<_> = formats::names().collect();
        ApiError::bad_request("invalid_value", format!("`format` is one of {}", known.join(", ")))
            .field("format")
    })
}

/// Hands on what arrives, and what went wrong at the end.
async fn receive(mut stream: impl Stream<Item = Result<Bytes, ()>> + Unpin, to: Sender<io::Result<Bytes>>) {
    loop {
        let piece = match timeout(IDLE, stream.next()).await {
            Ok(None) => return,
            Ok(Some(Ok(piece))) => Ok(piece),
            Ok(Some(Err(()))) => Err(io::ErrorKind::ConnectionAborted.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let is_last = piece.is_err();
        if to.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

/// What arrives, for who reads and waits.
struct Arriving {
    pieces: Receiver<io::Result<Bytes>>,
    held: Bytes,
}

impl Arriving {
    fn new(pieces: Receiver<io::Result<Bytes>>) -> Self {
        Self { pieces, held: Bytes::new() }
    }
}

impl io::Read for Arriving {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.held.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.held = piece?,
                None => return Ok(0),
            }
        }
        let length = self.held.len().min(to.len());
        self.held.copy_to_slice(&mut to[..length]);
        Ok(length)
    }
}

/// Cuts the file, and gives back the lines that became no event. Ends early when nobody takes the batches.
fn read(source: Arriving, format: Format, site: &str, to: &Sender<Batch>) -> Result<Reasons, ApiError> {
    let mut skipped = Reasons::default();
    let mut reader = format.reader(site);
    let lines = Lines::read(source, reader.has_records()).map_err(broken)?;
    let mut cut = Cut::begin(lines, reader.as_mut()).map_err(|why| match why {
        Unreadable::Io(error) => broken(error),
        Unreadable::Head(why) => {
            ApiError::bad_request("other_format", format!("the file cannot be read: {why}"))
        }
    })?;
    loop {
        let (batch, end) = cut.next(|reason, line| skipped.count(reason, line, None)).map_err(broken)?;
        let is_taken = batch.places.is_empty() || to.blocking_send(batch).is_ok();
        if end || !is_taken {
            return Ok(skipped);
        }
    }
}

fn broken(error: io::Error) -> ApiError {
    let error = match error.kind() {
        io::ErrorKind::ConnectionAborted => {
            ApiError::bad_request("body_incomplete", "the body ended too early")
        }
        io::ErrorKind::TimedOut => {
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", "the body took too long to arrive")
        }
        _ => ApiError::bad_request("bad_gzip", "the file is no valid gzip"),
    };
    error.hint("what came before is taken; the file can be sent again as it is")
}

/// By what events are taken.
struct Taking {
    collector: Collector,
    headers: HeaderMap,
    ip: IpAddr,
}

impl Taking {
    async fn all(self, mut cut: Receiver<Batch>) -> Result<(Imported, Reasons), ApiError> {
        let (mut imported, mut rejected) = (Imported::default(), Reasons::default());
        while let Some(Batch { body, places }) = cut.recv().await {
            let read = self.request(body).read_somewhere().await?;
            for refused in &read.rejected {
                let line = places.get(refused.index).copied().unwrap_or_default();
                rejected.count(refused.code, line, Some(refused.message.clone()));
            }
            let taken = self.take(read).await?;
            imported.lines += places.len() as u64;
            imported.accepted += taken.accepted as u64;
            imported.duplicates += taken.duplicates as u64;
        }
        Ok((imported, rejected))
    }

    fn request(&self, bytes: Bytes) -> Request {
        Request {
            collector: self.collector.clone(),
            bytes,
            lines: true,
            headers: self.headers.clone(),
            ip: self.ip,
            bound: None,
            history: true,
            idempotency: None,
            most: usize::MAX,
        }
    }

    /// Waits while the log is busy.
    async fn take(&self, read: Read) -> Result<Taken, ApiError> {
        let Read { events, rejected, numbered } = read;
        self.collector.note_numbers(numbered).await?;
        self.collector.metrics.rejected(rejected.iter().map(|rejected| rejected.code));
        let began = Instant::now();
        loop {
            match self.collector.append(events.clone()).await {
                Err(error) if is_passing(&error) && began.elapsed() < PATIENCE => sleep(AGAIN).await,
                done => return done,
            }
        }
    }
}

fn is_passing(error: &ApiError) -> bool {
    error.status() == StatusCode::SERVICE_UNAVAILABLE
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use crate::http::testing::{Answer, Server, run};

    async fn import(server: &Server, format: &str, file: &[u8]) -> Answer {
        let path = format!("/api/v1/import?site_id=a.example&format={format}");
        server.call("POST", &path).admin().body(file).await
    }

    #[test]
    fn what_is_no_file_of_the_format_is_refused_in_words() {
        run(async {
            let server = Server::start().await;
            let answer = import(&server, "parchment", b"").await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_value"));
            assert!(answer.text.contains("combined, common, csv, ga4, ndjson, umami"), "{}", answer.text);
            let answer = import(&server, "csv", b"colour,ts\nred,1\n").await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "other_format"));
            assert!(answer.text.contains("no event has a field `colour`"), "{}", answer.text);
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packed.write_all(b"line\n").expect("packs");
            let packed = packed.finish().expect("packs");
            let answer = import(&server, "combined", &packed[..packed.len() - 9]).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "bad_gzip"));
        });
    }

    #[test]
    fn lines_that_are_no_events_are_counted_with_their_first() {
        run(async {
            let server = Server::start().await;
            let file = b"{\"name\":\"a\"}\n{\n\n{\n";
            let answer = import(&server, "ndjson", file).await;
            assert_eq!(
                answer.json(),
                json!({
                    "lines": 4, "accepted": 0, "duplicates": 0, "rejected": [],
                    "skipped": [
                        {"code": "invalid_json", "lines": 2, "first": 2},
                        {"code": "empty", "lines": 1, "first": 3},
                        {"code": "ts_missing", "lines": 1, "first": 1},
                    ],
                })
            );
            assert_eq!(import(&server, "umami", b"").await.json()["lines"], 0);
        });
    }

    #[test]
    fn history_is_for_admins() {
        run(async {
            let server = Server::start().await;
            let key = server.key(&["collect"], None).await;
            let path = "/api/v1/import?site_id=a.example&format=csv";
            assert_eq!(server.call("POST", path).key(&key).body(b"").await.status, 403);
            assert_eq!(server.call("GET", path).admin().send().await.status, 405);
            let unknown = "/api/v1/import?site_id=missing.example&format=csv";
            assert_eq!(server.call("POST", unknown).admin().body(b"").await.status, 404);
        });
    }
}
