//! Erasure equals absence: what every table holds after somebody was erased, or what is old was forgotten,
//! equals what it holds of a site that never saw them.
//!
//! Random histories go through the running pipeline into the real engine: late events, repeats,
//! definitions, erasures in the middle, days and parts of visits that are forgotten by age, events of the
//! same visitors and of the same days after that, and restarts. Beside each site stands a second one that
//! gets the same events but those that were erased.

mod forgotten;
mod history;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clickhouse::Client;
use history::{Case, Step, VISITORS, definitions, site};
use opentrace_events::{SiteId, Sites, VisitorId};
use opentrace_pipeline::{Erasure, ErasureState, Pipeline, PipelineConfig, SitePlan};
use opentrace_store::verify::Pace;
use opentrace_store::{Store, StoreConfig};
use rand::SeedableRng;
use rand::rngs::StdRng;
use uuid::Uuid;

/// Histories; each is two sites of one pipeline.
const CASES: u32 = 40;
/// How often the pipeline is stopped and started again on the way.
const RESTARTS: usize = 3;
/// Long enough for hundreds of rewrites on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(600);

/// Every table with something about people, and what of it does not depend on the site and the epoch.
const TABLES: [(&str, &str); 11] = [
    ("events", "* EXCEPT (site_id, epoch, log_partition, log_offset, received_at)"),
    ("v_traffic", "* EXCEPT (site_id, epoch, deleted)"),
    ("v_uniques", "* EXCEPT (site_id, epoch, deleted, calendar)"),
    ("v_breakdowns", "* EXCEPT (site_id, epoch, deleted, calendar)"),
    ("v_values", "* EXCEPT (site_id, epoch)"),
    ("v_sessions", "* EXCEPT (site_id, epoch, deleted)"),
    ("v_features", "* EXCEPT (site_id, epoch, deleted)"),
    ("v_goals", "* EXCEPT (site_id, epoch, deleted) REPLACE (definition % 100 AS definition)"),
    ("v_retention", "* EXCEPT (site_id, epoch, deleted) REPLACE (definition % 100 AS definition)"),
    ("v_funnels", "* EXCEPT (site_id, epoch, deleted) REPLACE (definition % 100 AS definition)"),
    ("v_series", "* EXCEPT (site_id, epoch, deleted, calendar) REPLACE (series % 100 AS series)"),
];

fn main() -> ExitCode {
    // The store starts this program again as the engine.
    if std::env::args().nth(1).as_deref() == Some("clickhouse-engine") {
        return opentrace_store::engine_main();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        forgotten::no_id_is_made_again_after_its_key_is_gone().await;
        erasure_equals_absence().await;
    });
    ExitCode::SUCCESS
}

struct World {
    folder: tempfile::TempDir,
    store: Store,
    sites: Sites,
    /// None only while it is started again.
    running: Option<Pipeline>,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(StoreConfig::embedded(folder.path().join("clickhouse"))).expect("a store");
        store.ready().await.expect("tables");
        let sites = Sites::default();
        for number in 1..=2 * CASES {
            sites.put(site(SiteId(number)));
        }
        let pipeline = start(folder.path(), &store, &sites).await;
        Self { folder, store, sites, running: Some(pipeline) }
    }

    async fn restart(&mut self) {
        self.stop().await;
        self.running = Some(start(self.folder.path(), &self.store, &self.sites).await);
    }

    /// Nothing holds the files of the pipeline afterwards.
    async fn stop(&mut self) {
        self.running.take().expect("is running").stop().await.expect("stops");
    }

    fn pipeline(&self) -> &Pipeline {
        self.running.as_ref().expect("is running")
    }

    /// Waits until nothing is under way.
    async fn rest(&self) {
        let rest = async {
            self.pipeline().settled().await.expect("settles");
            while !self.pipeline().is_filled() || !self.pipeline().is_erased() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, rest).await.expect("comes to rest");
    }

    async fn play(&self, site: SiteId, step: &Step) {
        match step {
            Step::Events(events) => {
                let mut events = events.clone();
                events.iter_mut().for_each(|event| event.site = site);
                self.pipeline().append(events).await.expect("appends");
            }
            Step::Erase(visitors) => {
                let id = Uuid::from_u128(u128::from(site.0) << 64 | u128::from(visitors[0].0));
                let erasure = Erasure { id, site, visitors: visitors.clone(), before: None };
                // Asked for twice, it is done once.
                self.pipeline().erase(erasure.clone());
                self.pipeline().erase(erasure);
                self.bound(id).await;
            }
            Step::Age(before) => {
                let id = Uuid::from_u128(u128::from(site.0) << 64 | before.0 as u128);
                let visitors = (1..=VISITORS).map(VisitorId).collect();
                self.pipeline().erase(Erasure { id, site, visitors, before: Some(*before) });
                self.bound(id).await;
            }
        }
    }

    /// Waits until an erasure is durable, as who asks for one does before giving a receipt.
    async fn bound(&self, id: Uuid) {
        let mut changes = self.pipeline().erasures();
        while self.pipeline().erasure(id) == Some(ErasureState::Waiting) {
            tokio::time::timeout(PATIENCE, changes.changed()).await.expect("in time").expect("is told");
        }
    }
}

