//! Writing segments anew without what some of their records held.
//!
//! Fluvio removes topics, not records. So a closed segment is copied into a topic of the next
//! generation, record for record at the same offsets, and the old topic is removed. The closing record
//! is copied last, once everything before it is acknowledged: a generation that has it is whole.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use fluvio::{ProduceOutput, RecordKey};

use super::connection::Producer;
use super::reader::{CLOSING, Item};
use super::segment::{Segment, split};
use super::shard::FluvioShard;
use crate::log::remote::{Position, ShardError, emptied};

/// Records of a copy that are under way at once.
const AT_ONCE: usize = 32;

impl FluvioShard {
    /// Empties these records, which lie in closed segments before `keep_from`.
    pub(super) async fn rewrite(&self, records: &[Position], keep_from: Position) -> Result<(), ShardError> {
        let mut by_segment: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for (number, offset) in records.iter().map(|record| split(*record)) {
            by_segment.entry(number).or_default().insert(offset);
        }
        for (number, offsets) in by_segment {
            if number >= split(keep_from).0 {
                return Err(ShardError::Refused(format!("segment {number} is still written to")));
            }
            // One that is not there any more was dropped meanwhile.
            if let Some(segment) = self.segment(number) {
                self.copy(segment, &offsets).await?;
            }
        }
        Ok(())
    }

    /// Puts a copy with emptied records into the place of a segment.
    async fn copy(&self, old: Segment, wiped: &BTreeSet<u64>) -> Result<(), ShardError> {
        let mut generation = old.generation;
        for segment in self.listed().await?.into_iter().filter(|segment| segment.number == old.number) {
            generation = generation.max(segment.generation);
            if segment != old {
                // An attempt that was cut short, or what one that succeeded could not remove.
                self.remove(segment).await?;
            }
        }
        let new = Segment { number: old.number, generation: generation + 1 };
        let written = self.write_copy(old, new, wiped).await;
        if let Err(error) = written {
            return Err(self.broken(error).await);
        }
        for held in self.lock().iter_mut().filter(|held| **held == old) {
            *held = new;
        }
        self.remove(old).await
    }

    async fn write_copy(&self, old: Segment, new: Segment, wiped: &BTreeSet<u64>) -> Result<(), ShardError> {
        let topic = new.topic(&self.prefix);
        let connection = self.link.get().await?;
        connection.create(&topic, self.replicas).await?;
        let producer = connection.producer(&topic).await?;
        let mut under_way = Vec::with_capacity(AT_ONCE);
        let mut offset = 0;
        loop {
            let item = self.reader.get(old, offset).await?;
            let record = match item.ok_or_else(|| ShardError::Unknown("the segment has no end".to_owned()))? {
                Item::Closing => break,
                Item::Record(record) if wiped.contains(&offset) => {
                    Bytes::from(emptied(&record).map_err(ShardError::Refused)?)
                }
                Item::Record(record) => record,
            };
            under_way.push((offset, producer.hand_over(RecordKey::NULL, record).await?));
            offset += 1;
            if under_way.len() == AT_ONCE {
                all_in_place(&producer, &mut under_way).await?;
            }
        }
        all_in_place(&producer, &mut under_way).await?;
        under_way.push((offset, producer.hand_over(RecordKey::from(CLOSING), Bytes::new()).await?));
        all_in_place(&producer, &mut under_way).await
    }
}

/// Waits for records; each has to lie where it lay.
async fn all_in_place(
    producer: &Producer,
    under_way: &mut Vec<(u64, ProduceOutput)>,
) -> Result<(), ShardError> {
    for (offset, sent) in under_way.drain(..) {
        let at = producer.accepted(sent).await?;
        if at != offset {
            return Err(ShardError::Unknown(format!("record {offset} was copied to {at}")));
        }
    }
    Ok(())
}
