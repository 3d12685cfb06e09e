//! ClickHouse, embedded or remote, and the metadata database.
//!
//! All storage goes through the official `clickhouse` client over HTTP, whether the engine is the
//! supervised child process ([`engine`]) or a server or cluster by URL.

mod blocks;
mod cells;
pub mod engine;
mod erase;
mod error;
mod learn;
pub mod meta;
mod migrate;
mod native;
mod read;
mod remove;
mod rows;
pub mod verify;
mod watched;
mod write;

use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use clickhouse::Client;

pub use blocks::Block;
pub use cells::CellRow;
pub use engine::{Engine, EngineConfig, end_with_parent, engine_main};
pub use erase::{ErasedRows, Forgotten};
pub use error::StoreError;
pub use learn::{AnomalyRow, Basket, ClusterSize, Deeds, ForecastRow, Purchases, ScoreRow, VisitorRow};
pub use meta::Meta;
pub use read::{Columns, DaySlice, Props, SiteShare, VISIT_COLUMNS, VisitorSlice};
pub use rows::{
    ACTS, Acts, BreakdownColumn, BreakdownRow, ClusterRow, EventRow, FeatureRow, GoalRow, GrainColumn,
    LONGEST_WHOLE_MS, Origin, PassageRow, PeriodColumn, ProgressRow, RetentionRow, SeriesRow, SessionRow,
    StoredAct, StoredId, StoredSession, TrafficRow, UniquesRow, ValueRow,
};
pub use watched::SeriesPoint;

/// Where ClickHouse is.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// The embedded engine.
    Embedded(EngineConfig),
    /// A server or cluster.
    Url { url: String, user: String, password: String, database: String },
}

impl StoreConfig {
    /// The embedded engine with its data under `data_dir`.
    pub fn embedded(data_dir: impl Into<PathBuf>) -> Self {
        Self::Embedded(EngineConfig { data_dir: data_dir.into(), libchdb: None, exe: None })
    }
}

/// Access to ClickHouse. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Option<Engine>,
    /// Made anew when the engine came up at another address.
    client: RwLock<(String, Client)>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// An address nobody listens on: calls fail as unreachable until the engine is up.
const NOWHERE: &str = "http://127.0.0.1:1";

impl Store {
    /// Starts the embedded engine, or takes the address of a server. Does not wait for either;
    /// [`Store::ready`] does.
    ///
    /// # Errors
    /// When the embedded engine cannot be started at all.
    pub fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let (engine, client) = match config {
            StoreConfig::Embedded(config) => {
                (Some(Engine::start(config)?), (NOWHERE.to_owned(), Client::default().with_url(NOWHERE)))
            }
            StoreConfig::Url { url, user, password, database } => {
                let client = Client::default().with_url(&url).with_user(user).with_password(password);
                (None, (url, client.with_database(database)))
            }
        };
        Ok(Self { shared: Arc::new(Shared { engine, client: RwLock::new(client) }) })
    }

    /// Waits until ClickHouse answers, then brings its schema up to date.
    ///
    /// # Errors
    /// When the schema is not ours or a statement is refused for good.
    pub async fn ready(&self) -> Result<(), StoreError> {
        loop {
            match self.migrate().await {
                Err(error) if error.is_transient() => {
                    tracing::debug!(%error, "waiting for ClickHouse");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                done => return done,
            }
        }
    }

    /// A client for ClickHouse as it is reachable now.
    pub fn client(&self) -> Client {
        let Some(engine) = &self.shared.engine else {
            return self.shared.client.read().unwrap_or_else(|poisoned| poisoned.into_inner()).1.clone();
        };
        let url = engine.url().unwrap_or_else(|| NOWHERE.to_owned());
        let held = self.shared.client.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        if held.0 == url {
            return held.1.clone();
        }
        drop(held);
        let client = Client::default().with_url(&url).with_user("default").with_password(engine.secret());
        *self.shared.client.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = (url, client.clone());
        client
    }

    /// The embedded engine, where there is one.
    pub fn engine(&self) -> Option<&Engine> {
        self.shared.engine.as_ref()
    }

    /// Ends the embedded engine.
    pub async fn stop(&self) {
        if let Some(engine) = &self.shared.engine {
            engine.stop().await;
        }
    }
}
