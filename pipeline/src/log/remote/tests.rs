//! The log over shards that fail in every way a system elsewhere can: no answer before or after the
//! fact, an answer that comes true later, somebody else in between, replicas that are behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use opentrace_events::{Event, Page, SiteId, VisitorId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::shard::first_that_stays;
use super::*;

const PARTITIONS: u16 = 2;

/// Records of a segment, where there are segments.
const SEGMENT: usize = 3;

/// How a system keeps records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An append fails that does not follow the last record, as in JetStream.
    Conditional,
    /// Records are added in any case.
    Unconditional,
    /// The same, in segments between which positions jump: only whole ones can be dropped or written
    /// anew, as in Fluvio.
    Segments,
}

/// Records in memory, and what goes wrong with them.
#[derive(Clone, Debug)]
struct Faulty {
    state: Arc<Mutex<State>>,
    kind: Kind,
    /// How many of a hundred calls go wrong.
    faults: u32,
}

#[derive(Debug)]
struct State {
    records: BTreeMap<Position, Bytes>,
    last: Position,
    /// Where the next record goes.
    next: Position,
    /// Appends that nobody heard of, to come true later.
    under_way: Vec<(Position, Bytes)>,
    /// The last record that readers see: whoever answers them is behind, for so many reads or until it is asked
    /// to add one. It knows the bounds all the same, where it is asked after that.
    seen: Position,
    behind: usize,
    knows_bounds: bool,
    room: usize,
    random: StdRng,
}

impl Faulty {
    fn new(kind: Kind, faults: u32, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        let state = State {
            records: BTreeMap::new(),
            last: 0,
            next: 1,
            under_way: Vec::new(),
            seen: Position::MAX,
            behind: usize::MAX,
            knows_bounds: false,
            room: usize::MAX,
            random,
        };
        Self { state: Arc::new(Mutex::new(state)), kind, faults }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("not poisoned")
    }
}

impl State {
    fn add(&mut self, after: Position, record: Bytes, kind: Kind) -> Result<Position, ShardError> {
        if kind == Kind::Segments && self.in_newest() >= SEGMENT {
            self.turn_over();
        }
        // The first record of a segment has to count.
        let begins = kind == Kind::Segments && self.next == segment_of(self.next);
        if (kind == Kind::Conditional || begins) && after != self.last {
            return Err(ShardError::Moved);
        }
        let follows = after == self.last;
        self.last = self.next;
        self.next += 1;
        self.records.insert(self.last, record);
        if follows { Ok(self.last) } else { Err(ShardError::Moved) }
    }

    /// What is added next begins a segment.
    fn turn_over(&mut self) {
        self.next = segment_of(self.next) + (1 << 40);
    }

    /// What readers see.
    fn seen(&self) -> BTreeMap<Position, Bytes> {
        self.records.range(..=self.seen).map(|(at, record)| (*at, record.clone())).collect()
    }

    fn in_newest(&self) -> usize {
        self.records.range(segment_of(self.next)..).count()
    }

    fn starts(&self) -> Vec<Position> {
        let mut starts: Vec<Position> = self.records.keys().map(|at| segment_of(*at)).collect();
        starts.dedup();
        starts
    }
}

/// Where the segment of a record begins.
fn segment_of(at: Position) -> Position {
    at >> 40 << 40
}

#[async_trait::async_trait]
impl Shard for Faulty {
    async fn append(&self, after: Position, record: Bytes) -> Result<Position, ShardError> {
        tokio::task::yield_now().await;
        let mut state = self.state();
        state.seen = Position::MAX;
        for (after, record) in std::mem::take(&mut state.under_way) {
            let _ = state.add(after, record, self.kind);
        }
        if state.records.len() >= state.room {
            return Err(ShardError::Full("as told".to_owned()));
        }
        let lost = || Err(ShardError::Unknown("no answer".to_owned()));
        let fault = state.random.random_range(0..100);
        match fault % 4 {
            _ if fault >= self.faults => state.add(after, record, self.kind),
            0 => lost(),
            1 => {
                let _ = state.add(after, record, self.kind);
                lost()
            }
            _ => {
                state.under_way.push((after, record));
                lost()
            }
        }
    }

    async fn read(&self, from: Position) -> Result<Option<(Position, Bytes)>, ShardError> {
        let mut state = self.state();
        if state.random.random_range(0..100) < self.faults / 4 {
            return Err(ShardError::Unknown("no answer".to_owned()));
        }
        state.behind -= 1;
        if state.behind == 0 {
            (state.seen, state.behind) = (Position::MAX, usize::MAX);
        }
        Ok(state.seen().range(from..).next().map(|(at, record)| (*at, record.clone())))
    }

