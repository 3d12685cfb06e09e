//! Who is told what commits change: alerts.
//!
//! A commit hands over its events and the cells of series that it changes, while the same goes to
//! ClickHouse, and is recorded as done only after the watcher is. Where nobody watches, nothing is made
//! ready and nothing waits.

use async_trait::async_trait;
use opentrace_events::Event;
use opentrace_store::SeriesRow;

use crate::journal::Epoch;

/// What a commit changes.
#[derive(Debug)]
pub struct Commit<'a> {
    /// The epochs in it, inclusive.
    pub first: Epoch,
    pub last: Epoch,
    /// Every cell of a series that changed, with the whole of what the dataflow made it; what history
    /// came to is beside ([`opentrace_store::Origin`]).
    pub series: &'a [SeriesRow],
    /// Each with its epoch, without repeats.
    pub events: Vec<(Epoch, &'a Event)>,
}

/// Is told.
#[async_trait]
pub trait CommitWatch: Send + Sync + std::fmt::Debug {
    /// Whether somebody wants to be told of the commit that ends with this epoch. Asked for every one, in
    /// order, so that who begins to watch knows which they missed.
    fn wants(&self, last: Epoch) -> bool;

    /// The pipeline goes on after this epoch, which ClickHouse holds. Called once, before any commit.
    async fn begin(&self, committed: Epoch);

    /// Takes a commit, and returns when what follows from it is durable. After a crash its epochs may
    /// come again, divided otherwise.
    async fn take(&self, commit: Commit<'_>);
}
