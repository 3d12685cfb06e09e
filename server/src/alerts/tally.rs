//! Counts of events and visits for rules that the dataflow keeps no series for: the event of an instant
//! rule, filtered counts, sums (of numbers in properties, too) and numbers of people, what engagement events
//! tell, whole visits by what they are ([`super::visits`]), and one of them for each value of a dimension.
//!
//! Keeps: what is to be counted. The counts themselves are cells of the evaluator.
//! Late data: a count of a past minute grows. Retraction: after an erasure the counts of its site are
//! read anew from what is stored; those of visits are taken back as the dataflow says.
//! Cost: per event a few look-ups, and one comparison for each count that may apply ([`super::shelf`]); per change
//! of a visit the same twice.
//! Wrong when: a dimension has more than [`MOST_KEYS`] values within what rules look back on: further
//! ones are not counted. Or a sum of numbers in a property
//! is beyond nine trillion: it stays there.

use std::sync::Arc;

use hashbrown::HashMap;
use jiff::tz::TimeZone;
use opentrace_alerts::evaluate::Cells;
use opentrace_alerts::series::{Cell, Grain, Key, SeriesId};
use opentrace_events::define::{Attribute, BadPattern, Condition, Matcher, Subject};
use opentrace_events::model::ENGAGEMENT;
use opentrace_events::{Site, SiteId, Sites, VisitorId};
use opentrace_query::Goals;
use opentrace_store::SessionRow;

use super::decimal::millionths;
use super::people::{Seen, Stretch};
use super::shelf::Shelf;
use super::visits::{OfVisits, Visited};

/// Numbers of counts begin here; those of definitions are far below.
const FIRST: u32 = 1 << 31;
/// Values of a dimension that are counted.
const MOST_KEYS: usize = 10_000;
/// What an empty value of a dimension is called: the key of a count without one is empty.
pub(super) const NONE: &str = "(none)";

/// What is counted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counted {
    pub(super) site: SiteId,
    /// Of each event, or of each visit.
    pub(super) condition: Condition,
    pub(super) what: What,
    pub(super) by: Option<By>,
}

/// What counts are divided by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum By {
    Attribute(Attribute),
    Goals(Goals),
}

/// What of those that meet the condition is added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Events,
    People,
    /// In the site's currency, fixed point.
    Revenue,
    /// Events with revenue in the site's currency.
    Paid,
    /// The numbers in a property, in millionths.
    Sum(String),
    /// Events with a number in a property.
    Numbers(String),
    Engaged(Engaged),
    Visits(OfVisits),
}

/// What engagement events tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engaged {
    /// Milliseconds.
    Time,
    /// People with such an event.
    People,
    /// How far down each person came, in percent, added up.
    Depth,
    /// People who came down at all.
    Scrolled,
}

/// How an event changes a number of a stretch.
#[derive(Clone, Copy, Debug)]
enum Way {
    Add(i64),
    /// By one, if whoever did it is not counted yet.
    Person,
    /// By how much deeper whoever did it came than before.
    Deeper(u8),
}

#[derive(Debug)]
struct Tally {
    series: SeriesId,
    counted: Counted,
    matcher: Matcher,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    Whole,
    Of(Attribute),
    Goals { defined: Vec<(Key, Matcher)>, by_name: Box<Matcher> },
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    given: u32,
    by_site: HashMap<SiteId, OfSite>,
}

/// What is counted of a site.
#[derive(Debug, Default)]
struct OfSite {
    held: Vec<Arc<Tally>>,
    events: Shelf<Tally>,
    engagement: Shelf<Tally>,
    visits: Shelf<Tally>,
}

impl OfSite {
    fn shelf(&mut self, what: &What) -> &mut Shelf<Tally> {
        match what {
            What::Visits(_) => &mut self.visits,
            What::Engaged(_) => &mut self.engagement,
            _ => &mut self.events,
        }
    }

    fn put(&mut self, tally: Arc<Tally>) {
        self.shelf(&tally.counted.what).put(&tally.counted.condition, &tally);
        self.held.push(tally);
    }

    /// The series that counts this.
    fn series(&mut self, counted: &Counted) -> Option<SeriesId> {
        let mut alike = self.shelf(&counted.what).beside(&counted.condition).iter();
        alike.find(|tally| tally.counted == *counted).map(|tally| tally.series)
    }

