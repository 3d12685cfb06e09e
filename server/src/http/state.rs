//! What handlers work with. Everything that holds data is handed out against proof of a right.

use std::sync::{Arc, OnceLock};

use opentrace_events::accept::Acceptor;
use opentrace_events::define::{Definition, Spec};
use opentrace_events::{DefinitionId, Site, SiteId, Sites};
use opentrace_pipeline::{Filling, Pipeline, Progress, SitePlan, Status};
use opentrace_query::{Views, Vocabulary};
use opentrace_store::meta::{DefinitionRecord, LookRecord, ModelRecord};
use opentrace_store::{Meta, Store};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use super::ask::Vocabularies;
use super::cache::{Answers, Generation};
use super::collect::Collector;
use super::live::Watchers;
use super::rates::Rates;
use super::turns::Turns;
use super::{ApiError, Budget, Proxies};
use crate::alerts::Alerts;
use crate::ask::Helpers;
use crate::auth::{Admin, Allowed, Collect, Gate, OnSite, Reach, Read, Right, Write};
use crate::config::Limits;
use crate::erasure::Desk;
use crate::metrics::Metrics;
use crate::models::Models;
use crate::selfcheck::{Checker, Report};
use crate::vocabulary::vocabulary;

/// The running program as the handlers see it.
#[derive(Debug)]
pub struct State {
    pub(super) gate: Gate,
    pub(super) proxies: Proxies,
    pub(super) budget: Budget,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) watchers: Watchers,
    /// Questions that are with ClickHouse.
    pub(super) turns: Turns,
    /// The words that questions about each site may name.
    pub(super) vocabularies: Vocabularies,
    /// What helps to read them.
    pub(super) helpers: Helpers,
    /// Answers that still hold.
    pub(super) answers: Answers,
    /// Questions that somebody may ask in a while.
    pub(super) rates: Rates,
    /// The neutral folder the tracker is served from, too.
    pub(super) tracker: String,
    /// Parts of the API that there are; empty until they were asked.
    pub(crate) features: OnceLock<Vec<&'static str>>,
    /// Cancelled when the program is to end.
    pub(super) stop: CancellationToken,
    planning: Mutex<()>,
    collector: Collector,
    checker: Checker,
    sites: Sites,
    meta: Meta,
    store: Store,
    desk: Desk,
    alerts: Alerts,
    models: Models,
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
    pub desk: Desk,
    pub checker: Checker,
    pub tracker: String,
    pub alerts: Alerts,
    pub helpers: Helpers,
    pub models: Models,
    pub stop: CancellationToken,
}

/// Sites, keys and definitions, for who may change them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings<'a> {
    pub(super) meta: &'a Meta,
    sites: &'a Sites,
    pipeline: &'a Pipeline,
    alerts: &'a Alerts,
    /// Held while a plan is made of what the metadata say, so that a later one is never overtaken.
    planning: &'a Mutex<()>,
}

impl Settings<'_> {
    /// The site with this id.
    pub(super) fn site(&self, id: SiteId) -> Option<Arc<Site>> {
        self.sites.get(id)
    }

    /// Keeps a site by its new settings, with what is defined on it.
    pub(super) async fn put(&self, site: Site) -> Result<(), ApiError> {
        let _turn = self.planning.lock().await;
        let plan = self.plan(&site).await?;
        // The pipeline knows a site before anybody can send events to it.
        self.pipeline.plan(plan)?;
        let id = site.id;
        self.sites.put(site);
        self.alerts.refresh(id).await;
        Ok(())
    }

    /// Keeps a site by what is defined on it now.
    pub(super) async fn replan(&self, site: SiteId) -> Result<(), ApiError> {
        let _turn = self.planning.lock().await;
        if let Some(site) = self.sites.get(site) {
            self.pipeline.plan(self.plan(&site).await?)?;
            self.alerts.refresh(site.id).await;
        }
        Ok(())
    }

    /// Has rules look up again what they name: words of the site are others.
    pub(super) async fn words_changed(&self, site: SiteId) {
        self.alerts.refresh(site).await;
    }

    /// What is defined on a site, oldest first.
    pub(super) async fn definitions(&self, site: SiteId) -> Result<Vec<DefinitionRecord>, ApiError> {
        let mut definitions = self.meta.definitions().await?;
        definitions.retain(|record| record.definition.site == site);
        Ok(definitions)
    }

    /// What a site adds to the query language.
    pub(super) async fn words(&self, site: SiteId) -> Result<Vocabulary, ApiError> {
        Ok(vocabulary(&self.definitions(site).await?, self.meta.words(site).await?))
    }

    /// Whether a site can be kept with one more definition, or with `spec` in place of `instead_of`.
    pub(super) async fn check(
        &self,
        site: &Site,
        instead_of: Option<uuid::Uuid>,
        spec: &Spec,
    ) -> Result<(), ApiError> {
        let mut definitions = self.definitions(site.id).await?;
        definitions.retain(|record| Some(record.id) != instead_of);
        let mut definitions: Vec<_> = definitions.into_iter().map(|record| record.definition).collect();
        definitions.push(Definition { id: DefinitionId(0), site: site.id, spec: spec.clone() });
        Ok(SitePlan::new(site, definitions).check()?)
    }

    /// How far what is kept of a definition is.
    pub(super) fn filling(&self, definition: DefinitionId) -> Filling {
        self.pipeline.filling(definition)
    }

    async fn plan(&self, site: &Site) -> Result<SitePlan, ApiError> {
        let definitions = self.definitions(site.id).await?;
        Ok(SitePlan::new(site, definitions.into_iter().map(|record| record.definition).collect()))
    }
}

