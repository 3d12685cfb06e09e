//! Talking to a cluster, with the published client's faults kept outside.
//!
//! Every call has its own limit of time; whoever gets an error drops the connection with everything
//! that hangs on it, because what the client once lost it does not find again. The servers keep
//! something for each stream until its connection ends, so a connection serves only so many.

use std::fmt::{self, Debug, Display};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fluvio::consumer::{ConsumerConfigExtBuilder, ConsumerRecord, RetryMode};
use fluvio::dataplane::link::ErrorCode;
use fluvio::metadata::partition::PartitionSpec;
use fluvio::metadata::topic::{CleanupPolicy, SegmentBasedPolicy, TopicSpec, TopicStorageConfig};
use fluvio::{
    Compression, DeliverySemantic, Fluvio, FluvioClusterConfig, FluvioError, Isolation, Offset,
    ProduceOutput, RecordKey, TopicProducerConfigBuilder, TopicProducerPool,
};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream};
use tokio::sync::Mutex;

use crate::log::remote::ShardError;

/// How long the servers may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How often is looked whether something asked for has come about.
const LOOK: Duration = Duration::from_millis(20);
/// How long what was made may take to be known everywhere.
const KNOWN: Duration = Duration::from_secs(2);
/// Streams of one connection.
const STREAMS: usize = 100;
/// The servers' own files within a topic.
const FILE_BYTES: u32 = 4 << 20;
/// More than such a file: where an answer ends in the middle of a batch, the client loses the rest.
const FETCH_BYTES: i32 = 8 << 20;
/// Records up to this size, frames included.
const REQUEST_BYTES: usize = 2 << 20;

/// Records of a topic from an offset up to where it ended when they were asked for.
pub(super) type Records = Pin<Box<dyn Stream<Item = Result<ConsumerRecord, ErrorCode>> + Send>>;

/// The way to a cluster: a connection for as long as it works.
pub(super) struct Link {
    address: String,
    held: Mutex<Option<Arc<Connection>>>,
}

impl Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), held: Mutex::new(None) }
    }

    pub(super) async fn get(&self) -> Result<Arc<Connection>, ShardError> {
        let mut held = self.held.lock().await;
        let fresh = |connection: &&Arc<Connection>| connection.streams.load(Ordering::Relaxed) < STREAMS;
        if let Some(connection) = held.as_ref().filter(fresh) {
            return Ok(Arc::clone(connection));
        }
        let config = FluvioClusterConfig::new(&self.address);
        let fluvio = answer("connecting", Fluvio::connect_with_config(&config)).await?;
        let connection = Arc::new(Connection { fluvio, streams: AtomicUsize::new(0) });
        *held = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Makes the next caller connect anew.
    pub(super) async fn forget(&self) {
        *self.held.lock().await = None;
    }
}

/// A connection to the cluster's controller and, as needed, to its processing units.
pub(super) struct Connection {
    fluvio: Fluvio,
    streams: AtomicUsize,
}

impl Connection {
    /// Names of the topics that begin with this.
    pub(super) async fn topics(&self, prefix: &str) -> Result<Vec<String>, ShardError> {
        let admin = self.fluvio.admin().await;
        let held = answer("listing topics", admin.list::<TopicSpec, _>(vec![prefix.to_owned()])).await?;
        Ok(held.into_iter().map(|topic| topic.name).filter(|name| name.starts_with(prefix)).collect())
    }

