//! `opentrace erase`: has the server forget a visitor or user, and prints the receipt.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CliError, Globals, Remote};
use crate::cli::out::say;
use crate::client::connect;

/// Rewriting storage takes longer where there is much of it.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the server is to wait before it answers with what it has.
const WAIT: u64 = 100;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// The site they visited
    #[arg(long, value_name = "DOMAIN")]
    site: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Who {
    /// The number by which stored events know the visitor
    #[arg(long, value_name = "ID")]
    visitor: Option<String>,
    /// The identifier that the site gave the user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// The identifier of a device
    #[arg(long, value_name = "ID")]
    anonymous: Option<String>,
}

/// Erases and prints the receipt as JSON; fails where it is not complete yet.
pub async fn run(args: Args, globals: &Globals) -> Result<(), CliError> {
    let connection = connect(&args.remote, globals).await?;
    let client = connection.client.clone().with_timeout(PATIENCE);
    let Who { visitor, user, anonymous } = &args.who;
    let mut body = json!({ "site_id": args.site, "wait": WAIT });
    for (field, value) in [("visitor", visitor), ("user_id", user), ("anonymous_id", anonymous)] {
        if let Some(value) = value {
            body[field] = json!(value);
        }
    }
    let receipt = client.post::<Value>("/api/v1/erasure", &body).await;
    connection.close().await?;
    let receipt = receipt?;
    say!("{}", serde_json::to_string_pretty(&receipt).unwrap_or_default());
    match receipt["status"].as_str() {
        Some("complete") => Ok(()),
        _ => Err(CliError::failed(
            "not complete yet: it goes on, and the receipt is at /api/v1/erasure/ followed by its id",
        )),
    }
}
