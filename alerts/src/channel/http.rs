//! What answers of services mean, as far as they mean the same everywhere.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};

use super::SendError;
use crate::guard::GuardError;

/// Nobody is asked to wait longer than messages are kept trying.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// Sends a request. What goes wrong underway is told without the URL: it may hold a secret.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, SendError> {
    request.send().await.map_err(|error| {
        let guarded = std::iter::successors(std::error::Error::source(&error), |error| error.source())
            .find_map(|error| error.downcast_ref::<GuardError>());
        match guarded {
            Some(refused) if refused.is_final() => SendError::never(refused),
            Some(unknown) => SendError::later(unknown),
            None => SendError::later(error.without_url()),
        }
    })
}

/// What a status says of the message: taken, refused for good, or to be tried again. `gone` are further
/// statuses after which trying again cannot help.
pub(super) fn outcome(status: StatusCode, headers: &HeaderMap, gone: &[u16]) -> Result<(), SendError> {
    let reason = format!("the receiver answered {status}");
    match status.as_u16() {
        200..=299 => Ok(()),
        400 | 405 | 410 | 413 | 414 | 415 | 422 | 431 | 501 => Err(SendError::Never { reason }),
        code if gone.contains(&code) => Err(SendError::Never { reason }),
        _ => Err(SendError::Later { reason, after: wait(headers, Timestamp::now()) }),
    }
}

/// What `Retry-After` asks for: seconds, or a date (RFC 9110, section 10.2.3).
fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<f64>() {
        Ok(seconds) => return seconds_to_wait(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::from_secs(u64::try_from(until.as_second() - now.as_second()).unwrap_or_default())
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// A wait as a service names it, within reason.
pub(super) fn seconds_to_wait(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(LONGEST_WAIT))
}
