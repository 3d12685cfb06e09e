//! The id of an event.

use rand::RngCore;
use uuid::{Builder, Uuid};

use super::sent;
use crate::ids::Timestamp;
use crate::limits::{Limits, excess};
use crate::rejection::Rejection;

/// The id and whether the client chose it.
///
/// A client's UUID is kept; any other text it sends is hashed into a version 8 UUID, the same for the
/// same text. Without one the event gets a version 7 UUID, which nothing else can have.
pub(super) fn of(text: Option<&str>, now: Timestamp, limits: &Limits) -> Result<(Uuid, bool), Rejection> {
    let Some(text) = text else { return Ok((fresh(now), false)) };
    let text = sent(Some(text)).ok_or(Rejection::IdInvalid)?;
    if let Ok(id) = Uuid::try_parse(text) {
        return if id.is_nil() { Err(Rejection::IdInvalid) } else { Ok((id, true)) };
    }
    match excess(text, limits.id) {
        Some(chars) => Err(Rejection::IdTooLong { chars, limit: limits.id }),
        None => Ok((hashed(&[b"id", text.as_bytes()]), true)),
    }
}

/// The id of the event at `index` of a request with an `Idempotency-Key`, where it has none of its
/// own: the same request sent again has the same ids. `scope` says who may repeat whom: the caller's
/// key, so that two callers with the same habits do not meet.
///
/// The client chose it, in effect; to have it treated so, it is put into the event's `id`.
pub fn derive_id(scope: &str, key: &str, index: usize) -> Uuid {
    hashed(&[b"idempotency", scope.as_bytes(), key.as_bytes(), &(index as u64).to_le_bytes()])
}

/// A version 8 UUID of length-prefixed parts.
pub(crate) fn hashed(parts: &[&[u8]]) -> Uuid {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Uuid::new_v8(first)
}

fn fresh(now: Timestamp) -> Uuid {
    let mut random = [0; 10];
    rand::rng().fill_bytes(&mut random);
    // The clock is past 1970.
    Builder::from_unix_timestamp_millis(now.0.max(0).unsigned_abs(), &random).into_uuid()
}
