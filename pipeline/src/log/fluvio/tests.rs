//! Against a real cluster, whose controller `OPENTRACE_FLUVIO` names. Without one they say so.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fluvio::RecordKey;
use opentrace_events::{Event, Page, SiteId, VisitorId};

use super::connection::Link;
use super::reader::{CLOSING, Item};
use super::segment::{Segment, position};
use super::*;
use crate::log::{Offset, codec, partition_of};

/// A log of its own in the cluster, if there is a cluster.
fn cluster() -> Option<FluvioConfig> {
    let Ok(address) = std::env::var("OPENTRACE_FLUVIO") else {
        #[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
        {
            eprintln!("skipped: OPENTRACE_FLUVIO names no Fluvio cluster");
        }
        return None;
    };
    let name = format!("test-{:08x}", Uuid::new_v4().as_u64_pair().0 as u32);
    Some(FluvioConfig { address, name, partitions: 1, replicas: 1, queue_bytes: 1 << 20 })
}

fn event(visitor: u64, path: &str) -> Event {
    Event {
        site: SiteId(1),
        visitor: VisitorId(visitor),
        page: Page { path: path.into(), ..Page::default() },
        ..Event::default()
    }
}

async fn log(config: &FluvioConfig) -> Arc<dyn EventLog> {
    open(config).await.expect("opens")
}

async fn append(log: &Arc<dyn EventLog>, numbers: std::ops::Range<u64>) {
    for n in numbers {
        log.append(&[event(n % 5, &format!("/of-{}-{n}", n % 5))]).await.expect("appends");
    }
}

/// Everything from an offset on: paths, and whether there is a gap.
async fn read(log: &Arc<dyn EventLog>, from: Offset) -> (Vec<String>, bool) {
    let (mut next, mut paths, mut gap) = (from, Vec::new(), false);
    loop {
        let chunks = log.read(0, next, 100).await.expect("reads");
        if chunks.is_empty() {
            return (paths, gap);
        }
        for chunk in chunks {
            gap |= chunk.first != next;
            next = chunk.end();
            paths.extend(chunk.events.into_iter().map(|event| event.page.path.to_string()));
        }
    }
}

fn paths(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|n| format!("/of-{}-{n}", n % 5)).collect()
}

/// The partition alone, as whoever looks into the cluster sees it.
async fn shard(config: &FluvioConfig) -> FluvioShard {
    let prefix = format!("{}-0-", config.name);
    FluvioShard::open(&config.address, prefix, config.replicas, true).await.expect("opens")
}

/// Paths in all topics of the partition, whether they count or not.
async fn stored(config: &FluvioConfig) -> Vec<String> {
    let shard = shard(config).await;
    let mut paths = Vec::new();
    for segment in shard.listed().await.expect("lists") {
        let mut offset = 0;
        while let Some(item) = shard.reader.get(segment, offset).await.expect("reads") {
            if let Item::Record(record) = item {
                let chunk = crate::log::remote::open_record(&record).expect("opens").chunk;
                let events = codec::decode(chunk).expect("decodes");
                paths.extend(events.into_iter().map(|event| event.page.path.to_string()));
            }
            offset += 1;
        }
    }
    paths
}

