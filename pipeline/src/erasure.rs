//! Erasure: people who are to be forgotten, or what they did before a time.
//!
//! An erasure comes into force with an epoch, as a plan does: the first one after everything that the
//! log held when it was asked for. In that epoch the person's whole history is brought into the
//! dataflow silently and taken out again for real, so every view changes as if it had never been.
//! From then on the stored events of earlier epochs are hidden from the pipeline; they are removed
//! from ClickHouse and from the log by a task that is recorded with the epoch.
//!
//! Keeps: the erasures that were asked for, those whose stored rows are not removed yet, and the
//! reports of those that are done, until they are taken over.
//!
//! Wrong when: a person's id is used for somebody else. Ids are 64-bit hashes under random keys.

use std::collections::VecDeque;
use std::sync::{Arc, RwLock};

use hashbrown::HashMap;
use opentrace_events::{SiteId, Timestamp, VisitorId};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use crate::journal::Epoch;
use crate::log::Offset;

/// Visitors of a site who are to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Chosen by who asks; the same erasure may be asked for again with the same id.
    pub id: Uuid,
    pub site: SiteId,
    pub visitors: Vec<VisitorId>,
    /// Where it is given, only what they did before it is forgotten, because of its age. Of such an
    /// erasure there is no report, it is not known any more once it is done, and hidden rows are rewritten
    /// when somebody asks for that ([`opentrace_store::Store::rewrite_erased`]). The log is left alone: it
    /// lets go of what is committed within minutes.
    #[serde(default)]
    pub before: Option<Timestamp>,
}

impl Erasure {
    /// What happened before this time, in milliseconds since 1970, is forgotten.
    pub(crate) fn until(&self) -> i64 {
        self.before.map_or(i64::MAX, |before| before.0)
    }
}

/// Which stored events no longer count, by whose they are: those of epochs before one, and of what happened
/// before a time in milliseconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct Hidden(HashMap<(u32, u64), Vec<(Epoch, i64)>>);

impl Hidden {
    /// Whether an event does not count.
    pub(crate) fn holds(&self, site: u32, visitor: u64, epoch: Epoch, ts: i64) -> bool {
        let of = self.0.get(&(site, visitor));
        of.is_some_and(|of| of.iter().any(|(before, until)| epoch < *before && ts < *until))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What an erasure came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// The epoch with which every view had passed it.
    pub epoch: Epoch,
    /// Rows removed: raw events, and rows of views that were about the person alone.
    pub events: u64,
    pub sessions: u64,
    pub features: u64,
    pub funnels: u64,
    /// Events overwritten in the log.
    pub log_events: u64,
    /// When every view had passed it, when the raw rows were gone from every answer, and when storage
    /// and log had been rewritten, in milliseconds since 1970.
    pub corrected_at: i64,
    pub removed_at: i64,
    pub rewritten_at: i64,
}

/// How far an erasure is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureState {
    /// It comes into force with one of the next epochs.
    Waiting,
    /// It is in force from this epoch on; stored rows are being removed.
    Removing(Epoch),
    Done(Erased),
}

/// Every erasure that is not finished with. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Erasures {
    inner: Arc<RwLock<States>>,
    /// Counts changes.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct States {
    /// With where the log ended when it was asked for.
    waiting: VecDeque<(Erasure, Vec<Offset>)>,
    removing: HashMap<Uuid, (Erasure, Epoch, Rows)>,
    done: HashMap<Uuid, Erased>,
}

/// Whether the person's stored rows are still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    Stored,
    Gone,
}

impl Default for Erasures {
    fn default() -> Self {
        Self { inner: Arc::default(), changed: watch::Sender::new(0) }
    }
}

impl Erasures {
    /// Asks for an erasure, unless one with its id is known.
    pub(crate) fn ask(&self, erasure: Erasure, after: Vec<Offset>) {
        let mut held = self.write();
        let known = held.removing.contains_key(&erasure.id)
            || held.done.contains_key(&erasure.id)
            || held.waiting.iter().any(|(waiting, _)| waiting.id == erasure.id);
        if !known {
            held.waiting.push_back((erasure, after));
        }
        drop(held);
        self.tell();
    }

    pub(crate) fn state(&self, id: Uuid) -> Option<ErasureState> {
        let held = self.read();
        if let Some(erased) = held.done.get(&id) {
            return Some(ErasureState::Done(erased.clone()));
        }
        if let Some((_, epoch, _)) = held.removing.get(&id) {
            return Some(ErasureState::Removing(*epoch));
        }
        held.waiting.iter().any(|(waiting, _)| waiting.id == id).then_some(ErasureState::Waiting)
    }

    /// Changes whenever an erasure gets further.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Whether every erasure is done.
    pub(crate) fn are_done(&self) -> bool {
        let held = self.read();
        held.waiting.is_empty() && held.removing.is_empty()
    }

