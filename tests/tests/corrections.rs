//! What late events and erasures change in the past is right at once, and answers say where it was.

use opentrace_tests::{Program, Site, feed};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

/// Noon, so many days ago.
fn noon(days_ago: i64) -> i64 {
    (feed::now_ms().div_euclid(DAY_MS) - days_ago) * DAY_MS + DAY_MS / 2
}

fn label(days_ago: i64) -> String {
    let at = format!("@{}", noon(days_ago) / 1_000);
    let output = std::process::Command::new("date").args(["-u", "-d", &at, "+%F"]).output();
    String::from_utf8(output.expect("date runs").stdout).expect("text").trim().to_owned()
}

async fn send(program: &Program, site: &Site, user: &str, days_ago: i64) {
    let event = json!({
        "id": uuid::Uuid::new_v4().to_string(), "site": site.domain, "name": "pageview", "user_id": user,
        "ts": noon(days_ago), "url": format!("https://{}/", site.domain), "ip": "93.184.216.34",
    });
    let (status, answer) = program.post("/api/v1/events", &json!([event])).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
    program.settle().await;
}

async fn ask(program: &Program, site: &Site, include: Value) -> Value {
    program.settle().await;
    let query = json!({
        "site_id": site.domain, "date_range": "30d", "metrics": ["visitors"], "dimensions": ["time:day"],
        "include": include,
    });
    program.query(query).await
}

fn epoch(answer: &Value) -> u64 {
    answer["meta"]["epoch"].as_u64().expect("an epoch")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_say_which_days_changed_since_an_epoch() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start(data.path()).await;
    let site = program.site("corrections.example").await;
    let body = json!({"identified": true});
    program.insist("PATCH", &format!("/api/v1/sites/{}", site.domain), Some(&body)).await;
    for (user, days_ago) in [("ada", 20), ("bob", 20), ("ada", 3)] {
        send(&program, &site, user, days_ago).await;
    }
    let first = ask(&program, &site, json!({"epoch": true})).await;
    let unchanged = ask(&program, &site, json!({"corrected_since": epoch(&first)})).await;
    assert_eq!(unchanged["meta"]["corrected"], json!([]), "{unchanged}");

    // An event that comes ten days late corrects that day and no other.
    send(&program, &site, "cyd", 10).await;
    let late = ask(&program, &site, json!({"corrected_since": epoch(&first)})).await;
    assert_eq!(late["meta"]["corrected"], json!([label(10)]), "{late}");
    assert!(epoch(&late) > epoch(&first));

    // An answer that was kept is not given again once it is wrong.
    let total = json!({"site_id": site.domain, "date_range": "30d", "metrics": ["pageviews"]});
    assert_eq!(program.query(total.clone()).await["results"][0]["metrics"], json!([4]));

    // A person who is erased corrects every day they were there, also where nobody is left.
    let body = json!({"site_id": site.domain, "user_id": "ada"});
    let (status, receipt) = program.post("/api/v1/erasure", &body).await;
    assert_eq!((status, &receipt["status"]), (200, &json!("complete")), "{receipt}");
    let erased = ask(&program, &site, json!({"corrected_since": epoch(&late)})).await;
    assert_eq!(erased["meta"]["corrected"], json!([label(20), label(3)]), "{erased}");
    assert_eq!(program.query(total).await["results"][0]["metrics"], json!([2]));
    let days = |answer: &Value| answer["results"].as_array().map_or(0, Vec::len);
    assert_eq!((days(&late), days(&erased)), (3, 2));

    let body = json!({"site_id": site.domain, "date_range": "7d", "metrics": ["visitors"],
                      "include": {"corrected_since": "yesterday"}});
    let (status, answer) = program.post("/api/v2/query", &body).await;
    assert_eq!((status, &answer["error"]["field"]), (400, &json!("include.corrected_since")), "{answer}");
}
