//! The meaning of a query, said over lists: no index, no view, no SQL.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use opentrace_query::catalogue::{Grain, Metric, Scope};
use opentrace_query::{Condition, Dimension, Direction, Filter, Goal, Operator, Query, Range, Subject};
use serde_json::{Value, json};

use crate::history::{Event, History, Session, risk};

type Group = Vec<String>;

/// A row of the answer.
type Answered = (Group, Vec<Value>);

/// What is looked at: an event, a visit, or an event with its visit.
#[derive(Clone, Copy)]
struct Seen<'a> {
    event: Option<&'a Event>,
    session: Option<&'a Session>,
    /// Whether the page of an event is taken to be the one its visit began on.
    entry: bool,
    ts: i64,
}

/// What a question is about.
#[derive(Clone, Copy)]
struct Asked<'a> {
    history: &'a History,
    goals: &'a [Goal],
    range: &'a Range,
    query: &'a Query,
    dimensions: &'a [Dimension],
    filters: &'a [Filter],
}

/// Rows of the page asked for, and how many rows there are in all.
pub(crate) fn answer(
    history: &History,
    goals: &[Goal],
    query: &Query,
    range: &Range,
    dimensions: &[Dimension],
) -> (Vec<Answered>, u64) {
    let asked = Asked { history, goals, range, query, dimensions, filters: &query.filters };
    let values = Values::new(asked);
    let without_goals = query.filters.iter().filter(|filter| !filter.mentions(about_goals)).cloned();
    let without_goals: Vec<_> = without_goals.collect();
    let everyone = Values::new(Asked { filters: &without_goals, dimensions: &[], ..asked });
    let whole = Values::new(Asked { dimensions: &[], ..asked });
    let divided: Vec<usize> = (0..dimensions.len()).filter(|place| !dimensions[*place].is_goal()).collect();
    let others: Vec<Dimension> = divided.iter().map(|place| dimensions[*place].clone()).collect();
    let groups = Values::new(Asked { filters: &without_goals, dimensions: &others, ..asked });
    let value = |metric: Metric, group: &Group| {
        let share = |all: usize, scale: f64| {
            let part = 100.0 * values.people(Some(group)).len() as f64;
            json!(if all == 0 { 0.0 } else { (part / all as f64 * scale).round_ties_even() / scale })
        };
        match metric {
            Metric::Percentage => share(whole.people(None).len(), 10.0),
            Metric::ConversionRate => share(everyone.people(None).len(), 100.0),
            Metric::GroupConversionRate => {
                let group: Group = divided.iter().map(|place| group[*place].clone()).collect();
                share(groups.people(Some(&group)).len(), 100.0)
            }
            metric => values.value(metric, group),
        }
    };
    let of_groups: Vec<Metric> =
        query.metrics.iter().copied().filter(|metric| !is_engagement(*metric)).collect();
    let of_groups = if of_groups.is_empty() { query.metrics.clone() } else { of_groups };
    let keys: BTreeSet<&Group> = of_groups.iter().flat_map(|metric| values.groups(*metric)).collect();
    let mut rows: Vec<Answered> = keys
        .into_iter()
        .map(|group| (group.clone(), query.metrics.iter().map(|metric| value(*metric, group)).collect()))
        .collect();
    if dimensions.is_empty() && rows.is_empty() {
        let nothing = Vec::new();
        let noughts = query.metrics.iter().map(|metric| value(*metric, &nothing)).collect();
        rows.push((nothing, noughts));
    }
    sort(query, &mut rows);
    if values.of_events && values.poor() {
        for (_, metrics) in &mut rows {
            for (metric, value) in query.metrics.iter().zip(metrics) {
                if matches!(metric, Metric::TotalRevenue | Metric::AverageRevenue) {
                    *value = Value::Null;
                }
            }
        }
    }
    let total = rows.len() as u64;
    let (offset, limit) = (query.pagination.offset as usize, query.pagination.limit as usize);
    (rows.into_iter().skip(offset).take(limit).collect(), total)
}

