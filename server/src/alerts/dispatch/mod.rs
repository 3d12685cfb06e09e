//! Sends what the outbox holds: a task for each channel.
//!
//! A message is tried until it is taken, with growing pauses, for a day after its first failure; then it is given
//! up and can be looked at and put back. Where many alerts come at once, channels for people are told of them in
//! one message. What was sent but not noted before a crash is sent again under the same id; a clean end waits for
//! what is on its way.

mod bucket;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use hashbrown::HashMap;
use opentrace_alerts::channel::{Channel, Message, SendError};
use opentrace_store::Meta;
use opentrace_store::meta::{AlertDelivery, Order, Settled};
use rand::Rng;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::bucket::Bucket;
use crate::clock;

/// A message is tried for so long, in milliseconds.
const PERSEVERANCE: i64 = 86_400_000;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// Messages that are on their way to a receiver at once.
const AT_ONCE: usize = 16;
/// Messages that are looked at together.
const LOOK: u32 = 200;
/// Where so many alerts are due at once, they are told in one message.
const BURST: usize = 4;
/// Alerts in one message.
const BUNDLE: usize = 50;
/// How often the outbox is looked at though nobody rang.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// A pause after the outbox could not be read or written.
const TROUBLE: Duration = Duration::from_secs(1);
/// At the end so long is waited for what is on its way.
const LAST: Duration = Duration::from_secs(5);

/// How fast it goes.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// The first pause after a failure; each further one is twice as long.
    pub first_retry: Duration,
}

/// The tasks.
#[derive(Debug)]
pub(super) struct Dispatcher {
    meta: Meta,
    timing: Timing,
    stop: CancellationToken,
    tracker: TaskTracker,
    workers: Mutex<HashMap<Uuid, Worker>>,
}

