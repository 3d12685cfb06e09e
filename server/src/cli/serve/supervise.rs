//! `opentrace serve --processes N`: a set of processes on this machine.
//!
//! This process only starts the others and watches over them. When one goes, those that are left go
//! with it, and the whole set is started again; what was accepted is in the log. When the leader
//! ends by itself, so does this process, in the same way.

use std::ffi::OsString;
use std::net::TcpListener;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::Signals;
use crate::auth::new_key;
use crate::cli::CliError;
use crate::config::Config;

/// Set for the processes of a set: they end with the one that started them.
pub(super) const SUPERVISED: &str = "OPENTRACE_SUPERVISED";
/// How long a process may take to notice that another is gone.
const FOLLOW: Duration = Duration::from_secs(2);
/// How long the leader may take to end in order.
const ORDERLY: Duration = Duration::from_secs(60);
/// Before a set that went at once is started again, doubled each time.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// A set that ran for this long had started well.
const WELL: Duration = Duration::from_secs(30);

/// A set that runs.
struct Set {
    members: Vec<Child>,
    /// Their standard inputs: a member ends when this process does, because nobody holds them then.
    /// Out of the members, since waiting for one closes the input that it has.
    _leashes: Vec<ChildStdin>,
}

/// How a set ended.
enum Ended {
    /// A process went without being told to.
    Broken,
    /// The leader ended by itself, or was told to.
    Leader(ExitStatus),
}

/// Starts sets of `processes` until one ends in order.
pub(super) async fn run(config: &Config, processes: usize) -> Result<(), CliError> {
    let mut signals = Signals::listen()?;
    let secret = new_key();
    let mut pause = PAUSE;
    loop {
        let started = Instant::now();
        let mut set = start(config, processes, &secret)?;
        match watch(&mut set.members, &mut signals).await? {
            Ended::Leader(status) if status.success() => return Ok(()),
            Ended::Leader(status) => {
                return Err(CliError::failed(format!("the leading process ended: {status}")));
            }
            Ended::Broken => {
                pause = if started.elapsed() > WELL { PAUSE } else { (pause * 2).min(MAX_PAUSE) };
                tracing::warn!(?pause, "a process of the set is gone; starting all of them again");
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = signals.next() => return Ok(()),
                }
            }
        }
    }
}

/// Starts this program again as each of the processes. The first is the leader.
fn start(config: &Config, processes: usize, secret: &str) -> Result<Set, CliError> {
    let failed = |source| CliError::because("cannot start the processes of the set", source);
    let hosts = free_hosts(processes).map_err(failed)?.join(",");
    let program = std::env::current_exe().map_err(failed)?;
    let given: Vec<OsString> = std::env::args_os().skip(1).collect();
    let spawn = |process: usize| {
        Command::new(&program)
            .args(&given)
            .args(["--process", &process.to_string(), "--hosts", &hosts])
            .args(["--workers", &config.workers.to_string()])
            .env("OPENTRACE_CLUSTER_SECRET", secret)
            .env(SUPERVISED, "1")
            .stdin(Stdio::piped())
            .process_group(0) // Ctrl-C is for this process, which ends the others in order
            .kill_on_drop(true)
            .spawn()
    };
    let mut members = (0..processes).map(spawn).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let leashes = members.iter_mut().filter_map(|member| member.stdin.take()).collect();
    Ok(Set { members, _leashes: leashes })
}

/// Addresses on this machine that nobody listens on at the moment.
fn free_hosts(count: usize) -> std::io::Result<Vec<String>> {
    let listeners = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.to_string())).collect()
}

/// Waits until the set has ended, or ends it when told to.
async fn watch(set: &mut [Child], signals: &mut Signals) -> Result<Ended, CliError> {
    let ended = tokio::select! {
        status = first_to_end(set) => {
            let (process, status) = status.map_err(|source| CliError::because("cannot watch the set", source))?;
            tracing::warn!(process, %status, "a process has ended");
            // Whoever ends with a code has said why; only a signal or an abort calls for another start.
            match status.code() {
                Some(_) if process == 0 => Ended::Leader(status),
                _ => Ended::Broken,
            }
        }
        () = signals.next() => end_leader(&mut set[0], signals).await?,
    };
    for child in set {
        if timeout(FOLLOW, child.wait()).await.is_err() || matches!(ended, Ended::Leader(_)) {
            // Already gone is as good.
            let _ = child.kill().await;
        }
    }
    Ok(ended)
}

/// The first process that ends, and how.
async fn first_to_end(set: &mut [Child]) -> std::io::Result<(usize, ExitStatus)> {
    let waits = set
        .iter_mut()
        .enumerate()
        .map(|(process, child)| Box::pin(async move { child.wait().await.map(|status| (process, status)) }));
    futures_util::future::select_all(waits).await.0
}

/// Ends the leader in order, and the others' dataflow with it. A second signal ends it at once.
async fn end_leader(leader: &mut Child, signals: &mut Signals) -> Result<Ended, CliError> {
    let pid = leader.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have gone in this moment.
        let _ = kill_process(pid, Signal::TERM);
    }
    tokio::select! {
        status = timeout(ORDERLY, leader.wait()) => match status {
            Ok(Ok(status)) => return Ok(Ended::Leader(status)),
            Ok(Err(source)) => return Err(CliError::because("cannot watch the set", source)),
            Err(_) => {}
        },
        () = signals.next() => {}
    }
    let _ = leader.kill().await;
    Err(CliError::failed("stopped at once; the log keeps what the views lack"))
}
