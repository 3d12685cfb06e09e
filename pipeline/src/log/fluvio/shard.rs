//! One partition: segments in their order, and the writer's place in the newest.
//!
//! State: the list of segments; one producer; the newest position seen.

use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fluvio::RecordKey;

use super::connection::{Connection, Link, Producer};
use super::reader::{CLOSING, Item, Reader};
use super::segment::{self, FIRST, Segment, follows, position, split};
use crate::log::Offset;
use crate::log::remote::{Goes, Position, Shard, ShardError, last_that_goes};

/// Records are no larger than this.
const LARGEST_RECORD: usize = 1 << 20;
/// A segment is closed once it holds so many bytes or records, or is so old: only whole ones are
/// dropped, and one that holds an erased visitor is written anew.
const SEGMENT_BYTES: usize = 64 << 20;
const SEGMENT_RECORDS: u64 = 200_000;
const SEGMENT_AGE: Duration = Duration::from_secs(3600);
/// When the next segment could not be made, this one is used for so long before it is tried again.
const LATER: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct FluvioShard {
    /// Topics are called by it, the segment's number and its generation.
    pub(super) prefix: String,
    pub(super) replicas: u32,
    /// For records and topics; reading has its own way, that it may break alone.
    pub(super) link: Link,
    pub(super) reader: Reader,
    /// Without a gap, oldest first; never empty once opened.
    pub(super) segments: Mutex<Vec<Segment>>,
    writing: tokio::sync::Mutex<Option<Writing>>,
    newest_seen: AtomicU64,
}

impl Debug for FluvioShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FluvioShard").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// The segment that is written to.
struct Writing {
    segment: Segment,
    producer: Producer,
    /// What the producer hangs on.
    _connection: Arc<Connection>,
    bytes: usize,
    records: u64,
    due: Instant,
}

impl Writing {
    fn is_full(&self) -> bool {
        self.due <= Instant::now() && self.records > 0
    }

    /// Notes a record that was added.
    fn added(&mut self, bytes: usize, offset: u64) {
        let room = self.bytes < SEGMENT_BYTES && self.records < SEGMENT_RECORDS;
        self.bytes += bytes;
        self.records = offset + 1;
        if room && (self.bytes >= SEGMENT_BYTES || self.records >= SEGMENT_RECORDS) {
            self.due = Instant::now();
        }
    }
}

impl FluvioShard {
    /// Finds the topics of a partition. The first is made unless the log `exists` already.
    ///
    /// # Errors
    /// When the cluster does not answer, or topics are missing.
    pub(super) async fn open(
        address: &str,
        prefix: String,
        replicas: u32,
        exists: bool,
    ) -> Result<Self, ShardError> {
        let shard = Self {
            link: Link::new(address),
            reader: Reader::new(address, &prefix),
            replicas,
            segments: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            newest_seen: AtomicU64::new(0),
            prefix,
        };
        let mut held = shard.whole(shard.listed().await?).await?;
        if held.is_empty() && !exists {
            let first = Segment::new(FIRST);
            shard.link.get().await?.create(&first.topic(&shard.prefix), replicas).await?;
            held.push(first);
        }
        let gap = held.windows(2).any(|pair| pair[0].number + 1 != pair[1].number);
        let Some(newest) = held.last().filter(|_| !gap) else {
            return Err(shard.lost("topics are missing"));
        };
        if shard.reader.last(*newest).await? == Some(Item::Closing) {
            return Err(shard.lost("the newest topic is missing"));
        }
        *shard.lock() = held;
        Ok(shard)
    }

    fn lost(&self, what: &str) -> ShardError {
        let prefix = &self.prefix;
        ShardError::Refused(format!(
            "{what}: those called `{prefix}…` were removed by somebody else, and what was not in ClickHouse is lost"
        ))
    }

    /// The topics there are, by number and generation.
    pub(super) async fn listed(&self) -> Result<Vec<Segment>, ShardError> {
        let listed = async { self.link.get().await?.topics(&self.prefix).await };
        let topics = match listed.await {
            Ok(topics) => topics,
            Err(error) => return Err(self.broken(error).await),
        };
        let of_topic = |topic: &String| Segment::of_topic(&self.prefix, topic);
        let mut segments: Vec<Segment> = topics.iter().filter_map(of_topic).collect();
        segments.sort_unstable();
        Ok(segments)
    }

