//! Asking the store and putting the answer together.
//!
//! Keeps nothing between queries. Wrong when: views are behind the events that are stored already,
//! which `view_progress` tells, or an epoch is committed between two statements of one answer; each
//! number is then right for a moment less than a second apart from its neighbour's.

use std::sync::Mutex;
use std::time::Instant;

use clickhouse::Client;
use futures_util::future::{try_join, try_join_all, try_join4};
use opentrace_events::{Site, Timestamp};
use opentrace_store::Store;
use serde_json::Value as Json;

use crate::answer::{Answer, Explained, Group, Meta, Resolved};
use crate::bucket;
use crate::catalogue::{Grain, Metric};
use crate::compare::{self, Compared};
use crate::error::QueryError;
use crate::limits::Budget;
use crate::merge::{self, Row, Visitors};
use crate::plan::{Part, Plan, Shape, Total, Views};
use crate::query::{DateRange, Dimension, Query, Subject};
use crate::range::Range;
use crate::rows;
use crate::sql::{self, Context, Rows, Statement};
use crate::vocabulary::Goal;
use crate::warnings;

/// Whom a query is asked, about what, and when.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub client: &'a Client,
    /// Decides whose events are read; `query.site_id` is only repeated in the answer.
    pub site: &'a Site,
    pub now: Timestamp,
    /// Views may be avoided where they are not complete; the numbers are the same.
    pub views: Views,
    /// What is defined as a goal on the site.
    pub goals: &'a [Goal],
    /// Of each statement.
    pub budget: Budget,
}

impl std::fmt::Debug for Asking<'_> {
    /// Without the client, which knows a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asking").field("site", &self.site.id).field("now", &self.now).finish_non_exhaustive()
    }
}

/// Answers a query about `site` as of `now`. See [`Asking::answer`].
pub async fn run(
    store: &Store,
    site: &Site,
    query: &Query,
    now: Timestamp,
    views: Views,
) -> Result<Answer, QueryError> {
    run_with(&store.client(), site, query, now, views).await
}

/// Like [`run`], on a client.
pub async fn run_with(
    client: &Client,
    site: &Site,
    query: &Query,
    now: Timestamp,
    views: Views,
) -> Result<Answer, QueryError> {
    Asking { client, site, now, views, goals: &[], budget: Budget::default() }.answer(query).await
}

/// Names of buckets, where they are asked for.
type Labels = Option<Vec<String>>;

/// A query over one range, planned.
#[derive(Clone, Copy, Debug)]
struct Planned<'a> {
    asking: Asking<'a>,
    query: &'a Query,
    range: &'a Range,
    plan: &'a Plan,
    /// What has been asked so far.
    log: &'a Mutex<Vec<Explained>>,
}

