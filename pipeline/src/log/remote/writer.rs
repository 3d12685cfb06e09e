//! Group commits of one partition.
//!
//! One task writes: it takes whatever waits, makes one record of it, and answers once the record is
//! durable. A record is added on the condition that it follows the last one known. When the
//! condition fails or no answer comes, the task reads what is there and knows its own record by its
//! stamp; so a record is never in twice, and one that was answered for is never lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::envelope;
use super::partition::Held;
use super::shard::{Position, Shard, ShardError};
use super::tail::Held as Chunk;
use crate::coordinator::now_ms;
use crate::log::codec::{self, Encoded};
use crate::log::{LogError, Offset, Partition};

/// How long a group is tried for before its senders are told to come again.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same once the log is being closed.
const PATIENCE_AT_END: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What the writer is asked for.
pub(super) enum Work {
    /// Events that fit into one record.
    Append { events: Encoded, answer: oneshot::Sender<Result<(), LogError>> },
    /// A record without events, so that every other may go.
    Mark { answer: oneshot::Sender<Result<Position, LogError>> },
}

pub(super) struct Writer<S> {
    pub shard: Arc<S>,
    pub partition: Partition,
    pub held: Arc<Held>,
    pub queue: mpsc::Receiver<Work>,
    pub closing: Arc<AtomicBool>,
    /// The last record known, 0 if there is none.
    pub after: Position,
    pub end: Offset,
}

impl<S: Shard> Writer<S> {
    /// Writes until nobody can ask any more.
    pub(super) async fn run(mut self) {
        let mut next = None;
        loop {
            let work = match next.take() {
                Some(work) => work,
                None => match self.queue.recv().await {
                    Some(work) => work,
                    None => return,
                },
            };
            match work {
                Work::Append { events, answer } => next = self.commit_group(events, answer).await,
                Work::Mark { answer } => {
                    let outcome = self.commit(&Encoded::default()).await.map(|()| self.after);
                    // A caller that went away does not need its answer.
                    let _ = answer.send(outcome);
                }
            }
        }
    }

    /// Commits what waits together. Returns what was taken from the queue and did not fit.
    async fn commit_group(
        &mut self,
        mut events: Encoded,
        answer: oneshot::Sender<Result<(), LogError>>,
    ) -> Option<Work> {
        let mut answers = vec![answer];
        let mut left = None;
        while let Ok(work) = self.queue.try_recv() {
            match work {
                Work::Append { events: more, answer }
                    if events.bytes.len() + more.bytes.len() <= self.held.part_limit =>
                {
                    events.append(&more);
                    answers.push(answer);
                }
                work => {
                    left = Some(work);
                    break;
                }
            }
        }
        let outcome = self.commit(&events).await;
        self.held.take_from_queue(events.bytes.len());
        self.held.full.store(matches!(outcome, Err(LogError::DiskFull)), Ordering::Relaxed);
        for answer in answers {
            let _ = answer.send(outcome.as_ref().copied().map_err(LogError::again));
        }
        left
    }

    /// Makes events durable, or says that they are not known to be.
    async fn commit(&mut self, events: &Encoded) -> Result<(), LogError> {
        let stamp = Uuid::new_v4().as_u64_pair().1;
        let chunk = codec::frame(events, now_ms());
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let record = envelope::seal(stamp, self.end, &chunk);
            let why = match self.shard.append(self.after, record.into()).await {
                Ok(position) => {
                    let held = Chunk { first: self.end, position, chunk: chunk.into() };
                    self.advance(position, self.end + u64::from(events.count), Some(held));
                    return Ok(());
                }
                Err(ShardError::Full(reason)) => {
                    tracing::error!(partition = self.partition, reason, "the log is full");
                    return Err(LogError::DiskFull);
                }
                Err(ShardError::Refused(reason)) => return Err(LogError::Storage(reason)),
                Err(why @ (ShardError::Moved | ShardError::Unknown(_))) => why,
            };
            let (before, mut found) = (self.after, false);
            let caught_up = self.catch_up(stamp, &mut found).await;
            if found {
                return Ok(());
            }
            if let Err(ShardError::Refused(reason)) = caught_up {
                return Err(LogError::Storage(reason));
            }
            let closing = self.closing.load(Ordering::Relaxed);
            if started.elapsed() > if closing { PATIENCE_AT_END } else { PATIENCE } {
                tracing::error!(partition = self.partition, %why, "the log cannot be reached");
                return Err(LogError::Unreachable(why.to_string()));
            }
            // Where nothing came in between after all, whoever answers reads is behind.
            if !matches!(why, ShardError::Moved) || self.after == before {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Reads what came behind the last record known. Notes whether the one with this stamp is among
    /// it and counts, also where reading then fails.
    async fn catch_up(&mut self, stamp: u64, found: &mut bool) -> Result<(), ShardError> {
        while let Some((position, record)) = self.shard.read(self.after + 1).await? {
            let (counts, end) = counts(&record, self.end).map_err(ShardError::Refused)?;
            *found |= counts && envelope::open(&record).is_ok_and(|opened| opened.stamp == stamp);
            self.advance(position, end, None);
        }
        Ok(())
    }

    /// Notes a record that is in the log. `chunk` is given where it is this task's own.
    fn advance(&mut self, position: Position, end: Offset, chunk: Option<Chunk>) {
        self.after = position;
        let grew = end > self.end;
        self.end = end;
        self.held.advance(end, chunk, grew);
    }
}

/// Whether a record counts where the ones before it end at `end`, and where it ends.
pub(super) fn counts(record: &Bytes, end: Offset) -> Result<(bool, Offset), String> {
    let opened = envelope::open(record)?;
    match opened.first.cmp(&end) {
        std::cmp::Ordering::Equal => Ok((true, opened.end())),
        std::cmp::Ordering::Less => Ok((false, end)),
        std::cmp::Ordering::Greater => Err(format!("events {end} to {} are missing", opened.first)),
    }
}
