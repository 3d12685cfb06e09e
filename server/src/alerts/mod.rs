//! Alerts in the running program.
//!
//! ```text
//! commit ─→ watch ─→ bench (counts, judges) ─→ metadata: states, history, outbox ─→ progress
//!                                                             │
//!                      channels ←─ dispatcher (a task each) ←─┤
//!                      streams  ←─ history ←──────────────────┘
//! ```
//!
//! Rules are judged as epochs are committed and, where time alone may change a verdict, between them.
//! What a judgement leads to is durable before the commit is recorded as done: after a crash the epochs
//! of a commit come again and find what was judged of them. Whoever changes rules takes the same place.

mod asked;
mod bench;
mod channels;
mod decimal;
mod defined;
mod dispatch;
mod link;
mod manage;
mod measures;
mod names;
mod people;
mod questions;
mod seed;
mod setup;
mod shelf;
mod slices;
mod tally;
mod telegram;
#[cfg(test)]
mod testing;
mod visits;
mod watch;
mod whom;

use std::sync::{Arc, Mutex as StdMutex, OnceLock, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;
use opentrace_alerts::bands::Models;
use opentrace_alerts::channel::Outside;
use opentrace_alerts::guard::Vault;
use opentrace_events::Sites;
use opentrace_pipeline::{Epoch, Pipeline};
use opentrace_store::meta::AlertCommit;
use opentrace_store::{Meta, Store, StoreError};
use tokio::sync::{Mutex, watch as tokio_watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::bench::{Bench, Told, Words};
use self::channels::Channels;
pub use self::channels::{ChannelChange, ChannelView};
use self::dispatch::Dispatcher;
pub use self::dispatch::Timing;
pub(crate) use self::manage::length;
pub use self::manage::{AlertError, OpenAlert, PendingAlert, RuleView, Simulated, SimulatedAlert};
pub use self::questions::Answers;
pub use self::setup::{Setup, SetupError};
pub use self::slices::Slice;

/// How often messages are let go of that were delivered long ago.
const FORGET: Duration = Duration::from_secs(3_600);
/// A pause after the metadata could not be written.
const TROUBLE: Duration = Duration::from_millis(500);

/// Alerts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Alerts {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    meta: Meta,
    store: Store,
    sites: Sites,
    vault: Vault,
    outside: Outside,
    public_url: String,
    pipeline: OnceLock<Pipeline>,
    bench: Mutex<Bench>,
    models: Models,
    /// Who answers questions in chats.
    answers: StdMutex<Option<Arc<dyn Answers>>>,
    watching: StdMutex<Watching>,
    channels: Channels,
    /// Bots that are listened to, by token.
    bots: StdMutex<HashMap<String, CancellationToken>>,
    dispatcher: Dispatcher,
    /// The number of the newest step in the history.
    steps: tokio_watch::Sender<i64>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Whether commits are to be handed over, and the last one that was not.
#[derive(Clone, Copy, Debug, Default)]
struct Watching {
    wanted: bool,
    missed: Epoch,
    /// The same of the sessions of commits, which rules over visits need.
    sessions: bool,
    without_sessions: Epoch,
}

impl Alerts {
    /// Reads rules, channels and where alerts stand. Nothing is judged before the pipeline begins, and
    /// nothing is sent before [`Alerts::run`].
    ///
    /// # Errors
    /// Those of the metadata database.
    pub async fn open(setup: Setup, meta: Meta, store: Store, sites: Sites) -> Result<Self, StoreError> {
        let dispatcher = Dispatcher::new(meta.clone(), setup.timing);
        let end = meta.alert_history_end().await?;
        let alerts = Self {
            shared: Arc::new(Shared {
                meta,
                store,
                sites,
                vault: setup.vault,
                outside: setup.outside,
                public_url: setup.public_url,
                pipeline: OnceLock::new(),
                bench: Mutex::default(),
                models: Models::live(),
                answers: StdMutex::default(),
                watching: StdMutex::default(),
                channels: Channels::default(),
                bots: StdMutex::default(),
                dispatcher,
                steps: tokio_watch::Sender::new(end),
                stop: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        };
        alerts.load_channels().await?;
        alerts.load_rules().await?;
        Ok(alerts)
    }

    /// Sends, and judges what time alone changes, from now on.
    pub fn run(&self, pipeline: Pipeline) {
        let erasures = pipeline.erasures();
        if self.shared.pipeline.set(pipeline).is_err() {
            return; // It runs already.
        }
        self.serve_channels();
        let stop = || self.shared.stop.clone();
        let (ticking, rereading, meta) = (self.clone(), self.clone(), self.shared.meta.clone());
        let (first, second, third) = (stop(), stop(), stop());
        self.shared.tasks.spawn(async move { first.run_until_cancelled(ticking.tick()).await });
        self.shared.tasks.spawn(async move {
            second.run_until_cancelled(rereading.reread_after(erasures)).await;
        });
        self.shared.tasks.spawn(async move { third.run_until_cancelled(forget(meta)).await });
        self.listen_to_telegram();
    }

    /// Has questions in chats answered from now on.
    pub fn answer_with(&self, answers: Arc<dyn Answers>) {
        *self.answers() = Some(answers);
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, Option<Arc<dyn Answers>>> {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends after the pipeline has ended: until then commits wait for what is judged of them.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.dispatcher.close().await;
        // Who answers holds the program, and it holds alerts.
        self.answers().take();
    }

    /// Changes whenever something happened to an alert: the number of the newest step in the history.
    pub fn steps(&self) -> tokio_watch::Receiver<i64> {
        self.shared.steps.subscribe()
    }

    /// The metadata database, for reading history.
    pub fn meta(&self) -> &Meta {
        &self.shared.meta
    }

    fn words(&self) -> Words<'_> {
        Words { sites: &self.shared.sites, public_url: &self.shared.public_url }
    }

    fn watching(&self) -> std::sync::MutexGuard<'_, Watching> {
        self.shared.watching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes durable what follows from a judgement, and has it sent. Tries until it is written: what was
    /// judged cannot be taken back, and nothing is judged meanwhile.
    async fn commit(&self, told: Option<Told>) {
        let Some(told) = told else { return };
        self.write(&told.commit).await;
        for channel in &told.channels {
            self.shared.dispatcher.ring(*channel);
        }
        if !told.commit.history.is_empty() {
            match self.shared.meta.alert_history_end().await {
                Ok(end) => drop(self.shared.steps.send_replace(end)),
                Err(error) => tracing::error!(%error, "the history of alerts cannot be read"),
            }
        }
    }

    async fn write(&self, commit: &AlertCommit) {
        loop {
            match self.shared.meta.commit_alerts(commit).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::error!(turn = commit.turn, "alerts of this turn were written before");
                    return;
                }
                Err(error) => tracing::error!(%error, code = error.code(), "alerts wait for the metadata"),
            }
            tokio::time::sleep(TROUBLE).await;
        }
    }
}

/// Lets go of messages that were delivered long ago, once in a while.
async fn forget(meta: Meta) {
    loop {
        match meta.forget_messages().await {
            Ok(0) => {}
            Ok(gone) => tracing::debug!(gone, "old messages of alerts are forgotten"),
            Err(error) => tracing::error!(%error, "old messages of alerts cannot be forgotten"),
        }
        tokio::time::sleep(FORGET).await;
    }
}
