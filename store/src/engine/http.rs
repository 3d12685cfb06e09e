//! ClickHouse's HTTP interface in front of the engine.
//!
//! Understood: `/ping`; `GET` and `POST` with the statement in `query` or in the body, data in the
//! body after an `INSERT … FORMAT`, forms that bring the statement and `param_*`, `database`, `default_format`, settings as further URL
//! parameters, the key in `X-ClickHouse-Key`. Answers are streamed and carry ClickHouse's error text
//! and code; an error after the first piece goes into the body between exception tags, as
//! ClickHouse's own does. Refused: compression (loopback needs none) and sessions.
//!
//! A statement whose client went away is killed.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::execute::{Input, execute};
use super::pool::Pool;
use super::request::{Job, Statement, parse};

/// Pieces of a body that may wait between the network and the engine.
const PIECES: usize = 8;
/// From when its client went away until a statement is killed.
const GRACE: Duration = Duration::from_millis(50);
/// A statement without data may be this long.
const STATEMENT_BYTES: usize = 64 << 20;

type Body = BoxBody<Bytes, Infallible>;

/// Answers requests until the listener fails.
pub(super) async fn serve(listener: TcpListener, secret: Arc<str>, pool: Arc<Pool>) -> Result<(), String> {
    loop {
        let (stream, _) = listener.accept().await.map_err(|e| e.to_string())?;
        // A statement is small and its answer waited for: do not hold packets back.
        let _ = stream.set_nodelay(true);
        let (secret, pool) = (Arc::clone(&secret), Arc::clone(&pool));
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&secret), Arc::clone(&pool)));
            // A connection that breaks is its client's business.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    secret: Arc<str>,
    pool: Arc<Pool>,
) -> Result<Response<Body>, Infallible> {
    if request.uri().path() == "/ping" {
        return Ok(Response::new(full("Ok.\n")));
    }
    let given = request.headers().get("x-clickhouse-key").map(|key| key.as_bytes()).unwrap_or_default();
    if !bool::from(given.ct_eq(secret.as_bytes())) {
        return Ok(refusal("Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)"));
    }
    let uri = request.uri().clone();
    let content_type = request.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let mut body = BodyStream::new(request.into_body());
    let query = uri.query().unwrap_or_default();
    let mut job = match parse(query, &content_type, &mut body, STATEMENT_BYTES).await {
        Ok(job) => job,
        Err(error) => return Ok(refusal(&error)),
    };
    let is_insert = matches!(job.statement, Statement::Insert { .. });
    let running = Running::mark(&mut job, &pool);
    let ended = Arc::clone(&running.ended);
    let (pieces, input) = mpsc::channel(PIECES);
    let (output, mut answered) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        let done = pool.with(|connection| {
            let done = execute(connection, &job, input, &output);
            // Before the connection is another statement's.
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
            done
        });
        if let Err(error) = done {
            // Nobody listens where the client went away.
            let _ = output.blocking_send(Err(error));
        }
    });
    if is_insert {
        send_all(&mut body, pieces).await;
    }
    Ok(match answered.recv().await {
        None => Response::new(full("")),
        Some(Err(error)) => refusal(&error),
        Some(Ok(first)) => stream(first, answered, running),
    })
}

/// Hands the data of an insert on as it comes. Only a body that ended as announced is marked as
/// whole; without the mark nothing is committed.
async fn send_all(body: &mut BodyStream<Incoming>, pieces: mpsc::Sender<Input>) {
    while let Some(frame) = body.next().await {
        let Ok(frame) = frame else { return };
        let piece = frame.into_data().unwrap_or_default();
        if pieces.send(Input::Piece(piece)).await.is_err() {
            return;
        }
    }
    // The receiver is gone where the insert failed already.
    let _ = pieces.send(Input::End).await;
}

/// A statement under way. Dropped before the statement ended, which is when the client went away,
/// it kills the statement. An insert of data is not killed: it ends with its data, and the engine
/// can hang where both happen at once.
///
/// The engine looks for the statement's id and then ends what has that id, and all statements of one
/// connection have the same. So a statement does not end while it is being killed: the next one on its
/// connection would be hit.
struct Running {
    tag: String,
    ended: Arc<Mutex<bool>>,
    pool: Arc<Pool>,
}

impl Running {
    /// Tags a statement, so that it can be found again: in front of its text, or, since the engine
    /// writes text with parameters anew, in a setting.
    fn mark(job: &mut Job, pool: &Arc<Pool>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let tag = format!("/*{}*/", NEXT.fetch_add(1, Ordering::Relaxed));
        if job.params.is_empty() {
            job.statement.sql_mut().insert_str(0, &tag);
        } else {
            job.settings.push(("log_comment".to_owned(), tag.clone()));
        }
        let needs_no_killing = matches!(job.statement, Statement::Insert { .. });
        Self { tag, ended: Arc::new(Mutex::new(needs_no_killing)), pool: Arc::clone(pool) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let (pool, ended, tag) =
            (Arc::clone(&self.pool), Arc::clone(&self.ended), std::mem::take(&mut self.tag));
        if *ended.lock().unwrap_or_else(PoisonError::into_inner) {
            return;
        }
        // Not on the pool of threads that running statements may fill.
        std::thread::spawn(move || {
            // Who read the one row there was goes away a moment before the end.
            std::thread::sleep(GRACE);
            let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
            if !*ended {
                pool.kill(&tag);
            }
        });
    }
}

fn stream(first: Bytes, rest: mpsc::Receiver<Result<Bytes, String>>, running: Running) -> Response<Body> {
    let tag = format!("{:016x}", rand::random::<u64>());
    let mut response = Response::new(());
    if let Ok(value) = tag.parse() {
        response.headers_mut().insert("x-clickhouse-exception-tag", value);
    }
    let first = futures_util::stream::iter([Ok(Frame::data(first))]);
    let rest = futures_util::stream::unfold((rest, running, tag), |(mut rest, running, tag)| async move {
        let piece = rest.recv().await?.unwrap_or_else(|error| late_error(&error, &tag));
        Some((Ok(Frame::data(piece)), (rest, running, tag)))
    });
    response.map(|()| BodyExt::boxed(StreamBody::new(first.chain(rest))))
}

/// An error after the status was sent, in ClickHouse's notation.
fn late_error(error: &str, tag: &str) -> Bytes {
    let message = format!("{}\n", error.trim_end());
    Bytes::from(format!(
        "\r\n__exception__\r\n{tag}\r\n{message}{} {tag}\r\n__exception__\r\n",
        message.len()
    ))
}

fn full(text: &str) -> Body {
    Full::new(Bytes::copy_from_slice(text.as_bytes())).boxed()
}

fn refusal(error: &str) -> Response<Body> {
    let code = error.split_once("Code: ").map_or("", |(_, rest)| rest);
    let code: String = code.chars().take_while(char::is_ascii_digit).collect();
    let mut response = Response::new(full(error));
    *response.status_mut() = match code.as_str() {
        "516" => StatusCode::FORBIDDEN,
        "60" | "81" => StatusCode::NOT_FOUND,
        "6" | "26" | "27" | "36" | "47" | "48" | "53" | "62" | "73" | "115" | "117" | "457" => {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    if let Ok(code) = code.parse() {
        response.headers_mut().insert("x-clickhouse-exception-code", code);
    }
    response
}
