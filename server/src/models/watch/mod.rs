//! The main series of every site, watched as they go on: visitors, visits, page views, events and revenue,
//! hour by hour, and minute by minute where there is enough traffic.
//!
//! ```text
//! v_series ─→ watch (a detector per series) ─→ anomalies ─→ GET /api/v1/anomalies
//!                                                 └─→ stream
//! ```
//!
//! A step is judged when it is over and everything that was taken until then is in the views; what comes
//! later corrects it. State: a detector per series and what it said of the steps that may be corrected.
//! It is not kept: at a start detectors read five weeks of hours (three days of minutes) and come to the
//! same, because they judge each point by earlier ones alone. How far each site was judged is kept, so
//! that what was said is not said again otherwise.
//!
//! Wrong when: the hours of the past were corrected since they were judged: detectors that begin anew
//! learn the corrected ones.

mod series;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use opentrace_events::money::SCALE;
use opentrace_events::{Site, SiteId};
use opentrace_pipeline::State;
use opentrace_store::{AnomalyRow, GrainColumn, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::time::{MissedTickBehavior, interval};

use self::series::{Series, Verdict};
use super::Models;
use crate::clock;

/// What is watched: the numbers of series, see `v_series`, and the metrics they are.
pub(crate) const WATCHED: [(u32, &str); 5] =
    [(1, "visitors"), (2, "visits"), (3, "pageviews"), (4, "events"), (REVENUE, "total_revenue")];
const REVENUE: u32 = 7;

/// How often it is looked whether steps are over.
const LOOK: Duration = Duration::from_secs(5);
/// Seconds after its end until a step is judged: what is on its way comes in.
const GRACE: i64 = 10;
/// Seconds back that steps may be corrected.
const CORRECTABLE: i64 = 2 * 86_400;
/// Events of a day from which on minutes are watched: two a minute.
const BUSY: i64 = 2 * 1_440;
/// Sites whose minutes are watched at most.
const MOST_BUSY: usize = 1_000;
/// Verdicts that wait for who listens to the stream.
const TOLD: usize = 1_000;

/// The steps that are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Grain {
    Minute,
    Hour,
}

impl Grain {
    fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }

    /// Seconds of the past that a detector begins with.
    fn past(self) -> i64 {
        match self {
            Self::Minute => 3 * 86_400,
            Self::Hour => 35 * 86_400,
        }
    }

    fn column(self) -> GrainColumn {
        match self {
            Self::Minute => GrainColumn::Minute,
            Self::Hour => GrainColumn::Hour,
        }
    }
}

/// Something that was said, for who listens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct News {
    #[serde(skip)]
    pub(crate) site: SiteId,
    pub(crate) metric: &'static str,
    pub(crate) granularity: &'static str,
    /// The instant at which the step began.
    pub(crate) time: Timestamp,
    pub(crate) value: f64,
    pub(crate) score: f64,
    pub(crate) expected: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) kind: String,
    pub(crate) reason: String,
    /// Whether it was taken back: later events made the step an ordinary one.
    pub(crate) retracted: bool,
}

/// The series of a site in steps of one length.
#[derive(Debug)]
struct Watched {
    grain: Grain,
    /// The calendar that the cells were counted by.
    calendar: u32,
    /// The beginning of the next step to be judged.
    next: i64,
    series: BTreeMap<u32, Series>,
}

/// Everything that is watched.
#[derive(Debug)]
pub(super) struct Watch {
    held: HashMap<(SiteId, Grain), Watched>,
    /// Until when each site was judged, by site and grain; the beginning of the next step.
    judged: HashMap<String, i64>,
    file: PathBuf,
}

/// Where verdicts are told.
pub(super) fn news() -> broadcast::Sender<Arc<News>> {
    broadcast::Sender::new(TOLD)
}

impl Watch {
    pub(super) fn open(file: PathBuf) -> Self {
        let judged = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { held: HashMap::new(), judged: judged.unwrap_or_default(), file }
    }

    fn key(site: SiteId, grain: Grain) -> String {
        format!("{}/{grain:?}", site.0)
    }

    fn keep(&self) {
        let part = self.file.with_extension("part");
        let written = serde_json::to_vec(&self.judged)
            .map_err(std::io::Error::other)
            .and_then(|bytes| std::fs::write(&part, bytes))
            .and_then(|()| std::fs::rename(&part, &self.file));
        if let Err(error) = written {
            tracing::warn!(%error, "how far series were judged is not kept");
        }
    }
}

