//! Reads the files on a thread of its own and cuts them into batches that fit into one request.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use super::formats::{Format, Reader};
use super::lines::{BytesRead, Line, Lines};
use super::report::Report;
use crate::cli::CliError;

/// Events in one request: large enough to make requests rare, small enough to be one commit.
const EVENTS: usize = 2_000;
/// Bytes in one request, well under what servers take.
const BYTES: usize = 4 << 20;

/// One request's events.
#[derive(Debug)]
pub(super) struct Batch {
    /// One JSON object per line.
    pub(super) body: Bytes,
    /// Where each event came from.
    pub(super) places: Vec<Place>,
    /// Lines that became these events.
    pub(super) lines: u64,
}

/// A line of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    file: usize,
    line: u64,
}

impl Place {
    /// `FILE:NUMBER`.
    pub(super) fn show(&self, files: &[PathBuf]) -> String {
        let file = files.get(self.file).map(|file| file.display().to_string()).unwrap_or_default();
        format!("{file}:{}", self.line)
    }
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
    pub(super) fn read(&self, to: &Sender<Batch>) -> Result<Report, CliError> {
        let mut report = Report::default();
        let mut reader = self.format.reader(&self.site);
        for (file, path) in self.files.iter().enumerate() {
            let failed =
                |source: io::Error| CliError::because(format!("cannot read {}", path.display()), source);
            let mut lines = Lines::open(path, &self.read, reader.has_records()).map_err(failed)?;
            if reader.has_records() {
                self.head(path, &mut lines, reader.as_mut(), failed)?;
            }
            loop {
                let (batch, end) =
                    self.next(file, &mut lines, reader.as_mut(), &mut report).map_err(failed)?;
                if !batch.places.is_empty() && to.blocking_send(batch).is_err() {
                    return Ok(report);
                }
                if end {
                    break;
                }
            }
        }
        Ok(report)
    }

    /// Reads the head of a file; one that cannot be read is no file of the format.
    fn head(
        &self,
        path: &Path,
        lines: &mut Lines,
        reader: &mut dyn Reader,
        failed: impl Fn(io::Error) -> CliError,
    ) -> Result<(), CliError> {
        let told = match lines.next().map_err(failed)? {
            None => return Ok(()), // an empty file has no events
            Some((_, Line::Whole(head))) => reader.head(head),
            Some((_, Line::TooLong)) => Err("its first line is not the names of columns".to_owned()),
        };
        told.map_err(|why| CliError::failed(format!("cannot read {}: {why}", path.display())))
    }

    /// The next batch of a file, and whether the file ended with it.
    fn next(
        &self,
        file: usize,
        lines: &mut Lines,
        reader: &mut dyn Reader,
        report: &mut Report,
    ) -> io::Result<(Batch, bool)> {
        let (mut body, mut places) = (Vec::new(), Vec::new());
        let mut end = false;
        while places.len() < EVENTS && body.len() < BYTES {
            let Some((number, line)) = lines.next()? else {
                end = true;
                break;
            };
            let place = Place { file, line: number };
            let read = match line {
                Line::Whole(line) => reader.event(line, &mut body),
                Line::TooLong => Err("line too long"),
            };
            match read {
                Ok(()) => {
                    body.push(b'\n');
                    places.push(place);
                }
                Err(reason) => {
                    report.lines += 1;
                    report.skip(reason, || place.show(&self.files));
                }
            }
        }
        let lines = places.len() as u64;
        Ok((Batch { body: body.into(), places, lines }, end))
    }
}
