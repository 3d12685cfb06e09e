//! A log that lies in another system: what JetStream and Fluvio have in common.
//!
//! Each partition is a [`Shard`]: records in an order that never changes, each a chunk of events in
//! an [`envelope`] that says at which offset it begins. Offsets are ours; where a record lies in the
//! other system only finds it. One [`writer`] per partition commits groups of requests. Reads are
//! tried until they succeed, because what is asked for is known to be there.
//!
//! Where a shard ends is not believed of whoever answers: a replica, even one that leads or takes
//! itself for the leader, may be behind what was acknowledged. Opening adds an empty record to each
//! shard, which gets in behind all others, and reads what lies before it.
//!
//! One append may span partitions and is then several records. Room is looked for first, so that a
//! full queue or a full log refuses the whole; but when the other system fails in the middle, part of
//! an append that was answered with an error may be in. Sent again, events with their client's id
//! count once; those without one may count twice.
//!
//! Several programs may append to one log without harm to it: a record that was put behind another
//! than its writer thought is not in. Each sees the others' events as its own appends tell it.

mod envelope;
mod partition;
mod shard;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hashbrown::HashSet;
use opentrace_events::{Event, SiteId, VisitorId};
use tokio::sync::{mpsc, oneshot, watch};

use self::envelope::Opened;
pub(crate) use self::envelope::emptied;
#[cfg(test)]
pub(crate) use self::envelope::open as open_record;
use self::partition::Held;
pub(crate) use self::shard::{Goes, Position, Shard, ShardError, close_before_what_stays, last_that_goes};
use self::writer::{Work, Writer};
use super::codec::{self, Encoded};
use super::{Chunk, EventLog, LogError, Offset, Partition, partition_of};
use crate::coordinator::now_ms;

/// Requests that may wait for a partition's writer, beside the bound on their bytes.
const QUEUE_REQUESTS: usize = 16_384;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// What LZ4 and the frames may add to events that do not compress, as one part in so many.
const EXPANSION: usize = 128;

/// See the module.
#[derive(Debug)]
pub(super) struct RemoteLog<S> {
    id: u64,
    partitions: Vec<Part<S>>,
    /// Encoded bytes that may wait for all writers together.
    queue_bytes: usize,
    appended: watch::Sender<u64>,
    closing: Arc<AtomicBool>,
    writers: std::sync::Mutex<Vec<crossbeam_channel::Receiver<()>>>,
}

#[derive(Debug)]
struct Part<S> {
    shard: Arc<S>,
    held: Arc<Held>,
    queue: std::sync::Mutex<Option<mpsc::Sender<Work>>>,
}

impl<S: Shard> RemoteLog<S> {
    /// Finds where each shard ends and starts the writers. `id` tells this log from any other.
    ///
    /// # Errors
    /// When a shard cannot be read, or holds something else than a log.
    pub(super) async fn open(id: u64, shards: Vec<S>, queue_bytes: usize) -> Result<Self, LogError> {
        let appended = watch::Sender::new(0);
        let closing = Arc::new(AtomicBool::new(false));
        let (mut partitions, mut writers) = (Vec::new(), Vec::new());
        for (partition, shard) in (0..).zip(shards) {
            let shard = Arc::new(shard);
            let (end, after) = find_end(shard.as_ref(), partition).await?;
            let limit = shard.record_limit();
            let part_limit = limit - limit / EXPANSION - 1_024;
            let held = Arc::new(Held::new(end, part_limit, appended.clone()));
            let (queue, asked) = mpsc::channel(QUEUE_REQUESTS);
            let writer = Writer {
                shard: Arc::clone(&shard),
                partition,
                held: Arc::clone(&held),
                queue: asked,
                closing: Arc::clone(&closing),
                after,
                end,
            };
            let (ended, end) = crossbeam_channel::bounded(0);
            tokio::spawn(async move {
                writer.run().await;
                drop::<crossbeam_channel::Sender<()>>(ended);
            });
            writers.push(end);
            partitions.push(Part { shard, held, queue: std::sync::Mutex::new(Some(queue)) });
        }
        let log = Self { id, partitions, queue_bytes, appended, closing, writers: writers.into() };
        log.meet_ends().await?;
        Ok(log)
    }

