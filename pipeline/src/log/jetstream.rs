//! The log in NATS JetStream: one stream per partition, replicated by the servers.
//!
//! A record is a message. It is published on the condition that the stream's last sequence is the
//! one its writer knows (`Nats-Expected-Last-Sequence`), so a message that was thought lost and came
//! late after all is never in twice. Reading asks any replica and then, where that does not have the
//! message, the stream's leader. Streams are made by this program, refuse what does not fit
//! (`discard: new`) and let nothing go by themselves: what is dropped is what ClickHouse holds.
//!
//! A server may be cut off from the others and still talk to its clients. It then has no leader to
//! pass anything on to, so whoever gets no answer goes to another server.
//!
//! Wrong when: all replicas lose power at once. The servers acknowledge when a majority has a
//! message, and write it to disk a little later (`sync_interval`, two minutes by default).
//!
//! Sources: the JetStream wire API (stream `MSG.GET`, `PURGE`, `MSG.DELETE`), servers 2.9 and later.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_nats::jetstream::context::{CreateStreamErrorKind, PublishError, PublishErrorKind};
use async_nats::jetstream::stream::{
    self, DirectGetErrorKind, DiscardPolicy, LastRawMessageErrorKind, RetentionPolicy, StorageType, Stream,
};
use async_nats::jetstream::{self, ErrorCode};
use async_nats::{Client, ConnectOptions, HeaderMap, ReconnectToServer, header};
use bytes::Bytes;
use uuid::Uuid;

use super::remote::{Position, RemoteLog, Shard, ShardError, close_before_what_stays};
use super::{LogError, Offset, Partition};

/// How long the servers may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long is waited for the servers at the start.
const START: Duration = Duration::from_secs(60);
/// What a message may carry beside the record.
const HEADERS: usize = 512;
/// Records are no larger than this, however large messages may be.
const LARGEST_RECORD: usize = 1 << 20;
/// Sequences are asked for by subject, because only so a gap is passed over.
const ANY: &str = ">";

/// Where the servers are, and how the streams are kept.
#[derive(Clone)]
pub struct JetStreamConfig {
    /// Addresses of one or more servers: `nats://host:4222`, `tls://host:4222`.
    pub servers: Vec<String>,
    pub user: Option<(String, String)>,
    /// A file with a user's JWT and key, as `nsc` writes it.
    pub credentials: Option<std::path::PathBuf>,
    /// Streams are called `<name>-<partition>`.
    pub name: String,
    pub partitions: Partition,
    /// Servers that hold each stream.
    pub replicas: usize,
    /// Bytes that each stream may hold; 0 leaves it to the servers' limits.
    pub max_bytes: u64,
    /// Encoded events that may wait to be written.
    pub queue_bytes: usize,
}

impl std::fmt::Debug for JetStreamConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { servers, user, credentials, name, partitions, replicas, max_bytes, queue_bytes: _ } = self;
        f.debug_struct("JetStreamConfig")
            .field("servers", servers)
            .field("user", &user.as_ref().map(|(name, _)| name))
            .field("credentials", credentials)
            .field("name", name)
            .field("partitions", partitions)
            .field("replicas", replicas)
            .field("max_bytes", max_bytes)
            .finish_non_exhaustive()
    }
}

/// Connects, makes the streams that are missing, and opens the log.
///
/// # Errors
/// When the servers do not answer for a minute, refuse, or hold streams of another shape.
pub(crate) async fn open(config: &JetStreamConfig) -> Result<Arc<dyn super::EventLog>, LogError> {
    let client = connect(config).await?;
    let connection = Arc::new(Connection { client: client.clone(), since: Mutex::new(Instant::now()) });
    let mut context = jetstream::new(client.clone());
    context.set_timeout(ANSWER);
    let limit = client.server_info().max_payload.saturating_sub(HEADERS).min(LARGEST_RECORD);
    let (mut shards, mut id) = (Vec::new(), 0);
    for partition in 0..config.partitions {
        let stream = until_there(|| prepare(&context, config, partition)).await?;
        if partition == 0 {
            id = stream.cached_info().created.unix_timestamp_nanos() as u64;
        }
        let subject = subject(config, partition);
        let (context, connection) = (context.clone(), Arc::clone(&connection));
        shards.push(StreamShard { context, connection, stream, subject, limit });
    }
    Ok(Arc::new(RemoteLog::open(id, shards, config.queue_bytes).await?))
}

