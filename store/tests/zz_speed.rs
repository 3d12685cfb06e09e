#![allow(clippy::all, clippy::print_stdout, clippy::unwrap_used, clippy::print_stderr)]
use std::path::PathBuf;
use std::time::Instant;
use opentrace_events::*;
use opentrace_store::*;
use uuid::Uuid;

fn cpu(pid: u32) -> f64 {
    let s = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let f: Vec<&str> = s.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn rss(pid: u32) -> String {
    let s = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    s.lines().filter(|l| l.starts_with("VmRSS") || l.starts_with("RssAnon")).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore]
async fn speed() {
    let folder = PathBuf::from("/tmp/st/speed");
    let _ = std::fs::remove_dir_all(&folder);
    let exe = PathBuf::from(env!("CARGO_BIN_EXE_clickhouse-engine"));
    let store = Store::open(StoreConfig::Embedded(EngineConfig { data_dir: folder, libchdb: None, exe: Some(exe) })).unwrap();
    store.ready().await.unwrap();
    let pid = store.engine().unwrap().pid();
    println!("start {}", rss(pid));
    let t0 = 1_779_000_000_000i64;
    let make = |n: u64| Event {
        id: Uuid::from_u128(u128::from(n).wrapping_mul(0x9E3779B97F4A7C15F39CC0605CEDC835)),
        client_id: true, site: SiteId(1 + (n % 10) as u32), name: if n % 5 == 0 { "engagement".into() } else { "pageview".into() },
        ts: Timestamp(t0 + (n as i64) * 20), received_at: Timestamp(t0 + (n as i64) * 20 + 3),
        visitor: VisitorId((n / 3 % 200_000).wrapping_mul(0x9E3779B97F4A7C15)), interactive: true,
        page: Page { url: format!("https://www.example.com/blog/post-{}?utm_source=x", n % 1000).into(), path: format!("/blog/post-{}", n % 1000).into(), title: "A post about things".into() },
        visit: Visit { hostname: "www.example.com".into(), referrer: "https://www.google.com/".into(), source: "Google".into(), channel: "Organic Search".into(), country: "DE".into(), device: "Desktop".into(), browser: "Chrome".into(), browser_version: "120".into(), os: "Windows".into(), os_version: "10".into(), screen: "1920x1080".into(), language: "en-US".into(), platform: "web".into(), ..Visit::default() },
        ..Event::default()
    };
    let mut offset = 0u64;
    for (batch, batches) in [(1000usize, 50usize), (10_000, 20), (50_000, 6), (200_000, 2)] {
        let events: Vec<Event> = (0..(batch * batches) as u64).map(|n| make(offset + n)).collect();
        let (c0, m0, s) = (cpu(pid), cpu(std::process::id()), Instant::now());
        for (i, chunk) in events.chunks(batch).enumerate() {
            let rows: Vec<EventRow<'_>> = chunk.iter().zip(offset..).map(|(e, o)| EventRow::new(e, 1, o, i as u64)).collect();
            store.insert_events(&format!("{batch}-{i}"), &rows).await.unwrap();
        }
        let n = (batch * batches) as f64;
        let e = s.elapsed().as_secs_f64();
        let parts: u64 = store.client().query("SELECT count() FROM system.parts WHERE active AND table='events'").fetch_one().await.unwrap();
        let rows: u64 = store.client().query("SELECT max(rows) FROM system.parts WHERE active AND table='events' AND level=0").fetch_one().await.unwrap();
        println!("batch {batch}: {:.0} rows/s wall, per insert {:.1} ms; engine cpu {:.2} us/row, client cpu {:.2} us/row; parts {parts} maxrows0 {rows} {}", n / e, e / batches as f64 * 1e3, (cpu(pid) - c0) / n * 1e6, (cpu(std::process::id()) - m0) / n * 1e6, rss(pid));
        offset += n as u64;
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    println!("idle {}", rss(pid));
    // cells
    let rows: Vec<TrafficRow> = (0..500_000u32).map(|n| TrafficRow { site_id: n % 50, minute: 1_779_000_000 / 60 * 60 + n / 50 * 60, events: 1, pageviews: 1, visitors: 1, sessions: 1, bounces: 1, duration_ms: 1, revenue: 1, epoch: 1, deleted: 0 }).collect();
    let s = Instant::now();
    store.upsert_traffic(&rows).await.unwrap();
    println!("upsert 500k {:?}", s.elapsed());
    for n in [100, 1000, 10_000, 50_000] {
        let keys: Vec<(u32, i64)> = rows.iter().step_by(500_000 / n).map(|r| (r.site_id, i64::from(r.minute) * 1000)).collect();
        let s = Instant::now();
        let c = store.traffic_cells(&keys).await.unwrap();
        println!("cells {n}: {} in {:?}", c.len(), s.elapsed());
    }
    for n in [100usize, 1000, 10_000] {
        let keys: Vec<(u32, i64)> = rows[..n].iter().map(|r| (r.site_id, i64::from(r.minute) * 1000)).collect();
        let s = Instant::now();
        let c = store.traffic_cells(&keys).await.unwrap();
        println!("close cells {n}: {} in {:?}", c.len(), s.elapsed());
    }
    let u: Vec<UniquesRow> = (0..200_000i32).map(|n| UniquesRow { site_id: (n % 500) as u32, period: UniquesPeriod::Day, start: 20_000 + n / 500, visitors: 1, epoch: 1, deleted: 0 }).collect();
    store.upsert_uniques(&u).await.unwrap();
    for n in [10usize, 1000, 10_000] {
        let keys: Vec<_> = u[..n].iter().map(|r| (r.site_id, r.period, r.start)).collect();
        let s = Instant::now();
        let c = store.uniques_cells(&keys).await.unwrap();
        println!("uniques {n}: {} in {:?}", c.len(), s.elapsed());
    }
    for n in [10usize, 1000, 10_000] {
        let visitors: Vec<u64> = (0..n as u64).map(|n| n.wrapping_mul(0x9E3779B97F4A7C15)).collect();
        let slice = VisitorSlice { site_id: 1, from_ms: t0, to_ms: t0 + 86_400_000, visitors };
        let s = Instant::now();
        let c = store.visitor_events(&[slice], 1000).await.unwrap();
        println!("visitor_events {n}: {} in {:?}", c.len(), s.elapsed());
    }
    let slices: Vec<DaySlice> = (1..=10).map(|site_id| DaySlice { site_id, from_ms: t0, to_ms: t0 + 86_400_000 }).collect();
    let s = Instant::now();
    let c = store.slice_visitors(&slices).await.unwrap();
    println!("slice_visitors {} in {:?}", c.len(), s.elapsed());
    let s = Instant::now();
    let c = store.existing_offsets(1, 5).await.unwrap();
    println!("existing_offsets {} in {:?}", c.len(), s.elapsed());
    let ids: Vec<Uuid> = (0..20_000u64).map(|n| make(n * 2).id).collect();
    let s = Instant::now();
    let c = store.existing_ids(1, &ids, t0, t0 + 86_400_000, 10_000).await.unwrap();
    println!("existing_ids {} in {:?}", c.len(), s.elapsed());
    let s = Instant::now();
    let c = store.recent_visitors(Timestamp(t0)).await.unwrap();
    println!("recent_visitors {} in {:?}", c.len(), s.elapsed());
    let site = Site { id: SiteId(1), domain: "a".into(), timezone: jiff::tz::TimeZone::UTC, week_start: jiff::civil::Weekday::Monday, identified: false, currency: "EUR".into(), bots: Default::default(), honour_privacy_signals: false, retention_days: 0 };
    let s = Instant::now();
    let d = store.verify(&site).await.unwrap();
    println!("verify 260k events {} in {:?} {}", d.len(), s.elapsed(), rss(pid));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    println!("idle {}", rss(pid));
    store.stop().await;
}
