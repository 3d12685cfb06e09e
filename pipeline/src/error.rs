//! What can go wrong, for the callers of the pipeline.

use std::time::Duration;

use crate::cluster::ClusterError;
use crate::journal::JournalError;
use crate::log::LogError;

/// The pipeline could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("a file of the pipeline failed: {0}")]
    File(#[from] std::io::Error),
    #[error("the dataflow did not start: {0}")]
    Engine(String),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// What ClickHouse holds and what the log holds do not meet: events between them are in neither.
    #[error(
        "ClickHouse has the views as of epoch {committed}, the journal begins with epoch {held}: \
         restore a newer backup of ClickHouse, or the log and journal that belong to it"
    )]
    Gap { committed: u64, held: u64 },
    /// The log ends before what was read from it: it lost events or was put back to an older state.
    #[error(
        "partition {partition} of the log ends at {end}, but was read up to {read}: \
         restore a newer state of the log"
    )]
    Behind { partition: u16, end: u64, read: u64 },
    /// Another log is configured while the one before holds what is not in ClickHouse yet.
    #[error("the log used before holds events that are not in ClickHouse: start once more with that log")]
    Unfinished,
    #[error("the pipeline has stopped: {0}")]
    Stopped(String),
    #[error(transparent)]
    Store(#[from] opentrace_store::StoreError),
}

impl PipelineError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            PipelineError::Log(error) => error.code(),
            PipelineError::Journal(_) => "journal_failed",
            PipelineError::File(_) => "file_failed",
            PipelineError::Engine(_) => "dataflow_failed",
            PipelineError::Cluster(error) => error.code(),
            PipelineError::Gap { .. } => "recovery_gap",
            PipelineError::Behind { .. } => "log_behind",
            PipelineError::Unfinished => "log_unfinished",
            PipelineError::Stopped(_) => "pipeline_stopped",
            PipelineError::Store(error) => error.code(),
        }
    }
}

/// Events were not accepted. None of the request's events is acknowledged: send all of them again.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// More is waiting than may wait.
    #[error("too much is waiting to be written")]
    Busy { retry_after: Duration },
    #[error("the disk that holds the log is full")]
    DiskFull { retry_after: Duration },
    #[error("the server is shutting down")]
    Closed,
    /// The log, or for history the look-up of stored ids, failed.
    #[error("{0}")]
    Failed(String),
}

impl AppendError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            AppendError::Busy { .. } => "busy",
            AppendError::DiskFull { .. } => "disk_full",
            AppendError::Closed => "closing",
            AppendError::Failed(_) => "log_failed",
        }
    }

    /// When it is worth trying again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            AppendError::Busy { retry_after } | AppendError::DiskFull { retry_after } => Some(*retry_after),
            AppendError::Closed => Some(Duration::from_secs(5)),
            AppendError::Failed(_) => None,
        }
    }
}

impl From<LogError> for AppendError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Busy | LogError::Unreachable(_) => {
                AppendError::Busy { retry_after: Duration::from_secs(1) }
            }
            LogError::DiskFull => AppendError::DiskFull { retry_after: Duration::from_secs(30) },
            LogError::Closed => AppendError::Closed,
            other => AppendError::Failed(other.to_string()),
        }
    }
}
