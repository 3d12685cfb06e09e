//! One typed language for every question, and the one place that turns it into SQL.
//!
//! A request ([`parse`]) becomes a [`Query`]; with a clock and a site its time range becomes two
//! instants ([`range`]); the planner ([`plan`]) chooses for every metric the view or table that
//! answers it; [`sql`] writes the statements, in which every value is a bound parameter; [`run`]
//! sends them and merges the rows into an [`Answer`].
//!
//! What may be asked is a table, [`catalogue`]: names, meanings, columns and formulas stand there
//! once, and parser, planner, SQL and documentation read it.

pub mod answer;
pub mod ask;
pub mod bucket;
pub mod catalogue;
mod compare;
mod define;
mod error;
pub mod export;
pub mod filter;
pub mod limits;
pub mod live;
pub mod measure;
mod merge;
mod nearest;
pub mod parse;
mod people;
pub mod plan;
mod properties;
mod query;
pub mod range;
pub mod report;
mod rows;
pub mod run;
mod single_events;
pub mod sql;
#[cfg(test)]
mod testing;
mod vocabulary;
mod warnings;
mod whole_visits;

pub use answer::Answer;
pub use compare::Comparison;
pub use define::{Asked, Kind, define};
pub use error::{Blame, QueryError};
pub use export::Format;
pub use filter::{Condition, Filter, Operator};
pub use live::{Live, live};
pub use parse::parse;
pub use people::{Deed, Known, PEOPLE_DAYS, deeds, people};
pub use plan::Views;
pub use properties::{Property, properties};
pub use query::{
    Compare, DateRange, Dimension, Direction, Include, Moment, OrderBy, Pagination, Query, Subject,
};
pub use range::Range;
pub use run::{Asking, run};
pub use single_events::{Goals, events, filters, goals};
pub use vocabulary::{Goal, Segment, Vocabulary};
pub use warnings::Warning;
pub use whole_visits::{EXIT_PAGE, needs_visits, visit_attribute, visits};
