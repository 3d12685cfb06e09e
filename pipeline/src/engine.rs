//! The engine: timely workers on threads of their own, fed one epoch at a time.
//!
//! Dataflow time is two per epoch. At the even time `2e` history comes and goes silently (hydration
//! and eviction): what the views emit there is dropped. At the odd time `2e + 1` the epoch's events
//! are fed: what the views emit there are the exact differences the epoch makes.
//!
//! Threads: each worker owns its dataflow and its input; rows reach it over a bounded channel,
//! results leave over another. A worker that panics ends the process: its peers would otherwise
//! wait for it for ever, and recovery is a restart.
//!
//! Workers may be spread over several [processes](crate::cluster). The first feeds all of them, and
//! what the views of all emit is brought back to it; the others have no input and just run. Then a
//! row may come in several parts, one per worker that had a part in it; they add up.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread::Thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use differential_dataflow::input::InputSession;
use differential_dataflow::{ExchangeData, Hashable, VecCollection};
use opentrace_operators::dataflow::{self, Views};
use opentrace_operators::{
    BreakdownCell, BreakdownDelta, Company, Diff, EventFact, Features, GoalCell, GoalDelta, Installed,
    Passage, RetentionCell, Rows, SeriesCell, Session, Time, TrafficCell, TrafficDelta, UniquesCell,
    Violation,
};
use timely::communication::WorkerGuards;
use timely::dataflow::channels::pact::{Exchange, Pipeline as Local};
use timely::dataflow::operators::generic::Operator;
use timely::worker::Worker;
use tokio::sync::mpsc;

use crate::cluster::Links;
use crate::journal::Epoch;

/// How long an idle worker sleeps before it looks around by itself. It is woken for input.
const MAX_PARK: Duration = Duration::from_millis(50);

/// What one worker is fed for one epoch.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    /// History that comes (+1) and goes (-1) without a change to any view.
    pub silent: Vec<(EventFact, Diff)>,
    pub real: Vec<(EventFact, Diff)>,
    /// Definitions that are in force (+1) and no longer (-1) from this epoch on. One worker is told.
    pub definitions: Vec<(Installed, Diff)>,
}

/// What one worker's share of the views changed by in one epoch.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub epoch: Epoch,
    pub rows: Rows,
    /// Rows that were taken out without having been in. Silent times are reported as well.
    pub violations: Vec<(Violation, Diff)>,
}

/// The running workers.
#[allow(missing_debug_implementations)] // timely's guards have none
pub(crate) struct Engine {
    inputs: Vec<(Sender<(Epoch, Feed)>, Thread)>,
    guards: WorkerGuards<()>,
}

impl Engine {
    /// Starts `workers` threads whose first epoch is `first`; with `links` they lead those of other
    /// processes. Each sends one [`Changes`] per epoch to the receiver, in the order of epochs.
    /// `in_flight` epochs may wait per worker.
    ///
    /// # Errors
    /// When timely cannot start its threads.
    pub(crate) fn start(
        workers: usize,
        links: Option<Links>,
        first: Epoch,
        in_flight: usize,
    ) -> Result<(Self, mpsc::Receiver<Changes>), String> {
        let workers = workers.max(1);
        let (changes, received) = mpsc::channel(workers * (in_flight + 1));
        let (inputs, outputs): (Vec<_>, Vec<_>) =
            (0..workers).map(|_| crossbeam_channel::bounded(in_flight + 1)).unzip();
        let outputs: Arc<Mutex<Vec<_>>> = Arc::new(Mutex::new(outputs.into_iter().map(Some).collect()));
        let to = links.as_ref().map(|_| Home { workers });
        let (builders, others) = match links {
            Some(links) => links.builders(workers)?,
            None => timely::CommunicationConfig::Process(workers).try_build()?,
        };
        let settings = timely::WorkerConfig::default();
        let guards = timely::execute::execute_from(builders, others, settings, move |worker| {
            let _abort = AbortOnPanic;
            let input = outputs.lock().ok().and_then(|mut outputs| outputs[worker.index()].take());
            // Each index is asked for once, by the worker that has it.
            let input = input.expect("every worker has an input");
            run(worker, to, &input, &changes, first);
        })?;
        let threads = guards.guards().iter().map(|guard| guard.thread().clone());
        Ok((Self { inputs: inputs.into_iter().zip(threads).collect(), guards }, received))
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.inputs.len()
    }

