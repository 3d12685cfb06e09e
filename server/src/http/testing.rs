//! A server without ClickHouse, for tests of what does not need one: the log is real, questions find
//! nobody.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use opentrace_events::Sites;
use opentrace_events::accept::Acceptor;
use opentrace_events::enrich::{Enricher, Geo};
use opentrace_events::identity::{Identity, KEY_FILE};
use opentrace_pipeline::{Pipeline, PipelineConfig};
use opentrace_store::{Meta, Store, StoreConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::http::Response as HttpResponse;
use warp::reply::Response;

use super::state::Parts;
use super::{Peer, Proxies, State, routes};
use crate::alerts::{Alerts, Setup};
use crate::ask::Helpers;
use crate::auth::{Gate, People};
use crate::clock;
use crate::config::{Limits, Secret};
use crate::erasure::{Desk, Signer};
use crate::models::Models;
use crate::selfcheck::Checker;

pub(super) const ADMIN: &str = "the-admin-token";

/// One runtime for all tests: the pipelines' threads live on it until the process ends.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// Runs a test.
pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    RUNTIME.block_on(test)
}

/// A server with the sites `a.example` and `b.example`.
pub(super) struct Server {
    pub(super) state: Arc<State>,
    pub(super) stop: CancellationToken,
    /// What the first person has to show.
    pub(super) code: String,
    routes: BoxedFilter<(Response,)>,
    _folder: TempDir,
}

impl Server {
    pub(super) async fn start() -> Self {
        Self::with(false).await
    }

    /// With `open`, anybody on this machine may read.
    pub(super) async fn with(open: bool) -> Self {
        Self::helped(open, Helpers::default()).await
    }

    /// With what helps to read questions.
    pub(super) async fn helped(open: bool, helpers: Helpers) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sites = Sites::default();
        let identity = Identity::open(&folder.path().join(KEY_FILE), clock::now()).expect("keys");
        let enricher = Enricher::new(Geo::off());
        let acceptor = Acceptor::new(sites.clone(), identity, enricher, opentrace_events::Limits::default());
        let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("metadata");
        let (people, code) = People::open(meta.clone()).await.expect("nobody");
        let gate = Gate::new(Some(&Secret::new(ADMIN)), people, sites.clone(), open);
        let nowhere = StoreConfig::Url {
            url: "http://127.0.0.1:1".to_owned(),
            user: String::new(),
            password: String::new(),
            database: String::new(),
        };
        let store = Store::open(nowhere).expect("an address");
        let mut alerts = crate::config::Config::load(None, &[]).expect("the defaults").config.alerts;
        // No test speaks to the world.
        alerts.telegram_url = "http://127.0.0.1:1".parse().expect("an address");
        let setup = Setup::new(&alerts, folder.path(), "http://stats.example".to_owned()).expect("a key");
        let alerts = Alerts::open(setup, meta.clone(), store.clone(), sites.clone()).await.expect("no rules");
        let config = PipelineConfig::new(folder.path());
        let pipeline =
            Pipeline::start(config, store.clone(), sites.clone(), Vec::new()).await.expect("a log");
        let stop = CancellationToken::new();
        let limits = Limits {
            body_bytes: 20_000,
            events_per_request: 50,
            connections: 10,
            buffered_bytes: 100_000,
            questions_per_minute: 1_000,
            question: opentrace_query::limits::Budget::default(),
        };
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
        let acceptor = Arc::new(acceptor);
        let signer = Signer::open(folder.path()).expect("a key");
        let desk = Desk::new(meta.clone(), pipeline.clone(), sites.clone(), signer);
        let checker = Checker::new(pipeline.clone(), store.clone(), meta.clone(), sites.clone());
        let models =
            Models::open(folder.path(), meta.clone(), store.clone(), sites.clone(), pipeline.clone()).await;
        let models = models.expect("no models");
        let tracker = "w".to_owned();
        alerts.run(pipeline.clone());
        let parts = Parts {
            gate,
            proxies,
            limits,
            acceptor,
            pipeline,
            sites,
            meta,
            store,
            desk,
            checker,
            tracker,
            alerts,
            helpers,
            models,
            stop: stop.clone(),
        };
        let state = Arc::new(State::new(parts));
        let code = code.expect("nobody is there");
        let server = Self { routes: routes(&state), state, stop, code, _folder: folder };
        for domain in ["a.example", "b.example"] {
            let answer = server
                .call("POST", "/api/v1/sites")
                .admin()
                .json(&format!(r#"{{"domain":"{domain}"}}"#))
                .await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
        server
    }

    pub(super) fn call(&self, method: &str, path: &str) -> Request<'_> {
        let request = warp::test::request().method(method).path(path);
        Request { server: self, request, peer: ([192, 0, 2, 7], 5000).into() }
    }

    /// A key with these scopes, for one site or all.
    pub(super) async fn key(&self, scopes: &[&str], site: Option<&str>) -> String {
        let body = serde_json::json!({ "name": "test", "site": site, "scopes": scopes });
        let answer = self.call("POST", "/api/v1/keys").admin().json(&body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["key"].as_str().expect("a key").to_owned()
    }

    /// Events in the log.
    pub(super) fn logged(&self) -> u64 {
        self.state.health().1.log_events
    }
}

/// A request being made.
pub(super) struct Request<'s> {
    server: &'s Server,
    request: warp::test::RequestBuilder,
    peer: SocketAddr,
}

impl Request<'_> {
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(super) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(super) fn admin(self) -> Self {
        self.key(ADMIN)
    }

    pub(super) fn from(mut self, ip: &str) -> Self {
        self.peer = SocketAddr::new(ip.parse().expect("an address"), 5000);
        self
    }

    pub(super) async fn json(self, body: &str) -> Answer {
        self.header("content-type", "application/json").body(body.as_bytes()).await
    }

    pub(super) async fn body(self, body: &[u8]) -> Answer {
        let request = self.request.extension(Peer(self.peer)).body(body);
        Answer::from(request.reply(&self.server.routes).await)
    }

    pub(super) async fn send(self) -> Answer {
        self.body(b"").await
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
    headers: warp::http::HeaderMap,
}

impl From<HttpResponse<Bytes>> for Answer {
    fn from(response: HttpResponse<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body).into_owned();
        Self { status: parts.status.as_u16(), text, headers: parts.headers }
    }
}

impl Answer {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The code of an error.
    pub(super) fn code(&self) -> String {
        let code = self.json()["error"]["code"].as_str().map(str::to_owned);
        code.unwrap_or_else(|| panic!("no error: {self:?}"))
    }
}
