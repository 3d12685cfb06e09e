//! Several processes that share one dataflow.
//!
//! The first process leads: it has the log, the coordinator, the sink and the HTTP interface, and
//! feeds the dataflow. The others only run workers. They keep no files; what they hold is fed to
//! them again after a restart, so they may run anywhere.
//!
//! The set lives and dies together. Each start of the leader is a generation, whose number grows
//! with the journal; a process belongs to the generation that it joined, and none of another is let
//! in. When a process goes, or a connection breaks, the others end at once, and whoever started them
//! (`opentrace serve --processes`, a container runtime, systemd) starts them again. Recovery is then
//! the same as after a crash of a single process.
//!
//! Connections are authenticated by a secret, both ways, and are not encrypted: they belong into a
//! private network.

mod gather;
mod handshake;

use std::net::TcpStream;
use std::sync::Once;
use std::time::Duration;

use timely::communication::Hooks;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::allocator::{AllocatorBuilder, ProcessBuilder};

pub use self::gather::Seat;

/// A connection is given up when what was sent stays unacknowledged for this long.
const SILENCE: Duration = Duration::from_secs(20);

/// A set of processes, as one of them sees it.
#[derive(Clone)]
pub struct ClusterConfig {
    /// Where each process is reached by the others, as `host:port`. The first leads.
    pub hosts: Vec<String>,
    /// Which of them this is.
    pub process: usize,
    /// What all of them know, and nobody else.
    pub secret: String,
}

impl std::fmt::Debug for ClusterConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { hosts, process, secret: _ } = self;
        f.debug_struct("ClusterConfig")
            .field("hosts", hosts)
            .field("process", process)
            .finish_non_exhaustive()
    }
}

/// The set did not come together.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: String,
        #[source]
        source: std::io::Error,
    },
    /// The other side does not want this process, and will not later.
    #[error("{address} refused this process: {reason}")]
    Refused { address: String, reason: String },
    #[error("the other side does not know the secret")]
    Stranger,
    #[error("a connection within the cluster failed: {0}")]
    Connection(#[from] std::io::Error),
    #[error("the other side does not speak this protocol")]
    Garbled,
    #[error("the dataflow did not start: {0}")]
    Engine(String),
    #[error("told to stop")]
    Stopped,
}

impl ClusterError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "cluster_cannot_listen",
            Self::Refused { .. } => "cluster_refused",
            Self::Stranger => "cluster_stranger",
            Self::Connection(_) | Self::Garbled => "cluster_connection",
            Self::Engine(_) => "dataflow_failed",
            Self::Stopped => "cluster_stopped",
        }
    }

    /// Whether the same may go well later: not when the two sides are set up differently.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Garbled)
    }
}

/// Connections to every other process of one generation, in the order of processes.
#[derive(Debug)]
pub(crate) struct Links {
    pub process: usize,
    pub sockets: Vec<Option<TcpStream>>,
}

/// What timely builds its workers from, and what it holds while they run.
pub(crate) type Builders = (Vec<AllocatorBuilder>, Box<dyn std::any::Any + Send>);

impl Links {
    /// Hands the connections to timely, for `workers` threads in this process.
    ///
    /// # Errors
    /// When threads for the connections cannot be started.
    pub(crate) fn builders(self, workers: usize) -> Result<Builders, String> {
        end_with_connections();
        let hooks = Hooks::default();
        let local = ProcessBuilder::new_typed_vector(workers, hooks.refill.clone(), None);
        let (builders, guard) =
            initialize_networking_from_sockets(local, self.sockets, self.process, workers, hooks)
                .map_err(|error| error.to_string())?;
        Ok((builders.into_iter().map(AllocatorBuilder::Tcp).collect(), Box::new(guard)))
    }
}

/// Timely's threads for connections panic when one breaks; without this, the process would wait for
/// the other side for ever.
fn end_with_connections() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            if thread.name().is_some_and(|name| name.starts_with("timely:")) {
                tracing::error!(cause = %panic, "another process of the set is gone; this one ends and is to be started again");
                std::process::abort();
            }
            usual(panic);
        }));
    });
}
