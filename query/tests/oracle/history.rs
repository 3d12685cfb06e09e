//! Generated events, and the sessions they make, found naively.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use opentrace_events::{Site, SiteId, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

pub(crate) const PAGES: [&str; 6] = ["/", "/blog", "/blog/a", "/Pricing", "/über", "/thanks"];
pub(crate) const NAMES: [&str; 5] = ["pageview", "pageview", "signup", "Purchase", "engagement"];
pub(crate) const SOURCES: [&str; 4] = ["", "Google", "t.co", "google"];
pub(crate) const COUNTRIES: [&str; 4] = ["", "DE", "FR", "US"];
pub(crate) const SYSTEMS: [&str; 3] = ["Mac", "Windows", ""];
pub(crate) const BROWSERS: [&str; 2] = ["Firefox", "Chrome"];
pub(crate) const CITIES: [&str; 4] = ["Berlin", "bern", "it's", ""];
pub(crate) const HOSTS: [&str; 2] = ["example.com", "shop.example.com"];
pub(crate) const PLANS: [&str; 3] = ["", "free", "Pro"];
pub(crate) const NOTES: [&str; 6] = ["", "'", "\\", "a\nb", "{p0:String}", "\u{1f600}"];

pub(crate) const RISKS: [&str; 4] = ["low", "medium", "high", ""];
pub(crate) const CLUSTERS: [&str; 4] = ["Loyal readers", "it's new", "", "3"];
pub(crate) const USERS: [&str; 3] = ["", "ada", "o'neill"];

pub(crate) const LOADS: [&str; 11] =
    ["", "12", "7", "3.5", "-4", "100", "1000000", "fast", "1.2.3", "-", "e5"];

/// The currency of every generated site.
pub(crate) const CURRENCY: &str = "EUR";

pub(crate) const GAP_MS: i64 = 30 * 60_000;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) ts: i64,
    pub(crate) visitor: u64,
    pub(crate) name: &'static str,
    pub(crate) interactive: bool,
    pub(crate) path: &'static str,
    pub(crate) hostname: &'static str,
    pub(crate) plan: &'static str,
    pub(crate) note: &'static str,
    /// A property that is a number, mostly.
    pub(crate) load: &'static str,
    /// Fixed point.
    pub(crate) revenue: i64,
    pub(crate) currency: &'static str,
    pub(crate) user: &'static str,
    pub(crate) scroll_depth: u8,
    pub(crate) engagement_ms: u32,
    pub(crate) visit: Attributes,
    /// The place of the visit that it counts in.
    session: Option<usize>,
    /// The place of the visit that it tells of, be it after the last event that counts.
    engaged: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes {
    pub(crate) source: &'static str,
    pub(crate) country: &'static str,
    pub(crate) os: &'static str,
    pub(crate) browser: &'static str,
    pub(crate) city: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) visitor: u64,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) entry_page: &'static str,
    pub(crate) exit_page: &'static str,
    pub(crate) hostname: &'static str,
    pub(crate) pageviews: i64,
    pub(crate) events: i64,
    pub(crate) bounce: bool,
    /// Pages in their order, without reloads.
    pub(crate) stops: Vec<&'static str>,
    pub(crate) revenue: i64,
    pub(crate) visit: Attributes,
    /// Those that count, in their order.
    pub(crate) acts: Vec<Event>,
}

/// What is known of somebody from all their visits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    pub(crate) first_source: &'static str,
    pub(crate) last_os: &'static str,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
    pub(crate) visits: usize,
    /// The segment that a model put them in; empty where it did not.
    pub(crate) cluster: &'static str,
}

/// What a model says of somebody, and by which score; nothing of who is in no segment.
pub(crate) fn risk(person: &Person) -> Option<(&'static str, f64)> {
    let said = [("low", 0.29), ("medium", 0.3), ("high", 0.7)];
    (!person.cluster.is_empty()).then(|| said[person.visits % said.len()])
}

/// What happened on a day.
#[derive(Clone, Debug, Default)]
pub(crate) struct DayOf {
    pub(crate) people: BTreeSet<u64>,
    pub(crate) visits: i64,
    pub(crate) pageviews: i64,
    pub(crate) events: i64,
    pub(crate) bounces: i64,
    pub(crate) duration_ms: i64,
    pub(crate) revenue: i64,
}

