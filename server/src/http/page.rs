//! The live page, built into the program.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use warp::reply::{Reply, Response};

use super::{ApiError, Call, State, on};

const HTML: &str = include_str!("../../../web/live/index.html");
const SCRIPT: &str = include_str!("../../../web/live/live.js");
const STYLE: &str = include_str!("../../../web/live/live.css");

/// Everything comes from here, nothing is inline, nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let page = on(warp::path::end(), state, |_, call| file(call, "text/html; charset=utf-8", HTML));
    let script =
        on(warp::path!("live.js"), state, |_, call| file(call, "text/javascript; charset=utf-8", SCRIPT));
    let style = on(warp::path!("live.css"), state, |_, call| file(call, "text/css; charset=utf-8", STYLE));
    page.or(script).unify().or(style).unify().boxed()
}

async fn file(call: Call, media_type: &'static str, text: &'static str) -> Result<Response, ApiError> {
    if call.method != Method::GET && call.method != Method::HEAD {
        return Err(ApiError::method(&call.method, "GET, HEAD"));
    }
    let mut response = text.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("content-security-policy"), POLICY),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
