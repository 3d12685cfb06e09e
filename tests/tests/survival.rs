//! Every acknowledged event counts exactly once, whatever is killed and whatever is sent again.
//!
//! Several clients send events with ids, send again what was not acknowledged and now and then what
//! was. Meanwhile the program is killed with SIGKILL at random moments and started again, and its
//! ClickHouse once. At the end the views, the raw events and an independent count agree.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use opentrace_tests::feed::{self, Clients, Manner};
use opentrace_tests::tally::{self, Day};
use opentrace_tests::{Program, Site};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

#[derive(Clone)]
struct Scenario {
    events: usize,
    kills: usize,
    /// Whether people are known by name, so that what they do on several days belongs together.
    identified: bool,
    /// Whether goals, funnels, retention and series are defined, changed and removed meanwhile, and
    /// the site's time zone too.
    define: bool,
    /// Worker threads after each start, in turn.
    workers: &'static [u32],
    /// Pause of each client between two batches: spreads the sending over the kills.
    pause: Duration,
    envs: &'static [(&'static str, &'static str)],
}

const SCENARIO: Scenario = Scenario {
    events: 0,
    kills: 0,
    identified: false,
    define: false,
    workers: &[1],
    pause: Duration::from_millis(250),
    envs: &[],
};

/// What the program says of a site, and what the independent count says.
struct Outcome {
    counted: BTreeMap<i64, Day>,
    wanted: BTreeMap<i64, Day>,
    counted_pages: Vec<(String, u64)>,
    wanted_pages: Vec<(String, u64)>,
    verified: (i32, String),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_events_count_once_through_kills_and_retries() {
    let scenario = Scenario { events: 200_000, kills: 10, ..SCENARIO };
    let outcome = run(&scenario).await;
    assert_eq!(outcome.counted, outcome.wanted);
    assert_eq!(outcome.counted_pages, outcome.wanted_pages);
    assert_eq!(outcome.verified.0, 0, "{}", outcome.verified.1);
    assert!(outcome.is_right());
}

/// People known by name, with everything that can be defined coming, changing and going, and 2
/// workers, then 1, then 4 on the same data.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_view_is_right_while_definitions_come_and_go() {
    let scenario = Scenario {
        events: 120_000,
        kills: 10,
        identified: true,
        define: true,
        workers: &[2, 1, 4],
        ..SCENARIO
    };
    let outcome = run(&scenario).await;
    assert_eq!(outcome.counted, outcome.wanted);
    assert_eq!(outcome.verified.0, 0, "{}", outcome.verified.1);
}

/// The test above can fail: without deduplication the same run counts repeats.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_deduplication_the_same_run_counts_repeats() {
    let scenario =
        Scenario { events: 20_000, kills: 2, envs: &[("OPENTRACE_TEST_DEDUPLICATE", "off")], ..SCENARIO };
    let outcome = run(&scenario).await;
    assert!(!outcome.is_right());
    let sum = |pages: &[(String, u64)]| pages.iter().map(|(_, views)| views).sum::<u64>();
    let (counted, wanted) = (sum(&outcome.counted_pages), sum(&outcome.wanted_pages));
    assert!(counted > wanted, "{counted} page views counted of {wanted} sent");
    assert_ne!(outcome.verified.0, 0, "the self-check notices");
}

impl Outcome {
    /// Whether views, raw events and the program's own check all say what was sent.
    fn is_right(&self) -> bool {
        self.counted == self.wanted && self.counted_pages == self.wanted_pages && self.verified.0 == 0
    }
}

async fn run(scenario: &Scenario) -> Outcome {
    let data = tempfile::tempdir().expect("a folder");
    let mut program = Program::start_with(data.path(), scenario.envs).await;
    let site = program.site("survival.example").await;
    if scenario.identified {
        let change = json!({"identified": true});
        program.insist("PATCH", &format!("/api/v1/sites/{}", site.domain), Some(&change)).await;
    }
    let sent = feed::history(scenario.events);
    let manner = Manner { clients: 4, batch: 500, pause: scenario.pause, identified: scenario.identified };
    let clients = Clients::start(&program.url(), &site, &sent, &manner);
    disturb(&mut program, &site, scenario, &clients).await;
    clients.finish().await;
    program.settle().await;
    let outcome = Outcome {
        counted: feed::counted_days(&program, &site).await,
        wanted: tally::days(&sent),
        counted_pages: feed::counted_pages(&program, &site).await,
        wanted_pages: tally::pages(&sent),
        verified: feed::verify(&program),
    };
    assert!(program.terminate(), "a clean end");
    assert!(Path::new(data.path()).exists());
    outcome
}

