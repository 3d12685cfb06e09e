//! Traffic as a site might have it, the same for the same seed.
//!
//! Time is cut into hours of UTC. Each hour has its own random numbers, made from the seed and the
//! hour, and brings forth the visits that begin in it; so any stretch of time can be asked for by
//! itself, and asked for again it holds the same events with the same ids. Countries wake and sleep
//! by their own clocks, weekends are quiet, people come back.
//!
//! Addresses are of the range kept for documentation (`2001:db8::/32`); the place is named beside.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;
use uuid::Uuid;

use super::places::{Place, places_of};
use super::story::Story;
use super::world::{
    CHECKOUT, COUNTRIES, DEVICES, HOURS, PAGES, Page, SIGN_UP, SOURCES, Source, WEEK, Weighted,
};

pub(in crate::cli) const HOUR_MS: i64 = 3_600_000;
/// Visits end within this time.
const LONGEST_VISIT: i64 = 2 * HOUR_MS;
/// The share of visits by people who were there before.
const RETURNING: f64 = 0.35;
/// The chance that a visit goes on after its first page, and after a later one.
const GOES_ON: [f64; 2] = [0.56, 0.71];
/// Seconds on a page: at least, and on average on top.
const ON_PAGE: (f64, f64) = (4.0, 55.0);

/// A stream of visits to one site.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Traffic {
    seed: u64,
    domain: String,
    visits_per_day: f64,
    /// What happens beside ordinary days, if anything.
    story: Option<Story>,
}

