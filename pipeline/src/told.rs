//! Who is told what commits change: alerts.
//!
//! A commit hands over its events, the cells of series and the sessions that it changes, while the same
//! goes to ClickHouse, and is recorded as done only after the watcher is. Where nobody watches, nothing is
//! made ready and nothing waits.

use async_trait::async_trait;
use opentrace_events::{Event, SiteId};
use opentrace_operators::{Diff, Session};
use opentrace_store::{SeriesRow, SessionRow};

use crate::intern::Interner;
use crate::journal::Epoch;
use crate::sink::views::session_changes;

/// What an epoch made of a session, which a site, a start and a visitor name.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionChange {
    pub epoch: Epoch,
    /// As it was, unless it is new.
    pub before: Option<SessionRow>,
    /// As it is, unless it is gone.
    pub after: Option<SessionRow>,
}

/// The sessions that a commit changes. They become words when somebody asks: most commits nobody asks.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a> {
    pub(crate) rows: &'a [(Epoch, Vec<(Session, Diff)>)],
    pub(crate) interner: &'a Interner,
}

impl Sessions<'_> {
    /// The changes of some sites, epoch by epoch.
    pub fn changes(&self, of: impl Fn(SiteId) -> bool) -> Vec<SessionChange> {
        let rows = self.rows.iter().map(|(epoch, rows)| (*epoch, rows.as_slice()));
        session_changes(rows, &self.interner.reader(), of)
    }
}

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
    /// None, where [`CommitWatch::wants_sessions`] said no.
    pub sessions: Sessions<'a>,
}

/// Is told.
#[async_trait]
pub trait CommitWatch: Send + Sync + std::fmt::Debug {
    /// Whether somebody wants to be told of the commit that ends with this epoch. Asked for every one, in
    /// order, so that who begins to watch knows which they missed.
    fn wants(&self, last: Epoch) -> bool;

    /// The same of the sessions that it changes, which are kept until it is taken.
    fn wants_sessions(&self, last: Epoch) -> bool;

    /// The pipeline goes on after this epoch, which ClickHouse holds. Called once, before any commit.
    async fn begin(&self, committed: Epoch);

    /// Takes a commit, and returns when what follows from it is durable. After a crash its epochs may
    /// come again, divided otherwise.
    async fn take(&self, commit: Commit<'_>);
}
