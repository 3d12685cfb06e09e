//! The log: where an event becomes durable before anybody is told it was accepted.
//!
//! Events live in partitions, chosen by a stable hash of site and visitor, so one person's events
//! are in one partition in the order they were accepted. Offsets count events from 0 within a
//! partition. A [`Chunk`] is what one group commit wrote to one partition; readers see whole
//! chunks only.
//!
//! Wrong when: two programs append to the same embedded log. The data directory's lock prevents it.

pub mod codec;
pub mod embedded;
pub mod fluvio;
pub mod jetstream;
mod remote;
mod rewrite;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use opentrace_events::{Event, SiteId, VisitorId};
use tokio::sync::watch;

pub use self::fluvio::FluvioConfig;
pub use embedded::{EmbeddedConfig, EmbeddedLog};
pub use jetstream::JetStreamConfig;

use crate::config::{LogKind, PipelineConfig};

/// Page cache of the embedded log: readers mostly want what was just written.
const CACHE_BYTES: usize = 32 << 20;

/// A partition of the log.
pub type Partition = u16;
/// The number of an event within its partition.
pub type Offset = u64;

/// Consecutive events of one partition.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub partition: Partition,
    /// Offset of the first event.
    pub first: Offset,
    pub events: Vec<Event>,
}

impl Chunk {
    /// Offset after the last event.
    pub fn end(&self) -> Offset {
        self.first + self.events.len() as u64
    }
}

/// A durable, partitioned, append-only log of events.
#[async_trait::async_trait]
pub trait EventLog: Send + Sync + std::fmt::Debug + 'static {
    /// How many partitions there are. Fixed for the life of the log.
    fn partitions(&self) -> Partition;

    /// Drawn when the log was made: offsets of another log mean other events.
    fn id(&self) -> u64;

    /// Appends all of `events` or, on an error, lets the caller send them again: an event that got
    /// in before the error is then a repeat and is counted once by its id. Durable on return.
    async fn append(&self, events: &[Event]) -> Result<(), LogError>;

    /// Whole chunks of a partition from `from` on, until `max_events` are reached or exceeded.
    /// `from` must be a chunk boundary.
    async fn read(
        &self,
        partition: Partition,
        from: Offset,
        max_events: usize,
    ) -> Result<Vec<Chunk>, LogError>;

    /// The offset after the last durable event, per partition.
    fn ends(&self) -> Vec<Offset>;

    /// The first offset still held, per partition.
    async fn starts(&self) -> Result<Vec<Offset>, LogError>;

    /// Changes whenever events were appended.
    fn appended(&self) -> watch::Receiver<u64>;

    /// Drops chunks that end at or before `before` and were written more than `keep` ago.
    /// Returns how many events were dropped.
    async fn truncate(&self, partition: Partition, before: Offset, keep: Duration) -> Result<u64, LogError>;

    /// Overwrites the events of these visitors of a site that lie before `until` with marks that
    /// [`is_erased`] knows, or drops the chunks they are in; what they held is gone from storage on
    /// return. Everything before `until` is committed. Offsets stay. Returns how many events went.
    async fn erase(&self, site: SiteId, visitors: &[VisitorId], until: &[Offset]) -> Result<u64, LogError>;

    /// Refuses further appends and waits for those under way.
    fn close(&self);
}

/// Opens the log that is configured. `folder` is where an embedded one lies.
pub(crate) async fn open(config: &PipelineConfig, folder: &Path) -> Result<Arc<dyn EventLog>, LogError> {
    match &config.log {
        LogKind::Embedded => Ok(Arc::new(EmbeddedLog::open(EmbeddedConfig {
            path: folder.join("log.redb"),
            partitions: config.partitions,
            min_free_bytes: config.min_free_bytes,
            queue_bytes: config.queue_bytes,
            cache_bytes: CACHE_BYTES,
        })?)),
        LogKind::JetStream(settings) => jetstream::open(settings).await,
        LogKind::Fluvio(settings) => fluvio::open(settings).await,
    }
}

/// Where an embedded log ends that is there but no longer configured.
pub(crate) fn left_behind(config: &PipelineConfig, folder: &Path) -> Result<Option<Vec<Offset>>, LogError> {
    let path = folder.join("log.redb");
    if matches!(config.log, LogKind::Embedded) || !path.exists() {
        return Ok(None);
    }
    embedded::ends_of(&path).map(Some)
}

/// What stands in the log where an event was erased: an event of no site. Sites count from 1.
pub fn erased_mark() -> Event {
    Event { site: SiteId(0), ..Event::default() }
}

/// Whether an event of the log is only the mark of one that was erased.
pub fn is_erased(event: &Event) -> bool {
    event.site == SiteId(0)
}

/// Why the log could not take or give events.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// More is waiting to be written than the queue may hold: try again soon.
    #[error("the log's queue is full")]
    Busy,
    /// The disk is full, or nearly: less is free than the configured reserve.
    #[error("the disk that holds the log is full")]
    DiskFull,
    /// The log is being shut down.
    #[error("the log is closed")]
    Closed,
    /// A chunk does not decode: the file was damaged.
    #[error("partition {partition} is damaged at offset {offset}: {reason}")]
    Damaged { partition: Partition, offset: Offset, reason: String },
    /// The system that holds the log does not answer: try again soon.
    #[error("the log cannot be reached: {0}")]
    Unreachable(String),
    /// The storage underneath failed.
    #[error("the log's storage failed: {0}")]
    Storage(String),
}

impl LogError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            LogError::Busy => "log_busy",
            LogError::DiskFull => "disk_full",
            LogError::Closed => "closing",
            LogError::Damaged { .. } => "log_damaged",
            LogError::Unreachable(_) => "log_unreachable",
            LogError::Storage(_) => "log_storage",
        }
    }

    /// The same error for another of those it concerns.
    fn again(&self) -> Self {
        match self {
            LogError::Busy => LogError::Busy,
            LogError::DiskFull => LogError::DiskFull,
            LogError::Closed => LogError::Closed,
            LogError::Unreachable(reason) => LogError::Unreachable(reason.clone()),
            LogError::Damaged { .. } | LogError::Storage(_) => LogError::Storage(self.to_string()),
        }
    }
}

/// The partition a visitor's events belong to. Stable for ever: changing it would split people.
pub fn partition_of(site: SiteId, visitor: VisitorId, partitions: Partition) -> Partition {
    // Finaliser of SplitMix64 (Steele et al. 2014): spreads ids that differ in few bits.
    let mut x = visitor.0 ^ u64::from(site.0).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) % u64::from(partitions.max(1))) as Partition
}