/// What erases people, for who may change a site.
#[derive(Clone, Copy, Debug)]
pub(super) struct Erasing<'a> {
    pub(super) desk: &'a Desk,
    pub(super) store: &'a Store,
    pub(super) meta: &'a Meta,
    pub(super) acceptor: &'a Acceptor,
}

impl State {
    pub fn new(parts: Parts) -> Self {
        let metrics = Arc::new(Metrics::default());
        let collector = Collector {
            acceptor: parts.acceptor,
            pipeline: parts.pipeline,
            metrics: Arc::clone(&metrics),
            meta: parts.meta.clone(),
            sites: parts.sites.clone(),
        };
        Self {
            gate: parts.gate,
            proxies: parts.proxies,
            budget: Budget::new(parts.limits.buffered_bytes),
            limits: parts.limits,
            metrics,
            watchers: Watchers::new(parts.stop.clone()),
            turns: Turns::new(parts.limits.question.time),
            vocabularies: Vocabularies::default(),
            helpers: parts.helpers,
            answers: Answers::new(collector.pipeline.progress(), parts.stop.clone()),
            rates: Rates::new(parts.limits.questions_per_minute),
            checker: parts.checker,
            models: parts.models,
            tracker: parts.tracker,
            features: OnceLock::new(),
            stop: parts.stop,
            planning: Mutex::default(),
            collector,
            sites: parts.sites,
            meta: parts.meta,
            store: parts.store,
            desk: parts.desk,
            alerts: parts.alerts,
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

    /// Whether the views of the site of the proof are complete; its events always are.
    pub(super) fn views(&self, site: &OnSite<Read>) -> Views {
        self.watch_views(site)()
    }

    /// The same, to be asked again and again.
    pub(super) fn watch_views(&self, site: &OnSite<Read>) -> impl Fn() -> Views + Send + 'static {
        let (pipeline, site) = (self.collector.pipeline.clone(), Arc::clone(site.site()));
        move || if pipeline.is_complete(&site) { Views::Use } else { Views::Avoid }
    }

    /// Says when something of the site of the proof changed.
    pub(super) fn progress(&self, _: &OnSite<Read>) -> watch::Receiver<Progress> {
        self.collector.pipeline.progress()
    }

    /// The state that the site of the proof is in; nothing while somebody is being erased.
    pub(super) fn generation(&self, site: &OnSite<Read>) -> Option<Generation> {
        let removals = *self.collector.pipeline.erasures().borrow();
        let erased = self.collector.pipeline.is_erased();
        erased.then(|| self.answers.generation(site.site().id, removals))
    }

    /// What a site was called before.
    pub(super) fn former_names(&self, site: SiteId) -> Vec<String> {
        self.sites.former_names(site)
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
        self.all_settings()
    }

    /// What is defined on the site of the proof.
    pub(super) fn definitions(&self, _: &OnSite<Read>) -> Settings<'_> {
        self.all_settings()
    }

    /// Erases people from the site of the proof.
    pub(super) fn erasures(&self, _: &OnSite<Write>) -> Erasing<'_> {
        Erasing { desk: &self.desk, store: &self.store, meta: &self.meta, acceptor: &self.collector.acceptor }
    }

    /// Rules and what became of them, for who may see a site. What is seen is narrowed by the proof's reach.
    pub(super) fn watched(&self, _: &Allowed<Read>) -> &Alerts {
        &self.alerts
    }

    /// Changes rules and channels, for who may change a site.
    pub(super) fn alerting(&self, _: &Allowed<Write>) -> &Alerts {
        &self.alerts
    }

    /// Models of the site of the proof, and what works on numbers that questions about it return.
    pub(super) fn models(&self, _: &OnSite<Read>) -> &Models {
        &self.models
    }

    /// Makes and changes models of the site of the proof.
    pub(super) fn model_settings(&self, _: &OnSite<Write>) -> &Models {
        &self.models
    }

    /// The model with this id and the domain of its site; the proof for that site is still to be had.
    pub(super) async fn model<R: Right>(
        &self,
        _: &Allowed<R>,
        id: uuid::Uuid,
    ) -> Result<Option<(ModelRecord, String)>, ApiError> {
        let record = self.models.record(id).await?;
        Ok(record.and_then(|record| {
            let domain = self.sites.get(record.site)?.domain.clone();
            Some((record, domain))
        }))
    }

    /// Creates sites and keys.
    pub(super) fn settings(&self, _: &Allowed<Admin>) -> Settings<'_> {
        self.all_settings()
    }

    fn all_settings(&self) -> Settings<'_> {
        Settings {
            meta: &self.meta,
            sites: &self.sites,
            pipeline: &self.collector.pipeline,
            alerts: &self.alerts,
            planning: &self.planning,
        }
    }

    /// Compares views with the events behind them.
    pub(super) fn checker(&self, _: &Allowed<Admin>) -> &Checker {
        &self.checker
    }

    /// How pages look, which everybody sees before they sign in.
    pub(super) async fn look(&self) -> Result<LookRecord, ApiError> {
        Ok(self.meta.look().await?)
    }

    /// Figures about the program itself: no site's data, so anybody may ask whether it is well.
    pub(super) fn health(&self) -> (&Store, Status) {
        (&self.store, self.collector.pipeline.status())
    }

    /// What trainings came to: no site's data either.
    pub(super) fn trainings(&self) -> &Models {
        &self.models
    }

    /// What self-checks came to: no site's data either.
    pub(super) fn checks(&self) -> Report {
        self.checker.report()
    }
}
