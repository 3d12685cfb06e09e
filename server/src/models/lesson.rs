//! What a model is trained on and judged by: tables, baskets and series of one site as they are now.
//!
//! Who is kept apart ([`super::table::is_held_out`]) is never trained on, so that every version of a model
//! can be judged by the same people whenever it was trained. What is predicted lies after what it is
//! predicted from: features are as of a moment that is as far back as the prediction looks ahead.

use std::collections::{HashMap, HashSet};

use opentrace_events::ids::DAY_MS;
use opentrace_events::money::SCALE;
use opentrace_events::{Site, Timestamp};
use opentrace_models::artefact::fingerprint;
use opentrace_models::forecast::Grid;
use opentrace_models::predict::{Column, Customer, Lifetime, Table, Values};
use opentrace_query::limits::Budget;
use opentrace_query::report::{self, Reporting};
use opentrace_query::{Asking, QueryError, Views, Vocabulary};
use opentrace_store::{Purchases, Store, StoreError, VisitorRow};
use serde_json::json;

use super::kind::{Kind, Options};
use super::table::{features, is_held_out};

/// Visitors that are trained on at most.
pub(super) const MOST_VISITORS: u64 = 100_000;
/// Days of the past that are looked at.
const PAST: i64 = 365;
/// Items whose names a recommendation may give.
const MOST_ITEMS: usize = 20_000;
/// Series of a forecast.
const MOST_SERIES: usize = 50;
/// The name of the column that is predicted.
pub(super) const TARGET: &str = "target";

/// What to learn, and what to be judged by.
#[derive(Clone, Debug)]
pub(super) struct Lesson {
    pub(super) train: Matter,
    pub(super) held: Matter,
    /// Hash of what is trained on.
    pub(super) fingerprint: String,
    pub(super) rows: usize,
    /// First and last moment of what was looked at, milliseconds since 1970.
    pub(super) window: (i64, i64),
}

/// Numbers in the form that a kind of model takes.
#[derive(Clone, Debug)]
pub(super) enum Matter {
    /// Features, with [`TARGET`] where something is predicted.
    Table(Table),
    /// What each visitor looked at, by the places of names.
    Baskets { names: Vec<String>, baskets: Vec<Vec<usize>> },
    /// Values by step of the site's clock.
    Series { grain: &'static str, series: Vec<Grid> },
}

/// Why nothing can be learned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LessonError {
    #[error("people are not recognised beyond a day: `{0}` needs the site's `identified` mode")]
    NotIdentified(&'static str),
    #[error("there are {given} {what}, at least {want} are needed")]
    TooFew { what: &'static str, given: usize, want: usize },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Model(#[from] opentrace_models::Error),
}

impl LessonError {
    /// A name for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NotIdentified(_) => "not_identified",
            Self::TooFew { .. } => "too_few",
            Self::Store(error) => error.code(),
            Self::Query(error) => error.code(),
            Self::Model(error) => error.code(),
        }
    }
}

/// Where lessons come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Library<'a> {
    pub(super) store: &'a Store,
    pub(super) site: &'a Site,
    pub(super) now: Timestamp,
    pub(super) views: Views,
}

