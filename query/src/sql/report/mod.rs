//! Statements of reports.

mod funnel;
mod journeys;
mod retention;

pub(crate) use funnel::{funnel, kept_funnel};
pub(crate) use journeys::journeys;
use opentrace_events::define::Condition;
pub(crate) use retention::{kept_retention, retention};

use super::Value;
use super::builder::Builder;
use crate::query::Dimension;

/// Events of one person are ordered by their time, then by the lower half of their id, as the
/// dataflow orders them.
const AT: &str =
    "(toUnixTimestamp64Milli(e.ts), reinterpretAsUInt64(reverse(substring(UUIDToNum(e.id), 9, 8))))";

impl Builder<'_> {
    /// What an event is called by an attribute of its own; empty where nothing divides.
    fn own(&mut self, dimension: Option<&Dimension>) -> String {
        let (stored, empty) = match dimension {
            Some(Dimension::Field(field)) => {
                (format!("toString({})", self.event_column(field.column)), field.empty)
            }
            Some(Dimension::Property(key)) => {
                let key = self.bind(Value::Text(key.clone()));
                (format!("{}[{key}]", self.event_column("props")), crate::catalogue::NO_PROPERTY)
            }
            _ => return "''".to_owned(),
        };
        format!("if({stored} = '', '{empty}', {stored})")
    }

    /// The conditions, joined; each event is looked at alone.
    fn all(&mut self, conditions: &[Condition]) -> Vec<String> {
        conditions.iter().map(|condition| self.event(condition)).collect()
    }
}
