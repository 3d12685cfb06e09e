//! `opentrace serve`: the whole program, until it is told to stop.

use std::net::SocketAddr;

use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, Globals, logging};
use crate::app::App;
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let config = configure(args.listen, globals)?;
    let app = App::start(config).await?;
    println!("OpenTrace listens on {}", app.url());
    if let Some(url) = app.setup_url() {
        println!("Nobody owns it yet. Open {url} to become its owner.");
    }
    run_until_told(app).await
}

/// The configuration of a program that listens, and its logging started.
pub(super) fn configure(listen: Option<SocketAddr>, globals: &Globals) -> Result<Config, CliError> {
    let flags: Vec<_> = listen.iter().map(|address| ("listen", address.to_string())).collect();
    let config = globals.load(&flags)?.config;
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
