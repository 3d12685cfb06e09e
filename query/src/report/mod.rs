//! Questions about what people do over time: who comes back, how far they get, which way they go.
//!
//! A report is answered from a view where one that is kept fits (the same definition, whole days, no
//! filter, no division), and from events and visits where not; both give the same numbers.
//!
//! Retention and funnels look at events: where people came from (`visit:source`, `visit:utm_*`, …) is in their
//! filters and divisions what the visit of an event says, other `visit:*` what the event itself came with, which
//! is the same but for who changes place or device within a visit. Journeys are of visits: an attribute of
//! events in their filters asks what a visit has done.

mod course;
mod funnel;
mod journeys;
mod parse;
mod retention;

use opentrace_events::define::{Condition, Definition};
use serde::Serialize;

pub use self::course::{Asked, Course, Courses, Group, STEPS, stretch};
pub use self::funnel::{Funnel, FunnelAnswer, Reached};
pub use self::journeys::{Journeys, JourneysAnswer, Link};
pub use self::parse::{course, funnel, journeys, retention};
pub use self::retention::{Cohort, Retention, RetentionAnswer};
use crate::error::QueryError;
use crate::filter::Filter;
use crate::plan::{Shape, Views};
use crate::query::{DateRange, Dimension, Query};
use crate::range::Range;
use crate::run::Asking;
use crate::sql::Context;

/// Groups of a divided report; those with most people are kept.
pub const GROUPS: u64 = 50;

/// What every report is asked with.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    pub site_id: String,
    pub date_range: DateRange,
    pub filters: Vec<Filter>,
    /// At most one, never time.
    pub dimension: Option<Dimension>,
}

/// One group of a divided report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divided<T> {
    pub dimensions: [String; 1],
    #[serde(flatten)]
    pub part: T,
}

/// Whom a report is asked, and what is kept of the site.
#[derive(Clone, Copy, Debug)]
pub struct Reporting<'a> {
    pub asking: Asking<'a>,
    /// What is defined on the site and kept up to date, for as much as views may be used.
    pub kept: &'a [Definition],
}

impl<'a> Reporting<'a> {
    /// The definition that is kept of this kind, if views may answer.
    fn kept(&self, fits: impl Fn(&Definition) -> bool) -> Option<u32> {
        let kept = (self.asking.views == Views::Use).then_some(self.kept)?;
        kept.iter().find(|definition| fits(definition)).map(|definition| definition.id.0)
    }

    /// What statements of reports are about.
    fn context<'b>(&'b self, query: &'b Query, range: &'b Range, shape: &'b Shape) -> Context<'b> {
        Context {
            site: self.asking.site,
            query,
            range,
            shape,
            filters: &query.filters,
            goals: self.asking.goals,
        }
    }
}

/// The filters as conditions on single events.
fn conditions(about: &About) -> Result<Vec<Condition>, QueryError> {
    about
        .filters
        .iter()
        .enumerate()
        .map(|(place, filter)| crate::define::condition(filter, &format!("filters[{place}]")))
        .collect()
}
