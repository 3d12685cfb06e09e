//! `POST /api/event`: Plausible's call, as its browser script and its documentation send it, and as
//! our tracker does, which adds an `id` to know an event again by and how long it waited (`qt`).
//!
//! Its clients do not read the answer and do not send again, so what the site does not want is
//! dropped quietly: 202 with `x-plausible-dropped`. Only a body that is no event is a 400.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use opentrace_events::accept::{Origin, revenue};
use opentrace_events::native::{NativeEvent, Props, Revenue, When};
use opentrace_events::{Event, Rejection, Site};
use serde::Deserialize;
use serde_json::value::RawValue;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderName,
    HeaderValue, VARY,
};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::{Collector, RETRY, origin};
use crate::http::{Answer, ApiError, Call, State, on};

/// A page view is a few hundred bytes; one with every property is 70 KB, and nobody sends that.
const BODY_LIMIT: usize = 64 * 1024;
/// Sites one call may name.
const MOST_DOMAINS: usize = 20;
/// Properties beyond this are left out.
const MOST_PROPS: usize = 30;
/// Bytes of an id; a longer one is not ours.
const LONGEST_ID: usize = 100;
/// Milliseconds an event may say that it waited; one that says more happened now.
const LONGEST_WAIT: u64 = 24 * 3600 * 1000;
const DROPPED: HeaderName = HeaderName::from_static("x-plausible-dropped");

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let neutral = warp::path(state.tracker.clone()).and(warp::path("e")).and(warp::path::end());
    let known = on(warp::path!("api" / "event"), state, answer);
    known.or(on(neutral, state, answer)).unify().boxed()
}

async fn answer(state: Arc<State>, call: Call) -> Answer {
    let origin = call.headers.get("origin").cloned();
    let answer = match call.method {
        Method::OPTIONS => Ok(preflight()),
        Method::POST => collect(&state, call).await,
        ref other => Err(ApiError::method(other, "POST, OPTIONS")),
    };
    Ok(allow_origin(answer.unwrap_or_else(Reply::into_response), origin))
}

async fn collect(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.browser();
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let payload = Payload::read(&body.bytes)?;
    let ip = state.proxies.client(call.peer, &call.headers);
    let collector = state.collector(&allowed);
    let (events, dropped) = payload.events(collector, &origin(&call.headers, ip, false, false))?;
    collector.metrics.rejected(dropped.iter().map(Rejection::code));
    collector.append(events).await?;

    let debug = call.header("x-debug-request").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut response = match debug {
        true => ip.to_string().into_response(),
        false => warp::reply::with_status("ok", StatusCode::ACCEPTED).into_response(),
    };
    if !dropped.is_empty() {
        response.headers_mut().insert(DROPPED, HeaderValue::from(dropped.len()));
    }
    Ok(response)
}

/// The body, by its short and its long names. The short ones win.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload<'a> {
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    u: Option<&'a RawValue>,
    #[serde(borrow)]
    url: Option<&'a RawValue>,
    #[serde(borrow)]
    d: Option<&'a RawValue>,
    #[serde(borrow)]
    domain: Option<&'a RawValue>,
    #[serde(borrow)]
    r: Option<&'a RawValue>,
    #[serde(borrow)]
    referrer: Option<&'a RawValue>,
    #[serde(borrow)]
    m: Option<&'a RawValue>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    p: Option<&'a RawValue>,
    #[serde(borrow)]
    props: Option<&'a RawValue>,
    #[serde(borrow)]
    h: Option<&'a RawValue>,
    #[serde(borrow, rename = "hashMode")]
    hash_mode: Option<&'a RawValue>,
    #[serde(borrow, rename = "$")]
    dollar: Option<&'a RawValue>,
    #[serde(borrow)]
    revenue: Option<&'a RawValue>,
    #[serde(borrow)]
    i: Option<&'a RawValue>,
    #[serde(borrow)]
    interactive: Option<&'a RawValue>,
    #[serde(borrow)]
    sd: Option<&'a RawValue>,
    #[serde(borrow)]
    e: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    qt: Option<&'a RawValue>,
}

impl<'a> Payload<'a> {
    fn read(body: &'a [u8]) -> Result<Self, ApiError> {
        let object = body.trim_ascii_start().first() == Some(&b'{'); // serde takes arrays, too
        let payload = serde_json::from_slice(body).ok().filter(|_| object);
        payload.ok_or_else(|| ApiError::bad_request("invalid_json", "the body is not a JSON object"))
    }

