//! What a site's live page shows: who is there now, and today so far.
//!
//! Made of ordinary queries, so that it shows the same numbers as any other page. Meant to be
//! asked once a second for each site that somebody watches, not for each person who watches: the
//! hours' visitors and the pages read the day's events, everything else a few rows of views.

use clickhouse::Client;
use futures_util::future::{try_join, try_join3};
use opentrace_events::{Site, Timestamp};
use opentrace_store::Store;
use serde::Serialize;

use crate::answer::{Answer, Group};
use crate::bucket;
use crate::catalogue::{self, Grain, Metric};
use crate::error::QueryError;
use crate::plan::Views;
use crate::query::{DateRange, Dimension, Include, Moment, Pagination, Query};
use crate::range::local;
use crate::run::run_with;

/// How long after their last event people count as being there.
const PRESENT_MS: i64 = 5 * 60 * 1_000;
/// Rows of each list.
const LISTED: u64 = 10;

/// Figures of one site at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Live {
    /// Milliseconds since 1970 in UTC.
    pub at: i64,
    /// People with an event in the last five minutes.
    pub visitors_now: i64,
    pub today: Today,
    /// The hours of today that have begun, on the site's clock.
    pub hours: Vec<Hour>,
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hour {
    /// `2024-01-01 13:00:00`.
    pub time: String,
    pub visitors: i64,
    pub pageviews: i64,
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
    let present = Query { date_range: last_minutes(now)?, ..today() };
    let sums = Query { metrics: vec![Metric::Visitors, Metric::Visits, Metric::Pageviews], ..today() };
    let hours = Query {
        metrics: vec![Metric::Visitors, Metric::Pageviews],
        dimensions: vec![Dimension::Bucket(Grain::Hour)],
        include: Include { time_labels: true, ..Include::default() },
        ..today()
    };
    let list = |name: &str| Query {
        dimensions: catalogue::field(name).map(Dimension::Field).into_iter().collect(),
        pagination: Pagination { limit: LISTED, offset: 0 },
        ..today()
    };

    let figures = try_join3(ask(present), ask(sums), ask(hours));
    let lists = try_join3(ask(list("event:page")), ask(list("visit:source")), ask(list("visit:country")));
    let ((present, sums, hours), (pages, sources, countries)) = try_join(figures, lists).await?;
    let sum = |place| sums.results.first().map_or(0, |group| count(group, place));
    Ok(Live {
        at: now.0,
        visitors_now: present.results.first().map_or(0, |group| count(group, 0)),
        today: Today { visitors: sum(0), visits: sum(1), pageviews: sum(2) },
        hours: begun(hours, site, now)?,
        pages: listed(pages),
        sources: listed(sources),
        countries: listed(countries),
    })
}

fn question(site: &Site, date_range: DateRange) -> Query {
    Query {
        site_id: site.domain.clone(),
        metrics: vec![Metric::Visitors],
        date_range,
        ..Query::default()
    }
}

fn last_minutes(now: Timestamp) -> Result<DateRange, QueryError> {
    let moment = |ms| match jiff::Timestamp::from_millisecond(ms) {
        Ok(instant) => Ok(Moment::Instant(instant)),
        Err(_) => Err(QueryError::Invalid {
            field: "now".to_owned(),
            message: "the time is outside the calendar".to_owned(),
            hint: None,
        }),
    };
    Ok(DateRange::Moments(moment(now.0 - PRESENT_MS)?, moment(now.0)?))
}

/// Every hour that has begun, with nought where nothing happened.
fn begun(answer: Answer, site: &Site, now: Timestamp) -> Result<Vec<Hour>, QueryError> {
    let clock = local(&site.timezone, now)?;
    let current =
        bucket::label(Grain::Hour, bucket::number(Grain::Hour, clock, site.week_start, clock.date()));
    let mut filled = answer.results.iter().peekable();
    let labels = answer.meta.time_labels.unwrap_or_default();
    let hours = labels.into_iter().take_while(|time| *time <= current).map(|time| {
        let group = filled.next_if(|group| group.dimensions.first() == Some(&time));
        let value = |place| group.map_or(0, |group| count(group, place));
        Hour { visitors: value(0), pageviews: value(1), time }
    });
    Ok(hours.collect())
}

fn listed(answer: Answer) -> Vec<Listed> {
    let named = |group: Group| {
        let visitors = count(&group, 0);
        group.dimensions.into_iter().next().map(|name| Listed { name, visitors })
    };
    answer.results.into_iter().filter_map(named).collect()
}

fn count(group: &Group, place: usize) -> i64 {
    group.metrics.get(place).and_then(serde_json::Value::as_i64).unwrap_or_default()
}
