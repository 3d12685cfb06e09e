//! How much one query may ask for. Every limit answers with an error that names the field.

use std::time::Duration;

/// Metrics in one query.
pub const METRICS: usize = 16;
/// Dimensions in one query.
pub const DIMENSIONS: usize = 8;
/// How deep `and`, `or` and `not` may nest.
pub const FILTER_DEPTH: usize = 8;
/// Conditions in all filters together.
pub const CONDITIONS: usize = 64;
/// Values in one condition. The engine's multi-needle search takes at most 255.
pub const VALUES: usize = 250;
/// Characters in one value of a condition.
pub const VALUE_LENGTH: usize = 2_000;
/// Characters in the key of a property, as in the event model.
pub const PROPERTY_KEY_LENGTH: usize = 300;
/// Rows in one answer.
pub const PAGE: u64 = 10_000;
/// Rows that may be skipped.
pub const OFFSET: u64 = 10_000_000;
/// Buckets listed by `include.time_labels`.
pub const TIME_LABELS: usize = 50_000;
/// Groups that one statement may return where several have to be merged.
pub const MERGED_GROUPS: u64 = 500_000;

/// What the engine may spend on one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub time: Duration,
    /// In bytes.
    pub memory: u64,
}

impl Default for Budget {
    /// Half a minute and four gigabytes.
    fn default() -> Self {
        Self { time: Duration::from_secs(30), memory: 4 << 30 }
    }
}
