//! The operator every view hangs on: it holds people's histories and says what a change to them
//! means for each view.
//!
//! In:    rows `(person, act)`, inserted, repeated and retracted in any order; and the definitions
//!        in force.
//! Out:   for each view, at the time of a change, the difference between what its function says of
//!        the history after and before. Rows of one cell are added up per worker and time.
//! State: see [`history`](crate::history); and the definitions.
//! Cost:  a change re-derives its stretch: the maximal run of acts around it with gaps of at most 30
//!        minutes, in the old and the new history together. What acts further apart decide together
//!        (a month, a funnel) a view looks up in the rest of the history, when it must.
//! Wrong when: a function depends on anything but the history it is shown.
//!
//! A definition counts from the time of its row on: changes before it are told without it.

use std::collections::BTreeMap;

use differential_dataflow::{Collection, VecCollection};
use hashbrown::HashMap;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::operators::vec::Broadcast;

use crate::dataflow::Views;
use crate::definition::Installed;
use crate::fact::{Diff, EventFact, Person, Time};
use crate::history::Histories;
use crate::rows::{Rows, Selection};

/// Updates of a view, as they travel.
type Updates<D, R> = Vec<(D, Time, R)>;

/// Where one view's rows leave.
struct Port<D: Clone + 'static, R: Clone + 'static> {
    output: OutputBuilder<Time, CapacityContainerBuilder<Updates<D, R>>>,
}

impl<D: Clone + 'static, R: Clone + 'static> Port<D, R> {
    fn new<'s>(builder: &mut OperatorBuilder<'s, Time>) -> (Self, VecCollection<'s, Time, D, R>) {
        let (output, stream) = builder.new_output::<Updates<D, R>>();
        (Self { output: OutputBuilder::from(output) }, Collection::new(stream))
    }

    fn send(&mut self, capability: &Capability<Time>, rows: &mut Vec<(D, R)>) {
        if rows.is_empty() {
            return;
        }
        let time = *capability.time();
        let mut output = self.output.activate();
        let mut session = output.session(capability);
        for (row, diff) in rows.drain(..) {
            session.give((row, time, diff));
        }
    }
}

/// Number of views, and one for violations.
const PORTS: usize = 11;

/// What waits for its time to be complete.
struct Waiting {
    capabilities: Vec<Capability<Time>>,
    rows: Vec<(EventFact, Diff)>,
}

/// Builds the operator.
pub(crate) fn people<'s>(
    events: VecCollection<'s, Time, EventFact, Diff>,
    definitions: VecCollection<'s, Time, Installed, Diff>,
    selection: Selection,
) -> Views<'s> {
    let mut builder = OperatorBuilder::new("people".to_owned(), events.scope());
    let by_person = Exchange::new(|(fact, _, _): &(EventFact, Time, Diff)| route(fact.person));
    let mut events = builder.new_input(events.inner, by_person);
    let mut changes = builder.new_input(definitions.inner.broadcast(), Pipeline);
    let (mut sessions, sessions_out) = Port::new(&mut builder);
    let (mut traffic, traffic_out) = Port::new(&mut builder);
    let (mut uniques, uniques_out) = Port::new(&mut builder);
    let (mut features, features_out) = Port::new(&mut builder);
    let (mut goals, goals_out) = Port::new(&mut builder);
    let (mut funnels, funnels_out) = Port::new(&mut builder);
    let (mut retention, retention_out) = Port::new(&mut builder);
    let (mut series, series_out) = Port::new(&mut builder);
    let (mut breakdowns, breakdowns_out) = Port::new(&mut builder);
    let (mut companies, companies_out) = Port::new(&mut builder);
    let (mut errors, errors_out) = Port::new(&mut builder);
    builder.build(move |_| {
        let mut histories = Histories::default();
        let mut book = Book::default();
        let mut waiting: BTreeMap<Time, Waiting> = BTreeMap::new();
        let mut announced: BTreeMap<Time, Vec<(Installed, Diff)>> = BTreeMap::new();
        move |frontiers| {
            events.for_each(|capability, rows| {
                for (fact, time, diff) in rows.drain(..) {
                    let waiting = waiting.entry(time).or_insert_with(|| Waiting {
                        capabilities: (0..PORTS).map(|port| capability.delayed(&time, port)).collect(),
                        rows: Vec::new(),
                    });
                    waiting.rows.push((fact, diff));
                }
            });
            changes.for_each(|_, rows| {
                for (installed, time, diff) in rows.drain(..) {
                    announced.entry(time).or_default().push((installed, diff));
                }
            });
            while let Some(entry) = waiting.first_entry()
                && !frontiers.iter().any(|frontier| frontier.less_equal(entry.key()))
            {
                let (time, Waiting { capabilities, rows }) = entry.remove_entry();
                while let Some(changes) = announced.first_entry().filter(|first| *first.key() <= time) {
                    book.update(changes.remove());
                }
                let mut changed = Rows::default();
                let mut violations = Vec::new();
                histories.close(
                    rows,
                    |site| book.of(site),
                    |change| changed.derive_selected(change, selection),
                    |violation, diff| violations.push((violation, diff)),
                );
                changed.consolidate_selected(selection);
                sessions.send(&capabilities[0], &mut changed.sessions);
                traffic.send(&capabilities[1], &mut changed.traffic);
                uniques.send(&capabilities[2], &mut changed.uniques);
                features.send(&capabilities[3], &mut changed.features);
                goals.send(&capabilities[4], &mut changed.goals);
                funnels.send(&capabilities[5], &mut changed.funnels);
                retention.send(&capabilities[6], &mut changed.retention);
                series.send(&capabilities[7], &mut changed.series);
                breakdowns.send(&capabilities[8], &mut changed.breakdowns);
                companies.send(&capabilities[9], &mut changed.companies);
                errors.send(&capabilities[10], &mut violations);
            }
        }
    });
    Views {
        sessions: sessions_out,
        traffic: traffic_out,
        uniques: uniques_out,
        breakdowns: breakdowns_out,
        companies: companies_out,
        features: features_out,
        goals: goals_out,
        funnels: funnels_out,
        retention: retention_out,
        series: series_out,
        errors: errors_out,
    }
}

/// Spreads people over workers. Not a format: it only has to be the same within one run.
fn route(person: Person) -> u64 {
    (person.visitor ^ u64::from(person.site).rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16
}

/// The definitions in force, by site.
#[derive(Debug, Default)]
struct Book {
    sites: HashMap<u32, Vec<Installed>>,
}

impl Book {
    fn of(&self, site: u32) -> &[Installed] {
        self.sites.get(&site).map_or(&[], Vec::as_slice)
    }

    /// Takes in what comes and goes; the order within does not matter, and neither does a second
    /// insertion of what is in force.
    fn update(&mut self, mut changes: Vec<(Installed, Diff)>) {
        differential_dataflow::consolidation::consolidate(&mut changes);
        for (installed, diff) in changes {
            let site = installed.site;
            let held = self.sites.entry(site).or_default();
            held.retain(|other| *other != installed);
            if diff > 0 {
                held.push(installed);
            }
            if held.is_empty() {
                self.sites.remove(&site);
            }
        }
    }
}
