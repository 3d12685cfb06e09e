//! The wiring: which views there are and what they are made of.
//!
//! A new view is a file with a function of changes and a line in [`rows`](crate::rows), in
//! [`people`](crate::people) and here.

use differential_dataflow::VecCollection;

use crate::breakdowns::{BreakdownCell, BreakdownDelta, Company};
use crate::definition::Installed;
use crate::fact::{Diff, EventFact, Time};
use crate::features::Features;
use crate::funnels::Passage;
use crate::goals::{GoalCell, GoalDelta};
use crate::history::Violation;
use crate::people::people;
use crate::retention::RetentionCell;
use crate::rows::Selection;
use crate::series::SeriesCell;
use crate::sessions::Session;
use crate::traffic::{TrafficCell, TrafficDelta};
use crate::uniques::UniquesCell;

/// What the views emit: at each time, by how much they change.
#[allow(missing_debug_implementations)] // collections have none
pub struct Views<'s> {
    pub sessions: VecCollection<'s, Time, Session, Diff>,
    pub traffic: VecCollection<'s, Time, TrafficCell, TrafficDelta>,
    pub uniques: VecCollection<'s, Time, UniquesCell, Diff>,
    pub breakdowns: VecCollection<'s, Time, BreakdownCell, BreakdownDelta>,
    pub companies: VecCollection<'s, Time, Company, Diff>,
    pub features: VecCollection<'s, Time, Features, Diff>,
    pub goals: VecCollection<'s, Time, GoalCell, GoalDelta>,
    pub funnels: VecCollection<'s, Time, Passage, Diff>,
    pub retention: VecCollection<'s, Time, RetentionCell, Diff>,
    pub series: VecCollection<'s, Time, SeriesCell, Diff>,
    /// Rows taken out more often than put in: a defect of whoever feeds the dataflow.
    pub errors: VecCollection<'s, Time, Violation, Diff>,
}

/// Builds every view on one collection of events and one of definitions.
///
/// Rows may be given to any worker; definitions to one of them only.
pub fn build<'s>(
    events: VecCollection<'s, Time, EventFact, Diff>,
    definitions: VecCollection<'s, Time, Installed, Diff>,
) -> Views<'s> {
    build_selected(events, definitions, Selection::ALL)
}

/// Builds a selection of the views: to measure what each costs.
pub fn build_selected<'s>(
    events: VecCollection<'s, Time, EventFact, Diff>,
    definitions: VecCollection<'s, Time, Installed, Diff>,
    selection: Selection,
) -> Views<'s> {
    people(events, definitions, selection)
}
