//! How events are written into the log: a version byte, the number of events, when the chunk was
//! written, a checksum, and the events as postcard behind LZ4.
//!
//! Requests encode their own events side by side; the writer only strings the bytes together.
//! A new layout gets a new version byte; old chunks stay readable.

use std::sync::Arc;

use compact_str::CompactString;
use hashbrown::HashMap;
use opentrace_events::{Event, Page, SiteId, Timestamp, Visit, VisitorId};
use serde::Deserialize;
use uuid::Uuid;

use super::{LogError, Partition, partition_of};

/// The layout this version writes.
const VERSION: u8 = 1;
/// Version, count and time of writing.
const COVERED: usize = 1 + 4 + 8;
const HEADER: usize = COVERED + 4;

/// Events of one partition, encoded but not yet framed.
#[derive(Clone, Debug, Default)]
pub struct Encoded {
    pub count: u32,
    pub bytes: Vec<u8>,
}

impl Encoded {
    /// Adds one event.
    ///
    /// # Errors
    /// When the event cannot be serialised, which no accepted event is known to do.
    pub fn push(&mut self, event: &Event) -> Result<(), postcard::Error> {
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(event, bytes)?;
        self.count += 1;
        Ok(())
    }

    /// Adds one event unless there would be more than `limit` bytes then; returns whether it did.
    fn push_within(&mut self, event: &Event, limit: usize) -> Result<bool, LogError> {
        let before = self.bytes.len();
        self.push(event).map_err(|error| LogError::Storage(error.to_string()))?;
        if self.bytes.len() > limit {
            self.bytes.truncate(before);
            self.count -= 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Adds the events of another.
    pub fn append(&mut self, other: &Encoded) {
        self.count += other.count;
        self.bytes.extend_from_slice(&other.bytes);
    }
}

/// What the header says without decoding the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub count: u32,
    /// Milliseconds since 1970 in UTC.
    pub written_at: i64,
    checksum: u32,
}

/// Events by partition, in their order; a partition has several parts where one would be larger than
/// `limit` bytes.
///
/// # Errors
/// When an event cannot be serialised, or is larger than a part by itself.
pub fn split(
    events: &[Event],
    partitions: Partition,
    limit: usize,
) -> Result<Vec<(Partition, Encoded)>, LogError> {
    let mut parts: Vec<Vec<Encoded>> = vec![Vec::new(); usize::from(partitions)];
    for event in events {
        let of_partition = &mut parts[usize::from(partition_of(event.site, event.visitor, partitions))];
        if let Some(last) = of_partition.last_mut()
            && last.push_within(event, limit)?
        {
            continue;
        }
        let mut next = Encoded::default();
        if !next.push_within(event, limit)? {
            return Err(LogError::Storage(format!("an event takes more than the {limit} bytes of a record")));
        }
        of_partition.push(next);
    }
    let numbered = (0..partitions).zip(parts);
    Ok(numbered.flat_map(|(partition, parts)| parts.into_iter().map(move |part| (partition, part))).collect())
}

/// A chunk as stored.
pub fn frame(events: &Encoded, written_at: i64) -> Vec<u8> {
    let packed = lz4_flex::block::compress_prepend_size(&events.bytes);
    let mut out = Vec::with_capacity(HEADER + packed.len());
    out.push(VERSION);
    out.extend_from_slice(&events.count.to_le_bytes());
    out.extend_from_slice(&written_at.to_le_bytes());
    out.extend_from_slice(&checksum(&out, &packed).to_le_bytes());
    out.extend_from_slice(&packed);
    out
}

/// Covers what stands before it in the header as well.
fn checksum(before: &[u8], packed: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(before);
    hasher.update(packed);
    hasher.finalize()
}

/// The header of a stored chunk.
pub fn header(stored: &[u8]) -> Result<Header, String> {
    let (version, rest) = stored.split_first().ok_or("an empty chunk")?;
    if *version != VERSION {
        return Err(format!("written in layout {version}, this program reads {VERSION}"));
    }
    let (count, rest) = rest.split_first_chunk::<4>().ok_or("a cut header")?;
    let (written_at, rest) = rest.split_first_chunk::<8>().ok_or("a cut header")?;
    let (checksum, _) = rest.split_first_chunk::<4>().ok_or("a cut header")?;
    Ok(Header {
        count: u32::from_le_bytes(*count),
        written_at: i64::from_le_bytes(*written_at),
        checksum: u32::from_le_bytes(*checksum),
    })
}

/// The events of a stored chunk.
pub fn decode(stored: &[u8]) -> Result<Vec<Event>, String> {
    decode_with(stored, &mut Visits::default())
}

/// The events of a stored chunk; those with the same attributes of a visit, also in chunks that were decoded
/// with the same `visits` before, share them.
pub fn decode_with(stored: &[u8], visits: &mut Visits) -> Result<Vec<Event>, String> {
    let header = header(stored)?;
    let packed = &stored[HEADER..];
    if checksum(&stored[..COVERED], packed) != header.checksum {
        return Err("the checksum does not match".to_owned());
    }
    let bytes = lz4_flex::block::decompress_size_prepended(packed).map_err(|e| e.to_string())?;
    let mut rest = bytes.as_slice();
    let mut events = Vec::with_capacity(header.count as usize);
    for _ in 0..header.count {
        let (event, tail) = take_event(rest, visits)?;
        events.push(event);
        rest = tail;
    }
    if rest.is_empty() { Ok(events) } else { Err("bytes are left after the last event".to_owned()) }
}

/// Attributes of visits that were decoded lately, by their bytes. Most events have some that were seen
/// before, and they are more than half of an event.
#[derive(Debug, Default)]
pub struct Visits {
    held: HashMap<Box<[u8]>, Arc<Visit>>,
}

/// Sets of attributes that are remembered, about 700 bytes each.
const MOST_VISITS: usize = 8_192;
/// The texts that a visit consists of.
const VISIT_TEXTS: usize = 21;

impl Visits {
    fn get(&mut self, packed: &[u8]) -> Result<Arc<Visit>, String> {
        if let Some(held) = self.held.get(packed) {
            return Ok(Arc::clone(held));
        }
        let visit: Arc<Visit> = Arc::new(postcard::from_bytes(packed).map_err(|e| e.to_string())?);
        if self.held.len() >= MOST_VISITS {
            self.held.clear();
        }
        self.held.insert(packed.into(), Arc::clone(&visit));
        Ok(visit)
    }
}

/// What comes before the visit in an event, in its order.
#[derive(Deserialize)]
struct Before {
    id: Uuid,
    client_id: bool,
    history: bool,
    site: SiteId,
    name: CompactString,
    ts: Timestamp,
    received_at: Timestamp,
    visitor: VisitorId,
    user_id: CompactString,
    interactive: bool,
    page: Page,
}

/// What comes after it.
#[derive(Deserialize)]
struct After {
    props: Vec<(CompactString, CompactString)>,
    revenue: i64,
    currency: CompactString,
    scroll_depth: u8,
    engagement_ms: u32,
}

/// The event that bytes begin with, and the rest of them. Postcard writes a struct as its fields one after
/// the other, so that an event may be read in parts.
fn take_event<'a>(bytes: &'a [u8], visits: &mut Visits) -> Result<(Event, &'a [u8]), String> {
    let (before, rest) = postcard::take_from_bytes::<Before>(bytes).map_err(|e| e.to_string())?;
    let (packed, rest) = rest.split_at(texts(rest, VISIT_TEXTS)?);
    let visit = visits.get(packed)?;
    let (after, rest) = postcard::take_from_bytes::<After>(rest).map_err(|e| e.to_string())?;
    let Before { id, client_id, history, site, name, ts, received_at, visitor, user_id, interactive, page } =
        before;
    let After { props, revenue, currency, scroll_depth, engagement_ms } = after;
    let event = Event {
        id,
        client_id,
        history,
        site,
        name,
        ts,
        received_at,
        visitor,
        user_id,
        interactive,
        page,
        visit,
        props,
        revenue,
        currency,
        scroll_depth,
        engagement_ms,
    };
    Ok((event, rest))
}