impl Library<'_> {
    /// What a model of this kind is trained on and judged by.
    pub(super) async fn lesson(&self, kind: Kind, options: &Options) -> Result<Lesson, LessonError> {
        match kind {
            Kind::Churn | Kind::Conversion | Kind::Value => {
                let at = self.now.0 - i64::from(options.days) * DAY_MS;
                let rows = self.people(kind, options, at).await?;
                let truth = self.truth(kind, options, &rows, at).await?;
                Ok(labelled(rows, &truth, at))
            }
            Kind::Segments => {
                let rows = self.store.visitors(self.site.id.0, None, MOST_VISITORS).await?;
                Ok(plain(rows, self.now.0))
            }
            Kind::Recommend => self.baskets().await,
            Kind::Forecast => self.series(options).await,
        }
    }

    /// The visitors that a prediction of this kind is about, as of a moment.
    pub(super) async fn people(
        &self,
        kind: Kind,
        options: &Options,
        at_ms: i64,
    ) -> Result<Vec<VisitorRow>, LessonError> {
        if !self.site.identified {
            return Err(LessonError::NotIdentified(kind.name()));
        }
        let (site, from) = (self.site.id.0, at_ms - PAST * DAY_MS);
        let zone = self.site.timezone.iana_name().unwrap_or("UTC");
        let mut rows = self.store.visitors_as_of(site, zone, from, at_ms, MOST_VISITORS).await?;
        match kind {
            // Who was away as long as that already cannot leave any more.
            Kind::Churn => rows.retain(|row| at_ms - row.last_seen <= i64::from(options.days) * DAY_MS),
            Kind::Value => rows.retain(|row| row.purchases > 0),
            _ => {
                let event = options.event.as_deref().unwrap_or_default();
                let done = self.store.doers(site, event, from, at_ms).await?;
                let done: HashSet<u64> = done.into_iter().map(|deeds| deeds.visitor).collect();
                rows.retain(|row| !done.contains(&row.visitor));
            }
        }
        Ok(rows)
    }

    /// What became of visitors in the days after a moment.
    async fn truth(
        &self,
        kind: Kind,
        options: &Options,
        rows: &[VisitorRow],
        at_ms: i64,
    ) -> Result<Vec<f64>, LessonError> {
        let (site, to) = (self.site.id.0, at_ms + i64::from(options.days) * DAY_MS);
        let deeds = match kind {
            Kind::Conversion => {
                self.store.doers(site, options.event.as_deref().unwrap_or_default(), at_ms, to).await?
            }
            _ => self.store.deeds(site, at_ms, to).await?,
        };
        let revenue: HashMap<u64, i64> = deeds.iter().map(|deeds| (deeds.visitor, deeds.revenue)).collect();
        let truth = rows.iter().map(|row| match (kind, revenue.get(&row.visitor)) {
            (Kind::Value, found) => found.map_or(0.0, |revenue| *revenue as f64 / SCALE as f64),
            (Kind::Churn, found) => f64::from(u8::from(found.is_none())),
            (_, found) => f64::from(u8::from(found.is_some())),
        });
        Ok(truth.collect())
    }

    /// How far off BG/NBD with gamma-gamma, which knows purchases alone, is for the people kept apart: the
    /// mean absolute error of what each will spend. Nothing where it cannot be fitted.
    pub(super) async fn baseline(&self, options: &Options) -> Result<Option<f64>, LessonError> {
        let at = self.now.0 - i64::from(options.days) * DAY_MS;
        let mut rows = self.people(Kind::Value, options, at).await?;
        rows.retain(|row| is_held_out(row.visitor));
        let truth = self.truth(Kind::Value, options, &rows, at).await?;
        let bought = self.store.purchases(self.site.id.0, at - PAST * DAY_MS, at).await?;
        let customers: HashMap<u64, Customer> =
            bought.iter().filter_map(|one| Some((one.visitor, customer(one, at)?))).collect();
        let mut all: Vec<&u64> = customers.keys().collect();
        all.sort_unstable();
        let all: Vec<Customer> = all.into_iter().map(|visitor| customers[visitor]).collect();
        let Ok(lifetime) = Lifetime::fit(&all) else { return Ok(None) };
        let spend = |visitor: &u64| {
            let customer = customers.get(visitor)?;
            let times = lifetime.purchases(customer, f64::from(options.days)).ok()?;
            Some(times * lifetime.spend(customer).unwrap_or(customer.value))
        };
        let misses =
            rows.iter().zip(&truth).map(|(row, truth)| (spend(&row.visitor).unwrap_or(0.0) - truth).abs());
        Ok((!rows.is_empty()).then(|| misses.sum::<f64>() / rows.len() as f64))
    }

    async fn baskets(&self) -> Result<Lesson, LessonError> {
        let from = self.now.0 - PAST * DAY_MS;
        let rows = self.store.baskets(self.site.id.0, from, MOST_VISITORS).await?;
        let mut often: HashMap<&str, usize> = HashMap::new();
        rows.iter().flat_map(|row| &row.items).for_each(|item| *often.entry(item).or_default() += 1);
        let mut names: Vec<(&str, usize)> = often.into_iter().collect();
        names.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        names.truncate(MOST_ITEMS);
        let places: HashMap<&str, usize> =
            names.iter().enumerate().map(|(at, (name, _))| (*name, at)).collect();
        let (mut train, mut held) = (Vec::new(), Vec::new());
        let mut bytes = Vec::new();
        for row in &rows {
            let basket: Vec<usize> =
                row.items.iter().filter_map(|item| places.get(item.as_str()).copied()).collect();
            if is_held_out(row.visitor) {
                held.push(basket);
            } else {
                bytes.extend_from_slice(&row.visitor.to_le_bytes());
                bytes.extend(basket.iter().flat_map(|item| (*item as u64).to_le_bytes()));
                train.push(basket);
            }
        }
        let names: Vec<String> = names.into_iter().map(|(name, _)| name.to_owned()).collect();
        Ok(Lesson {
            rows: train.len(),
            fingerprint: fingerprint(&bytes),
            train: Matter::Baskets { names: names.clone(), baskets: train },
            held: Matter::Baskets { names, baskets: held },
            window: (from, self.now.0),
        })
    }

    /// The metric and its largest groups; the last steps are for judging.
    async fn series(&self, options: &Options) -> Result<Lesson, LessonError> {
        let words = Vocabulary::default();
        let body = json!({
            "site_id": self.site.domain,
            "metric": options.metric,
            "granularity": options.granularity.as_deref().unwrap_or("day"),
            "dimensions": options.dimensions,
        });
        let (course, _) = report::course(&body, &words, &[])?;
        let client = self.store.client();
        let asking = Asking {
            client: &client,
            site: self.site,
            now: self.now,
            views: self.views,
            goals: &words.goals,
            budget: Budget::default(),
        };
        let courses = Reporting { asking, kept: &[] }.course(&course, 0, MOST_SERIES).await?;
        let steps: Vec<i64> = courses.steps.iter().map(|step| super::course::millis(*step)).collect();
        let grid = |values: Vec<Option<f64>>| {
            let begun = super::course::begun(&values);
            let points = steps.iter().copied().zip(values).skip(begun).collect::<Vec<_>>();
            (!points.is_empty()).then(|| Grid::of(&points))
        };
        let groups = courses.groups.into_iter().map(|group| group.values);
        let all: Vec<Grid> = std::iter::once(courses.whole).chain(groups).filter_map(grid).collect();
        let longest = all.iter().map(|grid| grid.values.len()).max().unwrap_or(0);
        let horizon = options.horizon as usize;
        let want = 2 * horizon + 6;
        if longest < want {
            return Err(LessonError::TooFew { what: "steps", given: longest, want });
        }
        let known = |grid: &Grid| {
            let mut grid = grid.clone();
            grid.values.truncate(grid.values.len().saturating_sub(horizon));
            (!grid.values.is_empty()).then_some(grid)
        };
        let train: Vec<Grid> = all.iter().filter_map(known).collect();
        let values = train.iter().flat_map(|grid| &grid.values);
        let bytes: Vec<u8> = values.flat_map(|value| value.unwrap_or(f64::NAN).to_le_bytes()).collect();
        let grain = course.grain.word();
        Ok(Lesson {
            rows: train.iter().map(|grid| grid.values.len()).sum(),
            fingerprint: fingerprint(&bytes),
            train: Matter::Series { grain, series: train },
            held: Matter::Series { grain, series: all },
            window: (steps.first().copied().unwrap_or(0), steps.last().copied().unwrap_or(0)),
        })
    }
}

