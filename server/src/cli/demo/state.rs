//! How far the demo is, kept beside its data.
//!
//! It saves work and nothing else: what is sent twice has the same ids and counts once.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

const FILE: &str = "demo.json";

/// What has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    /// When the demo was started for the first time, in milliseconds since 1970.
    pub(super) origin: i64,
    /// Days of history before the origin, the nearest first.
    pub(super) days: i64,
    /// Live traffic since the origin up to here.
    pub(super) until: i64,
    /// Whether there is what [`super::shown::at_once`] makes.
    #[serde(default)]
    pub(super) furnished: bool,
    /// Whether there is what [`super::shown::of_history`] makes.
    #[serde(default)]
    pub(super) learned: bool,
}

impl Sent {
    /// Nothing yet, at the first start.
    const fn beginning(now: i64) -> Self {
        Self { origin: now, days: 0, until: now, furnished: false, learned: false }
    }
}

/// The file that keeps it.
#[derive(Debug)]
pub(super) struct State {
    path: PathBuf,
    sent: Mutex<Sent>,
}

impl State {
    /// Reads the file, or begins at `now` where there is none that can be read.
    pub(super) fn open(data: &Path, now: i64) -> Self {
        let path = data.join(FILE);
        let kept = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Self { path, sent: Mutex::new(kept.unwrap_or(Sent::beginning(now))) }
    }

    pub(super) fn sent(&self) -> Sent {
        *self.sent.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Changes what has been sent and writes it down.
    pub(super) fn update(&self, change: impl FnOnce(&mut Sent)) -> io::Result<()> {
        let mut sent = self.sent.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        change(&mut sent);
        // Renamed into place, so that there is never half a file.
        let new = self.path.with_extension("json.tmp");
        std::fs::write(&new, serde_json::to_vec(&*sent)?)?;
        std::fs::rename(new, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_continues_where_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = State::open(folder.path(), 1_000);
        assert_eq!(state.sent(), Sent::beginning(1_000));
        state.update(|sent| (sent.days, sent.until) = (3, 2_000)).expect("written");
        let again = State::open(folder.path(), 9_000);
        assert_eq!(again.sent(), Sent { days: 3, until: 2_000, ..Sent::beginning(1_000) });
        let older = r#"{"origin": 5, "days": 60, "until": 7}"#;
        std::fs::write(folder.path().join(FILE), older).expect("written");
        let held = Sent { days: 60, until: 7, ..Sent::beginning(5) };
        assert_eq!(State::open(folder.path(), 9_000).sent(), held);
        std::fs::write(folder.path().join(FILE), "{").expect("written");
        assert_eq!(State::open(folder.path(), 9_000).sent().origin, 9_000);
    }
}
