//! What time it is, for the one layer that asks: below it, time arrives as data.

use std::time::{SystemTime, UNIX_EPOCH};

use opentrace_events::Timestamp;

/// Now. A clock before 1970 reads as 1970.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
