//! What is known of one partition, shared by its writer and its readers.
//!
//! State: one number each for the end and the queue; the newest chunks ([`Tail`]); where one reader
//! stopped last.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::watch;

use super::shard::Position;
use super::tail::{self, Tail};
use crate::log::Offset;

/// See the module.
#[derive(Debug)]
pub(super) struct Held {
    end: AtomicU64,
    queued_bytes: AtomicUsize,
    /// Whether the last commit found no room.
    pub full: AtomicBool,
    /// Bytes of events that fit into one record.
    pub part_limit: usize,
    tail: Mutex<Tail>,
    /// Behind the last chunk that was read: its offset, and a position at or before it.
    read_on: Mutex<(Offset, Position)>,
    appended: watch::Sender<u64>,
}

impl Held {
    pub(super) fn new(end: Offset, part_limit: usize, appended: watch::Sender<u64>) -> Self {
        Self {
            end: AtomicU64::new(end),
            queued_bytes: AtomicUsize::new(0),
            full: AtomicBool::new(false),
            part_limit,
            tail: Mutex::default(),
            read_on: Mutex::default(),
            appended,
        }
    }

    /// The offset after the last event that is durable.
    pub(super) fn end(&self) -> Offset {
        self.end.load(Ordering::Acquire)
    }

    /// Notes that the partition ends elsewhere now, because of `chunk` or of somebody else.
    pub(super) fn advance(&self, end: Offset, chunk: Option<tail::Held>, grew: bool) {
        {
            let mut tail = self.tail.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            match chunk {
                Some(chunk) if grew => tail.push(chunk),
                Some(_) => {}
                None => tail.clear(),
            }
        }
        self.end.store(end, Ordering::Release);
        if grew {
            self.appended.send_modify(|n| *n += 1);
        }
    }

    pub(super) fn tail(&self, first: Offset) -> Option<tail::Held> {
        self.tail.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(first)
    }

    pub(super) fn forget_tail(&self) {
        self.tail.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clear();
    }

    /// Where to read on from an offset, if that is where reading stopped.
    pub(super) fn read_on(&self, from: Offset) -> Option<Position> {
        let (offset, position) = *self.read_on.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        Some(position).filter(|position| offset == from && *position > 0)
    }

    pub(super) fn stopped_reading(&self, at: Offset, position: Position) {
        *self.read_on.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = (at, position);
    }

    /// Takes room in the queue. One request larger than the whole queue still gets through an
    /// empty one.
    pub(super) fn put_into_queue(&self, bytes: usize, room: usize) -> bool {
        let waiting = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = waiting == 0 || waiting + bytes <= room;
        if !fits {
            self.take_from_queue(bytes);
        }
        fits
    }

    pub(super) fn take_from_queue(&self, bytes: usize) {
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}
