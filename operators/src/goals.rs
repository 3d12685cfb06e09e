//! Goals: events that matter, such as a sign-up or a view of the page after a purchase.
//!
//! In:    changed stretches of history (`change`), and the site's goals.
//! Out:   per `(site, goal, period, start)` the difference of events, people and revenue.
//! State: none beside the histories.
//! Retraction, late data: differences with the opposite sign, differences of a past period.
//! Cost:  one pass over the acts that came or went per goal; when a goal is met for the first or no
//!        longer for a period, the person's history is looked through once.
//! Wrong when: an event's marks were made with other conditions than the definition's.

use differential_dataflow::difference::{IsZero, Semigroup};
use serde::{Deserialize, Serialize};

use crate::calendar::Period;
use crate::change::Change;
use crate::definition::DefinitionId;
use crate::marks::{Mark, Marks};

/// A goal in a period of the site's calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GoalCell {
    pub site: u32,
    pub goal: DefinitionId,
    pub period: Period,
    /// The first day, in days since 1970-01-01.
    pub start: i32,
}

/// By how much a goal's totals change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GoalDelta {
    pub events: i64,
    pub visitors: i64,
    /// Fixed point in the site's currency.
    pub revenue: i64,
}

/// Emits what a change means for one goal.
pub(crate) fn goal_diffs(
    change: &Change<'_>,
    goal: DefinitionId,
    mark: Mark,
    mut emit: impl FnMut(GoalCell, GoalDelta),
) {
    if !change.moves(Marks::default().with(mark)) {
        return;
    }
    for period in Period::ALL {
        let cell = |start| GoalCell { site: change.person.site, goal, period, start };
        for (act, diff) in change.moved().filter(|(act, _)| act.marks.has(mark)) {
            let delta = GoalDelta { events: diff, revenue: act.revenue * diff, visitors: 0 };
            emit(cell(period.start_of(act)), delta);
        }
        change.distinct(
            |act| act.marks.has(mark),
            |act| period.start_of(act),
            |start, visitors| {
                emit(cell(start), GoalDelta { visitors, ..GoalDelta::default() });
            },
        );
    }
}

impl IsZero for GoalDelta {
    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl Semigroup for GoalDelta {
    fn plus_equals(&mut self, other: &Self) {
        self.events += other.events;
        self.visitors += other.visitors;
        self.revenue += other.revenue;
    }
}
