//! Keeps the engine's merges in the background.
//!
//! ClickHouse rewrites what was inserted into larger parts, on threads of its own. On a small machine
//! that takes half of the processor while much comes in, and inserts, queries and the dataflow wait for
//! it. Linux schedules threads by a priority of their own: with a low one, merges get what the others
//! leave and no less than a few percent. Where merges fall far behind, ClickHouse itself slows inserts
//! (`parts_to_delay_insert`), and the log holds what comes.
//!
//! A thread is told by its name, since the library has no setting for this. A version that names them
//! otherwise merges at the priority of everything else.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, setpriority_process};

/// What ClickHouse calls the threads that merge and mutate.
const NAME: &str = "MergeMutate";
/// A weight of 36, where ordinary threads have 1024.
const NICE: i32 = 15;
/// Pools grow as tables come to be: how often new threads are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// Lowers the priority of merges from now on.
///
/// # Errors
/// When no thread can be started for it.
pub(super) fn keep_in_background() -> Result<(), String> {
    let watch = || {
        let mut lowered = HashSet::new();
        loop {
            lower(Path::new("/proc/self/task"), &mut lowered);
            std::thread::sleep(EVERY);
        }
    };
    std::thread::Builder::new().name("merges".to_owned()).spawn(watch).map_err(|e| e.to_string())?;
    Ok(())
}

/// Lowers the merging threads that are not in `lowered` yet.
fn lower(tasks: &Path, lowered: &mut HashSet<i32>) {
    let Ok(entries) = std::fs::read_dir(tasks) else { return };
    for entry in entries.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let merges = std::fs::read_to_string(entry.path().join("comm")).is_ok_and(|name| name.trim() == NAME);
        if !merges {
            // The number may be given to another thread later.
            lowered.remove(&id);
        } else if lowered.insert(id) {
            // A thread that has ended meanwhile needs nothing.
            let _ = setpriority_process(Pid::from_raw(id), NICE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn only_merging_threads_are_lowered() {
        let (tell, told) = mpsc::channel();
        let thread = |name: &str| {
            let tell = tell.clone();
            let run = move || {
                let _ = tell.send(std::fs::read_link("/proc/thread-self").expect("its folder"));
                std::thread::sleep(Duration::from_secs(5));
            };
            std::thread::Builder::new().name(name.to_owned()).spawn(run).expect("a thread");
            let folder = told.recv().expect("its folder");
            let id = folder.file_name().and_then(|name| name.to_str()?.parse().ok()).expect("its id");
            Pid::from_raw(id).expect("a number")
        };
        let (merging, other) = (thread(NAME), thread("QueryPipeline"));
        lower(Path::new("/proc/self/task"), &mut HashSet::new());
        let nice = |id| rustix::process::getpriority_process(Some(id)).expect("a priority");
        assert!(nice(merging) >= NICE);
        assert!(nice(other) < NICE);
    }
}
