//! Random histories of a site, with and without the people who are erased and what is forgotten by age.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use opentrace_events::define::{
    Attribute, Comparison, Condition, Definition, Measure, Operator, Order, Period, Spec, Step as FunnelStep,
};
use opentrace_events::site::BotPolicy;
use opentrace_events::{DefinitionId, Event, Page, Site, SiteId, Timestamp, Visit, VisitorId};
use opentrace_pipeline::log::embedded::{EmbeddedConfig, EmbeddedLog};
use opentrace_pipeline::log::{EventLog, is_erased};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use uuid::Uuid;

const DAY: i64 = 86_400_000;
/// 2026-03-20, so that a week and a month end, and Berlin's clock changes, within the history.
const BEGIN: i64 = 1_773_964_800_000;
const NAMES: [&str; 4] = ["pageview", "pageview", "signup", "purchase"];
const PATHS: [&str; 4] = ["/", "/pricing", "/docs", "/blog"];
const COUNTRIES: [&str; 3] = ["DE", "FR", ""];
pub(crate) const VISITORS: u64 = 5;

/// Something that happens to a site.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Events(Vec<Event>),
    Erase(Vec<VisitorId>),
    /// Everything that happened before is forgotten, whoever did it.
    Age(Timestamp),
}

impl Step {
    /// Whether an event that came before this step is gone after it.
    fn forgets(&self, event: &Event) -> bool {
        match self {
            Self::Events(_) => false,
            Self::Erase(visitors) => visitors.contains(&event.visitor),
            Self::Age(before) => event.ts < *before,
        }
    }
}

/// What one site sees, and what the other.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) seen: Vec<Step>,
    /// The same without what is forgotten, up to then.
    pub(crate) unseen: Vec<Step>,
}

impl Case {
    pub(crate) fn random(random: &mut StdRng) -> Self {
        let mut events: Vec<Event> = (0..random.random_range(20..90)).map(|_| event(random)).collect();
        // Late: in an order of their own, mostly by time.
        events.sort_by_key(|event| event.ts.0);
        for _ in 0..events.len() / 6 {
            let (a, b) = (random.random_range(0..events.len()), random.random_range(0..events.len()));
            events.swap(a, b);
        }
        let mut seen: Vec<Step> = Vec::new();
        let mut rest = events.as_slice();
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(random.random_range(1..=rest.len().min(12)));
            let mut batch = batch.to_vec();
            if random.random_bool(0.3) {
                batch.extend(
                    events.choose(random).filter(|event| batch.iter().any(|b| b.id == event.id)).cloned(),
                );
            }
            seen.push(Step::Events(batch));
            rest = later;
        }
        for _ in 0..random.random_range(1..3) {
            let mut visitors: Vec<VisitorId> = (1..=VISITORS).map(VisitorId).collect();
            visitors.shuffle(random);
            visitors.truncate(random.random_range(1..=2));
            let place = random.random_range(1..=seen.len());
            let again = |step: &Step| matches!(step, Step::Erase(erased) if erased[0] == visitors[0]);
            if !seen.iter().any(again) {
                seen.insert(place, Step::Erase(visitors));
            }
        }
        // In every other history, so that the reports of the others can be added up.
        if random.random_bool(0.5) {
            for _ in 0..random.random_range(1..3) {
                let place = random.random_range(1..=seen.len());
                seen.insert(place, Step::Age(moment(random)));
            }
        }
        let unseen = without(&seen, |_| true);
        Self { seen, unseen }
    }

    /// Whether something is forgotten by age.
    pub(crate) fn ages(&self) -> bool {
        self.seen.iter().any(|step| matches!(step, Step::Age(_)))
    }

    /// The erasures.
    pub(crate) fn erased(&self) -> impl Iterator<Item = &Vec<VisitorId>> {
        self.seen.iter().filter_map(|step| match step {
            Step::Erase(visitors) => Some(visitors),
            Step::Events(_) | Step::Age(_) => None,
        })
    }

    /// How many stored events are erased.
    pub(crate) fn erased_events(&self) -> u64 {
        let distinct = |steps: &[Step]| {
            let mut ids: Vec<Uuid> = Vec::new();
            for step in steps {
                if let Step::Events(events) = step {
                    ids.extend(events.iter().map(|event| event.id));
                }
            }
            ids.sort_unstable();
            ids.dedup();
            ids.len() as u64
        };
        distinct(&self.seen) - distinct(&self.unseen)
    }

    /// How many events of each erased visitor the log may hold: age does not concern it.
    pub(crate) fn left(&self) -> BTreeMap<VisitorId, usize> {
        let unerased = without(&self.seen, |step| matches!(step, Step::Erase(_)));
        let mut left = BTreeMap::new();
        for visitor in self.erased().flatten() {
            let of = |step: &Step| match step {
                Step::Events(events) => events.iter().filter(|event| event.visitor == *visitor).count(),
                Step::Erase(_) | Step::Age(_) => 0,
            };
            left.insert(*visitor, unerased.iter().map(of).sum());
        }
        left
    }
}

