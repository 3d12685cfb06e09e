//! What the tests of this crate share: the real engine in a folder of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use opentrace_store::{EngineConfig, Store, StoreConfig};

/// Where a test's engine is and runs.
pub(crate) fn config(folder: &Path) -> EngineConfig {
    let exe = PathBuf::from(env!("CARGO_BIN_EXE_clickhouse-engine"));
    EngineConfig { data_dir: folder.join("clickhouse"), libchdb: None, exe: Some(exe) }
}

/// A store with its schema, ready.
pub(crate) async fn open(folder: &Path) -> Store {
    let store =
        Store::open(StoreConfig::Embedded(config(folder))).expect("the library is installed (npm ci)");
    tokio::time::timeout(Duration::from_secs(60), store.ready()).await.expect("in time").expect("ready");
    store
}

/// The one number a query answers.
pub(crate) async fn count(store: &Store, query: &str) -> u64 {
    store.client().query(query).fetch_one().await.expect("counts")
}
