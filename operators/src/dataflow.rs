//! The wiring: which views there are and what they are made of. A new view is a file and a line.

use differential_dataflow::VecCollection;
use serde::{Deserialize, Serialize};

use crate::fact::{Diff, EventFact, Time};
use crate::keyed::{Violation, person_diffs};
use crate::sessions::{Session, session_diffs};
use crate::traffic::{TrafficCell, TrafficDelta, active_minute_diffs, traffic};
use crate::uniques::{UniquesCell, active_period_diffs, uniques};

/// What the views emit: at each time, by how much they change.
#[allow(missing_debug_implementations)] // collections have none
pub struct Views<'s> {
    pub sessions: VecCollection<'s, Time, Session, Diff>,
    pub traffic: VecCollection<'s, Time, TrafficCell, TrafficDelta>,
    pub uniques: VecCollection<'s, Time, UniquesCell, Diff>,
    /// Rows taken out more often than put in: a defect of whoever feeds the dataflow.
    pub errors: VecCollection<'s, Time, Violation, Diff>,
}

/// What one person's history says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum PersonFact {
    Session(Session),
    ActiveMinute(TrafficCell),
    ActivePeriod(UniquesCell),
}

/// Builds every view on one collection of events.
pub fn build(events: VecCollection<'_, Time, EventFact, Diff>) -> Views<'_> {
    let (facts, errors) = person_diffs(events.clone(), "people", |change, emit| {
        session_diffs(change, &mut |session, diff| emit(PersonFact::Session(session), diff));
        active_minute_diffs(change, &mut |cell, diff| emit(PersonFact::ActiveMinute(cell), diff));
        active_period_diffs(change, &mut |cell, diff| emit(PersonFact::ActivePeriod(cell), diff));
    });
    let sessions = facts.clone().flat_map(|fact| match fact {
        PersonFact::Session(session) => Some(session),
        _ => None,
    });
    let minutes = facts.clone().flat_map(|fact| match fact {
        PersonFact::ActiveMinute(cell) => Some(cell),
        _ => None,
    });
    let periods = facts.flat_map(|fact| match fact {
        PersonFact::ActivePeriod(cell) => Some(cell),
        _ => None,
    });
    Views { traffic: traffic(events, sessions.clone(), minutes), uniques: uniques(periods), sessions, errors }
}
