//! Statements of exports.

use opentrace_events::Site;

use super::builder::{Builder, bind};
use super::{Context, Statement, Value};
use crate::error::QueryError;
use crate::export::{Export, Format};
use crate::plan::Source;

/// What is exported of an event: names and how they are read. Numbers that a float cannot hold are
/// written as text.
pub(crate) const COLUMNS: [(&str, &str); 39] = [
    ("id", "toString(e.id)"),
    ("ts", "e.ts"),
    ("received_at", "e.received_at"),
    ("name", "toString(e.name)"),
    ("visitor", "toString(e.visitor)"),
    ("user_id", "e.user_id"),
    ("interactive", "e.interactive"),
    ("url", "e.url"),
    ("path", "e.path"),
    ("title", "e.title"),
    ("hostname", "toString(e.hostname)"),
    ("referrer", "e.referrer"),
    ("source", "toString(e.source)"),
    ("medium", "toString(e.medium)"),
    ("campaign", "toString(e.campaign)"),
    ("term", "toString(e.term)"),
    ("content", "toString(e.content)"),
    ("channel", "toString(e.channel)"),
    ("country", "toString(e.country)"),
    ("region", "toString(e.region)"),
    ("city", "toString(e.city)"),
    ("device", "toString(e.device)"),
    ("browser", "toString(e.browser)"),
    ("browser_version", "toString(e.browser_version)"),
    ("os", "toString(e.os)"),
    ("os_version", "toString(e.os_version)"),
    ("screen", "toString(e.screen)"),
    ("language", "toString(e.language)"),
    ("platform", "toString(e.platform)"),
    ("app", "toString(e.app)"),
    ("app_version", "toString(e.app_version)"),
    ("props", "CAST(e.props, 'Map(String, String)')"),
    ("amount", "toDecimal128(e.revenue, 4) / 10000"),
    ("currency", "toString(e.currency)"),
    ("scroll_depth", "e.scroll_depth"),
    ("engagement_ms", "e.engagement_ms"),
    ("log_partition", "e.log_partition"),
    ("log_offset", "e.log_offset"),
    ("epoch", "e.epoch"),
];

/// The order of the table, made total.
const ORDER: &str = "toDate(e.ts), e.visitor, e.ts, e.log_partition, e.log_offset";

/// The newest epoch of a site's events.
pub(crate) fn newest(site: &Site) -> Statement {
    let mut params = Vec::new();
    let site = bind(&mut params, Value::Count(u64::from(site.id.0)));
    Statement { sql: format!("SELECT max(epoch) FROM events WHERE site_id = {site}"), params }
}

/// How many rows there are from the beginning of the page on.
pub(crate) fn count(context: Context<'_>, export: &Export, epoch: u64) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(Source::Events, context)?;
    let from = from(&mut builder, export, epoch)?;
    Ok(Statement { sql: format!("SELECT count() {from}"), params: builder.into_params() })
}

/// The last row of the page: milliseconds, visitor, partition and offset, as text.
pub(crate) fn last(context: Context<'_>, export: &Export, epoch: u64) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(Source::Events, context)?;
    let from = from(&mut builder, export, epoch)?;
    let skipped = builder.bind(Value::Count(export.limit - 1));
    let sql = format!(
        "SELECT toString(toUnixTimestamp64Milli(e.ts)), toString(e.visitor), toString(e.log_partition), \
         toString(e.log_offset) {from} ORDER BY {ORDER} LIMIT 1 OFFSET {skipped}"
    );
    Ok(Statement { sql, params: builder.into_params() })
}

/// The rows of the page.
pub(crate) fn page(context: Context<'_>, export: &Export, epoch: u64) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(Source::Events, context)?;
    let from = from(&mut builder, export, epoch)?;
    let limit = builder.bind(Value::Count(export.limit));
    // A cell of CSV is a text; everybody reads properties as JSON, nobody as ClickHouse writes maps.
    let cell = |name: &str, expression: &str| match (export.format, name) {
        (Format::Csv, "props") => format!("toJSONString({expression})"),
        _ => expression.to_owned(),
    };
    let columns: Vec<String> =
        COLUMNS.iter().map(|(name, expression)| format!("{} AS `{name}`", cell(name, expression))).collect();
    let sql = format!("SELECT {} {from} ORDER BY {ORDER} LIMIT {limit}", columns.join(", "));
    Ok(Statement { sql, params: builder.into_params() })
}

fn from(builder: &mut Builder<'_>, export: &Export, epoch: u64) -> Result<String, QueryError> {
    let range = builder.context.range;
    let mut tests = builder.events_between(range.from.0, range.to.0);
    tests.push(format!("e.epoch <= {}", builder.bind(Value::Count(epoch))));
    for (place, filter) in export.filters.iter().enumerate() {
        let condition = crate::define::condition(filter, &format!("filters[{place}]"))?;
        tests.push(builder.event(&condition));
    }
    if let Some(cursor) = &export.after {
        let ts = builder.bind(Value::Int(cursor.ts));
        let ts = format!("fromUnixTimestamp64Milli({ts}, 'UTC')");
        let visitor = builder.bind(Value::Count(cursor.visitor));
        let partition = builder.bind(Value::Count(cursor.partition));
        let offset = builder.bind(Value::Count(cursor.offset));
        tests.push(format!("toDate(e.ts) >= toDate({ts})"));
        tests.push(format!("({ORDER}) > (toDate({ts}), {visitor}, {ts}, {partition}, {offset})"));
    }
    Ok(format!("FROM events AS e WHERE {}", tests.join(" AND ")))
}
