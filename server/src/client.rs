//! A client of our own HTTP API: what the command line uses to reach a server, running elsewhere or
//! in this process.
//!
//! Requests are repeated while the server is away or busy. Repeating is safe: questions change
//! nothing, and events carry ids, so what arrives twice counts once.

mod connect;
mod error;
mod retry;

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

pub use self::connect::{Connection, connect, remote};
pub use self::error::ClientError;
pub use self::retry::Retry;
use crate::config::Secret;

/// The longest a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest one attempt may take. Questions over much data take seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// Speaks to one server. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    key: Option<Secret>,
    retry: Retry,
    timeout: Duration,
}

/// What became of a batch of events.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Collected {
    pub accepted: u64,
    /// As far as the server knew at once.
    #[serde(default)]
    pub duplicates: u64,
    #[serde(default)]
    pub rejected: Vec<Rejected>,
}

/// One event that was not taken.
#[derive(Clone, Debug, Deserialize)]
pub struct Rejected {
    /// Its place in the batch, from 0.
    pub index: usize,
    pub code: String,
    pub message: String,
}

impl Client {
    /// A client of the server at `url`, with the key to show it.
    pub fn new(url: &str, key: Option<Secret>) -> Result<Self, ClientError> {
        // The library takes its cryptography from the process; whoever comes second finds it there.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .user_agent(concat!("opentrace/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| ClientError::Setup { source })?;
        Ok(Self { http, base: base(url)?, key, retry: Retry::default(), timeout: REQUEST_TIMEOUT })
    }

    /// The same client with other patience.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same client that waits this long for each answer.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same client with another key.
    #[must_use]
    pub fn with_key(mut self, key: Secret) -> Self {
        self.key = Some(key);
        self
    }

    /// Where the server is.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Whether it has a key to show.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Sends events, one JSON object per line. `history` says that they may be of any age.
    pub async fn send_events(&self, lines: Bytes, history: bool) -> Result<Collected, ClientError> {
        let path = if history { "/api/v1/events?history=true" } else { "/api/v1/events" };
        self.call(Method::POST, path, Some(("application/x-ndjson", lines))).await
    }

    /// Asks a question in the form of `POST /api/v2/query`.
    pub async fn query(&self, question: &Value) -> Result<Value, ClientError> {
        self.post("/api/v2/query", question).await
    }

    /// Posts JSON and reads the JSON of the answer.
    pub async fn post<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, ClientError> {
        self.call(Method::POST, path, Some(("application/json", body.to_string().into()))).await
    }

    /// Sends a tar archive and reads the JSON of the answer. Not repeated: it would be there twice.
    pub async fn upload<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        archive: Bytes,
    ) -> Result<T, ClientError> {
        let bytes = self.attempt(&Method::POST, path, Some(("application/x-tar", archive))).await?;
        serde_json::from_slice(&bytes)
            .map_err(|source| ClientError::Unexpected { path: path.to_owned(), source })
    }

    /// Changes something by JSON and reads the JSON of the answer.
    pub async fn patch<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, ClientError> {
        self.call(Method::PATCH, path, Some(("application/json", body.to_string().into()))).await
    }

    /// Removes something.
    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.bytes(Method::DELETE, path, None).await.map(drop)
    }

    /// Reads JSON.
    pub async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::GET, path, None).await
    }

    /// An answer that is read as it comes, such as a stream of server-sent events. Not repeated.
    pub async fn open(&self, path: &str) -> Result<Response, ClientError> {
        let request = self.request(&Method::GET, path, None)?;
        let answer = request.send().await.map_err(|source| self.unreachable(source))?;
        if answer.status().is_success() { Ok(answer) } else { Err(ClientError::refused(answer).await) }
    }

    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<T, ClientError> {
        let bytes = self.bytes(method, path, body).await?;
        serde_json::from_slice(&bytes)
            .map_err(|source| ClientError::Unexpected { path: path.to_owned(), source })
    }

    async fn bytes(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Bytes, ClientError> {
        let body = &body;
        self.retry.run(|| self.attempt(&method, path, body.clone())).await
    }

    async fn attempt(
        &self,
        method: &Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Bytes, ClientError> {
        let request = self.request(method, path, body)?.timeout(self.timeout);
        let answer = request.send().await.map_err(|source| self.unreachable(source))?;
        if !answer.status().is_success() {
            return Err(ClientError::refused(answer).await);
        }
        answer.bytes().await.map_err(|source| self.unreachable(source))
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<RequestBuilder, ClientError> {
        let url = self.base.join(path.trim_start_matches('/'));
        let url = url.map_err(|_| ClientError::BadUrl { given: path.to_owned(), reason: "not a path" })?;
        let mut request = self.http.request(method.clone(), url);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.reveal());
        }
        if let Some((media_type, bytes)) = body {
            request = request.header(CONTENT_TYPE, media_type).body(bytes);
        }
        Ok(request)
    }

    fn unreachable(&self, source: reqwest::Error) -> ClientError {
        ClientError::Unreachable { url: self.base.to_string(), source: source.without_url() }
    }
}

/// The address that paths are put behind: with a scheme and a slash at the end.
fn base(given: &str) -> Result<Url, ClientError> {
    let bad = |reason| ClientError::BadUrl { given: given.to_owned(), reason };
    let text = if given.contains("://") { given.to_owned() } else { format!("http://{given}") };
    let mut url = Url::parse(&text).map_err(|_| bad("not an address like http://127.0.0.1:8080"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("the scheme must be http or https"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed_or_refused() {
        for (given, want) in [
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080/")),
            ("localhost:9000", Some("http://localhost:9000/")),
            ("http://a.example/stats", Some("http://a.example/stats/")),
            ("https://a.example", Some("https://a.example/")),
            ("ftp://a.example", None),
            ("http://", None),
        ] {
            assert_eq!(base(given).ok().as_ref().map(Url::as_str), want, "{given}");
        }
    }

    #[test]
    fn a_path_goes_behind_the_address() {
        let base = base("http://a.example/stats").expect("an address");
        let url = base.join("/api/v1/status".trim_start_matches('/')).expect("joined");
        assert_eq!(url.as_str(), "http://a.example/stats/api/v1/status");
    }
}
