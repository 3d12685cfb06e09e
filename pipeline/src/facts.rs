//! From events to the rows the dataflow carries.

use std::borrow::Cow;

use opentrace_events::{Event, Kind, SiteId, Timestamp, Visit};
use opentrace_operators::{Act, EventFact, Kind as FactKind, Person};
use uuid::Uuid;

use crate::calendar::Calendars;
use crate::intern::Interner;

/// What of an event, fresh or stored, the views need.
#[derive(Clone, Debug)]
pub(crate) struct Source<'a> {
    pub site: SiteId,
    pub visitor: u64,
    pub ts: Timestamp,
    pub id: Uuid,
    pub kind: Kind,
    pub interactive: bool,
    pub path: &'a str,
    pub visit: Cow<'a, Visit>,
    pub revenue: i64,
    pub currency: &'a str,
}

impl<'a> From<&'a Event> for Source<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            site: event.site,
            visitor: event.visitor.0,
            ts: event.ts,
            id: event.id,
            kind: event.kind(),
            interactive: event.interactive,
            path: &event.page.path,
            visit: Cow::Borrowed(&event.visit),
            revenue: event.revenue,
            currency: &event.currency,
        }
    }
}

impl Source<'_> {
    pub(crate) fn person(&self) -> Person {
        Person { site: self.site.0, visitor: self.visitor }
    }
}

/// Turns events into facts; takes one reference on each interned string per fact.
#[derive(Debug)]
pub(crate) struct FactMaker {
    pub calendars: Calendars,
    pub interner: Interner,
    pub sites: opentrace_events::Sites,
}

impl FactMaker {
    pub(crate) fn make(&mut self, sources: &[Source<'_>]) -> Vec<EventFact> {
        let ids = self.interner.take(sources.iter().map(|source| (source.path, source.visit.as_ref())));
        let mut facts = Vec::with_capacity(sources.len());
        for (source, (path, visit)) in sources.iter().zip(ids) {
            let (day, week) = self.calendars.day_and_week(source.site, source.ts);
            let act = Act {
                ts: source.ts.0,
                id: source.id.as_u64_pair().1,
                path,
                visit,
                revenue: self.countable_revenue(source),
                day,
                week,
                kind: match source.kind {
                    Kind::Pageview => FactKind::Pageview,
                    Kind::Engagement => FactKind::Engagement,
                    Kind::Custom => FactKind::Custom,
                },
                interactive: source.interactive,
            };
            facts.push(EventFact { person: source.person(), act });
        }
        facts
    }

    /// Gives back the references of facts that leave.
    pub(crate) fn release<'a>(&self, acts: impl Iterator<Item = &'a Act>) {
        self.interner.release(acts.map(|act| (act.path, act.visit)));
    }

    /// Amounts in another currency than the site's cannot be added to its sums.
    fn countable_revenue(&self, source: &Source<'_>) -> i64 {
        if source.revenue == 0 {
            return 0;
        }
        let same = self.sites.get(source.site).is_some_and(|site| site.currency == source.currency);
        if same { source.revenue } else { 0 }
    }
}
