//! Typed identifiers. A site is not a visitor is not an epoch: the compiler keeps them apart.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A site, numbered by the metadata database.
    SiteId(u32)
}
id! {
    /// A person as far as a site may know one: a keyed hash that lives for a UTC day, or, where the
    /// site is in identified mode, a hash of the identifier the client sent.
    VisitorId(u64)
}
id! {
    /// Something a user defined, numbered by the metadata database. No number is given twice.
    DefinitionId(u32)
}
id! {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64)
}

/// Milliseconds in a UTC day.
pub const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// Days since 1970-01-01 in UTC.
    pub fn utc_day(self) -> i32 {
        // i64 milliseconds reach ±292 million years; accepted ones lie between 1970 and a day ahead of the clock.
        self.0.div_euclid(DAY_MS) as i32
    }
}