impl Models {
    /// Watches until the program ends.
    pub(super) async fn watch(self, mut watch: Watch) {
        let mut clock = interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut progress = self.shared.pipeline.progress();
        let mut touched: HashSet<SiteId> = HashSet::new();
        let mut seen = progress.borrow_and_update().epoch;
        loop {
            tokio::select! {
                _ = clock.tick() => {}
                changed = progress.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let now = progress.borrow_and_update();
                    // An epoch that went by unseen counts as one that touched everybody.
                    if now.epoch > seen + 1 {
                        touched.extend(self.shared.sites.all().iter().map(|site| site.id));
                    }
                    touched.extend(now.sites.iter().copied());
                    seen = now.epoch;
                    continue;
                }
            }
            let status = self.shared.pipeline.status();
            if status.state != State::Running || status.lag_events > 0 {
                continue;
            }
            if let Err(error) = self.look(&mut watch, &mut touched, seen).await {
                tracing::warn!(%error, code = error.code(), "series are not watched");
            }
        }
    }

    async fn look(
        &self,
        watch: &mut Watch,
        touched: &mut HashSet<SiteId>,
        epoch: u64,
    ) -> Result<(), StoreError> {
        let now = clock::now().0.div_euclid(1_000);
        let mut changed = false;
        let mut sites = self.shared.sites.all();
        sites.retain(|site| self.shared.pipeline.is_complete(site));
        let busy: HashSet<SiteId> = watch
            .held
            .iter()
            .filter(|((_, grain), _)| *grain == Grain::Minute)
            .map(|((site, _), _)| *site)
            .collect();
        for site in sites {
            let was_touched = touched.remove(&site.id);
            changed |= self.look_at(watch, &site, Grain::Hour, now, was_touched, epoch).await?;
            let wanted = busy.contains(&site.id)
                || busy.len() < MOST_BUSY && was_touched && self.is_busy(&site, now).await?;
            if wanted {
                changed |= self.look_at(watch, &site, Grain::Minute, now, was_touched, epoch).await?;
            }
        }
        touched.clear();
        if changed {
            watch.keep();
        }
        Ok(())
    }

    async fn is_busy(&self, site: &Site, now: i64) -> Result<bool, StoreError> {
        let points = self.shared.store.series_points(site.id.0, site.calendar, &[4], now - 86_400).await?;
        let hours = points.iter().filter(|point| point.grain == GrainColumn::Hour);
        Ok(hours.map(|point| point.whole).sum::<i64>() >= BUSY)
    }

    /// Judges what is over of a site's series, and corrects what was judged; whether anything was judged.
    async fn look_at(
        &self,
        watch: &mut Watch,
        site: &Site,
        grain: Grain,
        now: i64,
        touched: bool,
        epoch: u64,
    ) -> Result<bool, StoreError> {
        let closed = start_of(now - GRACE, grain, site);
        let key = (site.id, grain);
        // A site of which nothing was known may have got its history meanwhile.
        let goes_on = |held: &Watched| held.calendar == site.calendar && (held.has_begun() || !touched);
        let held = watch.held.get(&key).filter(|held| goes_on(held));
        let (from, next) = match held {
            Some(held) if held.next >= closed && !touched => return Ok(false),
            Some(held) => (held.next.min(closed - CORRECTABLE), held.next),
            None => {
                let from = start_of(closed - grain.past(), grain, site);
                (from, from)
            }
        };
        let numbers = WATCHED.map(|(number, _)| number);
        let points = self.shared.store.series_points(site.id.0, site.calendar, &numbers, from).await?;
        let mut values: HashMap<(u32, i64), f64> = HashMap::new();
        for point in points.iter().filter(|point| point.grain == grain.column()) {
            let scale = if point.series == REVENUE { SCALE as f64 } else { 1.0 };
            values.insert((point.series, i64::from(point.start)), point.whole as f64 / scale);
        }
        let fresh = || Watched { grain, calendar: site.calendar, next, series: BTreeMap::new() };
        let mut watched = watch.held.remove(&key).filter(goes_on).unwrap_or_else(fresh);
        let name = Watch::key(site.id, grain);
        // What was said before the start is not said again.
        let judged = watch.judged.get(&name).copied().unwrap_or(i64::MIN);
        let zone = site.timezone.clone();
        let (watched, said) = self
            .work(move || {
                let said = watched.go_on(&values, &zone, closed, judged);
                (watched, said)
            })
            .await
            .map_err(|_| StoreError::Meta("the models are busy".to_owned()))?;
        let (until, begun) = (watched.next, watched.has_begun());
        watch.held.insert(key, watched);
        let rows: Vec<AnomalyRow> = said
            .iter()
            .map(|(number, verdict, strange)| row(site, *number, grain, verdict, *strange, epoch))
            .collect();
        self.shared.store.upsert_anomalies(&rows).await?;
        for (number, verdict, strange) in &said {
            // Nobody listens: nothing to do.
            let _ = self.shared.news.send(Arc::new(told(site.id, *number, grain, verdict, !strange)));
        }
        let moved = begun && until > judged;
        if moved {
            watch.judged.insert(name, until);
        }
        Ok(moved)
    }
}

impl Watched {
    /// Whether there was anything yet.
    fn has_begun(&self) -> bool {
        self.series.values().any(Series::has_begun)
    }