    /// Makes a topic of one partition, unless it is there, and waits until it can be used.
    pub(super) async fn create(&self, topic: &str, replicas: u32) -> Result<(), ShardError> {
        let mut spec = TopicSpec::new_computed(1, replicas, None);
        // Nothing goes by itself: 136 years.
        spec.set_cleanup_policy(CleanupPolicy::Segment(SegmentBasedPolicy { time_in_seconds: u32::MAX }));
        spec.set_storage(TopicStorageConfig { segment_size: Some(FILE_BYTES), max_partition_size: None });
        let admin = self.fluvio.admin().await;
        let created = answer("making a topic", admin.create(topic.to_owned(), false, spec)).await;
        let partition = format!("{topic}-0");
        let started = Instant::now();
        loop {
            let held = answer("looking for a topic", admin.list::<PartitionSpec, _>(vec![topic.to_owned()]));
            if held.await?.iter().any(|held| held.name == partition && held.status.is_online()) {
                return Ok(());
            }
            if started.elapsed() > ANSWER {
                let why = "not online; are there as many processing units as replicas?";
                return Err(created.err().unwrap_or_else(|| ShardError::Unknown(format!("{topic}: {why}"))));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Removes a topic and waits until it is gone.
    pub(super) async fn delete(&self, topic: &str) -> Result<(), ShardError> {
        let admin = self.fluvio.admin().await;
        let deleted = answer("removing a topic", admin.delete::<TopicSpec>(topic)).await;
        let started = Instant::now();
        while self.topics(topic).await?.iter().any(|held| held == topic) {
            if started.elapsed() > ANSWER {
                return Err(deleted.err().unwrap_or_else(|| ShardError::Unknown(format!("{topic} stays"))));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Something that adds records to a topic.
    pub(super) async fn producer(&self, topic: &str) -> Result<Producer, ShardError> {
        let config = TopicProducerConfigBuilder::default()
            // A record is a batch of its own, sent at once.
            .batch_size(1)
            .linger(Duration::ZERO)
            .max_request_size(REQUEST_BYTES)
            .timeout(ANSWER)
            .compression(Compression::None)
            .isolation(Isolation::ReadCommitted)
            // The client's own retries go on with a connection that is dead.
            .delivery_semantic(DeliverySemantic::AtMostOnce)
            .set_specific_partitioner(0)
            .build()
            .map_err(|error| ShardError::Refused(error.to_string()))?;
        let open = || self.fluvio.topic_producer_with_config(topic, config.clone()).boxed();
        Ok(Producer { pool: once_known(topic, open).await? })
    }

    /// What a topic holds from an offset on.
    pub(super) async fn records(&self, topic: &str, from: Offset) -> Result<Records, ShardError> {
        self.streams.fetch_add(1, Ordering::Relaxed);
        let config = ConsumerConfigExtBuilder::default()
            .topic(topic)
            .partition(0)
            .offset_start(from)
            .isolation(Isolation::ReadCommitted)
            .max_bytes(FETCH_BYTES)
            .disable_continuous(true)
            .retry_mode(RetryMode::Disabled)
            .build()
            .map_err(|error| ShardError::Refused(error.to_string()))?;
        let open = || {
            let opened = self.fluvio.consumer_with_config(config.clone());
            opened.map(|opened| opened.map(|records| Box::pin(records) as Records)).boxed()
        };
        once_known(topic, open).await
    }
}

/// Adds records to one topic, one after another.
pub(super) struct Producer {
    pool: TopicProducerPool,
}

impl Producer {
    /// Adds a record; returns the offset at which it lies on the servers.
    pub(super) async fn send(&self, key: RecordKey, value: Bytes) -> Result<u64, ShardError> {
        let sent = self.hand_over(key, value).await?;
        self.accepted(sent).await
    }

    /// Gives a record to the client, which sends it.
    pub(super) async fn hand_over(&self, key: RecordKey, value: Bytes) -> Result<ProduceOutput, ShardError> {
        answer("sending", self.pool.send(key, value)).await
    }

    /// Waits until a record is accepted. Only this tells: flushing succeeds where records are refused.
    pub(super) async fn accepted(&self, sent: ProduceOutput) -> Result<u64, ShardError> {
        let metadata = answer("waiting for an acknowledgement", sent.wait()).await?;
        u64::try_from(metadata.offset()).map_err(|_| ShardError::Unknown("no offset".to_owned()))
    }
}

/// Tries until the client knows of a topic that was made a moment ago.
async fn once_known<'a, T, E>(
    topic: &str,
    open: impl Fn() -> BoxFuture<'a, Result<T, E>>,
) -> Result<T, ShardError>
where
    E: Display + AsRef<dyn std::error::Error + Send + Sync>,
{
    let started = Instant::now();
    loop {
        let opened = tokio::time::timeout(ANSWER, open()).await;
        let error = match opened.map_err(|_| ShardError::Unknown(format!("{topic}: no answer")))? {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        if started.elapsed() > KNOWN || !is_unknown(error.as_ref()) {
            return Err(ShardError::Unknown(format!("{topic}: {error:#}")));
        }
        drop(error);
        tokio::time::sleep(LOOK).await;
    }
}

fn is_unknown(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let error = error.downcast_ref::<FluvioError>();
    matches!(error, Some(FluvioError::TopicNotFound(_) | FluvioError::PartitionNotFound(..)))
}

/// An answer, or an error that says what was being done. Boxed, because the client's futures are nested
/// deeper than the compiler follows.
pub(super) fn answer<'a, T, E: Display>(
    doing: &'a str,
    asked: impl Future<Output = Result<T, E>> + Send + 'a,
) -> BoxFuture<'a, Result<T, ShardError>> {
    let answered = tokio::time::timeout(ANSWER, asked).map(move |answered| match answered {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(ShardError::Unknown(format!("{doing}: {error:#}"))),
        Err(_) => Err(ShardError::Unknown(format!("{doing}: no answer"))),
    });
    answered.boxed()
}
