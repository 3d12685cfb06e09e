//! Which view or table answers what.
//!
//! A question is answered from the cheapest rows that give the exact number: views of minutes and
//! of periods where nothing is divided or filtered, `v_breakdowns` where whole days are divided by one
//! attribute it has, `v_sessions` where only visits are asked about or what they carry of their events,
//! `events` where more of events is. What a metric means never depends on that choice, only on the question:
//! without visit attributes, events count where they happened and visits where they began; with
//! attributes of visits alone, everything is of visits that began in the range; with attributes of
//! events, everything is of matching events in the range. What a visit has done besides is an
//! attribute of the visit. Metrics that visits cannot answer (a mean revenue, a measure of one's own)
//! are of events in the range whatever the attributes.
//!
//! Wrong when: a visit lasts longer than [`LONGEST_VISIT_MS`] and the question needs the visits of
//! events: those of its events that lie later have no visit and do not count.

use std::collections::BTreeSet;

use opentrace_events::define::{Attribute, Condition as Event};
use opentrace_store::BreakdownColumn;

use crate::catalogue::{Basis, Field, Grain, Metric, Needs, Presence, Scope};
use crate::error::QueryError;
use crate::filter::Filter;
use crate::measure::{Kind, Measure, Over, Value};
use crate::query::{Dimension, Query};
use crate::range::Range;
use crate::vocabulary::Goal;

/// How long before the range a visit may have begun that still has events in it.
pub const LONGEST_VISIT_MS: i64 = 7 * 86_400_000;

/// Where a statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `v_traffic`: sums of minutes.
    Traffic,
    /// `v_uniques`: the rows of this grain.
    Uniques(Grain),
    /// `v_breakdowns`: the rows of this dimension.
    Breakdowns(&'static str),
    /// `v_sessions`. Where the question names the page of an event, the page the visit began on.
    Visits,
    /// The events that `v_sessions` carries.
    Acts,
    /// `events` alone.
    Events,
    /// `events`, each with its visit.
    EventsInVisits,
    /// The visits of matching events, each once.
    VisitsOfEvents,
    /// Events about engagement, each with its visit.
    Engagement,
}

/// Whether views may answer, or only what they are made from. All give the same numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Views {
    #[default]
    Use,
    /// Visits and events, no sums.
    Avoid,
    /// Events alone: visits are made of them when they are asked for, which takes every event of
    /// the site.
    Never,
}

/// One statement: some metrics from one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub source: Source,
    pub metrics: Vec<Metric>,
}

/// How a metric of the answer comes from what the statements return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// It is returned as it is.
    Column(Metric),
    /// One column divided by another.
    Ratio(Metric, Metric),
    /// The group's visitors in percent of those of a total, by its place in [`Plan::totals`].
    Share { total: usize, digits: i32 },
}

/// Visitors that groups are shares of.
#[derive(Clone, Debug)]
pub struct Total {
    pub part: Part,
    pub shape: Shape,
    pub filters: Vec<Filter>,
    /// Which of the query's dimensions divide the total.
    pub places: Vec<usize>,
}

/// What to ask the store, and how to make the answer from it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub parts: Vec<Part>,
    /// One for each metric of the query.
    pub outputs: Vec<Output>,
    pub totals: Vec<Total>,
    pub shape: Shape,
}

/// What of a question decides where it is answered.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The query's dimensions, `time` replaced by the grain it stands for.
    pub dimensions: Vec<Dimension>,
    /// Whether a dimension or filter is an attribute of events.
    pub events: bool,
    /// Whether a dimension or filter is an attribute of visits.
    pub visits: bool,
    /// Whether every attribute of events has one of visits that stands for it.
    pub pages_only: bool,
    /// Whether visits are made of events when they are asked for.
    pub made_visits: bool,
    /// Whether visits may be asked for the events they carry.
    pub lists: bool,
    /// Whether they carry all that is asked about of events.
    pub acts: bool,
    /// Whether what is defined on the site decides which goals there are.
    pub defined_goals: bool,
    /// Whether days are whole and all that happened on them counts.
    pub whole_days: bool,
}

/// People with an event, in `v_breakdowns`.
const EVERYONE: &str = "everyone";
/// Visits, whatever they are like.
const ALL_VISITS: &str = "visits";
/// The page of an event.
const PAGE: &str = "page";
/// The name of a custom event.
const NAME: &str = "name";

