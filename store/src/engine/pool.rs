//! Connections to the engine, opened as they are needed up to a limit, and kept.
//!
//! One more is opened first and held back for killing statements while all others are busy; it also
//! keeps the engine running.

use std::sync::{Condvar, Mutex};

use super::ffi::{Connection, Library};

/// See the module.
#[derive(Debug)]
pub(super) struct Pool {
    library: Library,
    arguments: Vec<String>,
    limit: usize,
    state: Mutex<State>,
    control: Mutex<Connection>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Connection>,
    open: usize,
}

impl Pool {
    /// Opens the first connection, which starts the engine.
    pub(super) fn open(library: Library, arguments: Vec<String>, limit: usize) -> Result<Self, String> {
        let control = Mutex::new(library.connect(&arguments)?);
        let state = Mutex::new(State { idle: Vec::new(), open: 0 });
        Ok(Self { library, arguments, limit, state, control, returned: Condvar::new() })
    }

    /// Kills the statement with this tag, which is in front of its text or in its log comment. Returns when they are told, not when they
    /// have ended.
    pub(super) fn kill(&self, tag: &str) {
        let sql =
            format!("KILL QUERY WHERE startsWith(query, '{tag}') OR Settings['log_comment'] = '{tag}' ASYNC");
        let mut control = self.control.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // A statement that has ended meanwhile needs no killing, and nobody waits for this.
        let _ = control.query(&sql, "TabSeparated", &[]);
    }

    /// Runs `work` on a connection of its own; waits while all are busy. Where it fails the
    /// connection is closed: the engine counts a statement that was broken off as running until then,
    /// and settings may be left on it.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut connection = self.take()?;
        let result = work(&mut connection);
        let mut state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match result {
            Ok(_) => state.idle.push(connection),
            Err(_) => {
                state.open -= 1;
                drop(state);
                drop(connection);
            }
        }
        self.returned.notify_one();
        result
    }

    fn take(&self) -> Result<Connection, String> {
        let mut state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(connection);
            }
            if state.open < self.limit {
                state.open += 1;
                drop(state);
                return self.library.connect(&self.arguments).inspect_err(|_| {
                    self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).open -= 1;
                });
            }
            state = self.returned.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }
}
