//! What stands around a chunk in a log that lies elsewhere: a version, who wrote it, which attempt,
//! the offset of its first event, and a checksum over these.
//!
//! A record counts if its first offset is where the records before it end. Any other was written by
//! somebody who did not know of those, was not acknowledged, and is passed over by every reader.

use crate::log::Offset;
use crate::log::codec::{self, Encoded};

const VERSION: u8 = 1;
const COVERED: usize = 1 + 8 + 8;
/// Bytes that the envelope adds to a chunk.
pub(super) const SIZE: usize = COVERED + 4;

/// A record, opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened<'a> {
    /// Drawn anew for each group of events, so that its writer knows it again.
    pub stamp: u64,
    pub first: Offset,
    pub count: u32,
    pub written_at: i64,
    /// The chunk as [`codec`] wrote it.
    pub chunk: &'a [u8],
}

impl Opened<'_> {
    pub(crate) fn end(&self) -> Offset {
        self.first + u64::from(self.count)
    }
}

/// A chunk as a record.
pub(super) fn seal(stamp: u64, first: Offset, chunk: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(SIZE + chunk.len());
    record.push(VERSION);
    record.extend_from_slice(&stamp.to_le_bytes());
    record.extend_from_slice(&first.to_le_bytes());
    record.extend_from_slice(&crc32fast::hash(&record).to_le_bytes());
    record.extend_from_slice(chunk);
    record
}

/// Opens a record; its chunk's checksum is not looked at.
pub(crate) fn open(record: &[u8]) -> Result<Opened<'_>, String> {
    let (head, rest) = record.split_first_chunk::<COVERED>().ok_or("not a record of this log")?;
    let (checksum, chunk) = rest.split_first_chunk::<4>().ok_or("not a record of this log")?;
    if head[0] != VERSION {
        return Err(format!("written in layout {}, this program reads {VERSION}", head[0]));
    }
    if crc32fast::hash(head) != u32::from_le_bytes(*checksum) {
        return Err("not a record of this log".to_owned());
    }
    let number = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&head[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    let header = codec::header(chunk)?;
    Ok(Opened {
        stamp: number(1),
        first: number(9),
        count: header.count,
        written_at: header.written_at,
        chunk,
    })
}

/// The same record without its events: it still says where it began.
pub(crate) fn emptied(record: &[u8]) -> Result<Vec<u8>, String> {
    let opened = open(record)?;
    Ok(seal(opened.stamp, opened.first, &codec::frame(&Encoded::default(), opened.written_at)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_sealed_is_opened() {
        let chunk = codec::frame(&Encoded::default(), 77);
        let record = seal(3, 1_000, &chunk);
        let opened = open(&record).expect("opens");
        assert_eq!(opened, Opened { stamp: 3, first: 1_000, count: 0, written_at: 77, chunk: &chunk });
    }

    #[test]
    fn an_emptied_record_stands_where_it_stood_and_holds_nothing() {
        let mut events = Encoded::default();
        events.push(&opentrace_events::Event::default()).expect("encodes");
        let emptied = emptied(&seal(3, 1_000, &codec::frame(&events, 77))).expect("opens");
        let opened = open(&emptied).expect("opens");
        assert_eq!((opened.stamp, opened.first, opened.written_at), (3, 1_000, 77));
        assert!(codec::decode(opened.chunk).expect("decodes").is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = open(&bytes);
        }

        #[test]
        fn another_offset_is_never_read(bit in 0usize..(COVERED * 8)) {
            let mut record = seal(1, 5, &codec::frame(&Encoded::default(), 0));
            record[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open(&record).is_err());
        }
    }
}