async fn start(folder: &std::path::Path, store: &Store, sites: &Sites) -> Pipeline {
    let config = PipelineConfig {
        workers: 2,
        epoch_interval: Duration::from_millis(2),
        epoch_events: 200,
        // People leave and come back all the time.
        idle: Duration::ZERO,
        min_free_bytes: 0,
        ..PipelineConfig::new(folder)
    };
    let plans = sites.all().iter().map(|site| SitePlan::new(site, definitions(site.id))).collect();
    Pipeline::start(config, store.clone(), sites.clone(), plans).await.expect("a pipeline")
}

async fn erasure_equals_absence() {
    let mut world = World::start().await;
    let cases: Vec<Case> =
        (0..CASES).map(|number| Case::random(&mut StdRng::seed_from_u64(u64::from(number)))).collect();
    let longest = cases.iter().map(|case| case.seen.len().max(case.unseen.len())).max().unwrap_or(0);
    for place in 0..longest {
        for (number, case) in (1..).zip(&cases) {
            for (site, steps) in [(2 * number - 1, &case.seen), (2 * number, &case.unseen)] {
                if let Some(step) = steps.get(place) {
                    world.play(SiteId(site), step).await;
                }
            }
        }
        if place % (longest / (RESTARTS + 1)).max(1) == 1 {
            world.restart().await;
        }
    }
    world.rest().await;
    let status = world.pipeline().status();
    assert_eq!(status.violations, 0, "nothing is taken out that was not in");

    let client = world.store.client();
    let mut rows = BTreeMap::new();
    for (number, case) in (1..).zip(&cases) {
        for (table, columns) in TABLES {
            let seen = content(&client, table, columns, 2 * number - 1).await;
            let unseen = content(&client, table, columns, 2 * number).await;
            let more: Vec<_> = seen.iter().filter(|row| !unseen.contains(row)).collect();
            let less: Vec<_> = unseen.iter().filter(|row| !seen.contains(row)).collect();
            assert!(seen == unseen, "{table} of history {number}: left {more:?}, gone {less:?}: {case:?}");
            *rows.entry(table).or_insert(0) += seen.len();
        }
        let site = world.sites.get(SiteId(2 * number - 1)).expect("a site");
        let differences =
            world.store.verify(&site, &definitions(site.id), Pace::Full).await.expect("compares");
        assert!(differences.is_empty(), "history {number}: {differences:?}");
    }
    for (table, rows) in rows {
        assert!(rows > 0, "{table} was compared with nothing in it");
    }
    everything_erased_was_reported(&world, &cases);
    world.stop().await;
    nothing_erased_is_in_the_log(&world, &cases).await;
    world.store.stop().await;
}

/// A table's rows of a site, the newest of each key.
async fn content(client: &Client, table: &str, columns: &str, site: u32) -> Vec<String> {
    let newest = if table == "events" { "" } else { "FINAL" };
    let query = format!(
        "SELECT toString(tuple(*)) AS row FROM (SELECT {columns} FROM {table} {newest} \
         WHERE site_id = {site}) ORDER BY row"
    );
    client.query(&query).fetch_all::<String>().await.expect("rows")
}

fn everything_erased_was_reported(world: &World, cases: &[Case]) {
    let mut events = 0;
    for (number, case) in (1u32..).zip(cases) {
        for visitors in case.erased() {
            let id = Uuid::from_u128(u128::from(2 * number - 1) << 64 | u128::from(visitors[0].0));
            let Some(ErasureState::Done(report)) = world.pipeline().erasure(id) else {
                panic!("an erasure without a report")
            };
            let at = [report.corrected_at, report.removed_at, report.rewritten_at];
            assert!(report.epoch > 0 && at.is_sorted() && at[0] > 0, "{report:?}");
            events += if case.ages() { 0 } else { report.events };
        }
    }
    let erased = cases.iter().filter(|case| !case.ages()).map(Case::erased_events);
    assert_eq!(events, erased.sum::<u64>());
    assert!(events > 0 && cases.iter().any(Case::ages), "there is something of both kinds");
}

async fn nothing_erased_is_in_the_log(world: &World, cases: &[Case]) {
    for (number, case) in (1u32..).zip(cases) {
        for (visitor, left) in case.left() {
            let held = history::log_holds(world.folder.path(), SiteId(2 * number - 1), visitor).await;
            assert!(held <= left, "{held} events of {visitor:?} in the log, {left} came after the erasure");
        }
    }
}
