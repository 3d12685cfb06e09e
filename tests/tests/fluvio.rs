//! The log in a Fluvio cluster: what was acknowledged counts exactly once, though the program and the
//! cluster's servers are killed.
//!
//! Needs a cluster: `OPENTRACE_FLUVIO` names its controller (`host:9003`). `OPENTRACE_FLUVIO_UPSET` may
//! hold a shell command that kills one of its servers and starts it again; it is run twice while events
//! come in. Topics called `test-…` stay in the cluster.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use opentrace_tests::Program;
use opentrace_tests::feed::{self, Clients, Manner};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_events_count_once_through_kills_of_servers_and_program() {
    let Ok(cluster) = std::env::var("OPENTRACE_FLUVIO") else {
        #[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
        {
            eprintln!("skipped: OPENTRACE_FLUVIO names no Fluvio cluster");
        }
        return;
    };
    let name = format!("test-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
    let envs = |partitions| {
        [
            ("OPENTRACE_EVENTLOG_KIND", "fluvio"),
            ("OPENTRACE_EVENTLOG_URL", cluster.as_str()),
            ("OPENTRACE_EVENTLOG_NAME", name.as_str()),
            ("OPENTRACE_EVENTLOG_PARTITIONS", partitions),
        ]
    };
    let data = tempfile::tempdir().expect("a folder");
    let mut program = Program::start_with(data.path(), &envs("2")).await;
    let site = program.site("fluvio.example").await;
    let sent = feed::history(60_000);
    let pause = Duration::from_millis(700);
    let manner = Manner { clients: 4, batch: 250, pause, identified: false };
    let clients = Clients::start(&program.url(), &site, &sent, &manner);
    tokio::time::sleep(Duration::from_secs(2)).await;

    upset().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    program.kill();
    program.restart().await;
    tokio::time::sleep(Duration::from_secs(3)).await;

    upset().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    program.kill();
    program.restart().await;

    assert!(clients.are_sending(), "all was sent before the last kill: slow the clients down");
    clients.finish().await;
    feed::check(&program, &site, &sent).await;
    assert!(program.terminate(), "a clean end");

    // The same topics with another number of partitions would be another log.
    let (code, said) = Program::attempt(data.path() as &Path, &envs("3"));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("has 2 partitions, not 3"), "{said}");
}

/// Kills a server of the cluster and starts it again, where the test was told how.
async fn upset() {
    let Ok(command) = std::env::var("OPENTRACE_FLUVIO_UPSET") else { return };
    let mut shell = tokio::process::Command::new("sh");
    let ended = shell.args(["-c", &command]).stdin(Stdio::null()).status().await.expect("a shell");
    assert!(ended.success(), "{command} ended with {ended}");
}
