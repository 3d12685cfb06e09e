//! `POST /api/v1/events`: our own call, for servers, imports and SDKs.
//!
//! A JSON array, one object, or one object per line; gzip if the sender likes; a bearer key with the
//! scope `collect`. Answers what became of each event. With an `Idempotency-Key` a request may be
//! sent again without counting twice; with `?history=true` and an admin key events may be of any age.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use opentrace_events::accept::derive_id;
use opentrace_events::native::NativeEvent;
use opentrace_events::{Event, Site, SiteId};
use serde::Serialize;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::Response;

use super::split::{is_lines, split};
use super::{Collector, origin};
use crate::auth::{Allowed, Collect, Scope, Who};
use crate::http::{Answer, ApiError, Call, State, json, on};

/// Bodies beyond this are read on a thread of their own, so that they hold nobody up.
const LARGE_BODY: usize = 512 * 1024;
/// The longest `Idempotency-Key`.
const LONGEST_KEY: usize = 255;

/// The fields of an event that are texts and nothing else.
pub(crate) const TEXTS: [&str; 29] = [
    "id",
    "site",
    "url",
    "hostname",
    "path",
    "title",
    "referrer",
    "user_id",
    "anonymous_id",
    "ip",
    "user_agent",
    "country",
    "region",
    "city",
    "device",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "screen",
    "language",
    "platform",
    "app",
    "app_version",
    "source",
    "medium",
    "campaign",
    "term",
    "content",
];

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    on(warp::path!("api" / "v1" / "events"), state, collect)
}

async fn collect(state: Arc<State>, mut call: Call) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Collect>(&call)?;
    let media_type = call.media_type();
    let lines = lines(&media_type)?;
    let history = history(&call, &allowed)?;
    let idempotency = idempotency(&call, allowed.who())?;
    let body = call.body(state.limits.body_bytes, &state.budget).await?;
    let request = Request {
        ip: state.proxies.client(call.peer, &call.headers),
        headers: call.headers,
        collector: state.collector(&allowed).clone(),
        bound: state.bound_site(&allowed)?,
        most: state.limits.events_per_request,
        bytes: body.bytes.clone(),
        lines,
        history,
        idempotency,
    };
    let collector = request.collector.clone();
    let Read { events, rejected, numbered } = request.read_somewhere().await?;
    collector.note_numbers(numbered).await?;
    collector.metrics.rejected(rejected.iter().map(|rejected| rejected.code));
    let taken = collector.append(events).await?;
    let outcome = Outcome { accepted: taken.accepted, duplicates: taken.duplicates, rejected };
    Ok(json(StatusCode::ACCEPTED, &outcome))
}

/// The answer.
#[derive(Debug, Serialize)]
struct Outcome {
    accepted: usize,
    /// As far as known at once.
    duplicates: usize,
    rejected: Vec<Rejected>,
}

/// An event that was not taken, by its place in the request.
#[derive(Debug, Serialize)]
pub(super) struct Rejected {
    pub(super) index: usize,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Everything about a request that its events need to be read.
pub(super) struct Request {
    pub(super) collector: Collector,
    pub(super) bytes: Bytes,
    pub(super) lines: bool,
    pub(super) headers: HeaderMap,
    pub(super) ip: IpAddr,
    /// The site the key is bound to.
    pub(super) bound: Option<Arc<Site>>,
    pub(super) history: bool,
    pub(super) idempotency: Option<Idempotency>,
    pub(super) most: usize,
}

/// What was read of a body.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) events: Vec<Event>,
    pub(super) rejected: Vec<Rejected>,
    /// Sites of whose visitors the numbers are given for the first time.
    pub(super) numbered: Vec<SiteId>,
}

impl Request {
    pub(super) async fn read_somewhere(self) -> Result<Read, ApiError> {
        if self.bytes.len() <= LARGE_BODY {
            return self.read();
        }
        let read = tokio::task::spawn_blocking(move || self.read()).await;
        read.unwrap_or_else(|error| Err(ApiError::internal("reading the events", &error)))
    }

