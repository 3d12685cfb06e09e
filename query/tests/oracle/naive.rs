//! The meaning of a query, said over lists: no index, no view, no SQL.

use std::collections::{BTreeMap, BTreeSet};

use opentrace_query::catalogue::{Grain, Metric, Scope};
use opentrace_query::{Condition, Dimension, Direction, Filter, Operator, Query, Range, Subject};
use serde_json::{Value, json};

use crate::history::{Event, History, Session};

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

/// Rows of the page asked for, and how many rows there are in all.
pub(crate) fn answer(
    history: &History,
    query: &Query,
    range: &Range,
    dimensions: &[Dimension],
) -> (Vec<Answered>, u64) {
    let values = Values::new(history, query, range, dimensions);
    let groups: BTreeSet<&Group> = query.metrics.iter().flat_map(|metric| values.groups(*metric)).collect();
    let mut rows: Vec<Answered> = groups
        .into_iter()
        .map(|group| {
            (group.clone(), query.metrics.iter().map(|metric| values.value(*metric, group)).collect())
        })
        .collect();
    if dimensions.is_empty() && rows.is_empty() {
        let nothing = Vec::new();
        let noughts = query.metrics.iter().map(|metric| values.value(*metric, &nothing)).collect();
        rows.push((nothing, noughts));
    }
    let order = query.order();
    rows.sort_by(|a, b| {
        for by in &order {
            let ordering = match &by.subject {
                Subject::Metric(metric) => {
                    let place = query.metrics.iter().position(|column| column == metric).expect("a column");
                    let number = |row: &Answered| row.1[place].as_f64().expect("a number");
                    number(a).total_cmp(&number(b))
                }
                Subject::Dimension(dimension) => {
                    let place =
                        query.dimensions.iter().position(|column| column == dimension).expect("a column");
                    a.0[place].cmp(&b.0[place])
                }
            };
            let ordering = if by.direction == Direction::Desc { ordering.reverse() } else { ordering };
            if ordering.is_ne() {
                return ordering;
            }
        }
        a.0.cmp(&b.0)
    });
    let total = rows.len() as u64;
    let (offset, limit) = (query.pagination.offset as usize, query.pagination.limit as usize);
    (rows.into_iter().skip(offset).take(limit).collect(), total)
}

struct Values<'a> {
    /// What events say, by group.
    events: BTreeMap<Group, Vec<Seen<'a>>>,
    /// The visits that `visits` counts, by group.
    visits: BTreeMap<Group, Vec<&'a Session>>,
    /// The visits that rates and means are over, by group.
    whole: BTreeMap<Group, Vec<&'a Session>>,
    /// Whether events are those of the visits.
    of_visits: bool,
    plain: bool,
}

