//! What a site's live page shows: who is there now, what they do, and today so far.
//!
//! Made of ordinary queries, so that it shows the same numbers as any other page. Meant to be
//! asked once a second for each site that somebody watches, not for each person who watches: the
//! hours' visitors and the pages read the day's events, everything else a few rows of views.

use clickhouse::Client;
use futures_util::future::{try_join, try_join3, try_join5};
use opentrace_events::{Site, Timestamp};
use opentrace_store::Store;
use serde::Serialize;
use serde_json::Value as Json;

use crate::answer::{Answer, Group};
use crate::bucket;
use crate::catalogue::{self, Grain, Metric};
use crate::error::QueryError;
use crate::limits::Budget;
use crate::plan::Views;
use crate::query::{DateRange, Dimension, Include, Moment, Pagination, Query};
use crate::range::local;
use crate::run::run_with;
use crate::{rows, sql};

/// How long after their last event people count as being there.
const PRESENT_MS: i64 = 5 * 60 * 1_000;
/// How far back minutes and single events go.
const HALF_HOUR_MS: i64 = 30 * 60 * 1_000;
const MINUTE_MS: i64 = 60 * 1_000;
/// Rows of each list.
const LISTED: u64 = 10;
/// Single events.
const RECENT: u64 = 30;

/// Figures of one site at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Live {
    /// Milliseconds since 1970 in UTC.
    pub at: i64,
    /// People with an event in the last five minutes.
    pub visitors_now: i64,
    pub today: Today,
    /// The hours of today that have begun, on the site's clock.
    pub hours: Vec<Step>,
    /// The last half hour by the minute, the one in progress included.
    pub minutes: Vec<Step>,
    /// The last events, newest first.
    pub recent: Vec<Recent>,
    pub pages: Vec<Listed>,
    pub sources: Vec<Listed>,
    pub countries: Vec<Listed>,
}

/// Sums of today in the site's time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Today {
    pub visitors: i64,
    pub visits: i64,
    pub pageviews: i64,
}

/// An hour or a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When it begins, as `2024-01-01 13:00:00`.
    pub time: String,
    pub visitors: i64,
    pub pageviews: i64,
}

/// Something that happened, as far as it is of interest who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recent {
    /// Milliseconds since 1970 in UTC.
    pub at: i64,
    pub name: String,
    pub path: String,
    pub source: String,
    pub country: String,
    pub device: String,
    pub browser: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub name: String,
    pub visitors: i64,
}

/// The live figures of a site.
pub async fn live(store: &Store, site: &Site, now: Timestamp, views: Views) -> Result<Live, QueryError> {
    live_with(&store.client(), site, now, views).await
}

/// Like [`live`], on a client.
pub async fn live_with(
    client: &Client,
    site: &Site,
    now: Timestamp,
    views: Views,
) -> Result<Live, QueryError> {
    let ask = |query: Query| async move { run_with(client, site, &query, now, views).await };

    let today = || question(site, DateRange::Day);
    let present = Query { date_range: last(PRESENT_MS, now)?, ..today() };
    let sums = Query { metrics: vec![Metric::Visitors, Metric::Visits, Metric::Pageviews], ..today() };
    let hours = Query {
        metrics: vec![Metric::Visitors, Metric::Pageviews],
        dimensions: vec![Dimension::Bucket(Grain::Hour)],
        include: Include { time_labels: true, ..Include::default() },
        ..today()
    };
    let minutes = Query {
        dimensions: vec![Dimension::Bucket(Grain::Minute)],
        // From a minute's beginning: one that is cut would lose what it had as time goes on.
        date_range: last(HALF_HOUR_MS - MINUTE_MS + now.0.rem_euclid(MINUTE_MS), now)?,
        ..hours.clone()
    };
    let list = |name: &str| Query {
        dimensions: catalogue::field(name).map(Dimension::Field).into_iter().collect(),
        pagination: Pagination { limit: LISTED, offset: 0 },
        ..today()
    };

    let recent = recent(client, site, Timestamp(now.0 - HALF_HOUR_MS));
    let figures = try_join5(ask(present), ask(sums), ask(hours), ask(minutes), recent);
    let lists = try_join3(ask(list("event:page")), ask(list("visit:source")), ask(list("visit:country")));
    let ((present, sums, hours, minutes, recent), (pages, sources, countries)) =
        try_join(figures, lists).await?;
    let sum = |place| sums.results.first().map_or(0, |group| count(group, place));
    Ok(Live {
        at: now.0,
        visitors_now: present.results.first().map_or(0, |group| count(group, 0)),
        today: Today { visitors: sum(0), visits: sum(1), pageviews: sum(2) },
        hours: begun(hours, Grain::Hour, site, now)?,
        minutes: begun(minutes, Grain::Minute, site, now)?,
        recent,
        pages: listed(pages),
        sources: listed(sources),
        countries: listed(countries),
    })
}

fn question(site: &Site, date_range: DateRange) -> Query {
    Query { site_id: site.domain.clone(), metrics: vec![Metric::Visitors], date_range, ..Query::default() }
}

/// The last `length` milliseconds.
fn last(length: i64, now: Timestamp) -> Result<DateRange, QueryError> {
    let moment = |ms| match jiff::Timestamp::from_millisecond(ms) {
        Ok(instant) => Ok(Moment::Instant(instant)),
        Err(_) => Err(QueryError::Invalid {
            field: "now".to_owned(),
            message: "the time is outside the calendar".to_owned(),
            hint: None,
        }),
    };
    Ok(DateRange::Moments(moment(now.0 - length)?, moment(now.0)?))
}

/// Every step that has begun, with nought where nothing happened.
fn begun(answer: Answer, grain: Grain, site: &Site, now: Timestamp) -> Result<Vec<Step>, QueryError> {
    let clock = local(&site.timezone, now)?;
    let current = bucket::label(grain, bucket::number(grain, clock, site.week_start, clock.date()));
    let mut filled = answer.results.iter().peekable();
    let labels = answer.meta.time_labels.unwrap_or_default();
    let steps = labels.into_iter().take_while(|time| *time <= current).map(|time| {
        let group = filled.next_if(|group| group.dimensions.first() == Some(&time));
        let value = |place| group.map_or(0, |group| count(group, place));
        Step { visitors: value(0), pageviews: value(1), time }
    });
    Ok(steps.collect())
}

async fn recent(client: &Client, site: &Site, since: Timestamp) -> Result<Vec<Recent>, QueryError> {
    let found = rows::fetch(client, &sql::recent(site, since, RECENT), Budget::default()).await?;
    let read = |row: Vec<Json>| {
        let mut texts = row.iter().skip(1).map(|value| value.as_str().map(str::to_owned));
        let mut text = || texts.next().flatten();
        Some(Recent {
            at: row.first()?.as_i64()?,
            name: text()?,
            path: text()?,
            source: text()?,
            country: text()?,
            device: text()?,
            browser: text()?,
        })
    };
    let unreadable = || QueryError::Row { message: "no event".to_owned() };
    found.into_iter().map(|row| read(row).ok_or_else(unreadable)).collect()
}

fn listed(answer: Answer) -> Vec<Listed> {
    let named = |group: Group| {
        let visitors = count(&group, 0);
        group.dimensions.into_iter().next().map(|name| Listed { name, visitors })
    };
    answer.results.into_iter().filter_map(named).collect()
}

fn count(group: &Group, place: usize) -> i64 {
    group.metrics.get(place).and_then(Json::as_i64).unwrap_or_default()
}