/// Removes what a test made.
async fn clear(config: &FluvioConfig) {
    let connection = Link::new(&config.address).get().await.expect("connects");
    for topic in connection.topics(&config.name).await.expect("lists") {
        connection.delete(&topic).await.expect("removes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_appended_is_read_back_through_segments_and_restarts() {
    let Some(config) = cluster() else { return };
    let first = log(&config).await;
    append(&first, 0..20).await;
    for round in 1..4u64 {
        shard(&config).await.part_storage().await.expect("a new segment");
        append(&first, round * 20..(round + 1) * 20).await;
    }
    assert_eq!(read(&first, 0).await, (paths(0..80), false));
    first.close();

    let again = log(&config).await;
    assert_eq!((again.id(), again.ends()), (first.id(), vec![80]));
    append(&again, 80..90).await;
    assert_eq!(read(&again, 0).await, (paths(0..90), false));
    let other = FluvioConfig { partitions: 2, ..config.clone() };
    let refused = open(&other).await.expect_err("another shape").to_string();
    assert!(refused.contains("has 1 partitions, not 2"), "{refused}");
    clear(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncation_removes_whole_topics() {
    let Some(config) = cluster() else { return };
    let log = log(&config).await;
    append(&log, 0..10).await;
    shard(&config).await.part_storage().await.expect("a new segment");
    append(&log, 10..20).await;
    assert_eq!(log.truncate(0, 20, Duration::from_secs(3600)).await.expect("truncates"), 0, "too young");
    assert_eq!(log.truncate(0, 10, Duration::ZERO).await.expect("truncates"), 0, "11 is not committed");
    assert_eq!(log.truncate(0, 15, Duration::ZERO).await.expect("truncates"), 10);
    assert_eq!(log.starts().await.expect("reads"), [10]);
    assert_eq!(shard(&config).await.listed().await.expect("lists"), [Segment::new(2)]);
    assert_eq!(read(&log, 10).await, (paths(10..20), false));
    log.close();
    assert_eq!(open(&config).await.expect("opens").ends(), [20]);
    clear(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_visitor_is_in_no_topic_and_the_log_goes_on() {
    let Some(config) = cluster() else { return };
    let first = log(&config).await;
    append(&first, 0..50).await;
    shard(&config).await.part_storage().await.expect("a new segment");
    append(&first, 50..100).await;
    let erased = first.erase(SiteId(1), &[VisitorId(3)], &first.ends()).await.expect("erases");
    assert_eq!(erased, 20);
    assert_eq!(first.ends(), [100], "offsets stay");
    append(&first, 100..105).await;
    let kept = || paths(0..105).into_iter().filter(|path| !path.starts_with("/of-3-") || path == "/of-3-103");
    assert_eq!(stored(&config).await, kept().collect::<Vec<_>>());
    assert_eq!(read(&first, 0).await, (kept().collect(), true));
    first.close();

    let again = log(&config).await;
    assert_eq!(again.ends(), [105]);
    append(&again, 105..110).await;
    assert_eq!(read(&again, 100).await, (paths(100..110), false));
    clear(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_cut_short_is_removed_and_a_finished_one_counts() {
    let Some(config) = cluster() else { return };
    let log = log(&config).await;
    append(&log, 0..10).await;
    let by_hand = shard(&config).await;
    by_hand.part_storage().await.expect("a new segment");
    log.close();
    let connection = by_hand.link.get().await.expect("connects");
    let copy = Segment { number: 1, generation: 1 };
    let topic = copy.topic(&by_hand.prefix);
    connection.create(&topic, 1).await.expect("makes a topic");
    let listed = async || shard(&config).await.listed().await.expect("lists");
    assert_eq!(listed().await, [Segment::new(1), Segment::new(2)], "the copy has no end");

    // Finished, but the original was not removed any more.
    connection.create(&topic, 1).await.expect("makes a topic");
    let producer = connection.producer(&topic).await.expect("a producer");
    for offset in 0..10 {
        let Some(Item::Record(record)) = by_hand.reader.get(Segment::new(1), offset).await.expect("reads")
        else {
            panic!("a record at {offset}")
        };
        producer.send(RecordKey::NULL, record).await.expect("sends");
    }
    producer.send(RecordKey::from(CLOSING), Bytes::new()).await.expect("sends");
    assert_eq!(listed().await, [copy, Segment::new(2)]);
    let log = open(&config).await.expect("opens");
    append(&log, 10..12).await;
    assert_eq!(read(&log, 0).await, (paths(0..12), false));
    log.close();

    connection.delete(&Segment::new(2).topic(&by_hand.prefix)).await.expect("removes");
    let lost = open(&config).await.expect_err("the newest is gone").to_string();
    assert!(lost.contains("removed by somebody else"), "{lost}");
    clear(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_come_late_or_from_elsewhere_do_not_count() {
    let Some(config) = cluster() else { return };
    let log = log(&config).await;
    append(&log, 0..3).await;
    let by_hand = shard(&config).await;
    let connection = by_hand.link.get().await.expect("connects");
    let first = Segment::new(1);
    let late = match by_hand.reader.get(first, 1).await.expect("reads") {
        Some(Item::Record(record)) => record,
        other => panic!("{other:?}"),
    };
    let producer = connection.producer(&first.topic(&by_hand.prefix)).await.expect("a producer");
    // Once before the writer goes on, and once behind the record that closes the segment.
    assert_eq!(producer.send(RecordKey::NULL, late.clone()).await.expect("sends"), 3);
    let other = by_hand.append(position(1, 2), late.clone()).await;
    assert!(matches!(other, Err(ShardError::Moved)), "{other:?}");
    append(&log, 3..6).await;
    by_hand.part_storage().await.expect("a new segment");
    producer.send(RecordKey::NULL, late).await.expect("sends");
    append(&log, 6..9).await;
    assert_eq!(read(&log, 0).await, (paths(0..9), false));
    log.close();
    let log = open(&config).await.expect("opens");
    assert_eq!(log.ends(), [9]);
    assert_eq!(read(&log, 0).await, (paths(0..9), false));
    assert_eq!(partition_of(SiteId(1), VisitorId(0), 1), 0);
    clear(&config).await;
}
