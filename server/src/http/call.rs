//! A request, taken apart once for every handler.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use warp::http::{HeaderMap, Method};
use warp::{Filter, Rejection};

use super::ApiError;

/// Who is at the other end of the connection. The listener puts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Marks a request that the program makes for a caller whose question was counted already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted;

/// The pieces of a body as they arrive. What went wrong underneath is of no use to a handler.
type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, ()>> + Send + Sync>>;

/// A request.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    /// What follows the question mark; empty where nothing does.
    pub(crate) query: String,
    pub(crate) peer: SocketAddr,
    /// Whether it is part of a question that was counted.
    pub(super) counted: bool,
    pub(super) stream: Pieces,
}

impl std::fmt::Debug for Call {
    /// Without headers, query and peer: they may tell who somebody is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Takes the request apart; the path is matched before.
pub(super) fn call() -> impl Filter<Extract = (Call,), Error = Rejection> + Clone {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let peer = warp::ext::optional().map(move |peer: Option<Peer>| peer.map_or(nobody, |peer| peer.0));
    warp::method()
        .and(warp::header::headers_cloned())
        .and(query)
        .and(peer)
        .and(warp::ext::optional::<Counted>())
        .and(warp::body::stream())
        .map(|method, headers, query, peer, counted: Option<Counted>, body| {
            let (counted, stream) = (counted.is_some(), pieces(body));
            Call { method, headers, query, peer, counted, stream }
        })
}

fn pieces<B: Buf>(body: impl Stream<Item = Result<B, warp::Error>> + Send + Sync + 'static) -> Pieces {
    // The buffers are `Bytes` underneath, so this copies nothing.
    Box::pin(body.map(|piece| piece.map(|mut piece| piece.copy_to_bytes(piece.remaining())).map_err(drop)))
}

impl Call {
    /// A header's text; `None` where it is missing or not ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The declared length of the body.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// The media type without parameters, in lower case; empty where there is none.
    pub(crate) fn media_type(&self) -> String {
        let text = self.header("content-type").unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// A parameter of the query string, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        if self.query.is_empty() {
            return None;
        }
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// A parameter of the query string that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<String, ApiError> {
        self.parameter(name).ok_or_else(|| ApiError::missing(name))
    }

    /// Whether the request comes from this machine and not through a proxy.
    pub(crate) fn is_local(&self) -> bool {
        let forwarded = ["x-forwarded-for", "forwarded", "via"];
        self.peer.ip().to_canonical().is_loopback()
            && forwarded.iter().all(|name| !self.headers.contains_key(*name))
    }

    /// Whether the request names this machine as its host. A page of another site that made its own
    /// name point here does not.
    pub(crate) fn names_local_host(&self) -> bool {
        let Some(host) = self.header("host") else { return false };
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback())
    }
}
