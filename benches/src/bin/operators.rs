//! What each operator costs: the dataflow with one view at a time, on one worker, in epochs of 1,000
//! rows. Prints a line of JSON each:
//! `{"view","rows_per_event","events_per_second","microseconds_per_event","share"}`.
//!
//! `histories` is the dataflow without any view: exchange, sorting and the histories themselves. The
//! time of a view is what it takes longer than that, its share that time in proportion to all views
//! together, and its rate what the view alone could keep up with. Sessions are part of traffic, and
//! traffic of series, so shares add up to more than one. Time is the processor's, so that others on
//! the machine do not count.
#![allow(clippy::print_stdout)] // a command-line tool

use std::cell::RefCell;
use std::rc::Rc;

use differential_dataflow::input::InputSession;
use opentrace_benches::workload::{Workload, definitions};
use opentrace_operators::dataflow::{Views, build_selected};
use opentrace_operators::{Definition, Diff, EventFact, Installed, Selection, Time};
use serde_json::json;
use timely::dataflow::operators::probe::Handle;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: usize = 400_000;
const EPOCH_ROWS: usize = 1_000;

/// A run: its name, the views, and which definitions are in force.
type Case = (&'static str, Selection, fn(&Definition) -> bool);

const NONE: Selection = Selection::NONE;
const CASES: [Case; 11] = [
    ("histories", NONE, |_| false),
    ("sessions", Selection { sessions: true, ..NONE }, |_| false),
    ("traffic", Selection { traffic: true, ..NONE }, |_| false),
    ("uniques", Selection { uniques: true, ..NONE }, |_| false),
    ("breakdowns", Selection { breakdowns: true, ..NONE }, |_| false),
    ("features", Selection { features: true, ..NONE }, |_| false),
    ("series", Selection { series: true, defined: true, ..NONE }, |it| {
        matches!(it, Definition::Series { .. })
    }),
    ("goals", Selection { defined: true, ..NONE }, |it| matches!(it, Definition::Goal(_))),
    ("funnels", Selection { defined: true, ..NONE }, |it| matches!(it, Definition::Funnel(_))),
    ("retention", Selection { defined: true, ..NONE }, |it| matches!(it, Definition::Retention(_))),
    ("all", Selection::ALL, |_| true),
];

/// What a run took, and how many rows each view emitted.
struct Measured {
    seconds: f64,
    rows: [u64; 8],
}

fn main() {
    let events = std::env::args().nth(1).and_then(|events| events.parse().ok()).unwrap_or(EVENTS);
    let facts: Vec<EventFact> = Workload::new(7, 4_000_000).take(events).collect();
    measure(&facts[..facts.len().min(50_000)], NONE, |_| false); // warms caches and the allocator
    let runs = CASES.map(|(name, selection, defined)| (name, measure(&facts, selection, defined)));
    let (none, all) = (runs[0].1.seconds, runs[runs.len() - 1].1.seconds);
    for (name, run) in &runs {
        let alone = if *name == "histories" { none } else { run.seconds - none };
        let per_event = alone / facts.len() as f64;
        let view = [
            "sessions",
            "traffic",
            "uniques",
            "breakdowns",
            "companies",
            "features",
            "goals",
            "funnels",
            "retention",
            "series",
        ];
        let rows: u64 = match view.iter().position(|view| view == name) {
            Some(place) => run.rows[place],
            None => run.rows.iter().sum(),
        };
        println!(
            "{}",
            json!({
                "view": name,
                "rows_per_event": (rows as f64 / facts.len() as f64 * 100.0).round() / 100.0,
                "events_per_second": (1.0 / per_event.max(1e-9)).round(),
                "microseconds_per_event": (per_event * 1e8).round() / 100.0,
                "share": (alone / all * 1000.0).round() / 1000.0,
            })
        );
    }
}

/// What this thread has had of the processor.
fn processor_seconds() -> f64 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = spent.split_whitespace().next().and_then(|spent| spent.parse::<u64>().ok());
    nanoseconds.unwrap_or(0) as f64 / 1e9
}

fn measure(facts: &[EventFact], selection: Selection, defined: fn(&Definition) -> bool) -> Measured {
    let facts = facts.to_vec();
    timely::execute_directly(move |worker| {
        let mut input = InputSession::<Time, EventFact, Diff>::new();
        let mut changes = InputSession::<Time, Installed, Diff>::new();
        let probe = Handle::new();
        let rows = Rc::new(RefCell::new([0u64; 8]));
        worker.dataflow(|scope| {
            let views = build_selected(input.to_collection(scope), changes.to_collection(scope), selection);
            let Views { sessions, traffic, uniques, breakdowns, companies, features, goals, funnels, retention, series, errors } =
                views;
            let mut place = 0..;
            macro_rules! count {
                ($($view:ident)*) => {$(
                    let (tally, at) = (Rc::clone(&rows), place.next().unwrap_or(0));
                    $view.inspect_batch(move |_, batch| tally.borrow_mut()[at] += batch.len() as u64).probe_with(&probe);
                )*};
            }
            count!(sessions traffic uniques breakdowns companies features goals funnels retention series);
            errors.probe_with(&probe);
        });
        definitions().into_iter().filter(|it| defined(&it.definition)).for_each(|it| changes.update(it, 1));
        let started = processor_seconds();
        for (epoch, rows) in (1..).zip(facts.chunks(EPOCH_ROWS)) {
            for fact in rows {
                input.update(*fact, 1);
            }
            input.advance_to(epoch);
            input.flush();
            changes.advance_to(epoch);
            changes.flush();
            worker.step_while(|| probe.less_than(input.time()));
        }
        let rows = *rows.borrow();
        Measured { seconds: processor_seconds() - started, rows }
    })
}
