//! `GET` and `PUT /api/v1/look`, `GET /api/v1/look/logo`: the name, colour and logo of whoever runs
//! this server.
//!
//! Everybody may see it: it stands above the form to sign in and above pages that were shared.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentrace_store::meta::{LogoRecord, LookRecord};
use serde::{Deserialize, Serialize};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::{Answer, ApiError, Call, State, json, on};
use crate::auth::Admin;

const LONGEST_NAME: usize = 60;
const LARGEST_LOGO: usize = 200 * 1024;
/// The logo in base64, and everything else.
const BODY_LIMIT: usize = LARGEST_LOGO * 4 / 3 + 16 * 1024;

/// Kinds of pictures, and what their files begin with. What an SVG could run, the policy below forbids.
const PICTURES: [(&str, &[u8]); 4] = [
    ("image/png", b"\x89PNG"),
    ("image/jpeg", b"\xff\xd8"),
    ("image/webp", b"RIFF"),
    ("image/svg+xml", b"<"),
];
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let look = on(warp::path!("api" / "v1" / "look"), state, |state, call| async move {
        match call.method {
            Method::GET => Ok(json(StatusCode::OK, &View::from(&state.look().await?))),
            Method::PUT => change(&state, call).await,
            ref other => Err(ApiError::method(other, "GET, PUT")),
        }
    });
    let logo = on(warp::path!("api" / "v1" / "look" / "logo"), state, |state, call| async move {
        match call.method {
            Method::GET => logo(&state).await,
            ref other => Err(ApiError::method(other, "GET")),
        }
    });
    look.or(logo).unify().boxed()
}

/// The look as it is shown. Empty texts stand for the program's own.
#[derive(Debug, Serialize)]
struct View<'a> {
    name: &'a str,
    accent: &'a str,
    has_logo: bool,
}

impl<'a> From<&'a LookRecord> for View<'a> {
    fn from(look: &'a LookRecord) -> Self {
        Self { name: &look.name, accent: &look.accent, has_logo: look.logo.is_some() }
    }
}

/// The look as it is sent. An absent logo stays; an empty one is taken away.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    name: String,
    #[serde(default)]
    accent: String,
    /// `data:image/png;base64,…`
    logo: Option<String>,
}

async fn change(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Admin>(&call)?;
    if state.bound_site(&allowed)?.is_some() {
        return Err(ApiError::forbidden("a key that is bound to a site cannot change the look of all"));
    }
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let wanted: Wanted = serde_json::from_slice(&body.bytes)
        .map_err(|error| ApiError::bad_request("invalid_json", format!("not a look: {error}")))?;
    let settings = state.settings(&allowed);
    let logo = match wanted.logo.as_deref() {
        None => settings.meta.look().await?.logo,
        Some("") => None,
        Some(given) => Some(picture(given)?),
    };
    let look = LookRecord { name: name(&wanted.name)?, accent: accent(&wanted.accent)?, logo };
    settings.meta.put_look(&look).await?;
    settings.meta.audit(&allowed.who().to_string(), "look.change", &look.name).await?;
    Ok(json(StatusCode::OK, &View::from(&look)))
}

async fn logo(state: &State) -> Answer {
    let Some(logo) = state.look().await?.logo else {
        return Err(ApiError::not_found("no_logo", "this server has no logo of its own"));
    };
    let known = PICTURES.iter().find(|(media_type, _)| *media_type == logo.media_type);
    let media_type = known.map_or("application/octet-stream", |(media_type, _)| *media_type);
    let mut response = logo.bytes.into_response();
    for (name, value) in [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("content-security-policy"), POLICY),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

fn name(given: &str) -> Result<String, ApiError> {
    let name = given.trim();
    if name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(wrong("name", format!("the name has at most {LONGEST_NAME} characters")));
    }
    Ok(name.to_owned())
}

fn accent(given: &str) -> Result<String, ApiError> {
    let digits = given.strip_prefix('#').unwrap_or_default();
    let is_colour = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if given.is_empty() || is_colour {
        return Ok(given.to_ascii_lowercase());
    }
    Err(wrong("accent", "a colour is written as #4f46e5"))
}

fn picture(given: &str) -> Result<LogoRecord, ApiError> {
    let unreadable = || wrong("logo", "a logo is a PNG, JPEG, WebP or SVG, as data:image/png;base64,…");
    let (media_type, data) =
        given.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")).ok_or_else(unreadable)?;
    let (media_type, begins) =
        PICTURES.iter().find(|(known, _)| *known == media_type).ok_or_else(unreadable)?;
    let bytes = STANDARD.decode(data).map_err(|_| unreadable())?;
    if bytes.len() > LARGEST_LOGO {
        return Err(wrong("logo", format!("a logo has at most {} kB", LARGEST_LOGO / 1024)));
    }
    if !bytes.trim_ascii_start().starts_with(begins) {
        return Err(wrong("logo", format!("this is no {media_type}")));
    }
    Ok(LogoRecord { media_type: (*media_type).to_owned(), bytes })
}

fn wrong(field: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::bad_request("invalid_value", message).field(field)
}