    /// Feeds an epoch: one feed per worker. Blocks while a worker has too many epochs waiting.
    pub(crate) fn feed(&self, epoch: Epoch, feeds: Vec<Feed>) {
        for ((input, thread), feed) in self.inputs.iter().zip(feeds) {
            if input.send((epoch, feed)).is_err() {
                // Workers end only after their inputs are dropped, or with the whole process.
                tracing::error!(epoch, "a worker is gone");
            }
            thread.unpark();
        }
    }

    /// Ends the workers after what they were fed. Blocks.
    pub(crate) fn stop(self) {
        let Self { inputs, guards } = self;
        for (input, thread) in inputs {
            drop(input);
            thread.unpark();
        }
        drop(guards);
    }
}

/// Runs `workers` threads for the process that leads, until it ends the dataflow. Blocks.
///
/// # Errors
/// When timely cannot start its threads.
pub(crate) fn follow(workers: usize, links: Links) -> Result<(), String> {
    let (builders, others) = links.builders(workers)?;
    let settings = timely::WorkerConfig::default();
    let guards = timely::execute::execute_from(builders, others, settings, move |worker| {
        let _abort = AbortOnPanic;
        let (inputs, _taps) = build(worker, Some(Home { workers }));
        drop(inputs);
        while worker.has_dataflows() {
            worker.step_or_park(None);
        }
    })?;
    guards.join().into_iter().collect()
}

/// The workers that rows are brought back to: those of the process that leads, which come first.
#[derive(Clone, Copy)]
struct Home {
    workers: usize,
}

/// Ends the process when a worker unwinds.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("a dataflow worker panicked; the process ends and recovers on restart");
            std::process::abort();
        }
    }
}

fn run(
    worker: &mut Worker,
    to: Option<Home>,
    input: &Receiver<(Epoch, Feed)>,
    changes: &mpsc::Sender<Changes>,
    first: Epoch,
) {
    let (mut inputs, taps) = build(worker, to);
    inputs.advance_to(2 * first);
    let mut fed: VecDeque<Epoch> = VecDeque::new();
    loop {
        match input.try_recv() {
            Ok((epoch, feed)) => {
                inputs.feed(epoch, feed);
                fed.push_back(epoch);
            }
            Err(TryRecvError::Empty) => {
                worker.step_or_park(Some(MAX_PARK));
            }
            Err(TryRecvError::Disconnected) => break,
        }
        worker.step();
        while let Some(&epoch) = fed.front()
            && taps.passed(2 * epoch + 1)
        {
            fed.pop_front();
            if changes.blocking_send(taps.take(epoch)).is_err() {
                break;
            }
        }
    }
    // What was fed is finished; what the closing of the input would emit is not an epoch's.
    while let Some(epoch) = fed.pop_front() {
        while !taps.passed(2 * epoch + 1) {
            worker.step_or_park(Some(MAX_PARK));
        }
        let _ = changes.blocking_send(taps.take(epoch));
    }
}

struct Inputs {
    events: InputSession<Time, EventFact, Diff>,
    definitions: InputSession<Time, Installed, Diff>,
}

impl Inputs {
    fn advance_to(&mut self, time: Time) {
        self.events.advance_to(time);
        self.definitions.advance_to(time);
        self.events.flush();
        self.definitions.flush();
    }

    fn feed(&mut self, epoch: Epoch, feed: Feed) {
        self.events.advance_to(2 * epoch);
        self.definitions.advance_to(2 * epoch);
        for (installed, diff) in feed.definitions {
            self.definitions.update(installed, diff);
        }
        for (fact, diff) in feed.silent {
            self.events.update(fact, diff);
        }
        self.events.advance_to(2 * epoch + 1);
        for (fact, diff) in feed.real {
            self.events.update(fact, diff);
        }
        self.advance_to(2 * (epoch + 1));
    }
}

