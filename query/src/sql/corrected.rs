//! Statements about what changed since an epoch.

use super::builder::{Builder, bind};
use super::{Context, Statement, Value};
use crate::catalogue::Grain;
use crate::error::QueryError;
use crate::plan::Source;

/// The newest epoch that is in every view.
pub(crate) fn epoch() -> Statement {
    Statement { sql: "SELECT max(epoch) FROM view_progress".to_owned(), params: Vec::new() }
}

/// The buckets of the range in which something changed after an epoch, in order. A minute that lost
/// its last event has a row as well, which says so.
pub(crate) fn corrected(context: Context<'_>, grain: Grain, since: u64) -> Result<Statement, QueryError> {
    let mut builder = Builder::new(Source::Traffic, context)?;
    let bucket = builder.bucket(grain);
    let minutes = builder.minutes();
    let mut params = builder.into_params();
    let since = bind(&mut params, Value::Count(since));
    let sql = format!(
        "SELECT DISTINCT {bucket} AS bucket FROM v_traffic WHERE {minutes} AND epoch > {since} ORDER BY bucket"
    );
    Ok(Statement { sql, params })
}
