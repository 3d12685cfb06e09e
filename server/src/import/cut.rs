//! Cuts a file into batches that fit into one request.

use std::io;

use bytes::Bytes;

use super::formats::Reader;
use super::lines::{Line, Lines};

/// Events in one request: large enough to make requests rare, small enough to be one commit.
const EVENTS: usize = 2_000;
/// Bytes in one request, well under what servers take.
pub(crate) const BYTES: usize = 4 << 20;

/// One request's events.
#[derive(Debug)]
pub(crate) struct Batch {
    /// One JSON object per line.
    pub(crate) body: Bytes,
    /// The line of the file that each event came from.
    pub(crate) places: Vec<u64>,
}

/// Why a file cannot be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    Io(io::Error),
    /// It is no file of the format, because of this.
    Head(String),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A file that is being cut.
pub(crate) struct Cut<'r> {
    lines: Lines,
    reader: &'r mut dyn Reader,
}

impl<'r> Cut<'r> {
    /// Begins a file, with its head where the format has one.
    pub(crate) fn begin(mut lines: Lines, reader: &'r mut dyn Reader) -> Result<Self, Unreadable> {
        if reader.has_records() {
            let head = match lines.next()? {
                None => Ok(()), // an empty file has no events
                Some((_, Line::Whole(head))) => reader.head(head),
                Some((_, Line::TooLong)) => Err("its first line is not the names of columns".to_owned()),
            };
            head.map_err(Unreadable::Head)?;
        }
        Ok(Self { lines, reader })
    }

    /// The next batch, and whether the file ended with it. Lines that became no event are told with the
    /// reason.
    pub(crate) fn next(&mut self, mut skip: impl FnMut(&'static str, u64)) -> io::Result<(Batch, bool)> {
        let (mut body, mut places) = (Vec::new(), Vec::new());
        let mut end = false;
        while places.len() < EVENTS && body.len() < BYTES {
            let Some((number, line)) = self.lines.next()? else {
                end = true;
                break;
            };
            let read = match line {
                Line::Whole(line) => self.reader.event(line, &mut body),
                Line::TooLong => Err("line too long"),
            };
            match read {
                Ok(()) => {
                    body.push(b'\n');
                    places.push(number);
                }
                Err(reason) => skip(reason, number),
            }
        }
        Ok((Batch { body: body.into(), places }, end))
    }
}
