//! Journeys from the pages that are kept of each visit.

use super::super::builder::Builder;
use super::super::{Context, Statement, Value};
use crate::error::QueryError;
use crate::plan::Source;
use crate::query::Dimension;
use crate::report::{GROUPS, Journeys};

/// Group, page, next page, step and visits. Divided, the groups come in the order of their size,
/// each with its own busiest links.
pub(crate) fn journeys(
    context: Context<'_>,
    ask: &Journeys,
    dimension: Option<&Dimension>,
) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(Source::Visits, context)?;
    let label = match dimension {
        Some(dimension) => builder.dimension(dimension),
        None => "''".to_owned(),
    };
    let stops = builder.visit_column("stops");
    let from = builder.visits(context.filters);
    let depth = builder.bind(Value::Count(ask.depth));
    let limit = builder.bind(Value::Count(ask.limit));
    let links = format!(
        "SELECT label, stops[step] AS page, stops[step + 1] AS next, step, count() AS visits FROM (\
           SELECT {label} AS label, {stops} AS stops {from} AND length({stops}) > 1\
         ) ARRAY JOIN arrayMap(at -> toUInt64(at), range(1, toUInt64(least(length(stops), {depth} + 1)))) AS step \
         GROUP BY label, page, next, step"
    );
    let sql = if dimension.is_none() {
        format!("{links} ORDER BY visits DESC, step, page, next LIMIT {limit}")
    } else {
        let groups = builder.bind(Value::Count(GROUPS));
        format!(
            "SELECT label, link.3, link.4, link.2, toUInt64(-link.1) FROM (\
               SELECT label, sum(visits) AS size, arraySlice(arraySort(groupArray((-toInt64(visits), step, page, \
                 next))), 1, {limit}) AS links FROM ({links}) GROUP BY label ORDER BY size DESC, label LIMIT {groups}\
             ) ARRAY JOIN links AS link ORDER BY size DESC, label, link"
        )
    };
    Ok(Statement { sql, params: builder.into_params() })
}