    /// Corrects what was judged and judges every step until `closed`; what is to be said of steps from
    /// `judged` on.
    fn go_on(
        &mut self,
        values: &HashMap<(u32, i64), f64>,
        zone: &TimeZone,
        closed: i64,
        judged: i64,
    ) -> Vec<(u32, Verdict, bool)> {
        let step = self.grain.seconds();
        let mut said = Vec::new();
        for (number, _) in WATCHED {
            let series = self.series.entry(number).or_insert_with(Series::new);
            let value = |start: i64| values.get(&(number, start)).copied().unwrap_or_default();
            series.forget_before(closed - CORRECTABLE);
            let again: Vec<i64> = series.correctable().collect();
            let corrected = again.into_iter().filter_map(|start| series.correct(start, value(start)));
            said.extend(
                corrected
                    .collect::<Vec<_>>()
                    .into_iter()
                    .map(|(verdict, strange)| (number, verdict, strange)),
            );
            let mut at = self.next;
            while at < closed {
                let local = (at + offset(at, zone)) * 1_000;
                if let Some(verdict) = series.learn(at, local, value(at)).filter(|_| at >= judged) {
                    said.push((number, verdict, true));
                }
                at += step;
            }
        }
        self.next = self.next.max(closed);
        said
    }
}

/// Seconds that the site's clock is ahead of UTC at an instant.
fn offset(at: i64, zone: &TimeZone) -> i64 {
    Timestamp::from_second(at).map_or(0, |at| i64::from(zone.to_offset(at).seconds()))
}

/// The beginning of the step that holds an instant, as cells count them: hours are cut by the site's clock.
fn start_of(at: i64, grain: Grain, site: &Site) -> i64 {
    let (step, offset) = (grain.seconds(), offset(at, &site.timezone));
    (at + offset).div_euclid(step) * step - offset
}

fn row(site: &Site, number: u32, grain: Grain, verdict: &Verdict, strange: bool, epoch: u64) -> AnomalyRow {
    AnomalyRow {
        site_id: site.id.0,
        series: number,
        grain: grain.column(),
        start: u32::try_from(verdict.start).unwrap_or_default(),
        value: verdict.value,
        expected: verdict.expected,
        lower: verdict.lower,
        upper: verdict.upper,
        score: verdict.score,
        kind: verdict.kind.map_or("", |kind| kind.as_str()).into(),
        reason: verdict.reason.clone(),
        epoch,
        deleted: u8::from(!strange),
    }
}

fn told(site: SiteId, number: u32, grain: Grain, verdict: &Verdict, retracted: bool) -> News {
    News {
        site,
        metric: metric(number),
        granularity: if grain == Grain::Hour { "hour" } else { "minute" },
        time: Timestamp::from_second(verdict.start).unwrap_or_default(),
        value: verdict.value,
        score: verdict.score,
        expected: verdict.expected,
        lower: verdict.lower,
        upper: verdict.upper,
        kind: verdict.kind.map_or("", |kind| kind.as_str()).to_owned(),
        reason: verdict.reason.clone(),
        retracted,
    }
}

/// The metric that a series is.
pub(crate) fn metric(number: u32) -> &'static str {
    WATCHED.iter().find(|(known, _)| *known == number).map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_judged_once_and_corrections_only_where_they_matter() {
        let usual = |hour: i64| (20 + (hour * 7) % 9) as f64;
        let hours = |until: i64| -> HashMap<(u32, i64), f64> {
            (0..until)
                .flat_map(|hour| WATCHED.map(|(number, _)| ((number, hour * 3_600), usual(hour))))
                .collect()
        };
        let mut watched = Watched { grain: Grain::Hour, calendar: 0, next: 0, series: BTreeMap::new() };
        assert!(watched.go_on(&hours(700), &TimeZone::UTC, 700 * 3_600, i64::MIN).is_empty());
        let mut more = hours(702);
        more.insert((3, 701 * 3_600), 500.0);
        let said = watched.go_on(&more, &TimeZone::UTC, 702 * 3_600, i64::MIN);
        assert_eq!(said.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [3]);
        assert!(watched.go_on(&more, &TimeZone::UTC, 702 * 3_600, i64::MIN).is_empty(), "said once");
        let back = watched.go_on(&hours(703), &TimeZone::UTC, 703 * 3_600, i64::MIN);
        assert_eq!(
            back.iter().map(|(number, _, strange)| (*number, *strange)).collect::<Vec<_>>(),
            [(3, false)]
        );

        // A detector that begins anew says what it has not said before.
        let again = |judged| {
            let mut watched = Watched { grain: Grain::Hour, calendar: 0, next: 0, series: BTreeMap::new() };
            watched.go_on(&more, &TimeZone::UTC, 702 * 3_600, judged).len()
        };
        assert_eq!((again(i64::MIN), again(702 * 3_600)), (1, 0));
    }
}
