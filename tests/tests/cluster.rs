//! Several processes share one dataflow, and the loss of any of them costs no event and counts none
//! twice.
//!
//! Clients send events with ids, send again what was not acknowledged and now and then what was.
//! Meanwhile a process that works and the process that leads are killed with SIGKILL, and the set
//! comes back. Then the same data goes on with other numbers of processes and workers. After each
//! part the views, the raw events and an independent count agree.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use opentrace_tests::feed::{self, Clients, Manner};
use opentrace_tests::program::{Worker, dataflow_time, free_port, signal};
use opentrace_tests::tally::Sent;
use opentrace_tests::{Program, Site};
use serde_json::json;

const SECRET: &str = "a secret of the set";

fn manner() -> Manner {
    Manner { clients: 3, batch: 250, pause: Duration::from_millis(80), identified: true }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_survives_the_loss_of_any_process_and_goes_on_in_another_shape() {
    let data = tempfile::tempdir().expect("a folder");
    let mut program =
        Program::start_with(data.path(), &[("OPENTRACE_PROCESSES", "2"), ("OPENTRACE_WORKERS", "1")]).await;
    let site = site_with_everything(&program).await;
    let sent = feed::history(40_000);

    for (lost, part) in [(1, 0..10_000), (0, 10_000..20_000)] {
        let clients = Clients::start(&program.url(), &site, &sent[part], &manner());
        following(&program).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let before = program.processes();
        assert_eq!(before.len(), 2, "the set is complete: {before:?}");
        assert!(clients.are_sending(), "all was sent before the kill: slow the clients down");
        signal(before[&lost], "KILL");
        renewed(&mut program, &before).await;
        clients.finish().await;
    }
    check(&program, &site, &sent[..20_000]).await;
    let used: Vec<f64> = program.processes().values().map(|pid| dataflow_time(*pid).as_secs_f64()).collect();
    let least = used.iter().sum::<f64>() / 5.0;
    assert!(used.iter().all(|used| *used > least), "each has its share of the work: {used:?} seconds");

    for (processes, workers, part) in [("3", "2", 20_000..30_000), ("1", "4", 30_000..40_000)] {
        assert!(program.terminate(), "a clean end");
        program.set_env("OPENTRACE_PROCESSES", processes);
        program.set_env("OPENTRACE_WORKERS", workers);
        program.restart().await;
        // They touch the same people, days and definitions as those before.
        let until = part.end;
        Clients::start(&program.url(), &site, &sent[part], &manner()).finish().await;
        check(&program, &site, &sent[..until]).await;
    }
    assert!(program.terminate(), "a clean end");
}

/// The same with processes that others start, as on several machines: what ends is started again by
/// whoever keeps it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_started_one_by_one_find_each_other_again() {
    let data = tempfile::tempdir().expect("a folder");
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", free_port(), free_port());
    let place = |process: &'static str| {
        [
            ("OPENTRACE_PROCESS", process),
            ("OPENTRACE_HOSTS", hosts.as_str()),
            ("OPENTRACE_CLUSTER_SECRET", SECRET),
            ("OPENTRACE_WORKERS", "1"),
        ]
    };
    // The leader collects from the first moment on; its views follow when the other is there.
    let mut leader = Program::start_with(data.path(), &place("0")).await;
    let site = site_with_everything(&leader).await;
    let sent = feed::history(20_000);
    let mut worker = Worker::start(data.path(), &place("1"));

    let clients = Clients::start(&leader.url(), &site, &sent[..10_000], &manner());
    following(&leader).await;
    worker.kill();
    assert!(!leader.ended().await, "the leader goes when a process of its set does");
    leader.restart().await;
    worker.restart();
    clients.finish().await;

    let clients = Clients::start(&leader.url(), &site, &sent[10_000..], &manner());
    following(&leader).await;
    leader.kill();
    assert!(!worker.ended().await, "a process goes when its leader does");
    worker.restart();
    leader.restart().await;
    clients.finish().await;
    check(&leader, &site, &sent).await;

    // When the leader ends in order, the other waits for its next start.
    assert!(leader.terminate(), "a clean end");
    leader.restart().await;
    following(&leader).await;
    check(&leader, &site, &sent).await;
    assert!(leader.terminate(), "a clean end");
    assert!(worker.terminate(), "a clean end");
}

/// A process with another secret is turned away with a reason, and the set is not disturbed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_is_turned_away() {
    let data = tempfile::tempdir().expect("a folder");
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", free_port(), free_port());
    let place = |process: &'static str, secret: &'static str| {
        [
            ("OPENTRACE_PROCESS", process),
            ("OPENTRACE_HOSTS", hosts.as_str()),
            ("OPENTRACE_CLUSTER_SECRET", secret),
            ("OPENTRACE_WORKERS", "1"),
        ]
    };
    let leader = Program::start_with(data.path(), &place("0", SECRET)).await;
    let mut stranger = Worker::start(data.path(), &place("1", "not the secret of the set"));
    assert!(!stranger.ended().await, "it ends with an error");
    assert!(leader.log().contains("does not know the secret"), "{}", leader.log());

    let worker = Worker::start(data.path(), &place("1", SECRET));
    following(&leader).await;
    drop(worker);
}

/// A site where people are known by name, with one definition of each kind.
async fn site_with_everything(program: &Program) -> Site {
    let site = program.site("cluster.example").await;
    let identified = json!({"identified": true});
    program.insist("PATCH", &format!("/api/v1/sites/{}", site.domain), Some(&identified)).await;
    for (path, mut body) in [
        ("goals", json!({"name": "sign-up", "event": "signup"})),
        ("funnels", json!({"name": "a", "steps": [{"page": "/page/1*"}, "signup"], "window": "2d"})),
        ("retentions", json!({"name": "days", "return_event": "signup", "period": "day"})),
        ("series", json!({"name": "people", "page": "/page/*3", "metric": "visitors"})),
    ] {
        body["site_id"] = json!(site.domain);
        let (status, made) = program.insist("POST", &format!("/api/v1/{path}"), Some(&body)).await;
        assert_eq!(status, 201, "{made}");
    }
    site
}

/// Waits until every process of the set is another than before, and the program collects.
async fn renewed(program: &mut Program, before: &BTreeMap<usize, u32>) {
    let started = Instant::now();
    loop {
        let now = program.processes();
        if now.len() == before.len() && now.iter().all(|(process, pid)| before[process] != *pid) {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{before:?} became {now:?}\n{}", program.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    program.wait_healthy().await;
}

/// Waits until the set is together and the views follow the log.
async fn following(program: &Program) {
    let started = Instant::now();
    loop {
        let (_, status) = program.get("/api/v1/status").await;
        if status["pipeline"]["state"] == "running" {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{status}\n{}", program.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What was sent is counted, and no row was taken out that was not in.
async fn check(program: &Program, site: &Site, sent: &[Sent]) {
    feed::check(program, site, sent).await;
    let (_, status) = program.get("/api/v1/status").await;
    assert_eq!(status["pipeline"]["violations"], 0, "{status}");
}
