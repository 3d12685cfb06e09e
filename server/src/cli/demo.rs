//! `opentrace demo`: the whole program with a site that looks alive.
//!
//! Everything goes the ordinary way: the site `demo.example` gets its history and its live traffic
//! through the HTTP API, from a client in this process, and so do the rules, segments and models that it
//! shows. Only reading needs no key, and only from this machine.

mod feed;
pub(crate) mod shown;
mod state;

use std::net::SocketAddr;

use self::feed::Feed;
use super::serve::{configure, run_until_told};
use super::{CliError, Globals};
use crate::app::App;
use crate::auth::new_key;
use crate::cli::out::say;
use crate::client::Client;
use crate::config::{Processes, Secret};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen on; a loopback address [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

/// Serves and feeds until SIGTERM or SIGINT.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let listen: Vec<_> = args.listen.iter().map(|address| ("listen", address.to_string())).collect();
    let mut config = configure(&listen, globals)?;
    if !matches!(config.processes, Processes::One) {
        return Err(CliError::Usage("the demo runs as one process; `serve` can run as several".to_owned()));
    }
    let token = config.admin_token.clone().unwrap_or_else(|| Secret::new(new_key()));
    (config.open, config.admin_token) = (true, Some(token.clone()));
    let data = config.data.clone();

    let app = App::start(config).await?;
    let feed = Feed::new(Client::new(&app.url(), Some(token))?, &data);
    say!("OpenTrace demo: open {}", app.url());
    say!(
        "The site {} is readable from this machine without a key; its data is in {}.",
        feed::SITE,
        data.display()
    );
    match feed.history_left() {
        0 => say!("Generated visitors come in now."),
        days => say!("Generated visitors come in now, and {days} days of history arrive beside them."),
    }
    say!("Ctrl-C ends it; starting it again continues.");

    let feeding = tokio::spawn(async move {
        if let Err(error) = feed.run().await {
            eprintln!("The demo's traffic has stopped: {error}");
        }
    });
    let ended = run_until_told(app).await;
    feeding.abort();
    ended
}