fn is_engagement(metric: Metric) -> bool {
    matches!(metric, Metric::ScrollDepth | Metric::TimeOnPage)
}

fn about_goals(dimension: &Dimension) -> bool {
    dimension.is_goal() || matches!(dimension, Dimension::Property(_))
}

fn sort(query: &Query, rows: &mut [Answered]) {
    let order = query.order();
    rows.sort_by(|a, b| {
        for by in &order {
            let ordering = match &by.subject {
                Subject::Metric(metric) => {
                    let place = query.metrics.iter().position(|column| column == metric).expect("a column");
                    let (a, b) = (a.1[place].as_f64(), b.1[place].as_f64());
                    // What is null comes last, whatever the direction.
                    match (a, b) {
                        (Some(a), Some(b)) if by.direction == Direction::Desc => b.total_cmp(&a),
                        (Some(a), Some(b)) => a.total_cmp(&b),
                        (a, b) => a.is_none().cmp(&b.is_none()),
                    }
                }
                Subject::Dimension(dimension) => {
                    let place =
                        query.dimensions.iter().position(|column| column == dimension).expect("a column");
                    let ordering = a.0[place].cmp(&b.0[place]);
                    if by.direction == Direction::Desc { ordering.reverse() } else { ordering }
                }
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        a.0.cmp(&b.0)
    });
}

struct Values<'a> {
    query: &'a Query,
    /// What events say, by group.
    events: BTreeMap<Group, Vec<Seen<'a>>>,
    /// The same, also where everything else is of visits.
    in_range: BTreeMap<Group, Vec<Seen<'a>>>,
    /// The visits that `visits` counts, by group.
    visits: BTreeMap<Group, Vec<&'a Session>>,
    /// The visits that rates and means are over, by group.
    whole: BTreeMap<Group, Vec<&'a Session>>,
    /// Depth and time of each visit, by group.
    engaged: BTreeMap<Group, Engaged>,
    /// Whether events are those of the visits.
    of_visits: bool,
    of_events: bool,
    /// Whether no matching event has revenue.
    poor: bool,
    plain: bool,
}

impl<'a> Values<'a> {
    fn new(asked: Asked<'a>) -> Self {
        let Asked { history, range, query, .. } = asked;
        // What the whole question is about decides how its parts are counted.
        let mut attributes: Vec<&Dimension> = query.dimensions.iter().collect();
        for filter in &query.filters {
            filter.conditions(&mut |condition| attributes.push(&condition.dimension));
        }
        let behaviour = query.filters.iter().any(Filter::is_behavioural);
        let of_events = attributes.iter().any(|dimension| dimension.scope() == Some(Scope::Event));
        let about_visits =
            behaviour || attributes.iter().any(|dimension| dimension.scope() == Some(Scope::Visit));
        let of_visits = !of_events && about_visits;
        let pages_only = attributes
            .iter()
            .filter(|dimension| dimension.scope() == Some(Scope::Event))
            .all(|dimension| ["event:page", "event:hostname"].contains(&dimension.name().as_str()));

        let within = |ts: i64| range.from.0 <= ts && ts < range.to.0;
        let select = |seen: Vec<Seen<'a>>| {
            let mut groups: BTreeMap<Group, Vec<Seen<'a>>> = BTreeMap::new();
            for seen in seen {
                if asked.filters.iter().all(|filter| holds(asked, filter, seen)) {
                    for group in groups_of(asked, seen) {
                        groups.entry(group).or_default().push(seen);
                    }
                }
            }
            groups
        };
        let events = |entry| -> Vec<Seen<'a>> {
            let counted = history.events.iter().filter(|event| event.counts() && within(event.ts));
            counted
                .map(|event| Seen {
                    event: Some(event),
                    session: history.session_of(event),
                    entry,
                    ts: event.ts,
                })
                .collect()
        };
        let begun: Vec<Seen<'a>> = history
            .sessions
            .iter()
            .filter(|session| within(session.start))
            .map(|session| Seen { event: None, session: Some(session), entry: true, ts: session.start })
            .collect();
        let visits_of = |groups: BTreeMap<Group, Vec<Seen<'a>>>| {
            groups.into_iter().map(|(group, seen)| (group, distinct(seen))).collect::<BTreeMap<_, _>>()
        };

        let begun = visits_of(select(begun));
        let in_range = select(events(false));
        let seen = if of_visits { BTreeMap::new() } else { in_range.clone() };
        let visits = if of_events { visits_of(seen.clone()) } else { begun.clone() };
        let whole = if !of_events || pages_only { begun } else { visits_of(select(events(true))) };
        let engaged = engaged(history, within, &select);
        let paid = |seen: &Seen<'_>| seen.event.is_some_and(|event| event.revenue != 0);
        let matching = events(false).into_iter().filter(|seen| {
            let custom = seen.event.is_some_and(|event| event.name != "pageview");
            let goal = asked.goals.is_empty() && asked.dimensions.iter().any(Dimension::is_goal);
            (custom || !goal) && asked.filters.iter().all(|filter| holds(asked, filter, *seen))
        });
        let poor = !matching.into_iter().any(|seen| paid(&seen));
        let plain = !of_events && !about_visits;
        Self { query, events: seen, in_range, visits, whole, engaged, of_visits, of_events, poor, plain }
    }

    fn poor(&self) -> bool {
        self.poor
    }

    /// The groups that a metric has something to say about.
    fn groups(&self, metric: Metric) -> Vec<&Group> {
        match metric {
            Metric::Visits => self.visits.keys().collect(),
            Metric::BounceRate | Metric::VisitDuration | Metric::ViewsPerVisit => self.whole.keys().collect(),
            Metric::AverageRevenue | Metric::Custom(_) => self.in_range.keys().collect(),
            Metric::ScrollDepth | Metric::TimeOnPage => self.engaged.keys().collect(),
            _ if self.of_visits => self.visits.keys().collect(),
            _ => self.events.keys().collect(),
        }
    }

    fn value(&self, metric: Metric, group: &Group) -> Value {
        let visits = self.visits.get(group).map_or(&[][..], Vec::as_slice);
        let whole = self.whole.get(group).map_or(&[][..], Vec::as_slice);
        let count = whole.len() as f64;
        let mean = |sum: f64| if whole.is_empty() { 0.0 } else { sum / count };
        let money = |fixed: f64| json!(fixed / 10_000.0);
        let in_range = || {
            let seen = self.in_range.get(group).into_iter().flatten();
            seen.filter_map(|seen| seen.event).collect::<Vec<_>>()
        };
        match metric {
            Metric::Visitors => json!(self.people(Some(group)).len()),
            Metric::Visits => json!(visits.len()),
            Metric::Pageviews => json!(self.pageviews(group)),
            Metric::Events => json!(self.events(group)),
            Metric::BounceRate => {
                let bounces = whole.iter().filter(|visit| visit.bounce).count();
                json!(mean(100.0 * bounces as f64).round_ties_even() as i64)
            }
            Metric::VisitDuration => {
                let sum: i64 = whole.iter().map(|visit| visit.end - visit.start).sum();
                json!(mean(sum as f64 / 1000.0).round_ties_even() as i64)
            }
            Metric::ViewsPerVisit => {
                let of_whole = whole.iter().map(|visit| visit.pageviews).sum();
                let views: i64 = if self.plain { self.pageviews(group) } else { of_whole };
                json!((mean(views as f64) * 100.0).round_ties_even() / 100.0)
            }
            Metric::EventsPerVisitor => {
                let people = self.people(Some(group)).len() as f64;
                let ratio = if people == 0.0 { 0.0 } else { self.events(group) as f64 / people };
                json!((ratio * 100.0).round_ties_even() / 100.0)
            }
            Metric::TotalRevenue if self.of_visits => {
                money(visits.iter().map(|visit| visit.revenue).sum::<i64>() as f64)
            }
            Metric::TotalRevenue => money(in_range().iter().map(|event| event.revenue()).sum::<i64>() as f64),
            Metric::AverageRevenue => {
                let paid: Vec<_> =
                    in_range().iter().map(|event| event.revenue()).filter(|amount| *amount != 0).collect();
                if paid.is_empty() {
                    return Value::Null;
                }
                money((paid.iter().sum::<i64>() as f64 / paid.len() as f64).round_ties_even())
            }
            Metric::ScrollDepth | Metric::TimeOnPage => self.engagement(metric, group),
            Metric::Custom(place) => {
                let name = &self.query.measures[usize::from(place)].name;
                measured(name, in_range().iter().map(|event| event.load))
            }
            Metric::Percentage | Metric::ConversionRate | Metric::GroupConversionRate => {
                unreachable!("shares are of totals")
            }
        }
    }

    fn engagement(&self, metric: Metric, group: &Group) -> Value {
        let Some(visits) = self.engaged.get(group) else { return Value::Null };
        let mean = |values: Vec<u64>, by: f64| {
            let sum = values.iter().sum::<u64>() as f64 / by;
            match values.len() {
                0 => Value::Null,
                count => json!((sum / count as f64).round_ties_even() as i64),
            }
        };
        match metric {
            Metric::ScrollDepth => {
                let depths = visits.values().map(|(depth, _)| u64::from(*depth));
                mean(depths.filter(|depth| *depth > 0).collect(), 1.0)
            }
            _ => mean(visits.values().map(|(_, ms)| *ms).collect(), 1000.0),
        }
    }

    fn events(&self, group: &Group) -> i64 {
        match self.of_visits {
            true => self.visits.get(group).into_iter().flatten().map(|visit| visit.events).sum(),
            false => self.events.get(group).map_or(0, |events| events.len() as i64),
        }
    }

    fn pageviews(&self, group: &Group) -> i64 {
        if self.of_visits {
            return self
                .visits
                .get(group)
                .map_or(0, |visits| visits.iter().map(|visit| visit.pageviews).sum());
        }
        let is_pageview = |seen: &&Seen<'_>| seen.event.is_some_and(|event| event.name == "pageview");
        self.events.get(group).map_or(0, |seen| seen.iter().filter(is_pageview).count() as i64)
    }

    /// The visitors of one group, or of all.
    fn people(&self, group: Option<&Group>) -> BTreeSet<u64> {
        let wanted = |key: &Group| group.is_none_or(|group| group == key);
        if self.of_visits {
            let visits = self.visits.iter().filter(|(key, _)| wanted(key)).flat_map(|(_, visits)| visits);
            return visits.map(|visit| visit.visitor).collect();
        }
        let events = self.events.iter().filter(|(key, _)| wanted(key)).flat_map(|(_, seen)| seen);
        events.filter_map(|seen| seen.event.map(|event| event.visitor)).collect()
    }
}