#[derive(Debug)]
pub(crate) struct History {
    pub(crate) site: Site,
    pub(crate) now: Timestamp,
    /// The first local day with events.
    pub(crate) start: Date,
    /// No two of one visitor at the same time.
    pub(crate) events: Vec<Event>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) people: BTreeMap<u64, Person>,
}

impl Event {
    pub(crate) fn counts(&self) -> bool {
        self.name != "engagement"
    }

    /// Revenue in the site's currency.
    pub(crate) fn revenue(&self) -> i64 {
        if self.currency == CURRENCY { self.revenue } else { 0 }
    }
}

impl History {
    pub(crate) fn generate(id: u32, zone: &str, week_start: Weekday, start: &str) -> Self {
        let mut random = StdRng::seed_from_u64(u64::from(id) + 100);
        let timezone = TimeZone::get(zone).expect("a zone");
        let start: Date = start.parse().expect("a date");
        let begin = start.to_zoned_datetime(timezone.clone()).expect("a day").timestamp().as_millisecond();
        let mut taken = BTreeSet::new();
        let mut events = Vec::new();
        while events.len() < 700 {
            let visitor = random.random_range(1_u64..=45) << 40;
            // Some come at the change of days or clocks, most at any time.
            let mut ts = begin + random.random_range(0..14 * 24 * 3_600_000_i64);
            if random.random_bool(0.3) {
                ts = ts / 86_400_000 * 86_400_000 + random.random_range(-40..40_i64) * 60_000;
            }
            for _ in 0..random.random_range(1..8) {
                if taken.insert((visitor, ts)) && ts >= begin {
                    events.push(event(&mut random, visitor, ts));
                }
                ts += match random.random_range(0..10) {
                    0 => GAP_MS,
                    1 => GAP_MS + 1,
                    2 => 1,
                    _ => random.random_range(1..25 * 60_000),
                };
            }
        }
        // Somebody who comes in both of two minutes that the clock calls the same.
        let before = jiff::Timestamp::from_millisecond(begin).expect("an instant");
        if let Some(change) = timezone.following(before).next() {
            let gone = timezone.to_offset(before).seconds() - change.offset().seconds();
            let at = change.timestamp().as_millisecond();
            let half = i64::from(gone).max(0) * 500;
            for ts in [at - half, at + half] {
                if half > 0 && at < begin + 14 * 86_400_000 && taken.insert((1 << 40, ts)) {
                    events.push(event(&mut random, 1 << 40, ts));
                    events.last_mut().expect("an event").name = "signup";
                }
            }
        }
        events.sort_by_key(|event| (event.visitor, event.ts));
        let site = Site {
            id: SiteId(id),
            domain: format!("site{id}.example"),
            timezone,
            week_start,
            identified: false,
            numbered: false,
            currency: CURRENCY.to_owned(),
            bots: Default::default(),
            honour_privacy_signals: false,
            retention_days: 0,
            calendar: 0,
        };
        let sessions = sessions(&events);
        let now = Timestamp(begin + 10 * 86_400_000 + 45_296_789);
        let mut history = Self { now, people: people(&sessions), site, start, events, sessions };
        for place in 0..history.events.len() {
            let event = &history.events[place];
            let (session, engaged) = (history.find_session(event), history.find_engaged(event));
            (history.events[place].session, history.events[place].engaged) = (session, engaged);
        }
        history
    }

    pub(crate) fn earliest(&self) -> Option<Timestamp> {
        let counted = self.events.iter().filter(|event| event.counts());
        counted.map(|event| Timestamp(event.ts / 60_000 * 60_000)).min()
    }

    pub(crate) fn local(&self, ts: i64) -> DateTime {
        self.site.timezone.to_datetime(jiff::Timestamp::from_millisecond(ts).expect("an instant"))
    }

    /// The first day of the week.
    pub(crate) fn week(&self, date: Date) -> Date {
        let days = jiff::Span::new().days(i64::from(date.weekday().since(self.site.week_start)));
        date.checked_sub(days).expect("a date")
    }

    pub(crate) fn pageviews_on(&self, date: Date) -> i64 {
        let on = |event: &&Event| event.name == "pageview" && self.local(event.ts).date() == date;
        self.events.iter().filter(on).count() as i64
    }

