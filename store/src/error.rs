//! What can go wrong with storage, and whether trying again can help.

use std::path::PathBuf;

/// An error of ClickHouse, its embedded engine, or the metadata database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// ClickHouse refused, with its own code.
    #[error("ClickHouse answered with code {code}: {message}")]
    Refused { code: u32, message: String },
    /// ClickHouse cannot be reached or broke off.
    #[error("ClickHouse cannot be reached: {0}")]
    Unreachable(String),
    /// A row could not be turned into a value or back.
    #[error("a row does not fit its table: {0}")]
    Row(String),
    #[error("{}", missing_library(.0))]
    LibraryMissing(Vec<PathBuf>),
    #[error("the ClickHouse engine did not start: {0}")]
    Engine(String),
    #[error("migration {name} was changed after it was applied; write a new one instead")]
    MigrationEdited { name: String },
    #[error("the metadata database failed: {0}")]
    Meta(String),
    #[error("{what} `{name}` exists already")]
    Exists { what: &'static str, name: String },
    #[error("there is no {what} `{name}`")]
    NotFound { what: &'static str, name: String },
    #[error("{field}: {reason}")]
    Invalid { field: &'static str, reason: String },
}

fn missing_library(tried: &[PathBuf]) -> String {
    let tried: Vec<String> = tried.iter().map(|path| format!("  {}", path.display())).collect();
    format!(
        "ClickHouse's library libchdb.so was not found; `npm ci` installs it, or set OPENTRACE_LIBCHDB. Looked at:\n{}",
        tried.join("\n")
    )
}

/// ClickHouse's codes for what passes: limits of memory, disk, parts, time and concurrency, a
/// restart, a lost connection.
const TRANSIENT: [u32; 13] = [159, 160, 202, 203, 209, 210, 236, 241, 243, 252, 279, 319, 999];

impl StoreError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Refused { .. } => "clickhouse_refused",
            StoreError::Unreachable(_) => "clickhouse_unreachable",
            StoreError::Row(_) => "row_mismatch",
            StoreError::LibraryMissing(_) => "libchdb_missing",
            StoreError::Engine(_) => "engine_failed",
            StoreError::MigrationEdited { .. } => "migration_edited",
            StoreError::Meta(_) => "metadata_failed",
            StoreError::Exists { .. } => "exists",
            StoreError::NotFound { .. } => "not_found",
            StoreError::Invalid { .. } => "invalid",
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            StoreError::Unreachable(_) | StoreError::Engine(_) => true,
            StoreError::Refused { code, .. } => TRANSIENT.contains(code),
            _ => false,
        }
    }
}

impl From<clickhouse::error::Error> for StoreError {
    fn from(error: clickhouse::error::Error) -> Self {
        use clickhouse::error::Error as E;
        match error {
            E::BadResponse(message) => match code_of(&message) {
                Some(code) => StoreError::Refused { code, message },
                None => StoreError::Unreachable(message),
            },
            E::Network(_) | E::TimedOut => StoreError::Unreachable(error.to_string()),
            other => StoreError::Row(other.to_string()),
        }
    }
}

/// The number in `Code: 241. DB::Exception: …`.
fn code_of(message: &str) -> Option<u32> {
    let (_, rest) = message.split_once("Code: ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::Meta(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        let of = |text: &str| StoreError::from(clickhouse::error::Error::BadResponse(text.to_owned()));
        assert!(of("Code: 241. DB::Exception: Memory limit exceeded").is_transient());
        assert!(of("Code: 243. DB::Exception: Cannot reserve").is_transient());
        assert!(of("connection closed before the answer").is_transient());
        assert!(!of("Code: 62. DB::Exception: Syntax error").is_transient());
        assert!(!of("Code: 60. DB::Exception: Unknown table").is_transient());
    }
}
