//! Forecasts that are kept: the main series of every site where something happens, made anew when a step
//! is over, so that a page has its band without waiting for one.
//!
//! Cost: one forecast at a time, each on a thread beside the server's; a site of which nothing came within
//! the last steps is left out.
//!
//! Wrong when: as forecasts are; and until the first one of a site is made, a minute after its start.

use std::collections::HashMap;
use std::time::Duration;

use jiff::civil::DateTime;
use opentrace_events::{Site, SiteId};
use opentrace_pipeline::State;
use opentrace_query::catalogue::Grain;
use opentrace_query::limits::Budget;
use opentrace_query::report::{self, Reporting};
use opentrace_query::{Asking, QueryError, Vocabulary};
use opentrace_store::{ForecastRow, GrainColumn, StoreError};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use super::desk::DeskError;
use super::foresee::{Ahead, LEAST, following, foresee};
use super::{Models, Unanswered};
use crate::clock;

/// How often it is looked whether a step is over.
const LOOK: Duration = Duration::from_secs(10);
/// The pauses, first and longest in milliseconds, after which a site with too little to forecast from is
/// looked at again.
const PAUSES: (i64, i64) = (10_000, 3_600_000);
/// What is forecast: the numbers of series, see `v_series`, and the metrics they are.
pub(crate) const FORETOLD: [(u32, &str); 3] = [(1, "visitors"), (2, "visits"), (3, "pageviews")];
/// The steps, how many ahead, and how many of the past must hold something.
const STEPS: [(Grain, GrainColumn, usize, usize); 2] =
    [(Grain::Hour, GrainColumn::Hour, 48, 72), (Grain::Day, GrainColumn::Day, 28, 28)];

/// Why there is no forecast.
#[derive(Debug, thiserror::Error)]
enum ForetellError {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Work(#[from] Unanswered),
    #[error(transparent)]
    Model(#[from] opentrace_models::Error),
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl Models {
    /// Keeps forecasts up to date until the program ends.
    pub(super) async fn foretell(self) {
        let mut clock = interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The last step that each forecast was made from.
        let mut made: HashMap<(SiteId, Grain), DateTime> = HashMap::new();
        // Where there was too little: when it is looked again, and the pause before.
        let mut later: HashMap<(SiteId, Grain), (i64, i64)> = HashMap::new();
        loop {
            clock.tick().await;
            let status = self.shared.pipeline.status();
            if status.state != State::Running || status.lag_events > 0 {
                continue;
            }
            for site in self.shared.sites.all() {
                for (grain, column, ahead, least) in STEPS {
                    let (key, now) = ((site.id, grain), clock::now().0);
                    let Some(last) = last(&site, grain, now) else { continue };
                    let waits = later.get(&key).is_some_and(|(at, _)| now < *at);
                    if waits || made.get(&key) == Some(&last) {
                        continue;
                    }
                    match self.foretell_one(&site, grain, column, (ahead, least)).await {
                        Ok(true) => {
                            made.insert(key, last);
                            later.remove(&key);
                        }
                        Ok(false) => {
                            let pause =
                                later.get(&key).map_or(PAUSES.0, |(_, pause)| (2 * pause).min(PAUSES.1));
                            later.insert(key, (now + pause, pause));
                        }
                        Err(error) => tracing::debug!(site = site.id.0, %error, "no forecast is kept"),
                    }
                }
            }
        }
    }

    /// Forecasts a site's series; whether there was enough of the past.
    async fn foretell_one(
        &self,
        site: &Site,
        grain: Grain,
        column: GrainColumn,
        (horizon, least): (usize, usize),
    ) -> Result<bool, ForetellError> {
        let words = Vocabulary::default();
        let client = self.shared.store.client();
        let library = self.library(site);
        let asking = Asking {
            client: &client,
            site,
            now: library.now,
            views: library.views,
            goals: &words.goals,
            budget: Budget::default(),
        };
        for (number, metric) in FORETOLD {
            let body = json!({ "site_id": site.domain, "metric": metric, "granularity": grain.word() });
            let (course, _) = report::course(&body, &words, &[])?;
            let courses = Reporting { asking, kept: &[] }.course(&course, 0, 0).await?;
            let Some(step) = courses.steps.last().copied() else { return Ok(false) };
            let lately =
                courses.whole.iter().rev().take(least).flatten().filter(|value| **value > 0.0).count();
            if lately < LEAST {
                return Ok(false);
            }
            let ahead = Ahead {
                grain,
                horizon,
                levels: vec![0.8, 0.95],
                events: Vec::new(),
                learned: self.forecasters(site, metric, grain.word()).await?,
                most: f64::INFINITY,
            };
            let (steps, values, asked) = (courses.steps, courses.whole, ahead.clone());
            let foreseen = self.work(move || foresee(&steps, &values, &asked)).await??;
            let made = u64::try_from(clock::now().0).unwrap_or_default();
            let row = |(at, step): (usize, DateTime)| {
                let start = site.timezone.to_timestamp(step).ok()?.as_second();
                let [narrow, wide] = foreseen.forecast.bands.as_slice() else { return None };
                Some(ForecastRow {
                    site_id: site.id.0,
                    series: number,
                    grain: column,
                    start: u32::try_from(start).ok()?,
                    mean: foreseen.forecast.mean[at],
                    lower80: narrow.lower[at],
                    upper80: narrow.upper[at],
                    lower95: wide.lower[at],
                    upper95: wide.upper[at],
                    made,
                    deleted: 0,
                })
            };
            let rows: Vec<ForecastRow> =
                following(step, &ahead).into_iter().enumerate().filter_map(row).collect();
            self.shared.store.upsert_forecasts(&rows).await?;
        }
        Ok(true)
    }
}

/// The last step of a site's clock that is over at a moment, in milliseconds since 1970.
fn last(site: &Site, grain: Grain, now_ms: i64) -> Option<DateTime> {
    let at = site.timezone.to_datetime(jiff::Timestamp::from_millisecond(now_ms).ok()?);
    let hour = if grain == Grain::Hour { at.hour() } else { 0 };
    grain.after(at.date().at(hour, 0, 0, 0), -1)
}
