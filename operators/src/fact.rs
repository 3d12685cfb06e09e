//! What the dataflow carries: small `Copy` rows in which every string is already a number.

use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::marks::Marks;

/// Dataflow time. Totally ordered; event time stays in the data.
pub type Time = u64;
/// How often a row is there. Aggregates that live in the diff use structs of this.
pub type Diff = i64;

/// An interned string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TextId(pub u64);

/// An interned set of visit attributes (source, place, device, …).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VisitId(pub u64);

/// Whose history a row belongs to: the unit by which state is kept, evicted and erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Person {
    pub site: u32,
    pub visitor: u64,
}

/// What an event counts as. `Engagement` extends a session and counts as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    #[default]
    Pageview,
    Engagement,
    Custom,
}

/// One event as the dataflow sees it. Ordered by person, then time, then id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventFact {
    pub person: Person,
    pub act: Act,
}

/// The part of an event that is not whose it is: 72 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Act {
    /// Milliseconds since 1970 in UTC.
    pub ts: i64,
    /// Breaks ties of `ts`, and tells equal-looking events apart: the low half of the event's id.
    pub id: u64,
    pub path: TextId,
    /// What a custom event is called; 0 for others.
    pub name: TextId,
    pub visit: VisitId,
    /// Fixed point in the site's currency, see `opentrace_events::money`.
    pub revenue: i64,
    /// The conditions of the site's definitions that the event meets.
    pub marks: Marks,
    /// The site's clock minus UTC at `ts`, in seconds.
    pub offset: i32,
    /// The day on which the site's weeks begin, 0 for Monday.
    pub week_start: u8,
    pub kind: Kind,
    pub interactive: bool,
}

impl Act {
    /// Whether it counts as an event.
    pub fn is_counted(&self) -> bool {
        self.kind != Kind::Engagement
    }

    /// The day in the site's time zone, in days since 1970-01-01.
    pub fn day(&self) -> i32 {
        calendar::day(self.ts, self.offset)
    }

    /// The whole minute since 1970 in UTC.
    pub fn minute(&self) -> i64 {
        self.ts.div_euclid(calendar::MINUTE_MS)
    }
}
