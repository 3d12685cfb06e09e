//! Channels: what is said of an alert, and the ways in which it is said.

mod notice;
mod signature;
#[cfg(test)]
mod tests;
mod webhook;

use std::time::Duration;

pub use notice::{Event, Notice, NoticeData};
pub use signature::{Keys, SignatureError, sign};
pub use webhook::Webhook;

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
}
