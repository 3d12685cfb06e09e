//! `opentrace serve`: the whole program, until it is told to stop.

mod supervise;
mod worker;

use std::net::SocketAddr;

use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, Globals, logging};
use crate::app::App;
use crate::cli::out::say;
use crate::config::{Config, Processes};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Threads of the dataflow in each process [default: half of the cores]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Processes that share the dataflow [default: 1]
    #[arg(long, value_name = "N")]
    processes: Option<usize>,
    /// Which of the processes this is, from 0; without it, all of them are started on this machine
    #[arg(long, value_name = "N")]
    process: Option<usize>,
    /// Where each process is reached by the others, the leading one first
    #[arg(long, value_name = "HOST:PORT,…")]
    hosts: Option<String>,
}

impl Args {
    fn flags(&self) -> Vec<(&'static str, String)> {
        let numbers = [("workers", self.workers), ("processes", self.processes), ("process", self.process)];
        let mut flags: Vec<_> =
            numbers.into_iter().filter_map(|(key, number)| Some((key, number?.to_string()))).collect();
        flags.extend(self.listen.map(|address| ("listen", address.to_string())));
        flags.extend(self.hosts.clone().map(|hosts| ("hosts", hosts)));
        flags
    }
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let config = configure(&args.flags(), globals)?;
    if std::env::var_os(supervise::SUPERVISED).is_some() {
        opentrace_store::end_with_parent()
            .map_err(|reason| CliError::because("cannot watch the process that started this one", reason))?;
    }
    match &config.processes {
        Processes::Set(processes) => return supervise::run(&config, *processes).await,
        Processes::Member(cluster) if cluster.process > 0 => {
            return worker::run(cluster.clone(), config.workers).await;
        }
        Processes::One | Processes::Member(_) => {}
    }
    let app = App::start(config).await?;
    say!("OpenTrace listens on {}", app.url());
    if let Some(url) = app.setup_url() {
        say!("Nobody owns it yet. Open {url} to become its owner.");
    }
    run_until_told(app).await
}

/// The configuration of a program that listens, and its logging started.
pub(super) fn configure(flags: &[(&str, String)], globals: &Globals) -> Result<Config, CliError> {
    let config = globals.load(flags)?.config;
    logging::init(&config.log.level, config.log.format);
    Ok(config)
}

/// Waits for a signal, then ends everything in order. A second signal ends at once.
pub(super) async fn run_until_told(app: App) -> Result<(), CliError> {
    let mut signals = Signals::listen()?;
    signals.next().await;
    tracing::info!("stopping: finishing requests, flushing, saving a snapshot");
    tokio::select! {
        stopped = app.stop() => Ok(stopped?),
        () = signals.next() => Err(CliError::failed("stopped at once; the log keeps what the views lack")),
    }
}

/// The signals that ask a program to end.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Self, CliError> {
        let listen =
            |kind| signal(kind).map_err(|source| CliError::because("cannot listen for signals", source));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
