//! `opentrace verify`: has the server recompute every view from raw events, and prints what differs.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{CliError, Globals, Remote};
use crate::cli::out::say;
use crate::client::connect;

/// Recomputing reads every event there is.
const PATIENCE: Duration = Duration::from_secs(3600);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this site
    #[arg(long, value_name = "DOMAIN")]
    site: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Deserialize)]
struct Verified {
    /// Sites that were compared.
    sites: usize,
    differences: Vec<Difference>,
}

/// A row that is in one of view and events, and not in the other.
#[derive(Deserialize)]
struct Difference {
    view: String,
    site: String,
    row: String,
    /// Whether the view has it.
    stored: bool,
}

/// Compares, prints, and fails where something differs.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let connection = connect(&args.remote, globals).await?;
    let client = connection.client.clone().with_timeout(PATIENCE);
    let verified = client.post::<Verified>("/api/v1/verify", &json!({ "site_id": args.site })).await;
    connection.close().await?;
    let Verified { sites, differences } = verified?;
    for Difference { view, site, row, stored } in &differences {
        let side = if *stored { "only in the view" } else { "missing in the view" };
        say!("{view} of {site}, {side}: {row}");
    }
    match differences.len() {
        0 => {
            say!("Every view of {sites} site(s) equals its recomputation from raw events.");
            Ok(())
        }
        found => Err(CliError::failed(format!("{found} rows differ"))),
    }
}
