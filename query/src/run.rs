//! Asking the store and putting the answer together.
//!
//! Keeps nothing between queries. Wrong when: views are behind the events that are stored already,
//! which `view_progress` tells, or an epoch is committed between two statements of one answer; each
//! number is then right for a moment less than a second apart from its neighbour's.

use clickhouse::Client;
use futures_util::future::{try_join, try_join_all};
use opentrace_events::{Site, Timestamp};
use opentrace_store::Store;
use serde_json::Value as Json;

use crate::answer::{Answer, Group, Meta, Resolved};
use crate::bucket;
use crate::catalogue::Grain;
use crate::error::QueryError;
use crate::merge::{self, Row};
use crate::plan::{Part, Plan, Views};
use crate::query::{DateRange, Dimension, Query, Subject};
use crate::range::Range;
use crate::rows;
use crate::sql::{self, Context, Rows, Statement};

/// Answers a query about `site` as of `now`.
///
/// Views may be avoided where they are not complete; the numbers are the same. `site` decides whose events are read; `query.site_id` is only repeated in the answer. Statements
/// run at the same time and are given up when the future is dropped. The answer has at most `pagination.limit` rows.
///
/// # Errors
/// See [`QueryError::blame`]: the question's fault, its size, or the store's.
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
    let earliest = match query.date_range {
        DateRange::All => earliest(client, site).await?,
        _ => None,
    };
    let range = Range::resolve(&query.date_range, site, now, earliest)?;
    let plan = Plan::new(query, &range, views)?;
    let time_labels = match plan.shape.grain() {
        Some(grain) if query.include.time_labels => Some(bucket::labels(&range, grain)?),
        _ => None,
    };
    let context = Context { site, query, range: &range, shape: &plan.shape };
    let (rows, total_rows) = if plan.is_direct() {
        direct(client, &plan, context).await?
    } else {
        joined(client, &plan, context).await?
    };
    Ok(Answer {
        results: rows.into_iter().map(|row| Group::new(row, &query.metrics)).collect(),
        meta: Meta {
            imports_included: query.include.imports.then_some(true),
            source: query.include.source.then(|| plan.sources()),
            time_labels,
            total_rows: total_rows.filter(|_| query.include.total_rows),
        },
        query: resolved(query, &range, &plan),
    })
}

/// One statement: the store orders and cuts.
async fn direct(
    client: &Client,
    plan: &Plan,
    context: Context<'_>,
) -> Result<(Vec<Row>, Option<u64>), QueryError> {
    let part = &plan.parts[0];
    let order = context.query.order();
    let page = sql::statement(part, context, Rows::Page(&order))?;
    if !context.query.include.total_rows {
        return Ok((fetch(client, &page, part, plan).await?, None));
    }
    let count = sql::statement(part, context, Rows::Count)?;
    let (rows, count) = try_join(fetch(client, &page, part, plan), number(client, &count)).await?;
    Ok((rows, Some(count as u64)))
}

/// Several statements: joined, ordered and cut here.
async fn joined(
    client: &Client,
    plan: &Plan,
    context: Context<'_>,
) -> Result<(Vec<Row>, Option<u64>), QueryError> {
    let returned = plan.parts.iter().map(|part| async move {
        let statement = sql::statement(part, context, Rows::All)?;
        fetch(client, &statement, part, plan).await
    });
    let total = async {
        let Some(part) = &plan.total else { return Ok(0.0) };
        let shape = plan.shape.whole();
        let statement = sql::statement(part, Context { shape: &shape, ..context }, Rows::All)?;
        number(client, &statement).await
    };
    let (returned, total) = try_join(try_join_all(returned), total).await?;
    let mut rows = merge::join(context.query, plan, returned, total);
    merge::order(context.query, &mut rows);
    let count = rows.len() as u64;
    Ok((merge::page(rows, context.query.pagination), Some(count)))
}

/// The rows of a statement, buckets named.
async fn fetch(
    client: &Client,
    statement: &Statement,
    part: &Part,
    plan: &Plan,
) -> Result<Vec<Row>, QueryError> {
    let returned = rows::fetch(client, statement).await?;
    returned.into_iter().map(|row| read(row, part, &plan.shape.dimensions)).collect()
}

fn read(row: Vec<Json>, part: &Part, dimensions: &[Dimension]) -> Result<Row, QueryError> {
    let unreadable = || QueryError::Row { message: "a value of another type than asked for".to_owned() };
    if row.len() != dimensions.len() + part.metrics.len() {
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
    let metrics = values.map(|value| value.as_f64().ok_or_else(unreadable)).collect::<Result<_, _>>()?;
    Ok(Row { dimensions: labels, metrics })
}

fn label(grain: Grain, value: &Json) -> Option<String> {
    Some(bucket::label(grain, value.as_i64()?))
}

/// The one number that a statement returns.
async fn number(client: &Client, statement: &Statement) -> Result<f64, QueryError> {
    let rows = rows::fetch(client, statement).await?;
    let value = rows.first().and_then(|row| row.first()).and_then(Json::as_f64);
    value.ok_or_else(|| QueryError::Row { message: "no number".to_owned() })
}

/// The time of the site's first event, to the minute.
async fn earliest(client: &Client, site: &Site) -> Result<Option<Timestamp>, QueryError> {
    let rows = rows::fetch(client, &sql::earliest(site)).await?;
    let seconds = rows.first().and_then(|row| row.first()).and_then(Json::as_i64);
    Ok(seconds.map(|seconds| Timestamp(seconds * 1_000)))
}

fn resolved(query: &Query, range: &Range, plan: &Plan) -> Resolved {
    let dimensions = plan.shape.dimensions.clone();
    let mut order_by = query.order();
    for by in &mut order_by {
        // `time` is called by the grain that it stood for.
        if let (Subject::Dimension(Dimension::Time), Some(grain)) = (&by.subject, plan.shape.grain()) {
            by.subject = Subject::Dimension(Dimension::Bucket(grain));
        }
    }
    Resolved {
        site_id: query.site_id.clone(),
        metrics: query.metrics.clone(),
        date_range: range.iso(),
        filters: query.filters.clone(),
        order_by,
        dimensions,
        include: query.include,
        pagination: query.pagination,
    }
}
