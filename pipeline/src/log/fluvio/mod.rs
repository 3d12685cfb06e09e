//! The log in Fluvio: each partition a series of topics, replicated by the cluster.
//!
//! A partition is a series of *segments*, each a topic of its own with one Fluvio partition, called
//! `<name>-<partition>-<segment>-<generation>`. Records are only ever added to the newest; a record
//! that says so closes one, and the next goes on. So what ClickHouse holds is dropped topic by topic,
//! and what is erased is gone once the topic it was in has been copied without it. Fluvio adds a
//! record wherever the topic ends: if that is not directly behind the last one known, the writer reads
//! what is there, and what does not begin where the records before it end does not count. A record
//! that comes late, behind the one that closes its segment, is never read.
//!
//! `<name>-shape` holds one record: the log's id and its number of partitions.
//!
//! Wrong when: processing units lose power. Fluvio acknowledges what its processes hold, and leaves it
//! to the system when that is on disk; replicas on other machines are its answer. Wrong as well when
//! two programs use one log, which the lock of the data folder prevents on one machine: they may append
//! side by side, but one waits for ever for topics that the other has removed.
//!
//! Sources: the published client's code (0.50.1), whose faults [`connection`] and [`reader`] work
//! around: an answer that ends within a batch loses the rest of it, a broken producer stays broken.

mod connection;
mod reader;
mod segment;
mod shard;
mod wipe;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fluvio::{Offset, RecordKey};
use futures_util::StreamExt;
use uuid::Uuid;

use self::connection::{Connection, Link, answer};
use self::shard::FluvioShard;
use super::remote::{RemoteLog, Shard, ShardError};
use super::{EventLog, LogError, Partition};

/// How long is waited for the cluster at the start.
const START: Duration = Duration::from_secs(60);
/// What the record in `<name>-shape` begins with.
const SHAPE: &str = "opentrace log 1";

/// Where the cluster is, and how the topics are kept.
#[derive(Clone, Debug)]
pub struct FluvioConfig {
    /// The streaming controller's public address: `host:9003`.
    pub address: String,
    /// Topics are called `<name>-…`: lower-case letters, digits and `-`.
    pub name: String,
    pub partitions: Partition,
    /// Processing units that hold each topic.
    pub replicas: u32,
    /// Encoded events that may wait to be written.
    pub queue_bytes: usize,
}

/// Connects, makes the topics that are missing, and opens the log.
///
/// # Errors
/// When the cluster does not answer for a minute, or its topics hold another log or part of one.
pub(crate) async fn open(config: &FluvioConfig) -> Result<Arc<dyn EventLog>, LogError> {
    let (id, shards) = until_there(|| prepare(config)).await?;
    Ok(Arc::new(RemoteLog::open(id, shards, config.queue_bytes).await?))
}

/// The log's id and its partitions.
async fn prepare(config: &FluvioConfig) -> Result<(u64, Vec<FluvioShard>), ShardError> {
    let connection = Link::new(&config.address).get().await?;
    let topic = format!("{}-shape", config.name);
    let shape = match connection.topics(&topic).await?.contains(&topic) {
        true => first_record(&connection, &topic).await?,
        false => None,
    };
    let id = shape.as_deref().map(|shape| id_of(config, shape)).transpose()?;
    let mut shards = Vec::new();
    for partition in 0..config.partitions {
        let prefix = format!("{}-{partition}-", config.name);
        let shard = FluvioShard::open(&config.address, prefix, config.replicas, id.is_some()).await?;
        if id.is_none() && shard.bounds().await?.is_some() {
            let lost = format!("topic {topic} is missing, which says what the others hold");
            return Err(ShardError::Refused(lost));
        }
        shards.push(shard);
    }
    if let Some(id) = id {
        return Ok((id, shards));
    }
    // Only now, so that a log with this record has all its topics.
    connection.create(&topic, config.replicas).await?;
    let shape = format!("{SHAPE} {:016x} {}", Uuid::new_v4().as_u64_pair().0, config.partitions);
    connection.producer(&topic).await?.send(RecordKey::NULL, Bytes::from(shape)).await?;
    let first = first_record(&connection, &topic).await?;
    let first = first.ok_or_else(|| ShardError::Unknown(format!("topic {topic} is empty")))?;
    Ok((id_of(config, &first)?, shards))
}

/// The first record of a topic. Whatever else is in it came later.
async fn first_record(connection: &Connection, topic: &str) -> Result<Option<String>, ShardError> {
    let mut records = connection.records(topic, Offset::beginning()).await?;
    let first = answer("reading", async { records.next().await.transpose() }).await?;
    Ok(first.map(|record| String::from_utf8_lossy(record.value()).into_owned()))
}

fn id_of(config: &FluvioConfig, shape: &str) -> Result<u64, ShardError> {
    let parts = shape.strip_prefix(SHAPE).and_then(|rest| rest.trim().split_once(' '));
    let read = parts.and_then(|(id, partitions)| {
        Some((u64::from_str_radix(id, 16).ok()?, partitions.parse::<Partition>().ok()?))
    });
    match read {
        Some((id, partitions)) if partitions == config.partitions => Ok(id),
        Some((_, partitions)) => Err(ShardError::Refused(format!(
            "the log `{}` has {partitions} partitions, not {}: set eventlog.name or eventlog.partitions",
            config.name, config.partitions
        ))),
        None => Err(ShardError::Refused(format!(
            "topic {}-shape holds `{shape}`, which is nothing of OpenTrace's: set eventlog.name",
            config.name
        ))),
    }
}

async fn until_there<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, LogError>
where
    F: Future<Output = Result<T, ShardError>>,
{
    let started = Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(ShardError::Refused(reason)) => return Err(LogError::Storage(reason)),
            Err(error) if started.elapsed() > START => return Err(LogError::Unreachable(error.to_string())),
            Err(error) => tracing::warn!(%error, "waiting for the log's cluster"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
