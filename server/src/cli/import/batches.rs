//! Reads the files one after the other, on a thread of its own.

use std::io;
use std::path::PathBuf;

use tokio::sync::mpsc::Sender;

use super::report::Report;
use crate::cli::CliError;
use crate::import::lines::BytesRead;
use crate::import::{Batch, Cut, Format, Lines, Unreadable};

/// A batch, and the place of the file it is from among those to read.
pub(super) type OfFile = (usize, Batch);

/// `FILE:NUMBER`.
pub(super) fn place(files: &[PathBuf], file: usize, line: u64) -> String {
    let file = files.get(file).map(|file| file.display().to_string()).unwrap_or_default();
    format!("{file}:{line}")
}

/// The files to read.
#[derive(Debug)]
pub(super) struct Batches {
    files: Vec<PathBuf>,
    format: Format,
    site: String,
    read: BytesRead,
}

impl Batches {
    pub(super) fn new(files: Vec<PathBuf>, format: Format, site: String, read: BytesRead) -> Self {
        Self { files, format, site, read }
    }

    /// Reads everything and gives back the lines that became no event. Ends early when nobody takes
    /// the batches any more.
    pub(super) fn read(&self, to: &Sender<OfFile>) -> Result<Report, CliError> {
        let mut report = Report::default();
        let mut reader = self.format.reader(&self.site);
        for (file, path) in self.files.iter().enumerate() {
            let failed =
                |source: io::Error| CliError::because(format!("cannot read {}", path.display()), source);
            let lines = Lines::open(path, &self.read, reader.has_records()).map_err(failed)?;
            let mut cut = Cut::begin(lines, reader.as_mut()).map_err(|why| match why {
                Unreadable::Io(source) => failed(source),
                Unreadable::Head(why) => CliError::failed(format!("cannot read {}: {why}", path.display())),
            })?;
            loop {
                let skip = |reason: &'static str, line| {
                    report.lines += 1;
                    report.skip(reason, || place(&self.files, file, line));
                };
                let (batch, end) = cut.next(skip).map_err(failed)?;
                if !batch.places.is_empty() && to.blocking_send((file, batch)).is_err() {
                    return Ok(report);
                }
                if end {
                    break;
                }
            }
        }
        Ok(report)
    }
}
