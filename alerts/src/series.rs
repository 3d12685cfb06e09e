//! The cells that rules look at, as the dataflow's `series` view gives them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The number of a series: see `opentrace_operators::SeriesId`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeriesId(pub u32);

impl SeriesId {
    pub const VISITORS: Self = Self(1);
    pub const VISITS: Self = Self(2);
    pub const PAGEVIEWS: Self = Self(3);
    pub const EVENTS: Self = Self(4);
    pub const BOUNCES: Self = Self(5);
    /// Milliseconds.
    pub const DURATION: Self = Self(6);
    /// Fixed point.
    pub const REVENUE: Self = Self(7);
}

/// How long a cell is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    #[default]
    Minute,
    Hour,
    Day,
}

impl Grain {
    /// In seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// The start of the cell that holds an instant, as series count starts: minutes and hours in
    /// UTC, hours cut by the site's clock, days as the midnight of their date in UTC.
    pub fn start_of(self, at: i64, offset: i64) -> i64 {
        match self {
            Self::Minute => at.div_euclid(60) * 60,
            Self::Hour => (at + offset).div_euclid(3_600) * 3_600 - offset,
            Self::Day => (at + offset).div_euclid(86_400) * 86_400,
        }
    }
}

/// A value of the dimension by which a series is grouped; empty for the series as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub Arc<str>);

impl Key {
    /// The series as a whole.
    pub fn whole() -> Self {
        Self(Arc::from(""))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::from(String::deserialize(deserializer)?)))
    }
}

/// A point of a series after an epoch: its whole value, not the difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub site: u32,
    pub series: SeriesId,
    pub grain: Grain,
    pub key: Key,
    /// Seconds since 1970.
    pub start: i64,
    pub value: i64,
}
