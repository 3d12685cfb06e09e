//! The program compares its views with the events behind them by itself: on a schedule, while events
//! keep coming in, and says what it found where an operator looks.

use std::time::{Duration, Instant};

use opentrace_tests::feed::{self, Clients, Manner};
use opentrace_tests::program::{ADMIN, client};
use opentrace_tests::{Program, Site};
use serde_json::{Value, json};

/// Every second, and one batch of three clients after the other.
const EVERY: (&str, &str) = ("OPENTRACE_VERIFY_EVERY", "1s");

fn manner() -> Manner {
    Manner { clients: 3, batch: 100, pause: Duration::from_millis(100), identified: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_are_checked_while_events_come_in() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start_with(data.path(), &[EVERY]).await;
    let site = program.site("checked.example").await;
    let clients = Clients::start(&program.url(), &site, &feed::history(150_000), &manner());
    let first = checks(&program, |verify| verify["runs"].as_u64() >= Some(1)).await;
    let second = checks(&program, |verify| verify["last"]["at"] != first["last"]["at"]).await;
    assert!(clients.are_sending(), "all was sent before the second check: slow the clients down");
    for verify in [&first, &second] {
        let differences = verify["last"]["differences"].as_object().expect("views");
        assert_eq!(differences.len(), 9, "{verify}");
        assert!(differences.values().all(|count| count == 0), "{verify}");
        assert_eq!(verify["last"]["sites"], 1, "{verify}");
        assert!(verify["next"].is_string(), "{verify}");
    }
    clients.stop();

    let page = metrics(&program).await;
    for line in ["opentrace_verify_differences{view=\"sessions\"} 0\n", "opentrace_verify_last_seconds "] {
        assert!(page.contains(line), "{page}");
    }
}

/// It can find something: without deduplication a batch that is sent twice counts twice in the views
/// that the engine of a session keeps by its id, and once in others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_is_counted_by_view() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start_with(data.path(), &[EVERY, ("OPENTRACE_TEST_DEDUPLICATE", "off")]).await;
    let site = program.site("checked.example").await;
    send_twice(&program, &site).await;
    program.settle().await;
    let differs = |verify: &Value| {
        let counts = verify["last"]["differences"].as_object();
        counts.is_some_and(|counts| counts.values().any(|count| count != 0))
    };
    let verify = checks(&program, differs).await;
    let page = metrics(&program).await;
    for (view, count) in verify["last"]["differences"].as_object().expect("views") {
        let line = format!("opentrace_verify_differences{{view=\"{view}\"}} {count}\n");
        assert!(page.contains(&line), "{line} is not in\n{page}");
    }
    assert!(program.log().contains("views differ from their recomputation"), "it is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_switched_off_and_asked_for() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start_with(data.path(), &[("OPENTRACE_VERIFY_EVERY", "off")]).await;
    program.site("checked.example").await;
    program.settle().await;
    let verify = checks(&program, |_| true).await;
    assert_eq!((&verify["runs"], &verify["last"], &verify["next"]), (&json!(0), &Value::Null, &Value::Null));
    assert_eq!(feed::verify(&program).0, 0);
    assert_eq!(checks(&program, |_| true).await["runs"], 1, "what was asked for is shown, too");
}

async fn send_twice(program: &Program, site: &Site) {
    let events: Vec<Value> = (0..50)
        .map(|n| {
            json!({
                "id": uuid::Uuid::from_u128(n).to_string(), "site": site.domain, "name": "pageview",
                "url": format!("https://{}/{n}", site.domain), "ip": "93.184.216.34",
                "user_agent": "Mozilla/5.0 Firefox/140.0", "ts": feed::now_ms() - 1_000,
            })
        })
        .collect();
    for _ in 0..2 {
        let (status, answer) = program.post("/api/v1/events", &json!(events)).await;
        assert_eq!(status, 202, "{answer}");
        program.settle().await;
    }
}

/// What the program says of its checks once it is as wanted.
async fn checks(program: &Program, wanted: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let (_, status) = program.get("/api/v1/status").await;
        let verify = &status["verify"];
        if wanted(verify) {
            return verify.clone();
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{verify}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn metrics(program: &Program) -> String {
    let request = client().get(format!("{}/metrics", program.url())).bearer_auth(ADMIN);
    request.send().await.expect("an answer").text().await.expect("text")
}
