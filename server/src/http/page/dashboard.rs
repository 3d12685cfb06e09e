//! The dashboard: one page that finds out by its address what it shows.
//!
//! A release carries the files; a debug build reads them as it runs, so that working on the dashboard
//! needs no new build of the program. Where they were not built, the page says how to.

use std::borrow::Cow;
use std::sync::Arc;

use rust_embed::RustEmbed;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::HeaderName;
use warp::path::Tail;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::file::{File, media_type, takes_gzip};
use crate::http::dashboards::may_embed;
use crate::http::{Answer, ApiError, Call, State, at};

/// What `npm run build` made. Text lies beside itself packed, with `.gz` at the end of its name.
#[derive(RustEmbed)]
#[folder = "../web/dashboard/dist"]
#[exclude = ".vite/*"]
#[allow_missing = true]
struct Built;

const PAGE: &str = "index.html";
const MISSING: &str = include_str!("missing.html");

/// Everything comes from here, nothing is inline, nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The same for a page that was shared to be framed.
const EMBEDDED: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                        img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors *";

/// Files whose names change with what is in them.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let path =
        warp::path::tail().and_then(|tail: Tail| async move { Ok::<_, Rejection>(tail.as_str().to_owned()) });
    at(path, state, |state, call, path| async move {
        let embedded = match path.strip_prefix("shared/") {
            Some(link) => may_embed(&state, link).await,
            None => false,
        };
        show(&call, &path, if embedded { EMBEDDED } else { POLICY })
    })
}

fn show(call: &Call, path: &str, policy: &'static str) -> Answer {
    let file = match path {
        "" => Some(page(call)),
        path => built(call, path).or_else(|| is_page(call, path).then(|| page(call))),
    };
    let file = file.ok_or_else(|| ApiError::not_found("not_found", "there is nothing at this path"))?;
    file.answer(
        call,
        &[
            (HeaderName::from_static("content-security-policy"), policy),
            (HeaderName::from_static("referrer-policy"), "no-referrer"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        ],
    )
}

/// Whether somebody opened an address in a browser. Everybody else learns that nothing is there.
fn is_page(call: &Call, path: &str) -> bool {
    let wants_page = call.header("accept").is_some_and(|accept| accept.contains("text/html"));
    let reads = call.method == Method::GET || call.method == Method::HEAD;
    reads && wants_page && path != "api" && !path.starts_with("api/")
}

fn page(call: &Call) -> File {
    let missing = || File {
        bytes: Cow::Borrowed(MISSING.as_bytes()),
        media_type: media_type(PAGE),
        cache: ASK_AGAIN,
        packed: false,
    };
    built(call, PAGE).unwrap_or_else(missing)
}

fn built(call: &Call, path: &str) -> Option<File> {
    if path.ends_with(".gz") {
        return None;
    }
    let packed = takes_gzip(call).then(|| Built::get(&format!("{path}.gz"))).flatten();
    let is_packed = packed.is_some();
    let bytes = packed.or_else(|| Built::get(path))?.data;
    let cache = if path.starts_with("assets/") { FOR_EVER } else { ASK_AGAIN };
    Some(File { bytes, media_type: media_type(path), cache, packed: is_packed })
}