/// An event in the native shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in crate::cli) struct Event {
    pub(in crate::cli) id: Uuid,
    pub(in crate::cli) site: String,
    pub(in crate::cli) name: &'static str,
    /// Milliseconds since 1970.
    pub(in crate::cli) ts: i64,
    url: String,
    title: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    referrer: &'static str,
    ip: IpAddr,
    user_agent: &'static str,
    country: &'static str,
    region: &'static str,
    city: &'static str,
    screen: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    engagement_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scroll_depth: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    props: Option<Props>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revenue: Option<Revenue>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Props {
    plan: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Revenue {
    amount: &'static str,
    currency: &'static str,
}

impl Traffic {
    /// Visits to `domain`, this many on an average day.
    pub(in crate::cli) fn new(seed: u64, domain: &str, visits_per_day: f64) -> Self {
        Self { seed, domain: domain.to_owned(), visits_per_day, story: None }
    }

    /// The same, and what happens beside ordinary days.
    pub(in crate::cli) fn with_story(self, story: Story) -> Self {
        Self { story: Some(story), ..self }
    }

    /// The events of a stretch of time (milliseconds since 1970, the end not included), in order.
    pub(in crate::cli) fn between(&self, time: Range<i64>) -> Vec<Event> {
        let first = (time.start - LONGEST_VISIT).div_euclid(HOUR_MS);
        let last = time.end.div_euclid(HOUR_MS);
        let mut events: Vec<Event> = (first..=last).flat_map(|hour| self.begun_in(hour)).collect();
        events.retain(|event| time.contains(&event.ts));
        events.sort_by_key(|event| (event.ts, event.id));
        events
    }

    /// The events of all visits that begin in this hour since 1970 or later, in order, without end.
    pub(in crate::cli) fn since(self, hour: i64) -> impl Iterator<Item = Event> {
        let mut coming = Vec::new();
        (hour..).flat_map(move |hour| {
            coming.extend(self.begun_in(hour));
            coming.sort_by_key(|event| (event.ts, event.id));
            let over = coming.partition_point(|event: &Event| event.ts < (hour + 1) * HOUR_MS);
            coming.drain(..over).collect::<Vec<_>>()
        })
    }

    /// The events of the visits that begin in this hour since 1970.
    fn begun_in(&self, hour: i64) -> Vec<Event> {
        let mut random = StdRng::seed_from_u64(self.seed ^ (hour as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut events = Vec::new();
        let all: u32 = COUNTRIES.iter().map(|(_, share)| share).sum();
        let ordinary = self.story.map_or(1.0, |story| story.ordinary(hour));
        for ((country, ahead), share) in COUNTRIES {
            let local = hour + ahead;
            let of_day =
                f64::from(HOURS[local.rem_euclid(24) as usize]) / f64::from(HOURS.iter().sum::<u32>());
            // The first of January 1970 was a Thursday.
            let of_week = WEEK[(local.div_euclid(24) + 3).rem_euclid(7) as usize];
            let visitors = self.visits_per_day * ordinary * f64::from(*share) / f64::from(all);
            let expected = visitors * of_day * of_week;
            let visits = (expected * random.random_range(0.85..1.15) + random.random::<f64>()) as u64;
            for _ in 0..visits {
                let start = hour * HOUR_MS + random.random_range(0..HOUR_MS);
                Visit::begin(self, country, start, &mut random).walk(&mut random, &mut events);
            }
        }
        if let Some((share, source)) = self.story.and_then(|story| story.crowd(hour)) {
            for _ in 0..(self.visits_per_day * share) as u64 {
                let (country, _) = choose(COUNTRIES, &mut random);
                let start = hour * HOUR_MS + random.random_range(0..HOUR_MS);
                let visit = Visit::begin(self, country, start, &mut random);
                Visit { source, ..visit }.walk(&mut random, &mut events);
            }
        }
        events
    }
}

/// A visit as it goes on.
struct Visit<'a> {
    traffic: &'a Traffic,
    person: u64,
    country: &'static str,
    place: &'static Place,
    device: &'static (&'static str, &'static str),
    source: &'static Source,
    /// When it has to be over.
    end: i64,
    now: i64,
}

impl<'a> Visit<'a> {
    fn begin(traffic: &'a Traffic, country: &'static str, start: i64, random: &mut StdRng) -> Self {
        // Those who come back are few; the others are as good as never the same twice.
        let person = if random.random_bool(RETURNING) {
            let regulars = (traffic.visits_per_day * 2.0).max(1.0);
            (regulars * random.random::<f64>().powi(2)) as u64
        } else {
            random.random::<u64>() >> 1 | 1 << 62
        };
        // A person keeps their device, and in a country their home.
        let mut own = StdRng::seed_from_u64(person ^ traffic.seed);
        Self {
            traffic,
            person,
            country,
            device: choose(DEVICES, &mut own),
            place: choose(places_of(country), &mut own),
            source: choose(SOURCES, random),
            end: start + LONGEST_VISIT,
            now: start,
        }
    }

    fn walk(mut self, random: &mut StdRng, events: &mut Vec<Event>) {
        let mut place = *choose(self.source.landing, random);
        let mut chance = GOES_ON[0];
        let (mut query, mut referrer) = (self.source.query, self.source.referrer);
        loop {
            let page = &PAGES[place];
            events.push(Event { referrer, ..self.event("pageview", page, query, random) });
            if place == SIGN_UP && random.random_bool(0.3) {
                let plan = choose(&[("free", 70), ("pro", 24), ("team", 6)], random);
                events
                    .push(Event { props: Some(Props { plan }), ..self.event("signup", page, query, random) });
            }
            if place == CHECKOUT && random.random_bool(0.4) {
                let (plan, amount) = *choose(&[(("pro", "19.00"), 80), (("team", "79.00"), 20)], random);
                let revenue = Some(Revenue { amount, currency: "USD" });
                events.push(Event {
                    props: Some(Props { plan }),
                    revenue,
                    ..self.event("purchase", page, query, random)
                });
            }
            let stay = ON_PAGE.0 - ON_PAGE.1 * random.random_range(1e-4..1.0_f64).ln();
            self.now += (stay * 1000.0) as i64;
            if self.now >= self.end {
                return;
            }
            let (engagement_ms, scroll_depth) = ((stay * 800.0) as u64, random.random_range(10..=100));
            let left = self.event("engagement", page, query, random);
            events.push(Event {
                engagement_ms: Some(engagement_ms),
                scroll_depth: Some(scroll_depth),
                ..left
            });
            if !random.random_bool(chance) {
                return;
            }
            (chance, query, referrer) = (GOES_ON[1], "", "");
            place = *choose(page.next, random);
        }
    }

    fn event(&self, name: &'static str, page: &'static Page, query: &str, random: &mut StdRng) -> Event {
        let domain = &self.traffic.domain;
        let (user_agent, screen) = *self.device;
        let (region, city) = *self.place;
        Event {
            id: uuid::Builder::from_random_bytes(random.random()).into_uuid(),
            site: domain.clone(),
            name,
            ts: self.now,
            url: format!("https://{domain}{}{query}", page.path),
            title: page.title,
            referrer: "",
            ip: Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(self.person)).into(),
            user_agent,
            country: self.country,
            region,
            city,
            screen,
            engagement_ms: None,
            scroll_depth: None,
            props: None,
            revenue: None,
        }
    }
}

/// One of several things, by weight. The lists here are never empty.
fn choose<'t, T>(things: &'t [Weighted<T>], random: &mut StdRng) -> &'t T {
    let all: u32 = things.iter().map(|(_, share)| share).sum();
    let mut at = random.random_range(0..all);
    let mut last = &things[0].0;
    for (thing, share) in things {
        last = thing;
        if at < *share {
            break;
        }
        at -= share;
    }
    last
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const DAY_MS: i64 = 24 * HOUR_MS;
    /// A Wednesday.
    const DAY: i64 = 20_500 * DAY_MS;

    fn traffic() -> Traffic {
        Traffic::new(7, "a.example", 5_000.0)
    }

    #[test]
    fn any_cut_of_time_gives_the_same_events() {
        let whole = traffic().between(DAY..DAY + 6 * HOUR_MS);
        let cuts = [DAY, DAY + 1, DAY + HOUR_MS + 500_000, DAY + 3 * HOUR_MS, DAY + 6 * HOUR_MS];
        let parts: Vec<Event> = cuts.windows(2).flat_map(|cut| traffic().between(cut[0]..cut[1])).collect();
        assert_eq!(parts, whole);
        assert_ne!(Traffic::new(8, "a.example", 5_000.0).between(DAY..DAY + 6 * HOUR_MS), whole);
    }

    #[test]
    fn without_end_is_the_same_as_in_parts() {
        let later = DAY + 3 * HOUR_MS;
        let endless = traffic().since(DAY / HOUR_MS).skip_while(|event| event.ts < later);
        let until = later + 2 * HOUR_MS;
        let part: Vec<Event> = endless.take_while(|event| event.ts < until).collect();
        assert_eq!(part, traffic().between(later..until));
    }

    #[test]
    fn a_day_has_about_as_many_visits_as_asked_for_and_no_id_twice() {
        let events = traffic().between(DAY..DAY + DAY_MS);
        let landed = events.iter().filter(|event| !event.referrer.is_empty()).count();
        // Direct visits and newsletters have no referrer: about two visits of five.
        assert!((2_600..4_200).contains(&landed), "{landed}");
        let ids: HashSet<Uuid> = events.iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), events.len());
    }

    #[test]
    fn a_story_is_in_the_events_and_any_cut_of_time_has_the_same() {
        let told = || traffic().with_story(Story::until(DAY));
        let hour = |days: i64, hour: i64| DAY - days * DAY_MS + hour * HOUR_MS;
        // Who came before it was away is still there for a while.
        assert!(told().between(hour(23, 13)..hour(23, 14)).is_empty());
        let (busy, before) = (hour(9, 16)..hour(9, 17), hour(16, 16)..hour(16, 17));
        let linked = |events: &[Event]| {
            events.iter().filter(|event| event.referrer == "https://news.ycombinator.com/").count()
        };
        let (crowd, usual) = (told().between(busy.clone()), told().between(before));
        assert!(linked(&crowd) > 5 * linked(&usual).max(20), "{} {}", linked(&crowd), linked(&usual));
        let half = busy.start + HOUR_MS / 2;
        let parts = [told().between(busy.start..half), told().between(half..busy.end)].concat();
        assert_eq!(parts, crowd);
    }

    #[test]
    fn nights_are_quiet() {
        let hour = |hour: i64| traffic().between(DAY + hour * HOUR_MS..DAY + (hour + 1) * HOUR_MS).len();
        assert!(hour(14) > 2 * hour(5), "{} {}", hour(14), hour(5));
    }

    #[test]
    fn every_page_leads_somewhere_that_exists() {
        let places = PAGES.iter().flat_map(|page| page.next);
        let landings = SOURCES.iter().flat_map(|(source, _)| source.landing);
        assert!(places.chain(landings).all(|(place, _)| *place < PAGES.len()));
        assert_eq!((PAGES[SIGN_UP].path, PAGES[CHECKOUT].path), ("/signup", "/checkout"));
    }
}
