//! Every acknowledged event counts exactly once, whatever is killed and whatever is sent again.
//!
//! Several clients send events with ids, send again what was not acknowledged and now and then what
//! was. Meanwhile the program is killed with SIGKILL at random moments and started again, and its
//! ClickHouse once. At the end the views, the raw events and an independent count agree.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opentrace_tests::program::client;
use opentrace_tests::tally::{self, Day, Sent};
use opentrace_tests::{Program, Site};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

const CLIENTS: usize = 4;
const BATCH: usize = 500;
const DAY_MS: i64 = 86_400_000;

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
    let sent = Arc::new(history(scenario.events));
    let done = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (sent, done) = (Arc::clone(&sent), Arc::clone(&done));
            let url = program.url();
            tokio::spawn(send_share(number, url, site.clone(), sent, scenario.clone(), done))
        })
        .collect();
    disturb(&mut program, &site, scenario, &done).await;
    for client in clients {
        client.await.expect("a client ends");
    }
    program.settle().await;
    let outcome = Outcome {
        counted: counted_days(&program, &site).await,
        wanted: tally::days(&sent),
        counted_pages: counted_pages(&program, &site).await,
        wanted_pages: tally::pages(&sent),
        verified: verify(&program),
    };
    assert!(program.terminate(), "a clean end");
    assert!(Path::new(data.path()).exists());
    outcome
}

/// Kills the program `kills` times at random moments, and its ClickHouse once in between.
async fn disturb(program: &mut Program, site: &Site, scenario: &Scenario, done: &AtomicUsize) {
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
    assert!(
        done.load(Ordering::Relaxed) < CLIENTS,
        "all was sent before the last kill: slow the clients down"
    );
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

/// Events of three recent days between 01:00 and 22:00 UTC, so that no session crosses midnight,
/// in any order.
fn history(count: usize) -> Vec<Sent> {
    let mut rng = StdRng::seed_from_u64(42);
    let today = now_ms().div_euclid(DAY_MS);
    (0..count)
        .map(|_| {
            let day = today - rng.random_range(1..=3);
            let name = if rng.random_bool(0.8) { "pageview" } else { "signup" };
            Sent {
                id: uuid::Uuid::from_u128(rng.random()).to_string(),
                name,
                ts: day * DAY_MS + rng.random_range(3_600_000..22 * 3_600_000),
                person: rng.random_range(0..3_000),
                path: format!("/page/{}", rng.random_range(0..200)),
            }
        })
        .collect()
}

/// One client: its share of the events in batches, each until it is acknowledged, some twice.
async fn send_share(
    number: usize,
    url: String,
    site: Site,
    sent: Arc<Vec<Sent>>,
    scenario: Scenario,
    done: Arc<AtomicUsize>,
) {
    let http = client();
    let mut rng = StdRng::seed_from_u64(number as u64);
    let share: Vec<&Sent> = sent.iter().skip(number).step_by(CLIENTS).collect();
    for batch in share.chunks(BATCH) {
        let body = Value::Array(batch.iter().map(|event| native(event, &site, &scenario)).collect());
        send_until_accepted(&http, &url, &site, &body).await;
        if rng.random_bool(0.1) {
            send_until_accepted(&http, &url, &site, &body).await;
        }
        tokio::time::sleep(scenario.pause).await;
    }
    done.fetch_add(1, Ordering::Relaxed);
}

fn native(event: &Sent, site: &Site, scenario: &Scenario) -> Value {
    let mut native = json!({
        "id": event.id, "site": site.domain, "name": event.name, "ts": event.ts,
        "url": format!("https://{}{}", site.domain, event.path),
        "ip": format!("93.184.{}.{}", event.person / 250, 1 + event.person % 250),
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    });
    if scenario.identified {
        native["user_id"] = json!(format!("person-{}", event.person));
        native["props"] = json!({"plan": if event.person.is_multiple_of(3) { "pro" } else { "free" }});
        native["revenue"] = json!({"amount": event.person % 7, "currency": "USD"});
    }
    native
}

async fn send_until_accepted(http: &reqwest::Client, url: &str, site: &Site, body: &Value) {
    for _ in 0..2_000 {
        let request = http.post(format!("{url}/api/v1/events")).bearer_auth(&site.key).json(body);
        match request.send().await {
            Ok(answer) if answer.status().as_u16() == 202 => {
                let answer: Value = answer.json().await.expect("JSON");
                assert_eq!(answer["rejected"], json!([]), "{answer}");
                return;
            }
            Ok(answer) => assert!(answer.status().is_server_error(), "{:?}", answer.status()),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a batch was never accepted");
}

async fn counted_days(program: &Program, site: &Site) -> BTreeMap<i64, Day> {
    let query = json!({
        "site_id": site.domain, "date_range": "30d", "dimensions": ["time:day"],
        "metrics": ["visitors", "visits", "pageviews", "events"],
    });
    let answer = program.query(query).await;
    let rows = answer["results"].as_array().expect("rows");
    rows.iter()
        .map(|row| {
            let metric = |i: usize| row["metrics"][i].as_u64().expect("a count");
            let day = Day { visitors: metric(0), visits: metric(1), pageviews: metric(2), events: metric(3) };
            (day_number(row["dimensions"][0].as_str().expect("a day")), day)
        })
        .filter(|(_, day)| *day != Day::default())
        .collect()
}

async fn counted_pages(program: &Program, site: &Site) -> Vec<(String, u64)> {
    let query = json!({
        "site_id": site.domain, "date_range": "30d", "dimensions": ["event:page"], "metrics": ["pageviews"],
        "filters": [["is", "event:name", ["pageview"]]], "pagination": {"limit": 1000, "offset": 0},
    });
    let answer = program.query(query).await;
    let rows = answer["results"].as_array().expect("rows");
    let mut pages: Vec<(String, u64)> = rows
        .iter()
        .map(|row| {
            let path = row["dimensions"][0].as_str().expect("a path");
            (path.to_owned(), row["metrics"][0].as_u64().expect("a count"))
        })
        .collect();
    pages.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    pages
}

fn verify(program: &Program) -> (i32, String) {
    let (code, out, err) = program.command(&["verify"]);
    (code, format!("{out}\n{err}"))
}

fn day_number(date: &str) -> i64 {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().expect("a number"));
    let (year, month, day) =
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    // Days from civil, Howard Hinnant's algorithm.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("fits")
}
