//! Webhooks after the Standard Webhooks specification.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, StatusCode};
use url::Url;

use super::{Keys, Notice, SendError, sign};
use crate::guard::{Allow, check};

/// Nobody is asked to wait longer than messages are kept trying.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// A receiver of webhooks.
#[derive(Clone, Debug)]
pub struct Webhook {
    url: Url,
    keys: Keys,
    client: Client,
    allow: Allow,
}

impl Webhook {
    /// A receiver; the client is one of [`crate::guard::client`] with the same `allow`.
    pub fn new(url: Url, keys: Keys, client: Client, allow: Allow) -> Self {
        Self { url, keys, client, allow }
    }

    /// Sends a message. With the same id it may be sent again: receivers take it once.
    ///
    /// # Errors
    /// [`SendError`]: for good where the target is refused, gone (410), or says that the message itself is
    /// wrong; otherwise until later.
    pub async fn send(&self, id: &str, notice: &Notice) -> Result<(), SendError> {
        let never = |error: &dyn std::fmt::Display| SendError::Never { reason: error.to_string() };
        check(&self.url, self.allow).map_err(|error| never(&error))?;
        let body = serde_json::to_vec(notice).map_err(|error| never(&error))?;
        let now = Timestamp::now().as_second();
        let signature = sign(&self.keys, id, now, &body).map_err(|error| never(&error))?;
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now)
            .header("webhook-signature", signature)
            .body(body);
        // Without the URL: it may hold a secret.
        let answer = request
            .send()
            .await
            .map_err(|error| SendError::Later { reason: error.without_url().to_string(), after: None })?;
        outcome(answer.status(), answer.headers())
    }
}

fn outcome(status: StatusCode, headers: &HeaderMap) -> Result<(), SendError> {
    let reason = format!("the receiver answered {status}");
    match status.as_u16() {
        200..=299 => Ok(()),
        400 | 405 | 410 | 413 | 414 | 415 | 422 | 431 | 501 => Err(SendError::Never { reason }),
        _ => Err(SendError::Later { reason, after: wait(headers, Timestamp::now()) }),
    }
}

/// What `Retry-After` asks for: seconds, or a date (RFC 9110, section 10.2.3).
fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::from_secs(u64::try_from(until.as_second() - now.as_second()).unwrap_or_default())
        }
    };
    Some(wait.min(LONGEST_WAIT))
}
