//! The embedded log: chunks in a redb file on this machine.
//!
//! Appends from many requests are written together by one thread: it takes whatever waits, writes
//! one transaction, and answers all of them once it has reached the disk (group commit). A request
//! therefore waits for at most the commit under way and its own.
//!
//! State: the queue, bounded in bytes; nothing else. The next offsets are read from the file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use opentrace_events::{Event, SiteId, VisitorId};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::codec::{self, Encoded, Visits};
use super::rewrite::{Erase, Rewritten};
use super::{Chunk, EventLog, LogError, Offset, Partition};

pub(super) const CHUNKS: TableDefinition<'_, (u16, u64), &[u8]> = TableDefinition::new("chunks");
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// A commit is closed once it holds this much, so that one burst does not become one huge value.
const COMMIT_BYTES: usize = 8 << 20;
/// Requests that may wait, beside the bound on their bytes.
const QUEUE_REQUESTS: usize = 16_384;

/// How the embedded log uses this machine.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    pub path: PathBuf,
    pub partitions: Partition,
    /// Appends are refused while less than this is free on the disk.
    pub min_free_bytes: u64,
    /// Encoded bytes that may wait for the writer.
    pub queue_bytes: usize,
    /// Page cache of the file.
    pub cache_bytes: usize,
}

/// See the module.
#[derive(Debug)]
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    queue: Mutex<Option<Sender<Work>>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
}

struct Shared {
    config: EmbeddedConfig,
    /// Replaced when the storage failed and the file had to be opened anew.
    db: RwLock<Arc<Database>>,
    id: u64,
    ends: Vec<AtomicU64>,
    waiting_bytes: AtomicUsize,
    /// Of chunks that were read.
    visits: Mutex<Visits>,
    appended: watch::Sender<u64>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("config", &self.config)
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}

/// What the writer is asked to do.
enum Work {
    Append(Request),
    /// Put a rewritten file in the place of the log's.
    Replace(Rewritten, oneshot::Sender<Result<(), LogError>>),
}

struct Request {
    parts: Vec<(Partition, Encoded)>,
    bytes: usize,
    answer: oneshot::Sender<Result<(), LogError>>,
}

impl EmbeddedLog {
    /// Opens or creates the log.
    ///
    /// # Errors
    /// When the file cannot be opened, or was made with another number of partitions.
    pub fn open(config: EmbeddedConfig) -> Result<Self, LogError> {
        let db = open_file(&config.path, config.cache_bytes)?;
        let ends = prepare(&db, config.partitions)?;
        let shared = Arc::new(Shared {
            id: identify(&db)?,
            ends: ends.into_iter().map(AtomicU64::new).collect(),
            db: RwLock::new(Arc::new(db)),
            waiting_bytes: AtomicUsize::new(0),
            visits: Mutex::default(),
            appended: watch::Sender::new(0),
            config,
        });
        let (queue, work) = crossbeam_channel::bounded(QUEUE_REQUESTS);
        let writer = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || write_loop(&shared, &work)
            })
            .map_err(|e| LogError::Storage(e.to_string()))?;
        Ok(Self { shared, queue: Mutex::new(Some(queue)), writer: Mutex::new(Some(writer)) })
    }

    fn sender(&self) -> Option<Sender<Work>> {
        self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }
}

#[async_trait::async_trait]
impl EventLog for EmbeddedLog {
    fn partitions(&self) -> Partition {
        self.shared.config.partitions
    }

    fn id(&self) -> u64 {
        self.shared.id
    }

    async fn append(&self, events: &[Event]) -> Result<(), LogError> {
        let queue = self.sender().ok_or(LogError::Closed)?;
        let parts = codec::split(events, self.partitions(), usize::MAX)?;
        let bytes = parts.iter().map(|(_, part)| part.bytes.len()).sum();
        let waiting = self.shared.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        // One request larger than the whole queue must still get through an empty one.
        let full = waiting > 0 && waiting + bytes > self.shared.config.queue_bytes;
        let sent = if full { Err(LogError::Busy) } else { send(&queue, Request { parts, bytes, answer }) };
        if let Err(error) = sent {
            self.shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(error);
        }
        answered.await.map_err(|_| LogError::Closed)?
    }

