//! From events to the rows the dataflow carries.

use std::borrow::Cow;

use compact_str::CompactString;
use opentrace_events::define::Subject;
use opentrace_events::{Event, Kind, SiteId, Timestamp, Visit};
use opentrace_operators::{Act, EventFact, Kind as FactKind, Marks, Person};
use uuid::Uuid;

use crate::calendar::Calendars;
use crate::intern::{Interned, Interner, Texts};
use crate::plan::Book;

/// What of an event, fresh or stored, the views need.
#[derive(Clone, Debug)]
pub(crate) struct Source<'a> {
    pub site: SiteId,
    pub visitor: u64,
    pub ts: Timestamp,
    pub id: Uuid,
    pub name: &'a str,
    pub kind: Kind,
    pub interactive: bool,
    pub path: &'a str,
    pub visit: Cow<'a, Visit>,
    pub props: Props<'a>,
    pub revenue: i64,
    pub currency: &'a str,
}

/// Properties as an event or a stored row holds them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Props<'a> {
    Fresh(&'a [(CompactString, CompactString)]),
    Stored(&'a [(String, String)]),
}

impl<'a> From<&'a Event> for Source<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            site: event.site,
            visitor: event.visitor.0,
            ts: event.ts,
            id: event.id,
            name: &event.name,
            kind: event.kind(),
            interactive: event.interactive,
            path: &event.page.path,
            visit: Cow::Borrowed(&event.visit),
            props: Props::Fresh(&event.props),
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

impl Subject for Source<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn path(&self) -> &str {
        self.path
    }

    fn visit(&self) -> &Visit {
        &self.visit
    }

    fn property(&self, key: &str) -> &str {
        match self.props {
            Props::Fresh(props) => props.iter().find(|(held, _)| held == key).map_or("", |(_, value)| value),
            Props::Stored(props) => props.iter().find(|(held, _)| held == key).map_or("", |(_, value)| value),
        }
    }
}

/// Turns events into facts; takes one reference on each interned string per fact.
#[derive(Debug)]
pub(crate) struct FactMaker {
    pub calendars: Calendars,
    pub interner: Interner,
}

impl FactMaker {
    pub(crate) fn new(interner: Interner) -> Self {
        Self { calendars: Calendars::default(), interner }
    }

    pub(crate) fn make(&mut self, sources: &[Source<'_>], book: &Book) -> Vec<EventFact> {
        let ids = self.interner.take(sources.iter().map(|source| Texts {
            path: source.path,
            name: (source.kind == Kind::Custom).then_some(source.name),
            visit: source.visit.as_ref(),
        }));
        let mut facts = Vec::with_capacity(sources.len());
        for (source, Interned { path, name, visit }) in sources.iter().zip(ids) {
            let plan = book.of(source.site);
            let act = Act {
                ts: source.ts.0,
                id: source.id.as_u64_pair().1,
                path,
                name,
                visit,
                // Amounts in another currency than the site's cannot be added to its sums.
                revenue: match plan {
                    Some(plan) if plan.plan.currency == source.currency => source.revenue,
                    _ => 0,
                },
                marks: plan.map_or(Marks::default(), |plan| plan.marks(source)),
                offset: self.calendars.offset(book, source.site, source.ts),
                week_start: plan.map_or(0, |plan| plan.week_start),
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
        self.interner.release(acts.map(|act| Interned { path: act.path, name: act.name, visit: act.visit }));
    }
}
