//! Answers that were given already and still hold, and those that somebody is just waiting for.
//!
//! Views and events change with epochs: an answer holds until an epoch that touched its site becomes
//! visible, and not a moment longer. Events are also removed beside the epochs, by erasures: what was
//! read from them holds only until one gets further, and while one is under way nothing is kept. Of several
//! who ask the same at once one is answered by the store, and all by that answer.
//!
//! Keeps [`BYTES`] of answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use opentrace_events::SiteId;
use opentrace_pipeline::{Epoch, Progress};
use quick_cache::sync::{Cache, DefaultLifecycle, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, Weighter};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Answers that there is room for at first.
const ANSWERS: usize = 1_000;
/// All of them together, with what was asked.
const BYTES: u64 = 64 << 20;

/// Tells one state of a site from any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Generation {
    all: u64,
    site: u64,
    /// How often erasures got further.
    removals: u64,
}

/// A question about a site in a state of it. An answer to it holds for as long as it can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    question: String,
    generation: Generation,
}

#[derive(Clone, Debug)]
struct Lengths;

impl Weighter<Asked, Arc<str>> for Lengths {
    fn weight(&self, asked: &Asked, answer: &Arc<str>) -> u64 {
        (asked.question.len() + answer.len()) as u64
    }
}

type Kept = Cache<Asked, Arc<str>, Lengths>;

/// Answers by what was asked.
#[derive(Debug)]
pub(super) struct Answers {
    kept: Kept,
    seen: Arc<Mutex<Seen>>,
}

/// What there is to do for who asks.
pub(super) enum Turn<'a> {
    /// It was answered already.
    Answered(Arc<str>),
    /// It is to be answered; who asks the same meanwhile waits.
    First(First<'a>),
}

/// A promise of an answer. Dropped without one, the next who waits is the first.
pub(super) struct First<'a>(
    PlaceholderGuard<'a, Asked, Arc<str>, Lengths, DefaultHashBuilder, DefaultLifecycle<Asked, Arc<str>>>,
);

impl First<'_> {
    /// Gives the answer to everybody who waits, and keeps it.
    pub(super) fn answered(self, answer: &str) {
        // Where there is no room any more, somebody asks again.
        let _ = self.0.insert(answer.into());
    }
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
        Self { kept: Cache::with_weighter(ANSWERS, BYTES, Lengths), seen }
    }

    /// The state of a site. An answer that is asked for afterwards is at least as new.
    pub(super) fn generation(&self, site: SiteId, removals: u64) -> Generation {
        let mut seen = lock(&self.seen);
        seen.catch_up();
        Generation { all: seen.all, site: seen.sites.get(&site).copied().unwrap_or_default(), removals }
    }

    /// What was answered in this state of the site, or the turn to answer it.
    pub(super) async fn turn(&self, question: String, generation: Generation) -> Turn<'_> {
        match self.kept.get_value_or_guard_async(&Asked { question, generation }).await {
            Ok(answer) => Turn::Answered(answer),
            Err(place) => Turn::First(First(place)),
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

    async fn answered(answers: &Answers, generation: Generation, by: &str) -> String {
        match answers.turn("q".to_owned(), generation).await {
            Turn::Answered(answer) => answer.to_string(),
            Turn::First(first) => {
                first.answered(by);
                by.to_owned()
            }
        }
    }

    #[test]
    fn an_answer_holds_until_its_site_is_touched() {
        run(async {
            let (send, progress) = watch::channel(epoch(1, &[]));
            let answers = Answers::new(progress, CancellationToken::new());
            let (here, elsewhere) = (SiteId(1), SiteId(2));
            let before = answers.generation(here, 0);
            assert_eq!(answered(&answers, before, "one").await, "one");
            assert_eq!(answered(&answers, answers.generation(here, 0), "two").await, "one");
            send.send_replace(epoch(2, &[2]));
            assert_eq!(answered(&answers, answers.generation(here, 0), "two").await, "one", "another site");
            let other = answers.generation(elsewhere, 0);
            send.send_replace(epoch(3, &[1]));
            assert_eq!(answered(&answers, answers.generation(here, 0), "two").await, "two");
            assert_eq!(answers.generation(elsewhere, 0), other);
            // Events of somebody were removed.
            assert_eq!(answered(&answers, answers.generation(here, 1), "three").await, "three");
            // Asked before, answered after: never taken for new.
            assert_eq!(answered(&answers, before, "old").await, "one");
            assert_eq!(answered(&answers, answers.generation(here, 1), "four").await, "three");
        });
    }

    #[test]
    fn who_asks_the_same_meanwhile_gets_the_same() {
        run(async {
            let (_send, progress) = watch::channel(epoch(1, &[]));
            let answers = Answers::new(progress, CancellationToken::new());
            let now = answers.generation(SiteId(1), 0);
            let Turn::First(first) = answers.turn("q".to_owned(), now).await else { panic!("nobody asked") };
            let waits = answered(&answers, now, "second");
            let ((), got) = tokio::join!(async { first.answered("first") }, waits);
            assert_eq!(got, "first");
            // Who was first and went away leaves the turn to the next.
            let later = answers.generation(SiteId(1), 1);
            let Turn::First(gone) = answers.turn("q".to_owned(), later).await else { panic!("nobody asked") };
            let waits = answered(&answers, later, "next");
            let ((), got) = tokio::join!(async { drop(gone) }, waits);
            assert_eq!(got, "next");
        });
    }

    #[test]
    fn an_epoch_that_went_by_unseen_ends_all() {
        run(async {
            let (send, progress) = watch::channel(epoch(1, &[]));
            let answers = Answers::new(progress, CancellationToken::new());
            let before = answers.generation(SiteId(1), 0);
            send.send_replace(epoch(3, &[2]));
            assert_ne!(answers.generation(SiteId(1), 0), before);
        });
    }
}
