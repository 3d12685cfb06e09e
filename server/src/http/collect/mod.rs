//! Collectors: one file per protocol. To add one, write the file and name it in [`routes`].
//!
//! A collector brings its payload to [`NativeEvent`](opentrace_events::native::NativeEvent), has each
//! accepted, and hands all of a request to [`Collector::append`] at once: they become durable
//! together or not at all.

mod file;
mod native;
mod pixel;
mod plausible;
mod split;

pub(crate) use native::TEXTS;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use opentrace_events::accept::{Acceptor, Origin};
use opentrace_events::{Event, SiteId, Sites};
use opentrace_pipeline::Pipeline;
use opentrace_store::Meta;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::HeaderMap;
use warp::reply::Response;

use super::{ApiError, State};
use crate::clock;
use crate::metrics::Metrics;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    native::routes(state)
        .or(file::routes(state))
        .unify()
        .or(plausible::routes(state))
        .unify()
        .or(pixel::routes(state))
        .unify()
        .boxed()
}

/// When to come back where the fault is ours and passing.
const RETRY: Duration = Duration::from_secs(5);

/// What a collector works with. Handed out against the right to collect.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    pub(crate) acceptor: Arc<Acceptor>,
    pub(crate) pipeline: Pipeline,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) meta: Meta,
    pub(crate) sites: Sites,
}

/// How many events of a request are now durable, and how many were known to be repeats.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    accepted: usize,
    duplicates: usize,
}

impl Collector {
    /// Notes, before their events are durable, of which sites visitors are brought in by number: they may
    /// come on days far apart, for which the pipeline has to look.
    async fn note_numbers(&self, of: Vec<SiteId>) -> Result<(), ApiError> {
        for site in of {
            self.meta.note_numbers(site).await?;
            self.sites.note_numbers(site);
        }
        Ok(())
    }

    /// Makes a request's events durable, all or none.
    async fn append(&self, events: Vec<Event>) -> Result<Taken, ApiError> {
        if events.is_empty() {
            return Ok(Taken::default());
        }
        let sent = events.len();
        let appended = self.pipeline.append(events).await?;
        let duplicates = appended.duplicates.len();
        let taken = Taken { accepted: sent - duplicates, duplicates };
        self.metrics.collected(taken.accepted as u64, duplicates as u64);
        Ok(taken)
    }
}

/// What surrounds a request's events.
fn origin(headers: &HeaderMap, ip: IpAddr, trusted: bool, history: bool) -> Origin<'_> {
    let text = |name: &str| headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let set = |name: &str| text(name).is_some_and(|value| value.trim() == "1");
    Origin {
        ip,
        user_agent: text("user-agent").unwrap_or_default(),
        accept_language: text("accept-language"),
        trusted,
        history,
        dnt: set("dnt"),
        gpc: set("sec-gpc"),
        now: clock::now(),
    }
}