    /// One generation of each segment. Where there are several, wiping was cut short: a later one
    /// counts if it was finished, which its closing record shows. The others are removed.
    async fn whole(&self, listed: Vec<Segment>) -> Result<Vec<Segment>, ShardError> {
        let mut whole: Vec<Segment> = Vec::new();
        for segment in listed {
            let Some(earlier) = whole.pop_if(|earlier| earlier.number == segment.number) else {
                whole.push(segment);
                continue;
            };
            let finished = self.reader.last(segment).await? == Some(Item::Closing);
            let (kept, removed) = if finished { (segment, earlier) } else { (earlier, segment) };
            self.remove(removed).await?;
            whole.push(kept);
        }
        Ok(whole)
    }

    /// Removes the topic of a segment.
    pub(super) async fn remove(&self, segment: Segment) -> Result<(), ShardError> {
        self.reader.leave(segment);
        let removed = async { self.link.get().await?.delete(&segment.topic(&self.prefix)).await };
        match removed.await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.broken(error).await),
        }
    }

    /// A segment by its number.
    pub(super) fn segment(&self, number: u64) -> Option<Segment> {
        self.lock().iter().copied().find(|segment| segment.number == number)
    }

    fn newest(&self) -> Segment {
        self.lock().last().copied().unwrap_or(Segment::new(FIRST))
    }

    fn starts(&self) -> Vec<Position> {
        self.lock().iter().map(Segment::start).collect()
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Segment>> {
        self.segments.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Drops what an error may have spoilt.
    pub(super) async fn broken(&self, error: ShardError) -> ShardError {
        self.link.forget().await;
        error
    }

    /// Makes the next segment and closes this one. The order matters: a closed segment always has one
    /// behind it, and nobody writes to that before this one is closed.
    async fn turn_over(&self, writing: &mut Option<Writing>) -> Result<(), ShardError> {
        let next = Segment::new(self.newest().number + 1);
        let made = async { self.link.get().await?.create(&next.topic(&self.prefix), self.replicas).await };
        if let Err(error) = made.await {
            return Err(self.broken(error).await);
        }
        self.append_segment(next);
        self.start_writing(writing).await.map(drop)
    }

    /// Finds the segments behind the newest that is known.
    async fn look_for_newer(&self) -> Result<(), ShardError> {
        for segment in self.listed().await? {
            self.append_segment(segment);
        }
        Ok(())
    }

    fn append_segment(&self, segment: Segment) {
        let mut segments = self.lock();
        if segments.last().is_none_or(|newest| newest.number < segment.number) {
            segments.push(segment);
        }
    }

    /// What records are added with, made anew after an error.
    async fn start_writing<'a>(
        &self,
        writing: &'a mut Option<Writing>,
    ) -> Result<&'a mut Writing, ShardError> {
        let newest = self.newest();
        let ready = match writing.take().filter(|writing| writing.segment == newest) {
            Some(writing) => writing,
            None => match self.connect().await {
                Ok(writing) => writing,
                Err(error) => return Err(self.broken(error).await),
            },
        };
        Ok(writing.insert(ready))
    }

    async fn connect(&self) -> Result<Writing, ShardError> {
        let segment = self.newest();
        let connection = self.link.get().await?;
        if let Some(before) = self.segment(segment.number - 1)
            && self.reader.last(before).await? != Some(Item::Closing)
        {
            let producer = connection.producer(&before.topic(&self.prefix)).await?;
            producer.send(RecordKey::from(CLOSING), Bytes::new()).await?;
        }
        // The client holds what it is given until there is somebody to give it to: better ask first.
        self.reader.get(segment, 0).await?;
        let producer = connection.producer(&segment.topic(&self.prefix)).await?;
        let due = Instant::now() + SEGMENT_AGE;
        Ok(Writing { segment, producer, _connection: connection, bytes: 0, records: 0, due })
    }

    /// Whether a record that was thought of behind `after` may be added to a segment. The first of a
    /// segment has to count, because by it an offset is looked for: so whoever adds it must know all
    /// that lies before.
    async fn joins(&self, after: Position, number: u64) -> Result<bool, ShardError> {
        let (last, offset) = split(after);
        if last == number || (after == 0 && number == FIRST) {
            return Ok(true);
        }
        match self.segment(last) {
            Some(before) if last + 1 == number => {
                Ok(self.reader.get(before, offset + 1).await? == Some(Item::Closing))
            }
            _ => Ok(false),
        }
    }

    fn seen(&self, at: Position) {
        self.newest_seen.fetch_max(at, Ordering::Relaxed);
    }
}