    fn of_visits(&self) -> impl Iterator<Item = &Arc<Tally>> {
        self.held.iter().filter(|tally| matches!(tally.counted.what, What::Visits(_)))
    }
}

/// What an event must tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact<'a> {
    pub(super) site: SiteId,
    /// Milliseconds since 1970.
    pub(super) ts: i64,
    pub(super) visitor: VisitorId,
    pub(super) revenue: i64,
    pub(super) currency: &'a str,
    pub(super) scroll_depth: u8,
    pub(super) engagement_ms: u32,
}

/// Counts by series, key, grain and start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    counts: HashMap<(SiteId, SeriesId, Key, Grain, i64), i64>,
}

impl Tallies {
    /// The series that counts this, from now on.
    pub(super) fn series(&mut self, counted: &Counted) -> Result<SeriesId, BadPattern> {
        let of_site = self.by_site.entry(counted.site).or_default();
        if let Some(series) = of_site.series(counted) {
            return Ok(series);
        }
        let series = SeriesId(FIRST + self.given);
        let keys = Keys::new(counted.by.as_ref())?;
        let matcher = Matcher::new(&counted.condition)?;
        let tally = Tally { series, counted: counted.clone(), matcher, keys };
        self.given += 1;
        of_site.put(Arc::new(tally));
        Ok(series)
    }

    /// Counts nothing but these any longer.
    pub(super) fn retain(&mut self, wanted: impl Fn(SeriesId) -> bool) {
        let is_wanted = |tally: &Arc<Tally>| wanted(tally.series);
        self.by_site.retain(|_, of_site| {
            if !of_site.held.iter().all(is_wanted) {
                let held = std::mem::take(of_site).held;
                held.into_iter().filter(is_wanted).for_each(|tally| of_site.put(tally));
            }
            !of_site.held.is_empty()
        });
    }

    /// Whether a series is one of these.
    pub(super) fn is_one(series: SeriesId) -> bool {
        series.0 >= FIRST
    }

    /// The columns of stored events that the counts of a site look at; `None` where none counts events.
    pub(super) fn columns(&self, site: SiteId) -> Option<Vec<&'static str>> {
        let of_site = self.by_site.get(&site)?;
        let events = of_site.held.iter().filter(|tally| !matches!(tally.counted.what, What::Visits(_)));
        let are_some = !(of_site.events.is_empty() && of_site.engagement.is_empty());
        are_some.then(|| columns(events, of_event))
    }

    /// The same of stored visits.
    pub(super) fn visit_columns(&self, site: SiteId) -> Option<Vec<&'static str>> {
        let of_site = self.by_site.get(&site)?;
        (!of_site.visits.is_empty()).then(|| columns(of_site.of_visits(), of_visit))
    }

    /// Whether visits of a site are counted.
    pub(super) fn counts_visits(&self, site: SiteId) -> bool {
        self.by_site.get(&site).is_some_and(|of_site| !of_site.visits.is_empty())
    }

    /// The counts of visits of a site.
    pub(super) fn visits(&self, site: SiteId) -> impl Iterator<Item = SeriesId> {
        self.by_site.get(&site).into_iter().flat_map(OfSite::of_visits).map(|tally| tally.series)
    }

    /// The counts of visits of every site.
    pub(super) fn all_visits(&self) -> impl Iterator<Item = SeriesId> {
        self.by_site.values().flat_map(OfSite::of_visits).map(|tally| tally.series)
    }

    /// Counts an event.
    pub(super) fn count(
        &self,
        fact: Fact<'_>,
        subject: &impl Subject,
        sites: &Sites,
        counts: &mut Counts,
        seen: &mut Seen,
    ) {
        let Some(of_site) = self.by_site.get(&fact.site) else { return };
        let engagement = subject.name() == ENGAGEMENT;
        let shelf = if engagement { &of_site.engagement } else { &of_site.events };
        let matches = |tally: &&Arc<Tally>| match engagement {
            true => tally.matcher.matches_engagement(subject),
            false => tally.matcher.matches(subject),
        };
        for tally in shelf.near(subject).filter(matches) {
            let Some(site) = sites.get(fact.site) else { return };
            let Some(way) = tally.counted.what.way(fact, subject, &site) else { continue };
            let by = |stretch: &Stretch| match way {
                Way::Add(value) => value,
                Way::Person => i64::from(seen.meet(stretch, fact.visitor)),
                Way::Deeper(depth) => i64::from(seen.deepen(stretch, fact.visitor, depth)),
            };
            counts.add_all(fact, tally.series, &tally.keys(subject), &site.timezone, by);
        }
    }

    /// Adds the state of a visit (+1), or takes it away (−1), where counts hold it.
    pub(super) fn count_visit(
        &self,
        row: &SessionRow,
        sign: i64,
        holds: impl Fn(SeriesId, i64) -> bool,
        sites: &Sites,
        counts: &mut Counts,
    ) {
        let site = SiteId(row.site_id);
        let (Some(of_site), Some(found)) = (self.by_site.get(&site), sites.get(site)) else { return };
        let subject = Visited(row);
        let visitor = VisitorId(row.visitor);
        let (revenue, currency) = (row.revenue, found.currency.as_str());
        let fact =
            Fact { site, ts: row.start, visitor, revenue, currency, scroll_depth: 0, engagement_ms: 0 };
        let counting = of_site.visits.near(&subject).filter(|tally| holds(tally.series, row.start));
        for tally in counting.filter(|tally| tally.matcher.matches(&subject)) {
            let What::Visits(what) = tally.counted.what else { continue };
            let value = what.of(row) * sign;
            counts.add_all(fact, tally.series, &tally.keys(&subject), &found.timezone, |_| value);
        }
    }
}