/// Builds the views and taps what they emit. Every worker builds the same.
fn build(worker: &mut Worker, to: Option<Home>) -> (Inputs, Taps) {
    let mut inputs = Inputs { events: InputSession::new(), definitions: InputSession::new() };
    let taps = worker.dataflow(|scope| {
        let (events, definitions) =
            (inputs.events.to_collection(scope), inputs.definitions.to_collection(scope));
        Taps::on(dataflow::build(events, definitions), to)
    });
    (inputs, taps)
}

/// A tap on each view.
macro_rules! taps {
    ($($view:ident: $row:ty, $diff:ty;)*) => {
        struct Taps {
            $($view: Tap<$row, $diff>,)*
            errors: Tap<Violation, Diff>,
        }

        impl Taps {
            fn on(views: Views<'_>, to: Option<Home>) -> Self {
                Self {
                    $($view: Tap::on(views.$view, to, stringify!($view)),)*
                    errors: Tap::on(views.errors, to, "errors"),
                }
            }

            /// Whether nothing more can come at `time`.
            fn passed(&self, time: Time) -> bool {
                $(self.$view.passed(time) &&)* self.errors.passed(time)
            }

            fn take(&self, epoch: Epoch) -> Changes {
                let mut violations = self.errors.take(2 * epoch);
                violations.extend(self.errors.take(2 * epoch + 1));
                let mut rows = Rows::default();
                $(rows.$view = self.$view.take(2 * epoch + 1);)*
                Changes { epoch, rows, violations }
            }
        }
    };
}

taps! {
    sessions: Session, Diff;
    traffic: TrafficCell, TrafficDelta;
    uniques: UniquesCell, Diff;
    breakdowns: BreakdownCell, BreakdownDelta;
    companies: Company, Diff;
    features: Features, Diff;
    goals: GoalCell, GoalDelta;
    funnels: Passage, Diff;
    retention: RetentionCell, Diff;
    series: SeriesCell, Diff;
}

/// What a view emitted, by time, until it is taken.
struct Tap<D, R> {
    shared: Rc<RefCell<Tapped<D, R>>>,
}

struct Tapped<D, R> {
    updates: BTreeMap<Time, Vec<(D, R)>>,
    /// The least time at which something may still come; `None` once nothing can.
    frontier: Option<Time>,
}

impl<D: ExchangeData + Hashable<Output = u64>, R: ExchangeData> Tap<D, R> {
    fn on(view: VecCollection<'_, Time, D, R>, to: Option<Home>, name: &str) -> Self {
        let shared = Rc::new(RefCell::new(Tapped { updates: BTreeMap::new(), frontier: Some(0) }));
        let tapped = Rc::clone(&shared);
        let note = move |updates: &mut Vec<(D, Time, R)>| {
            let mut tapped = tapped.borrow_mut();
            for (row, time, diff) in updates.drain(..) {
                tapped.updates.entry(time).or_default().push((row, diff));
            }
        };
        let passed = Rc::clone(&shared);
        let pass = move |frontier: Option<Time>| passed.borrow_mut().frontier = frontier;
        match to {
            None => view.inner.sink(Local, name, move |(input, frontier)| {
                input.for_each(|_, updates| note(updates));
                pass(frontier.frontier().first().copied());
            }),
            Some(Home { workers }) => {
                let home = Exchange::new(move |(row, _, _): &(D, Time, R)| row.hashed() % workers as u64);
                view.inner.sink(home, name, move |(input, frontier)| {
                    input.for_each(|_, updates| note(updates));
                    pass(frontier.frontier().first().copied());
                });
            }
        }
        Self { shared }
    }

    fn passed(&self, time: Time) -> bool {
        self.shared.borrow().frontier.is_none_or(|frontier| frontier > time)
    }

    /// Takes what came at `time` and drops what came before it.
    fn take(&self, time: Time) -> Vec<(D, R)> {
        let mut tapped = self.shared.borrow_mut();
        let later = tapped.updates.split_off(&(time + 1));
        let mut until = std::mem::replace(&mut tapped.updates, later);
        until.remove(&time).unwrap_or_default()
    }
}