    /// Those whose turn has come: all the log held when they were asked for is closed at `ends`.
    pub(crate) fn due(&self, ends: &[Offset]) -> Vec<Erasure> {
        let passed = |after: &[Offset]| after.iter().zip(ends).all(|(after, end)| end >= after);
        let held = self.read();
        held.waiting.iter().filter(|(_, after)| passed(after)).map(|(erasure, _)| erasure.clone()).collect()
    }

    /// Puts an erasure into force with an epoch.
    pub(crate) fn put_into_force(&self, erasure: &Erasure, epoch: Epoch) {
        let mut held = self.write();
        held.waiting.retain(|(waiting, _)| waiting.id != erasure.id);
        held.removing.insert(erasure.id, (erasure.clone(), epoch, Rows::Stored));
        drop(held);
        self.tell();
    }

    /// Those that come into force with an epoch.
    pub(crate) fn of(&self, epoch: Epoch) -> Vec<Erasure> {
        let held = self.read();
        let mut found: Vec<Erasure> = held
            .removing
            .values()
            .filter(|(_, at, _)| *at == epoch)
            .map(|(erasure, ..)| erasure.clone())
            .collect();
        found.sort_unstable_by_key(|erasure| erasure.id);
        found
    }

    /// Which stored events do not count, by erasures in force before `until`.
    pub(crate) fn hidden(&self, until: Epoch) -> Hidden {
        let held = self.read();
        let mut hidden = Hidden::default();
        for (erasure, epoch, rows) in held.removing.values() {
            if *rows == Rows::Stored && *epoch < until {
                for visitor in &erasure.visitors {
                    let of = hidden.0.entry((erasure.site.0, visitor.0)).or_default();
                    of.push((*epoch, erasure.until()));
                }
            }
        }
        hidden
    }

    /// The stored rows are gone: nothing is left to be hidden.
    pub(crate) fn rows_are_gone(&self, id: Uuid) {
        if let Some((.., rows)) = self.write().removing.get_mut(&id) {
            *rows = Rows::Gone;
        }
        self.tell();
    }

    pub(crate) fn done(&self, id: Uuid, erased: Erased) {
        let mut held = self.write();
        held.removing.remove(&id);
        held.done.insert(id, erased);
        drop(held);
        self.tell();
    }

    /// It is done, and there is nothing to report.
    pub(crate) fn let_go(&self, id: Uuid) {
        self.write().removing.remove(&id);
        self.tell();
    }

    /// The report was taken over.
    pub(crate) fn forget(&self, id: Uuid) {
        self.write().done.remove(&id);
    }

    fn tell(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, States> {
        self.inner.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, States> {
        self.inner.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(id: u128, visitor: u64) -> Erasure {
        Erasure { id: Uuid::from_u128(id), site: SiteId(1), visitors: vec![VisitorId(visitor)], before: None }
    }

    #[test]
    fn an_erasure_waits_for_what_was_in_the_log_before_it() {
        let erasures = Erasures::default();
        erasures.ask(erasure(1, 7), vec![10, 4]);
        assert_eq!(erasures.due(&[10, 3]), []);
        assert_eq!(erasures.due(&[12, 4]), [erasure(1, 7)]);
        erasures.put_into_force(&erasure(1, 7), 9);
        assert_eq!(erasures.due(&[12, 4]), []);
        assert_eq!(erasures.of(9), [erasure(1, 7)]);
        let hidden = erasures.hidden(10);
        assert!(hidden.holds(1, 7, 8, 0) && !hidden.holds(1, 7, 9, 0) && !hidden.holds(1, 8, 8, 0));
        assert!(erasures.hidden(9).is_empty(), "of its own epoch it takes out what is stored");
        erasures.rows_are_gone(Uuid::from_u128(1));
        assert!(erasures.hidden(10).is_empty() && !erasures.are_done());
        erasures.done(Uuid::from_u128(1), Erased::default());
        assert!(erasures.are_done());
    }

    #[test]
    fn of_age_only_what_is_old_is_hidden() {
        let erasures = Erasures::default();
        for (id, epoch, before) in [(1, 9, Some(Timestamp(100))), (2, 12, Some(Timestamp(50)))] {
            let erasure = Erasure { before, ..erasure(id, 7) };
            erasures.ask(erasure.clone(), vec![0]);
            erasures.put_into_force(&erasure, epoch);
        }
        let hidden = erasures.hidden(20);
        let of = |epoch, ts| hidden.holds(1, 7, epoch, ts);
        assert_eq!(
            [of(8, 99), of(8, 100), of(9, 99), of(9, 49), of(12, 49)],
            [true, false, false, true, false]
        );
    }

    #[test]
    fn asked_for_again_it_stays_one() {
        let erasures = Erasures::default();
        for _ in 0..2 {
            erasures.ask(erasure(1, 7), vec![0]);
        }
        assert_eq!(erasures.due(&[0]).len(), 1);
        erasures.put_into_force(&erasure(1, 7), 1);
        erasures.ask(erasure(1, 7), vec![0]);
        assert_eq!(erasures.due(&[0]), []);
        assert_eq!(erasures.state(Uuid::from_u128(1)), Some(ErasureState::Removing(1)));
    }
}