/// Depth and time of visits, by visitor and start.
type Engaged = BTreeMap<(u64, i64), (u8, u64)>;

/// Depth and time of visits, by group.
fn engaged<'a>(
    history: &'a History,
    within: impl Fn(i64) -> bool,
    select: &impl Fn(Vec<Seen<'a>>) -> BTreeMap<Group, Vec<Seen<'a>>>,
) -> BTreeMap<Group, Engaged> {
    let told = history.events.iter().filter(|event| !event.counts() && within(event.ts));
    let told = told.filter_map(|event| {
        let session = history.session_engaged(event)?;
        Some(Seen { event: Some(event), session: Some(session), entry: false, ts: event.ts })
    });
    let mut engaged: BTreeMap<Group, Engaged> = BTreeMap::new();
    for (group, seen) in select(told.collect()) {
        let visits = engaged.entry(group).or_default();
        for Seen { event, session, .. } in seen {
            let (event, session) = (event.expect("an event"), session.expect("a visit"));
            let (depth, ms) = visits.entry((session.visitor, session.start)).or_default();
            *depth = (*depth).max(event.scroll_depth);
            *ms += u64::from(event.engagement_ms);
        }
    }
    engaged
}

/// What the numbers among the values of a property add up to.
fn measured<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> Value {
    let mut numbers: Vec<f64> = values.filter_map(|value| value.parse().ok()).collect();
    if numbers.is_empty() {
        return Value::Null;
    }
    numbers.sort_by(f64::total_cmp);
    let sum: f64 = numbers.iter().sum();
    match name.split(':').next() {
        Some("sum") => json!(sum),
        Some("average") => json!((sum / numbers.len() as f64 * 1e4).round_ties_even() / 1e4),
        Some("p90") => json!(numbers[(0.9 * numbers.len() as f64) as usize]),
        other => panic!("{other:?} is not generated"),
    }
}

