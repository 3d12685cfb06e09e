//! The log in three NATS servers: what was acknowledged counts exactly once, whichever of them is
//! killed or cut off, and a full stream is an answer.

use std::time::Duration;

use opentrace_tests::feed::{self, Clients, Manner};
use opentrace_tests::nats::Cluster;
use opentrace_tests::program::{ADMIN, client};
use opentrace_tests::{Program, Site};
use serde_json::json;

/// How long a cut lasts: longer than the others take to choose another leader.
const CUT: Duration = Duration::from_secs(12);

async fn start(data: &std::path::Path, cluster: &Cluster, envs: &[(&str, &str)]) -> Program {
    let url = cluster.url();
    let mut all = vec![
        ("OPENTRACE_EVENTLOG_KIND", "jetstream"),
        ("OPENTRACE_EVENTLOG_URL", url.as_str()),
        ("OPENTRACE_EVENTLOG_NAME", "test"),
        ("OPENTRACE_EVENTLOG_PARTITIONS", "2"),
    ];
    all.extend(envs);
    Program::start_with(data, &all).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_events_count_once_through_kills_of_servers_and_program() {
    let mut cluster = Cluster::start().await;
    let data = tempfile::tempdir().expect("a folder");
    let mut program = start(data.path(), &cluster, &[]).await;
    let site = program.site("jetstream.example").await;
    let sent = feed::history(60_000);
    let pause = Duration::from_millis(1_000);
    let manner = Manner { clients: 4, batch: 250, pause, identified: false };
    let clients = Clients::start(&program.url(), &site, &sent, &manner);
    tokio::time::sleep(Duration::from_secs(2)).await;

    let leader = cluster.leader_of("test-0").await;
    cluster.kill(leader);
    tokio::time::sleep(Duration::from_secs(1)).await;
    program.kill();
    program.restart().await;
    cluster.restart(leader).await;

    let leader = cluster.leader_of("test-1").await;
    cluster.cut_off(leader);
    tokio::time::sleep(CUT).await;
    cluster.reconnect(leader);
    tokio::time::sleep(Duration::from_secs(1)).await;

    // The server that the program talks to answers, but gets nothing done.
    let server = cluster.server_of_program().await;
    cluster.cut_off(server);
    tokio::time::sleep(CUT).await;
    assert_ne!(cluster.server_of_program().await, server, "the program stayed with a server that is cut off");
    cluster.reconnect(server);
    program.kill();
    program.restart().await;

    assert!(clients.are_sending(), "all was sent before the last kill: slow the clients down");
    clients.finish().await;
    feed::check(&program, &site, &sent).await;
    assert!(program.terminate(), "a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_stream_refuses_and_loses_nothing() {
    let cluster = Cluster::start().await;
    let data = tempfile::tempdir().expect("a folder");
    let mut program = start(data.path(), &cluster, &[("OPENTRACE_EVENTLOG_MAX_BYTES", "60000")]).await;
    let site = program.site("full.example").await;
    let (mut accepted, mut refused) = (0, 0);
    for n in 0..400 {
        match send(&program, &site, n).await {
            (202, _) => accepted += 10,
            (503, Some(_)) => {
                refused += 1;
                if refused == 3 {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(accepted > 0 && refused == 3, "{accepted} accepted, {refused} refused");
    program.settle().await;
    assert_eq!(counted(&program, &site).await, accepted);

    // With more room the same streams go on.
    assert!(program.terminate(), "a clean end");
    program.set_env("OPENTRACE_EVENTLOG_MAX_BYTES", "10000000");
    program.restart().await;
    for n in 1_000..1_010 {
        assert_eq!(send(&program, &site, n).await.0, 202);
        accepted += 10;
    }
    program.settle().await;
    assert_eq!(counted(&program, &site).await, accepted);

    // The same servers with another number of partitions would be another log.
    assert!(program.terminate(), "a clean end");
    let (code, said) = Program::attempt(
        data.path(),
        &[
            ("OPENTRACE_EVENTLOG_KIND", "jetstream"),
            ("OPENTRACE_EVENTLOG_URL", &cluster.url()),
            ("OPENTRACE_EVENTLOG_NAME", "test"),
            ("OPENTRACE_EVENTLOG_PARTITIONS", "3"),
        ],
    );
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("partition 0 of 2"), "{said}");
}

/// Ten events: the status, and `Retry-After`.
async fn send(program: &Program, site: &Site, number: u32) -> (u16, Option<String>) {
    let event = |i: u32| {
        json!({
            "id": format!("00000000-0000-4000-8000-{:012}", number * 10 + i), "site": site.domain,
            "name": "pageview", "url": format!("https://{}/{number}/{i}", site.domain),
            "ip": "93.184.216.34", "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
            "props": {"noise": format!("{:x}", md(number * 10 + i))},
        })
    };
    let events: Vec<_> = (0..10).map(event).collect();
    let request = client().post(format!("{}/api/v1/events", program.url())).bearer_auth(ADMIN).json(&events);
    let answer = request.send().await.expect("an answer");
    let retry = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    (answer.status().as_u16(), retry)
}

/// Spreads bits, so that events do not compress away.
fn md(n: u32) -> u128 {
    let x = u128::from(n).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    x ^ (x >> 61)
}

async fn counted(program: &Program, site: &Site) -> u64 {
    let query = json!({"site_id": site.domain, "metrics": ["events"], "date_range": "7d"});
    program.query(query).await["results"][0]["metrics"][0].as_u64().expect("a count")
}
