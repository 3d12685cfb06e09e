//! A stream of facts like the workload of a busy server: ten sites by Zipf's law, a thousand paths,
//! visitors that come for a few acts and leave, some acts up to two hours late.

use opentrace_operators::{Act, EventFact, Kind, Person, TextId, VisitId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const SITES: usize = 10;
const PATHS: u64 = 1_000;
const ACTIVE_VISITORS: usize = 20_000;
const DAY_MS: i64 = 86_400_000;
const LATE_MS: i64 = 7_200_000;

/// Yields facts in the order of arrival.
#[derive(Debug)]
pub struct Workload {
    rng: StdRng,
    /// Milliseconds since 1970 of the next act, and the mean pause between acts.
    now: i64,
    pause_ms: f64,
    /// Who is on a site at the moment: person, acts left.
    visitors: Vec<(Person, u32)>,
    next_visitor: u64,
    serial: u64,
}

impl Workload {
    /// A stream that covers a day in `acts_per_day` acts.
    pub fn new(seed: u64, acts_per_day: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            now: 20_000 * DAY_MS,
            pause_ms: DAY_MS as f64 / acts_per_day as f64,
            visitors: Vec::new(),
            next_visitor: 1,
            serial: 0,
        }
    }

    fn person(&mut self) -> Person {
        if self.visitors.len() < ACTIVE_VISITORS && self.rng.random_bool(0.5) || self.visitors.is_empty() {
            return self.newcomer();
        }
        let place = self.rng.random_range(0..self.visitors.len());
        let (person, left) = self.visitors[place];
        if left == 0 {
            self.visitors.swap_remove(place);
            return self.newcomer();
        }
        self.visitors[place].1 -= 1;
        person
    }

    fn newcomer(&mut self) -> Person {
        // The n-th site gets 1/n of the first one's visitors.
        let total: f64 = (1..=SITES).map(|n| 1.0 / n as f64).sum();
        let mut point = self.rng.random_range(0.0..total);
        let mut site = 0;
        while point > 1.0 / f64::from(site + 1) && (site as usize) < SITES - 1 {
            point -= 1.0 / f64::from(site + 1);
            site += 1;
        }
        let person = Person { site, visitor: self.next_visitor.wrapping_mul(0x9E37_79B9_7F4A_7C15) };
        self.next_visitor += 1;
        let acts = self.rng.random_range(0..20);
        self.visitors.push((person, acts));
        person
    }
}

impl Iterator for Workload {
    type Item = EventFact;

    fn next(&mut self) -> Option<EventFact> {
        self.serial += 1;
        self.now = 20_000 * DAY_MS + (self.serial as f64 * self.pause_ms) as i64;
        let late = if self.rng.random_bool(0.02) { self.rng.random_range(0..LATE_MS) } else { 0 };
        let ts = self.now - late;
        let day = ts.div_euclid(DAY_MS) as i32;
        let kind = match self.rng.random_range(0..100) {
            0..90 => Kind::Pageview,
            90..95 => Kind::Engagement,
            _ => Kind::Custom,
        };
        // The square favours low numbers, as a site's pages do.
        let path = self.rng.random_range(0.0..1.0f64).powi(2) * PATHS as f64;
        let person = self.person();
        let act = Act {
            ts,
            id: self.serial,
            path: TextId(1 + path as u64),
            visit: VisitId(1 + person.visitor % 5_000),
            revenue: 0,
            day,
            week: day - (day + 3).rem_euclid(7),
            kind,
            interactive: true,
        };
        Some(EventFact { person, act })
    }
}
