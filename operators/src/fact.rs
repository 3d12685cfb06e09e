//! What the dataflow carries: small `Copy` rows in which every string is already a number.

use serde::{Deserialize, Serialize};

/// Dataflow time. Totally ordered; event time stays in the data.
pub type Time = u64;
/// How often a row is there. Aggregates that live in the diff use tuples or arrays of this.
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

/// The part of an event that is not whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Act {
    /// Milliseconds since 1970 in UTC.
    pub ts: i64,
    /// Breaks ties of `ts`, and tells equal-looking events apart: the low half of the event's id.
    pub id: u64,
    pub path: TextId,
    pub visit: VisitId,
    /// Fixed point in the site's currency, see `opentrace_events::money`.
    pub revenue: i64,
    /// The day in the site's time zone, in days since 1970-01-01.
    pub day: i32,
    /// The first day of its week, as the site starts weeks.
    pub week: i32,
    pub kind: Kind,
    pub interactive: bool,
}
