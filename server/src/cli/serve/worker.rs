//! A process that only works for the one that leads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentrace_pipeline::cluster::{ClusterError, Seat};
use opentrace_pipeline::{ClusterConfig, work};

use super::Signals;
use crate::cli::CliError;

/// Before the leader is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Works for one start of the leader after the other, until SIGTERM or SIGINT.
pub(super) async fn run(cluster: ClusterConfig, workers: usize) -> Result<(), CliError> {
    let mut signals = Signals::listen()?;
    let (process, leader) = (cluster.process, cluster.hosts[0].clone());
    let seat = Seat::take(cluster, workers)
        .map_err(|source| CliError::because("this process cannot join the set", source))?;
    tracing::info!(process, %leader, workers, "ready to work");
    let seat = Arc::new(seat);
    let told = Arc::new(AtomicBool::new(false));
    loop {
        let (seat, stop) = (Arc::clone(&seat), Arc::clone(&told));
        let turn = tokio::task::spawn_blocking(move || work(&seat, || stop.load(Ordering::Relaxed)));
        let ended = tokio::select! {
            ended = turn => ended.map_err(|source| CliError::because("the dataflow ended badly", source))?,
            () = signals.next() => {
                // A dataflow in progress ends with the process; the leader notices and starts again.
                told.store(true, Ordering::Relaxed);
                return Ok(());
            }
        };
        match ended {
            Ok(()) => tracing::info!("the leader has ended the dataflow; waiting for its next start"),
            Err(error @ (ClusterError::Connection(_) | ClusterError::Garbled)) => {
                tracing::warn!(%error, code = error.code(), "the set did not come together; trying again");
            }
            Err(error) => return Err(CliError::because("this process cannot join the set", error)),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