    async fn locate(&self, offset: u64) -> Result<Position, ShardError> {
        let Some(bounds) = self.bounds().await? else { return Ok(0) };
        match self.kind {
            Kind::Conditional => {
                close_before_what_stays(self, bounds, &|_, opened| opened.end() <= offset).await
            }
            Kind::Unconditional => Ok(bounds.0),
            Kind::Segments => {
                let starts = self.state().starts();
                let begins = last_that_goes(self, &starts, &|_, opened| opened.first <= offset).await?;
                Ok(begins.map_or(bounds.0, |(position, _)| position))
            }
        }
    }

    async fn bounds(&self) -> Result<Option<(Position, Position)>, ShardError> {
        let state = self.state();
        let seen = if state.knows_bounds { state.records.clone() } else { state.seen() };
        let last = seen.last_key_value();
        Ok(seen.first_key_value().zip(last).map(|((first, _), (last, _))| (*first, *last)))
    }

    async fn first_that_stays(
        &self,
        bounds: (Position, Position),
        goes: &Goes<'_>,
    ) -> Result<Option<(Position, Offset)>, ShardError> {
        let starts = self.state().starts();
        match self.kind {
            Kind::Segments => last_that_goes(self, starts.get(1..).unwrap_or_default(), goes).await,
            _ => first_that_stays(self, bounds, goes).await,
        }
    }

    async fn cut(&self, before: Position) -> Result<(), ShardError> {
        let before = if self.kind == Kind::Segments { segment_of(before) } else { before };
        self.state().records.retain(|position, _| *position >= before);
        Ok(())
    }

    async fn part_storage(&self) -> Result<(), ShardError> {
        let mut state = self.state();
        if self.kind == Kind::Segments && state.in_newest() > 0 {
            state.turn_over();
        }
        Ok(())
    }

    async fn wipe(&self, records: &[Position], keep_from: Position) -> Result<(), ShardError> {
        let mut state = self.state();
        if self.kind != Kind::Segments {
            state.records.retain(|position, _| !records.contains(position));
            return Ok(());
        }
        for position in records {
            assert!(segment_of(*position) < segment_of(keep_from), "what is written anew is closed");
            let record = state.records.get_mut(position).expect("what is wiped is there");
            *record = emptied(record).expect("opens").into();
        }
        Ok(())
    }

    fn record_limit(&self) -> usize {
        4_096
    }
}

fn shards(kind: Kind, faults: u32, seed: u64) -> Vec<Faulty> {
    (0..u64::from(PARTITIONS)).map(|n| Faulty::new(kind, faults, seed * 31 + n)).collect()
}

async fn open(shards: &[Faulty]) -> RemoteLog<Faulty> {
    RemoteLog::open(1, shards.to_vec(), 1 << 20).await.expect("opens")
}

fn event(visitor: u64, path: &str) -> Event {
    Event {
        site: SiteId(1),
        visitor: VisitorId(visitor),
        page: Page { path: path.into(), ..Page::default() },
        ..Event::default()
    }
}

/// Everything in a partition, read in steps of `step` events; offsets without a gap.
async fn read_all(log: &RemoteLog<Faulty>, partition: Partition, step: usize) -> Vec<String> {
    let start = log.starts().await.expect("reads")[usize::from(partition)];
    read_from(log, partition, start, step).await
}

/// The same from an offset on.
async fn read_from(log: &RemoteLog<Faulty>, partition: Partition, start: Offset, step: usize) -> Vec<String> {
    let mut next = start;
    let mut paths = Vec::new();
    loop {
        let chunks = log.read(partition, next, step).await.expect("reads");
        if chunks.is_empty() {
            assert_eq!(next, log.ends()[usize::from(partition)]);
            return paths;
        }
        for chunk in chunks {
            assert_eq!(chunk.first, next, "no gap in partition {partition}");
            next = chunk.end();
            for event in chunk.events {
                assert_eq!(partition_of(event.site, event.visitor, PARTITIONS), partition);
                paths.push(event.page.path.to_string());
            }
        }
    }
}