#[async_trait::async_trait]
impl Shard for FluvioShard {
    async fn append(&self, after: Position, record: Bytes) -> Result<Position, ShardError> {
        let mut writing = self.writing.lock().await;
        if let Some(full) = writing.as_mut().filter(|writing| writing.is_full()) {
            full.due = Instant::now() + LATER;
            if let Err(error) = self.turn_over(&mut writing).await {
                tracing::warn!(prefix = self.prefix, %error, "no new segment; it will be tried again");
            }
        }
        let current = self.start_writing(&mut writing).await?;
        if !self.joins(after, current.segment.number).await? {
            return Err(ShardError::Moved);
        }
        let bytes = record.len();
        match current.producer.send(RecordKey::NULL, record).await {
            Ok(offset) => {
                current.added(bytes, offset);
                let at = position(current.segment.number, offset);
                self.seen(at);
                if follows(after, at) { Ok(at) } else { Err(ShardError::Moved) }
            }
            Err(error) => {
                *writing = None;
                Err(self.broken(error).await)
            }
        }
    }

    async fn read(&self, from: Position) -> Result<Option<(Position, Bytes)>, ShardError> {
        let oldest = self.starts().first().copied().unwrap_or(0);
        let (mut number, mut offset) = split(from.max(oldest));
        loop {
            let Some(segment) = self.segment(number) else { return Ok(None) };
            match self.reader.get(segment, offset).await? {
                Some(Item::Record(record)) => {
                    let at = position(number, offset);
                    self.seen(at);
                    return Ok(Some((at, record)));
                }
                Some(Item::Closing) => (number, offset) = (number + 1, 0),
                None => return Ok(None),
            }
            if number > self.newest().number {
                // Another writer closed it.
                self.look_for_newer().await?;
            }
        }
    }

    async fn locate(&self, offset: Offset) -> Result<Position, ShardError> {
        let starts = self.starts();
        let begins = last_that_goes(self, &starts, &|_, opened| opened.first <= offset).await?;
        Ok(begins.map_or(starts.first().copied().unwrap_or(0), |(position, _)| position))
    }

    async fn bounds(&self) -> Result<Option<(Position, Position)>, ShardError> {
        let Some((first, _)) = self.read(0).await? else { return Ok(None) };
        for start in self.starts().into_iter().rev() {
            if let Some((at, _)) = self.read(start).await? {
                return Ok(Some((first, at.max(self.newest_seen.load(Ordering::Relaxed)))));
            }
        }
        Ok(Some((first, first)))
    }

    async fn first_that_stays(
        &self,
        _bounds: (Position, Position),
        goes: &Goes<'_>,
    ) -> Result<Option<(Position, Offset)>, ShardError> {
        last_that_goes(self, self.starts().get(1..).unwrap_or_default(), goes).await
    }

    async fn cut(&self, before: Position) -> Result<(), ShardError> {
        let keep = segment::split(before).0.min(self.newest().number);
        let old: Vec<Segment> = self.lock().iter().copied().filter(|old| old.number < keep).collect();
        for segment in old {
            self.remove(segment).await?;
            self.lock().retain(|held| *held != segment);
        }
        Ok(())
    }

    async fn part_storage(&self) -> Result<(), ShardError> {
        let mut writing = self.writing.lock().await;
        match self.reader.get(self.newest(), 0).await? {
            None => Ok(()),
            Some(_) => self.turn_over(&mut writing).await,
        }
    }

    async fn wipe(&self, records: &[Position], keep_from: Position) -> Result<(), ShardError> {
        self.rewrite(records, keep_from).await
    }

    fn record_limit(&self) -> usize {
        LARGEST_RECORD
    }
}
