//! Printing to standard output.
//!
//! Whoever reads may stop before the end (`| head`): the rest goes nowhere then, and the command ends as it
//! would have. What cannot be written for another reason, such as a full disk, is said once and fails the command.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

static FAILED: AtomicBool = AtomicBool::new(false);

/// Prints a line.
macro_rules! say {
    () => { $crate::cli::out::write(format_args!("\n")) };
    ($($what:tt)*) => { $crate::cli::out::write(format_args!("{}\n", format_args!($($what)*))) };
}

/// Prints text as it is.
macro_rules! put {
    ($($what:tt)*) => { $crate::cli::out::write(format_args!($($what)*)) };
}

pub(super) use {put, say};

pub(super) fn write(text: fmt::Arguments<'_>) {
    let mut to = Stdout::default();
    if let Err(error) = to.write_fmt(text).and_then(|()| to.flush())
        && !FAILED.swap(true, Ordering::Relaxed)
    {
        eprintln!("error: cannot write to standard output: {error}");
    }
}

/// Standard output, for who writes much of it and tells of errors.
#[derive(Debug)]
pub(super) struct Stdout(io::StdoutLock<'static>);

impl Default for Stdout {
    fn default() -> Self {
        Self(io::stdout().lock())
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unless_closed(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_closed(self.0.flush(), ())
    }
}

/// What came of writing; where nobody reads any more, as if they had.
fn unless_closed<T>(written: io::Result<T>, as_if: T) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(as_if),
        written => written,
    }
}

/// Whether something could not be written that somebody waits for.
pub(super) fn has_failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}