impl What {
    /// How an event that meets the condition changes it; `None` where it does not.
    fn way(&self, fact: Fact<'_>, subject: &impl Subject, site: &Site) -> Option<Way> {
        let paid = site.currency == fact.currency;
        match self {
            Self::Events => Some(Way::Add(1)),
            Self::People => Some(Way::Person),
            Self::Revenue => paid.then_some(Way::Add(fact.revenue)),
            Self::Paid => (paid && fact.revenue != 0).then_some(Way::Add(1)),
            Self::Sum(key) => millionths(subject.property(key)).map(Way::Add),
            Self::Numbers(key) => millionths(subject.property(key)).map(|_| Way::Add(1)),
            Self::Engaged(Engaged::Time) => Some(Way::Add(i64::from(fact.engagement_ms))),
            Self::Engaged(Engaged::People) => Some(Way::Person),
            Self::Engaged(Engaged::Depth) => Some(Way::Deeper(fact.scroll_depth)),
            Self::Engaged(Engaged::Scrolled) => (fact.scroll_depth > 0).then_some(Way::Person),
            Self::Visits(_) => None,
        }
    }

    /// The columns of stored events that tell it, beside those that are always read.
    fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Sum(_) | Self::Numbers(_) => &["props"],
            Self::Engaged(Engaged::Time) => &["engagement_ms"],
            Self::Engaged(Engaged::Depth | Engaged::Scrolled) => &["scroll_depth"],
            Self::Events | Self::People | Self::Revenue | Self::Paid => &[],
            Self::Engaged(Engaged::People) | Self::Visits(_) => &[],
        }
    }
}

impl Keys {
    fn new(by: Option<&By>) -> Result<Self, BadPattern> {
        Ok(match by {
            None => Self::Whole,
            Some(By::Attribute(attribute)) => Self::Of(attribute.clone()),
            Some(By::Goals(Goals { defined, by_name })) => Self::Goals {
                defined: defined
                    .iter()
                    .map(|(name, condition)| Ok((Key::from(name.as_str()), Matcher::new(condition)?)))
                    .collect::<Result<_, BadPattern>>()?,
                by_name: Box::new(Matcher::new(by_name)?),
            },
        })
    }
}

impl Tally {
    /// The values of the dimension by which is counted: of goals an event may do several, or none.
    fn keys(&self, subject: &impl Subject) -> Vec<Key> {
        match &self.keys {
            Keys::Whole => vec![Key::whole()],
            Keys::Of(attribute) => match attribute.of(subject) {
                "" => vec![Key::from(NONE)],
                value => vec![Key::from(value)],
            },
            Keys::Goals { defined, by_name } => {
                let met = defined.iter().filter(|(_, matcher)| matcher.matches(subject));
                let own = by_name.matches(subject).then(|| Key::from(subject.name()));
                met.map(|(name, _)| name.clone()).chain(own).collect()
            }
        }
    }
}

