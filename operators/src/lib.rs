//! Dataflow operators of OpenTrace: one file, one view, one oracle test.
//!
//! Views are sums over people of a function of each person's history, so that the dataflow needs to
//! hold only the people something happens to; outputs are read as differences at each time, and no
//! operator keeps totals. [`people`] is the operator, every other file a function on changes.

mod breakdowns;
mod calendar;
mod change;
pub mod dataflow;
mod definition;
mod fact;
mod features;
mod funnels;
mod goals;
mod history;
mod marks;
mod people;
mod retention;
mod rows;
mod series;
mod sessions;
mod traffic;
mod uniques;

pub use breakdowns::{BreakdownCell, BreakdownDelta, By, Company, NEVER};
pub use calendar::{Period, first_of_month};
pub use change::{Change, Counted, GAP_MS};
pub use definition::{Definition, DefinitionId, FunnelSpec, Installed, Measure, Order, RetentionSpec};
pub use fact::{Act, Diff, EventFact, Kind, Person, TextId, Time, VisitId};
pub use features::Features;
pub use funnels::Passage;
pub use goals::{GoalCell, GoalDelta};
pub use history::Violation;
pub use marks::{Mark, Marks};
pub use retention::{RetentionCell, SIZE};
pub use rows::{Rows, Selection};
pub use series::{Builtin, SeriesCell, SeriesGrain, SeriesId};
pub use sessions::{DEEDS, Deed, LONGEST_WHOLE_MS, STOPS, Session};
pub use traffic::{TrafficCell, TrafficDelta};
pub use uniques::UniquesCell;
