//! A stream of facts like the workload of a busy server: ten sites by Zipf's law, a thousand paths,
//! visitors that come for a few acts and leave, some acts up to two hours late.

use opentrace_operators::{
    Act, Definition, DefinitionId, EventFact, FunnelSpec, Installed, Kind, Mark, Marks, Measure, Order,
    Period, Person, RetentionSpec, TextId, VisitId,
};
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
            name: if kind == Kind::Custom { TextId(PATHS + 1) } else { TextId::default() },
            visit: VisitId(1 + person.visitor % 5_000),
            revenue: if kind == Kind::Custom { 10_000 } else { 0 },
            marks: marks(kind, path as u64),
            offset: 3_600,
            week_start: 0,
            kind,
            interactive: true,
        };
        Some(EventFact { person, act })
    }
}

const ANY: usize = 0;
const SIGNUP: usize = 1;
const PRICING: usize = 2;
const DOCS: usize = 3;

/// What every site defines: three goals, two funnels, a retention and two series.
pub fn definitions() -> Vec<Installed> {
    let kinds = || {
        let steps = |numbers: &[usize]| numbers.iter().filter_map(|number| Mark::new(*number)).collect();
        let mark = |number| Mark::new(number).unwrap_or_default();
        let funnel = |numbers: &[usize], order, days| {
            Definition::Funnel(FunnelSpec { steps: steps(numbers), order, window_ms: days * DAY_MS })
        };
        [
            Definition::Goal(mark(SIGNUP)),
            Definition::Goal(mark(PRICING)),
            Definition::Goal(mark(DOCS)),
            funnel(&[PRICING, SIGNUP], Order::Ordered, 7),
            funnel(&[DOCS, PRICING, SIGNUP], Order::Any, 30),
            Definition::Retention(RetentionSpec { start: mark(ANY), back: mark(ANY), period: Period::Day }),
            Definition::Series { of: mark(SIGNUP), measure: Measure::Revenue },
            Definition::Series { of: mark(PRICING), measure: Measure::Visitors },
        ]
    };
    let numbered = (1000..).zip((0..SITES as u32).flat_map(|site| kinds().map(|kind| (site, kind))));
    numbered.map(|(id, (site, definition))| Installed { site, id: DefinitionId(id), definition }).collect()
}

/// The conditions an act meets: any act, a sign-up, the pricing page, one of the documentation.
fn marks(kind: Kind, path: u64) -> Marks {
    let met = match kind {
        Kind::Engagement => return Marks::default(),
        Kind::Custom => Some(SIGNUP),
        Kind::Pageview if path == 5 => Some(PRICING),
        Kind::Pageview if path % 10 == 3 => Some(DOCS),
        Kind::Pageview => None,
    };
    [Some(ANY), met].into_iter().flatten().filter_map(Mark::new).collect()
}
