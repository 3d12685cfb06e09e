//! Files that commands read and write.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::CliError;
use super::out::Stdout;

/// Opens a file to read; `-` is standard input.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, CliError> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    Ok(Box::new(File::open(path).map_err(|source| because("cannot open", path, source))?))
}

/// Lets `work` write to a file, or to standard output. The file is written under another name first and
/// appears only when it is complete.
pub(super) fn write<T>(
    path: Option<&Path>,
    work: impl FnOnce(Box<dyn Write>) -> Result<T, CliError>,
) -> Result<T, CliError> {
    let Some(path) = path else { return work(Box::new(Stdout::default())) };
    let mut part = path.to_owned().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let file = File::create(&part).map_err(|source| because("cannot write", &part, source))?;
    let outcome = work(Box::new(file)).and_then(|answer| {
        std::fs::rename(&part, path).map(|()| answer).map_err(|source| because("cannot write", path, source))
    });
    if outcome.is_err() {
        // What is worth telling is the first error; the part is of no use either way.
        let _ = std::fs::remove_file(&part);
    }
    outcome
}

fn because(what: &str, path: &Path, source: std::io::Error) -> CliError {
    CliError::because(format!("{what} {}", path.display()), source)
}