    /// Moves each partition's end to where it is by adding a record there. A full log stays as found.
    async fn meet_ends(&self) -> Result<(), LogError> {
        for partition in 0..self.partitions() {
            match self.mark(partition, &|error| matches!(error, LogError::Unreachable(_))).await {
                Ok(_) => {}
                Err(LogError::DiskFull) => {
                    tracing::warn!(partition, "the log is full: its end is taken as found");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn part(&self, partition: Partition) -> &Part<S> {
        &self.partitions[usize::from(partition)]
    }

    /// Bytes that may wait for one partition.
    fn room(&self) -> usize {
        self.queue_bytes / self.partitions.len().max(1)
    }

    /// Hands a request's parts to the writers: all of them, or none.
    fn hand_over(
        &self,
        parts: Vec<(Partition, Encoded)>,
    ) -> Result<Vec<oneshot::Receiver<Result<(), LogError>>>, LogError> {
        let mut taken = Vec::with_capacity(parts.len());
        let mut refused = None;
        for (partition, events) in parts {
            let part = self.part(partition);
            let reserve = || {
                let queue = part.sender().ok_or(LogError::Closed)?;
                if part.held.full.load(Ordering::Relaxed) && part.held.end() > 0 {
                    self.look_for_room(partition);
                    return Err(LogError::DiskFull);
                }
                let permit = queue.try_reserve_owned().map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => LogError::Busy,
                    mpsc::error::TrySendError::Closed(_) => LogError::Closed,
                })?;
                match part.held.put_into_queue(events.bytes.len(), self.room()) {
                    true => Ok(permit),
                    false => Err(LogError::Busy),
                }
            };
            match reserve() {
                Ok(permit) => taken.push((partition, events, permit)),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        if let Some(error) = refused {
            for (partition, events, _) in taken {
                self.part(partition).held.take_from_queue(events.bytes.len());
            }
            return Err(error);
        }
        let send = |(_, events, permit): (_, _, mpsc::OwnedPermit<Work>)| {
            let (answer, answered) = oneshot::channel();
            permit.send(Work::Append { events, answer });
            answered
        };
        Ok(taken.into_iter().map(send).collect())
    }

    /// Asks the writer of a full partition to try whether there is room again.
    fn look_for_room(&self, partition: Partition) {
        let part = self.part(partition);
        let (answer, answered) = oneshot::channel();
        if let Some(queue) = part.sender()
            && queue.try_send(Work::Mark { answer }).is_ok()
        {
            let held = Arc::clone(&part.held);
            tokio::spawn(async move {
                if matches!(answered.await, Ok(Ok(_))) {
                    held.full.store(false, Ordering::Relaxed);
                }
            });
        }
    }

    /// The records of a partition from a position on, for as long as `take` wants another.
    async fn each_record(
        &self,
        partition: Partition,
        from: Position,
        mut take: impl FnMut(Position, Opened<'_>) -> Result<bool, LogError>,
    ) -> Result<(), LogError> {
        let shard = self.part(partition).shard.as_ref();
        let mut position = from;
        while let Some((at, record)) = until_read(partition, || shard.read(position)).await? {
            let opened = envelope::open(&record).map_err(|reason| damaged(partition, at, reason))?;
            if !take(at, opened)? {
                break;
            }
            position = at + 1;
        }
        Ok(())
    }

    /// Positions of the records before `until` that hold events of these visitors, and how many.
    async fn holding(
        &self,
        partition: Partition,
        until: Offset,
        meets: impl Fn(&Event) -> bool,
    ) -> Result<(Vec<Position>, u64), LogError> {
        let (mut positions, mut count) = (Vec::new(), 0);
        let mut end = 0;
        let take = |position, opened: Opened<'_>| {
            if opened.first >= until {
                return Ok(false);
            }
            let counts = opened.first >= end;
            end = end.max(opened.end());
            let events = codec::decode(opened.chunk).map_err(|why| damaged(partition, opened.first, why))?;
            let met = events.iter().filter(|event| meets(event)).count() as u64;
            if met > 0 {
                positions.push(position);
                count += if counts { met } else { 0 };
            }
            Ok(true)
        };
        self.each_record(partition, 0, take).await?;
        Ok((positions, count))
    }

    /// Adds a record without events to a partition, for as long as the errors are such that pass;
    /// returns its position.
    async fn mark(
        &self,
        partition: Partition,
        passes: &(dyn Fn(&LogError) -> bool + Sync),
    ) -> Result<Position, LogError> {
        loop {
            let (answer, answered) = oneshot::channel();
            let queue = self.part(partition).sender().ok_or(LogError::Closed)?;
            queue.send(Work::Mark { answer }).await.map_err(|_| LogError::Closed)?;
            match answered.await.map_err(|_| LogError::Closed)? {
                Err(error) if passes(&error) => tokio::time::sleep(LONGEST_PAUSE).await,
                outcome => return outcome,
            }
        }
    }
}

impl<S> Part<S> {
    fn sender(&self) -> Option<mpsc::Sender<Work>> {
        self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }
}

#[async_trait::async_trait]
impl<S: Shard> EventLog for RemoteLog<S> {
    fn partitions(&self) -> Partition {
        self.partitions.len() as Partition
    }

    fn id(&self) -> u64 {
        self.id
    }

    async fn append(&self, events: &[Event]) -> Result<(), LogError> {
        let limit = self.partitions.first().map_or(0, |part| part.held.part_limit);
        let parts = codec::split(events, self.partitions(), limit)?;
        let answers = self.hand_over(parts)?;
        let mut outcome = Ok(());
        for answer in answers {
            let answered = answer.await.map_err(|_| LogError::Closed).and_then(|answer| answer);
            outcome = outcome.and(answered);
        }
        outcome
    }

    async fn read(
        &self,
        partition: Partition,
        from: Offset,
        max_events: usize,
    ) -> Result<Vec<Chunk>, LogError> {
        let part = self.part(partition);
        let (mut next, mut held, mut chunks) = (from, 0, Vec::new());
        let mut position = part.held.read_on(from);
        while held < max_events && next < part.held.end() {
            if let Some(own) = part.held.tail(next) {
                let events = codec::decode(&own.chunk).map_err(|why| damaged(partition, next, why))?;
                position = Some(own.position + 1);
                held += events.len();
                chunks.push(Chunk { partition, first: next, events });
                next = chunks.last().map_or(next, Chunk::end);
                continue;
            }
            let shard = part.shard.as_ref();
            let start = match position {
                Some(position) => position,
                None => until_read(partition, || shard.locate(next)).await?,
            };
            let Some((at, record)) = until_read(partition, || shard.read(start)).await? else {
                // What was acknowledged is not there yet for whoever answered, or is lost.
                tracing::warn!(partition, offset = next, "waiting for events that the log has acknowledged");
                tokio::time::sleep(LONGEST_PAUSE / 4).await;
                continue;
            };
            position = Some(at + 1);
            let opened = envelope::open(&record).map_err(|why| damaged(partition, next, why))?;
            if opened.first < next || opened.count == 0 {
                continue;
            }
            let events = codec::decode(opened.chunk).map_err(|why| damaged(partition, next, why))?;
            held += events.len();
            if opened.first > next {
                tracing::warn!(
                    partition,
                    from = next,
                    to = opened.first,
                    "events were erased from the log, or are lost"
                );
            }
            chunks.push(Chunk { partition, first: opened.first, events });
            next = opened.end();
        }
        if let Some(position) = position {
            part.held.stopped_reading(next, position);
        }
        Ok(chunks)
    }

    fn ends(&self) -> Vec<Offset> {
        self.partitions.iter().map(|part| part.held.end()).collect()
    }

    async fn starts(&self) -> Result<Vec<Offset>, LogError> {
        let mut starts = Vec::with_capacity(self.partitions.len());
        for (partition, part) in (0..).zip(&self.partitions) {
            let first = until_read(partition, || part.shard.read(0)).await?;
            starts.push(match first {
                Some((at, record)) => {
                    envelope::open(&record).map_err(|why| damaged(partition, at, why))?.first
                }
                None => part.held.end(),
            });
        }
        Ok(starts)
    }

    fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    async fn truncate(&self, partition: Partition, before: Offset, keep: Duration) -> Result<u64, LogError> {
        let shard = self.part(partition).shard.as_ref();
        let newest = now_ms() - keep.as_millis() as i64;
        let attempt = async {
            let Some((start, last)) = shard.bounds().await? else { return Ok(0) };
            let Some((_, oldest)) = shard.read(start).await? else { return Ok(0) };
            let from = envelope::open(&oldest).map_err(ShardError::Refused)?.first;
            // The last record always stays: it says where the next begins.
            let goes = |at: Position, opened: &Opened<'_>| {
                opened.end() <= before && opened.written_at <= newest && at < last
            };
            match shard.first_that_stays((start, last), &goes).await? {
                Some((position, first)) if first > from => {
                    shard.cut(position).await?;
                    Ok(first - from)
                }
                _ => Ok(0),
            }
        };
        match attempt.await {
            Ok(dropped) => Ok(dropped),
            Err(ShardError::Refused(reason)) => Err(damaged(partition, before, reason)),
            Err(error) => {
                tracing::warn!(partition, %error, "the log was not cut; it will be later");
                Ok(0)
            }
        }
    }

    async fn erase(&self, site: SiteId, visitors: &[VisitorId], until: &[Offset]) -> Result<u64, LogError> {
        let visitors: HashSet<VisitorId> = visitors.iter().copied().collect();
        let mut touched: Vec<Partition> =
            visitors.iter().map(|visitor| partition_of(site, *visitor, self.partitions())).collect();
        touched.sort_unstable();
        touched.dedup();
        let mut erased = 0;
        for partition in touched {
            let meets = |event: &Event| event.site == site && visitors.contains(&event.visitor);
            let until = until.get(usize::from(partition)).copied().unwrap_or(0);
            let (records, events) = self.holding(partition, until, meets).await?;
            erased += events;
            if records.is_empty() {
                continue;
            }
            let part = self.part(partition);
            until_read(partition, || part.shard.part_storage()).await?;
            // Something has to say where the log ends when all of these are gone.
            let passes = |error: &_| matches!(error, LogError::Unreachable(_) | LogError::DiskFull);
            let keep_from = self.mark(partition, &passes).await?;
            part.held.forget_tail();
            until_read(partition, || part.shard.wipe(&records, keep_from)).await?;
        }
        Ok(erased)
    }

    fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        for part in &self.partitions {
            drop(part.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
        }
        let writers = std::mem::take(&mut *self.writers.lock().unwrap_or_else(|p| p.into_inner()));
        for writer in writers {
            // Nothing is ever sent: this waits until the writer has dropped its end.
            let _ = writer.recv();
        }
    }
}

/// Where a shard ends: behind the last event, and the position of the last record.
async fn find_end<S: Shard>(shard: &S, partition: Partition) -> Result<(Offset, Position), LogError> {
    let Some((_, last)) = until_read(partition, || shard.bounds()).await? else { return Ok((0, 0)) };
    // Whoever wrote the last record may not have known of the one before it: begin a little earlier.
    let mut position = until_read(partition, || shard.locate(Offset::MAX)).await?;
    let (mut end, mut after) = (None, 0);
    loop {
        // Up to the last record all are there. Who does not have them is behind, and an end without them would
        // put what is written next where nobody reads it.
        let attempt = async || match shard.read(position).await? {
            None if after < last => {
                Err(ShardError::Unknown(format!("the record at {last} is not there yet")))
            }
            found => Ok(found),
        };
        let Some((at, record)) = until_read(partition, attempt).await? else { break };
        let opened = envelope::open(&record).map_err(|why| damaged(partition, at, why))?;
        if end.is_none_or(|end| opened.first >= end) {
            end = Some(opened.end());
        }
        (after, position) = (at, at + 1);
    }
    Ok((end.unwrap_or(0), after))
}

/// Tries until there is an answer, and says in the program's log what it waits for.
async fn until_read<T, F>(partition: Partition, mut attempt: impl FnMut() -> F) -> Result<T, LogError>
where
    F: Future<Output = Result<T, ShardError>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(ShardError::Refused(reason)) => return Err(LogError::Storage(reason)),
            Err(error) => tracing::warn!(partition, %error, "waiting for the log"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn damaged(partition: Partition, offset: Offset, reason: String) -> LogError {
    LogError::Damaged { partition, offset, reason }
}