impl Counts {
    /// Changes the numbers of the minute, the hour and the day of a fact, by what `by` says of each.
    fn add_all(
        &mut self,
        fact: Fact<'_>,
        series: SeriesId,
        keys: &[Key],
        zone: &TimeZone,
        mut by: impl FnMut(&Stretch) -> i64,
    ) {
        let at = fact.ts.div_euclid(1000);
        let offset = jiff::Timestamp::from_second(at).map_or(0, |at| zone.to_offset(at).seconds());
        for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
            let start = grain.start_of(at, i64::from(offset));
            for key in keys {
                let stretch = (fact.site, series, key.clone(), grain, start);
                let by = by(&stretch);
                let held = self.counts.entry(stretch).or_default();
                *held = held.saturating_add(by);
            }
        }
    }

    /// The cells after what was counted is added to those that are held.
    pub(super) fn onto(self, held: &Cells) -> Vec<Cell> {
        let mut new: HashMap<(SeriesId, Grain), usize> = HashMap::new();
        let mut cells: Vec<Cell> = Vec::with_capacity(self.counts.len());
        for ((site, series, key, grain, start), by) in self.counts.into_iter().filter(|(_, by)| *by != 0) {
            if !held.has(site.0, series, grain, &key) {
                let new = new.entry((series, grain)).or_default();
                *new += 1;
                if held.breadth(site.0, series, grain) + *new > MOST_KEYS {
                    continue;
                }
            }
            let mut cell = Cell { site: site.0, series, grain, key, start, value: 0 };
            cell.value = held.value(&cell).saturating_add(by);
            cells.push(cell);
        }
        // By time, as they would have come one by one.
        cells.sort_by(|a, b| (a.start, a.series, &a.key).cmp(&(b.start, b.series, &b.key)));
        cells
    }
}

fn columns<'a>(
    tallies: impl Iterator<Item = &'a Arc<Tally>>,
    column: fn(&Attribute) -> Option<&'static str>,
) -> Vec<&'static str> {
    let mut columns = Vec::new();
    for tally in tallies {
        columns.extend(tally.counted.what.columns());
        let mut read = |condition: &Condition| {
            condition.comparisons(&mut |comparison| columns.extend(column(&comparison.attribute)));
        };
        read(&tally.counted.condition);
        match &tally.counted.by {
            None => {}
            Some(By::Attribute(attribute)) => columns.extend(column(attribute)),
            Some(By::Goals(Goals { defined, .. })) => defined.iter().for_each(|(_, event)| read(event)),
        }
    }
    columns.sort_unstable();
    columns.dedup();
    columns
}

fn of_event(attribute: &Attribute) -> Option<&'static str> {
    match attribute {
        Attribute::Name | Attribute::Goal => None, // always read
        Attribute::Path => Some("path"),
        Attribute::Property(_) => Some("props"),
        Attribute::Visit(column) => Some(column.column()),
    }
}

fn of_visit(attribute: &Attribute) -> Option<&'static str> {
    match attribute {
        Attribute::Name | Attribute::Goal => None, // no visit has one
        Attribute::Path => Some("entry_page"),
        Attribute::Property(_) => Some("exit_page"),
        Attribute::Visit(column) => Some(column.column()),
    }
}

#[cfg(test)]
mod tests {
    use opentrace_events::{Event, Visit};

    use super::super::measures::named;
    use super::super::testing::sites;
    use super::*;

