//! The dataflow alone: every view, with eight definitions on each site, one worker, epochs of several sizes. Prints a line of JSON each:
//! `{"epoch_rows","events_per_second","p50_ms","p99_ms"}`.
//!
//! Facts are made beforehand, so that what is timed is feeding an epoch and waiting until every view
//! has passed it. Every event stays in the dataflow. Each size runs in a process of its own.
#![allow(clippy::print_stdout)] // a command-line tool

use std::time::Instant;

use differential_dataflow::input::InputSession;
use opentrace_benches::workload::{Workload, definitions};
use opentrace_operators::dataflow::{Views, build};
use opentrace_operators::{Diff, EventFact, Installed, Time};
use timely::dataflow::operators::probe::Handle;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::io::Result<()> {
    if let Some(epoch_rows) = std::env::args().nth(1).and_then(|rows| rows.parse::<usize>().ok()) {
        let events = (epoch_rows * 300).clamp(300_000, 2_000_000);
        let facts: Vec<EventFact> = Workload::new(7, 4_000_000).take(events).collect();
        measure(epoch_rows, facts);
        return Ok(());
    }
    for epoch_rows in ["100", "1000", "10000", "50000"] {
        std::process::Command::new(std::env::current_exe()?).arg(epoch_rows).status()?;
    }
    Ok(())
}

fn measure(epoch_rows: usize, facts: Vec<EventFact>) {
    timely::execute_directly(move |worker| {
        let mut input = InputSession::<Time, EventFact, Diff>::new();
        let mut changes = InputSession::<Time, Installed, Diff>::new();
        let probe = Handle::new();
        worker.dataflow(|scope| {
            let views = build(input.to_collection(scope), changes.to_collection(scope));
            let Views { sessions, traffic, uniques, breakdowns, companies, features, goals, funnels, retention, series, errors } =
                views;
            macro_rules! probe {
                ($($view:ident)*) => {$( $view.probe_with(&probe); )*};
            }
            probe!(sessions traffic uniques breakdowns companies features goals funnels retention series errors);
        });
        definitions().into_iter().for_each(|installed| changes.update(installed, 1));
        let started = Instant::now();
        let mut epochs = Vec::new();
        for (epoch, rows) in (1..).zip(facts.chunks(epoch_rows)) {
            let epoch_started = Instant::now();
            for fact in rows {
                input.update(*fact, 1);
            }
            input.advance_to(epoch);
            input.flush();
            changes.advance_to(epoch);
            changes.flush();
            worker.step_while(|| probe.less_than(input.time()));
            epochs.push(epoch_started.elapsed().as_secs_f64() * 1e3);
        }
        let seconds = started.elapsed().as_secs_f64();
        epochs.sort_by(f64::total_cmp);
        let at = |share: f64| epochs[((epochs.len() - 1) as f64 * share) as usize];
        println!(
            "{{\"epoch_rows\":{epoch_rows},\"events_per_second\":{:.0},\"p50_ms\":{:.2},\"p99_ms\":{:.2}}}",
            facts.len() as f64 / seconds,
            at(0.5),
            at(0.99),
        );
    });
}
