//! What alerts need of the configuration.

use std::path::Path;

use opentrace_alerts::channel::Outside;
use opentrace_alerts::guard::{Allow, GuardError, Secret, Vault, VaultError, client};

use super::Timing;
use crate::config::AlertConfig;
use crate::key_file::{self, KeyFileError};

/// Under the data folder, where the configuration names no key.
const KEY_FILE: &str = "alerts.key";

/// Why alerts cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(transparent)]
    Key(#[from] VaultError),
    #[error(transparent)]
    Client(#[from] GuardError),
}

/// How the world is reached, and what secrets of channels are kept with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub(super) outside: Outside,
    pub(super) vault: Vault,
    /// Where the dashboard is, for links.
    pub(super) public_url: String,
    pub(super) timing: Timing,
}

impl Setup {
    /// By the configuration; `public_url` is where the program can be reached.
    pub fn new(config: &AlertConfig, data: &Path, public_url: String) -> Result<Self, SetupError> {
        let vault = match &config.secret_key {
            Some(key) => Vault::new(key.reveal())?,
            None => Vault::with_key(&*key_file::open(&data.join(KEY_FILE))?),
        };
        let allow = if config.allow_private { Allow::Private } else { Allow::PublicOnly };
        let outside = Outside {
            client: client(allow, config.timeout)?,
            allow,
            trusted: client(Allow::Private, config.timeout)?,
            telegram: config.telegram_url.clone(),
            smtp: config.smtp_url.as_ref().map(|url| Secret::new(url.reveal())),
            mail_from: config.mail_from.clone(),
        };
        let public_url = public_url.trim_end_matches('/').to_owned();
        Ok(Self { outside, vault, public_url, timing: Timing { first_retry: config.first_retry } })
    }
}