impl Source {
    /// The names of what is read, joined by `+`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traffic => "v_traffic",
            Self::Uniques(_) => "v_uniques",
            Self::Breakdowns(_) => "v_breakdowns",
            Self::Visits | Self::Acts => "v_sessions",
            Self::Events => "events",
            Self::EventsInVisits | Self::VisitsOfEvents | Self::Engagement => "events+v_sessions",
        }
    }

    /// Whether it holds sums: as many rows as there are days or minutes, however many events there are.
    pub fn is_kept(self) -> bool {
        matches!(self, Self::Traffic | Self::Uniques(_) | Self::Breakdowns(_))
    }

    /// Why a statement reads there.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Traffic => "nothing filters or divides but time: sums of minutes are kept",
            Self::Uniques(_) => "people of whole days, weeks or months are kept",
            Self::Breakdowns(_) => "whole days are kept, by one attribute",
            Self::Visits => "only attributes of visits are asked about: a row for each visit is kept",
            Self::Acts => "what visits carry of their events is all that is asked about",
            Self::Events => "attributes of events, or people of a range that is kept nowhere",
            Self::EventsInVisits => "events are asked about by what their visits are",
            Self::VisitsOfEvents => "whole visits are asked about by what happened in them",
            Self::Engagement => "what engagement events tell of each visit",
        }
    }

    /// The basis of the formulas.
    pub fn basis(self) -> Basis {
        match self {
            Self::Traffic => Basis::Traffic,
            Self::Uniques(_) => Basis::Uniques,
            Self::Breakdowns(EVERYONE | PAGE | NAME) => Basis::Days,
            Self::Breakdowns(_) => Basis::DaysOfVisits,
            Self::Visits | Self::VisitsOfEvents => Basis::Visits,
            Self::Events => Basis::Events,
            Self::Acts | Self::EventsInVisits => Basis::EventsInVisits,
            Self::Engagement => Basis::Engagement,
        }
    }
}

impl Plan {
    /// Plans a query over a resolved range.
    pub fn new(query: &Query, range: &Range, views: Views, goals: &[Goal]) -> Result<Self, QueryError> {
        let shape = Shape::of(query, range, views, goals);
        let mut parts: Vec<Part> = Vec::new();
        let mut outputs = Vec::with_capacity(query.metrics.len());
        let mut totals: Vec<Total> = Vec::new();
        let mut share = |of: Whole, digits| -> Result<Output, QueryError> {
            let total = Total::new(of, query, &shape, range, views)?;
            totals.push(total);
            Ok(Output::Share { total: totals.len() - 1, digits })
        };
        for metric in &query.metrics {
            let (output, columns): (_, &[Metric]) = match metric {
                Metric::Percentage => (share(Whole::Everyone, 1)?, &[Metric::Visitors]),
                Metric::ConversionRate => (share(Whole::WithoutGoal, 2)?, &[Metric::Visitors]),
                Metric::GroupConversionRate => (share(Whole::GroupWithoutGoal, 2)?, &[Metric::Visitors]),
                Metric::EventsPerVisitor => {
                    (Output::Ratio(Metric::Events, Metric::Visitors), &[Metric::Events, Metric::Visitors])
                }
                // Page views of the range and visits that began in it come from different rows.
                Metric::ViewsPerVisit if shape.plain() && !shape.fits_traffic(range, views) => {
                    (Output::Ratio(Metric::Pageviews, Metric::Visits), &[Metric::Pageviews, Metric::Visits])
                }
                metric => (Output::Column(*metric), std::slice::from_ref(metric)),
            };
            outputs.push(output);
            for column in columns {
                let source = shape.source(*column, range, views)?;
                match parts.iter_mut().find(|part| part.source == source) {
                    Some(part) if part.metrics.contains(column) => {}
                    Some(part) => part.metrics.push(*column),
                    None => parts.push(Part { source, metrics: vec![*column] }),
                }
            }
        }
        Ok(Self { parts, outputs, totals, shape })
    }

    /// Whether the one statement's rows are the answer's rows, so that the store can order and cut them.
    pub fn is_direct(&self) -> bool {
        // What is null is ordered here, so that it comes last in every order.
        let plain = |output: &Output| matches!(output, Output::Column(metric) if !metric.info().nullable);
        self.parts.len() == 1 && self.outputs.iter().all(plain)
    }

    /// Whether sums that are kept are all that is read.
    pub fn is_kept(&self) -> bool {
        let totals = self.totals.iter().map(|total| &total.part);
        self.parts.iter().chain(totals).all(|part| part.source.is_kept())
    }

    /// What `meta.source` says: every view and table that answered, joined by commas.
    pub fn sources(&self) -> String {
        let names: BTreeSet<_> = self.parts.iter().map(|part| self.shape.name_of(part.source)).collect();
        names.into_iter().collect::<Vec<_>>().join(",")
    }
}

/// Whose visitors a total counts.
#[derive(Clone, Copy, Debug)]
enum Whole {
    /// All groups together.
    Everyone,
    /// All groups together, whether they did the goal or not.
    WithoutGoal,
    /// Each group, whether they did the goal or not.
    GroupWithoutGoal,
}

