//! Every error answer: `{"error":{"code","message","field","hint"}}` with its status.
//!
//! The one place where a failure of a part below becomes a status. Details of our own failures go to
//! the log under an id; the caller gets the id.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;
use warp::http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::{Reply, Response};

type Text = Cow<'static, str>;

/// An answer that says what went wrong, where, and what would have been right.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    /// Boxed, so that what handlers return stays small.
    body: Box<Body>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: &'a Body,
}

#[derive(Debug, Serialize)]
struct Body {
    code: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<Text>,
}

impl ApiError {
    /// An error with this status, stable code and sentence.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Text>) -> Self {
        let body = Body { code, message: message.into(), field: None, hint: None };
        Self { status, body: Box::new(body), headers: Vec::new() }
    }

    /// 400.
    pub fn bad_request(code: &'static str, message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The refusal of a route that was asked on the caller's behalf.
    /// When to come back, and what is left of a limit, is passed on with it.
    pub(crate) fn passed_on(status: StatusCode, headers: &HeaderMap, body: &serde_json::Value) -> Self {
        let text = |key: &str| {
            body.pointer(&format!("/error/{key}")).and_then(serde_json::Value::as_str).map(str::to_owned)
        };
        let message = text("message").unwrap_or_else(|| "the query was refused".to_owned());
        let code =
            if status == StatusCode::TOO_MANY_REQUESTS { "too_many_requests" } else { "query_refused" };
        let mut error = Self::new(status, code, message);
        error.body.field = text("field").map(Cow::Owned);
        error.body.hint = text("hint").map(Cow::Owned);
        let told = |name: &HeaderName| *name == RETRY_AFTER || name.as_str().starts_with("x-ratelimit-");
        error.headers =
            headers.iter().filter(|(name, _)| told(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
        error
    }

    /// 401: no key, or one nobody has given out.
    pub fn unauthorised(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
            .hint("send `Authorization: Bearer KEY`")
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: a key, but not for this.
    pub fn forbidden(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404.
    pub fn not_found(code: &'static str, message: impl Into<Text>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 404 for a site that does not exist.
    pub fn unknown_site(domain: &str) -> Self {
        Self::not_found("unknown_site", format!("no site `{}`", shortened(domain)))
            .field("site_id")
            .hint("create it with POST /api/v1/sites")
    }

    /// 405; `allowed` is the value of `Allow`.
    pub fn method(given: &Method, allowed: &'static str) -> Self {
        let message = format!("{given} is not possible here");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
            .header(ALLOW, HeaderValue::from_static(allowed))
    }

    /// 409.
    pub fn conflict(code: &'static str, message: impl Into<Text>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 413.
    pub fn too_large(code: &'static str, message: impl Into<Text>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
    }

    /// 415.
    pub fn unsupported(code: &'static str, message: impl Into<Text>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, message)
    }

    /// 400: a field that must be there is not.
    pub fn missing(field: &'static str) -> Self {
        Self::bad_request("missing_field", format!("`{field}` is required")).field(field)
    }

    /// 429 with `Retry-After`.
    pub fn too_many(code: &'static str, message: impl Into<Text>, retry_after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, message).retry_after(retry_after)
    }

    /// 503 with `Retry-After`.
    pub fn unavailable(code: &'static str, message: impl Into<Text>, retry_after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message).retry_after(retry_after)
    }

    /// 500: ours. The chain of causes is logged, the caller gets an id to find it by.
    pub fn internal(what: &'static str, error: &(dyn StdError + 'static)) -> Self {
        let id = Uuid::now_v7();
        tracing::error!(%id, error = %Chain(error), "{what} failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", format!("{what} failed (id {id})"))
    }

    /// Names the field that is wrong.
    #[must_use]
    pub fn field(mut self, field: impl Into<Text>) -> Self {
        self.body.field = Some(field.into());
        self
    }

    /// Says what would have been right.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Text>) -> Self {
        self.body.hint = Some(hint.into());
        self
    }

    /// `Retry-After` in whole seconds, at least one.
    #[must_use]
    pub(super) fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Says what is left of a limit.
    #[must_use]
    pub(super) fn limited(mut self, headers: &[(HeaderName, HeaderValue)]) -> Self {
        self.headers.extend_from_slice(headers);
        self
    }

    #[must_use]
    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.body.code
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl Reply for ApiError {
    fn into_response(self) -> Response {
        let json = warp::reply::json(&Envelope { error: &self.body });
        let mut response = warp::reply::with_status(json, self.status).into_response();
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// An error with its causes, for one log line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn StdError + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(inner) = cause {
            write!(f, ": {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}

/// What somebody sent, short enough to be sent back.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_whole_seconds_and_never_zero() {
        for (wait, header) in [(1, "1"), (999, "1"), (1001, "2"), (30_000, "30")] {
            let error = ApiError::unavailable("busy", "later", Duration::from_millis(wait));
            assert_eq!(error.into_response().headers()[RETRY_AFTER], header);
        }
    }

    #[test]
    fn what_is_sent_back_is_short() {
        assert_eq!(shortened("a.example"), "a.example");
        assert_eq!(shortened(&"ü".repeat(5000)).chars().count(), 101);
    }
}