    /// Whether the filter of the test of strings finds a row that is called `text`.
    pub(crate) fn has_note(&self, text: &str, operator: &str) -> bool {
        let fits = |value: &str| match operator {
            "is" => value == text,
            _ => value.contains(text),
        };
        self.events.iter().any(|event| {
            event.counts() && event.note == text && (fits(event.note) || fits(self.city_of(event)))
        })
    }

    fn city_of(&self, event: &Event) -> &'static str {
        self.session_of(event).map_or("", |session| session.visit.city)
    }

    /// The visit that an event counts in.
    pub(crate) fn session_of(&self, event: &Event) -> Option<&Session> {
        event.session.map(|place| &self.sessions[place])
    }

    fn find_session(&self, event: &Event) -> Option<usize> {
        let within = |session: &Session| {
            session.visitor == event.visitor && session.start <= event.ts && event.ts <= session.end
        };
        self.sessions.iter().position(within)
    }

    /// The visit that an engagement event belongs to: the last that began before it and was alive.
    pub(crate) fn session_engaged(&self, event: &Event) -> Option<&Session> {
        event.engaged.map(|place| &self.sessions[place])
    }

    fn find_engaged(&self, event: &Event) -> Option<usize> {
        let begun =
            |(_, session): &(usize, &Session)| session.visitor == event.visitor && session.start <= event.ts;
        let last = self.sessions.iter().enumerate().filter(begun).max_by_key(|(_, session)| session.start);
        last.filter(|(_, session)| event.ts <= session.end + GAP_MS).map(|(place, _)| place)
    }

    /// The events that count in a visit.
    pub(crate) fn events_of<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = &'a Event> {
        let first = (session.visitor, session.start);
        let first = self.events.partition_point(|event| (event.visitor, event.ts) < first);
        let within = |event: &&Event| event.visitor == session.visitor && event.ts <= session.end;
        self.events[first..].iter().take_while(within).filter(|event| event.counts())
    }
}