impl Total {
    fn new(of: Whole, query: &Query, shape: &Shape, range: &Range, views: Views) -> Result<Self, QueryError> {
        let about_goals =
            |dimension: &Dimension| dimension.is_goal() || matches!(dimension, Dimension::Property(_));
        let mut filters = query.filters.clone();
        if !matches!(of, Whole::Everyone) {
            filters.retain(|filter| !filter.mentions(about_goals));
        }
        let places: Vec<usize> = match of {
            Whole::Everyone | Whole::WithoutGoal => Vec::new(),
            Whole::GroupWithoutGoal => {
                let divides = |place: &usize| !shape.dimensions[*place].is_goal();
                (0..shape.dimensions.len()).filter(divides).collect()
            }
        };
        let shape = shape.divided(&places);
        let part =
            Part { source: shape.source(Metric::Visitors, range, views)?, metrics: vec![Metric::Visitors] };
        Ok(Self { part, shape, filters, places })
    }
}

impl Shape {
    fn of(query: &Query, range: &Range, views: Views, goals: &[Goal]) -> Self {
        let dimensions: Vec<_> = query
            .dimensions
            .iter()
            .map(|dimension| match dimension {
                Dimension::Time => Dimension::Bucket(range.natural_grain()),
                other => other.clone(),
            })
            .collect();
        let mut attributes: Vec<&Dimension> = dimensions.iter().collect();
        for filter in &query.filters {
            filter.conditions(&mut |condition| attributes.push(&condition.dimension));
        }
        let of = |scope| move |dimension: &&&Dimension| dimension.scope() == Some(scope);
        let events = attributes.iter().any(|dimension| of(Scope::Event)(&dimension));
        let visits = attributes.iter().any(|dimension| of(Scope::Visit)(&dimension))
            || query.filters.iter().any(Filter::is_behavioural);
        let pages_only = attributes
            .iter()
            .filter(of(Scope::Event))
            .all(|dimension| dimension.field().is_some_and(|field| field.visit_column.is_some()));
        let lists = views == Views::Use;
        let acts = lists
            && attributes.iter().all(|dimension| is_carried(dimension, goals))
            && query.measures.iter().all(|measure| measure_is_carried(measure, goals));
        let whole_days = views == Views::Use && query.filters.is_empty() && range.whole(Grain::Day);
        Self {
            events,
            visits,
            pages_only,
            made_visits: views == Views::Never,
            lists,
            acts,
            defined_goals: !goals.is_empty(),
            whole_days,
            dimensions,
        }
    }

    /// The grain of the time dimension.
    pub fn grain(&self) -> Option<Grain> {
        self.dimensions.iter().find_map(|dimension| match dimension {
            Dimension::Bucket(grain) => Some(*grain),
            _ => None,
        })
    }

