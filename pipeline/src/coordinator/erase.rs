//! How people are erased from the views.
//!
//! Everyone's whole history is brought in silently, and what is erased of it leaves at the epoch's real
//! time: what the views emit there is what they hold because of it, taken back.

use std::collections::BTreeMap;

use opentrace_operators::{Diff, EventFact, Person};
use opentrace_store::Props;

use super::{Coordinator, out};
use crate::erasure::{Erasure, Hidden};
use crate::history::{History, Missing};
use crate::journal::Epoch;
use crate::residents::{Now, Slice};
use crate::status::Counters;

impl Coordinator {
    /// What an epoch is fed for its erasures: the histories that come, and that they go. Everything
    /// before the epoch is committed.
    pub(super) async fn erase(
        &mut self,
        erasures: &[Erasure],
        epoch: Epoch,
        now: Now,
        silent: &mut Vec<(EventFact, Diff)>,
    ) -> Vec<(EventFact, Diff)> {
        let mut missing = Missing::new();
        // With the time before which they are forgotten.
        let mut people: BTreeMap<Person, i64> = BTreeMap::new();
        for erasure in erasures {
            let site = erasure.site.0;
            let visitors = erasure.visitors.iter().map(|visitor| visitor.0);
            missing.entry(Slice::whole(site)).or_default().extend(visitors.clone());
            for person in visitors.map(|visitor| Person { site, visitor }) {
                let until = people.entry(person).or_insert(i64::MIN);
                *until = erasure.until().max(*until);
            }
        }
        for visitors in missing.values_mut() {
            visitors.sort_unstable();
            visitors.dedup();
        }
        // Those that an earlier erasure hides are out already; this one's are what is to be found.
        let hidden = self.parts.erasures.hidden(epoch);
        self.hydrate(&missing, epoch, Props::Read, &hidden, now, silent).await;
        let mut left = Vec::new();
        for (person, until) in people {
            let acts = self.residents.take_before(person, until);
            if acts.is_empty() {
                continue;
            }
            Counters::add(&self.parts.counters.evicted, usize::from(!self.residents.has(person)));
            left.extend(out(person, acts.clone()));
            self.gone.push((epoch, acts));
        }
        left
    }

    /// Fetches and settles the stored events of these people, and feeds those that are new silently.
    pub(super) async fn hydrate(
        &mut self,
        missing: &Missing,
        epoch: Epoch,
        props: Props,
        hidden: &Hidden,
        now: Now,
        silent: &mut Vec<(EventFact, Diff)>,
    ) {
        let mut stored = History::of(&self.parts).fetch(missing, epoch, props).await;
        if !hidden.is_empty() {
            stored.retain(|act| !hidden.holds(act.site_id, act.visitor, act.epoch, act.ts));
        }
        Counters::add(&self.parts.counters.hydrated, stored.len());
        let sources: Vec<_> = stored.iter().map(crate::history::source).collect();
        let hydrated = self.parts.facts.make(&sources, &self.book);
        self.settle_in(&hydrated, 0, now, |fact| silent.push((fact, 1)));
    }
}