fn event(random: &mut StdRng, visitor: u64, ts: i64) -> Event {
    fn one(random: &mut StdRng, of: &[&'static str]) -> &'static str {
        of.choose(random).expect("a choice")
    }
    let name = one(random, &NAMES);
    let pays = name == "Purchase" && random.random_bool(0.7);
    let engaged = name == "engagement";
    Event {
        ts,
        visitor,
        name,
        interactive: name == "pageview" || name == "signup",
        path: one(random, &PAGES),
        hostname: one(random, &HOSTS),
        plan: one(random, &PLANS),
        note: one(random, &NOTES),
        load: one(random, &LOADS),
        revenue: if pays { random.random_range(-20_000..900_000) } else { 0 },
        currency: if pays { one(random, &[CURRENCY, CURRENCY, "USD"]) } else { "" },
        user: USERS[(visitor >> 40) as usize % USERS.len()],
        scroll_depth: if engaged { random.random_range(0..=100) } else { 0 },
        engagement_ms: if engaged { random.random_range(0..90_000) } else { 0 },
        visit: Attributes {
            source: one(random, &SOURCES),
            country: one(random, &COUNTRIES),
            os: one(random, &SYSTEMS),
            browser: one(random, &BROWSERS),
            city: one(random, &CITIES),
        },
        session: None,
        engaged: None,
    }
}

/// What visits tell of each visitor; every fourth is in no segment.
fn people(sessions: &[Session]) -> BTreeMap<u64, Person> {
    let mut visits: BTreeMap<u64, Vec<&Session>> = BTreeMap::new();
    for session in sessions {
        visits.entry(session.visitor).or_default().push(session);
    }
    let of = |(place, (visitor, visits)): (usize, (u64, Vec<&Session>))| {
        let (first, last) = (visits[0], visits[visits.len() - 1]);
        let person = Person {
            first_source: first.visit.source,
            last_os: last.visit.os,
            first_seen: first.start,
            last_seen: last.end,
            visits: visits.len(),
            cluster: CLUSTERS[place % CLUSTERS.len()],
        };
        (visitor, person)
    };
    visits.into_iter().enumerate().map(of).collect()
}

/// Runs of one visitor's events without a longer gap than half an hour, if any of them counts.
fn sessions(events: &[Event]) -> Vec<Session> {
    let mut runs: Vec<Vec<&Event>> = Vec::new();
    for event in events {
        match runs.last_mut() {
            Some(run)
                if run
                    .last()
                    .is_some_and(|last| last.visitor == event.visitor && event.ts - last.ts <= GAP_MS) =>
            {
                run.push(event);
            }
            _ => runs.push(vec![event]),
        }
    }
    runs.into_iter().filter_map(session).collect()
}

fn session(run: Vec<&Event>) -> Option<Session> {
    let counted: Vec<_> = run.into_iter().filter(|event| event.counts()).collect();
    let pages: Vec<_> = counted.iter().filter(|event| event.name == "pageview").collect();
    let (first, last) = (counted.first()?, counted.last()?);
    let mut stops: Vec<_> = pages.iter().map(|page| page.path).collect();
    stops.dedup();
    Some(Session {
        visitor: first.visitor,
        start: first.ts,
        end: last.ts,
        entry_page: pages.first().map_or("", |page| page.path),
        exit_page: pages.last().map_or("", |page| page.path),
        hostname: first.hostname,
        pageviews: pages.len() as i64,
        events: counted.len() as i64,
        bounce: counted.iter().filter(|event| event.interactive).count() <= 1,
        stops,
        revenue: counted.iter().map(|event| event.revenue()).sum(),
        visit: first.visit,
        acts: counted.into_iter().cloned().collect(),
    })
}

/// Sums of one minute, as `v_traffic` keeps them.
#[derive(Debug, Default)]
pub(crate) struct Minute {
    pub(crate) events: i64,
    pub(crate) pageviews: i64,
    pub(crate) visitors: BTreeSet<u64>,
    pub(crate) sessions: i64,
    pub(crate) bounces: i64,
    pub(crate) duration_ms: i64,
    pub(crate) revenue: i64,
}

impl History {
    pub(crate) fn minutes(&self) -> BTreeMap<i64, Minute> {
        let mut minutes: BTreeMap<i64, Minute> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.counts()) {
            let minute = minutes.entry(event.ts / 60_000 * 60).or_default();
            minute.events += 1;
            minute.pageviews += i64::from(event.name == "pageview");
            minute.visitors.insert(event.visitor);
            minute.revenue += event.revenue();
        }
        for session in &self.sessions {
            let minute = minutes.entry(session.start / 60_000 * 60).or_default();
            minute.sessions += 1;
            minute.bounces += i64::from(session.bounce);
            minute.duration_ms += session.end - session.start;
        }
        minutes
    }

    /// Days by what they are divided by: `(dimension, value, day)`.
    pub(crate) fn days(&self) -> BTreeMap<(&'static str, &'static str, Date), DayOf> {
        let mut days: BTreeMap<_, DayOf> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.counts()) {
            let date = self.local(event.ts).date();
            let name = (event.name != "pageview").then_some(("name", event.name));
            for (dimension, value) in [("everyone", ""), ("page", event.path)].into_iter().chain(name) {
                let day = days.entry((dimension, value, date)).or_default();
                day.people.insert(event.visitor);
                if dimension != "everyone" {
                    day.events += 1;
                    day.pageviews += i64::from(event.name == "pageview");
                    day.revenue += event.revenue();
                }
            }
        }
        for session in &self.sessions {
            let Attributes { source, country, os, browser, city } = session.visit;
            for (dimension, value) in [
                ("visits", ""),
                ("entry_page", session.entry_page),
                ("exit_page", session.exit_page),
                ("source", source),
                ("country", country),
                ("os", os),
                ("browser", browser),
                ("city", city),
                ("medium", ""),
                ("campaign", ""),
                ("channel", ""),
                ("region", ""),
                ("device", ""),
            ] {
                let day = days.entry((dimension, value, self.local(session.start).date())).or_default();
                day.people.insert(session.visitor);
                day.visits += 1;
                day.pageviews += session.pageviews;
                day.events += session.events;
                day.bounces += i64::from(session.bounce);
                day.duration_ms += session.end - session.start;
                day.revenue += session.revenue;
            }
        }
        days
    }

    /// People per day, week and month.
    pub(crate) fn periods(&self) -> BTreeMap<(&'static str, Date), BTreeSet<u64>> {
        let mut periods: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.counts()) {
            let day = self.local(event.ts).date();
            for (period, start) in [("day", day), ("week", self.week(day)), ("month", day.first_of_month())] {
                periods.entry((period, start)).or_default().insert(event.visitor);
            }
        }
        periods
    }
}
