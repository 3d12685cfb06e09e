//! Which view or table answers what.
//!
//! A question is answered from the cheapest rows that give the exact number: views of minutes and
//! of periods where nothing is divided or filtered, `v_sessions` where only visits are, `events`
//! where events are. What a metric means never depends on that choice, only on the question:
//! without visit attributes, events count where they happened and visits where they began; with
//! attributes of visits alone, everything is of visits that began in the range; with attributes of
//! events, everything is of matching events in the range.
//!
//! Wrong when: a visit lasts longer than [`LONGEST_VISIT_MS`] and the question needs the visits of
//! events: those of its events that lie later have no visit and do not count.

use std::collections::BTreeSet;

use crate::catalogue::{Basis, Field, Grain, Metric, Needs, Presence, Scope};
use crate::error::QueryError;
use crate::query::{Dimension, Query};
use crate::range::Range;

/// How long before the range a visit may have begun that still has events in it.
pub const LONGEST_VISIT_MS: i64 = 7 * 86_400_000;

/// Where a statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `v_traffic`: sums of minutes.
    Traffic,
    /// `v_uniques`: the rows of this grain.
    Uniques(Grain),
    /// `v_sessions`. Where the question names the page of an event, the page the visit began on.
    Visits,
    /// `events` alone.
    Events,
    /// `events`, each with its visit.
    EventsInVisits,
    /// The visits of matching events, each once.
    VisitsOfEvents,
}

/// Whether views may answer, or only what they are made from. Both give the same numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Views {
    #[default]
    Use,
    Avoid,
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
    /// Page views divided by visits.
    ViewsPerVisit,
    /// Visitors divided by the visitors of all groups together.
    Percentage,
}

/// What to ask the store, and how to make the answer from it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub parts: Vec<Part>,
    /// One for each metric of the query.
    pub outputs: Vec<Output>,
    /// Where all visitors are counted, for percentages.
    pub total: Option<Part>,
    pub shape: Shape,
}

/// What of a question decides where it is answered.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The query's dimensions, `time` replaced by the grain it stands for.
    pub dimensions: Vec<Dimension>,
    /// Whether a dimension or filter is an attribute of events.
    pub events: bool,
    /// Whether a dimension or filter is an attribute of visits.
    pub visits: bool,
    /// Whether every attribute of events has one of visits that stands for it.
    pub pages_only: bool,
}

impl Source {
    /// The names of what is read, joined by `+`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traffic => "v_traffic",
            Self::Uniques(_) => "v_uniques",
            Self::Visits => "v_sessions",
            Self::Events => "events",
            Self::EventsInVisits | Self::VisitsOfEvents => "events+v_sessions",
        }
    }

    /// The basis of the formulas.
    pub fn basis(self) -> Basis {
        match self {
            Self::Traffic => Basis::Traffic,
            Self::Uniques(_) => Basis::Uniques,
            Self::Visits | Self::VisitsOfEvents => Basis::Visits,
            Self::Events => Basis::Events,
            Self::EventsInVisits => Basis::EventsInVisits,
        }
    }
}

impl Plan {
    /// Plans a query over a resolved range.
    pub fn new(query: &Query, range: &Range, views: Views) -> Result<Self, QueryError> {
        let shape = Shape::of(query, range);
        let mut parts: Vec<Part> = Vec::new();
        let mut outputs = Vec::with_capacity(query.metrics.len());
        for metric in &query.metrics {
            let (output, columns): (_, &[Metric]) = match metric {
                Metric::Percentage => (Output::Percentage, &[Metric::Visitors]),
                // Page views of the range and visits that began in it come from different rows.
                Metric::ViewsPerVisit if shape.plain() && !shape.fits_traffic(range, views) => {
                    (Output::ViewsPerVisit, &[Metric::Pageviews, Metric::Visits])
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
        let total = if outputs.contains(&Output::Percentage) {
            let source = shape.whole().source(Metric::Visitors, range, views)?;
            Some(Part { source, metrics: vec![Metric::Visitors] })
        } else {
            None
        };
        Ok(Self { parts, outputs, total, shape })
    }

    /// Whether the one statement's rows are the answer's rows, so that the store can order and cut them.
    pub fn is_direct(&self) -> bool {
        self.parts.len() == 1 && self.outputs.iter().all(|output| matches!(output, Output::Column(_)))
    }

    /// What `meta.source` says: every view and table that answered, joined by commas.
    pub fn sources(&self) -> String {
        let names: BTreeSet<_> = self.parts.iter().map(|part| part.source.name()).collect();
        names.into_iter().collect::<Vec<_>>().join(",")
    }
}

impl Shape {
    fn of(query: &Query, range: &Range) -> Self {
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
        let visits = attributes.iter().any(|dimension| of(Scope::Visit)(&dimension));
        let pages_only = attributes
            .iter()
            .filter(of(Scope::Event))
            .all(|dimension| dimension.field().is_some_and(|field| field.visit_column.is_some()));
        Self { events, visits, pages_only, dimensions }
    }

    /// The grain of the time dimension.
    pub fn grain(&self) -> Option<Grain> {
        self.dimensions.iter().find_map(|dimension| match dimension {
            Dimension::Bucket(grain) => Some(*grain),
            _ => None,
        })
    }

    /// The same question undivided. What kinds of attributes it has stays as it was, so that the
    /// whole is counted the way its groups are.
    pub fn whole(&self) -> Self {
        Self { dimensions: Vec::new(), ..self.clone() }
    }

    /// Whether nothing but time divides, and nothing filters.
    fn plain(&self) -> bool {
        !self.events && !self.visits
    }

    fn fits_traffic(&self, range: &Range, views: Views) -> bool {
        self.plain() && views == Views::Use && range.whole_minutes()
    }

    fn source(&self, metric: Metric, range: &Range, views: Views) -> Result<Source, QueryError> {
        if self.events {
            return self.source_of_events(metric);
        }
        if self.visits {
            return Ok(Source::Visits);
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
            return Ok(Source::Events);
        }
        Ok(match metric.info().presence {
            _ if metric != Metric::Visitors && self.fits_traffic(range, views) => Source::Traffic,
            Presence::Event => Source::Events,
            Presence::Visit => Source::Visits,
        })
    }

    fn source_of_events(&self, metric: Metric) -> Result<Source, QueryError> {
        match metric.info().needs {
            Needs::Events if !self.visits => Ok(Source::Events),
            Needs::Events | Needs::EventsInVisits => Ok(Source::EventsInVisits),
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

fn is_page(field: &Field) -> bool {
    field.name == "event:page"
}

#[cfg(test)]
mod tests;