    /// One event per site that is named, and why others are dropped.
    fn events(
        &self,
        collector: &Collector,
        origin: &Origin<'_>,
    ) -> Result<(Vec<Event>, Vec<Rejection>), ApiError> {
        let name = required(self.n.or(self.name), "name")?;
        let url = required(self.u.or(self.url), "url")?;
        if url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
            return Err(refused("url", "the scheme `data` is not allowed"));
        }
        let domains = self.domains(&url)?;
        let raw = NativeEvent {
            name: Some(name),
            url: Some(url),
            referrer: self.r.or(self.referrer).and_then(text),
            hash_mode: self.h.or(self.hash_mode).map(is_true),
            props: self.m.or(self.meta).or(self.p).or(self.props).map(props),
            // Whether it is there counts, not whether it is true: `"i":false` is what it is for.
            interactive: self.i.or(self.interactive).map(|value| !is_false(value)),
            scroll_depth: self.sd.map(whole),
            engagement_ms: self.e.map(whole),
            id: self.id.and_then(text).filter(|id| (1..=LONGEST_ID).contains(&id.trim().len())),
            ts: self.qt.map(whole).filter(|waited| (1..=LONGEST_WAIT).contains(waited)).map(|waited| {
                When::Ms(origin.now.0 - waited as i64) // at most a day
            }),
            ..NativeEvent::default()
        };
        let revenue = self.dollar.or(self.revenue).and_then(|value| serde_json::from_str(value.get()).ok());
        let (mut events, mut dropped) = (Vec::new(), Vec::new());
        for domain in domains.split(',') {
            let site = match collector.acceptor.site(Some(domain)) {
                Ok(site) => site,
                Err(unknown) => {
                    dropped.push(unknown);
                    continue;
                }
            };
            let raw = NativeEvent { revenue: believed(revenue.as_ref(), &site), ..raw.clone() };
            match collector.acceptor.accept(&site, raw, origin) {
                Ok(event) => events.push(event),
                Err(error @ (Rejection::Bot | Rejection::PrivacySignal)) => dropped.push(error),
                Err(error) if error.is_temporary() => {
                    return Err(ApiError::unavailable(error.code(), error.to_string(), RETRY));
                }
                Err(error) => {
                    let answer = ApiError::bad_request(error.code(), error.to_string());
                    return Err(match error.field() {
                        Some(field) => answer.field(field),
                        None => answer,
                    });
                }
            }
        }
        Ok((events, dropped))
    }

    /// The domains named, else the host of the page.
    fn domains(&self, url: &str) -> Result<Cow<'a, str>, ApiError> {
        let domains = match self.d.or(self.domain) {
            Some(named) => text(named).ok_or_else(|| refused("domain", "`domain` must be a text"))?,
            None => {
                let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
                Cow::Owned(host.unwrap_or_default())
            }
        };
        if domains.trim().is_empty() {
            return Err(refused("domain", "`domain` is required"));
        }
        if domains.split(',').count() > MOST_DOMAINS {
            return Err(refused("domain", "too many domains"));
        }
        Ok(domains)
    }
}

/// Revenue that can be read. Other revenue is left out and the event kept.
fn believed<'a>(sent: Option<&Revenue<'a>>, site: &Site) -> Option<Revenue<'a>> {
    sent.filter(|sent| revenue(sent, site).is_ok()).cloned()
}

fn required<'a>(value: Option<&'a RawValue>, field: &'static str) -> Result<Cow<'a, str>, ApiError> {
    let value = value.ok_or_else(|| refused(field, format!("`{field}` is required")))?;
    let text = text(value).ok_or_else(|| refused(field, format!("`{field}` must be a text")))?;
    if text.trim().is_empty() { Err(refused(field, format!("`{field}` is required"))) } else { Ok(text) }
}

fn refused(field: &'static str, message: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::bad_request("invalid_event", message).field(field)
}

/// A JSON text's contents.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let json = value.get();
    if !json.starts_with('"') {
        return None;
    }
    let plain = serde_json::from_str::<&str>(json).map(Cow::Borrowed); // fails where there are escapes
    plain.or_else(|_| serde_json::from_str::<String>(json).map(Cow::Owned)).ok()
}

/// Properties as an object, or as a text that holds one: old clients send that. Lists, objects and
/// empty values are left out.
fn props(value: &RawValue) -> Props<'static> {
    let inner = text(value);
    let json = inner.as_deref().unwrap_or(value.get());
    let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) else {
        return Props::default();
    };
    let single = object.into_iter().filter(|(key, _)| !key.is_empty()).filter_map(|(key, value)| {
        let value = match value.get().as_bytes().first() {
            Some(b'[' | b'{' | b'n') | None => return None,
            Some(b'"') => text(value)?.into_owned(),
            Some(_) => value.get().to_owned(),
        };
        (!value.is_empty()).then_some((Cow::Owned(key), Cow::Owned(value)))
    });
    Props(single.take(MOST_PROPS).collect())
}

fn is_true(value: &RawValue) -> bool {
    matches!(value.get(), "1" | "true" | "\"1\"" | "\"true\"")
}

fn is_false(value: &RawValue) -> bool {
    matches!(value.get(), "0" | "false" | "\"0\"" | "\"false\"")
}

/// A number without its fraction; what is none, or negative, is zero.
fn whole(value: &RawValue) -> u64 {
    let number: f64 = value.get().trim_matches('"').parse().unwrap_or_default();
    number as u64 // saturates
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS"));
    let allowed = "content-type, content-encoding, x-debug-request, x-requested-with";
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(allowed));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// Any page may send. The origin is named instead of `*`, because beacons are sent with credentials.
fn allow_origin(mut response: Response, origin: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers
        .insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-plausible-dropped, retry-after"));
    headers.insert(VARY, HeaderValue::from_static("origin"));
    match origin {
        Some(origin) => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        None => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
    }
    response
}

#[cfg(test)]
mod tests;