impl Asking<'_> {
    /// Answers a query. Statements run at the same time and are given up when the future is dropped.
    /// The answer has at most `pagination.limit` rows.
    ///
    /// # Errors
    /// See [`QueryError::blame`]: the question's fault, its size, or the store's.
    pub async fn answer(&self, query: &Query) -> Result<Answer, QueryError> {
        let range = self.range(&query.date_range).await?;
        let plan = Plan::new(query, &range, self.views, self.goals)?;
        // Before anything else is read: what comes meanwhile is asked about with the next question.
        let epoch = self.epoch(query).await?;
        let log = Mutex::default();
        let planned = Planned { asking: *self, query, range: &range, plan: &plan, log: &log };
        let (time_labels, partial) = planned.labels()?;
        let compared = async {
            match &query.compare {
                Some(with) => self.compared(query, &range, with, &log).await.map(Some),
                None => Ok(None),
            }
        };
        let warnings = warnings::warnings(self, query, &range, &plan);
        let ((rows, total_rows), compared, warnings, corrected) =
            try_join4(planned.rows(), compared, warnings, planned.corrected()).await?;
        let currency = &self.site.currency;
        let mut results: Vec<Group> = Vec::with_capacity(rows.len());
        for row in rows {
            let comparison = compared.as_ref().map(|compared| compared.of(&row, &query.metrics, currency));
            let metrics = warnings::without(&query.metrics, &row.metrics, &warnings);
            results.push(Group::new(Row { metrics, ..row }, &query.metrics, currency, comparison));
        }
        Ok(Answer {
            results,
            meta: Meta {
                imports_included: query.include.imports.then_some(true),
                source: query.include.source.then(|| plan.sources()),
                time_labels,
                partial_time_labels: partial,
                epoch,
                corrected,
                total_rows: total_rows.filter(|_| query.include.total_rows),
                metric_warnings: warnings,
                explain: query.include.explain.then(|| log.into_inner().unwrap_or_default()),
            },
            query: resolved(query, &range, &plan, compared.as_ref()),
        })
    }

    /// Whether sums that are kept answer a query, so that it costs little. What cannot be asked does not.
    pub fn is_kept(&self, query: &Query) -> bool {
        let range = Range::resolve(&query.date_range, self.site, self.now, None);
        let plan = range.and_then(|range| Plan::new(query, &range, self.views, self.goals));
        plan.is_ok_and(|plan| plan.is_kept())
    }

    /// The newest epoch in every view, where it is to be said.
    async fn epoch(&self, query: &Query) -> Result<Option<u64>, QueryError> {
        if !query.include.epoch && query.include.corrected_since.is_none() {
            return Ok(None);
        }
        number(self, &sql::epoch()).await.map(|epoch| Some(epoch as u64))
    }

    /// The two instants of a range of time.
    pub(crate) async fn range(&self, range: &DateRange) -> Result<Range, QueryError> {
        let earliest = match range {
            DateRange::All => self.earliest().await?,
            _ => None,
        };
        Range::resolve(range, self.site, self.now, earliest)
    }

    /// The time of the site's first event, to the minute.
    async fn earliest(&self) -> Result<Option<Timestamp>, QueryError> {
        let rows = rows::fetch(self.client, &sql::earliest(self.site, self.views), self.budget).await?;
        let seconds = rows.first().and_then(|row| row.first()).and_then(Json::as_i64);
        Ok(seconds.map(|seconds| Timestamp(seconds * 1_000)))
    }

    /// The rows of the range to compare with, by their labels.
    async fn compared(
        &self,
        query: &Query,
        range: &Range,
        with: &crate::query::Compare,
        log: &Mutex<Vec<Explained>>,
    ) -> Result<Compared, QueryError> {
        let other = compare::range(self, range, with).await?;
        // `time` stands for the same grain on both sides.
        let mut query = query.clone();
        for dimension in &mut query.dimensions {
            if matches!(dimension, Dimension::Time) {
                *dimension = Dimension::Bucket(range.natural_grain());
            }
        }
        let plan = Plan::new(&query, &other, self.views, self.goals)?;
        let planned = Planned { asking: *self, query: &query, range: &other, plan: &plan, log };
        let rows = planned.all().await?;
        Compared::new(range, other, &plan.shape, rows)
    }
}

impl Planned<'_> {
    /// Every bucket of the range, and those that are not whole, as far as they are asked for.
    fn labels(&self) -> Result<(Labels, Labels), QueryError> {
        let Some(grain) = self.plan.shape.grain() else { return Ok((None, None)) };
        let include = self.query.include;
        let all = include.time_labels.then(|| bucket::labels(self.range, grain)).transpose()?;
        let partial = include
            .partial_time_labels
            .then(|| bucket::partial(self.range, grain, self.asking.now))
            .transpose()?;
        Ok((all, partial))
    }

    /// The buckets that changed after the epoch asked about.
    async fn corrected(&self) -> Result<Labels, QueryError> {
        let Some(since) = self.query.include.corrected_since else { return Ok(None) };
        let grain = self.plan.shape.grain().unwrap_or(Grain::Day);
        let statement = sql::corrected(self.context(), grain, since)?;
        let rows = rows::fetch(self.asking.client, &statement, self.asking.budget).await?;
        let unreadable = || QueryError::Row { message: "a bucket of another type".to_owned() };
        let labels = rows.into_iter().map(|row| row.first().and_then(|bucket| label(grain, bucket)));
        labels.map(|label| label.ok_or_else(unreadable)).collect::<Result<_, _>>().map(Some)
    }

    /// The rows of the page asked for, and how many there are in all where that is known.
    async fn rows(&self) -> Result<(Vec<Row>, Option<u64>), QueryError> {
        if self.plan.is_direct() {
            return self.direct().await;
        }
        let mut rows = self.all().await?;
        merge::order(self.query, &mut rows);
        let count = rows.len() as u64;
        Ok((merge::page(rows, self.query.pagination), Some(count)))
    }

    /// One statement: the store orders and cuts.
    async fn direct(&self) -> Result<(Vec<Row>, Option<u64>), QueryError> {
        let part = &self.plan.parts[0];
        let order = self.query.order();
        let page = sql::statement(part, self.context(), Rows::Page(&order))?;
        let rows = self.fetch(&page, part, &self.plan.shape);
        if !self.query.include.total_rows {
            return Ok((rows.await?, None));
        }
        let count = sql::statement(part, self.context(), Rows::Count)?;
        let (rows, count) = try_join(rows, number(&self.asking, &count)).await?;
        Ok((rows, Some(count as u64)))
    }

    /// Several statements, joined; in no order.
    async fn all(&self) -> Result<Vec<Row>, QueryError> {
        let returned = self.plan.parts.iter().map(|part| async move {
            let statement = sql::statement(part, self.context(), Rows::All)?;
            self.fetch(&statement, part, &self.plan.shape).await
        });
        let totals = self.plan.totals.iter().map(|total| self.total(total));
        let (returned, totals) = try_join(try_join_all(returned), try_join_all(totals)).await?;
        Ok(merge::join(self.query, self.plan, returned, &totals))
    }

    async fn total(&self, total: &Total) -> Result<Visitors, QueryError> {
        let context = Context { shape: &total.shape, filters: &total.filters, ..self.context() };
        let statement = sql::statement(&total.part, context, Rows::All)?;
        let rows = self.fetch(&statement, &total.part, &total.shape).await?;
        Ok(rows.into_iter().map(|row| (row.dimensions, row.metrics[0])).collect())
    }

    fn context(&self) -> Context<'_> {
        Context {
            site: self.asking.site,
            query: self.query,
            range: self.range,
            shape: &self.plan.shape,
            filters: &self.query.filters,
            goals: self.asking.goals,
        }
    }

    /// The rows of a statement, buckets named.
    async fn fetch(&self, statement: &Statement, part: &Part, shape: &Shape) -> Result<Vec<Row>, QueryError> {
        let began = Instant::now();
        let returned = rows::fetch(self.asking.client, statement, self.asking.budget).await?;
        if self.query.include.explain {
            let names = part.metrics.iter().map(|metric| self.query.metric_name(*metric).to_owned());
            let explained = Explained {
                source: shape.name_of(part.source),
                reason: part.source.reason(),
                metrics: names.collect(),
                sql: statement.sql.clone(),
                rows: returned.len() as u64,
                milliseconds: (began.elapsed().as_secs_f64() * 1e4).round() / 10.0,
            };
            self.log.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(explained);
        }
        returned.into_iter().map(|row| read(row, &part.metrics, &shape.dimensions)).collect()
    }
}

