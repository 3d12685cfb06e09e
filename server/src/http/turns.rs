//! Turns at ClickHouse: how many questions are with it at once.
//!
//! A question that goes through rows keeps every core busy by itself. Many of them side by side would
//! each be as slow as all together and need the memory of all, so that some would have to be refused; they
//! come one after the other instead, a few at a time. Questions about sums that are kept pass them by.

use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::ApiError;

/// Questions that are with ClickHouse at once, whatever they cost; each may be several statements.
const QUESTIONS: usize = 32;
/// Those among them that go through rows, at least.
const THROUGH_ROWS: usize = 2;
/// The longest a question waits where all that is before it is short.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a question costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It reads sums that are kept.
    Kept,
    /// It goes through visits or events.
    Rows,
}

/// See the module. Who waits longest is next.
#[derive(Debug)]
pub(super) struct Turns {
    all: Semaphore,
    rows: Semaphore,
    /// The longest a question that goes through rows waits for those before it.
    patience: Duration,
}

/// A question's turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    _all: SemaphorePermit<'a>,
    _rows: Option<SemaphorePermit<'a>>,
}

impl Turns {
    /// `longest` is how long one statement may take. A question waits for two of those before it.
    pub(super) fn new(longest: Duration) -> Self {
        let cores = available_parallelism().map_or(THROUGH_ROWS, usize::from);
        Self {
            all: Semaphore::new(QUESTIONS),
            rows: Semaphore::new(cores.clamp(THROUGH_ROWS, QUESTIONS)),
            patience: (longest * 2).max(PATIENCE),
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// `busy` where too many are before it.
    pub(super) async fn take(&self, weight: Weight) -> Result<Turn<'_>, ApiError> {
        // In this order: who waits for rows holds up nobody else.
        let rows = match weight {
            Weight::Kept => None,
            Weight::Rows => Some(permit(&self.rows, self.patience).await?),
        };
        Ok(Turn { _all: permit(&self.all, PATIENCE).await?, _rows: rows })
    }
}

async fn permit(semaphore: &Semaphore, patience: Duration) -> Result<SemaphorePermit<'_>, ApiError> {
    // The semaphores are never closed, so an error is the timeout.
    timeout(patience, semaphore.acquire()).await.ok().and_then(Result::ok).ok_or_else(busy)
}

pub(super) fn busy() -> ApiError {
    ApiError::unavailable("busy", "too many questions at once", PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn questions_about_sums_pass_by_those_through_rows() {
        let turns = Turns::new(Duration::from_secs(30));
        let mut taken = Vec::new();
        for _ in 0..turns.rows.available_permits() {
            taken.push(turns.take(Weight::Rows).await.expect("a turn"));
        }
        assert!(timeout(Duration::from_secs(59), turns.take(Weight::Rows)).await.is_err(), "waits");
        turns.take(Weight::Kept).await.expect("a turn at once");
        assert_eq!(turns.take(Weight::Rows).await.expect_err("nobody is done").code(), "busy");
        taken.pop();
        turns.take(Weight::Rows).await.expect("the place of who is done");
    }
}