/// How many bytes so many texts take.
fn texts(bytes: &[u8], count: usize) -> Result<usize, String> {
    let mut rest = bytes;
    for _ in 0..count {
        let (length, tail) = postcard::take_from_bytes::<usize>(rest).map_err(|e| e.to_string())?;
        rest = tail.get(length..).ok_or("a cut text")?;
    }
    Ok(bytes.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(paths: &[String]) -> (Vec<Event>, Encoded) {
        let events: Vec<Event> = paths
            .iter()
            .enumerate()
            .map(|(i, path)| Event {
                site: SiteId(7),
                ts: Timestamp(i as i64),
                page: Page { path: path.as_str().into(), ..Page::default() },
                ..Event::default()
            })
            .collect();
        let mut all = Encoded::default();
        for event in &events {
            all.push(event).expect("encodes");
        }
        (events, all)
    }

    /// Every field differs from its default and from the others.
    fn events(visits: &[String]) -> Vec<Event> {
        let event = |(n, text): (usize, &String)| {
            let text = CompactString::from(text.as_str());
            Event {
                id: Uuid::from_u128(n as u128 + 7),
                client_id: n % 2 == 0,
                history: n % 3 == 0,
                site: SiteId(3 + n as u32),
                name: "buy".into(),
                ts: Timestamp(-5 - n as i64),
                received_at: Timestamp(1_700_000_000_000),
                visitor: VisitorId(u64::MAX - n as u64),
                user_id: "ann".into(),
                interactive: n % 2 == 1,
                page: Page { url: "https://a.example/x?y".into(), path: text.clone(), title: "T".into() },
                visit: Arc::new(Visit {
                    hostname: "a.example".into(),
                    app_version: text,
                    country: "DE".into(),
                    ..Visit::default()
                }),
                props: vec![("plan".into(), "pro".into()); n % 3],
                revenue: -19_9900,
                currency: "EUR".into(),
                scroll_depth: 77,
                engagement_ms: 1_234,
            }
        };
        visits.iter().enumerate().map(event).collect()
    }

    #[test]
    fn a_visit_has_as_many_texts_as_are_read() {
        let bytes = postcard::to_allocvec(&Visit::default()).expect("encodes");
        assert_eq!(bytes, [0; VISIT_TEXTS]);
    }

    #[test]
    fn equal_visits_are_one_also_in_chunks_that_come_later() {
        let texts = ["a", "b", "a"].map(str::to_owned);
        let mut all = Encoded::default();
        events(&texts).iter().for_each(|event| all.push(event).expect("encodes"));
        let mut visits = Visits::default();
        let mut read = decode_with(&frame(&all, 5), &mut visits).expect("decodes");
        read.extend(decode_with(&frame(&all, 6), &mut visits).expect("decodes"));
        let same = |a: usize, b: usize| Arc::ptr_eq(&read[a].visit, &read[b].visit);
        assert!(same(0, 2) && same(0, 3) && same(1, 4) && !same(0, 1));
    }

    proptest! {
        #[test]
        fn every_field_is_read_back(texts in prop::collection::vec(".{0,300}", 0..20)) {
            let written = events(&texts);
            let mut all = Encoded::default();
            written.iter().for_each(|event| all.push(event).expect("encodes"));
            prop_assert_eq!(decode(&frame(&all, 5)).expect("decodes"), written);
        }

        #[test]
        fn what_was_framed_is_read_back(paths in prop::collection::vec(".{0,40}", 0..50)) {
            let (events, all) = encoded(&paths);
            prop_assert_eq!(decode(&frame(&all, 5)).expect("decodes"), events);
        }

        #[test]
        fn damage_is_an_error_and_never_other_events(
            paths in prop::collection::vec("[a-z]{1,20}", 1..20), at in 0usize..10_000, bit in 0u8..8,
        ) {
            let (_, all) = encoded(&paths);
            let mut stored = frame(&all, 5);
            let at = at % stored.len();
            stored[at] ^= 1 << bit;
            let reason = decode(&stored).expect_err("one bit is another");
            prop_assert!(!reason.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