    fn fact(visitor: u64) -> Fact<'static> {
        let (ts, revenue, currency) = (0, 0, "");
        let visitor = VisitorId(visitor);
        Fact { site: SiteId(1), ts, visitor, revenue, currency, scroll_depth: 0, engagement_ms: 0 }
    }

    #[test]
    fn events_are_counted_by_name_value_and_currency() {
        let mut tallies = Tallies::default();
        let of = |condition, what, by| Counted { site: SiteId(1), condition, what, by };
        let country = By::Attribute(Attribute::Visit(opentrace_events::define::VisitColumn::Country));
        let paid = tallies.series(&of(Condition::any(), What::Paid, None)).expect("a count");
        let signups = tallies.series(&of(named("signup"), What::Events, Some(country))).expect("a count");
        let money = tallies.series(&of(Condition::any(), What::Revenue, None)).expect("a count");
        assert_eq!(tallies.series(&of(Condition::any(), What::Revenue, None)).expect("the same"), money);
        let mut counts = Counts::default();
        for (name, country, revenue, currency) in [
            ("signup", "DE", 0, ""),
            ("signup", "", 5, "USD"),
            ("buy", "DE", 7, "EUR"),
            ("signup", "DE", 1, "EUR"),
        ] {
            let visit = Visit { country: country.into(), ..Visit::default() };
            let event = Event { name: name.into(), visit: visit.into(), ..Event::default() };
            let fact = Fact { ts: 61_000, revenue, currency, ..fact(1) };
            tallies.count(fact, &event, &sites(), &mut counts, &mut Seen::default());
        }
        let mut held = Cells::default();
        let before = Cell {
            site: 1,
            series: signups,
            grain: Grain::Minute,
            key: Key::from("DE"),
            start: 60,
            value: 10,
        };
        held.set(&before);
        let cells = counts.onto(&held);
        let minute = |series: SeriesId, key: &str| {
            let found = cells.iter().find(|cell| {
                cell.grain == Grain::Minute && cell.series == series && cell.key.as_str() == key
            });
            found.map(|cell| (cell.start, cell.value))
        };
        assert_eq!(minute(signups, "DE"), Some((60, 12)));
        assert_eq!(minute(signups, NONE), Some((60, 1)));
        assert_eq!(minute(money, ""), Some((60, 8)));
        assert_eq!(minute(paid, ""), Some((60, 2)), "of two events with euros");

        tallies.retain(|series| series == money);
        let mut counts = Counts::default();
        let event = Event { name: "signup".into(), ..Event::default() };
        let fact = Fact { revenue: 3, currency: "EUR", ..fact(1) };
        tallies.count(fact, &event, &sites(), &mut counts, &mut Seen::default());
        let left: Vec<SeriesId> = counts.onto(&Cells::default()).iter().map(|cell| cell.series).collect();
        assert_eq!(left, [money, money, money], "signups are not counted any longer");
    }

    #[test]
    fn people_are_counted_once_for_each_value_and_stretch() {
        let mut tallies = Tallies::default();
        let country = Attribute::Visit(opentrace_events::define::VisitColumn::Country);
        let counted = Counted {
            site: SiteId(1),
            condition: Condition::any(),
            what: What::People,
            by: Some(By::Attribute(country)),
        };
        let series = tallies.series(&counted).expect("a count");
        let (mut seen, mut held) = (Seen::default(), Cells::default());
        let mut people = |events: &[(u64, &str, i64)], held: &mut Cells| {
            let mut counts = Counts::default();
            for (visitor, country, ts) in events {
                let visit = Visit { country: (*country).into(), ..Visit::default() };
                let event = Event { name: "pageview".into(), visit: visit.into(), ..Event::default() };
                let fact = Fact { ts: *ts, ..fact(*visitor) };
                tallies.count(fact, &event, &sites(), &mut counts, &mut seen);
            }
            counts.onto(held).iter().for_each(|cell| held.set(cell));
        };
        people(&[(1, "DE", 0), (1, "DE", 5_000), (2, "DE", 61_000), (1, "FR", 9_000)], &mut held);
        people(&[(2, "DE", 62_000), (1, "DE", 63_000), (3, "DE", 4_000_000)], &mut held);
        let value = |grain: Grain, key: &str, start: i64| {
            held.value(&Cell { site: 1, series, grain, key: Key::from(key), start, value: 0 })
        };
        assert_eq!((value(Grain::Minute, "DE", 0), value(Grain::Minute, "DE", 60)), (1, 2));
        assert_eq!((value(Grain::Hour, "DE", 0), value(Grain::Hour, "DE", 3_600)), (2, 1));
        assert_eq!((value(Grain::Day, "DE", 0), value(Grain::Day, "FR", 0)), (3, 1));
    }
}
