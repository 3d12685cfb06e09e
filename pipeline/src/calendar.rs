//! Days and weeks as a site sees them. The only place where event time meets a time zone before the
//! dataflow.

use std::sync::Arc;

use hashbrown::HashMap;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use opentrace_events::{Site, SiteId, Sites, Timestamp};

/// Looks up a site's local day quickly: the offset in force is remembered until its zone's next
/// transition.
#[derive(Debug)]
pub(crate) struct Calendars {
    sites: Sites,
    cache: HashMap<SiteId, Span>,
}

/// A stretch of time with one offset from UTC.
#[derive(Clone, Debug)]
struct Span {
    /// The settings it was made from; changed settings are another allocation.
    site: Option<Arc<Site>>,
    week_start: Weekday,
    from: i64,
    until: i64,
    offset_ms: i64,
}

impl Calendars {
    pub(crate) fn new(sites: Sites) -> Self {
        Self { sites, cache: HashMap::new() }
    }

    /// The local day and the first day of its week, in days since 1970-01-01. A site that is not
    /// known (any more) has UTC days and weeks from Monday.
    pub(crate) fn day_and_week(&mut self, site: SiteId, ts: Timestamp) -> (i32, i32) {
        let span = self.span(site, ts);
        let day = (ts.0 + span.offset_ms).div_euclid(opentrace_events::ids::DAY_MS) as i32;
        (day, week_of(day, span.week_start))
    }

    fn span(&mut self, id: SiteId, ts: Timestamp) -> &Span {
        let site = self.sites.get(id);
        let valid = |span: &Span| {
            (span.from..span.until).contains(&ts.0)
                && span.site.as_ref().map(Arc::as_ptr) == site.as_ref().map(Arc::as_ptr)
        };
        if !self.cache.get(&id).is_some_and(valid) {
            self.cache.insert(id, Span::around(site, ts));
        }
        &self.cache[&id]
    }
}

impl Span {
    fn around(site: Option<Arc<Site>>, ts: Timestamp) -> Self {
        let (zone, week_start) = match &site {
            Some(site) => (site.timezone.clone(), site.week_start),
            None => (TimeZone::UTC, Weekday::Monday),
        };
        let Ok(at) = jiff::Timestamp::from_millisecond(ts.0) else {
            // Accepted events lie within a few decades of now; a time outside jiff's range of
            // ±9999 years has no zone rules, so UTC is as right as anything.
            return Self { site, week_start, from: ts.0, until: ts.0 + 1, offset_ms: 0 };
        };
        let offset_ms = i64::from(zone.to_offset(at).seconds()) * 1000;
        // A transition counts from its own moment on; `preceding` gives those strictly before.
        let just_after = at.checked_add(jiff::SignedDuration::from_millis(1)).unwrap_or(at);
        let from = zone.preceding(just_after).next().map_or(i64::MIN, |t| t.timestamp().as_millisecond());
        let until = zone.following(at).next().map_or(i64::MAX, |t| t.timestamp().as_millisecond());
        Self { site, week_start, from, until, offset_ms }
    }
}

/// The first day of the week that holds `day`.
pub(crate) fn week_of(day: i32, week_start: Weekday) -> i32 {
    // 1970-01-01 was a Thursday: three days after Monday.
    let since_monday = (day + 3).rem_euclid(7);
    let start = i32::from(week_start.to_monday_zero_offset());
    day - (since_monday - start).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> i32 {
        let date: jiff::civil::Date = text.parse().expect("a date");
        date.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1))).expect("days").get_days()
    }

    #[test]
    fn weeks_begin_where_the_site_says() {
        // 2026-11-23 is a Monday.
        let monday = days("2026-11-23");
        assert_eq!(week_of(monday, Weekday::Monday), monday);
        assert_eq!(week_of(monday + 6, Weekday::Monday), monday);
        assert_eq!(week_of(monday, Weekday::Sunday), monday - 1);
        assert_eq!(week_of(monday + 6, Weekday::Sunday), monday + 6);
    }

    #[test]
    fn a_span_ends_where_the_clock_changes() {
        let sites = Sites::default();
        sites.put(site("Europe/Berlin"));
        let before: jiff::Timestamp = "2026-10-25T00:59:59Z".parse().expect("a time");
        let span = Span::around(sites.get(SiteId(1)), Timestamp(before.as_millisecond()));
        assert_eq!(span.offset_ms, 7_200_000);
        assert_eq!(span.until, before.as_millisecond() + 1000);
    }

    #[test]
    fn days_follow_the_clock_on_the_wall_and_changed_settings() {
        let sites = Sites::default();
        sites.put(site("Europe/Berlin"));
        let mut calendars = Calendars::new(sites.clone());
        let mut day = |time: &str| {
            let at: jiff::Timestamp = time.parse().expect("a time");
            calendars.day_and_week(SiteId(1), Timestamp(at.as_millisecond())).0 - days("2026-10-25")
        };
        // The day with 25 hours.
        for (time, want) in [
            ("2026-10-24T21:59:59Z", -1),
            ("2026-10-24T22:00:00Z", 0),
            ("2026-10-25T01:00:00Z", 0),
            ("2026-10-25T22:59:59Z", 0),
            ("2026-10-25T23:00:00Z", 1),
            ("2026-10-24T22:00:00Z", 0),
        ] {
            assert_eq!(day(time), want, "{time}");
        }
        sites.put(site("Asia/Tokyo"));
        assert_eq!(day("2026-10-24T15:00:00Z"), 0);
    }

    fn site(zone: &str) -> Site {
        Site {
            id: SiteId(1),
            domain: "a.example".to_owned(),
            timezone: TimeZone::get(zone).expect("a zone"),
            week_start: Weekday::Monday,
            identified: false,
            currency: "EUR".to_owned(),
            bots: opentrace_events::site::BotPolicy::Drop,
            honour_privacy_signals: false,
            retention_days: 0,
        }
    }
}
