//! The only place that writes SQL.
//!
//! A statement's text is put together from constants: column names and formulas of the catalogue
//! and the words in these files. Every value, be it a filter's, a property's key, a time zone, an
//! instant or a number of rows, is a parameter that the store binds ([`Value`]). Nothing of a
//! request becomes text.

mod acts;
mod builder;
mod columns;
mod conditions;
mod corrected;
pub(crate) mod export;
mod goals;
mod listed;
mod made;
mod measures;
pub(crate) mod report;
mod tables;

use opentrace_events::Site;

use crate::error::QueryError;
use crate::filter::Filter;
use crate::plan::{Part, Shape, Source, Views};
use crate::query::{Direction, OrderBy, Query, Subject};
use crate::range::Range;
use crate::vocabulary::Goal;

use builder::Builder;
pub(crate) use corrected::{corrected, epoch};
pub(crate) use listed::{deeds, people, properties, recent};

/// A statement and what it returns: the dimensions, then the metrics, in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sql: String,
    /// The value of `{p<place>:…}` for each place.
    pub params: Vec<Value>,
}

/// A value that the store binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Texts(Vec<String>),
    Int(i64),
    Count(u64),
    /// `yyyy-mm-dd`.
    Date(String),
}

/// Which of a statement's rows are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// All, in no order.
    All,
    /// One page of them, in this order.
    Page(&'a [OrderBy]),
    /// None, only their number.
    Count,
}

/// What a statement is about, besides its part of the plan.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub site: &'a Site,
    pub query: &'a Query,
    pub range: &'a Range,
    pub shape: &'a Shape,
    /// Those of the query, or of what a part of it is a share of.
    pub filters: &'a [Filter],
    /// What is defined as a goal on the site.
    pub goals: &'a [Goal],
}

impl Value {
    /// The type in the placeholder.
    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "String",
            Self::Texts(_) => "Array(String)",
            Self::Int(_) => "Int64",
            Self::Count(_) => "UInt64",
            Self::Date(_) => "Date32",
        }
    }
}

/// The statement for one part of a plan.
pub fn statement(part: &Part, context: Context<'_>, rows: Rows<'_>) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(part.source, context)?;
    let dimensions = &context.shape.dimensions;

    let mut groups = Vec::with_capacity(dimensions.len());
    for (place, dimension) in dimensions.iter().enumerate() {
        groups.push((format!("d{place}"), builder.dimension(dimension)));
    }
    let mut values = Vec::with_capacity(part.metrics.len());
    for (place, metric) in part.metrics.iter().enumerate() {
        values.push((format!("m{place}"), builder.value(*metric)));
    }
    let from = match part.source {
        Source::Traffic => builder.traffic(),
        Source::Uniques(grain) => builder.uniques(grain),
        Source::Breakdowns(dimension) => builder.breakdowns(dimension),
        Source::Visits => builder.visits(context.filters),
        Source::Acts => builder.acts(context.filters),
        Source::Events => builder.events(context.filters),
        Source::EventsInVisits => builder.events_in_visits(context.filters),
        Source::Engagement => builder.engagement(context.filters, &mut groups),
        Source::VisitsOfEvents => builder.visits_of_events(context.filters, &mut groups),
    };

    let list = |items: Vec<String>| items.join(", ");
    let selected = groups
        .iter()
        .map(|(name, expression)| format!("{expression} AS {name}"))
        .chain(values.iter().map(|(name, formula)| format!("{formula} AS {name}")))
        .collect();
    let mut sql = format!("SELECT {} {from}", list(selected));
    if !groups.is_empty() {
        let names = list(groups.iter().map(|(name, _)| name.clone()).collect());
        sql.push_str(&format!(" GROUP BY {names}"));
        if let Some(presence) = builder.presence(part) {
            sql.push_str(&format!(" HAVING {presence}"));
        }
    }
    match rows {
        Rows::All => {}
        Rows::Count => sql = format!("SELECT count() FROM ({sql})"),
        Rows::Page(order) => {
            let order = ordering(order, part, context.shape, &context.query.dimensions);
            if !order.is_empty() {
                sql.push_str(&format!(" ORDER BY {}", list(order)));
            }
            let limit = builder.bind(Value::Count(context.query.pagination.limit));
            let offset = builder.bind(Value::Count(context.query.pagination.offset));
            sql.push_str(&format!(" LIMIT {limit} OFFSET {offset}"));
        }
    }
    Ok(Statement { sql, params: builder.into_params() })
}

/// The second at which the minute of the site's first event began; no row or null where there is none.
pub(crate) fn earliest(site: &Site, views: Views) -> Statement {
    let mut params = Vec::new();
    let site = builder::bind(&mut params, Value::Count(u64::from(site.id.0)));
    let (first, table) = match views {
        Views::Never => ("toStartOfMinute(min(ts))", "events WHERE name != 'engagement'"),
        _ => ("min(minute)", "v_traffic FINAL WHERE events > 0"),
    };
    let sql =
        format!("SELECT if(count() = 0, NULL, toUnixTimestamp({first})) FROM {table} AND site_id = {site}");
    Statement { sql, params }
}

/// The currencies of the revenue of matching events, a row for each.
pub(crate) fn currencies(context: Context<'_>) -> Result<Statement, QueryError> {
    let source = if context.shape.visits { Source::EventsInVisits } else { Source::Events };
    let mut builder = Builder::new(source, context)?;
    let (currency, revenue) = (builder.event_column("currency"), builder.event_column("revenue"));
    let from = match source {
        Source::EventsInVisits => builder.events_in_visits(context.filters),
        _ => builder.events(context.filters),
    };
    let sql = format!("SELECT DISTINCT toString({currency}) {from} AND {revenue} != 0 ORDER BY 1 LIMIT 20");
    Ok(Statement { sql, params: builder.into_params() })
}

/// The criteria asked for, then every dimension, so that the order is total.
fn ordering(
    order: &[OrderBy],
    part: &Part,
    shape: &Shape,
    dimensions: &[crate::query::Dimension],
) -> Vec<String> {
    let mut criteria: Vec<String> = order
        .iter()
        .filter_map(|by| {
            let column = match &by.subject {
                Subject::Metric(metric) => {
                    format!("m{}", part.metrics.iter().position(|column| column == metric)?)
                }
                Subject::Dimension(dimension) => {
                    format!("d{}", dimensions.iter().position(|column| column == dimension)?)
                }
            };
            let direction = match by.direction {
                Direction::Asc => "ASC",
                Direction::Desc => "DESC",
            };
            Some(format!("{column} {direction}"))
        })
        .collect();
    criteria.extend((0..shape.dimensions.len()).map(|place| format!("d{place} ASC")));
    criteria
}

#[cfg(test)]
mod tests;
