//! What a system elsewhere must offer to hold one partition of the log.

use std::fmt::Debug;

use bytes::Bytes;

use super::envelope::{self, Opened};
use crate::log::Offset;

/// Where a record lies in its shard. Grows with every record; there may be gaps.
pub(crate) type Position = u64;

/// Whether a record may be dropped.
pub(crate) type Goes<'a> = dyn Fn(Position, &Opened<'_>) -> bool + Send + Sync + 'a;

/// One partition of a log that lies elsewhere: records in an order that never changes.
#[async_trait::async_trait]
pub(crate) trait Shard: Send + Sync + Debug + 'static {
    /// Adds a record right after the one at `after` (0: as the first), durably. Returns its position.
    async fn append(&self, after: Position, record: Bytes) -> Result<Position, ShardError>;

    /// The first record at or behind `from` that is there for everybody, if any.
    async fn read(&self, from: Position) -> Result<Option<(Position, Bytes)>, ShardError>;

    /// A position at or before the first record whose events end behind `offset`, and close to it.
    async fn locate(&self, offset: u64) -> Result<Position, ShardError>;

    /// Positions of the first record and of the last, if there are any. A shard that cannot tell the
    /// last without reading gives one before it.
    async fn bounds(&self) -> Result<Option<(Position, Position)>, ShardError>;

    /// The first record between two positions that does not go, where those that go lie in front: its
    /// position and the offset it begins at. One behind it will do where records go in groups only.
    async fn first_that_stays(
        &self,
        bounds: (Position, Position),
        goes: &Goes<'_>,
    ) -> Result<Option<(Position, Offset)>, ShardError> {
        first_that_stays(self, bounds, goes).await
    }

    /// Drops records that end before `before`, and only those. Some may stay.
    async fn cut(&self, before: Position) -> Result<(), ShardError>;

    /// Sees to it that what is added from now on shares no storage with what is there, where storage is
    /// rewritten to wipe records. Asked for before the record at which `wipe` is to stop is added.
    async fn part_storage(&self) -> Result<(), ShardError> {
        Ok(())
    }

    /// Makes what these records hold unreadable for ever, in storage, too. More may be dropped with
    /// them, but nothing at or behind `keep_from`.
    async fn wipe(&self, records: &[Position], keep_from: Position) -> Result<(), ShardError>;

    /// The largest record in bytes.
    fn record_limit(&self) -> usize;
}

/// Why a shard did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShardError {
    /// Something else lies behind the position that was to be the last. Nothing was added.
    #[error("another record came in between")]
    Moved,
    /// There is no room. Nothing was added.
    #[error("the log's storage is full: {0}")]
    Full(String),
    /// No answer: it may have been done, may be done later, or never.
    #[error("{0}")]
    Unknown(String),
    /// It was refused and will be refused again.
    #[error("{0}")]
    Refused(String),
}

/// [`Shard::first_that_stays`] where positions lie close together.
pub(crate) async fn first_that_stays<S: Shard + ?Sized>(
    shard: &S,
    bounds: (Position, Position),
    goes: &Goes<'_>,
) -> Result<Option<(Position, Offset)>, ShardError> {
    Ok(edge(shard, bounds, goes).await?.stays)
}

/// The position of a record that goes, close before the first that stays, where those that go lie in front; the
/// first position where none does. Whoever answers may not know the newest records: it is never behind one that
/// stays.
pub(crate) async fn close_before_what_stays<S: Shard + ?Sized>(
    shard: &S,
    bounds: (Position, Position),
    goes: &Goes<'_>,
) -> Result<Position, ShardError> {
    Ok(edge(shard, bounds, goes).await?.goes.unwrap_or(bounds.0))
}

/// Where records that go end and those that stay begin, as far as whoever answers knows them.
#[derive(Default)]
struct Edge {
    goes: Option<Position>,
    stays: Option<(Position, Offset)>,
}

/// Looks for it. Takes about as many reads as the distance has bits.
async fn edge<S: Shard + ?Sized>(
    shard: &S,
    (mut low, mut high): (Position, Position),
    goes: &Goes<'_>,
) -> Result<Edge, ShardError> {
    let mut edge = Edge::default();
    while low <= high {
        let middle = low + (high - low) / 2;
        if let Some((at, record)) = shard.read(middle).await? {
            let opened = envelope::open(&record).map_err(ShardError::Refused)?;
            if goes(at, &opened) {
                (edge.goes, low) = (Some(at), at + 1);
                continue;
            }
            edge.stays = Some((at, opened.first));
        }
        match middle.checked_sub(1) {
            Some(below) => high = below,
            None => break,
        }
    }
    Ok(edge)
}

/// The last of these positions, in ascending order, whose record goes, and the offset it begins at:
/// all before it go as well. Takes about as many reads as the number of positions has bits.
pub(crate) async fn last_that_goes<S: Shard + ?Sized>(
    shard: &S,
    starts: &[Position],
    goes: &Goes<'_>,
) -> Result<Option<(Position, Offset)>, ShardError> {
    let (mut low, mut high) = (0, starts.len());
    let mut found = None;
    while low < high {
        let middle = low + (high - low) / 2;
        let record = shard.read(starts[middle]).await?;
        let opened = record.as_ref().map(|(at, record)| Ok((*at, envelope::open(record)?)));
        match opened.transpose().map_err(ShardError::Refused)? {
            Some((at, opened)) if goes(at, &opened) => {
                found = Some((at, opened.first));
                low = middle + 1;
            }
            _ => high = middle,
        }
    }
    Ok(found)
}
