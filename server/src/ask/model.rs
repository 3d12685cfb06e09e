//! A language model behind an endpoint that speaks OpenAI's protocol for chats.
//!
//! Asked one question at a time, without history and without tools, and only what
//! [`opentrace_query::ask::prompt`] writes. What comes back is text of bounded size that is nobody's
//! until it was checked. Keeps nothing. Whatever goes wrong is an error that the caller may ignore.

use std::time::Duration;

use futures_util::StreamExt;
use opentrace_query::ask::Prompt;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use url::Url;

use crate::config::{ModelConfig, Secret};

/// Bytes of an answer that are read.
const LONGEST: usize = 128 * 1024;
/// Tokens a model may write.
const TOKENS: u32 = 800;
/// Questions that are with the model at once; more of them are not asked.
const AT_ONCE: usize = 4;

/// The endpoint and how it is spoken to.
#[derive(Debug)]
pub struct Model {
    http: reqwest::Client,
    url: Url,
    key: Option<Secret>,
    name: String,
    /// Whether names of events and values of the site are told.
    pub values: bool,
    turns: Semaphore,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("the client of the language model cannot be made")]
    Setup(#[source] reqwest::Error),
    #[error("the language model cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the language model answered {0}")]
    Refused(StatusCode),
    #[error("the language model answered more than {LONGEST} bytes")]
    TooLong,
    #[error("the language model did not answer in the form of its protocol")]
    Form,
    #[error("too many questions are with the language model")]
    Busy,
}

impl ModelError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setup(_) => "model_setup",
            Self::Unreachable(_) => "model_unreachable",
            Self::Refused(_) => "model_refused",
            Self::TooLong => "model_too_long",
            Self::Form => "model_form",
            Self::Busy => "model_busy",
        }
    }
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

impl Model {
    /// The client of an endpoint.
    ///
    /// # Errors
    /// [`ModelError::Setup`].
    pub fn new(config: &ModelConfig) -> Result<Self, ModelError> {
        // The library takes its cryptography from the process; whoever comes second finds it there.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(config.timeout)
            .connect_timeout(config.timeout.min(Duration::from_secs(5)))
            // The key is for this endpoint and no other.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("opentrace/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(ModelError::Setup)?;
        Ok(Self {
            http,
            url: config.url.clone(),
            key: config.key.clone(),
            name: config.name.clone(),
            values: config.values,
            turns: Semaphore::new(AT_ONCE),
        })
    }

    /// What the model writes.
    ///
    /// # Errors
    /// [`ModelError`].
    pub async fn ask(&self, prompt: &Prompt) -> Result<String, ModelError> {
        let _turn = self.turns.try_acquire().map_err(|_| ModelError::Busy)?;
        let body = json!({
            "model": self.name,
            "messages": [
                { "role": "system", "content": prompt.system },
                { "role": "user", "content": prompt.question },
            ],
            "temperature": 0,
            "max_tokens": TOKENS,
            "stream": false,
        });
        let mut request = self.http.post(self.url.clone()).json(&body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.reveal());
        }
        let answer = request.send().await.map_err(ModelError::Unreachable)?;
        if !answer.status().is_success() {
            return Err(ModelError::Refused(answer.status()));
        }
        let mut bytes = Vec::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.map_err(ModelError::Unreachable)?);
            if bytes.len() > LONGEST {
                return Err(ModelError::TooLong);
            }
        }
        let completion: Completion = serde_json::from_slice(&bytes).map_err(|_| ModelError::Form)?;
        completion
            .choices
            .into_iter()
            .next()
            .and_then(|choice| choice.message.content)
            .ok_or(ModelError::Form)
    }
}
