//! Statements to the store and rows back.

use clickhouse::Client;
use clickhouse::query::{BytesCursor, Query};
use serde_json::Value as Json;

use crate::error::QueryError;
use crate::export::PATIENCE;
use crate::limits::{self, Budget};
use crate::sql::{Statement, Value};

/// Codes of the store's errors that say what was wrong with the question.
const TIMEOUT_EXCEEDED: u32 = 159;
const TOO_MANY_ROWS: u32 = 158;
const MEMORY_LIMIT_EXCEEDED: u32 = 241;
const TOO_MANY_ROWS_OR_BYTES: u32 = 396;
const CANNOT_COMPILE_REGEXP: u32 = 427;

/// The rows a statement returns, each a list of JSON values.
pub(crate) async fn fetch(
    client: &Client,
    statement: &Statement,
    budget: Budget,
) -> Result<Vec<Vec<Json>>, QueryError> {
    let mut query = bound(client, statement);
    for (name, value) in settings(budget) {
        query = query.with_setting(name, value);
    }
    let told = |source| told(source, budget);
    let mut cursor = query.fetch_bytes("JSONCompactEachRow").map_err(told)?;
    let body = cursor.collect().await.map_err(told)?;
    serde_json::Deserializer::from_slice(&body)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| QueryError::Row { message: error.to_string() })
}

/// The rows of a statement as the store writes them in a format, in pieces. As many as there are.
pub(crate) fn stream(
    client: &Client,
    statement: &Statement,
    format: &str,
    budget: Budget,
) -> Result<BytesCursor, QueryError> {
    // As long as somebody reads it.
    let budget = Budget { time: budget.time * PATIENCE, ..budget };
    let mut query = bound(client, statement);
    for (name, value) in [
        ("max_execution_time", budget.time.as_secs_f64().to_string()),
        ("max_memory_usage", budget.memory.to_string()),
        ("cancel_http_readonly_queries_on_client_close", "1".to_owned()),
        ("date_time_output_format", "iso".to_owned()),
        ("output_format_json_quote_64bit_integers", "0".to_owned()),
    ] {
        query = query.with_setting(name, value);
    }
    query.fetch_bytes(format).map_err(|source| told(source, budget))
}

/// The statement with its values.
fn bound(client: &Client, statement: &Statement) -> Query {
    let mut query = client.query(&statement.sql);
    for (place, value) in statement.params.iter().enumerate() {
        let name = format!("p{place}");
        query = match value {
            Value::Text(text) | Value::Date(text) => query.param(&name, text),
            Value::Texts(texts) => query.param(&name, texts),
            Value::Int(number) => query.param(&name, number),
            Value::Count(number) => query.param(&name, number),
        };
    }
    query
}

fn settings(budget: Budget) -> [(&'static str, String); 7] {
    [
        ("max_execution_time", budget.time.as_secs_f64().to_string()),
        ("max_memory_usage", budget.memory.to_string()),
        ("max_result_rows", limits::MERGED_GROUPS.to_string()),
        ("result_overflow_mode", "throw".to_owned()),
        ("cancel_http_readonly_queries_on_client_close", "1".to_owned()),
        // A key of a view never changes partition, so each partition is final by itself.
        ("do_not_merge_across_partitions_select_final", "1".to_owned()),
        ("output_format_json_quote_64bit_integers", "0".to_owned()),
    ]
}

/// The store's error in the question's terms.
fn told(source: clickhouse::error::Error, budget: Budget) -> QueryError {
    let text = source.to_string();
    match code(&text) {
        Some(TIMEOUT_EXCEEDED) => QueryError::TimedOut { limit: budget.time },
        Some(MEMORY_LIMIT_EXCEEDED) => QueryError::OutOfMemory { limit: budget.memory },
        Some(TOO_MANY_ROWS | TOO_MANY_ROWS_OR_BYTES) => {
            QueryError::TooManyRows { limit: limits::MERGED_GROUPS }
        }
        Some(CANNOT_COMPILE_REGEXP) => QueryError::Pattern { message: pattern_fault(&text) },
        _ => QueryError::Store { source },
    }
}

/// The number in `Code: 159. DB::Exception: …`.
fn code(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("Code: ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// What RE2 said, without the statement that follows it.
fn pattern_fault(text: &str) -> String {
    let fault = text.split_once("cannot compile re2: ").map_or("it does not compile", |(_, rest)| rest);
    fault.split(". Look at ").next().unwrap_or(fault).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_store_become_errors_of_the_question() {
        let bad = |text: &str| {
            told(clickhouse::error::Error::BadResponse(text.to_owned()), Budget::default()).code()
        };
        assert_eq!(bad("Code: 159. DB::Exception: Timeout exceeded"), "query_timed_out");
        assert_eq!(bad("Code: 241. DB::Exception: (total) memory limit exceeded"), "query_out_of_memory");
        assert_eq!(bad("Code: 396. DB::Exception: Limit for result exceeded"), "too_many_rows");
        assert_eq!(bad("Code: 60. DB::Exception: Table does not exist"), "store_unavailable");
        assert_eq!(bad("no code at all"), "store_unavailable");
    }

    #[test]
    fn a_wrong_pattern_is_told_without_the_statement() {
        let text = "Code: 427. DB::Exception: OptimizedRegularExpression: cannot compile re2: ((, error: \
                    missing ): ((. Look at https://example.org: In scope SELECT match('x', '(('). (X)";
        let error = told(clickhouse::error::Error::BadResponse(text.to_owned()), Budget::default());
        assert_eq!(error.to_string(), "a pattern is not a regular expression: ((, error: missing ): ((");
    }
}
