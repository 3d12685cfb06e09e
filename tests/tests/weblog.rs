//! A real access log, imported by the command, counted by the program, and recomputed by a script
//! that shares no code with it.
#![allow(clippy::print_stdout)] // says what was skipped

use std::path::PathBuf;
use std::process::Command;

use opentrace_tests::Program;
use serde_json::{Value, json};

const SITE: &str = "semicomplete.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_log_counts_as_an_independent_script_counts_it() {
    let Some(log) = log_file() else {
        println!("skipped: no access log; set OPENTRACE_DATA to the folder that holds weblog/");
        return;
    };
    let data = tempfile::tempdir().expect("a folder");
    let mut program = Program::start(data.path()).await;
    let import = ["import", "--format", "combined", log.to_str().expect("UTF-8"), "--site", SITE];

    let (code, out, err) = program.command(&import);
    assert_eq!(code, 0, "{out}{err}");
    let wanted = recomputed(&log);
    let counted = counted(&program, &wanted).await;
    assert_eq!(counted, wanted, "the first import");
    assert!(wanted["days"].as_object().is_some_and(|days| days.len() >= 4), "the log has four days");

    let (code, out, err) = program.command(&import);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(counted_again(&program, &wanted).await, wanted, "the same file again changes nothing");

    program.kill();
    program.restart().await;
    let (code, out, err) = program.command(&import);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(counted_again(&program, &wanted).await, wanted, "and a third time, after a crash");

    let (code, out, err) = program.command(&["verify"]);
    assert_eq!(code, 0, "{out}{err}");
}

async fn counted_again(program: &Program, wanted: &Value) -> Value {
    program.settle().await;
    counted(program, wanted).await
}

/// What the program says, in the script's shape.
async fn counted(program: &Program, wanted: &Value) -> Value {
    let mut days = serde_json::Map::new();
    for day in wanted["days"].as_object().expect("days").keys() {
        let totals = program.query(json!({
            "site_id": SITE, "date_range": [day, day], "metrics": ["pageviews", "visitors"],
        }));
        let totals = totals.await["results"][0]["metrics"].clone();
        let pages = program.query(json!({
            "site_id": SITE, "date_range": [day, day], "metrics": ["pageviews"], "dimensions": ["event:page"],
            "order_by": [["pageviews", "desc"], ["event:page", "asc"]], "pagination": {"limit": 10, "offset": 0},
        }));
        let pages = pages.await["results"].clone();
        let top: Vec<Value> = pages
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| json!([row["dimensions"][0], row["metrics"][0]]))
            .collect();
        days.insert(day.clone(), json!({"pageviews": totals[0], "visitors": totals[1], "top_pages": top}));
    }
    json!({ "days": days })
}

fn recomputed(log: &PathBuf) -> Value {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../datasets/weblog_oracle.py");
    let output = Command::new("python3").arg(script).arg(log).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Value = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    let days = all["days"].as_object().expect("days");
    let kept = |day: &Value| json!({"pageviews": day["pageviews"], "visitors": day["visitors"], "top_pages": day["top_pages"]});
    json!({ "days": days.iter().map(|(name, day)| (name.clone(), kept(day))).collect::<serde_json::Map<_, _>>() })
}

fn log_file() -> Option<PathBuf> {
    let data = std::env::var_os("OPENTRACE_DATA").map(PathBuf::from)?;
    let log = data.join("weblog/apache_access_10k.log");
    log.exists().then_some(log)
}
