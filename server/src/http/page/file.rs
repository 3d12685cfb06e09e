//! A file as it is sent: its type, its caching, and whether the browser has it already.

use std::borrow::Cow;
use std::fmt::Write;

use sha2::{Digest, Sha256};
use warp::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, VARY,
};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use crate::http::{ApiError, Call};

/// Bytes of the hash that make the tag.
const TAG: usize = 12;

/// Something to send.
#[derive(Debug)]
pub(super) struct File {
    pub(super) bytes: Cow<'static, [u8]>,
    pub(super) media_type: &'static str,
    pub(super) cache: &'static str,
    /// Whether `bytes` are packed with gzip.
    pub(super) packed: bool,
}

impl File {
    /// The answer to `call`, with `more` headers.
    pub(super) fn answer(
        self,
        call: &Call,
        more: &[(HeaderName, &'static str)],
    ) -> Result<Response, ApiError> {
        if call.method != Method::GET && call.method != Method::HEAD {
            return Err(ApiError::method(&call.method, "GET, HEAD"));
        }
        let tag = tag(&self.bytes);
        let known = call.header("if-none-match").is_some_and(|tags| tags.contains(&tag));
        let mut response = match known {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => match self.bytes {
                Cow::Borrowed(bytes) => bytes.into_response(),
                Cow::Owned(bytes) => bytes.into_response(),
            },
        };
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        if self.packed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        set(headers, CONTENT_TYPE, self.media_type);
        set(headers, CACHE_CONTROL, self.cache);
        set(headers, VARY, "accept-encoding");
        set(headers, HeaderName::from_static("x-content-type-options"), "nosniff");
        for (name, value) in more {
            set(headers, name.clone(), value);
        }
        Ok(response)
    }
}

/// Whether the browser takes gzip.
pub(super) fn takes_gzip(call: &Call) -> bool {
    let refused = |coding: &str| coding.split(';').skip(1).any(|weight| weight.trim() == "q=0");
    call.header("accept-encoding").is_some_and(|codings| {
        codings.split(',').any(|coding| {
            coding.split(';').next().is_some_and(|name| name.trim() == "gzip") && !refused(coding)
        })
    })
}

/// The type of a file, by the end of its name.
pub(super) fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

fn tag(bytes: &[u8]) -> String {
    let mut text = String::from('"');
    for byte in &Sha256::digest(bytes)[..TAG] {
        let _ = write!(text, "{byte:02x}"); // into a String, which takes everything
    }
    text.push('"');
    text
}