/// Somebody's purchases as BG/NBD counts them, in days.
fn customer(bought: &Purchases, at_ms: i64) -> Option<Customer> {
    let (first, last) = (f64::from(*bought.days.first()?), f64::from(*bought.days.last()?));
    let repeats = bought.days.len() as f64 - 1.0;
    let spent: f64 = bought.amounts.iter().skip(1).map(|amount| *amount as f64 / SCALE as f64).sum();
    let observed = (at_ms.div_euclid(DAY_MS) as f64 - first).max(1.0);
    let value = if repeats > 0.0 { spent / repeats } else { 0.0 };
    Some(Customer { repeats, last: (last - first).min(observed), observed, value })
}

/// Features with what is to be predicted from them.
fn labelled(rows: Vec<VisitorRow>, truth: &[f64], at_ms: i64) -> Lesson {
    let target = Column { name: TARGET.to_owned(), values: Values::Numbers(truth.to_vec()) };
    let mut table = features(&rows, at_ms);
    table.columns.push(target);
    parted(&rows, &table, truth, at_ms)
}

fn plain(rows: Vec<VisitorRow>, at_ms: i64) -> Lesson {
    let table = features(&rows, at_ms);
    parted(&rows, &table, &[], at_ms)
}

fn parted(rows: &[VisitorRow], table: &Table, truth: &[f64], at_ms: i64) -> Lesson {
    let (held, train): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).partition(|place| is_held_out(rows[*place].visitor));
    let mut bytes = Vec::with_capacity(train.len() * 32);
    for place in &train {
        let row = &rows[*place];
        bytes.extend_from_slice(&row.visitor.to_le_bytes());
        bytes.extend_from_slice(&row.last_seen.to_le_bytes());
        bytes.extend_from_slice(&row.sessions.to_le_bytes());
        bytes.extend_from_slice(&truth.get(*place).copied().unwrap_or_default().to_le_bytes());
    }
    let first = rows.iter().map(|row| row.first_seen).min().unwrap_or(at_ms);
    Lesson {
        rows: train.len(),
        fingerprint: fingerprint(&bytes),
        train: Matter::Table(table.select(&train)),
        held: Matter::Table(table.select(&held)),
        window: (first, at_ms),
    }
}
