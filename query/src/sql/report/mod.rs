//! Statements of reports.
//!
//! Where people came from is asked of the visit that an event belongs to, because a click within a site has no
//! source of its own: only then are events joined with their visits. Every event carries the other attributes of
//! its visit, such as country and device.

mod funnel;
mod journeys;
mod retention;

pub(crate) use funnel::{funnel, kept_funnel};
pub(crate) use journeys::journeys;
use opentrace_events::define::Condition;
pub(crate) use retention::{kept_retention, retention};

use super::builder::Builder;
use crate::catalogue::Scope;
use crate::plan::Source;
use crate::query::Dimension;
use crate::report::About;

/// Events of one person are ordered by their time, then by the lower half of their id, as the
/// dataflow orders them.
const AT: &str =
    "(toUnixTimestamp64Milli(e.ts), reinterpretAsUInt64(reverse(substring(UUIDToNum(e.id), 9, 8))))";

/// What a report's statement reads, and how.
struct Acts {
    /// From `FROM` to the end of `WHERE`.
    from: String,
    /// What an event is called; empty where nothing divides.
    label: String,
}

/// Columns of what only the first event of a visit came with.
const ORIGIN: [&str; 7] = ["referrer", "source", "medium", "campaign", "term", "content", "channel"];

/// Where the rows of a report about single events stand.
fn source(about: &About) -> Source {
    let is_origin = |dimension: &Dimension| {
        dimension.field().is_some_and(|field| field.scope == Scope::Visit && ORIGIN.contains(&field.column))
    };
    let mut joins = about.dimension.as_ref().is_some_and(is_origin);
    for filter in &about.filters {
        filter.conditions(&mut |condition| joins |= is_origin(&condition.dimension));
    }
    if joins { Source::EventsInVisits } else { Source::Events }
}

impl Builder<'_> {
    /// The events that count between two instants, meet the filters (`own` are the same as conditions on events
    /// alone) and `others`.
    fn report(
        &mut self,
        about: &About,
        own: &[Condition],
        (from, to): (i64, i64),
        others: Option<String>,
    ) -> Acts {
        let label = self.own(about.dimension.as_ref());
        let mut conditions = self.counted_between(from, to);
        conditions.extend(others);
        let from = match self.source {
            Source::EventsInVisits => {
                self.event_columns.extend(["id", "ts"]);
                let mut of_visits = Vec::new();
                for (filter, condition) in about.filters.iter().zip(own) {
                    match self.side(filter) {
                        Some(Scope::Event) => conditions.push(self.event(condition)),
                        _ => of_visits.push(filter.clone()),
                    }
                }
                self.joined(&of_visits, conditions, (from, to), None, "e.ts <= s.end")
            }
            _ => {
                conditions.extend(own.iter().map(|condition| self.event(condition)));
                format!("FROM events AS e WHERE {}", conditions.join(" AND "))
            }
        };
        Acts { from, label }
    }

    /// What an event is called by an attribute of its own or of its visit; empty where nothing divides.
    fn own(&mut self, dimension: Option<&Dimension>) -> String {
        let (stored, empty) = match dimension {
            Some(Dimension::Field(field)) if self.source == Source::Events => {
                (self.event_column(field.column), field.empty)
            }
            Some(dimension) => {
                let column = self.column(dimension);
                (column.stored, column.empty)
            }
            None => return "''".to_owned(),
        };
        format!("if(toString({stored}) = '', '{empty}', toString({stored}))")
    }
}
