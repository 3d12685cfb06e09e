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

/// A text that is no number of a visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the number of a visitor is decimal, such as 12345678901234567890")]
pub struct NoVisitor;

impl std::str::FromStr for VisitorId {
    type Err = NoVisitor;

    /// A decimal number; hexadecimal with `0x` before it, or with a letter in it, as exports once wrote it.
    fn from_str(text: &str) -> Result<Self, NoVisitor> {
        let (digits, radix) = match text.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None if text.bytes().any(|byte| byte.is_ascii_alphabetic()) => (text, 16),
            None => (text, 10),
        };
        // What numbers in Rust may have besides digits is a sign.
        if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(NoVisitor);
        }
        u64::from_str_radix(digits, radix).map(Self).map_err(|_| NoVisitor)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visitors_are_decimal_numbers_and_hexadecimal_ones_are_told_by_a_letter() {
        let read = |text: &str| text.parse().map(|VisitorId(number)| number);
        assert_eq!(read("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(read("1234"), Ok(1234));
        assert_eq!((read("0x1234"), read("ff"), read("0xFF")), (Ok(0x1234), Ok(255), Ok(255)));
        for text in ["", "0x", "-1", "+1", "1.0", "1 ", "18446744073709551616", "nobody"] {
            assert_eq!(read(text), Err(NoVisitor), "{text}");
        }
    }
}
