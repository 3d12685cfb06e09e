//! The words that a site has added to the language: goals, segments and metrics of its own.

use opentrace_events::define::Condition;

use crate::filter::Filter;
use crate::measure::{self, Measure};

/// What is defined on a site, for queries to name. The default has nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vocabulary {
    /// Values of `event:goal`, in the order they were defined.
    pub goals: Vec<Goal>,
    /// Values of `segment`.
    pub segments: Vec<Segment>,
    /// Metrics by their names.
    pub metrics: Vec<Measure>,
}

/// An event that matters, by its name. Where it is defined, it takes the place of the custom event
/// of that name.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    pub name: String,
    pub event: Condition,
}

/// Saved filters.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    pub id: i64,
    pub name: String,
    /// All of them have to hold.
    pub filters: Vec<Filter>,
}

impl Vocabulary {
    /// The segment of this number or name.
    pub fn segment(&self, called: &str) -> Option<&Segment> {
        let id: Option<i64> = called.parse().ok();
        self.segments.iter().find(|segment| Some(segment.id) == id || segment.name == called)
    }

    /// What a name stands for that is no metric of the catalogue: one of the site's own, or a measure that
    /// the name alone says.
    pub fn measure(&self, name: &str) -> Option<Measure> {
        let own = self.metrics.iter().find(|measure| measure.name == name).cloned();
        own.or_else(|| measure::by_name(name))
    }
}
