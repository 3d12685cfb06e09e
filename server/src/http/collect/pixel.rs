//! `GET /js/pixel.gif?site=`: a page view without a script.
//!
//! The page is the one the browser names in `Referer`, or `url` where that is given. There is always
//! a picture: nobody reads the answer.

use std::borrow::Cow;
use std::sync::Arc;

use opentrace_events::native::NativeEvent;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use warp::reply::{Reply, Response};

use super::origin;
use crate::http::{Answer, ApiError, Call, State, on};

/// One transparent point.
const PICTURE: &[u8] = &[
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x21, 0xf9, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3b,
];

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let neutral = warp::path(state.tracker.clone()).and(warp::path("p.gif")).and(warp::path::end());
    let known = on(warp::path!("js" / "pixel.gif"), state, show);
    known.or(on(neutral, state, show)).unify().boxed()
}

async fn show(state: Arc<State>, call: Call) -> Answer {
    if call.method != Method::GET {
        return Err(ApiError::method(&call.method, "GET"));
    }
    count(&state, &call).await?;
    let mut response = PICTURE.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "image/gif"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

async fn count(state: &State, call: &Call) -> Result<(), ApiError> {
    let allowed = state.gate.browser();
    let collector = state.collector(&allowed);
    let site = collector.acceptor.site(call.parameter("site").as_deref());
    let page = call.parameter("url").or_else(|| call.header("referer").map(str::to_owned));
    let Some(page) = page else {
        collector.metrics.rejected(["missing_page"]);
        return Ok(());
    };
    let raw = NativeEvent {
        name: Some(Cow::Borrowed("pageview")),
        url: Some(Cow::Owned(page)),
        ..NativeEvent::default()
    };
    let ip = state.proxies.client(call.peer, &call.headers);
    let origin = origin(&call.headers, ip, false, false);
    match site.and_then(|site| collector.acceptor.accept(&site, raw, &origin)) {
        Ok(event) => collector.append(vec![event]).await.map(drop),
        Err(rejection) => {
            collector.metrics.rejected([rejection.code()]);
            Ok(())
        }
    }
}
