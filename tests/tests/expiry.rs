//! Forgetting by age from outside: a site that is told to keep some days loses what is older, in answers and
//! in tables, also when the program is killed in the middle; what is kept stays exact.

use std::time::{Duration, Instant};

use opentrace_tests::{Program, Site};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(90);
const AGENT: &str = "Mozilla/5.0 Firefox/140.0";

/// Days ago, who, and what.
const HISTORY: [(i64, &str, &str); 8] = [
    (60, "ada", "signup"),
    (60, "bob", "pageview"),
    (45, "bob", "purchase"),
    (40, "eve", "pageview"),
    (20, "ada", "pageview"),
    (20, "ada", "purchase"),
    (3, "ada", "pageview"),
    (1, "dan", "pageview"),
];

async fn import(program: &Program, site: &Site, events: &[(i64, &str, &str)]) -> (u16, Value) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let now = i64::try_from(now.as_millis()).expect("a time");
    let event = |(days, user, name): &(i64, &str, &str)| {
        json!({
            "id": uuid::Uuid::new_v4().to_string(), "site": site.domain, "name": name, "user_id": user,
            "ts": now - days * 86_400_000, "url": format!("https://{}/{name}", site.domain),
            "ip": "93.184.216.34", "user_agent": AGENT,
        })
    };
    let events: Vec<Value> = events.iter().map(event).collect();
    program.insist("POST", "/api/v1/events?history=true", Some(&json!(events))).await
}

async fn change(program: &Program, site: &Site, settings: Value) {
    let path = format!("/api/v1/sites/{}", site.domain);
    let (status, answer) = program.insist("PATCH", &path, Some(&settings)).await;
    assert_eq!(status, 200, "{answer}");
}

/// Visitors, visits, page views and events of all time.
async fn figures(program: &Program, site: &Site) -> Value {
    let metrics = ["visitors", "visits", "pageviews", "events"];
    let query = json!({"site_id": site.domain, "date_range": "all", "metrics": metrics});
    program.query(query).await["results"][0]["metrics"].clone()
}

async fn becomes(program: &Program, site: &Site, expected: Value) {
    let began = Instant::now();
    loop {
        let found = figures(program, site).await;
        if found == expected {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{found} and not {expected}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Raw events that are there.
fn rows(program: &Program, site: &Site) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.ndjson");
    let (code, out, err) =
        program.command(&["export", "--site", &site.domain, "-o", &file.display().to_string()]);
    assert_eq!(code, 0, "{out}{err}");
    std::fs::read_to_string(&file).expect("reads").lines().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_keeps_as_many_days_as_it_is_told_to() {
    let data = tempfile::tempdir().expect("a folder");
    let mut program = Program::start(data.path()).await;
    let site = program.site("age.example").await;
    let other = program.site("other.example").await;
    for site in [&site, &other] {
        change(&program, site, json!({"identified": true})).await;
        let (status, answer) = import(&program, site, &HISTORY).await;
        assert_eq!((status, &answer["accepted"]), (202, &json!(8)), "{answer}");
    }
    program.settle().await;
    assert_eq!(figures(&program, &site).await, json!([4, 7, 5, 8]));

    change(&program, &site, json!({"retention_days": 30})).await;
    becomes(&program, &site, json!([2, 3, 3, 4])).await;
    assert_eq!(figures(&program, &other).await, json!([4, 7, 5, 8]), "of another site all is kept");
    // Who was there before and came again is somebody who came in the days that are kept.
    let retention = json!({"site_id": site.domain, "date_range": "all", "period": "week",
        "start_event": "pageview", "return_event": "pageview"});
    let (status, answer) = program.post("/api/v1/retention", &retention).await;
    let cohorts = answer["cohorts"].as_array().expect("cohorts");
    let people: u64 = cohorts.iter().filter_map(|cohort| cohort["size"].as_u64()).sum();
    assert_eq!((status, people), (200, 2), "{answer}");

    let (status, answer) = import(&program, &site, &[(31, "eve", "pageview"), (29, "eve", "pageview")]).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
    assert_eq!(answer["rejected"][0]["code"], "too_old", "{answer}");
    becomes(&program, &site, json!([3, 4, 4, 5])).await;

    // Killed right after less is to be kept, it is done all the same.
    change(&program, &site, json!({"retention_days": 2})).await;
    program.kill();
    program.restart().await;
    program.settle().await;
    becomes(&program, &site, json!([1, 1, 1, 1])).await;
    assert_eq!((rows(&program, &site), rows(&program, &other)), (1, 8));

    let (code, out, err) = program.command(&["verify"]);
    assert_eq!(code, 0, "{out}{err}");
}
