//! What can be wrong with a question, told so that the asker can put it right.

use std::time::Duration;

/// Who has to act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The request is wrong and will stay wrong.
    Caller,
    /// The request is right but asks for more than one query may use.
    Size,
    /// The store could not answer; asking again later may work.
    Store,
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The body is not JSON.
    #[error("the body is not valid JSON: {message}")]
    Json { message: String },
    /// A required key is absent.
    #[error("`{field}` is required")]
    Missing { field: &'static str },
    /// A key that no query has.
    #[error("unknown key `{given}`")]
    UnknownKey { field: String, given: String, nearest: Option<&'static str> },
    /// A value of the wrong JSON type or form.
    #[error("`{field}` must be {expected}")]
    Expected { field: String, expected: String },
    #[error("unknown metric `{given}`")]
    UnknownMetric { field: String, given: String, nearest: Option<String> },
    #[error("unknown dimension `{given}`")]
    UnknownDimension { field: String, given: String, nearest: Option<&'static str> },
    #[error("unknown operator `{given}`")]
    UnknownOperator { field: String, given: String, nearest: Option<&'static str> },
    /// A value of the right form that cannot be meant.
    #[error("{message}")]
    Invalid { field: String, message: String, hint: Option<String> },
    /// More than [`crate::limits`] allows.
    #[error("`{field}` has {given} {what}, at most {limit} are allowed")]
    TooMany { field: String, what: &'static str, given: u64, limit: u64 },
    /// Metrics and dimensions that have no meaning together.
    #[error("metric `{metric}` {reason}")]
    Conflict { metric: &'static str, reason: String, hint: Option<String> },
    /// A pattern that the engine does not accept; RE2 syntax is meant.
    #[error("a pattern is not a regular expression: {message}")]
    Pattern { message: String },
    /// The answer has more groups than can be put together.
    #[error("the answer has more than {limit} rows")]
    TooManyRows { limit: u64 },
    #[error("the query did not finish within {limit:?}")]
    TimedOut { limit: Duration },
    #[error("the query needs more than {limit} bytes of memory")]
    OutOfMemory { limit: u64 },
    /// The site's time zone has no name the store could be given.
    #[error("the site's time zone has no IANA name")]
    Zone,
    /// The store failed, or cannot be reached. The chain is for the log, not for the caller.
    #[error("the store could not answer")]
    Store {
        #[source]
        source: clickhouse::error::Error,
    },
    /// The store answered something that was not asked for.
    #[error("the store answered with a row that cannot be read: {message}")]
    Row { message: String },
}

impl QueryError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "invalid_json",
            Self::Missing { .. } => "missing_field",
            Self::UnknownKey { .. } => "unknown_field",
            Self::Expected { .. } => "invalid_type",
            Self::UnknownMetric { .. } => "unknown_metric",
            Self::UnknownDimension { .. } => "unknown_dimension",
            Self::UnknownOperator { .. } => "unknown_operator",
            Self::Invalid { .. } => "invalid_value",
            Self::TooMany { .. } => "limit_exceeded",
            Self::Conflict { .. } => "invalid_combination",
            Self::Pattern { .. } => "invalid_pattern",
            Self::TooManyRows { .. } => "too_many_rows",
            Self::TimedOut { .. } => "query_timed_out",
            Self::OutOfMemory { .. } => "query_out_of_memory",
            Self::Zone => "unnamed_timezone",
            Self::Store { .. } => "store_unavailable",
            Self::Row { .. } => "store_answer_unreadable",
        }
    }

    /// Where in the request the mistake is, as a path (`filters[0][1]`).
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Missing { field } => Some(field),
            Self::UnknownKey { field, .. }
            | Self::Expected { field, .. }
            | Self::UnknownMetric { field, .. }
            | Self::UnknownDimension { field, .. }
            | Self::UnknownOperator { field, .. }
            | Self::Invalid { field, .. }
            | Self::TooMany { field, .. } => Some(field),
            Self::Conflict { .. } => Some("metrics"),
            Self::Pattern { .. } => Some("filters"),
            _ => None,
        }
    }

    /// What would have been right.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { given, nearest: Some(nearest), .. }
            | Self::UnknownDimension { given, nearest: Some(nearest), .. }
            | Self::UnknownOperator { given, nearest: Some(nearest), .. } => {
                Some(format!("\"{given}\": did you mean \"{nearest}\"?"))
            }
            Self::UnknownMetric { given, nearest: Some(nearest), .. } => {
                Some(format!("\"{given}\": did you mean \"{nearest}\"?"))
            }
            Self::Invalid { hint, .. } | Self::Conflict { hint, .. } => hint.clone(),
            Self::Pattern { .. } => Some("patterns use RE2 syntax".to_owned()),
            Self::TooManyRows { .. } | Self::TimedOut { .. } | Self::OutOfMemory { .. } => {
                Some("ask for a shorter range, fewer dimensions or a narrower filter".to_owned())
            }
            _ => None,
        }
    }

    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            Self::TooManyRows { .. } | Self::TimedOut { .. } | Self::OutOfMemory { .. } => Blame::Size,
            Self::Zone | Self::Store { .. } | Self::Row { .. } => Blame::Store,
            _ => Blame::Caller,
        }
    }
}
