//! Measures how long accepted events take to show in a query.
//!
//! Beside the load, single events go to pages that nobody else visits, and a question asks which of
//! those pages are known. The delay counts from the answer that accepted an event to the first
//! answer that shows it, so it includes the time the question takes and, on average, half the pause
//! between two questions.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::figures::Visible;
use crate::cli::CliError;
use crate::client::{Client, ClientError, Collected};

/// Time between two markers.
const EVERY: Duration = Duration::from_millis(200);
/// Time between two questions.
const ASK: Duration = Duration::from_millis(25);
/// A marker that has not shown after this long is missing.
const PATIENCE: Duration = Duration::from_secs(60);

/// The measurement, going on.
#[derive(Debug)]
pub(super) struct Markers {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<Visible, ClientError>>,
}

/// Begins to send markers and to look for them.
pub(super) fn start(client: Client, site: &str) -> Markers {
    let (stop, stopped) = watch::channel(false);
    let search = Search {
        client,
        site: site.to_owned(),
        run: Uuid::now_v7().simple().to_string(),
        waiting: HashMap::new(),
        seen: Visible::default(),
    };
    Markers { stop, task: tokio::spawn(search.run(stopped)) }
}

impl Markers {
    /// Sends no more, waits until the last one shows, and gives the delays.
    pub(super) async fn finish(self) -> Result<Visible, CliError> {
        self.stop.send_replace(true);
        let seen = self.task.await.map_err(|source| CliError::because("the measurement failed", source))?;
        Ok(seen?)
    }
}

struct Search {
    client: Client,
    site: String,
    run: String,
    /// Accepted and not seen, by page.
    waiting: HashMap<String, Accepted>,
    seen: Visible,
}

struct Accepted {
    ts: Timestamp,
    at: Instant,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    dimensions: Vec<String>,
}

impl Search {
    async fn run(mut self, stopped: watch::Receiver<bool>) -> Result<Visible, ClientError> {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut number = 0;
        while !*stopped.borrow() {
            tokio::select! {
                _ = ticks.tick() => {
                    self.send(number).await?;
                    number += 1;
                }
                () = sleep(ASK) => self.ask().await?,
            }
        }
        while !self.waiting.is_empty() {
            self.ask().await?;
            sleep(ASK).await;
        }
        Ok(self.seen)
    }

    async fn send(&mut self, number: u64) -> Result<(), ClientError> {
        let (page, ts) = (format!("/.loadgen/{}/{number}", self.run), Timestamp::now());
        let event = json!({
            "id": Uuid::now_v7(),
            "site": self.site,
            "name": "pageview",
            "ts": ts.as_millisecond(),
            "url": format!("https://{}{page}", self.site),
            "ip": "192.0.2.1",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        });
        let Collected { accepted, .. } = self.client.send_events(event.to_string().into(), false).await?;
        if accepted > 0 {
            self.waiting.insert(page, Accepted { ts, at: Instant::now() });
        }
        Ok(())
    }

    async fn ask(&mut self) -> Result<(), ClientError> {
        let Some((first, last)) = self.range() else { return Ok(()) };
        let pages: Vec<&String> = self.waiting.keys().collect();
        let question = json!({
            "site_id": self.site,
            "metrics": ["pageviews"],
            "date_range": [first, last],
            "dimensions": ["event:page"],
            "filters": [["is", "event:page", pages]],
        });
        let answer = self.client.post::<Answer>("/api/v2/query", &question).await?;
        let now = Instant::now();
        for row in answer.results {
            let accepted = row.dimensions.first().and_then(|page| self.waiting.remove(page));
            if let Some(Accepted { at, .. }) = accepted {
                self.seen.delay.push(now - at);
            }
        }
        let before = self.waiting.len();
        self.waiting.retain(|_, accepted| accepted.at.elapsed() < PATIENCE);
        self.seen.missing += (before - self.waiting.len()) as u64;
        Ok(())
    }

    /// The seconds that the markers waited for lie in: the less is asked for, the less the question
    /// disturbs what is measured.
    fn range(&self) -> Option<(String, String)> {
        let first = self.waiting.values().map(|accepted| accepted.ts).min()?;
        let last = self.waiting.values().map(|accepted| accepted.ts).max()?;
        let text = |second: i64| Timestamp::from_second(second).map(|moment| moment.to_string()).ok();
        Some((text(first.as_second())?, text(last.as_second() + 1)?))
    }
}
