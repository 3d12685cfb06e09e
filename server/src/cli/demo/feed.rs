//! Sends the demo's history and its live traffic, and has made what is shown of them.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::shown;
use super::state::{Sent, State};
use crate::cli::CliError;
use crate::cli::r#gen::story::Story;
use crate::cli::r#gen::traffic::{Event, HOUR_MS, Traffic};
use crate::cli::import::{ensure_site, wait_until_visible};
use crate::cli::out::say;
use crate::client::{Client, ClientError, Retry};
use crate::clock;

pub(super) const SITE: &str = "demo.example";
/// Days of history.
pub(super) const DAYS: i64 = 60;

const DAY_MS: i64 = 24 * HOUR_MS;
/// Any fixed number. Changing it, or what is generated, makes other events of the same time.
const SEED: u64 = 2_026;
/// About 60,000 events a day.
const VISITS_PER_DAY: f64 = 10_000.0;
/// How often live events are sent.
const TICK: Duration = Duration::from_millis(500);
/// Live traffic is generated this far ahead.
const AHEAD_MS: i64 = 5 * 60_000;
/// How often the progress of live traffic is written down.
const SAVE_MS: i64 = 10_000;
/// Events in one request.
const BATCH: usize = 2_000;
/// How long a request is offered while ClickHouse or the log is busy.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// Days of history between two lines about it.
const TELL: i64 = 10;

/// The demo's traffic.
#[derive(Debug)]
pub(super) struct Feed {
    client: Client,
    traffic: Traffic,
    state: State,
}

impl Feed {
    pub(super) fn new(client: Client, data: &Path) -> Self {
        let state = State::open(data, clock::now().0);
        Self {
            client: client.with_retry(Retry::lasting(PATIENCE)),
            traffic: Traffic::new(SEED, SITE, VISITS_PER_DAY).with_story(Story::until(state.sent().origin)),
            state,
        }
    }

    /// Days of history that have not been sent yet.
    pub(super) fn history_left(&self) -> i64 {
        DAYS - self.state.sent().days
    }

    /// Sends until it is stopped from outside.
    pub(super) async fn run(self) -> Result<(), CliError> {
        let zone = jiff::tz::TimeZone::system();
        ensure_site(&self.client, SITE, zone.iana_name().filter(|name| *name != "Etc/UTC").unwrap_or("UTC"))
            .await?;
        tokio::try_join!(self.past(), self.live())?;
        Ok(())
    }

    /// What is watched, the days before the first start, and what learns from them.
    async fn past(&self) -> Result<(), CliError> {
        if !self.state.sent().furnished {
            self.made(shown::put(&self.client, shown::at_once()).await, |sent| sent.furnished = true)?;
        }
        self.history().await?;
        if !self.state.sent().learned {
            wait_until_visible(&self.client).await?;
            self.made(shown::put(&self.client, shown::of_history()).await, |sent| sent.learned = true)?;
        }
        Ok(())
    }

    /// Remembers that something was made; traffic goes on where it could not be, and the next start tries again.
    fn made(&self, made: Result<(), ClientError>, remember: fn(&mut Sent)) -> Result<(), CliError> {
        match made {
            Ok(()) => self.state.update(remember).map_err(unwritten),
            Err(error) => {
                tracing::warn!(code = error.code(), %error, "something that the demo shows could not be made");
                Ok(())
            }
        }
    }

    /// The days before the first start, the nearest first: today is what people look at.
    async fn history(&self) -> Result<(), CliError> {
        let sent = self.state.sent();
        for day in sent.days..DAYS {
            let end = sent.origin - day * DAY_MS;
            self.send_past(end - DAY_MS..end).await?;
            self.state.update(|sent| sent.days = day + 1).map_err(unwritten)?;
            if (day + 1) % TELL == 0 {
                say!("History: {} of {DAYS} days.", day + 1);
            }
        }
        Ok(())
    }

    /// What happened while the demo was off, then what happens now, as it happens.
    async fn live(&self) -> Result<(), CliError> {
        let mut until = self.state.sent().until;
        while clock::now().0 - until > HOUR_MS {
            self.send_past(until..until + HOUR_MS).await?;
            until += HOUR_MS;
            self.state.update(|sent| sent.until = until).map_err(unwritten)?;
        }
        let (mut coming, mut generated, mut saved) = (VecDeque::new(), until, until);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = clock::now().0;
            if generated <= now {
                coming.extend(self.between(generated..now + AHEAD_MS).await?);
                generated = now + AHEAD_MS;
            }
            let due = coming.partition_point(|event: &Event| event.ts <= now);
            let events: Vec<Event> = coming.drain(..due).collect();
            self.send(&events, false).await?;
            if now - saved >= SAVE_MS {
                self.state.update(|sent| sent.until = now).map_err(unwritten)?;
                saved = now;
            }
        }
    }

    async fn send_past(&self, time: Range<i64>) -> Result<(), CliError> {
        let events = self.between(time).await?;
        self.send(&events, true).await
    }

    /// Generating a day takes a while that other tasks should not wait.
    async fn between(&self, time: Range<i64>) -> Result<Vec<Event>, CliError> {
        let traffic = self.traffic.clone();
        let generated = tokio::task::spawn_blocking(move || traffic.between(time)).await;
        generated.map_err(|source| CliError::because("cannot generate traffic", source))
    }

    async fn send(&self, events: &[Event], history: bool) -> Result<(), CliError> {
        for batch in events.chunks(BATCH) {
            let mut body = Vec::new();
            for event in batch {
                serde_json::to_writer(&mut body, event)
                    .map_err(|source| CliError::because("cannot write an event", source))?;
                body.push(b'\n');
            }
            let answer = self.client.send_events(body.into(), history).await?;
            if let Some(rejected) = answer.rejected.first() {
                tracing::warn!(
                    code = rejected.code,
                    message = rejected.message,
                    "a generated event was rejected"
                );
            }
        }
        Ok(())
    }
}

fn unwritten(source: std::io::Error) -> CliError {
    CliError::because("cannot write down how far the demo is", source)
}
