//! A site is moved: what one program exports another imports, and every figure is the same.

use opentrace_tests::Program;
use serde_json::{Value, json};

const FROM: &str = "old.example";
/// Days with everything that the generator makes: campaigns, properties, purchases, visits over midnight.
const EVENTS: &str = "6000";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_is_imported_as_it_was() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start(data.path()).await;
    let file = |name: &str| data.path().join(name).to_str().expect("UTF-8").to_owned();
    let run = |args: &[&str]| {
        let (code, out, err) = program.command(args);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out
    };

    let generated = file("generated.ndjson");
    run(&["gen", "--events", EVENTS, "--seed", "3", "--site", FROM, "-o", &generated]);
    run(&["import", "--format", "ndjson", &generated, "--site", FROM]);
    let was = figures(&program, FROM).await;
    assert_eq!(was[0]["results"].as_array().map(Vec::len), Some(1));

    for (format, to) in [("csv", "csv.example"), ("ndjson", "ndjson.example")] {
        let exported = file(&format!("exported.{format}"));
        run(&["export", "--site", FROM, "--format", format, "-o", &exported]);
        let import = ["import", "--format", format, &exported, "--site", to];
        let told = run(&import);
        assert!(told.contains(EVENTS), "{told}");
        let is = figures(&program, to).await;
        for (was, is) in was.iter().zip(&is) {
            assert_eq!(is["results"], was["results"], "{format}: {}", was["query"]);
        }
        // And again: what is there already changes nothing.
        run(&import);
        assert_eq!(results(&figures(&program, to).await), results(&was));
    }
    run(&["verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_brought_in_by_number_is_known_on_any_day() {
    let data = tempfile::tempdir().expect("a folder");
    let mut program = Program::start(data.path()).await;
    program.site(FROM).await;
    // Weeks apart within a month, and in between nobody of them is in memory any more.
    for (day, path) in [("01", "/"), ("09", "/a"), ("23", "/b")] {
        let event = json!({
            "site": FROM, "name": "pageview", "visitor": "77", "ts": format!("2025-03-{day}T10:00:00Z"),
            "url": format!("https://{FROM}{path}"),
        });
        let (status, answer) =
            program.insist("POST", "/api/v1/events?history=true", Some(&json!([event]))).await;
        assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
        program.settle().await;
        program.kill();
        program.restart().await;
        program.settle().await;
    }
    let visitors = async |range: Value, dimensions: Value| {
        let query =
            json!({"site_id": FROM, "date_range": range, "metrics": ["visitors"], "dimensions": dimensions});
        program.query(query).await["results"].clone()
    };
    let march = json!(["2025-03-01", "2025-03-31"]);
    assert_eq!(visitors(march.clone(), json!([])).await[0]["metrics"], json!([1]));
    assert_eq!(visitors(march.clone(), json!(["time:month"])).await[0]["metrics"], json!([1]));
    assert_eq!(visitors(march, json!(["time:day"])).await.as_array().map(Vec::len), Some(3));
    let (code, out, err) = program.command(&["verify"]);
    assert_eq!(code, 0, "{out}{err}");
}

/// What the site page shows, as answers to questions.
async fn figures(program: &Program, site: &str) -> Vec<Value> {
    program.settle().await;
    let metrics = json!([
        "visitors",
        "visits",
        "pageviews",
        "events",
        "views_per_visit",
        "bounce_rate",
        "visit_duration",
        "total_revenue",
    ]);
    let mut answers =
        vec![program.query(json!({"site_id": site, "date_range": "all", "metrics": metrics})).await];
    for dimension in [
        "time:day",
        "event:page",
        "event:props:plan",
        "visit:source",
        "visit:referrer",
        "visit:channel",
        "visit:utm_medium",
        "visit:utm_campaign",
        "visit:country",
        "visit:browser",
        "visit:os_version",
        "visit:device",
        "visit:screen",
        "visit:entry_page",
    ] {
        let order = json!([["visitors", "desc"], [dimension, "asc"]]);
        let query = json!({
            "site_id": site, "date_range": "all", "metrics": ["visitors", "events"], "dimensions": [dimension],
            "order_by": order,
        });
        answers.push(program.query(query).await);
    }
    answers
}

fn results(answers: &[Value]) -> Vec<&Value> {
    answers.iter().map(|answer| &answer["results"]).collect()
}
