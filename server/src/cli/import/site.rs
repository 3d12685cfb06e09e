//! Makes sure that the site exists before anything is sent to it.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::CliError;
use crate::client::{Client, ClientError};

const SITES: &str = "/api/v1/sites";

#[derive(Deserialize)]
struct Sites {
    sites: Vec<Site>,
}

#[derive(Deserialize)]
struct Site {
    domain: String,
    timezone: String,
}

/// Creates the site with this normalised domain and time zone unless it exists, and says so. A key
/// that may create no sites gets an error that says what to do.
pub(in crate::cli) async fn ensure(client: &Client, domain: &str, timezone: &str) -> Result<(), CliError> {
    match existing(client, domain).await? {
        Existing::Yes(zone) => {
            if zone != timezone && timezone != "UTC" {
                eprintln!("The site {domain} exists with the time zone {zone}, which stays.");
            }
            Ok(())
        }
        Existing::Unknown => Ok(()),
        Existing::No => create(client, domain, timezone).await,
    }
}

enum Existing {
    Yes(String),
    No,
    /// The key may not list sites. Whether this one exists shows when events are sent.
    Unknown,
}

async fn existing(client: &Client, domain: &str) -> Result<Existing, CliError> {
    match client.get::<Sites>(SITES).await {
        Ok(Sites { sites }) => {
            let found = sites.into_iter().find(|site| site.domain == domain);
            Ok(found.map_or(Existing::No, |site| Existing::Yes(site.timezone)))
        }
        Err(error) if error.status() == Some(StatusCode::FORBIDDEN) => Ok(Existing::Unknown),
        Err(error) => Err(error.into()),
    }
}

async fn create(client: &Client, domain: &str, timezone: &str) -> Result<(), CliError> {
    let body = json!({ "domain": domain, "timezone": timezone });
    match client.post::<Value>(SITES, &body).await {
        Ok(_) => {
            eprintln!("Created the site {domain} with the time zone {timezone}.");
            Ok(())
        }
        // Somebody else was faster.
        Err(error) if error.status() == Some(StatusCode::CONFLICT) => Ok(()),
        Err(error) if may_not(&error) => Err(CliError::failed(format!(
            "there is no site {domain}, and this key may not create it: create the site first or use an admin key"
        ))),
        Err(error) => Err(error.into()),
    }
}

fn may_not(error: &ClientError) -> bool {
    matches!(error.status(), Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
}