async fn connect(config: &JetStreamConfig) -> Result<Client, LogError> {
    // The library takes its cryptography from the process; whoever comes second finds it there.
    let _already = rustls::crypto::ring::default_provider().install_default();
    // Round and round, begun anywhere: who leaves a server comes to another one.
    let turn = Arc::new(AtomicUsize::new(Uuid::new_v4().as_u128() as usize));
    let mut options = ConnectOptions::new()
        .name("opentrace")
        .reconnect_to_server_callback(move |servers, _| {
            let next = turn.fetch_add(1, Ordering::Relaxed) % servers.len().max(1);
            let addr = servers.get(next).map(|server| server.addr.clone());
            async move { addr.map(|addr| ReconnectToServer { addr, delay: None }) }
        })
        .request_timeout(Some(ANSWER))
        .retry_on_initial_connect()
        .event_callback(|event| async move {
            match event {
                async_nats::Event::Connected => tracing::info!("connected to the log's servers"),
                event => tracing::warn!(%event, "connection to the log's servers"),
            }
        });
    if let Some((user, password)) = &config.user {
        options = options.user_and_password(user.clone(), password.clone());
    }
    if let Some(file) = &config.credentials {
        options = options
            .credentials_file(file)
            .await
            .map_err(|error| LogError::Storage(format!("{}: {error}", file.display())))?;
    }
    let client = options
        .connect(config.servers.as_slice())
        .await
        .map_err(|error| LogError::Storage(format!("cannot use the log's servers: {error}")))?;
    let connected = async {
        while client.connection_state() != async_nats::connection::State::Connected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let reached = tokio::time::timeout(START, connected).await;
    reached.map_err(|_| LogError::Unreachable(format!("no answer from {}", config.servers.join(", "))))?;
    Ok(client)
}

fn subject(config: &JetStreamConfig, partition: Partition) -> String {
    format!("{}.log.{partition}", config.name)
}

fn purpose(config: &JetStreamConfig, partition: Partition) -> String {
    format!("Log of OpenTrace, partition {partition} of {}", config.partitions)
}

/// The stream of a partition, made where it is missing.
async fn prepare(
    context: &jetstream::Context,
    config: &JetStreamConfig,
    partition: Partition,
) -> Result<Stream, Refusal> {
    let wanted = stream::Config {
        name: format!("{}-{partition}", config.name),
        description: Some(purpose(config, partition)),
        subjects: vec![subject(config, partition)],
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: config.replicas,
        max_bytes: if config.max_bytes == 0 { -1 } else { config.max_bytes.min(i64::MAX as u64) as i64 },
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        allow_direct: true,
        ..stream::Config::default()
    };
    let stream = context.get_or_create_stream(wanted.clone()).await.map_err(|error| match error.kind() {
        CreateStreamErrorKind::JetStream(cause) if !NOT_YET.contains(&cause.error_code()) => {
            Refusal::Final(format!("stream {}: {error}", wanted.name))
        }
        _ => Refusal::Later(error.to_string()),
    })?;
    let held = &stream.cached_info().config;
    if held.description != wanted.description {
        let description = held.description.as_deref().unwrap_or("nothing of OpenTrace's");
        return Err(Refusal::Final(format!(
            "stream {} holds `{description}`, not `{}`: set log.name or log.partitions",
            wanted.name,
            purpose(config, partition)
        )));
    }
    if held.max_bytes != wanted.max_bytes || held.num_replicas != wanted.num_replicas {
        context.update_stream(&wanted).await.map_err(|error| Refusal::Later(error.to_string()))?;
    }
    Ok(stream)
}

/// Why a stream is not there.
enum Refusal {
    Later(String),
    Final(String),
}

/// What a cluster says whose servers have not found each other yet.
const NOT_YET: [ErrorCode; 6] = [
    ErrorCode::CLUSTER_INCOMPLETE,
    ErrorCode::CLUSTER_NO_PEERS,
    ErrorCode::CLUSTER_NOT_ACTIVE,
    ErrorCode::CLUSTER_NOT_ASSIGNED,
    ErrorCode::CLUSTER_NOT_AVAILABLE,
    ErrorCode::INSUFFICIENT_RESOURCES,
];

async fn until_there<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, LogError>
where
    F: Future<Output = Result<T, Refusal>>,
{
    let started = Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(Refusal::Final(reason)) => return Err(LogError::Storage(reason)),
            Err(Refusal::Later(reason)) if started.elapsed() > START => {
                return Err(LogError::Unreachable(reason));
            }
            Err(Refusal::Later(reason)) => tracing::warn!(reason, "waiting for the log's streams"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The connection that all streams share.
#[derive(Debug)]
struct Connection {
    client: Client,
    /// When it was last given up.
    since: Mutex<Instant>,
}

impl Connection {
    /// Goes to another server, unless that was done a moment ago. What is under way is lost and done again: nothing is in twice for it.
    async fn leave(&self) {
        {
            let mut since = self.since.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if since.elapsed() < ANSWER {
                return;
            }
            *since = Instant::now();
        }
        tracing::warn!("the log's server does not get things done: trying another one");
        // It fails where the client has ended, and then the next call says so.
        let _ = self.client.force_reconnect().await;
    }
}

/// One stream.
#[derive(Debug)]
struct StreamShard {
    context: jetstream::Context,
    connection: Arc<Connection>,
    stream: Stream,
    subject: String,
    limit: usize,
}

#[async_trait::async_trait]
impl Shard for StreamShard {
    async fn append(&self, after: Position, record: Bytes) -> Result<Position, ShardError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::NATS_EXPECTED_LAST_SEQUENCE, after.to_string());
        let published = async {
            let sent = self.context.publish_with_headers(self.subject.clone(), headers, record).await;
            Ok::<_, PublishError>(sent?.await?.sequence)
        };
        match published.await.map_err(|error| publish_error(&error)) {
            // Older servers take "after 0" for no condition.
            Ok(sequence) if sequence != after + 1 => Err(ShardError::Moved),
            Err(ShardError::Unknown(reason)) => Err(self.unknown(reason).await),
            outcome => outcome,
        }
    }

    async fn read(&self, from: Position) -> Result<Option<(Position, Bytes)>, ShardError> {
        let from = from.max(1);
        let near = self.stream.direct_get_builder().sequence(from).next_by_subject(ANY).send().await;
        match near {
            // One further on says that there is none between: that is for the leader to say.
            Ok(message) if message.sequence == from => return Ok(Some((from, message.payload))),
            Ok(_) => {}
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => {}
            Err(error) => tracing::debug!(%error, "a replica did not answer"),
        }
        match self.stream.raw_message_builder().sequence(from).next_by_subject(ANY).send().await {
            Ok(message) => Ok(Some((message.sequence, message.payload))),
            Err(error) if is_not_found(&error.kind()) => Ok(None),
            Err(error) => Err(self.unknown(error).await),
        }
    }

    async fn locate(&self, offset: Offset) -> Result<Position, ShardError> {
        let Some(bounds) = self.bounds().await? else { return Ok(0) };
        close_before_what_stays(self, bounds, &|_, opened| opened.end() <= offset).await
    }

    async fn bounds(&self) -> Result<Option<(Position, Position)>, ShardError> {
        let info = match self.stream.get_info().await {
            Ok(info) => info,
            Err(error) => return Err(self.unknown(error).await),
        };
        let state = info.state;
        match (state.last_sequence, state.messages) {
            (0, _) => Ok(None),
            (_, 0) => Err(ShardError::Refused(format!(
                "stream {} was emptied by somebody else: what was not in ClickHouse is lost",
                info.config.name
            ))),
            (last, _) => Ok(Some((state.first_sequence, last))),
        }
    }

    async fn cut(&self, before: Position) -> Result<(), ShardError> {
        let purged = self.stream.purge().sequence(before).await;
        purged.map(drop).map_err(|error| ShardError::Unknown(error.to_string()))
    }

    async fn wipe(&self, records: &[Position], _keep_from: Position) -> Result<(), ShardError> {
        for sequence in records {
            match self.stream.delete_message(*sequence).await {
                Ok(_) => {}
                // Gone already, by an earlier attempt or because the log was cut meanwhile.
                Err(_) if self.is_gone(*sequence).await? => {}
                Err(error) => return Err(ShardError::Unknown(error.to_string())),
            }
        }
        Ok(())
    }

    fn record_limit(&self) -> usize {
        self.limit
    }
}

impl StreamShard {
    /// No answer, or none that says anything: perhaps another server knows.
    async fn unknown(&self, reason: impl ToString) -> ShardError {
        self.connection.leave().await;
        ShardError::Unknown(reason.to_string())
    }

    async fn is_gone(&self, sequence: Position) -> Result<bool, ShardError> {
        match self.stream.get_raw_message(sequence).await {
            Ok(_) => Ok(false),
            Err(error) if is_not_found(&error.kind()) => Ok(true),
            Err(error) => Err(ShardError::Unknown(error.to_string())),
        }
    }
}

fn is_not_found(kind: &LastRawMessageErrorKind) -> bool {
    match kind {
        LastRawMessageErrorKind::NoMessageFound => true,
        LastRawMessageErrorKind::JetStream(error) => error.error_code() == ErrorCode::NO_MESSAGE_FOUND,
        _ => false,
    }
}

fn publish_error(error: &PublishError) -> ShardError {
    let said = error.to_string();
    match error.kind() {
        PublishErrorKind::WrongLastSequence => ShardError::Moved,
        PublishErrorKind::MaxPayloadExceeded => ShardError::Refused(said),
        _ if is_full(error) => ShardError::Full(said),
        _ => ShardError::Unknown(said),
    }
}

/// The servers refuse for want of room: the stream's, the account's or the disk's.
fn is_full(error: &PublishError) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<jetstream::Error>());
    let full = [
        ErrorCode::STREAM_STORE_FAILED,
        ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
        ErrorCode::STORAGE_RESOURCES_EXCEEDED,
        ErrorCode::INSUFFICIENT_RESOURCES,
        ErrorCode::STREAM_MAX_STREAM_BYTES_EXCEEDED,
    ];
    cause.is_some_and(|cause| full.contains(&cause.error_code()))
}
