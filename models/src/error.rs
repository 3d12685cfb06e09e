//! What can go wrong: always the caller's numbers, named with what would have been right.

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error with a stable [`code`](Error::code).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Points must come in order of time.
    #[error("time {at_ms} is not after the previous point's {last_ms}")]
    OutOfOrder {
        /// The refused time, milliseconds.
        at_ms: i64,
        /// The time of the last point taken.
        last_ms: i64,
    },
    /// A number outside its range.
    #[error("`{field}` is {given}, want {want}")]
    OutOfRange {
        /// Which argument.
        field: &'static str,
        /// What it was.
        given: f64,
        /// What would have been right.
        want: &'static str,
    },
    /// Fewer rows than the method needs.
    #[error("`{field}` has {given} rows, want at least {want}")]
    TooFew {
        /// Which argument.
        field: &'static str,
        /// How many there were.
        given: usize,
        /// How many are needed.
        want: usize,
    },
    /// Arguments whose sizes must agree and do not.
    #[error("`{field}` has {given} entries, want {want}")]
    Shape {
        /// Which argument.
        field: &'static str,
        /// How many there were.
        given: usize,
        /// How many are needed.
        want: usize,
    },
    /// A column of a table that is not there or not what is needed.
    #[error("column `{name}` {why}")]
    Column {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The data admit no answer, for instance because nothing varies.
    #[error("no answer: {why}")]
    Degenerate {
        /// What about the data makes it so.
        why: &'static str,
    },
    /// A library failed on numbers that are in order.
    #[error("the library {name} failed: {why}")]
    Library {
        /// Its name.
        name: &'static str,
        /// What it says.
        why: String,
    },
    /// A model folder that is not what it should be.
    #[error("model in `{path}` is not readable: {why}")]
    Artefact {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file system refused.
    #[error("cannot access `{path}`")]
    Io {
        /// The file.
        path: String,
        /// Its answer.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// The same error with a file that lies in `folder` called by its name alone, and the folder itself "upload".
    pub fn within(self, folder: &std::path::Path) -> Self {
        match self {
            Error::Artefact { path, why } => {
                let name = std::path::Path::new(&path).strip_prefix(folder).ok();
                let name = name.filter(|name| !name.as_os_str().is_empty());
                let path = name.map_or("upload".to_owned(), |name| name.display().to_string());
                Error::Artefact { path, why }
            }
            other => other,
        }
    }

    /// A name for programs that does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Error::OutOfOrder { .. } => "out_of_order",
            Error::OutOfRange { .. } => "out_of_range",
            Error::TooFew { .. } => "too_few",
            Error::Shape { .. } => "shape",
            Error::Column { .. } => "column",
            Error::Degenerate { .. } => "degenerate",
            Error::Library { .. } => "library",
            Error::Artefact { .. } => "artefact",
            Error::Io { .. } => "io",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn files_of_an_upload_are_called_by_their_names() {
        let said = |path: &str| {
            let error = Error::Artefact { path: path.to_owned(), why: "no".to_owned() };
            error.within(Path::new("/srv/models/7")).to_string()
        };
        assert_eq!(said("/srv/models/7/manifest.json"), "model in `manifest.json` is not readable: no");
        assert_eq!(said("/srv/models/7"), "model in `upload` is not readable: no");
    }
}
