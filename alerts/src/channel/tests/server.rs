//! A server for tests: what it is sent goes to a function that stands for a service.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request as a service looks at it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    /// The fields of a form, or the whole of JSON under the empty name.
    pub(super) parts: Vec<(String, Bytes)>,
}

/// What it answers: a status, a header, and a body.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) retry_after: Option<u32>,
    pub(super) body: String,
}

pub(super) fn say(status: u16, body: &Value) -> Said {
    Said { status, retry_after: None, body: body.to_string() }
}

impl Asked {
    pub(super) fn part(&self, name: &str) -> Option<&Bytes> {
        self.parts.iter().find(|(held, _)| held == name).map(|(_, value)| value)
    }

    pub(super) fn json(&self, name: &str) -> Value {
        self.part(name).and_then(|part| serde_json::from_slice(part).ok()).unwrap_or_default()
    }
}

type Service = Arc<dyn Fn(&Asked) -> Said + Send + Sync>;

/// Starts a service; its address, and everything that it was asked.
pub(super) async fn start(
    service: impl Fn(&Asked) -> Said + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (service, book): (Service, _) = (Arc::new(service), Arc::clone(&asked));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (service, book) = (Arc::clone(&service), Arc::clone(&book));
            let service = service_fn(move |request| answer(request, Arc::clone(&service), Arc::clone(&book)));
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (url, asked)
}

async fn answer(
    request: Request<Incoming>,
    service: Service,
    book: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let kind = head.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let parts = match kind.split_once("boundary=") {
        Some((_, boundary)) => form(&body, boundary),
        None => vec![(String::new(), body)],
    };
    let asked = Asked { path: head.uri.path().to_owned(), parts };
    let said = service(&asked);
    book.lock().unwrap().push(asked);
    let mut response = Response::builder().status(said.status).header("content-type", "application/json");
    if let Some(wait) = said.retry_after {
        response = response.header("retry-after", wait);
    }
    Ok(response.body(Full::new(said.body.into())).unwrap())
}

/// The parts of `multipart/form-data` (RFC 7578).
fn form(body: &Bytes, boundary: &str) -> Vec<(String, Bytes)> {
    let mark = format!("--{boundary}");
    let find = |from: usize, what: &[u8]| {
        body[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let mut parts = Vec::new();
    let mut at = find(0, mark.as_bytes());
    while let Some(start) = at {
        let next = find(start + mark.len(), mark.as_bytes());
        let (Some(end), Some(head)) = (next, find(start, b"\r\n\r\n")) else { break };
        let header = String::from_utf8_lossy(&body[start..head]).into_owned();
        let name = header.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        parts.push((name.to_owned(), body.slice(head + 4..end - 2)));
        at = next;
    }
    parts
}