    /// Accepts the events of the body. Fails where the body is no list of events, or where we cannot
    /// say who sent them.
    fn read(&self) -> Result<Read, ApiError> {
        let acceptor = &self.collector.acceptor;
        let origin = origin(&self.headers, self.ip, true, self.history);
        let Read { mut events, mut rejected, mut numbered } = Read::default();
        let (mut index, mut known, mut temporary) = (0, None, None);
        split(&self.bytes, self.lines, self.most, |raw: Result<NativeEvent<'_>, _>| {
            let place = index;
            index += 1;
            let mut reject = |code, message| rejected.push(Rejected { index: place, code, message });
            let raw = match raw {
                Ok(raw) => raw,
                Err(broken) => return reject(broken.code, broken.message),
            };
            let site = match self.site(raw.site.as_deref(), &mut known) {
                Ok(site) => site,
                Err((code, message)) => return reject(code, message),
            };
            let by_number = self.history && raw.visitor.is_some() && !site.knows_people_again();
            match acceptor.accept(&site, self.with_id(raw, place), &origin) {
                Ok(event) => {
                    if by_number && !numbered.contains(&site.id) {
                        numbered.push(site.id);
                    }
                    events.push(event);
                }
                Err(error) if error.is_temporary() => temporary = Some(error),
                Err(error) => reject(error.code(), error.to_string()),
            }
        })?;
        match temporary {
            Some(error) => Err(ApiError::unavailable(error.code(), error.to_string(), super::RETRY)),
            None => Ok(Read { events, rejected, numbered }),
        }
    }

    /// The site of an event. `known` holds the last one: most requests speak of one site.
    fn site(
        &self,
        named: Option<&str>,
        known: &mut Option<(String, Arc<Site>)>,
    ) -> Result<Arc<Site>, (&'static str, String)> {
        if let (Some(bound), None) = (&self.bound, named) {
            return Ok(Arc::clone(bound));
        }
        if let (Some((domain, site)), Some(named)) = (&known, named)
            && domain == named
        {
            return Ok(Arc::clone(site));
        }
        let found = self.collector.acceptor.site(named);
        if let Some(bound) = &self.bound
            && found.as_ref().map_or(true, |site| site.id != bound.id)
        {
            return Err(("site_forbidden", "the key is bound to another site".to_owned()));
        }
        let site = found.map_err(|error| (error.code(), error.to_string()))?;
        *known = named.map(|named| (named.to_owned(), Arc::clone(&site)));
        Ok(site)
    }

    fn with_id<'a>(&self, mut raw: NativeEvent<'a>, index: usize) -> NativeEvent<'a> {
        if let (None, Some(idempotency)) = (&raw.id, &self.idempotency) {
            raw.id = Some(idempotency.id(index).into());
        }
        raw
    }
}

/// The `Idempotency-Key` of a request, and whose it is.
pub(super) struct Idempotency {
    scope: String,
    key: String,
}

impl Idempotency {
    fn id(&self, index: usize) -> String {
        derive_id(&self.scope, &self.key, index).to_string()
    }
}

fn idempotency(call: &Call, who: Who) -> Result<Option<Idempotency>, ApiError> {
    let Some(header) = call.headers.get("idempotency-key") else { return Ok(None) };
    let key = header.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > LONGEST_KEY {
        let message = format!("the Idempotency-Key must be 1 to {LONGEST_KEY} characters of ASCII");
        return Err(ApiError::bad_request("invalid_idempotency_key", message).field("Idempotency-Key"));
    }
    let scope = match who {
        Who::Key(id) | Who::Person(id) | Who::Link(id) => id.to_string(),
        Who::Admin | Who::Local | Who::Browser => "admin".to_owned(),
    };
    Ok(Some(Idempotency { scope, key: key.to_owned() }))
}

fn history(call: &Call, allowed: &Allowed<Collect>) -> Result<bool, ApiError> {
    match call.parameter("history").as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1" | "") if allowed.scopes().allow(Scope::Admin) => Ok(true),
        Some("true" | "1" | "") => {
            Err(ApiError::forbidden("sending history needs a key with the scope `admin`"))
        }
        Some(_) => Err(ApiError::bad_request("invalid_value", "`history` is true or false").field("history")),
    }
}

/// Whether the media type says one event per line. What may hold JSON is taken: curl sends JSON as a
/// form unless told otherwise.
fn lines(media_type: &str) -> Result<bool, ApiError> {
    match media_type {
        _ if is_lines(media_type) => Ok(true),
        ""
        | "application/json"
        | "text/json"
        | "text/plain"
        | "application/octet-stream"
        | "application/x-www-form-urlencoded"
        | "application/gzip" => Ok(false),
        other if other.ends_with("+json") => Ok(false),
        _ => Err(ApiError::unsupported("unsupported_media_type", "events are sent as JSON")
            .field("Content-Type")
            .hint("send application/json or application/x-ndjson")),
    }
}

#[cfg(test)]
mod tests;