fn read(row: Vec<Json>, metrics: &[Metric], dimensions: &[Dimension]) -> Result<Row, QueryError> {
    let unreadable = || QueryError::Row { message: "a value of another type than asked for".to_owned() };
    if row.len() != dimensions.len() + metrics.len() {
        return Err(QueryError::Row { message: format!("{} values", row.len()) });
    }
    let mut values = row.into_iter();
    let mut labels = Vec::with_capacity(dimensions.len());
    for (dimension, value) in dimensions.iter().zip(values.by_ref()) {
        labels.push(match (dimension, value) {
            (Dimension::Bucket(grain), value) => label(*grain, &value).ok_or_else(unreadable)?,
            (_, Json::String(text)) => text,
            _ => return Err(unreadable()),
        });
    }
    let metrics = values.zip(metrics).map(|(value, metric)| match value {
        Json::Null if metric.info().nullable => Ok(f64::NAN),
        value => value.as_f64().ok_or_else(unreadable),
    });
    Ok(Row { dimensions: labels, metrics: metrics.collect::<Result<_, _>>()? })
}

fn label(grain: Grain, value: &Json) -> Option<String> {
    Some(bucket::label(grain, value.as_i64()?))
}

/// The one number that a statement returns.
async fn number(asking: &Asking<'_>, statement: &Statement) -> Result<f64, QueryError> {
    let rows = rows::fetch(asking.client, statement, asking.budget).await?;
    let value = rows.first().and_then(|row| row.first()).and_then(Json::as_f64);
    value.ok_or_else(|| QueryError::Row { message: "no number".to_owned() })
}

fn resolved(query: &Query, range: &Range, plan: &Plan, compared: Option<&Compared>) -> Resolved {
    let order_by = query.order().into_iter().map(|by| {
        let (name, direction) = by.written(query);
        match (by.subject, plan.shape.grain()) {
            // `time` is called by the grain that it stood for.
            (Subject::Dimension(Dimension::Time), Some(grain)) => (grain.name().to_owned(), direction),
            _ => (name, direction),
        }
    });
    Resolved {
        site_id: query.site_id.clone(),
        metrics: query.metric_names().into_iter().map(str::to_owned).collect(),
        date_range: range.iso(),
        comparison_date_range: compared.map(Compared::iso),
        filters: query.filters.clone(),
        order_by: order_by.collect(),
        dimensions: plan.shape.dimensions.clone(),
        include: query.include,
        pagination: query.pagination,
    }
}
