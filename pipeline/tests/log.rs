//! The embedded log from outside: what was acknowledged is there, in order, after any end.

use std::time::Duration;

use opentrace_events::{Event, Page, SiteId, VisitorId};
use opentrace_pipeline::log::embedded::{EmbeddedConfig, EmbeddedLog};
use opentrace_pipeline::log::{Chunk, EventLog, LogError, partition_of};

fn config(folder: &std::path::Path) -> EmbeddedConfig {
    EmbeddedConfig {
        path: folder.join("log.redb"),
        partitions: 3,
        min_free_bytes: 0,
        queue_bytes: 1 << 20,
        cache_bytes: 1 << 20,
    }
}

fn event(visitor: u64, path: &str) -> Event {
    Event {
        site: SiteId(1),
        visitor: VisitorId(visitor),
        page: Page { path: path.into(), ..Page::default() },
        ..Event::default()
    }
}

async fn read_all(log: &EmbeddedLog, partition: u16) -> Vec<Chunk> {
    log.read(partition, 0, usize::MAX).await.expect("reads")
}

async fn paths(log: &EmbeddedLog) -> Vec<String> {
    let mut chunks = Vec::new();
    for partition in 0..log.partitions() {
        chunks.extend(read_all(log, partition).await);
    }
    let mut paths: Vec<String> =
        chunks.into_iter().flat_map(|chunk| chunk.events).map(|event| event.page.path.to_string()).collect();
    paths.sort();
    paths
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_lose_nothing_and_offsets_have_no_gaps() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = std::sync::Arc::new(EmbeddedLog::open(config(folder.path())).expect("opens"));
    let writers: Vec<_> = (0..20u64)
        .map(|writer| {
            let log = std::sync::Arc::clone(&log);
            tokio::spawn(async move {
                for n in 0..25u64 {
                    let batch: Vec<Event> =
                        (0..4u64).map(|i| event(writer * 7 + i, &format!("/{writer}/{n}/{i}"))).collect();
                    log.append(&batch).await.expect("appends");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("ends");
    }
    let mut want: Vec<String> = (0..20)
        .flat_map(|w| (0..25).flat_map(move |n| (0..4).map(move |i| format!("/{w}/{n}/{i}"))))
        .collect();
    want.sort();
    assert_eq!(paths(&log).await, want);
    for partition in 0..log.partitions() {
        let mut next = 0;
        for chunk in read_all(&log, partition).await {
            assert_eq!(chunk.first, next, "no gap in partition {partition}");
            next = chunk.end();
            for event in &chunk.events {
                assert_eq!(partition_of(event.site, event.visitor, 3), partition);
            }
        }
        assert_eq!(log.ends()[usize::from(partition)], next);
    }
    log.close();
    assert!(matches!(log.append(&[event(1, "/late")]).await, Err(LogError::Closed)));
}

#[tokio::test]
async fn what_was_appended_is_there_after_reopening() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let log = EmbeddedLog::open(config(folder.path())).expect("opens");
        log.append(&[event(1, "/a"), event(2, "/b")]).await.expect("appends");
    }
    let log = EmbeddedLog::open(config(folder.path())).expect("opens again");
    log.append(&[event(1, "/c")]).await.expect("appends");
    assert_eq!(paths(&log).await, ["/a", "/b", "/c"]);
    assert_eq!(log.ends().iter().sum::<u64>(), 3);
}

#[tokio::test]
async fn another_number_of_partitions_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(EmbeddedLog::open(config(folder.path())).expect("opens"));
    let other = EmbeddedConfig { partitions: 4, ..config(folder.path()) };
    let error = EmbeddedLog::open(other).expect_err("refuses");
    assert!(error.to_string().contains("made with 3 partitions"), "{error}");
}

#[tokio::test]
async fn truncation_keeps_what_is_needed_and_the_offsets() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = EmbeddedLog::open(config(folder.path())).expect("opens");
    let visitor = (0..).find(|v| partition_of(SiteId(1), VisitorId(*v), 3) == 0).expect("one hashes there");
    for n in 0..5 {
        log.append(&[event(visitor, &format!("/{n}"))]).await.expect("appends");
    }
    assert_eq!(
        log.truncate(0, 3, Duration::from_secs(3600)).await.expect("truncates"),
        0,
        "too young to drop"
    );
    assert_eq!(log.truncate(0, 3, Duration::ZERO).await.expect("truncates"), 3);
    assert_eq!(log.starts().await.expect("reads")[0], 3);
    assert_eq!(log.truncate(0, 5, Duration::ZERO).await.expect("truncates"), 1, "the last chunk stays");
    drop(log);
    let log = EmbeddedLog::open(config(folder.path())).expect("opens again");
    assert_eq!(log.ends()[0], 5);
}

#[tokio::test]
async fn too_little_free_space_is_disk_full_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = EmbeddedLog::open(EmbeddedConfig { min_free_bytes: u64::MAX, ..config(folder.path()) })
        .expect("opens");
    assert!(matches!(log.append(&[event(1, "/a")]).await, Err(LogError::DiskFull)));
    assert_eq!(log.ends(), [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_visitor_leaves_no_bytes_and_no_gap() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = std::sync::Arc::new(EmbeddedLog::open(config(folder.path())).expect("opens"));
    for n in 0..30u64 {
        let batch: Vec<Event> = (0..5).map(|visitor| event(visitor, &format!("/of-{visitor}-{n}"))).collect();
        log.append(&batch).await.expect("appends");
    }
    let until = log.ends();
    log.append(&[event(3, "/later")]).await.expect("appends");
    let appending = tokio::spawn({
        let log = std::sync::Arc::clone(&log);
        async move {
            for n in 0..50u64 {
                log.append(&[event(n % 5, "/meanwhile")]).await.expect("appends");
            }
        }
    });
    let erased = log.erase(SiteId(1), &[VisitorId(3)], &until).await.expect("erases");
    appending.await.expect("ends");
    assert_eq!(erased, 30);

    let ends = log.ends();
    assert_eq!(ends.iter().sum::<u64>(), 30 * 5 + 1 + 50, "offsets stay");
    drop(log);
    let log = EmbeddedLog::open(config(folder.path())).expect("opens again");
    assert_eq!(log.ends(), ends);
    let paths = paths(&log).await;
    assert!(!paths.iter().any(|path| path.starts_with("/of-3-")));
    assert!(paths.contains(&"/later".to_owned()), "what came after the erasure stays");
    assert_eq!(paths.iter().filter(|path| path.starts_with("/of-")).count(), 30 * 4);
    assert_eq!(paths.iter().filter(|path| *path == "/meanwhile").count(), 50);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).expect("lists").flatten().map(|e| e.file_name()).collect();
    assert_eq!(names, ["log.redb"], "no copy is left");
}
