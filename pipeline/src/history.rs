//! History: what ClickHouse holds of the people an epoch touches.

use std::borrow::Cow;

use hashbrown::{HashMap, HashSet};
use opentrace_events::{Event, Kind, SiteId, Sites, Timestamp};
use opentrace_operators::Person;
use opentrace_store::{DaySlice, Props, Store, StoredAct, VisitorSlice};
use uuid::Uuid;

use crate::coordinator::{Logged, Parts};
use crate::facts::{Props as FactProps, Source};
use crate::journal::Epoch;
use crate::residents::{Now, Residents, Slice};
use crate::retry::until_it_works;

/// Looks things up on behalf of the coordinator.
pub(crate) struct History<'a> {
    store: &'a Store,
    sites: &'a Sites,
}

/// Whose stored events are to be fetched, per slice.
pub(crate) type Missing = HashMap<Slice, Vec<u64>>;

impl<'a> History<'a> {
    pub(crate) fn of(parts: &'a Parts) -> Self {
        Self { store: &parts.store, sites: &parts.sites }
    }

    /// Marks everyone the events touch as resident and returns whose history is missing.
    pub(crate) async fn missing(&self, residents: &mut Residents, events: &[Logged], now: Now) -> Missing {
        // With the latest time at which something happens to them.
        let mut touched: HashMap<(Person, Slice), i64> = HashMap::new();
        for Logged { event, .. } in events {
            let latest = touched.entry(self.touched(event)).or_insert(event.ts.0);
            *latest = event.ts.0.max(*latest);
        }
        let unknown = residents.unknown_slices(touched.keys().map(|(_, slice)| *slice));
        if !unknown.is_empty() {
            self.learn(residents, &unknown, now.minute).await;
        }
        let mut missing = Missing::new();
        for ((person, slice), latest) in touched {
            if residents.needs_history(person, slice, latest, now) {
                missing.entry(slice).or_default().push(person.visitor);
            }
        }
        missing
    }

    /// The stored events of these people, from epochs before `epoch`.
    pub(crate) async fn fetch(&self, missing: &Missing, epoch: Epoch, props: Props) -> Vec<StoredAct> {
        if missing.is_empty() {
            return Vec::new();
        }
        let wanted: Vec<VisitorSlice> = missing
            .iter()
            .map(|(slice, visitors)| {
                let (from_ms, to_ms) = slice.millis();
                VisitorSlice { site_id: slice.site, from_ms, to_ms, visitors: visitors.clone() }
            })
            .collect();
        until_it_works("read histories", || self.store.visitor_events(&wanted, epoch - 1, props)).await
    }

    /// Which ids of events sent as history are stored already, in epochs before `epoch`.
    pub(crate) async fn stored_ids(&self, events: &[Logged], epoch: Epoch) -> HashSet<(SiteId, Uuid)> {
        let history = events.iter().map(|logged| &logged.event).filter(|event| event.history);
        let mut found = HashSet::new();
        for (site, asked) in by_site(history) {
            let (from, to) = asked.span();
            let stored = until_it_works("look up ids", || {
                self.store.existing_ids(site.0, &asked.ids, from, to, epoch - 1)
            });
            found.extend(stored.await.into_iter().map(|id| (site, id)));
        }
        found
    }

    async fn learn(&self, residents: &mut Residents, unknown: &[Slice], minute: i64) {
        let asked: Vec<DaySlice> = unknown
            .iter()
            .map(|slice| {
                let (from_ms, to_ms) = slice.millis();
                DaySlice { site_id: slice.site, from_ms, to_ms }
            })
            .collect();
        let found = until_it_works("read visitors", || self.store.slice_visitors(&asked)).await;
        let mut visitors: Vec<Vec<u64>> = vec![Vec::new(); unknown.len()];
        for (index, visitor) in found {
            visitors[index].push(visitor);
        }
        for (slice, visitors) in unknown.iter().zip(visitors) {
            residents.learn_slice(*slice, visitors.into_iter(), minute);
        }
    }

    fn touched(&self, event: &Event) -> (Person, Slice) {
        let known_again = self.sites.get(event.site).is_some_and(|site| site.knows_people_again());
        let person = Person { site: event.site.0, visitor: event.visitor.0 };
        (person, Slice::of(event.site.0, event.ts.0, known_again))
    }
}

/// Ids to look up, and the times between which their events lie.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub ids: Vec<Uuid>,
    from: Option<i64>,
    to: Option<i64>,
}

impl Asked {
    /// Half-open, in milliseconds.
    pub(crate) fn span(&self) -> (i64, i64) {
        (self.from.unwrap_or(0), self.to.unwrap_or(0) + 1)
    }
}

/// Ids by site.
pub(crate) fn by_site<'e>(events: impl Iterator<Item = &'e Event>) -> HashMap<SiteId, Asked> {
    let mut by_site: HashMap<SiteId, Asked> = HashMap::new();
    for event in events {
        let asked = by_site.entry(event.site).or_default();
        asked.ids.push(event.id);
        asked.from = Some(asked.from.map_or(event.ts.0, |from| from.min(event.ts.0)));
        asked.to = Some(asked.to.map_or(event.ts.0, |to| to.max(event.ts.0)));
    }
    by_site
}

/// A stored event as the views need it.
pub(crate) fn source(stored: &StoredAct) -> Source<'_> {
    Source {
        site: SiteId(stored.site_id),
        visitor: stored.visitor,
        ts: Timestamp(stored.ts),
        id: stored.id,
        name: &stored.name,
        kind: match stored.name.as_str() {
            opentrace_events::model::PAGEVIEW => Kind::Pageview,
            opentrace_events::model::ENGAGEMENT => Kind::Engagement,
            _ => Kind::Custom,
        },
        interactive: stored.interactive,
        path: &stored.path,
        visit: Cow::Owned(stored.visit()),
        props: FactProps::Stored(&stored.props),
        revenue: stored.revenue,
        currency: &stored.currency,
    }
}