fn distinct<'a>(seen: Vec<Seen<'a>>) -> Vec<&'a Session> {
    let visits = seen.into_iter().filter_map(|seen| seen.session);
    let by_key: BTreeMap<_, _> = visits.map(|visit| ((visit.visitor, visit.start), visit)).collect();
    by_key.into_values().collect()
}

/// The groups that what is seen belongs to: none where it lacks an attribute, several where it does
/// several goals.
fn groups_of(asked: Asked<'_>, seen: Seen<'_>) -> Vec<Group> {
    let mut groups = vec![Vec::new()];
    for dimension in asked.dimensions {
        let labels = labels(asked, dimension, seen);
        groups = groups
            .into_iter()
            .flat_map(|group| labels.iter().map(move |label| [group.clone(), vec![label.clone()]].concat()))
            .collect();
    }
    groups
}

fn labels(asked: Asked<'_>, dimension: &Dimension, seen: Seen<'_>) -> Vec<String> {
    let (history, range) = (asked.history, asked.range);
    let at = history.local(seen.ts);
    let Dimension::Bucket(grain) = dimension else {
        if dimension.is_goal() {
            let mut goals = goals_of(asked.goals, seen);
            goals.retain(|goal| asked.filters.iter().all(|filter| names(filter, goal)));
            return goals.into_iter().collect();
        }
        return value(asked, dimension, seen)
            .map(|(value, empty)| if value.is_empty() { empty.to_owned() } else { value.into_owned() })
            .into_iter()
            .collect();
    };
    vec![match grain {
        Grain::Minute => at.strftime("%Y-%m-%d %H:%M:00").to_string(),
        Grain::Hour => at.strftime("%Y-%m-%d %H:00:00").to_string(),
        Grain::Day => at.date().to_string(),
        Grain::Week => history.week(at.date()).max(history.local(range.from.0).date()).to_string(),
        Grain::Month => at.date().first_of_month().to_string(),
    }]
}

