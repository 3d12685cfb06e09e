//! What handlers work with. Everything that holds data is handed out against proof of a right.

use std::sync::Arc;

use opentrace_events::accept::Acceptor;
use opentrace_events::{Site, Sites};
use opentrace_pipeline::{Pipeline, Progress, Status};
use opentrace_store::{Meta, Store};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::collect::Collector;
use super::live::Watchers;
use super::{ApiError, Budget, Proxies};
use crate::auth::{Admin, Allowed, Collect, Gate, OnSite, Reach, Read, Right, Write};
use crate::config::Limits;
use crate::metrics::Metrics;

/// Questions that ClickHouse is asked at once; each may be several statements.
const QUESTIONS: usize = 32;

/// The running program as the handlers see it.
#[derive(Debug)]
pub struct State {
    pub(super) gate: Gate,
    pub(super) proxies: Proxies,
    pub(super) budget: Budget,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) watchers: Watchers,
    /// Questions that may be with ClickHouse at once.
    pub(super) asking: Semaphore,
    /// One comparison of views and events at a time.
    pub(super) verifying: Semaphore,
    /// Cancelled when the program is to end.
    pub(super) stop: CancellationToken,
    collector: Collector,
    sites: Sites,
    meta: Meta,
    store: Store,
}

/// What a state is made of.
#[derive(Debug)]
pub struct Parts {
    pub gate: Gate,
    pub proxies: Proxies,
    pub limits: Limits,
    pub acceptor: Arc<Acceptor>,
    pub pipeline: Pipeline,
    pub sites: Sites,
    pub meta: Meta,
    pub store: Store,
    pub stop: CancellationToken,
}

/// Sites and keys, for who may change them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings<'a> {
    pub(super) meta: &'a Meta,
    pub(super) sites: &'a Sites,
}

/// The pipeline and what it fills, for who may look behind the views.
#[derive(Clone, Copy, Debug)]
pub(super) struct Engine<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) store: &'a Store,
}

impl State {
    pub fn new(parts: Parts) -> Self {
        let metrics = Arc::new(Metrics::default());
        let collector =
            Collector { acceptor: parts.acceptor, pipeline: parts.pipeline, metrics: Arc::clone(&metrics) };
        Self {
            gate: parts.gate,
            proxies: parts.proxies,
            budget: Budget::new(parts.limits.buffered_bytes),
            limits: parts.limits,
            metrics,
            watchers: Watchers::new(parts.stop.clone()),
            asking: Semaphore::new(QUESTIONS),
            verifying: Semaphore::new(1),
            stop: parts.stop,
            collector,
            sites: parts.sites,
            meta: parts.meta,
            store: parts.store,
        }
    }

    /// Takes events.
    pub(super) fn collector(&self, _: &Allowed<Collect>) -> &Collector {
        &self.collector
    }

    /// Answers questions about the site of the proof.
    pub(super) fn store(&self, _: &OnSite<Read>) -> &Store {
        &self.store
    }

    /// Says when something of the site of the proof changed.
    pub(super) fn progress(&self, _: &OnSite<Read>) -> watch::Receiver<Progress> {
        self.collector.pipeline.progress()
    }

    /// The sites that the proof reaches, by id.
    pub(super) fn sites_of<R: Right>(&self, allowed: &Allowed<R>) -> Vec<Arc<Site>> {
        let mut sites = self.sites.all();
        sites.retain(|site| allowed.reach().covers(site.id));
        sites
    }

    /// The site a key is bound to, if it is bound.
    pub(super) fn bound_site<R: Right>(&self, allowed: &Allowed<R>) -> Result<Option<Arc<Site>>, ApiError> {
        match allowed.reach() {
            Reach::All => Ok(None),
            Reach::One(id) => match self.sites.get(id) {
                Some(site) => Ok(Some(site)),
                None => Err(ApiError::forbidden("the site of this key does not exist any more")),
            },
        }
    }

    /// Changes the settings of the site of the proof.
    pub(super) fn site_settings(&self, _: &OnSite<Write>) -> Settings<'_> {
        Settings { meta: &self.meta, sites: &self.sites }
    }

    /// Creates sites and keys.
    pub(super) fn settings(&self, _: &Allowed<Admin>) -> Settings<'_> {
        Settings { meta: &self.meta, sites: &self.sites }
    }

    /// Looks behind the views.
    pub(super) fn engine(&self, _: &Allowed<Admin>) -> Engine<'_> {
        Engine { pipeline: &self.collector.pipeline, store: &self.store }
    }

    /// Figures about the program itself: no site's data, so anybody may ask whether it is well.
    pub(super) fn health(&self) -> (&Store, Status) {
        (&self.store, self.collector.pipeline.status())
    }
}
