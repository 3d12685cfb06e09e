//! Waits until what was sent can be asked about.

use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::time::sleep;

use crate::cli::CliError;
use crate::client::Client;

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest the views may stand still before the wait is given up.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
struct Status {
    pipeline: Pipeline,
}

#[derive(Deserialize)]
struct Pipeline {
    /// Events in the log since it was made.
    log_events: u64,
    /// Of these, events that are in every view.
    visible_events: u64,
    /// Why the pipeline has stopped, if it has.
    error: Option<String>,
}

/// Returns once every event that the server has taken by now is in every view.
pub(in crate::cli) async fn wait_until_visible(client: &Client) -> Result<(), CliError> {
    let Pipeline { log_events: taken, visible_events: mut visible, .. } = status(client).await?;
    let mut moved = Instant::now();
    while visible < taken {
        if moved.elapsed() > PATIENCE {
            let waiting = taken - visible;
            return Err(CliError::failed(format!(
                "the server keeps {waiting} events that are not in its views yet, and the views stand still"
            )));
        }
        sleep(PAUSE).await;
        let now = status(client).await?.visible_events;
        if now > visible {
            (visible, moved) = (now, Instant::now());
        }
    }
    Ok(())
}

async fn status(client: &Client) -> Result<Pipeline, CliError> {
    let pipeline = client.get::<Status>("/api/v1/status").await?.pipeline;
    match pipeline.error {
        None => Ok(pipeline),
        Some(error) => Err(CliError::failed(format!(
            "the events are kept, but the server's pipeline has stopped: {error}"
        ))),
    }
}