/// Kills the program `kills` times at random moments, and its ClickHouse once in between.
async fn disturb(program: &mut Program, site: &Site, scenario: &Scenario, clients: &Clients) {
    let mut rng = StdRng::seed_from_u64(7);
    let mut definitions = Definitions::default();
    for kill in 0..scenario.kills {
        tokio::time::sleep(Duration::from_millis(rng.random_range(200..1_500))).await;
        if scenario.define {
            definitions.step(program, site, kill).await;
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..1_000))).await;
        }
        program.kill();
        let workers = scenario.workers[kill % scenario.workers.len()];
        program.set_env("OPENTRACE_WORKERS", &workers.to_string());
        program.restart().await;
        if kill == scenario.kills / 2 {
            tokio::time::sleep(Duration::from_millis(rng.random_range(500..1_500))).await;
            if let Some(engine) = program.engine_pid() {
                opentrace_tests::program::signal(engine, "KILL");
            }
        }
    }
    assert!(clients.are_sending(), "all was sent before the last kill: slow the clients down");
}

/// What is defined at the moment: path and id.
#[derive(Default)]
struct Definitions {
    made: Vec<(&'static str, String)>,
}

impl Definitions {
    /// Makes one of each, a few at a time; then changes one, moves the site to another zone and back,
    /// and removes one.
    async fn step(&mut self, program: &Program, site: &Site, number: usize) {
        let plan = json!({"event": "signup", "filters": [["is", "event:props:plan", ["pro"]]]});
        let bodies = [
            vec![
                ("goals", json!({"name": "sign-up", "event": "signup"})),
                ("funnels", json!({"name": "a", "steps": [{"page": "/page/1*"}, "signup"], "window": "6h"})),
            ],
            vec![
                ("retentions", json!({"name": "days", "return_event": "signup", "period": "day"})),
                (
                    "funnels",
                    json!({"name": "b", "order": "any", "window": "40d",
                                   "steps": [plan, {"page": "/page/7"}, {"page": "/page/2*"}]}),
                ),
            ],
            vec![
                ("series", json!({"name": "pro", "filters": [["is", "event:props:plan", ["pro"]]]})),
                ("series", json!({"name": "people", "page": "/page/*3", "metric": "visitors"})),
                (
                    "funnels",
                    json!({"name": "c", "order": "strict", "steps": ["signup", {"page": "/page/**"}, "signup"]}),
                ),
            ],
            vec![("retentions", json!({"name": "weeks", "start_event": "signup", "period": "week"}))],
        ];
        for (path, mut body) in bodies.get(number).cloned().unwrap_or_default() {
            body["site_id"] = json!(site.domain);
            let (status, made) = program.insist("POST", &format!("/api/v1/{path}"), Some(&body)).await;
            assert_eq!(status, 201, "{made}");
            self.made.push((path, made["id"].as_str().expect("an id").to_owned()));
        }
        let at = |place: usize| format!("/api/v1/{}/{}", self.made[place].0, self.made[place].1);
        let domain = format!("/api/v1/sites/{}", site.domain);
        let (status, answer) = match number {
            4 => {
                let body = json!({"name": "a", "steps": ["pageview", "signup"], "window": "2d"});
                program.insist("PUT", &at(1), Some(&body)).await
            }
            5 => program.insist("PATCH", &domain, Some(&json!({"timezone": "Asia/Kolkata"}))).await,
            6 => program.insist("DELETE", &at(3), None).await,
            7 => program.insist("PATCH", &domain, Some(&json!({"timezone": "UTC"}))).await,
            _ => return,
        };
        assert_eq!(status / 100, 2, "{answer}");
    }
}
