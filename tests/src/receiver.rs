//! A receiver of webhooks that is as bad as one can be: it answers half of the time with an error, breaks
//! off or hangs, and notes what it took. At another address, `/gone`, it is not there any longer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use rand::Rng;
use serde_json::Value;
use tokio::net::TcpListener;

/// A message is refused so often in a row at most. Pauses double: of a hundred messages one would else wait longer
/// than any test does, every few runs.
const IN_A_ROW: usize = 7;

/// A message that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub id: String,
    pub body: Value,
    pub at: Instant,
}

/// What came in.
#[derive(Debug, Default)]
struct Book {
    secret: Option<String>,
    taken: Vec<Taken>,
    /// Requests that were not as they should be.
    wrong: Vec<String>,
    refused: usize,
    /// How often each message was refused.
    of_message: HashMap<String, usize>,
}

/// The receiver. It ends with the test.
#[derive(Clone, Debug)]
pub struct Receiver {
    pub url: String,
    book: Arc<Mutex<Book>>,
}

impl Receiver {
    /// Starts one that fails as often as `trouble` says, from 0 to 1.
    pub async fn start(trouble: f64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let book = Arc::new(Mutex::new(Book::default()));
        let receiver = Self { url, book };
        let accepting = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = accepting.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let receiver = receiver.clone();
                        async move { receiver.answer(request, trouble).await }
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A connection that was broken off ends here.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        receiver
    }

    /// Verifies signatures with this secret from now on.
    pub fn expect(&self, secret: &str) {
        self.book.lock().expect("not poisoned").secret = Some(secret.to_owned());
    }

    /// Everything that was taken, in order, and how many requests were refused.
    pub fn taken(&self) -> (Vec<Taken>, usize) {
        let book = self.book.lock().expect("not poisoned");
        assert!(book.wrong.is_empty(), "{:?}", book.wrong);
        (book.taken.clone(), book.refused)
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        trouble: f64,
    ) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let (parts, body) = request.into_parts();
        if parts.uri.path() == "/gone" {
            return Ok(status(410));
        }
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let roll: f64 = rand::rng().random();
        if roll < trouble && self.refuses(&parts.headers) {
            if roll < trouble * 0.2 {
                tokio::time::sleep(Duration::from_secs(20)).await;
            }
            if roll < trouble * 0.5 {
                return Err(std::io::Error::other("broken off"));
            }
            return Ok(status(500));
        }
        self.take(&parts.headers, &body);
        Ok(status(204))
    }

    /// Whether a message may be refused once more, which is noted.
    fn refuses(&self, headers: &HeaderMap) -> bool {
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        let mut book = self.book.lock().expect("not poisoned");
        let times = book.of_message.entry(id.to_owned()).or_default();
        if *times == IN_A_ROW {
            return false;
        }
        *times += 1;
        book.refused += 1;
        true
    }

    fn take(&self, headers: &HeaderMap, body: &[u8]) {
        let mut book = self.book.lock().expect("not poisoned");
        let Some(secret) = &book.secret else { return };
        let verifier = standardwebhooks::Webhook::new(secret).expect("a secret");
        if let Err(error) = verifier.verify(body, headers) {
            book.wrong.push(format!("{error}: {headers:?}"));
            return;
        }
        let id = headers["webhook-id"].to_str().unwrap_or_default().to_owned();
        let body = serde_json::from_slice(body).unwrap_or_default();
        book.taken.push(Taken { id, body, at: Instant::now() });
    }
}

fn status(code: u16) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = hyper::StatusCode::from_u16(code).expect("a status");
    response
}
