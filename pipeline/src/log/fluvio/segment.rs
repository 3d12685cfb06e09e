//! How one partition's records lie in topics.

use crate::log::remote::Position;

/// Bits of a position that number the record within its segment.
const WITHIN: u32 = 40;
/// Segments are numbered from this, so that no record lies at position 0.
pub(super) const FIRST: u64 = 1;

/// A part of the log that is a topic of its own: the records up to the one that closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    pub number: u64,
    /// How often it was written anew, to wipe records.
    pub generation: u64,
}

impl Segment {
    pub(super) fn new(number: u64) -> Self {
        Self { number, generation: 0 }
    }

    /// What the topic is called.
    pub(super) fn topic(&self, prefix: &str) -> String {
        format!("{prefix}{}-{}", self.number, self.generation)
    }

    /// The segment that a topic is, if it is one.
    pub(super) fn of_topic(prefix: &str, topic: &str) -> Option<Self> {
        let (number, generation) = topic.strip_prefix(prefix)?.split_once('-')?;
        let segment = Self { number: number.parse().ok()?, generation: generation.parse().ok()? };
        Some(segment).filter(|segment| segment.topic(prefix) == topic)
    }

    /// The position of its first record.
    pub(super) fn start(&self) -> Position {
        position(self.number, 0)
    }
}

pub(super) fn position(number: u64, offset: u64) -> Position {
    number << WITHIN | offset
}

/// The segment's number and the record within it.
pub(super) fn split(position: Position) -> (u64, u64) {
    (position >> WITHIN, position & ((1 << WITHIN) - 1))
}

/// Whether a record lies directly behind another, where that is the last of its segment if they lie in
/// different ones.
pub(super) fn follows(after: Position, at: Position) -> bool {
    let (number, offset) = split(at);
    if split(after).0 == number { at == after + 1 } else { offset == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_tells_its_segment() {
        let segment = Segment { number: 12, generation: 3 };
        let topic = segment.topic("web-0-");
        assert_eq!(topic, "web-0-12-3");
        assert_eq!(Segment::of_topic("web-0-", &topic), Some(segment));
        for other in ["web-0-12", "web-0-12-3-4", "web-0-012-3", "web-0-x-1", "web-1-12-3", "web-shape"] {
            assert_eq!(Segment::of_topic("web-0-", other), None, "{other}");
        }
    }

    #[test]
    fn positions_grow_from_segment_to_segment() {
        assert_eq!(split(position(7, 9)), (7, 9));
        assert!(position(7, (1 << WITHIN) - 1) < Segment::new(8).start());
        assert!(follows(0, position(FIRST, 0)) && !follows(0, position(FIRST, 1)));
        assert!(follows(position(2, 4), position(2, 5)));
        assert!(!follows(position(2, 4), position(2, 6)) && !follows(position(2, 4), position(3, 1)));
        assert!(follows(position(2, 4), position(3, 0)));
    }
}
