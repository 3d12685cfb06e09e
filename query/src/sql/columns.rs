//! Where an attribute stands in the rows of a statement, and what an empty one is called.

use super::Value;
use super::builder::Builder;
use crate::catalogue::{NO_PROPERTY, Scope};
use crate::plan::Source;
use crate::query::Dimension;

/// An attribute of the rows.
pub(super) struct Column {
    /// SQL of the value as stored; empty where there is none.
    pub(super) stored: String,
    /// What an empty value is called: a constant of the catalogue. Empty where none can be.
    pub(super) empty: &'static str,
    /// The column of the event's name, where only custom events have the attribute.
    pub(super) custom_only: Option<String>,
}

impl Column {
    /// The value as answers call it.
    pub(super) fn named(&self) -> String {
        let Self { stored, empty, .. } = self;
        if empty.is_empty() { stored.clone() } else { format!("if({stored} = '', '{empty}', {stored})") }
    }
}

impl Builder<'_> {
    /// Which rows hold an attribute.
    pub(super) fn side_of(&self, dimension: &Dimension) -> Scope {
        match dimension.field() {
            Some(field) if field.scope == Scope::Visit => Scope::Visit,
            Some(field) if self.of_whole_visits() && field.visit_column.is_some() => Scope::Visit,
            _ => Scope::Event,
        }
    }

    /// The column of an attribute. Time has none.
    pub(super) fn column(&mut self, dimension: &Dimension) -> Column {
        let field = match dimension {
            Dimension::Property(key) => {
                let key = self.bind(Value::Text(key.clone()));
                let stored = format!("{}[{key}]", self.event_column("props"));
                return Column { stored, empty: NO_PROPERTY, custom_only: None };
            }
            Dimension::Field(field) => field,
            Dimension::Time | Dimension::Bucket(_) => {
                return Column { stored: "''".to_owned(), empty: "", custom_only: None };
            }
        };
        if let Some(people) = field.people {
            self.people.insert(field.column, people);
        }
        if let Source::Breakdowns(_) = self.source {
            let stored = field.places.map_or("value".to_owned(), |places| places.named("value"));
            return Column { stored, empty: field.empty, custom_only: None };
        }
        let stands_in = field.visit_column.filter(|_| self.of_whole_visits());
        let stored = match (field.scope, stands_in) {
            (Scope::Visit, _) => self.visit_column(field.column),
            (Scope::Event, Some(column)) => self.visit_column(column),
            (Scope::Event, None) => self.event_column(field.column),
        };
        let stored = match field.places {
            Some(places) => places.named(&stored),
            None => stored,
        };
        let custom_only = field.custom_only.then(|| self.event_column("name"));
        Column { stored, empty: field.empty, custom_only }
    }
}
