//! Kinds of channels: how their settings are read and how they are opened.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

use super::Channel;
use crate::guard::{Allow, Secret};
use crate::rule::{Fields, RuleError};

/// Opens a channel by its settings.
pub(crate) type Open = fn(&Settings, &Outside) -> Result<Arc<dyn Channel>, RuleError>;

/// A kind of channel.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    /// Reads its settings from the body of a request.
    pub read: fn(&Value) -> Result<Settings, RuleError>,
    pub open: Open,
}

/// What a channel is set to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// What may be shown.
    pub config: Map<String, Value>,
    /// What may not.
    pub secrets: BTreeMap<String, Secret>,
}

/// How the world is reached.
#[derive(Clone, Debug)]
pub struct Outside {
    /// One of [`crate::guard::client`] with the same `allow`.
    pub client: reqwest::Client,
    pub allow: Allow,
    /// A client for addresses that the operator chose, which may be in a private network.
    pub trusted: reqwest::Client,
    /// Where Telegram's Bot API is.
    pub telegram: Url,
    /// The server that takes e-mail, as `smtp://user:password@host:port`; `None` where there is none.
    pub smtp: Option<Secret>,
    /// Who e-mail is from.
    pub mail_from: String,
}

impl Kind {
    /// The kind of this name.
    ///
    /// # Errors
    /// [`RuleError`] of `type`.
    pub fn named(name: &str) -> Result<&'static Self, RuleError> {
        super::KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| {
            let names: Vec<&str> = super::KINDS.iter().map(|kind| kind.name).collect();
            let reason =
                if name.is_empty() { "is missing".to_owned() } else { format!("`{name}` is not known") };
            RuleError::new("type", reason).hint(format!("one of {}", names.join(", ")))
        })
    }
}

impl Settings {
    pub(super) fn secret(&self, field: &str) -> Result<&Secret, RuleError> {
        self.secrets.get(field).ok_or_else(|| RuleError::new(field, "is missing"))
    }

    /// Keeps an address that holds a secret: only where it leads is shown.
    pub(super) fn put_url(&mut self, url: &Url) {
        self.secrets.insert("url".to_owned(), Secret::new(url.as_str()));
        let mut shown = url.clone();
        let _ = shown.set_password(None);
        let _ = shown.set_username("");
        shown.set_query(None);
        shown.set_fragment(None);
        self.config.insert("url".to_owned(), Value::from(shown.as_str()));
    }

    pub(super) fn url(&self) -> Result<Url, RuleError> {
        parse_url(self.secret("url")?.reveal())
    }

    /// The JSON in which secrets are sealed.
    pub fn secrets_json(&self) -> String {
        let map: Map<String, Value> =
            self.secrets.iter().map(|(name, secret)| (name.clone(), Value::from(secret.reveal()))).collect();
        Value::Object(map).to_string()
    }

    /// Settings from what is kept of them.
    ///
    /// # Errors
    /// [`RuleError`] where it does not read back.
    pub fn restore(config: &str, secrets: &str) -> Result<Self, RuleError> {
        let damaged = |_| RuleError::new("channel", "does not read back");
        let secrets: BTreeMap<String, String> = serde_json::from_str(secrets).map_err(damaged)?;
        let secrets = secrets.into_iter().map(|(name, secret)| (name, Secret::new(secret))).collect();
        Ok(Self { config: serde_json::from_str(config).map_err(damaged)?, secrets })
    }

    /// The body that would be read as these settings, secrets included: for changing some of it.
    pub fn body(&self) -> Map<String, Value> {
        let mut body = self.config.clone();
        for (name, secret) in &self.secrets {
            body.insert(name.clone(), Value::from(secret.reveal()));
        }
        body
    }
}

/// The fields of a kind, beside those that every channel has.
pub(super) fn fields_of(body: &Value) -> Result<Fields<'_>, RuleError> {
    Ok(Fields::of("", body)?.beside(&["name", "site_id", "digest"]))
}

pub(super) fn parse_url(text: &str) -> Result<Url, RuleError> {
    let wrong = || RuleError::new("url", "is not an address").hint("https://example.com/hook");
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(wrong()) }
}