/// The events without those that a later step among some forgets.
fn without(seen: &[Step], among: impl Fn(&Step) -> bool) -> Vec<Step> {
    let mut unseen = Vec::new();
    let mut gone: Vec<Uuid> = Vec::new();
    for (place, step) in seen.iter().enumerate() {
        let Step::Events(events) = step else { continue };
        let erased_later =
            |event: &Event| seen[place..].iter().any(|later| among(later) && later.forgets(event));
        let mut events = events.clone();
        gone.extend(events.iter().filter(|event| erased_later(event)).map(|event| event.id));
        events.retain(|event| !gone.contains(&event.id));
        if !events.is_empty() {
            unseen.push(Step::Events(events));
        }
    }
    unseen
}

fn event(random: &mut StdRng) -> Event {
    let name = *NAMES.choose(random).expect("a name");
    let path = *PATHS.choose(random).expect("a path");
    let purchase = name == "purchase";
    Event {
        id: Uuid::from_u128(random.random()),
        client_id: true,
        name: name.into(),
        ts: moment(random),
        received_at: Timestamp(BEGIN + 20 * DAY),
        visitor: VisitorId(random.random_range(1..=VISITORS)),
        interactive: random.random_bool(0.9),
        page: Page { path: path.into(), url: path.into(), ..Page::default() },
        visit: Visit { country: (*COUNTRIES.choose(random).expect("a country")).into(), ..Visit::default() }
            .into(),
        revenue: if purchase { random.random_range(1..900) * 100 } else { 0 },
        currency: if purchase { "EUR".into() } else { "".into() },
        ..Event::default()
    }
}

/// Days apart, or within one session.
fn moment(random: &mut StdRng) -> Timestamp {
    Timestamp(BEGIN + random.random_range(0..14) * DAY + random.random_range(0..40) * 120_000)
}

/// Identified: the same visitor comes on many days.
pub(crate) fn site(id: SiteId) -> Site {
    Site {
        id,
        domain: format!("{}.example", id.0),
        timezone: TimeZone::get("Europe/Berlin").expect("a zone"),
        week_start: Weekday::Monday,
        identified: true,
        numbered: false,
        currency: "EUR".to_owned(),
        bots: BotPolicy::default(),
        honour_privacy_signals: false,
        retention_days: 0,
        calendar: 1000 + id.0 * 100,
    }
}

/// One of each kind; numbers end alike for every site.
pub(crate) fn definitions(site: SiteId) -> Vec<Definition> {
    let specs = [
        Spec::Goal { event: named("purchase") },
        Spec::Funnel { steps: steps(), order: Order::Ordered, window_ms: 9 * DAY },
        Spec::Funnel { steps: steps(), order: Order::Any, window_ms: DAY },
        Spec::Retention { start: named("signup"), back: named("pageview"), period: Period::Week },
        Spec::Series { event: named("purchase"), measure: Measure::Revenue },
        Spec::Series { event: named("signup"), measure: Measure::Visitors },
    ];
    let number = |place: u32| DefinitionId(1000 + site.0 * 100 + place);
    (1..).zip(specs).map(|(place, spec)| Definition { id: number(place), site, spec }).collect()
}

fn steps() -> Vec<FunnelStep> {
    ["pageview", "signup", "purchase"]
        .map(|name| FunnelStep { name: name.to_owned(), event: named(name) })
        .to_vec()
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

/// Events of a visitor in the log of a pipeline that has stopped.
pub(crate) async fn log_holds(folder: &Path, site: SiteId, visitor: VisitorId) -> usize {
    let log = EmbeddedLog::open(EmbeddedConfig {
        path: folder.join("pipeline/log.redb"),
        partitions: 4,
        min_free_bytes: 0,
        queue_bytes: 1 << 20,
        cache_bytes: 1 << 20,
    });
    let log = log.expect("the log");
    let mut chunks = Vec::new();
    for (partition, start) in (0..4).zip(log.starts().await.expect("reads")) {
        chunks.extend(log.read(partition, start, usize::MAX).await.expect("reads"));
    }
    let events = chunks.into_iter().flat_map(|chunk| chunk.events).filter(|event| !is_erased(event));
    events.filter(|event| event.site == site && event.visitor == visitor).count()
}
