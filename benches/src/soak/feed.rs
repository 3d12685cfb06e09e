//! Events as a busy server gets them over weeks: people who come for a few pages and go, some of whom
//! are known by name and return, late events up to 30 days, repeats, and texts that never come again.

use std::collections::VecDeque;

use opentrace_events::define::{
    Attribute, Comparison, Condition, Definition, Measure, Operator, Order, Period, Spec, Step,
};
use opentrace_events::site::BotPolicy;
use opentrace_events::{DefinitionId, Event, Page, Site, SiteId, Timestamp, Visit, VisitorId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

const SITES: u32 = 10;
/// The site whose visitors are known by name, and how many they are.
const IDENTIFIED: u32 = 10;
const USERS: u64 = 5_000;
const DAY_MS: i64 = 86_400_000;
/// People on the sites at once.
const ACTIVE: usize = 100;
/// Events that may be sent again.
const REMEMBERED: usize = 20_000;

/// A stream of events without end.
#[derive(Debug)]
pub struct Feed {
    rng: StdRng,
    active: Vec<(SiteId, VisitorId)>,
    newcomers: u64,
    sent: VecDeque<Event>,
}

impl Feed {
    pub fn new(seed: u64) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        Self { rng, active: Vec::new(), newcomers: 0, sent: VecDeque::new() }
    }

    /// The next `count` events, received at `now_ms`.
    pub fn take(&mut self, count: usize, now_ms: i64) -> Vec<Event> {
        (0..count).map(|_| self.event(now_ms)).collect()
    }

    fn event(&mut self, now_ms: i64) -> Event {
        if self.rng.random_bool(0.01) && !self.sent.is_empty() {
            let place = self.rng.random_range(0..self.sent.len());
            return Event { received_at: Timestamp(now_ms), ..self.sent[place].clone() };
        }
        let late = match self.rng.random_range(0..1_000) {
            0 => self.rng.random_range(0..30 * DAY_MS),
            1..20 => self.rng.random_range(0..DAY_MS / 12),
            _ => self.rng.random_range(0..2_000),
        };
        let (site, visitor) = self.person();
        let custom = self.rng.random_bool(0.1);
        let path = match self.rng.random_range(0..100) {
            // Search results and the like: a text of its own.
            0 => format!("/search/{}", self.rng.random::<u64>()),
            _ => format!("/page/{}", (self.rng.random_range(0.0..1.0f64).powi(2) * 1_000.0) as u32),
        };
        let referrer = match self.rng.random_range(0..200) {
            0 => format!("https://ref.example/{}", self.rng.random::<u32>()),
            _ => String::new(),
        };
        let event = Event {
            id: Uuid::from_u128(self.rng.random()),
            client_id: true,
            site,
            name: if custom { "signup" } else { "pageview" }.into(),
            ts: Timestamp(now_ms - late),
            received_at: Timestamp(now_ms),
            visitor,
            interactive: true,
            page: Page { url: path.as_str().into(), path: path.as_str().into(), ..Page::default() },
            visit: Visit {
                referrer: referrer.into(),
                source: format!("source-{}", visitor.0 % 50).into(),
                country: ["DE", "FR", "US", "IN", "BR"][(visitor.0 % 5) as usize].into(),
                browser: "Firefox".into(),
                ..Visit::default()
            }
            .into(),
            revenue: if custom { 9_900 } else { 0 },
            currency: if custom { "USD".into() } else { "".into() },
            ..Event::default()
        };
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(event.clone());
        event
    }

    fn person(&mut self) -> (SiteId, VisitorId) {
        if self.active.len() < ACTIVE {
            let newcomer = self.newcomer();
            self.active.push(newcomer);
            return newcomer;
        }
        let place = self.rng.random_range(0..self.active.len());
        let person = self.active[place];
        if self.rng.random_bool(0.125) {
            self.active[place] = self.newcomer();
        }
        person
    }

    fn newcomer(&mut self) -> (SiteId, VisitorId) {
        self.newcomers += 1;
        // The square favours low numbers, as traffic does some sites.
        let site = 1 + (self.rng.random_range(0.0..1.0f64).powi(2) * f64::from(SITES)) as u32;
        let visitor = match site {
            IDENTIFIED => self.rng.random_range(0..USERS),
            _ => self.newcomers,
        };
        (SiteId(site), VisitorId(visitor.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }
}

/// The sites that the feed is about.
pub fn sites() -> Vec<Site> {
    let site = |id| Site {
        id: SiteId(id),
        domain: format!("{id}.example"),
        timezone: jiff::tz::TimeZone::UTC,
        week_start: jiff::civil::Weekday::Monday,
        identified: id == IDENTIFIED,
        numbered: false,
        currency: "USD".to_owned(),
        bots: BotPolicy::default(),
        honour_privacy_signals: false,
        retention_days: 0,
        calendar: 1_000 + id * 100,
    };
    (1..=SITES).map(site).collect()
}

/// One definition of each kind.
pub fn definitions(site: SiteId) -> Vec<Definition> {
    let step = |name: &str| Step { name: name.to_owned(), event: named(name) };
    let specs = [
        Spec::Goal { event: named("signup") },
        Spec::Funnel {
            steps: vec![step("pageview"), step("signup")],
            order: Order::Ordered,
            window_ms: 7 * DAY_MS,
        },
        Spec::Retention { start: named("pageview"), back: named("signup"), period: Period::Week },
        Spec::Series { event: named("signup"), measure: Measure::Visitors },
    ];
    let number = |place: u32| DefinitionId(1_000 + site.0 * 100 + place);
    (1..).zip(specs).map(|(place, spec)| Definition { id: number(place), site, spec }).collect()
}

fn named(name: &str) -> Condition {
    Condition::Where(Comparison {
        attribute: Attribute::Name,
        operator: Operator::Is,
        negated: false,
        values: vec![name.to_owned()],
        case_sensitive: true,
        empty: String::new(),
    })
}
