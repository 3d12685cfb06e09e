//! Sends what the outbox holds: a task for each channel.
//!
//! A message is tried until it is taken, with growing pauses, for a day; then it is given up and can be
//! looked at and put back. Where many alerts come at once, channels for people are told of them in one
//! message. What was sent but not noted before a crash is sent again under the same id.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use hashbrown::HashMap;
use opentrace_alerts::channel::{Channel, Message, SendError};
use opentrace_store::Meta;
use opentrace_store::meta::{AlertDelivery, Settled};
use rand::Rng;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::clock;

/// A message is tried for so long.
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
        self.quit(id);
        self.tracker.spawn(async move { stopped.run_until_cancelled(work.run(&ring)).await });
        self.workers().insert(id, Worker { bell, stop });
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

    /// Ends every task. What is on its way is sent again after the next start.
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
    async fn run(mut self, bell: &Notify) {
        loop {
            let wait = match self.launch().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(channel = self.name, %error, "the outbox cannot be read");
                    TROUBLE
                }
            };
            tokio::select! {
                Some(landed) = self.flying.next() => self.land(landed).await,
                () = bell.notified() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Sends what is due and may leave; returns how long there is nothing to do.
    async fn launch(&mut self) -> Result<Duration, opentrace_store::StoreError> {
        let now = clock::now().0;
        let room = if self.channel.bundles() { 1 } else { AT_ONCE };
        if self.flying.len() >= room {
            return Ok(LOOK_AGAIN);
        }
        let mut due = self.meta.due_messages(&self.name, now, LOOK).await?;
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
        let settle = |delivery: AlertDelivery| {
            self.busy.remove(&delivery.message.id);
            let id = delivery.message.id.clone();
            match &result {
                Ok(()) => Settled::Delivered { id },
                Err(error) => {
                    let again_at = again_at(&delivery, error, self.first_retry, clock::now().0);
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
/// the receiver wants it, at a random moment of the second half of the pause so that receivers are not
/// stormed. `None` where it is given up.
fn again_at(delivery: &AlertDelivery, error: &SendError, first: Duration, now: i64) -> Option<i64> {
    let SendError::Later { after, .. } = error else { return None };
    let pause = first.saturating_mul(1 << delivery.attempts.min(20)).min(LONGEST_PAUSE);
    let pause = pause.mul_f64(rand::rng().random_range(0.5..1.0)).max(after.unwrap_or_default());
    let at = now + i64::try_from(pause.as_millis()).unwrap_or(PERSEVERANCE);
    (at - delivery.created_at <= PERSEVERANCE).then_some(at)
}

/// Lets so many through at once, and so many per second in the long run.
#[derive(Debug)]
struct Bucket {
    room: f64,
    tokens: f64,
    per_second: f64,
    filled_at: Instant,
    /// Nothing is let through before.
    closed_until: Instant,
}

impl Bucket {
    fn new(burst: u32, per_second: f64) -> Self {
        let room = f64::from(burst.max(1));
        let now = Instant::now();
        Self { room, tokens: room, per_second, filled_at: now, closed_until: now }
    }

    /// Lets nothing through for a while.
    fn rest(&mut self, until: Instant) {
        self.closed_until = self.closed_until.max(until);
    }

    /// Takes a token; where there is none, says how long until there is.
    fn take(&mut self, now: Instant) -> Option<Duration> {
        if now < self.closed_until {
            return Some(self.closed_until - now);
        }
        let gained = (now - self.filled_at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.room);
        self.filled_at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        Some(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use opentrace_store::meta::AlertMessage;

    use super::*;

    fn delivery(attempts: u32, created_at: i64) -> AlertDelivery {
        let message = AlertMessage {
            id: String::new(),
            channel: String::new(),
            opening: String::new(),
            body: String::new(),
            next_at: 0,
        };
        AlertDelivery { message, attempts, created_at, error: None }
    }

    #[test]
    fn pauses_grow_up_to_an_hour_and_end_after_a_day() {
        let first = Duration::from_secs(1);
        let later = |after| SendError::Later { reason: String::new(), after };
        let pause = |attempts| again_at(&delivery(attempts, 0), &later(None), first, 0).expect("again");
        for (attempts, longest) in [(0, 1_000), (3, 8_000), (30, 3_600_000)] {
            let pause = pause(attempts);
            assert!((longest / 2..=longest).contains(&pause), "{attempts}: {pause}");
        }
        let asked = again_at(&delivery(0, 0), &later(Some(Duration::from_secs(99))), first, 0);
        assert_eq!(asked, Some(99_000), "the receiver says when");
        assert_eq!(again_at(&delivery(30, 0), &later(None), first, PERSEVERANCE), None);
        let never = SendError::Never { reason: String::new() };
        assert_eq!(again_at(&delivery(0, 0), &never, first, 0), None);
    }

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_its_rate() {
        let mut bucket = Bucket::new(3, 2.0);
        let now = Instant::now();
        assert_eq!([0; 3].map(|_| bucket.take(now)), [None; 3]);
        let wait = bucket.take(now).expect("empty");
        let now = now + wait + Duration::from_millis(1);
        assert_eq!(bucket.take(now), None);
        let now = now + Duration::from_secs(60);
        assert_eq!([0; 3].map(|_| bucket.take(now)), [None; 3]);
        assert!(bucket.take(now).is_some(), "silence saves up no more than a burst");
        bucket.rest(now + Duration::from_secs(7));
        bucket.rest(now + Duration::from_secs(5));
        let later = now + Duration::from_secs(6);
        assert_eq!(bucket.take(later), Some(Duration::from_secs(1)), "the receiver said seven seconds");
        assert_eq!(bucket.take(now + Duration::from_secs(7)), None);
    }
}
