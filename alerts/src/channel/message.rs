//! A message on its way to a channel: what the outbox holds.

use serde::{Deserialize, Serialize};

use super::{Graph, Notice};
use crate::evaluate::OpeningId;

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Receivers tell repetitions by it.
    pub id: String,
    /// The alert; `None` for a test.
    pub opening: Option<OpeningId>,
    pub notice: Notice,
    /// What was measured and when that breaks the rule, in a few words: `pageviews in 5m, above 100`.
    pub about: String,
    pub graph: Option<Graph>,
}
