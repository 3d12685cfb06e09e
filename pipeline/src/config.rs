//! How the pipeline uses this machine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::cluster::ClusterConfig;
use crate::log::{FluvioConfig, JetStreamConfig, Partition};
use crate::told::CommitWatch;

/// Where events become durable.
#[derive(Clone, Debug)]
pub enum LogKind {
    /// In a file under the data directory.
    Embedded,
    /// In streams of a NATS cluster.
    JetStream(JetStreamConfig),
    /// In topics of a Fluvio cluster.
    Fluvio(FluvioConfig),
}

/// Settings of the pipeline, with defaults for a small server.
#[derive(Clone, Debug)]
pub struct PipelineConfig {
    /// Where the log, the journal and snapshots lie. Belongs to one program at a time.
    pub data_dir: PathBuf,
    /// Dataflow worker threads of each process.
    pub workers: usize,
    /// The processes that share the dataflow, where there are several. This one leads.
    pub cluster: Option<ClusterConfig>,
    /// Where events become durable.
    pub log: LogKind,
    /// Partitions of the embedded log. Fixed once the log exists.
    pub partitions: Partition,
    /// An epoch is closed this long after the last at the earliest.
    pub epoch_interval: Duration,
    /// An epoch holds about this many events at most, and twice as many while the log is far ahead.
    pub epoch_events: usize,
    /// Epochs that may be between the log and ClickHouse.
    pub in_flight: usize,
    /// How long an id given by a client is remembered.
    pub dedup_window: Duration,
    /// How many ids are remembered at most, about 50 bytes each.
    pub dedup_ids: usize,
    /// Whether a repeated id is dropped. Off only to show that the tests notice.
    pub deduplicate: bool,
    /// A person idle for this long leaves the dataflow until they return.
    pub idle: Duration,
    /// By which people are idle.
    pub clock: Clock,
    /// Events kept in the dataflow at most; beyond it the longest idle people leave early.
    pub resident_events: usize,
    /// Cells of each view kept in memory between commits.
    pub cells: usize,
    /// How often what cannot be rebuilt quickly is written to disk.
    pub snapshot_interval: Duration,
    /// How long the log keeps what ClickHouse already holds.
    pub log_keep: Duration,
    /// Appends are refused while less than this is free on the log's disk.
    pub min_free_bytes: u64,
    /// Encoded events that may wait for the log's writer.
    pub queue_bytes: usize,
    /// Who is told what commits change.
    pub watch: Option<Arc<dyn CommitWatch>>,
}

impl PipelineConfig {
    /// The defaults, under `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            data_dir: data_dir.into(),
            workers: (cores / 2).max(1),
            cluster: None,
            log: LogKind::Embedded,
            partitions: 4,
            epoch_interval: Duration::from_millis(100),
            epoch_events: 50_000,
            in_flight: 4,
            dedup_window: Duration::from_secs(7 * 86_400),
            dedup_ids: 8_000_000,
            deduplicate: true,
            idle: Duration::from_secs(2 * 3600),
            clock: Clock::system(),
            resident_events: 4_000_000,
            cells: 200_000,
            snapshot_interval: Duration::from_secs(60),
            log_keep: Duration::from_secs(300),
            min_free_bytes: 64 << 20,
            queue_bytes: 64 << 20,
            watch: None,
        }
    }
}