/// The goals that an event does: defined ones, and its own name where no defined goal has it.
fn goals_of(goals: &[Goal], seen: Seen<'_>) -> BTreeSet<String> {
    let Some(event) = seen.event else { return BTreeSet::new() };
    let mut done: BTreeSet<String> = goals
        .iter()
        .filter(|goal| match goal.name.as_str() {
            "Pro signup" => event.name == "signup" && event.plan == "Pro",
            "Visit /blog" => event.name == "pageview" && event.path.starts_with("/blog"),
            "Purchase" => event.name == "Purchase" && event.visit.country == "DE",
            other => panic!("{other} is not defined"),
        })
        .map(|goal| goal.name.clone())
        .collect();
    let custom = event.name != "pageview" && event.counts();
    if custom && !goals.iter().any(|goal| goal.name == event.name) {
        done.insert(event.name.to_owned());
    }
    done
}

/// Whether a goal is one that a filter which must hold names.
fn names(filter: &Filter, goal: &str) -> bool {
    match filter {
        Filter::And(inner) => inner.iter().all(|filter| names(filter, goal)),
        Filter::Where(condition) if condition.dimension.is_goal() && !condition.negated => {
            is(condition, goal, goal)
        }
        _ => true,
    }
}

fn value<'a>(
    asked: Asked<'a>,
    dimension: &Dimension,
    seen: Seen<'a>,
) -> Option<(Cow<'a, str>, &'static str)> {
    const NOT_SET: &str = "(not set)";
    const DIRECT: &str = "Direct / None";
    let (event, session) = (seen.event, seen.session);
    let person = || session.map(|session| asked.history.people[&session.visitor]);
    let (value, empty): (&str, _) = match dimension.name().as_str() {
        "event:page" if seen.entry => (session?.entry_page, NOT_SET),
        "event:hostname" if seen.entry => (session?.hostname, NOT_SET),
        "event:page" => (event?.path, NOT_SET),
        "event:hostname" => (event?.hostname, NOT_SET),
        "event:name" => (event?.name, NOT_SET),
        "event:props:plan" => (event?.plan, "(none)"),
        "event:props:a 'note'" => (event?.note, "(none)"),
        "user:id" => (event?.user, NOT_SET),
        "user:first_source" => (person()?.first_source, DIRECT),
        "user:os" => (person()?.last_os, NOT_SET),
        "cluster" => (person()?.cluster, NOT_SET),
        "user:churn_risk" => (risk(&person()?).map_or("", |(risk, _)| risk), NOT_SET),
        "user:visits" => return Some((person()?.visits.to_string().into(), NOT_SET)),
        "user:first_seen" => {
            let day = asked.history.local(person()?.first_seen).date();
            return Some((day.to_string().into(), NOT_SET));
        }
        "visit:source" => (session?.visit.source, DIRECT),
        "visit:country" => (session?.visit.country, NOT_SET),
        "visit:country_name" => {
            let name = match session?.visit.country {
                "DE" => "Germany",
                "FR" => "France",
                "US" => "United States of America",
                other => other,
            };
            (name, NOT_SET)
        }
        "visit:os" => (session?.visit.os, NOT_SET),
        "visit:browser" => (session?.visit.browser, NOT_SET),
        "visit:city" => (session?.visit.city, NOT_SET),
        "visit:entry_page" => (session?.entry_page, NOT_SET),
        "visit:exit_page" => (session?.exit_page, NOT_SET),
        other => panic!("{other} is not generated"),
    };
    Some((Cow::Borrowed(value), empty))
}

