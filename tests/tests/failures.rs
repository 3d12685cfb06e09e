//! What goes wrong outside: a full disk, ClickHouse away, bodies that are too large or broken, times
//! that cannot be, sites and keys that do not exist. A clear error or a wait, nothing lost, no panic.
#![allow(clippy::print_stdout)] // says what was skipped

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use opentrace_tests::program::{client, signal};
use opentrace_tests::{Program, Site};
use serde_json::{Value, json};

async fn collect(
    program: &Program,
    key: &str,
    body: impl Into<reqwest::Body>,
) -> (u16, Value, Option<String>) {
    let request = client()
        .post(format!("{}/api/v1/events", program.url()))
        .header("content-type", "application/json")
        .bearer_auth(key)
        .body(body);
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let retry = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    (status, answer.json().await.unwrap_or_default(), retry)
}

fn pageview(site: &Site, n: u64) -> Value {
    json!({
        "id": uuid::Uuid::from_u128(u128::from(n)).to_string(), "site": site.domain, "name": "pageview",
        "url": format!("https://{}/{}", site.domain, n % 7), "ip": "93.184.216.34", "user_agent": "Mozilla/5.0 Firefox/140.0",
    })
}

async fn pageviews(program: &Program, site: &Site) -> Value {
    let query = json!({"site_id": site.domain, "date_range": "7d", "metrics": ["pageviews"]});
    program.query(query).await["results"][0]["metrics"][0].clone()
}

fn error_code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_gets_a_clear_error_and_good_events_beside_it_count() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start(data.path()).await;
    let site = program.site("failures.example").await;

    // A body of 100 MB is refused before it is taken in.
    let body = vec![b' '; 100 << 20];
    let sent = client()
        .post(format!("{}/api/v1/events", program.url()))
        .bearer_auth(&site.key)
        .body(body)
        .send()
        .await;
    // The server may answer and close while the client still writes.
    if let Ok(answer) = sent {
        assert_eq!(answer.status().as_u16(), 413);
    }

    // Broken UTF-8 in one line of three: that line is named, the others count.
    let mut lines = serde_json::to_vec(&pageview(&site, 1)).expect("JSON");
    lines.extend_from_slice(b"\n{\"name\":\"\xff\xfe\"}\n");
    lines.extend_from_slice(&serde_json::to_vec(&pageview(&site, 2)).expect("JSON"));
    let (status, answer, _) = collect(&program, &site.key, lines).await;
    assert_eq!((status, answer["accepted"].as_u64()), (202, Some(2)), "{answer}");
    assert_eq!(answer["rejected"][0]["index"], 1, "{answer}");

    // A time in 2099, and a site nobody made: rejected with the reason, the rest counts.
    let mut late = pageview(&site, 3);
    late["ts"] = json!("2099-01-01T00:00:00Z");
    let mut unknown = pageview(&site, 4);
    unknown["site"] = json!("nobody.example");
    let batch = json!([late, unknown, pageview(&site, 5)]).to_string();
    let (status, answer, _) = collect(&program, opentrace_tests::program::ADMIN, batch).await;
    assert_eq!((status, answer["accepted"].as_u64()), (202, Some(1)), "{answer}");
    assert_eq!(answer["rejected"][0]["code"], "in_future", "{answer}");
    assert_eq!(answer["rejected"][1]["code"], "site_unknown", "{answer}");

    // No key, a wrong key, another site's key.
    let other = program.site("other.example").await;
    let one = json!([pageview(&site, 6)]).to_string();
    let (status, answer, _) = collect(&program, "", one.clone()).await;
    assert_eq!(status, 401, "{answer}");
    let (status, answer, _) = collect(&program, "ot_wrong", one.clone()).await;
    assert_eq!(status, 401, "{answer}");
    assert!(!error_code(&answer).is_empty());
    let (status, answer, _) = collect(&program, &other.key, one).await;
    assert!(status == 403 || answer["accepted"] == 0, "{status} {answer}");

    // No JSON at all.
    let (status, answer, _) = collect(&program, &site.key, "[{]").await;
    assert_eq!(status, 400, "{answer}");

    program.settle().await;
    assert_eq!(pageviews(&program, &site).await, 3);
    assert!(!program.log().contains("panicked"), "no panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collection_goes_on_while_clickhouse_is_away_and_nothing_is_lost() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start(data.path()).await;
    let site = program.site("away.example").await;
    let (status, ..) = collect(&program, &site.key, json!([pageview(&site, 1)]).to_string()).await;
    assert_eq!(status, 202);
    program.settle().await;

    // Away for a minute: the engine is stopped in its tracks, as a machine that hangs.
    let engine = program.engine_pid().expect("an engine");
    signal(engine, "STOP");
    for n in 2..=60 {
        let (status, answer, _) = collect(&program, &site.key, json!([pageview(&site, n)]).to_string()).await;
        assert_eq!(status, 202, "{answer}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // The supervisor may have replaced it meanwhile, which is as good.
    let _ = Command::new("kill").args(["-CONT", &engine.to_string()]).status();
    program.settle().await;
    assert_eq!(pageviews(&program, &site).await, 60);
    let (code, out, err) = program.command(&["verify"]);
    assert_eq!(code, 0, "{out}{err}");
}

/// A disk of its own, small; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={megabytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_an_answer_and_nothing_acknowledged_is_lost() {
    let Some(disk) = SmallDisk::mount(400) else {
        println!("skipped: mounting a tmpfs needs root");
        return;
    };
    let program = Program::start(disk.path()).await;
    let site = program.site("full.example").await;
    let mut accepted = 0;
    let mut n = 1;
    let mut send = async |count: u64| {
        let batch: Vec<Value> = (0..count).map(|i| pageview(&site, n + i)).collect();
        n += count;
        collect(&program, &site.key, Value::Array(batch).to_string()).await
    };
    let (status, ..) = send(100).await;
    assert_eq!(status, 202);
    accepted += 100;
    program.settle().await;

    // Something else fills the disk.
    let ballast = disk.path().join("ballast");
    let _ =
        Command::new("dd").args(["if=/dev/zero", "bs=1M"]).arg(format!("of={}", ballast.display())).output();
    let mut refused = None;
    for _ in 0..20 {
        let (status, answer, retry) = send(100).await;
        if status == 202 {
            accepted += 100;
        } else {
            refused = Some((status, answer, retry));
            break;
        }
    }
    let (status, answer, retry) = refused.expect("a full disk refuses");
    assert_eq!((status, error_code(&answer)), (503, "disk_full"), "{answer}");
    assert!(retry.is_some(), "says when to come back");

    // Room again: collection goes on by itself.
    std::fs::remove_file(&ballast).expect("removes");
    let mut back = false;
    for _ in 0..100 {
        if send(100).await.0 == 202 {
            accepted += 100;
            back = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(back, "accepts again once there is room");
    program.settle().await;
    assert_eq!(pageviews(&program, &site).await, accepted);
    assert!(!program.log().contains("panicked"), "no panic:\n{}", program.log());
}
