//! What all views say of a change: the one list of which functions there are.
//!
//! The dataflow derives each change as it comes; a view that is new is filled by deriving whole
//! histories. Both call [`Rows::derive`], so they cannot differ.

use differential_dataflow::consolidation::consolidate;

use crate::breakdowns::{self, BreakdownCell, BreakdownDelta, Company, act_diffs};
use crate::change::Change;
use crate::definition::Definition;
use crate::fact::Diff;
use crate::features::{Features, feature_diffs};
use crate::funnels::{Passage, funnel_diffs};
use crate::goals::{GoalCell, GoalDelta, goal_diffs};
use crate::retention::{RetentionCell, retention_diffs};
use crate::series::{self, SeriesCell, series_diffs, visitor_diffs};
use crate::sessions::{Session, session_diffs};
use crate::traffic::{self, TrafficCell, TrafficDelta, traffic_diffs};
use crate::uniques::{UniquesCell, unique_diffs};

/// Which views are derived: all of them, but where the cost of each is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    pub sessions: bool,
    pub traffic: bool,
    pub uniques: bool,
    pub breakdowns: bool,
    pub features: bool,
    /// Those that every site has, and those of definitions.
    pub series: bool,
    /// Goals, funnels, retention and series of definitions.
    pub defined: bool,
}

impl Selection {
    pub const ALL: Self = Self {
        sessions: true,
        traffic: true,
        uniques: true,
        breakdowns: true,
        features: true,
        series: true,
        defined: true,
    };
    pub const NONE: Self = Self {
        sessions: false,
        traffic: false,
        uniques: false,
        breakdowns: false,
        features: false,
        series: false,
        defined: false,
    };
}

/// By how much each view changes.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub sessions: Vec<(Session, Diff)>,
    pub traffic: Vec<(TrafficCell, TrafficDelta)>,
    pub uniques: Vec<(UniquesCell, Diff)>,
    pub breakdowns: Vec<(BreakdownCell, BreakdownDelta)>,
    pub companies: Vec<(Company, Diff)>,
    pub features: Vec<(Features, Diff)>,
    pub goals: Vec<(GoalCell, GoalDelta)>,
    pub funnels: Vec<(Passage, Diff)>,
    pub retention: Vec<(RetentionCell, Diff)>,
    pub series: Vec<(SeriesCell, Diff)>,
    /// Minutes with the clock in force: traffic before it is told from its hours and days.
    minutes: Vec<((u32, i64, i32), TrafficDelta)>,
}

impl Rows {
    /// Adds what every view says of a change.
    pub fn derive(&mut self, change: &Change<'_>) {
        self.derive_selected(change, Selection::ALL);
    }

    /// Adds what the views of a selection say of a change. Sessions are part of traffic, and traffic of
    /// the series that every site has.
    pub(crate) fn derive_selected(&mut self, change: &Change<'_>, selection: Selection) {
        self.derive_builtin(change, selection);
        if selection.defined {
            self.derive_defined(change);
        }
    }

    /// Adds what the views that every site has say of a change.
    fn derive_builtin(&mut self, change: &Change<'_>, selection: Selection) {
        let Self { sessions, minutes, uniques, breakdowns, companies, features, series, .. } = self;
        let site = change.person.site;
        let offset_at = |minute: i64| {
            let acts = change.after.iter().chain(change.before);
            acts.clone().find(|(act, _)| act.minute() == minute).map_or(0, |(act, _)| act.offset)
        };
        let mut minute = |minute, delta| minutes.push(((site, minute, offset_at(minute)), delta));
        let traffic = selection.traffic || selection.series;
        if traffic {
            traffic_diffs(change, &mut minute);
        }
        if traffic || selection.sessions || selection.breakdowns {
            session_diffs(change, |session, diff| {
                if traffic {
                    let (start, delta) = traffic::of_session(&session, diff);
                    minute(start, delta);
                }
                if selection.breakdowns {
                    breakdowns::of_session(&session, diff, |cell, delta| breakdowns.push((cell, delta)));
                }
                sessions.push((session, diff));
            });
        }
        if selection.uniques {
            unique_diffs(change, |cell, diff| uniques.push((cell, diff)));
        }
        if selection.breakdowns {
            act_diffs(change, |cell, delta| breakdowns.push((cell, delta)));
            breakdowns::visitor_diffs(
                change,
                |cell, delta| breakdowns.push((cell, delta)),
                |company, diff| companies.push((company, diff)),
            );
        }
        if selection.features {
            feature_diffs(change, |row, diff| features.push((row, diff)));
        }
        if selection.series {
            visitor_diffs(change, |cell, diff| series.push((cell, diff)));
        }
    }

    /// Adds what the site's definitions say of a change.
    pub fn derive_defined(&mut self, change: &Change<'_>) {
        let Self { goals, funnels, retention, series, .. } = self;
        for installed in change.definitions {
            let id = installed.id;
            match &installed.definition {
                Definition::Goal(mark) => {
                    goal_diffs(change, id, *mark, |cell, delta| goals.push((cell, delta)));
                }
                Definition::Funnel(spec) => {
                    funnel_diffs(change, id, spec, |row, diff| funnels.push((row, diff)));
                }
                Definition::Retention(spec) => {
                    retention_diffs(change, id, spec, |cell, diff| retention.push((cell, diff)));
                }
                Definition::Series { of, measure } => {
                    series_diffs(change, id, *of, *measure, |cell, diff| series.push((cell, diff)));
                }
            }
        }
    }

    /// Adds up rows of the same cell; what comes to nothing is left out.
    pub fn consolidate(&mut self) {
        self.consolidate_selected(Selection::ALL);
    }

    pub(crate) fn consolidate_selected(&mut self, selection: Selection) {
        consolidate(&mut self.minutes);
        for ((site, minute, offset), delta) in self.minutes.drain(..) {
            if selection.series {
                series::of_traffic(site, minute, offset, &delta, |cell, diff| self.series.push((cell, diff)));
            }
            self.traffic.push((TrafficCell { site, minute }, delta));
        }
        consolidate(&mut self.traffic);
        consolidate(&mut self.uniques);
        consolidate(&mut self.breakdowns);
        consolidate(&mut self.companies);
        consolidate(&mut self.goals);
        consolidate(&mut self.retention);
        consolidate(&mut self.series);
    }
}