fn holds(asked: Asked<'_>, filter: &Filter, seen: Seen<'_>) -> bool {
    match filter {
        Filter::And(inner) => inner.iter().all(|filter| holds(asked, filter, seen)),
        Filter::Or(inner) => inner.iter().any(|filter| holds(asked, filter, seen)),
        Filter::Not(inner) => !holds(asked, inner, seen),
        Filter::Where(condition) => applies(asked, condition, seen) != condition.negated,
        Filter::Done(inner) => seen.session.is_some_and(|session| {
            asked.history.events_of(session).any(|event| {
                let seen = Seen { event: Some(event), session: Some(session), entry: false, ts: event.ts };
                holds(asked, inner, seen)
            })
        }),
    }
}

fn applies(asked: Asked<'_>, condition: &Condition, seen: Seen<'_>) -> bool {
    if condition.dimension.is_goal() {
        return goals_of(asked.goals, seen).iter().any(|goal| is(condition, goal, goal));
    }
    let Some((stored, empty)) = value(asked, &condition.dimension, seen) else { return false };
    is(condition, &stored, if stored.is_empty() { empty } else { &stored })
}

fn is(condition: &Condition, stored: &str, shown: &str) -> bool {
    let fold = |text: &str| if condition.case_sensitive { text.to_owned() } else { text.to_lowercase() };
    condition.values.iter().any(|wanted| match condition.operator {
        Operator::Is => fold(stored) == fold(wanted) || fold(shown) == fold(wanted),
        Operator::Contains => fold(shown).contains(&fold(wanted)),
        Operator::Matches => match wanted.strip_prefix('^') {
            Some(start) => shown.starts_with(start),
            None => shown.contains(wanted.as_str()),
        },
    })
}
