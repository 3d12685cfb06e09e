//! The program put together.
//!
//! Start: data lock, metadata, identity keys, the log; from then on events are taken. ClickHouse
//! comes up in the background, and the views follow when it is there. Stop: no more connections,
//! requests in progress finish, the pipeline drains, ClickHouse ends.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use opentrace_events::accept::Acceptor;
use opentrace_events::define::Definition;
use opentrace_events::enrich::{Enricher, Geo, geo};
use opentrace_events::identity::{Identity, IdentityError, KEY_FILE};
use opentrace_events::ids::DAY_MS;
use opentrace_events::{Limits, Site, SiteId, Sites, Timestamp, VisitorId};
use opentrace_pipeline::{self as pipeline, Pipeline, PipelineConfig, PipelineError, SitePlan};
use opentrace_store::{EngineConfig, Meta, Store, StoreConfig, StoreError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::alerts::{Alerts, Setup, SetupError};
use crate::ask::{Helpers, ModelError};
use crate::auth::{Gate, People, new_key};
use crate::clock;
use crate::config::{ClickHouse, Config, Processes, Secret};
use crate::erasure::{Desk, Signer};
use crate::expiry::Expiry;
use crate::http::state::Parts;
use crate::http::{self, Proxies, State};
use crate::key_file::KeyFileError;
use crate::lock::{DataLock, LockError};
use crate::models::Models;
use crate::selfcheck::Checker;

/// The longest a stop waits for ClickHouse to take what is in the log. The log keeps what is left.
const DRAIN: Duration = Duration::from_secs(30);
/// The same where ClickHouse has not answered since the start, so that there is little hope.
const DRAIN_UNANSWERED: Duration = Duration::from_secs(2);
/// How often it is looked whether the pipeline has recovered.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How often identity keys whose time is over are dropped.
const FORGET: Duration = Duration::from_secs(300);
/// Who was active this long before midnight may still be in a session after it.
const HALF_HOUR: i64 = 30 * 60 * 1000;

/// The running program.
#[derive(Debug)]
pub struct App {
    address: SocketAddr,
    /// What the first person has to show, where there is nobody.
    code: Option<String>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    upkeep: JoinHandle<()>,
    pipeline: Pipeline,
    store: Store,
    meta: Meta,
    sites: Sites,
    alerts: Alerts,
    models: Models,
    _lock: DataLock,
}

/// Why the program does not run, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("{} is in use by another opentrace: stop it, or take another folder with --data", path.display())]
    Locked { path: PathBuf },
    #[error("cannot use the data folder {}", path.display())]
    Data {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    /// Nobody but this machine may look at a program without sign-in.
    #[error("open mode needs a loopback address, not {address}")]
    OpenToAll { address: SocketAddr },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error("alerts cannot be set up")]
    Alerts(#[from] SetupError),
    #[error("questions in words cannot be set up")]
    Ask(#[from] ModelError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

impl AppError {
    /// A stable name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "data_locked",
            Self::Data { .. } => "data_unusable",
            Self::Listen { .. } => "cannot_listen",
            Self::OpenToAll { .. } => "open_to_all",
            Self::Identity(error) => error.code(),
            Self::Key(_) => "key_file_unusable",
            Self::Alerts(_) => "alerts_unusable",
            Self::Ask(_) => "ask_unusable",
            Self::Store(error) => error.code(),
            Self::Pipeline(error) => error.code(),
        }
    }
}

impl App {
    /// Starts everything. Returns once events are taken; [`App::ready`] waits for the rest.
    pub async fn start(config: Config) -> Result<Self, AppError> {
        if config.open && !config.listen.ip().is_loopback() {
            return Err(AppError::OpenToAll { address: config.listen });
        }
        let lock = lock(&config.data)?;
        let (listener, address) = listen(config.listen).await?;
        let sites = Sites::default();
        let meta = Meta::open(&config.data.join("meta.sqlite")).await?;
        meta.sites().await?.into_iter().for_each(|site| sites.put(site));
        meta.former_domains().await?.into_iter().for_each(|(domain, id)| sites.put_former(domain, id));
        let (people, code) = People::open(meta.clone()).await?;
        let gate = Gate::new(config.admin_token.as_ref(), people, sites.clone(), config.open);
        meta.keys().await?.iter().for_each(|key| gate.add_record(key));
        let acceptor = Arc::new(acceptor(&config, &sites)?);

        let store = Store::open(store_config(&config))?;
        let plans = plans(&meta, &sites).await?;
        let here =
            config.public_url.as_ref().map_or_else(|| format!("http://{address}"), ToString::to_string);
        let setup = Setup::new(&config.alerts, &config.data, here)?;
        let alerts = Alerts::open(setup, meta.clone(), store.clone(), sites.clone()).await?;
        let pipeline_config =
            PipelineConfig { watch: Some(Arc::new(alerts.clone())), ..pipeline_config(&config) };
        let pipeline = Pipeline::start(pipeline_config, store.clone(), sites.clone(), plans).await?;
        alerts.run(pipeline.clone());
        let models =
            Models::open(&config.data, meta.clone(), store.clone(), sites.clone(), pipeline.clone()).await?;
        models.run();
        let signer = Signer::open(&config.data)?;
        let desk = Desk::new(meta.clone(), pipeline.clone(), sites.clone(), signer);
        let checker = Checker::new(pipeline.clone(), store.clone(), meta.clone(), sites.clone());
        let stop = CancellationToken::new();
        let upkeep = stop.clone().run_until_cancelled_owned(upkeep(
            pipeline.clone(),
            store.clone(),
            Arc::clone(&acceptor),
            desk.clone(),
            Expiry::new(pipeline.clone(), store.clone(), sites.clone()),
            config.verify_every.map(|every| checker.clone().run(every)),
        ));
        let upkeep = tokio::spawn(async move { upkeep.await.unwrap_or_default() });
        let state = Arc::new(State::new(Parts {
            gate,
            proxies: Proxies::new(config.trusted_proxies),
            limits: config.limits,
            acceptor,
            pipeline: pipeline.clone(),
            sites: sites.clone(),
            meta: meta.clone(),
            store: store.clone(),
            desk,
            checker,
            tracker: config.tracker,
            alerts: alerts.clone(),
            helpers: Helpers::new(&config.ask)?,
            models: models.clone(),
            stop: stop.clone(),
        }));
        let routes = http::routes(&state);
        alerts.answer_with(Arc::new(http::Voice::new(&state, routes.clone())));
        let features = http::features(&routes).await;
        tracing::debug!(?features, "parts of the API");
        state.features.get_or_init(|| features);
        let serving = http::serve(listener, routes, config.limits.connections, stop.clone());
        let serving = tokio::spawn(serving);
        tracing::info!(%address, data = %config.data.display(), sites = sites.all().len(), "collecting");
        Ok(Self {
            address,
            code,
            stop,
            serving,
            upkeep,
            pipeline,
            store,
            meta,
            sites,
            alerts,
            models,
            _lock: lock,
        })
    }

    /// Starts for a command that has no server to talk to: on a free port of this machine, with a
    /// token nobody else knows. Returns the program, its address and the token once it is ready and
    /// has caught up.
    pub async fn start_local(mut config: Config) -> Result<(Self, String, String), AppError> {
        let token = new_key();
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.admin_token = Some(Secret::new(token.clone()));
        config.open = false;
        config.processes = Processes::One;
        config.verify_every = None;
        let app = Self::start(config).await?;
        app.ready().await?;
        app.pipeline.settled().await?;
        let url = app.url();
        Ok((app, url, token))
    }

    /// Waits until questions are answered: ClickHouse is up, its schema is ours, and the pipeline
    /// follows the log.
    pub async fn ready(&self) -> Result<(), AppError> {
        Ok(recovered(&self.pipeline).await?)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, for a browser or a client.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where somebody becomes the owner, while nobody is. It holds a secret: it is for the terminal.
    pub fn setup_url(&self) -> Option<String> {
        self.code.as_ref().map(|code| format!("{}/setup#{code}", self.url()))
    }

    /// The pipeline, for what runs in the same process.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// ClickHouse, for what runs in the same process.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The metadata database, for what runs in the same process. Who changes a site there puts it
    /// into [`App::sites`], too.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The sites, for what runs in the same process.
    pub fn sites(&self) -> &Sites {
        &self.sites
    }

    /// Ends everything in order. What was accepted is in the log in any case.
    pub async fn stop(self) -> Result<(), AppError> {
        self.stop.cancel();
        for task in [self.serving, self.upkeep] {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task ended badly");
            }
        }
        self.models.close().await;
        let answered = self.pipeline.status().state != pipeline::State::Recovering;
        let patience = if answered { DRAIN } else { DRAIN_UNANSWERED };
        let drained = timeout(patience, self.pipeline.stop()).await;
        self.alerts.close().await;
        self.store.stop().await;
        self.meta.close().await;
        match drained {
            Ok(drained) => Ok(drained?),
            Err(_) => {
                tracing::warn!("ClickHouse did not take everything in time; the log keeps the rest");
                Ok(())
            }
        }
    }
}

/// What is kept of every site.
async fn plans(meta: &Meta, sites: &Sites) -> Result<Vec<SitePlan>, StoreError> {
    let mut defined: HashMap<SiteId, Vec<Definition>> = HashMap::new();
    for record in meta.definitions().await? {
        defined.entry(record.definition.site).or_default().push(record.definition);
    }
    let plan = |site: &Arc<Site>| SitePlan::new(site, defined.remove(&site.id).unwrap_or_default());
    Ok(sites.all().iter().map(plan).collect())
}

fn lock(data: &Path) -> Result<DataLock, AppError> {
    DataLock::take(data).map_err(|error| match error {
        LockError::Taken => AppError::Locked { path: data.to_owned() },
        LockError::Io(source) => AppError::Data { path: data.to_owned(), source },
    })
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), AppError> {
    let refused = |source| AppError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

fn acceptor(config: &Config, sites: &Sites) -> Result<Acceptor, AppError> {
    let identity = Identity::open(&config.data.join(KEY_FILE), clock::now())?;
    let places = config.geo.as_deref().map_or_else(Geo::off, Geo::open);
    match places.status() {
        geo::Status::On { .. } => tracing::debug!(status = %places.status(), "countries"),
        status => tracing::warn!(%status, "countries are unknown"),
    }
    Ok(Acceptor::new(sites.clone(), identity, Enricher::new(places), Limits::default()))
}

fn store_config(config: &Config) -> StoreConfig {
    match &config.clickhouse {
        ClickHouse::Embedded { library } => StoreConfig::Embedded(EngineConfig {
            data_dir: config.data.join("clickhouse"),
            libchdb: library.clone(),
            exe: None,
        }),
        ClickHouse::Remote { url, user, password, database } => StoreConfig::Url {
            url: url.to_string(),
            user: user.clone(),
            password: password.reveal().to_owned(),
            database: database.clone(),
        },
    }
}

/// A test build can be told to count repeats, so that the end-to-end test can show that it notices.
fn deduplication_is_off() -> bool {
    cfg!(debug_assertions)
        && std::env::var_os("OPENTRACE_TEST_DEDUPLICATE").is_some_and(|value| value == "off")
}

fn pipeline_config(config: &Config) -> PipelineConfig {
    PipelineConfig {
        log: config.eventlog.clone(),
        workers: config.workers,
        cluster: match &config.processes {
            Processes::Member(cluster) => Some(cluster.clone()),
            Processes::One | Processes::Set(_) => None,
        },
        deduplicate: !deduplication_is_off(),
        dedup_window: config.dedup.window,
        dedup_ids: config.dedup.ids,
        resident_events: config.resident_events,
        ..PipelineConfig::new(&config.data)
    }
}

/// Waits until the pipeline has recovered, for which it waits for ClickHouse.
async fn recovered(pipeline: &Pipeline) -> Result<(), PipelineError> {
    loop {
        let status = pipeline.status();
        match status.state {
            pipeline::State::Running => return Ok(()),
            pipeline::State::Failed => return Err(PipelineError::Stopped(status.error.unwrap_or_default())),
            pipeline::State::Recovering => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

/// What goes on beside requests: continuing sessions after a start, forgetting keys in time, receipts
/// of erasures, forgetting what is too old, and `checks` of the views where there are to be any.
async fn upkeep(
    pipeline: Pipeline,
    store: Store,
    acceptor: Arc<Acceptor>,
    desk: Desk,
    expiry: Expiry,
    checks: Option<impl Future<Output = ()>>,
) {
    let once_running = async {
        if recovered(&pipeline).await.is_ok() {
            tracing::info!("answering");
            continue_sessions(&store, acceptor.identity()).await;
            let checks = async {
                if let Some(checks) = checks {
                    checks.await;
                }
            };
            tokio::join!(expiry.run(), checks);
        }
    };
    let forget = async {
        let mut clock = tokio::time::interval(FORGET);
        loop {
            clock.tick().await;
            match acceptor.identity().forget(clock::now()) {
                Ok(0) => {}
                Ok(keys) => tracing::info!(keys, "identity keys dropped"),
                Err(error) => tracing::error!(%error, code = error.code(), "identity keys not dropped"),
            }
        }
    };
    tokio::join!(once_running, forget, desk.run());
}

/// Tells who was there around the last midnight, so that a restart cuts no session that goes on past
/// it and gives nobody a second id for the day.
async fn continue_sessions(store: &Store, identity: &Identity) {
    let now = clock::now();
    let midnight = Timestamp(now.0 - now.0.rem_euclid(DAY_MS));
    match store.visitors_across(Timestamp(midnight.0 - HALF_HOUR), midnight).await {
        Ok(across) => {
            let seen = across.into_iter().flat_map(|(site, visitor, first, last)| {
                [first, last].map(|at| (SiteId(site), VisitorId(visitor), at))
            });
            let mut seen: Vec<_> = seen.collect();
            seen.sort_unstable_by_key(|(_, _, at)| *at);
            identity.seed(seen);
        }
        Err(error) => tracing::warn!(%error, "sessions may be cut at midnight"),
    }
}
