//! `opentrace mcp`: offers questions, queries and reports to agents as tools.

use std::net::SocketAddr;

use super::{CliError, Globals, Remote};
use crate::client::connect;
use crate::mcp::{Agents, listen};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Speak HTTP on this address, where every request brings its own key, instead of standard input
    /// and output
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    remote: Remote,
}

/// Serves until the agent hangs up.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let connection = connect(&args.remote, globals).await?;
    let client = connection.client.clone();
    let served = match args.listen {
        Some(address) => {
            let told = |address| eprintln!("listening on http://{address}");
            listen(client, address, told).await.map_err(|error| CliError::because("cannot listen", error))
        }
        None => {
            Agents::new(client).stdio().await.map_err(|error| CliError::because("the agent is gone", error))
        }
    };
    connection.close().await?;
    served
}
