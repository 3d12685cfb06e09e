//! Answers that were given already and still hold.
//!
//! Only answers made of views are kept: views change with epochs and nothing else, so an answer holds
//! until an epoch that touched its site becomes visible, and not a moment longer. Raw events are also
//! removed beside the epochs (erasure, retention), so what was read from them is asked for again.
//!
//! Keeps [`ANSWERS`] answers of at most [`BYTES`] each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use opentrace_events::SiteId;
use opentrace_pipeline::{Epoch, Progress};
use quick_cache::sync::Cache;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Answers that are kept.
const ANSWERS: usize = 1_000;
/// The longest of them.
const BYTES: usize = 128 * 1024;

/// Tells one state of a site's views from any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Generation {
    all: u64,
    site: u64,
}

/// An answer and the state of the views that it was made of.
#[derive(Clone, Debug)]
struct Kept {
    generation: Generation,
    answer: Arc<str>,
}

/// Answers by what was asked.
#[derive(Debug)]
pub(super) struct Answers {
    kept: Cache<String, Kept>,
    seen: Arc<Mutex<Seen>>,
}

/// The epochs that were looked at.
#[derive(Debug)]
struct Seen {
    progress: watch::Receiver<Progress>,
    epoch: Epoch,
    all: u64,
    sites: HashMap<SiteId, u64>,
}

impl Answers {
    /// Follows the epochs until `stop`. Called within the runtime.
    pub(super) fn new(progress: watch::Receiver<Progress>, stop: CancellationToken) -> Self {
        let epoch = progress.borrow().epoch;
        let seen = Seen { progress: progress.clone(), epoch, all: 0, sites: HashMap::new() };
        let seen = Arc::new(Mutex::new(seen));
        let follower = Arc::clone(&seen);
        let mut changes = progress;
        let follow = async move {
            // An epoch that nobody looked at counts as one that touched every site.
            while changes.changed().await.is_ok() {
                lock(&follower).catch_up();
            }
        };
        tokio::spawn(async move { stop.run_until_cancelled(follow).await });
        Self { kept: Cache::new(ANSWERS), seen }
    }

    /// The state of a site's views. An answer that is asked for afterwards is at least as new.
    pub(super) fn generation(&self, site: SiteId) -> Generation {
        let mut seen = lock(&self.seen);
        seen.catch_up();
        Generation { all: seen.all, site: seen.sites.get(&site).copied().unwrap_or_default() }
    }

    /// What was answered, if it still holds.
    pub(super) fn get(&self, asked: &str, now: Generation) -> Option<Arc<str>> {
        self.kept.get(asked).filter(|kept| kept.generation == now).map(|kept| kept.answer)
    }

    /// Keeps an answer that was asked for in this state of the views.
    pub(super) fn keep(&self, asked: String, generation: Generation, answer: &str) {
        if answer.len() + asked.len() <= BYTES {
            self.kept.insert(asked, Kept { generation, answer: answer.into() });
        }
    }
}

impl Seen {
    fn catch_up(&mut self) {
        let newest = self.progress.borrow();
        if newest.epoch == self.epoch {
            return;
        }
        if newest.epoch == self.epoch + 1 {
            for site in newest.sites.iter() {
                *self.sites.entry(*site).or_default() += 1;
            }
        } else {
            self.all += 1;
        }
        self.epoch = newest.epoch;
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    // What it holds is whole after every statement.
    seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::run;

    fn epoch(epoch: Epoch, sites: &[u32]) -> Progress {
        let sites: Vec<SiteId> = sites.iter().copied().map(SiteId).collect();
        Progress { epoch, at_ms: 0, sites: sites.into(), ends: Vec::new().into() }
    }

    #[test]
    fn an_answer_holds_until_its_site_is_touched() {
        run(async {
            let (send, progress) = watch::channel(epoch(1, &[]));
            let answers = Answers::new(progress, CancellationToken::new());
            let (here, elsewhere) = (SiteId(1), SiteId(2));
            let before = answers.generation(here);
            answers.keep("q".to_owned(), before, "answer");
            assert_eq!(answers.get("q", answers.generation(here)).as_deref(), Some("answer"));
            send.send_replace(epoch(2, &[2]));
            assert!(answers.get("q", answers.generation(here)).is_some(), "another site changed");
            let other = answers.generation(elsewhere);
            send.send_replace(epoch(3, &[1]));
            assert!(answers.get("q", answers.generation(here)).is_none());
            assert_eq!(answers.generation(elsewhere), other);
            // Asked before, answered after: never taken for new.
            answers.keep("q".to_owned(), before, "old");
            assert!(answers.get("q", answers.generation(here)).is_none());
        });
    }

    #[test]
    fn an_epoch_that_went_by_unseen_ends_all() {
        run(async {
            let (send, progress) = watch::channel(epoch(1, &[]));
            let answers = Answers::new(progress, CancellationToken::new());
            let before = answers.generation(SiteId(1));
            send.send_replace(epoch(3, &[2]));
            assert_ne!(answers.generation(SiteId(1)), before);
        });
    }
}
