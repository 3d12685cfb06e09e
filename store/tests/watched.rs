//! What alerts read, on the real engine.

mod common;

use common::{count, open};
use opentrace_events::{Event, SiteId, Timestamp, VisitorId};
use opentrace_store::{Block, Columns, EventRow, GrainColumn, Origin, SeriesPoint, SeriesRow};
use uuid::Uuid;

const START: u32 = 1_779_000_000;

fn row(calendar: u32, series: u32, start: u32, origin: Origin, value: i64, epoch: u64) -> SeriesRow {
    let deleted = u8::from(value == 0);
    SeriesRow {
        site_id: 1,
        calendar,
        series,
        grain: GrainColumn::Minute,
        start,
        origin: origin as u8,
        value,
        epoch,
        deleted,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_are_whole_and_events_are_those_of_an_epoch_and_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let rows = [
        row(7, 3, START, Origin::Live, 4, 1),
        row(7, 3, START, Origin::History, 10, 1),
        row(7, 3, START, Origin::Live, 5, 2),
        row(6, 3, START, Origin::Live, 99, 2),
        row(0, 1_000, START + 60, Origin::Live, 2, 2),
        row(7, 3, START + 60, Origin::Live, 8, 1),
        row(7, 3, START + 60, Origin::Live, 0, 2),
        row(7, 3, START - 60, Origin::Live, 1, 2),
        row(7, 4, START, Origin::Live, 1, 2),
    ];
    store.upsert_cells(&rows).await.expect("inserts");
    assert_eq!(count(&store, "SELECT count() FROM v_series WHERE value = 99").await, 1);
    let points = store.series_points(1, 7, &[3, 1_000], i64::from(START)).await.expect("reads");
    let point = |series, start, whole, history| SeriesPoint {
        series,
        grain: GrainColumn::Minute,
        start,
        whole,
        history,
    };
    assert_eq!(points, [point(3, START, 15, 10), point(1_000, START + 60, 2, 0)]);

    let now = i64::from(START) * 1000;
    let events: Vec<Event> = (0..4)
        .map(|n| Event {
            id: Uuid::from_u128(n),
            site: SiteId(1),
            name: "buy".into(),
            ts: Timestamp(now + i64::try_from(n).expect("small") * 1000),
            visitor: VisitorId(9),
            props: vec![("plan".into(), "pro".into())],
            ..Event::default()
        })
        .collect();
    for (epoch, events) in [(5, &events[..2]), (6, &events[2..])] {
        let rows: Vec<EventRow<'_>> = events
            .iter()
            .map(|event| EventRow { event, log_partition: 0, log_offset: epoch, epoch })
            .collect();
        store.insert(&Block::events(&rows), Some(&format!("t{epoch}"))).await.expect("inserts");
    }
    let columns = Columns::Only(vec!["props"]);
    let read = async |from, to, epoch| {
        let mut cursor = store.events_within(1, from, to, epoch, &columns).expect("asks");
        let mut found = Vec::new();
        while let Some(act) = cursor.next().await.expect("reads") {
            assert_eq!((act.name.as_str(), act.props.len()), ("buy", 1));
            found.push((act.ts - now) / 1000);
        }
        found.sort_unstable();
        found
    };
    assert_eq!(read(now, now + 10_000, 6).await, [0, 1, 2, 3]);
    assert_eq!(read(now, now + 10_000, 5).await, [0, 1]);
    assert_eq!(read(now + 1_000, now + 3_000, 6).await, [1, 2]);
    store.stop().await;
}
