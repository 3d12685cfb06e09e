//! Channels: what is said of an alert, and the ways in which it is said.
//!
//! A kind of channel is a file here with a [`Kind`], and a line in [`KINDS`].

mod discord;
mod email;
mod graph;
mod http;
mod kind;
mod message;
mod notice;
mod picture;
mod signature;
mod slack;
pub mod telegram;
#[cfg(test)]
mod tests;
mod webhook;
mod words;

use std::time::Duration;

use async_trait::async_trait;

pub use graph::Graph;
pub use kind::{Kind, Outside, Settings};
pub use message::Message;
pub use notice::{Event, Notice, NoticeData};
pub use picture::picture;
pub use signature::{Keys, SignatureError, sign};
pub use webhook::Webhook;

/// Every kind of channel.
pub const KINDS: &[Kind] = &[webhook::KIND, telegram::KIND, discord::KIND, slack::KIND, email::KIND];

/// How fast a channel may be spoken to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Messages at once, after a silence.
    pub burst: u32,
    /// Messages per second in the long run.
    pub per_second: f64,
}

/// A way to tell somebody.
#[async_trait]
pub trait Channel: std::fmt::Debug + Send + Sync {
    /// How fast its service wants to be spoken to.
    fn pace(&self) -> Pace;

    /// Whether many alerts at once may be told in one message. Programs want each by itself.
    fn bundles(&self) -> bool;

    /// Sends messages: one, or several in one where the channel bundles. With the same ids they may be
    /// sent again: receivers take them once, as far as the service lets them know.
    ///
    /// # Errors
    /// [`SendError`], for all of them.
    async fn send(&self, messages: &[Message]) -> Result<(), SendError>;
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may be taken later; not before `after`, where the receiver said so.
    #[error("not now: {reason}")]
    Later { reason: String, after: Option<Duration> },
    /// Trying again cannot help.
    #[error("refused: {reason}")]
    Never { reason: String },
}

impl SendError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Later { .. } => "channel_busy",
            Self::Never { .. } => "channel_refused",
        }
    }

    pub(crate) fn never(reason: impl ToString) -> Self {
        Self::Never { reason: reason.to_string() }
    }

    pub(crate) fn later(reason: impl ToString) -> Self {
        Self::Later { reason: reason.to_string(), after: None }
    }
}
