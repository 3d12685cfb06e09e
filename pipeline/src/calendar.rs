//! The offset of a site's clock from UTC. The only place where event time meets a time zone before
//! the dataflow.

use std::sync::Arc;

use hashbrown::HashMap;
use opentrace_events::{SiteId, Timestamp};

use crate::plan::{Book, InForce};

/// Looks up a site's offset quickly: the one in force is remembered until its zone's next transition.
#[derive(Debug, Default)]
pub(crate) struct Calendars {
    cache: HashMap<SiteId, Span>,
}

/// A stretch of time with one offset from UTC.
#[derive(Clone, Debug)]
struct Span {
    /// The plan it was made from; a changed plan is another allocation.
    plan: Option<Arc<InForce>>,
    from: i64,
    until: i64,
    offset: i32,
}

impl Calendars {
    /// The site's clock minus UTC, in seconds.
    pub(crate) fn offset(&mut self, book: &Book, site: SiteId, ts: Timestamp) -> i32 {
        let plan = book.of(site);
        let valid = |span: &Span| {
            (span.from..span.until).contains(&ts.0)
                && span.plan.as_ref().map(Arc::as_ptr) == plan.map(Arc::as_ptr)
        };
        match self.cache.get(&site) {
            Some(span) if valid(span) => span.offset,
            _ => {
                let span = Span::around(plan.cloned(), ts);
                let offset = span.offset;
                self.cache.insert(site, span);
                offset
            }
        }
    }
}

impl Span {
    fn around(plan: Option<Arc<InForce>>, ts: Timestamp) -> Self {
        let zone = plan.as_ref().map_or(jiff::tz::TimeZone::UTC, |plan| plan.zone.clone());
        let Ok(at) = jiff::Timestamp::from_millisecond(ts.0) else {
            // Accepted events lie within a few decades of now; a time outside jiff's range of
            // ±9999 years has no zone rules, so UTC is as right as anything.
            return Self { plan, from: ts.0, until: ts.0 + 1, offset: 0 };
        };
        let offset = zone.to_offset(at).seconds();
        // A transition counts from its own moment on; `preceding` gives those strictly before.
        let just_after = at.checked_add(jiff::SignedDuration::from_millis(1)).unwrap_or(at);
        let from = zone.preceding(just_after).next().map_or(i64::MIN, |t| t.timestamp().as_millisecond());
        let until = zone.following(at).next().map_or(i64::MAX, |t| t.timestamp().as_millisecond());
        Self { plan, from, until, offset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SitePlan;

    fn plan(timezone: &str) -> Arc<InForce> {
        let plan = SitePlan {
            site: SiteId(1),
            calendar: 1,
            timezone: timezone.to_owned(),
            week_start: 0,
            currency: "EUR".to_owned(),
            definitions: Vec::new(),
        };
        Arc::new(InForce::new(plan).expect("a plan"))
    }

    fn at(time: &str) -> Timestamp {
        Timestamp(time.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
    }

    #[test]
    fn a_span_ends_where_the_clock_changes() {
        let before = at("2026-10-25T00:59:59Z");
        let span = Span::around(Some(plan("Europe/Berlin")), before);
        assert_eq!((span.offset, span.until), (7_200, before.0 + 1000));
    }

    #[test]
    fn offsets_follow_the_clock_on_the_wall_and_changed_plans() {
        let mut book = Book::default();
        book.put(plan("Europe/Berlin"));
        let mut calendars = Calendars::default();
        for (time, hours) in [
            ("2026-10-24T21:59:59Z", 2),
            ("2026-10-25T00:59:59Z", 2),
            ("2026-10-25T01:00:00Z", 1),
            ("2026-10-24T22:00:00Z", 2),
            ("2026-03-29T00:59:59Z", 1),
            ("2026-03-29T01:00:00Z", 2),
        ] {
            assert_eq!(calendars.offset(&book, SiteId(1), at(time)), hours * 3_600, "{time}");
        }
        book.put(plan("Asia/Kolkata"));
        assert_eq!(calendars.offset(&book, SiteId(1), at("2026-03-29T01:00:00Z")), 19_800);
        assert_eq!(calendars.offset(&book, SiteId(2), at("2026-03-29T01:00:00Z")), 0, "no plan");
    }
}