impl<'a> Values<'a> {
    fn new(history: &'a History, query: &Query, range: &Range, dimensions: &[Dimension]) -> Self {
        let mut attributes: Vec<&Dimension> = dimensions.iter().collect();
        for filter in &query.filters {
            filter.conditions(&mut |condition| attributes.push(&condition.dimension));
        }
        let of_events = attributes.iter().any(|dimension| dimension.scope() == Some(Scope::Event));
        let of_visits =
            !of_events && attributes.iter().any(|dimension| dimension.scope() == Some(Scope::Visit));
        let pages_only = attributes
            .iter()
            .filter(|dimension| dimension.scope() == Some(Scope::Event))
            .all(|dimension| ["event:page", "event:hostname"].contains(&dimension.name().as_str()));

        let within = |ts: i64| range.from.0 <= ts && ts < range.to.0;
        let select = |seen: Vec<Seen<'a>>| {
            let mut groups: BTreeMap<Group, Vec<Seen<'a>>> = BTreeMap::new();
            for seen in seen {
                let group =
                    dimensions.iter().map(|dimension| label(history, range, dimension, seen)).collect();
                if let Some(group) = group
                    && query.filters.iter().all(|filter| holds(filter, seen))
                {
                    groups.entry(group).or_default().push(seen);
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
        let seen = if of_visits { BTreeMap::new() } else { select(events(false)) };
        let visits = if of_events { visits_of(seen.clone()) } else { begun.clone() };
        let whole = if !of_events || pages_only { begun } else { visits_of(select(events(true))) };
        Self { events: seen, visits, whole, of_visits, plain: !of_events && !of_visits }
    }

    /// The groups that a metric has something to say about.
    fn groups(&self, metric: Metric) -> Vec<&Group> {
        match metric {
            Metric::Visits => self.visits.keys().collect(),
            Metric::BounceRate | Metric::VisitDuration | Metric::ViewsPerVisit => self.whole.keys().collect(),
            _ if self.of_visits => self.visits.keys().collect(),
            _ => self.events.keys().collect(),
        }
    }

    fn value(&self, metric: Metric, group: &Group) -> Value {
        let visits = self.visits.get(group).map_or(&[][..], Vec::as_slice);
        let whole = self.whole.get(group).map_or(&[][..], Vec::as_slice);
        let count = whole.len() as f64;
        let mean = |sum: f64| if whole.is_empty() { 0.0 } else { sum / count };
        match metric {
            Metric::Visitors => json!(self.people(Some(group)).len()),
            Metric::Visits => json!(visits.len()),
            Metric::Pageviews => json!(self.pageviews(group)),
            Metric::Events if self.of_visits => json!(visits.iter().map(|visit| visit.events).sum::<i64>()),
            Metric::Events => json!(self.events.get(group).map_or(0, Vec::len)),
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
            Metric::Percentage => {
                let all = self.people(None).len() as f64;
                let part = 100.0 * self.people(Some(group)).len() as f64;
                json!(if all == 0.0 { 0.0 } else { (part / all * 10.0).round_ties_even() / 10.0 })
            }
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

fn distinct<'a>(seen: Vec<Seen<'a>>) -> Vec<&'a Session> {
    let visits = seen.into_iter().filter_map(|seen| seen.session);
    let by_key: BTreeMap<_, _> = visits.map(|visit| ((visit.visitor, visit.start), visit)).collect();
    by_key.into_values().collect()
}

/// What a dimension is called, or nothing where what is seen has no such attribute at all.
fn label(history: &History, range: &Range, dimension: &Dimension, seen: Seen<'_>) -> Option<String> {
    let Dimension::Bucket(grain) = dimension else { return named(dimension, seen) };
    let at = history.local(seen.ts);
    Some(match grain {
        Grain::Minute => at.strftime("%Y-%m-%d %H:%M:00").to_string(),
        Grain::Hour => at.strftime("%Y-%m-%d %H:00:00").to_string(),
        Grain::Day => at.date().to_string(),
        Grain::Week => history.week(at.date()).max(history.local(range.from.0).date()).to_string(),
        Grain::Month => at.date().first_of_month().to_string(),
    })
}

fn named(dimension: &Dimension, seen: Seen<'_>) -> Option<String> {
    let (value, empty) = value(dimension, seen)?;
    Some(if value.is_empty() { empty } else { value }.to_owned())
}

fn value<'a>(dimension: &Dimension, seen: Seen<'a>) -> Option<(&'a str, &'static str)> {
    const NOT_SET: &str = "(not set)";
    let (event, session) = (seen.event, seen.session);
    let custom = |event: &&Event| event.name != "pageview";
    Some(match dimension.name().as_str() {
        "event:page" if seen.entry => (session?.entry_page, NOT_SET),
        "event:hostname" if seen.entry => (session?.hostname, NOT_SET),
        "event:page" => (event?.path, NOT_SET),
        "event:hostname" => (event?.hostname, NOT_SET),
        "event:name" => (event?.name, NOT_SET),
        "event:goal" => (event.filter(custom)?.name, NOT_SET),
        "event:props:plan" => (event?.plan, "(none)"),
        "event:props:a 'note'" => (event?.note, "(none)"),
        "visit:source" => (session?.visit.source, "Direct / None"),
        "visit:country" => (session?.visit.country, NOT_SET),
        "visit:os" => (session?.visit.os, NOT_SET),
        "visit:browser" => (session?.visit.browser, NOT_SET),
        "visit:city" => (session?.visit.city, NOT_SET),
        "visit:entry_page" => (session?.entry_page, NOT_SET),
        "visit:exit_page" => (session?.exit_page, NOT_SET),
        other => panic!("{other} is not generated"),
    })
}

fn holds(filter: &Filter, seen: Seen<'_>) -> bool {
    match filter {
        Filter::And(inner) => inner.iter().all(|filter| holds(filter, seen)),
        Filter::Or(inner) => inner.iter().any(|filter| holds(filter, seen)),
        Filter::Not(inner) => !holds(inner, seen),
        Filter::Where(condition) => applies(condition, seen) != condition.negated,
    }
}

fn applies(condition: &Condition, seen: Seen<'_>) -> bool {
    let Some((stored, empty)) = value(&condition.dimension, seen) else { return false };
    let shown = if stored.is_empty() { empty } else { stored };
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
