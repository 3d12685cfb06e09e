//! Erasure from outside: who was asked to be forgotten is gone from answers and files, also when the
//! program is killed in the middle, and the receipt says so.

use std::path::Path;
use std::time::{Duration, Instant};

use opentrace_tests::{Program, Site};
use serde_json::{Value, json};

const ADA: &str = "ada.lovelace-5b1d9@example.org";
const BOB: &str = "bob-77c0@example.org";
const PATIENCE: Duration = Duration::from_secs(60);

fn event(site: &Site, user: &str, n: u64) -> Value {
    json!({
        "id": uuid::Uuid::new_v4().to_string(), "site": site.domain, "name": "pageview", "user_id": user,
        "url": format!("https://{}/{}", site.domain, n % 5), "ip": "93.184.216.34", "user_agent": "Mozilla/5.0 Firefox/140.0",
    })
}

async fn send(program: &Program, site: &Site, user: &str, count: u64) {
    let events: Vec<Value> = (0..count).map(|n| event(site, user, n)).collect();
    let (status, answer) = program.post("/api/v1/events", &json!(events)).await;
    assert_eq!((status, answer["accepted"].as_u64()), (202, Some(count)), "{answer}");
}

async fn figures(program: &Program, site: &Site) -> Value {
    program.settle().await;
    let query =
        json!({"site_id": site.domain, "date_range": "7d", "metrics": ["visitors", "pageviews", "visits"]});
    program.query(query).await["results"][0]["metrics"].clone()
}

/// The receipt once it is complete.
async fn complete(program: &Program, id: &str) -> Value {
    let began = Instant::now();
    loop {
        let (status, receipt) = program.insist("GET", &format!("/api/v1/erasure/{id}"), None).await;
        assert_eq!(status, 200, "{receipt}");
        if receipt["status"] == "complete" {
            return receipt;
        }
        assert!(began.elapsed() < PATIENCE, "not complete in time: {receipt}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn identified(program: &Program, domain: &str) -> Site {
    let site = program.site(domain).await;
    let body = json!({"identified": true});
    let (status, answer) = program.insist("PATCH", &format!("/api/v1/sites/{domain}"), Some(&body)).await;
    assert_eq!(status, 200, "{answer}");
    site
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_forgotten_and_the_others_are_not() {
    let data = tempfile::tempdir().expect("a folder");
    let mut program = Program::start(data.path()).await;
    let site = identified(&program, "erasure.example").await;
    send(&program, &site, ADA, 40).await;
    send(&program, &site, BOB, 30).await;
    assert_eq!(figures(&program, &site).await, json!([2, 70, 2]));

    let body = json!({"site_id": site.domain, "user_id": ADA});
    let (status, receipt) = program.post("/api/v1/erasure", &body).await;
    assert_eq!((status, &receipt["status"]), (200, &json!("complete")), "{receipt}");
    assert_eq!(receipt["removed"]["events"], 40, "{receipt}");
    assert_eq!(receipt["removed"]["sessions"], 1, "{receipt}");
    assert!(receipt["views"]["traffic"].as_u64().is_some_and(|epoch| epoch > 0), "{receipt}");
    assert_eq!(receipt["signature"]["algorithm"], "Ed25519", "{receipt}");
    assert!(!receipt.to_string().contains(ADA), "{receipt}");
    assert_eq!(figures(&program, &site).await, json!([1, 30, 1]));

    // Who comes back is counted from then on.
    send(&program, &site, ADA, 2).await;
    assert_eq!(figures(&program, &site).await, json!([2, 32, 2]));

    // Killed right after it was asked for, it is done all the same.
    let body = json!({"site_id": site.domain, "user_id": ADA, "wait": 0});
    let (status, receipt) = program.post("/api/v1/erasure", &body).await;
    assert!([200, 202].contains(&status), "{receipt}");
    program.kill();
    program.restart().await;
    let receipt = complete(&program, receipt["id"].as_str().expect("an id")).await;
    assert_eq!(receipt["removed"]["events"], 2, "{receipt}");
    assert_eq!(figures(&program, &site).await, json!([1, 30, 1]));

    let (code, out, err) = program.command(&["verify"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = program.command(&["erase", "--site", &site.domain, "--user", BOB]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(figures(&program, &site).await, json!([0, 0, 0]));
    let (_, listed) = program.get(&format!("/api/v1/erasure?site_id={}", site.domain)).await;
    assert_eq!(listed["erasures"].as_array().map(Vec::len), Some(3), "{listed}");

    assert!(program.terminate());
    assert_eq!(files_with(data.path(), ADA.as_bytes()), Vec::<String>::new());
    assert_eq!(files_with(data.path(), BOB.as_bytes()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_erased_is_refused_with_a_reason() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start(data.path()).await;
    let site = program.site("refused.example").await;
    for (body, status, field) in [
        (json!({"site_id": site.domain}), 400, "user_id"),
        (json!({"site_id": site.domain, "user_id": "a", "visitor": "1"}), 400, "user_id"),
        (json!({"site_id": site.domain, "user_id": " "}), 400, "user_id"),
        (json!({"site_id": site.domain, "visitor": "not a number"}), 400, "visitor"),
        (json!({"site_id": site.domain, "visitor": -1}), 400, "visitor"),
        (json!({"user_id": "a"}), 400, "site_id"),
        (json!({"site_id": "nobody.example", "user_id": "a"}), 404, "site_id"),
    ] {
        let (given, answer) = program.post("/api/v1/erasure", &body).await;
        assert_eq!((given, &answer["error"]["field"]), (status, &json!(field)), "{body}: {answer}");
    }
    // Somebody who never came is forgotten at once.
    let (status, receipt) =
        program.post("/api/v1/erasure", &json!({"site_id": site.domain, "visitor": "17"})).await;
    assert_eq!((status, &receipt["removed"]["events"]), (200, &json!(0)), "{receipt}");
}

/// Files that hold these bytes. ClickHouse's own files are compressed, and those it replaced stay for
/// some minutes: what they answer was asked above.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("lists").flatten() {
        let path = entry.path();
        if path.ends_with("clickhouse") {
            continue;
        }
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if std::fs::read(&path).expect("reads").windows(bytes.len()).any(|window| window == bytes) {
            found.push(path.display().to_string());
        }
    }
    found
}
