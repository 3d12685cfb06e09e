//! Finds the server that a command talks to.

use std::time::Duration;

use super::{Client, ClientError, Retry};
use crate::app::App;
use crate::cli::{CliError, Globals, Remote};
use crate::config::Secret;

/// Where a server listens unless told otherwise.
const USUAL: &str = "http://127.0.0.1:8080";
/// The longest a look whether a server is there may take.
const PROBE: Duration = Duration::from_millis(1500);

/// A client, and the program it talks to where that runs in this process.
#[derive(Debug)]
pub struct Connection {
    pub client: Client,
    local: Option<App>,
}

/// Connects to the server that the arguments or the environment name, else to one that runs on this
/// machine, else opens the data folder in this process. Standard error says which.
#[allow(clippy::print_stderr)] // this is the command line speaking
pub async fn connect(remote: &Remote, globals: &Globals) -> Result<Connection, CliError> {
    if let Some(url) = &remote.url {
        return Ok(Connection::to(Client::new(url, key(remote, globals)?)?));
    }
    // Somebody who names a data folder means that folder, not whatever runs here.
    if globals.data.is_none() && answers(USUAL).await {
        eprintln!("Using the server at {USUAL}.");
        return Ok(Connection::to(Client::new(USUAL, key(remote, globals)?)?));
    }
    let config = globals.load(&[])?.config;
    eprintln!("No server is running: opening {} in this process.", config.data.display());
    let (app, url, token) = App::start_local(config).await?;
    let client = Client::new(&url, Some(Secret::new(token)))?;
    Ok(Connection { client, local: Some(app) })
}

/// A client of the server that the arguments or the environment name, else of one at the usual
/// address of this machine. Opens nothing in this process.
pub fn remote(remote: &Remote, globals: &Globals) -> Result<Client, CliError> {
    let url = remote.url.as_deref().unwrap_or(USUAL);
    Ok(Client::new(url, key(remote, globals)?)?)
}

impl Connection {
    fn to(client: Client) -> Self {
        Self { client, local: None }
    }

    /// Whether the server runs in this process.
    pub fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// Ends the server, where it runs in this process: everything accepted is on disk afterwards.
    pub async fn close(self) -> Result<(), CliError> {
        match self.local {
            Some(app) => Ok(app.stop().await?),
            None => Ok(()),
        }
    }
}

/// The key given for this command, else the admin token of the configuration.
fn key(remote: &Remote, globals: &Globals) -> Result<Option<Secret>, CliError> {
    match &remote.key {
        Some(key) => Ok(Some(Secret::new(key.clone()))),
        None => Ok(globals.load(&[])?.config.admin_token),
    }
}

async fn answers(url: &str) -> bool {
    let Ok(client) = Client::new(url, None) else { return false };
    let probe = client.with_retry(Retry::never());
    matches!(tokio::time::timeout(PROBE, probe.open("/healthz")).await, Ok(Ok(_)))
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::BadUrl { .. } => Self::Usage(error.to_string()),
            other => Self::because(other.to_string(), other),
        }
    }
}