#[derive(Debug)]
struct Worker {
    bell: Arc<Notify>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Dispatcher {
    pub(super) fn new(meta: Meta, timing: Timing) -> Self {
        Self {
            meta,
            timing,
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
            workers: Mutex::default(),
        }
    }

    /// Sends the messages of a channel from now on; `digest` where they are collected.
    pub(super) fn serve(&self, id: Uuid, channel: Arc<dyn Channel>, digest: bool) {
        let bell = Arc::new(Notify::new());
        let stop = self.stop.child_token();
        let pace = channel.pace();
        let work = Work {
            meta: self.meta.clone(),
            name: id.to_string(),
            channel,
            digest,
            first_retry: self.timing.first_retry,
            bucket: Bucket::new(pace.burst, pace.per_second),
            flying: FuturesUnordered::new(),
            busy: HashSet::new(),
        };
        let (ring, stopped) = (Arc::clone(&bell), stop.clone());
        let mut workers = self.workers();
        let before = workers.remove(&id);
        let task = self.tracker.spawn(async move {
            if let Some(before) = before {
                before.stop.cancel();
                // What it has on its way is not sent twice.
                let _ended = before.task.await;
            }
            work.run(&ring, &stopped).await;
        });
        workers.insert(id, Worker { bell, stop, task });
    }

    /// Sends nothing more to a channel.
    pub(super) fn quit(&self, id: Uuid) {
        if let Some(worker) = self.workers().remove(&id) {
            worker.stop.cancel();
        }
    }

    /// Says that there is something for a channel.
    pub(super) fn ring(&self, id: Uuid) {
        if let Some(worker) = self.workers().get(&id) {
            worker.bell.notify_one();
        }
    }

    /// Ends every task, after a moment for what is on its way.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }

    fn workers(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Worker>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Deliveries that went together, and what came of them.
type Landed = (Vec<AlertDelivery>, Result<(), SendError>);

struct Work {
    meta: Meta,
    name: String,
    channel: Arc<dyn Channel>,
    digest: bool,
    first_retry: Duration,
    bucket: Bucket,
    flying: FuturesUnordered<BoxFuture<'static, Landed>>,
    busy: HashSet<String>,
}

impl Work {
    async fn run(mut self, bell: &Notify, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let wait = match self.launch().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(channel = self.name, %error, "the outbox cannot be read");
                    TROUBLE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(landed) = self.flying.next() => self.land(landed).await,
                () = bell.notified() => {}
                () = sleep(wait) => {}
            }
        }
        let last = async {
            while let Some(landed) = self.flying.next().await {
                self.land(landed).await;
            }
        };
        if timeout(LAST, last).await.is_err() {
            tracing::warn!(channel = self.name, "what is on its way is sent again after the next start");
        }
    }

    /// Sends what is due and may leave; returns how long there is nothing to do.
    async fn launch(&mut self) -> Result<Duration, opentrace_store::StoreError> {
        let now = clock::now().0;
        // One after the other, what belongs together may be due together.
        let (room, order) =
            if self.channel.bundles() { (1, Order::Together) } else { (AT_ONCE, Order::Apart) };
        if self.flying.len() >= room {
            return Ok(LOOK_AGAIN);
        }
        let mut due = self.meta.due_messages(&self.name, now, LOOK, order).await?;
        due.retain(|delivery| !self.busy.contains(&delivery.message.id));
        let together = self.channel.bundles() && (due.len() >= BURST || (self.digest && due.len() > 1));
        let mut due = due.into_iter().peekable();
        while due.peek().is_some() && self.flying.len() < room {
            if let Some(wait) = self.bucket.take(Instant::now()) {
                return Ok(wait);
            }
            let batch: Vec<_> = due.by_ref().take(if together { BUNDLE } else { 1 }).collect();
            self.busy.extend(batch.iter().map(|delivery| delivery.message.id.clone()));
            self.flying.push(send(Arc::clone(&self.channel), batch).boxed());
        }
        let next = self.meta.next_message_at(&self.name, now).await?;
        let until = next.map_or(LOOK_AGAIN, |at| Duration::from_millis((at - now).max(1).unsigned_abs()));
        Ok(until.min(LOOK_AGAIN))
    }

    /// Notes what came of messages, with those that came back at the same time.
    async fn land(&mut self, first: Landed) {
        let mut settled = self.settle(first);
        while let Some(Some(landed)) = self.flying.next().now_or_never() {
            settled.extend(self.settle(landed));
        }
        while let Err(error) = self.meta.settle_messages(&settled).await {
            tracing::error!(channel = self.name, %error, "the outbox cannot be written, trying again");
            sleep(TROUBLE).await;
        }
    }

    fn settle(&mut self, (batch, result): Landed) -> Vec<Settled> {
        if let Err(error) = &result {
            tracing::warn!(channel = self.name, messages = batch.len(), %error, "an alert was not taken");
        }
        // Who says when to come again means every message: services bar who goes on.
        if let Err(SendError::Later { after: Some(wait), .. }) = &result {
            self.bucket.rest(Instant::now() + (*wait).min(LONGEST_PAUSE));
        }
        // What went together comes back together.
        let (now, jitter) = (clock::now().0, rand::rng().random_range(0.5..1.0));
        let settle = |delivery: AlertDelivery| {
            self.busy.remove(&delivery.message.id);
            let id = delivery.message.id.clone();
            match &result {
                Ok(()) => Settled::Delivered { id },
                Err(error) => {
                    let again_at = again_at(&delivery, error, self.first_retry, now, jitter);
                    Settled::Failed { id, error: error.to_string(), again_at }
                }
            }
        };
        batch.into_iter().map(settle).collect()
    }
}

async fn send(channel: Arc<dyn Channel>, batch: Vec<AlertDelivery>) -> Landed {
    let read = |delivery: &AlertDelivery| serde_json::from_str::<Message>(&delivery.message.body);
    let messages: Result<Vec<Message>, _> = batch.iter().map(read).collect();
    let result = match messages {
        Ok(messages) => channel.send(&messages).await,
        Err(error) => Err(SendError::Never { reason: format!("the message does not read back: {error}") }),
    };
    (batch, result)
}

/// When a message that was not taken is tried again: twice as long after as the time before, not before
/// the receiver wants it, at a random moment (`jitter`) of the second half of the pause so that receivers are not
/// stormed. `None` where it is given up.
fn again_at(
    delivery: &AlertDelivery,
    error: &SendError,
    first: Duration,
    now: i64,
    jitter: f64,
) -> Option<i64> {
    let SendError::Later { after, .. } = error else { return None };
    let pause = first.saturating_mul(1 << delivery.attempts.min(20)).min(LONGEST_PAUSE);
    let pause = pause.mul_f64(jitter).max(after.unwrap_or_default());
    let at = now + i64::try_from(pause.as_millis()).unwrap_or(PERSEVERANCE);
    // It may have waited long for its first attempt: in a digest, or while nothing ran.
    (at - delivery.failing_since.unwrap_or(now) <= PERSEVERANCE).then_some(at)
}