/// Two programs append at once, through faults; whatever one was told to be in is in, once.
async fn acknowledged_is_in_once(kind: Kind, seed: u64) {
    let shards = shards(kind, 40, seed);
    let logs = [Arc::new(open(&shards).await), Arc::new(open(&shards).await)];
    let clients = (0..6u64).map(|client| {
        let log = Arc::clone(&logs[client as usize % 2]);
        tokio::spawn(async move {
            let mut accepted = Vec::new();
            for n in 0..20 {
                let batch: Vec<Event> =
                    (0..3).map(|i| event(client * 5 + n + i, &format!("/{client}/{n}/{i}"))).collect();
                if log.append(&batch).await.is_ok() {
                    accepted.extend(batch.into_iter().map(|event| event.page.path.to_string()));
                }
            }
            accepted
        })
    });
    let mut accepted = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        accepted.extend(client.await.expect("ends"));
    }
    assert_eq!(accepted.len(), 6 * 20 * 3, "faults that pass are waited out");
    let reader = open(&shards).await;
    let mut there = Vec::new();
    for partition in 0..PARTITIONS {
        there.extend(read_all(&reader, partition, 7).await);
    }
    accepted.sort();
    there.sort();
    assert_eq!(there, accepted);
    for log in logs {
        log.close();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_appends_are_conditional_what_was_acknowledged_is_in_once() {
    for seed in 0..4 {
        acknowledged_is_in_once(Kind::Conditional, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_appends_are_not_conditional_what_was_acknowledged_is_in_once() {
    for seed in 0..4 {
        acknowledged_is_in_once(Kind::Unconditional, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_records_lie_in_segments_what_was_acknowledged_is_in_once() {
    for seed in 0..4 {
        acknowledged_is_in_once(Kind::Segments, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_behind_does_not_say_where_the_log_ends() {
    for kind in [Kind::Conditional, Kind::Unconditional, Kind::Segments] {
        let shards = shards(kind, 0, 1);
        let log = open(&shards).await;
        for n in 0..10 {
            log.append(&[event(n, &format!("/{n}"))]).await.expect("appends");
        }
        let ends = log.ends();
        log.close();
        for shard in &shards {
            let mut state = shard.state();
            state.seen = *state.records.keys().nth(2).expect("more than two");
        }
        let log = open(&shards).await;
        assert_eq!(log.ends(), ends, "{kind:?}");
        let mut there = Vec::new();
        for partition in 0..PARTITIONS {
            there.extend(read_all(&log, partition, 3).await);
        }
        assert_eq!(there.len(), 10, "{kind:?}");
        log.close();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_behind_for_a_while_hides_nothing() {
    for (kind, behind) in [Kind::Conditional, Kind::Unconditional, Kind::Segments]
        .into_iter()
        .flat_map(|kind| [1, 2, 4, 7].map(|behind| (kind, behind)))
    {
        let shards = shards(kind, 0, 1);
        let log = open(&shards).await;
        for n in 0..10 {
            log.append(&[event(n, &format!("/{n}"))]).await.expect("appends");
        }
        log.close();
        let fall_behind = || {
            for shard in &shards {
                let mut state = shard.state();
                state.seen = *state.records.keys().nth(2).expect("more than two");
                (state.behind, state.knows_bounds) = (behind, true);
            }
        };
        fall_behind();
        let log = open(&shards).await;
        log.append(&[event(1, "/later")]).await.expect("appends");
        // Reading begins in the middle, too.
        fall_behind();
        let mut there = Vec::new();
        for partition in 0..PARTITIONS {
            there.extend(read_from(&log, partition, 2, 2).await);
        }
        assert_eq!(there.len(), 11 - 2 * usize::from(PARTITIONS), "{kind:?}, behind for {behind} reads");
        log.close();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_shard_opens_as_it_is() {
    let shards = shards(Kind::Conditional, 0, 1);
    let log = open(&shards).await;
    log.append(&[event(1, "/in")]).await.expect("appends");
    let ends = log.ends();
    log.close();
    shards.iter().for_each(|shard| shard.state().room = 1);
    let log = open(&shards).await;
    assert_eq!(log.ends(), ends);
    log.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_shard_refuses_until_there_is_room() {
    let shards = shards(Kind::Conditional, 0, 1);
    let log = open(&shards).await;
    log.append(&[event(1, "/in")]).await.expect("appends");
    for shard in &shards {
        shard.state().room = 1;
    }
    let full = log.append(&[event(1, "/out")]).await;
    assert!(matches!(full, Err(LogError::DiskFull)), "{full:?}");
    for shard in &shards {
        shard.state().room = 100;
    }
    let started = std::time::Instant::now();
    while log.append(&[event(1, "/again")]).await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(5), "room is noticed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut there = Vec::new();
    for partition in 0..PARTITIONS {
        there.extend(read_all(&log, partition, usize::MAX).await);
    }
    assert_eq!(there, ["/in", "/again"]);
    log.close();
    assert!(matches!(log.append(&[event(1, "/late")]).await, Err(LogError::Closed)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_requests_become_several_records() {
    let shards = shards(Kind::Conditional, 0, 1);
    let log = open(&shards).await;
    let long = "x".repeat(1_000);
    let batch: Vec<Event> = (0..40).map(|n| event(n, &format!("/{n}/{long}"))).collect();
    log.append(&batch).await.expect("appends");
    assert!(shards.iter().map(|shard| shard.state().records.len()).sum::<usize>() >= 10);
    let mut there = Vec::new();
    for partition in 0..PARTITIONS {
        there.extend(read_all(&open(&shards).await, partition, 3).await);
    }
    assert_eq!(there.len(), 40);
    let huge = log.append(&[event(1, &"y".repeat(10_000))]).await;
    assert!(huge.expect_err("does not fit").to_string().contains("bytes of a record"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncation_keeps_what_is_needed_and_the_offsets() {
    let shards = shards(Kind::Conditional, 0, 1);
    let log = open(&shards).await;
    let visitor = (0..).find(|v| partition_of(SiteId(1), VisitorId(*v), PARTITIONS) == 0).expect("one is");
    for n in 0..9 {
        log.append(&[event(visitor, &format!("/{n}"))]).await.expect("appends");
    }
    assert_eq!(log.truncate(0, 5, Duration::from_secs(3600)).await.expect("truncates"), 0, "too young");
    assert_eq!(log.truncate(0, 5, Duration::ZERO).await.expect("truncates"), 5);
    assert_eq!(log.starts().await.expect("reads")[0], 5);
    assert_eq!(log.truncate(0, 5, Duration::ZERO).await.expect("truncates"), 0);
    assert_eq!(log.truncate(0, 9, Duration::ZERO).await.expect("truncates"), 3, "the last record stays");
    assert_eq!(open(&shards).await.ends()[0], 9);
    assert_eq!(read_all(&log, 0, 2).await, ["/8"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncation_drops_whole_segments_only() {
    let shards = shards(Kind::Segments, 0, 1);
    let log = open(&shards).await;
    let visitor = (0..).find(|v| partition_of(SiteId(1), VisitorId(*v), PARTITIONS) == 0).expect("one is");
    let append = async |n: u64| log.append(&[event(visitor, &format!("/{n}"))]).await.expect("appends");
    for n in 0..9 {
        append(n).await;
    }
    let truncate = async |before| log.truncate(0, before, Duration::ZERO).await.expect("truncates");
    assert_eq!(log.truncate(0, 9, Duration::from_secs(3600)).await.expect("truncates"), 0, "too young");
    // Opening wrote the first record: segments begin with events 2, 5 and 8.
    assert_eq!(truncate(2).await, 0, "of the second segment no record may go");
    assert_eq!(truncate(4).await, 2);
    assert_eq!(log.starts().await.expect("reads")[0], 2);
    assert_eq!(truncate(4).await, 0);
    assert_eq!(truncate(9).await, 3, "the last record stays");
    assert_eq!(truncate(9).await, 0);
    append(9).await;
    assert_eq!(truncate(10).await, 3, "the newest segment stays");
    let log = open(&shards).await;
    assert_eq!(log.ends()[0], 10);
    assert_eq!(read_all(&log, 0, 2).await, ["/8", "/9"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_visitor_is_nowhere_and_the_log_goes_on() {
    for kind in [Kind::Conditional, Kind::Unconditional, Kind::Segments] {
        an_erased_visitor_is_nowhere(kind).await;
    }
}

async fn an_erased_visitor_is_nowhere(kind: Kind) {
    let shards = shards(kind, 0, 1);
    let log = open(&shards).await;
    for n in 0..30u64 {
        let batch: Vec<Event> = (0..5).map(|visitor| event(visitor, &format!("/of-{visitor}-{n}"))).collect();
        log.append(&batch).await.expect("appends");
    }
    let until = log.ends();
    let erased = log.erase(SiteId(1), &[VisitorId(3)], &until).await.expect("erases");
    assert_eq!(erased, 30);
    assert_eq!(log.ends(), until, "offsets stay");
    log.append(&[event(3, "/later")]).await.expect("appends");
    let ends = log.ends();
    let found = |path: &str| {
        let holds = |record: &Bytes| {
            let chunk = envelope::open(record).expect("opens").chunk;
            codec::decode(chunk).expect("decodes").iter().any(|event| event.page.path.contains(path))
        };
        shards.iter().any(|shard| shard.state().records.values().any(holds))
    };
    assert!(!found("/of-3-") && found("/later"));
    log.close();
    let log = open(&shards).await;
    assert_eq!(log.ends(), ends);
    let partition = partition_of(SiteId(1), VisitorId(3), PARTITIONS);
    let later = log.read(partition, until[usize::from(partition)], 10).await.expect("reads");
    assert_eq!(later.iter().map(|chunk| chunk.events.len()).sum::<usize>(), 1);
}