    async fn read(
        &self,
        partition: Partition,
        from: Offset,
        max_events: usize,
    ) -> Result<Vec<Chunk>, LogError> {
        let db = self.shared.database();
        let table = db.begin_read().map_err(storage)?.open_table(CHUNKS).map_err(storage)?;
        let mut visits = self.shared.visits.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut chunks = Vec::new();
        let mut held = 0;
        for entry in table.range((partition, from)..=(partition, u64::MAX)).map_err(storage)? {
            let (key, value) = entry.map_err(storage)?;
            let first = key.value().1;
            let events = codec::decode_with(value.value(), &mut visits)
                .map_err(|reason| LogError::Damaged { partition, offset: first, reason })?;
            held += events.len();
            chunks.push(Chunk { partition, first, events });
            if held >= max_events {
                break;
            }
        }
        Ok(chunks)
    }

    fn ends(&self) -> Vec<Offset> {
        self.shared.ends.iter().map(|end| end.load(Ordering::Acquire)).collect()
    }

    async fn starts(&self) -> Result<Vec<Offset>, LogError> {
        let db = self.shared.database();
        let table = db.begin_read().map_err(storage)?.open_table(CHUNKS).map_err(storage)?;
        let ends = self.ends();
        (0..self.partitions())
            .map(|partition| {
                let mut held = table.range((partition, 0)..=(partition, u64::MAX)).map_err(storage)?;
                match held.next() {
                    Some(entry) => Ok(entry.map_err(storage)?.0.value().1),
                    None => Ok(ends[usize::from(partition)]),
                }
            })
            .collect()
    }

    fn appended(&self) -> watch::Receiver<u64> {
        self.shared.appended.subscribe()
    }

    async fn truncate(&self, partition: Partition, before: Offset, keep: Duration) -> Result<u64, LogError> {
        let newest = now_ms() - keep.as_millis() as i64;
        let db = self.shared.database();
        let stale = stale_chunks(&db, partition, before, newest)?;
        if stale.is_empty() {
            return Ok(0);
        }
        let transaction = db.begin_write().map_err(storage)?;
        {
            let mut table = transaction.open_table(CHUNKS).map_err(storage)?;
            for (first, _) in &stale {
                table.remove((partition, *first)).map_err(storage)?;
            }
        }
        transaction.commit().map_err(storage)?;
        Ok(stale.iter().map(|(_, count)| u64::from(*count)).sum())
    }

    async fn erase(&self, site: SiteId, visitors: &[VisitorId], until: &[Offset]) -> Result<u64, LogError> {
        let queue = self.sender().ok_or(LogError::Closed)?;
        let erase = Erase { site, visitors: visitors.iter().copied().collect(), until: until.to_vec() };
        let shared = Arc::clone(&self.shared);
        let rewritten = tokio::task::spawn_blocking(move || {
            let config = &shared.config;
            Rewritten::of(&shared.database(), &config.path, config.cache_bytes, config.partitions, &erase)
        });
        let rewritten = rewritten.await.map_err(|error| LogError::Storage(error.to_string()))??;
        let erased = rewritten.erased;
        let (answer, answered) = oneshot::channel();
        tokio::task::spawn_blocking(move || queue.send(Work::Replace(rewritten, answer)))
            .await
            .map_err(|error| LogError::Storage(error.to_string()))?
            .map_err(|_| LogError::Closed)?;
        answered.await.map_err(|_| LogError::Closed)??;
        Ok(erased)
    }

    fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
        let writer = self.writer.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("log writer ended by a panic");
        }
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn database(&self) -> Arc<Database> {
        Arc::clone(&self.db.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

fn send(queue: &Sender<Work>, request: Request) -> Result<(), LogError> {
    queue.try_send(Work::Append(request)).map_err(|error| match error {
        TrySendError::Full(_) => LogError::Busy,
        TrySendError::Disconnected(_) => LogError::Closed,
    })
}

fn write_loop(shared: &Shared, work: &Receiver<Work>) {
    while let Ok(first) = work.recv() {
        let mut next = Some(first);
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(Work::Append(request)) = next.take_if(|work| matches!(work, Work::Append(_))) {
            bytes += request.bytes;
            group.push(request);
            next = if bytes < COMMIT_BYTES { work.try_recv().ok() } else { None };
        }
        if !group.is_empty() {
            commit_group(shared, group, bytes);
        }
        if let Some(Work::Replace(rewritten, answer)) = next {
            // A caller that went away does not need its answer.
            let _ = answer.send(replace_file(shared, rewritten));
        }
    }
}

fn commit_group(shared: &Shared, group: Vec<Request>, bytes: usize) {
    let outcome = commit(shared, &group);
    shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    if outcome.is_ok() {
        shared.appended.send_modify(|n| *n += 1);
    }
    for request in group {
        let _ = request.answer.send(outcome.as_ref().copied().map_err(LogError::again));
    }
}

/// Brings a rewritten file up to date and puts it in the place of the log's. Nothing is appended
/// meanwhile: this is the thread that appends.
fn replace_file(shared: &Shared, rewritten: Rewritten) -> Result<(), LogError> {
    let mut slot = shared.db.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    *slot = Arc::new(rewritten.finish(&slot)?);
    Ok(())
}

/// Writes one group in one transaction. On an error nothing of it is in the log.
fn commit(shared: &Shared, group: &[Request]) -> Result<(), LogError> {
    check_space(&shared.config)?;
    match try_commit(shared, group) {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::error!(%error, "log commit failed, reopening the file");
            reopen(shared)?;
            check_space(&shared.config)?;
            Err(error)
        }
    }
}

fn try_commit(shared: &Shared, group: &[Request]) -> Result<(), LogError> {
    let written_at = now_ms();
    let mut merged: Vec<Encoded> = vec![Encoded::default(); usize::from(shared.config.partitions)];
    for (partition, part) in group.iter().flat_map(|request| &request.parts) {
        merged[usize::from(*partition)].append(part);
    }
    let db = shared.database();
    let transaction = db.begin_write().map_err(storage)?;
    {
        let mut table = transaction.open_table(CHUNKS).map_err(storage)?;
        for (partition, part) in (0..).zip(&merged).filter(|(_, part)| part.count > 0) {
            let end = shared.ends[usize::from(partition)].load(Ordering::Acquire);
            table.insert((partition, end), codec::frame(part, written_at).as_slice()).map_err(storage)?;
        }
    }
    transaction.commit().map_err(storage)?;
    for (end, part) in shared.ends.iter().zip(&merged) {
        end.fetch_add(u64::from(part.count), Ordering::AcqRel);
    }
    Ok(())
}

/// After a failed write redb wants its file opened anew; whether the failed transaction reached the
/// disk is then read from the file, and the offsets follow it.
fn reopen(shared: &Shared) -> Result<(), LogError> {
    let mut slot = shared.db.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    // redb locks its file: the old handle must be gone before the new one is opened. A database in
    // memory takes its place meanwhile, and stays only if opening fails, when every call fails too.
    let idle =
        Database::builder().create_with_backend(redb::backends::InMemoryBackend::new()).map_err(storage)?;
    *slot = Arc::new(idle);
    let db = open_file(&shared.config.path, shared.config.cache_bytes)?;
    for (end, found) in shared.ends.iter().zip(prepare(&db, shared.config.partitions)?) {
        end.store(found, Ordering::Release);
    }
    *slot = Arc::new(db);
    Ok(())
}

fn check_space(config: &EmbeddedConfig) -> Result<(), LogError> {
    let folder = config.path.parent().unwrap_or(Path::new("."));
    match fs4::available_space(folder) {
        Ok(free) if free < config.min_free_bytes => Err(LogError::DiskFull),
        Ok(_) => Ok(()),
        Err(error) => Err(LogError::Storage(error.to_string())),
    }
}

pub(super) fn open_file(path: &Path, cache_bytes: usize) -> Result<Database, LogError> {
    Database::builder().set_cache_size(cache_bytes).create(path).map_err(storage)
}

/// Makes the tables, checks the number of partitions, and finds where each ends.
fn prepare(db: &Database, partitions: Partition) -> Result<Vec<Offset>, LogError> {
    let transaction = db.begin_write().map_err(storage)?;
    let ends = {
        let mut meta = transaction.open_table(META).map_err(storage)?;
        let made_with = meta.get("partitions").map_err(storage)?.map(|n| n.value());
        match made_with {
            Some(n) if n != u64::from(partitions) => {
                return Err(LogError::Storage(format!(
                    "the log was made with {n} partitions, not {partitions}"
                )));
            }
            Some(_) => {}
            None => drop(meta.insert("partitions", u64::from(partitions)).map_err(storage)?),
        }
        let chunks = transaction.open_table(CHUNKS).map_err(storage)?;
        let mut ends = Vec::with_capacity(usize::from(partitions));
        for partition in 0..partitions {
            let last = chunks.range((partition, 0)..=(partition, u64::MAX)).map_err(storage)?.next_back();
            ends.push(match last {
                Some(entry) => {
                    let (key, value) = entry.map_err(storage)?;
                    let (_, first) = key.value();
                    let header = codec::header(value.value()).map_err(|reason| LogError::Damaged {
                        partition,
                        offset: first,
                        reason,
                    })?;
                    first + u64::from(header.count)
                }
                None => 0,
            });
        }
        ends
    };
    transaction.commit().map_err(storage)?;
    Ok(ends)
}

/// Where the log in a file ends, whoever it belongs to.
pub(super) fn ends_of(path: &Path) -> Result<Vec<Offset>, LogError> {
    let db = open_file(path, 1 << 20)?;
    let read = db.begin_read().map_err(storage)?;
    let partitions = read.open_table(META).map_err(storage)?.get("partitions").map_err(storage)?;
    prepare(&db, partitions.map_or(1, |partitions| partitions.value() as Partition))
}

/// The number drawn when the log was made.
fn identify(db: &Database) -> Result<u64, LogError> {
    let transaction = db.begin_write().map_err(storage)?;
    let id = {
        let mut meta = transaction.open_table(META).map_err(storage)?;
        let held = meta.get("id").map_err(storage)?.map(|id| id.value());
        match held {
            Some(id) => id,
            None => {
                let id = Uuid::new_v4().as_u64_pair().1;
                meta.insert("id", id).map_err(storage)?;
                id
            }
        }
    };
    transaction.commit().map_err(storage)?;
    Ok(id)
}

/// Chunks that may go. The last chunk of a partition always stays: it says where the next begins.
fn stale_chunks(
    db: &Database,
    partition: Partition,
    before: Offset,
    newest: i64,
) -> Result<Vec<(Offset, u32)>, LogError> {
    let table = db.begin_read().map_err(storage)?.open_table(CHUNKS).map_err(storage)?;
    let mut stale = Vec::new();
    for entry in table.range((partition, 0)..(partition, before)).map_err(storage)? {
        let (key, value) = entry.map_err(storage)?;
        let (_, first) = key.value();
        let header = codec::header(value.value()).map_err(|reason| LogError::Damaged {
            partition,
            offset: first,
            reason,
        })?;
        if first + u64::from(header.count) > before || header.written_at > newest {
            break;
        }
        stale.push((first, header.count));
    }
    let last = table.range((partition, 0)..=(partition, u64::MAX)).map_err(storage)?.next_back();
    if let (Some(last), Some(newest_stale)) = (last, stale.last())
        && last.map_err(storage)?.0.value().1 == newest_stale.0
    {
        stale.pop();
    }
    Ok(stale)
}

pub(super) fn storage(error: impl Into<redb::Error>) -> LogError {
    let error = error.into();
    match &error {
        redb::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => LogError::DiskFull,
        _ => LogError::Storage(error.to_string()),
    }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
