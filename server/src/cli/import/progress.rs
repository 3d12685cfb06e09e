//! Shows how far an import is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::lines::BytesRead;
use super::report::Report;

/// Time between two plain lines.
const PAUSE: Duration = Duration::from_secs(5);

/// Writes to standard error.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    size: Option<u64>,
    read: BytesRead,
    last: Mutex<Instant>,
}

impl Progress {
    /// Starts; `size` is what there is to read in all, where that is known.
    pub(super) fn start(size: Option<u64>, read: BytesRead) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(size));
        Self { bar, size, read, last: Mutex::new(Instant::now()) }
    }

    /// Shows what has been sent.
    pub(super) fn sent(&self, report: &Report) {
        let read = self.read.get();
        let message = format!("{} events", report.accepted + report.duplicates);
        if let Some(bar) = &self.bar {
            bar.set_position(read);
            bar.set_message(message);
        } else if self.due() {
            match self.size.filter(|size| *size > 0) {
                Some(size) => eprintln!("{}% read, {message} sent", read * 100 / size),
                None => eprintln!("{message} sent"),
            }
        }
    }

    /// Says that everything is sent and not yet in the views.
    pub(super) fn waiting(&self) {
        match &self.bar {
            Some(bar) => bar.set_message("waiting for the views"),
            None => eprintln!("Everything is sent; waiting for the views."),
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn due(&self) -> bool {
        let mut last = self.last.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let due = last.elapsed() >= PAUSE;
        if due {
            *last = Instant::now();
        }
        due
    }
}

fn bar(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{bar:30} {percent:>3}%  {msg}  {eta} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} read  {msg}"),
    };
    bar.enable_steady_tick(Duration::from_millis(200));
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar, // the default style shows the same less neatly
    }
}