    /// The names of what a statement reads.
    pub fn name_of(&self, source: Source) -> &'static str {
        match source {
            _ if self.made_visits => Source::Events.name(),
            Source::VisitsOfEvents if self.acts => Source::Acts.name(),
            _ => source.name(),
        }
    }

    /// The same question divided by these of its dimensions only. What kinds of attributes it has
    /// stays as it was, so that the whole is counted the way its groups are.
    fn divided(&self, places: &[usize]) -> Self {
        let dimensions = places.iter().map(|place| self.dimensions[*place].clone()).collect();
        Self { dimensions, ..self.clone() }
    }

    /// Whether nothing but time divides, and nothing filters.
    fn plain(&self) -> bool {
        !self.events && !self.visits
    }

    fn fits_traffic(&self, range: &Range, views: Views) -> bool {
        self.plain() && views == Views::Use && range.whole_minutes()
    }

    /// The rows of `v_breakdowns` that answer the question, where there are any.
    fn breakdown(&self) -> Option<&'static str> {
        if !self.whole_days || matches!(self.grain(), Some(Grain::Minute | Grain::Hour)) {
            return None;
        }
        let mut divided =
            self.dimensions.iter().filter(|dimension| !matches!(dimension, Dimension::Bucket(_)));
        match (divided.next(), divided.next()) {
            (None, None) => match (self.events, self.visits) {
                (_, false) => Some(EVERYONE),
                (false, true) => Some(ALL_VISITS),
                (true, true) => None,
            },
            (Some(one), None) => {
                let field = one.field().filter(|field| field.people.is_none())?;
                match field.scope {
                    Scope::Event if is_page(field) => Some(PAGE),
                    Scope::Event => Some(NAME).filter(|_| field.custom_only && !self.defined_goals),
                    Scope::Visit => BreakdownColumn::of_visits(field.column),
                }
            }
            _ => None,
        }
    }

    fn source(&self, metric: Metric, range: &Range, views: Views) -> Result<Source, QueryError> {
        Ok(match self.source_of_rows(metric, range, views)? {
            Source::Events | Source::EventsInVisits if self.acts => Source::Acts,
            source => source,
        })
    }

    fn source_of_rows(&self, metric: Metric, range: &Range, views: Views) -> Result<Source, QueryError> {
        let days = self.breakdown().map(Source::Breakdowns);
        let days = days.filter(|days| metric.formula(days.basis()).is_some());
        if let Some(days) = days.filter(|_| self.events || self.visits) {
            return Ok(days);
        }
        if self.events {
            return self.source_of_events(metric);
        }
        if self.visits {
            let kept = metric.formula(Basis::Visits).is_some();
            return Ok(if kept { Source::Visits } else { Source::EventsInVisits });
        }
        if metric == Metric::Visitors && views == Views::Use {
            let periods = [Grain::Day, Grain::Week, Grain::Month];
            match self.grain() {
                None => {
                    if let Some(grain) = periods.into_iter().find(|grain| range.single(*grain)) {
                        return Ok(Source::Uniques(grain));
                    }
                }
                // Where clocks go back, one person may have come in both minutes of the same name.
                Some(Grain::Minute) if range.whole_minutes() && !range.clocks_go_back() => {
                    return Ok(Source::Traffic);
                }
                Some(grain) if range.whole(grain) => return Ok(Source::Uniques(grain)),
                Some(_) => {}
            }
            return Ok(days.unwrap_or(Source::Events));
        }
        Ok(match metric.info().presence {
            _ if metric != Metric::Visitors
                && metric.formula(Basis::Traffic).is_some()
                && self.fits_traffic(range, views) =>
            {
                Source::Traffic
            }
            Presence::Event => Source::Events,
            Presence::Visit => Source::Visits,
            Presence::Engagement => Source::Engagement,
        })
    }

    fn source_of_events(&self, metric: Metric) -> Result<Source, QueryError> {
        match metric.info().needs {
            Needs::Events if !self.visits => Ok(Source::Events),
            Needs::Events | Needs::EventsInVisits => Ok(Source::EventsInVisits),
            Needs::Engagement => Ok(Source::Engagement),
            Needs::WholeVisits => {
                self.check_whole_visits(metric)?;
                Ok(if self.pages_only { Source::Visits } else { Source::VisitsOfEvents })
            }
        }
    }

    /// A whole visit has no attribute of an event, except the page it began on and that page's host.
    fn check_whole_visits(&self, metric: Metric) -> Result<(), QueryError> {
        let has_page = self.dimensions.iter().filter_map(Dimension::field).any(is_page);
        let meaningless = |dimension: &&Dimension| {
            dimension.scope() == Some(Scope::Event)
                && !dimension
                    .field()
                    .is_some_and(|field| is_page(field) || has_page && field.visit_column.is_some())
        };
        let Some(dimension) = self.dimensions.iter().find(meaningless) else { return Ok(()) };
        Err(QueryError::Conflict {
            metric: metric.name(),
            reason: format!("is of whole visits and cannot be divided by `{}`", dimension.name()),
            hint: Some("of the attributes of events only `event:page` (and `event:hostname` with it) can be used: a visit counts for the page it began on".to_owned()),
        })
    }
}

/// Whether visits carry all that a filter, which is about events, asks of them.
pub(crate) fn carries(filter: &Filter, goals: &[Goal]) -> bool {
    !filter.mentions(|dimension| !is_carried(dimension, goals))
}

/// Whether visits carry an attribute, where it is one of events.
fn is_carried(dimension: &Dimension, goals: &[Goal]) -> bool {
    match dimension.scope() {
        None | Some(Scope::Visit) => true,
        Some(Scope::Event) => match dimension.field() {
            Some(field) if field.custom_only => goals.iter().all(|goal| condition_is_carried(&goal.event)),
            Some(field) => ["name", "path"].contains(&field.column),
            None => false,
        },
    }
}

fn condition_is_carried(condition: &Event) -> bool {
    match condition {
        Event::And(inner) | Event::Or(inner) => inner.iter().all(condition_is_carried),
        Event::Not(inner) => condition_is_carried(inner),
        Event::Where(comparison) => {
            matches!(comparison.attribute, Attribute::Name | Attribute::Goal | Attribute::Path)
        }
    }
}

fn measure_is_carried(measure: &Measure, goals: &[Goal]) -> bool {
    let over = |over: &Over| {
        !matches!(over.kind, Kind::Property(..)) && over.filters.iter().all(|filter| carries(filter, goals))
    };
    match &measure.value {
        Value::Of(of) => over(of),
        Value::Ratio(of, by) => over(of) && over(by),
    }
}

fn is_page(field: &Field) -> bool {
    field.name == "event:page"
}

#[cfg(test)]
mod tests;
