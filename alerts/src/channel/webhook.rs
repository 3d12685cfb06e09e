//! Webhooks after the Standard Webhooks specification.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use url::Url;

use super::kind::{Kind, Outside, Settings, fields_of, parse_url};
use super::{Channel, Keys, Message, Notice, Pace, SendError, http, sign};
use crate::guard::{Allow, Secret, check};
use crate::rule::RuleError;

pub(super) const KIND: Kind = Kind { name: "webhook", read, open };

/// After a change of secrets messages are signed with both for so long, in milliseconds.
const CHANGE_OVER: i64 = 86_400_000;

/// A receiver of webhooks.
#[derive(Clone, Debug)]
pub struct Webhook {
    url: Url,
    keys: Keys,
    /// Until when the previous secret signs, too.
    change_over: i64,
    client: Client,
    allow: Allow,
}

impl Webhook {
    /// A receiver; the client is one of [`crate::guard::client`] with the same `allow`.
    pub fn new(url: Url, keys: Keys, client: Client, allow: Allow) -> Self {
        Self { url, keys, change_over: i64::MAX, client, allow }
    }

    /// Sends a message. With the same id it may be sent again: receivers take it once.
    ///
    /// # Errors
    /// [`SendError`]: for good where the target is refused, gone (410), or says that the message itself is
    /// wrong; otherwise until later.
    pub async fn send_one(&self, id: &str, notice: &Notice) -> Result<(), SendError> {
        check(&self.url, self.allow).map_err(SendError::never)?;
        let body = serde_json::to_vec(notice).map_err(SendError::never)?;
        let now = Timestamp::now();
        let settled = self.keys.clone().settle();
        let keys = if now.as_millisecond() < self.change_over { &self.keys } else { &settled };
        let signature = sign(keys, id, now.as_second(), &body).map_err(SendError::never)?;
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", signature)
            .body(body);
        let answer = http::send(request).await?;
        http::outcome(answer.status(), answer.headers(), &[])
    }
}

#[async_trait]
impl Channel for Webhook {
    fn pace(&self) -> Pace {
        Pace { burst: 1_000, per_second: 200.0 }
    }

    fn bundles(&self) -> bool {
        false
    }

    async fn send(&self, messages: &[Message]) -> Result<(), SendError> {
        for message in messages {
            self.send_one(&message.id, &message.notice).await?;
        }
        Ok(())
    }
}

/// `{"url", "secret"}`; without a secret one is made.
fn read(body: &Value) -> Result<Settings, RuleError> {
    let mut fields = fields_of(body)?;
    let url = parse_url(fields.need_text("url", "where alerts are posted")?)?;
    let secret = match fields.text("secret")? {
        Some(secret) => Secret::new(secret),
        None => Keys::random().current().clone(),
    };
    let previous = fields.text("previous_secret")?.map(Secret::new);
    let until = fields.number("previous_secret_until")?;
    fields.finish()?;
    Keys::new(secret.clone()).map_err(|error| {
        RuleError::new("secret", error.to_string().replace("secret: ", ""))
            .hint("leave it out and one is made")
    })?;
    let mut settings = Settings::default();
    settings.put_url(&url);
    if let (Some(previous), Some(until)) = (previous, until) {
        settings.secrets.insert("previous_secret".to_owned(), previous);
        settings.config.insert("previous_secret_until".to_owned(), Value::from(until as i64));
    }
    settings.secrets.insert("secret".to_owned(), secret);
    Ok(settings)
}

impl Settings {
    /// Has messages signed with the secret of the settings before, too, for a day: receivers change over
    /// when it suits them.
    pub fn succeed(&mut self, before: &Self) {
        let Some(old) = before.secrets.get("secret") else { return };
        if self.secrets.get("secret").is_some_and(|new| new != old) {
            self.secrets.insert("previous_secret".to_owned(), old.clone());
            let until = Timestamp::now().as_millisecond() + CHANGE_OVER;
            self.config.insert("previous_secret_until".to_owned(), Value::from(until));
        }
    }
}

fn open(settings: &Settings, outside: &Outside) -> Result<Arc<dyn Channel>, RuleError> {
    let wrong = |error: super::SignatureError| RuleError::new("secret", error.to_string());
    let url = settings.url()?;
    check(&url, outside.allow).map_err(|error| RuleError::new("url", error.to_string()))?;
    let current = settings.secret("secret")?.clone();
    let keys = match settings.secrets.get("previous_secret") {
        Some(previous) => Keys::new(previous.clone()).and_then(|keys| keys.rotate(current)),
        None => Keys::new(current),
    };
    let until = settings.config.get("previous_secret_until").and_then(Value::as_i64);
    let webhook = Webhook::new(url, keys.map_err(wrong)?, outside.client.clone(), outside.allow);
    Ok(Arc::new(Webhook { change_over: until.unwrap_or_default(), ..webhook }))
}
