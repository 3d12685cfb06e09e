//! The store on the real engine.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{count, open};

use opentrace_events::{Event, Page, Site, SiteId, Timestamp, Visit, VisitorId};
use opentrace_store::verify::Pace;
use opentrace_store::{
    Acts, Block, DaySlice, EventRow, FeatureRow, PeriodColumn, ProgressRow, Props, SessionRow, StoreError,
    TrafficRow, UniquesRow, VisitorSlice,
};
use uuid::Uuid;

const MINUTE: i64 = 60_000;

fn event(n: u64, visitor: u64, ts: i64) -> Event {
    Event {
        id: Uuid::from_u128(u128::from(n)),
        client_id: true,
        site: SiteId(1),
        name: "pageview".into(),
        ts: Timestamp(ts),
        received_at: Timestamp(ts + 5),
        visitor: VisitorId(visitor),
        interactive: true,
        page: Page { url: "https://a.example/ä?q=1".into(), path: "/ä".into(), title: "T".into() },
        visit: Visit { source: "Google".into(), country: "DE".into(), ..Visit::default() }.into(),
        props: vec![("plan".into(), "pro \u{1F600}\n\n\0x".into())],
        revenue: 19_9900,
        currency: "EUR".into(),
        ..Event::default()
    }
}

fn rows(events: &[Event], epoch: u64) -> Vec<EventRow<'_>> {
    events
        .iter()
        .zip(0..)
        .map(|(event, offset)| EventRow { event, log_partition: 3, log_offset: offset, epoch })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_go_in_and_come_back_and_repeats_do_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    store.ready().await.expect("migrating again does nothing");

    let now = 1_779_000_000_000;
    let events: Vec<Event> = (0..10).map(|n| event(n, n % 3, now + n as i64 * 40 * 86_400_000)).collect();
    store.insert(&Block::events(&rows(&events, 5)), Some("t1")).await.expect("inserts over many months");
    store.insert(&Block::events(&rows(&events, 5)), Some("t1")).await.expect("the same token again");
    assert_eq!(count(&store, "SELECT count() FROM events").await, 10);
    store.insert(&Block::events(&rows(&events[..1], 6)), Some("t2")).await.expect("another token");
    assert_eq!(count(&store, "SELECT count() FROM events").await, 11);
    let prop: String =
        store.client().query("SELECT props['plan'] FROM events LIMIT 1").fetch_one().await.expect("reads");
    assert_eq!(prop, "pro \u{1F600}\n\n\0x", "blank lines and zero bytes survive");

    let slice = VisitorSlice { site_id: 1, from_ms: now, to_ms: now + 86_400_000, visitors: vec![0, 1] };
    let acts = store.visitor_events(std::slice::from_ref(&slice), 5, Props::Read).await.expect("reads");
    assert_eq!(acts.len(), 1);
    assert_eq!((acts[0].ts, acts[0].path.as_str(), acts[0].visit()), (now, "/ä", (*events[0].visit).clone()));
    assert_eq!(acts[0].props, [("plan".to_owned(), "pro \u{1F600}\n\n\0x".to_owned())]);
    assert_eq!((acts[0].revenue, acts[0].currency.as_str()), (19_9900, "EUR"));
    assert_eq!(
        store.visitor_events(&[slice], 4, Props::LeaveOut).await.expect("reads"),
        [],
        "nothing from later epochs"
    );

    let days = [
        DaySlice { site_id: 1, from_ms: now, to_ms: now + 1 },
        DaySlice { site_id: 2, from_ms: 0, to_ms: now },
    ];
    assert_eq!(store.slice_visitors(&days).await.expect("reads"), [(0, 0)]);
    let mut places = store.existing_offsets(6, 9).await.expect("reads");
    places.sort_unstable();
    assert_eq!(places, [(3, 0)]);
    let asked = [Uuid::from_u128(0), Uuid::from_u128(77)];
    let found = store.existing_ids(1, &asked, now, now + 1, 10).await.expect("reads");
    assert_eq!(found, [asked[0]]);
    assert_eq!(store.ids_between(5, 6, Timestamp(0)).await.expect("reads").len(), 1);
    let day = 86_400_000;
    let across = store.visitors_across(Timestamp(now), Timestamp(now + 1)).await.expect("reads");
    assert_eq!(across, [(1, 0, Timestamp(now), Timestamp(now + 9 * 40 * day))]);

    assert_eq!(store.progress("a").await.expect("reads"), None);
    for epoch in [7, 9, 8] {
        let row = ProgressRow { engine: "a".to_owned(), epoch, generation: 1, closed_at: now };
        store.record_progress(&row).await.expect("records");
    }
    assert_eq!(store.progress("a").await.expect("reads").map(|row| row.epoch), Some(9));
    assert_eq!(store.latest_epoch().await.expect("reads"), 9);
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_comes_back_as_it_went_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let strings = "user_id, url, path, title, hostname, referrer, source, medium, campaign, term, content, channel, \
                   country, region, city, device, browser, browser_version, os, os_version, screen, language, \
                   platform, app, app_version";
    let word = |name: &str| compact_str::CompactString::from(name);
    let named = Event {
        id: "01234567-89ab-cdef-8123-456789abcdef".parse().expect("an id"),
        name: "bought".into(),
        user_id: word("user_id"),
        page: Page { url: word("url"), path: word("path"), title: word("title") },
        visit: Visit {
            hostname: word("hostname"),
            referrer: word("referrer"),
            source: word("source"),
            medium: word("medium"),
            campaign: word("campaign"),
            term: word("term"),
            content: word("content"),
            channel: word("channel"),
            country: word("country"),
            region: word("region"),
            city: word("city"),
            device: word("device"),
            browser: word("browser"),
            browser_version: word("browser_version"),
            os: word("os"),
            os_version: word("os_version"),
            screen: word("screen"),
            language: word("language"),
            platform: word("platform"),
            app: word("app"),
            app_version: word("app_version"),
        }
        .into(),
        scroll_depth: 77,
        engagement_ms: 1234,
        history: true,
        ..event(0, 9, 1_779_000_000_123)
    };
    let row = EventRow { event: &named, log_partition: 3, log_offset: 4, epoch: 5 };
    store.insert(&Block::events(std::slice::from_ref(&row)), Some("named")).await.expect("inserts");
    let found =
        store.client().query(&format!("SELECT [{strings}] FROM events")).fetch_one::<Vec<String>>().await;
    assert_eq!(found.expect("reads").join(", "), strings.split_whitespace().collect::<Vec<_>>().join(" "));
    let rest = "SELECT toString((site_id, ts, received_at, visitor, id, client_id, history, name, interactive, \
                revenue, currency, scroll_depth, engagement_ms, log_partition, log_offset, epoch)) FROM events";
    let rest = store.client().query(rest).fetch_one::<String>().await.expect("reads");
    let expected = "(1,'2026-05-17 06:40:00.123','2026-05-17 06:40:00.128',9,'01234567-89ab-cdef-8123-456789abcdef',\
                    true,true,'bought',true,199900,'EUR',77,1234,3,4,5)";
    assert_eq!(rest, expected);
    let session = SessionRow {
        site_id: 1,
        start: 60_000,
        visitor: 2,
        end: 60_001,
        entry_page: "/in".into(),
        exit_page: "/out".into(),
        pageviews: 3,
        events: 4,
        bounce: true,
        duration_ms: 1,
        revenue: -6,
        epoch: 7,
        ..SessionRow::default()
    };
    let acts = Some(Acts {
        ts: vec![60_000, 60_001],
        name: vec!["pageview".into(), "buy".into()],
        path: vec!["/in".into(), "/in".into()],
        revenue: vec![0, -6],
    });
    let session = SessionRow {
        visit: Arc::clone(&named.visit),
        stops: vec!["/in".into(), "/b".into()],
        acts,
        ..session
    };
    store.insert(&Block::sessions(std::slice::from_ref(&session)), None).await.expect("writes");
    let attributes = "hostname, referrer, source, medium, campaign, term, content, channel, country, region, city, \
                      device, browser, browser_version, os, os_version, screen, language, platform, app, app_version";
    let found =
        store.client().query(&format!("SELECT [{attributes}] FROM v_sessions")).fetch_one::<Vec<String>>();
    assert_eq!(
        found.await.expect("reads").join(", "),
        attributes.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    let rest = "SELECT toString((site_id, start, visitor, end, entry_page, exit_page, stops, more_stops, pageviews, \
                events, bounce, duration_ms, revenue, epoch, deleted, acts_whole, acts_ts, acts_name, acts_path, \
                acts_revenue)) FROM v_sessions";
    let rest = store.client().query(rest).fetch_one::<String>().await.expect("reads");
    let expected = "(1,'1970-01-01 00:01:00.000',2,'1970-01-01 00:01:00.001','/in','/out',['/in','/b'],false,3,\
                    4,true,1,-6,7,0,true,['1970-01-01 00:01:00.000','1970-01-01 00:01:00.001'],\
                    ['pageview','buy'],['/in','/in'],[0,-6])";
    assert_eq!(rest, expected);

    let features = FeatureRow {
        site_id: 1,
        visitor: 2,
        first: Arc::new(Visit { source: "s1".into(), channel: "c1".into(), ..Visit::default() }),
        last: Arc::clone(&named.visit),
        hours: std::array::from_fn(|hour| u32::from(hour == 3)),
        weekdays: [0, 0, 0, 0, 0, 0, 9],
        epoch: 7,
        ..FeatureRow::default()
    };
    store.insert(&Block::features(std::slice::from_ref(&features)), None).await.expect("writes");
    let words = "SELECT [first_source, first_channel, last_source, last_channel, country, device, browser, os, \
                 language, platform, toString(indexOf(hours, 1)), toString(weekdays[7])] FROM v_features";
    let found = store.client().query(words).fetch_one::<Vec<String>>().await.expect("reads").join(" ");
    assert_eq!(found, "s1 c1 source channel country device browser os language platform 4 9");

    // More words than two bytes can number, in one block.
    let many: Vec<Event> = (0..70_000u64)
        .map(|n| Event {
            visit: Visit {
                campaign: n.to_string().into(),
                term: (n % 300).to_string().into(),
                ..Visit::default()
            }
            .into(),
            ..event(1 + n, n, 1_779_000_000_000)
        })
        .collect();
    store.insert(&Block::events(&rows(&many, 6)), Some("many")).await.expect("inserts");
    let right = "SELECT countIf(campaign = toString(log_offset) AND term = toString(log_offset % 300) \
                 AND props['plan'] LIKE 'pro%') FROM events WHERE epoch = 6";
    assert_eq!(count(&store, right).await, 70_000);
    let parts = "SELECT count() FROM system.parts WHERE table = 'events' AND rows = 70000 AND level = 0";
    assert_eq!(count(&store, parts).await, 1, "one insert is one part");
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_epoch_of_a_key_wins_and_tombstones_hide_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let traffic = |minute: i64, events, epoch| TrafficRow {
        site_id: 1,
        minute: u32::try_from(minute * 60).expect("fits"),
        events,
        pageviews: events,
        visitors: 1,
        sessions: 1,
        bounces: 0,
        duration_ms: 5,
        revenue: -3,
        epoch,
        deleted: u8::from(events == 0),
    };
    store.upsert_cells(&[traffic(10, 1, 2), traffic(11, 1, 2), traffic(12, 1, 2)]).await.expect("writes");
    store.upsert_cells(&[traffic(10, 7, 4), traffic(11, 0, 4)]).await.expect("writes");
    store.upsert_cells(&[traffic(10, 5, 3)]).await.expect("writes an older epoch later");
    let keys: Vec<(u32, i64)> = (0..50_000).map(|minute| (1, minute * 60)).collect();
    let mut cells = store.cells::<TrafficRow>(&keys).await.expect("reads 50,000 keys");
    cells.sort_by_key(|cell| cell.minute);
    let tombstone = traffic(11, 0, 4);
    assert_eq!(
        cells,
        [traffic(10, 7, 4), tombstone, traffic(12, 1, 2)],
        "what came to nothing keeps its epoch"
    );
    assert_eq!(count(&store, "SELECT count() FROM v_traffic FINAL").await, 2);

    let unique = UniquesRow {
        site_id: 1,
        calendar: 1000,
        period: PeriodColumn::Week,
        start: -3,
        origin: 0,
        visitors: 9,
        epoch: 1,
        deleted: 0,
    };
    let of_history = UniquesRow { origin: 1, visitors: 5, ..unique };
    store.upsert_cells(&[unique, of_history]).await.expect("writes");
    let asked =
        [(1, 1000, PeriodColumn::Week, -3), (1, 1000, PeriodColumn::Day, -3), (1, 0, PeriodColumn::Week, -3)];
    assert_eq!(store.cells::<UniquesRow>(&asked).await.expect("reads"), [unique]);

    let session = SessionRow {
        site_id: 1,
        start: 5 * MINUTE,
        visitor: 8,
        pageviews: 2,
        epoch: 1,
        ..SessionRow::default()
    };
    store.insert(&Block::sessions(std::slice::from_ref(&session)), None).await.expect("writes");
    assert_eq!(count(&store, "SELECT count() FROM v_sessions FINAL").await, 1);
    store
        .insert(&Block::sessions(&[SessionRow::tombstone(1, 5 * MINUTE, 8, 2)]), None)
        .await
        .expect("writes");
    assert_eq!(count(&store, "SELECT count() FROM v_sessions FINAL").await, 0);
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_is_started_again_and_keeps_what_it_took() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let events: Vec<Event> = (0..1000).map(|n| event(n, n, 1_779_000_000_000)).collect();
    store.insert(&Block::events(&rows(&events, 5)), Some("t1")).await.expect("inserts");
    let engine = store.engine().expect("embedded").clone();
    let killed = engine.pid();
    let done = std::process::Command::new("kill").args(["-KILL", &killed.to_string()]).status();
    assert!(done.expect("kill runs").success());
    let started = Instant::now();
    let counted = loop {
        match store
            .client()
            .query("SELECT count() FROM events")
            .fetch_one::<u64>()
            .await
            .map_err(StoreError::from)
        {
            Ok(counted) if engine.pid() != killed => break counted,
            Ok(_) => {}
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
        assert!(started.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((counted, engine.restarts()), (1000, 1));
    store.stop().await;
    assert_eq!(engine.pid(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_settings_and_large_answers_pass_through() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let error = store.client().query("SELECT nonsense FROM nowhere").fetch_one::<u64>().await;
    let error = StoreError::from(error.expect_err("refused"));
    assert!(matches!(error, StoreError::Refused { code: 60 | 47, .. }), "{error}");
    let error = store
        .client()
        .query("SELECT sleepEachRow(1) FROM numbers(10)")
        .with_setting("max_execution_time", "1");
    let error = StoreError::from(error.fetch_all::<u8>().await.expect_err("takes too long"));
    assert!(error.is_transient(), "{error}");
    let threads = "SELECT toUInt64(getSetting('max_threads'))";
    let set = store
        .client()
        .query(threads)
        .with_setting("max_threads", "3")
        .fetch_one::<u64>()
        .await
        .expect("reads");
    assert_eq!(set, 3);
    for _ in 0..20 {
        assert_ne!(count(&store, threads).await, 3, "a setting holds for its query only");
    }
    let nasty = "'); DROP TABLE events; --\\\n\t\u{1F600}";
    let echoed = store.client().query("SELECT {p:String}").param("p", nasty).fetch_one::<String>().await;
    assert_eq!(echoed.expect("reads"), nasty);

    // 100 MB, in pieces; and twenty queries and inserts at once while it runs.
    let mut large = store.client().query("SELECT number, randomPrintableASCII(92) FROM numbers(1000000)");
    large = large.with_setting("max_block_size", "10000");
    let mut large = large.fetch::<(u64, String)>().expect("starts");
    let others: Vec<_> = (0..20u64)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let event = event(n, n, 1_779_000_000_000);
                store
                    .insert(&Block::events(&rows(&[event], n)), Some(&n.to_string()))
                    .await
                    .expect("inserts");
                count(&store, &format!("SELECT toUInt64({n}) + count() FROM numbers(1000)")).await
            })
        })
        .collect();
    let mut seen = 0;
    while let Some((number, _)) = large.next().await.expect("reads") {
        assert_eq!(number, seen);
        seen += 1;
    }
    assert_eq!(seen, 1_000_000);
    for (n, other) in (0..).zip(others) {
        assert_eq!(other.await.expect("ends"), 1000 + n);
    }
    assert_eq!(count(&store, "SELECT count() FROM events").await, 20);

    // Without the secret nobody gets in.
    let url = store.engine().and_then(|engine| engine.url()).expect("up");
    let stranger = clickhouse::Client::default().with_url(url).with_user("default").with_password("guess");
    assert!(stranger.query("SELECT 1").fetch_one::<u8>().await.is_err());
    store.stop().await;
}

/// Who reads the first row alone goes away before the end, and what is done about that must not end the
/// statement that comes after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_takes_nobody_along() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let work = |_| {
        let client = store.client();
        tokio::spawn(async move {
            for round in 0..150u64 {
                let rows = [1, 70_000, 300_000][round as usize % 3];
                let first = client.query("SELECT number FROM numbers({n:UInt64})").param("n", rows + round);
                assert_eq!(first.fetch_one::<u64>().await.expect("a row"), 0);
                let next = client.query("SELECT sum(sipHash64(number)) > 0 FROM numbers({n:UInt64})");
                let next = next.param("n", 300_000 + round).fetch_all::<bool>().await;
                assert_eq!(next.expect("the next one goes on"), [true], "round {round}");
            }
        })
    };
    for task in (0..6).map(work).collect::<Vec<_>>() {
        task.await.expect("no refusal");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verification_finds_a_wrong_cell() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let site = Site {
        id: SiteId(1),
        domain: "a.example".to_owned(),
        timezone: jiff::tz::TimeZone::get("America/New_York").expect("a zone"),
        week_start: jiff::civil::Weekday::Sunday,
        identified: false,
        numbered: false,
        currency: "EUR".to_owned(),
        bots: opentrace_events::site::BotPolicy::Drop,
        honour_privacy_signals: false,
        retention_days: 0,
        calendar: 0,
    };
    assert_eq!(store.verify(&site, &[], Pace::Full).await.expect("verifies"), [], "nothing is right");

    // 2026-05-17 06:40 UTC, a Sunday; 02:40 in New York. Two page views ten minutes apart.
    let start = 1_779_000_000_000;
    let events = [event(1, 4, start), event(2, 4, start + 10 * MINUTE)];
    store.insert(&Block::events(&rows(&events, 1)), Some("t")).await.expect("inserts");
    let day = i32::try_from(start / 86_400_000).expect("fits");
    let month = day - 16;
    let cell = |start: i64, sessions, duration_ms| TrafficRow {
        site_id: 1,
        minute: u32::try_from(start / 1000).expect("fits") / 60 * 60,
        events: 1,
        pageviews: 1,
        visitors: 1,
        sessions,
        bounces: 0,
        duration_ms,
        revenue: 19_9900,
        epoch: 1,
        deleted: 0,
    };
    store.upsert_cells(&[cell(start, 1, 600_000), cell(start + 10 * MINUTE, 0, 0)]).await.expect("writes");
    let unique = |period, start| UniquesRow {
        site_id: 1,
        calendar: 0,
        period,
        start,
        origin: 0,
        visitors: 1,
        epoch: 1,
        deleted: 0,
    };
    let uniques =
        [unique(PeriodColumn::Day, day), unique(PeriodColumn::Week, day), unique(PeriodColumn::Month, month)];
    store.upsert_cells(&uniques).await.expect("writes");
    let session = SessionRow {
        site_id: 1,
        start,
        visitor: 4,
        end: start + 10 * MINUTE,
        entry_page: "/ä".into(),
        exit_page: "/ä".into(),
        stops: vec!["/ä".into()],
        more_stops: false,
        pageviews: 2,
        events: 2,
        bounce: false,
        duration_ms: 600_000,
        revenue: 2 * 19_9900,
        epoch: 1,
        acts: Some(Acts {
            ts: vec![start, start + 10 * MINUTE],
            name: vec!["pageview".into(); 2],
            path: vec!["/ä".into(); 2],
            revenue: vec![19_9900; 2],
        }),
        visit: Arc::clone(&events[0].visit),
        ..SessionRow::default()
    };
    store.insert(&Block::sessions(std::slice::from_ref(&session)), None).await.expect("writes");
    let found = async || {
        let mut found = store.verify(&site, &[], Pace::Full).await.expect("verifies");
        // These are not written here; the end-to-end tests compare them.
        let elsewhere = ["breakdowns", "features", "series"];
        found.retain(|difference| !elsewhere.contains(&difference.view.as_str()));
        found
    };
    assert_eq!(found().await, []);

    store
        .upsert_cells(&[TrafficRow { visitors: 2, epoch: 2, ..cell(start, 1, 600_000) }])
        .await
        .expect("writes");
    store
        .insert(&Block::sessions(&[SessionRow { exit_page: "/b".into(), epoch: 2, ..session }]), None)
        .await
        .expect("writes");
    let differences = found().await;
    let views: Vec<(&str, bool)> = differences.iter().map(|d| (d.view.as_str(), d.stored)).collect();
    assert_eq!(views.len(), 4, "{differences:?}");
    assert_eq!(views.iter().filter(|(view, _)| *view == "traffic").count(), 2);
    assert_eq!(views.iter().filter(|(_, stored)| *stored).count(), 2);
    store.stop().await;
}
