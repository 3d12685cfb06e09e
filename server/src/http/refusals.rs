//! What a failure of a part below means for the caller.

use std::time::Duration;

use opentrace_pipeline::{AppendError, PlanError};
use opentrace_query::{Blame, QueryError};
use opentrace_store::StoreError;
use warp::http::StatusCode;

use super::error::ApiError;
use crate::models::Unanswered;

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let mut answer = match error.blame() {
            Blame::Caller => Self::bad_request(error.code(), error.to_string()),
            Blame::Size => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string()),
            Blame::Store => {
                tracing::warn!(code = error.code(), error = %super::Chain(&error), "query failed");
                Self::unavailable(error.code(), error.to_string(), Duration::from_secs(2))
            }
        };
        if let Some(field) = error.field() {
            answer = answer.field(field.to_owned());
        }
        if let Some(hint) = error.hint() {
            answer = answer.hint(hint);
        }
        answer
    }
}

impl From<StoreError> for ApiError {
    /// The metadata database refused, or ClickHouse did.
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Exists { .. } => Self::conflict(error.code(), error.to_string()),
            StoreError::NotFound { .. } => Self::not_found(error.code(), error.to_string()),
            StoreError::Invalid { field, reason } => {
                Self::bad_request("invalid_value", reason.clone()).field(*field)
            }
            _ if error.is_transient() => {
                tracing::warn!(code = error.code(), %error, "store failed");
                Self::unavailable(error.code(), "the store could not answer", Duration::from_secs(2))
            }
            _ => Self::internal("storage", &error),
        }
    }
}

impl From<PlanError> for ApiError {
    /// What is defined cannot be kept.
    fn from(error: PlanError) -> Self {
        Self::bad_request("cannot_be_kept", error.to_string())
    }
}

impl From<AppendError> for ApiError {
    /// Nothing of the request was taken: the caller sends all of it again.
    fn from(error: AppendError) -> Self {
        match error.retry_after() {
            Some(wait) => Self::unavailable(error.code(), error.to_string(), wait)
                .hint("nothing was taken: send the whole request again"),
            None => Self::internal("taking the events", &error),
        }
    }
}

impl From<Unanswered> for ApiError {
    fn from(error: Unanswered) -> Self {
        match &error {
            Unanswered::Busy => Self::unavailable("busy", error.to_string(), Duration::from_secs(5)),
            Unanswered::Failed(_) => Self::internal("a model", &error),
        }
    }
}

impl From<opentrace_models::Error> for ApiError {
    /// The numbers admit no answer: the question was right, what it is about is not.
    fn from(error: opentrace_models::Error) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
    }
}
