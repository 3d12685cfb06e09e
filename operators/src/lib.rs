//! Dataflow operators of OpenTrace: one file, one operator, one oracle test.
//!
//! Everything here is a function on differential collections. Views are sums over people of a
//! function of each person's history, so that the dataflow needs to hold only the people something
//! happens to; outputs are read as differences at each time, and no operator keeps totals.

pub mod dataflow;
pub mod fact;
pub mod keyed;
pub mod sessions;
pub mod traffic;
pub mod uniques;

pub use fact::{Act, Diff, EventFact, Kind, Person, TextId, Time, VisitId};
pub use keyed::Violation;
pub use sessions::Session;
pub use traffic::{TrafficCell, TrafficDelta};
pub use uniques::{Period, UniquesCell};
