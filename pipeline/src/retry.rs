//! Waiting for ClickHouse. Nothing is given up: events are safe in the log, so the only choice is
//! how long to wait before the next attempt.

use std::future::Future;
use std::time::Duration;

use opentrace_store::StoreError;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// Runs `attempt` until it succeeds, with growing pauses, and says in the log what it waits for.
pub(crate) async fn until_it_works<T, F>(what: &'static str, mut attempt: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pause = FIRST;
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(error) if error.is_transient() => {
                tracing::warn!(what, %error, "waiting for ClickHouse");
            }
            Err(error) => {
                tracing::error!(what, %error, code = error.code(), "ClickHouse refused, trying again");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}
