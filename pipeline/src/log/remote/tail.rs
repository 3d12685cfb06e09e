//! The newest chunks of a partition, in memory: who appends usually reads them a moment later.
//!
//! State: at most [`ROOM`] bytes per partition, oldest dropped first.

use std::collections::VecDeque;

use bytes::Bytes;

use super::shard::Position;
use crate::log::Offset;

/// Bytes of chunks kept per partition.
const ROOM: usize = 16 << 20;

/// Chunks that follow each other without a gap.
#[derive(Debug, Default)]
pub(super) struct Tail {
    chunks: VecDeque<Held>,
    bytes: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub first: Offset,
    pub position: Position,
    pub chunk: Bytes,
}

impl Tail {
    /// Adds what now is the newest chunk.
    pub(super) fn push(&mut self, held: Held) {
        self.bytes += held.chunk.len();
        self.chunks.push_back(held);
        while self.bytes > ROOM
            && let Some(oldest) = self.chunks.pop_front()
        {
            self.bytes -= oldest.chunk.len();
        }
    }

    /// The chunk that begins at an offset, if it is held.
    pub(super) fn get(&self, first: Offset) -> Option<Held> {
        let at = self.chunks.binary_search_by_key(&first, |held| held.first).ok()?;
        self.chunks.get(at).cloned()
    }

    /// Forgets everything: somebody else appended in between, or something was erased.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_within_the_room() {
        let mut tail = Tail::default();
        for n in 0..40u64 {
            tail.push(Held { first: n * 10, position: n, chunk: vec![0; 1 << 20].into() });
        }
        assert!(tail.bytes <= ROOM);
        assert_eq!(tail.get(390).map(|held| held.position), Some(39));
        assert!(tail.get(0).is_none() && tail.get(391).is_none());
        tail.clear();
        assert!(tail.get(390).is_none());
    }
}
