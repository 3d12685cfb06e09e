//! What the metrics of the query API, and those of a site's own, are made of where rules watch them: series
//! of the dataflow where the whole site is meant, counts of events or visits where some of the traffic is.

use std::cell::RefCell;

use opentrace_alerts::rule::{Measure, Part, RuleError};
use opentrace_alerts::series::SeriesId;
use opentrace_events::define::{Attribute, Comparison, Condition, Operator, VisitColumn};
use opentrace_events::model::PAGEVIEW;
use opentrace_events::{SiteId, money};
use opentrace_query::catalogue::{self, Metric};
use opentrace_query::measure::{Aggregate, Kind, Over, Value as Measured};
use opentrace_query::{Dimension, Filter, QueryError, Vocabulary};

use super::asked::dimension;
use super::tally::{By, Counted, Engaged, Tallies, What};
use super::visits::OfVisits;

#[cfg(test)]
mod tests;

/// Fixed-point units of money, and millionths, in one.
const MONEY: f64 = 1.0 / money::SCALE as f64;
const MILLIONTH: f64 = 1e-6;

/// Metrics that are a number of the site as a whole.
fn whole(metric: Metric) -> Option<Measure> {
    let (visits, people) = (Part::sum(SeriesId::VISITS), Part::people(SeriesId::VISITORS));
    let revenue = Part::sum(SeriesId::REVENUE).scaled(MONEY);
    Some(match metric {
        Metric::Visitors => Measure::of(people),
        Metric::Visits => Measure::of(visits),
        Metric::Pageviews => Measure::sum(SeriesId::PAGEVIEWS),
        Metric::Events => Measure::sum(SeriesId::EVENTS),
        Metric::BounceRate => Measure::ratio(Part::sum(SeriesId::BOUNCES), visits, 100.0),
        Metric::VisitDuration => Measure::ratio(Part::sum(SeriesId::DURATION).scaled(1e-3), visits, 1.0),
        Metric::ViewsPerVisit => Measure::ratio(Part::sum(SeriesId::PAGEVIEWS), visits, 1.0),
        Metric::TotalRevenue => Measure::of(revenue),
        Metric::EventsPerVisitor => Measure::ratio(Part::sum(SeriesId::EVENTS), people, 1.0),
        _ => return None,
    })
}

/// What a rule asks for of a site: of all its traffic, or of some.
pub(super) struct Asking<'a, 't> {
    pub(super) site: SiteId,
    /// Where the metric was named.
    pub(super) field: &'a str,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) filters: Vec<Filter>,
    /// As the rule names it.
    pub(super) group_by: Option<&'a str>,
    pub(super) tallies: &'a RefCell<&'t mut Tallies>,
}

impl Asking<'_, '_> {
    /// A metric by its name.
    pub(super) fn metric(&self, name: &str) -> Result<Measure, RuleError> {
        // Of rules alone: it is revenue by visits, of which queries have both.
        if name == "revenue_per_visit" {
            return self.revenue_per_visit();
        }
        let name = if name == "revenue" { "total_revenue" } else { name };
        match (catalogue::metric(name), self.vocabulary.measure(name)) {
            (Some(metric), _) => self.known(metric),
            (None, Some(measure)) => self.own(&measure.value),
            (None, None) => {
                let names = catalogue::METRICS.iter().map(|info| info.name).collect::<Vec<_>>().join(", ");
                Err(RuleError::new(self.field, format!("`{name}` cannot be watched")).hint(format!(
                    "one of {names}, revenue_per_visit, a metric of the site's own, a measure of a property such \
                     as sum:event:props:seats, or a series of your own by `query`"
                )))
            }
        }
    }

    fn known(&self, metric: Metric) -> Result<Measure, RuleError> {
        let plain = self.filters.is_empty() && self.group_by.is_none();
        if let (true, Some(measure)) = (plain, whole(metric)) {
            return Ok(measure);
        }
        if self.is_of_visits(metric) {
            return self.of_visits(metric);
        }
        Ok(match metric {
            Metric::Visitors => Measure::of(self.people()?),
            Metric::Pageviews => Measure::sum(self.count_also(What::Events, Some(named(PAGEVIEW)))?),
            Metric::Events => Measure::sum(self.count(What::Events)?),
            Metric::TotalRevenue => Measure::of(self.revenue()?),
            Metric::AverageRevenue => {
                Measure::ratio(self.revenue()?, Part::sum(self.count(What::Paid)?), 1.0)
            }
            Metric::EventsPerVisitor => {
                Measure::ratio(Part::sum(self.count(What::Events)?), self.people()?, 1.0)
            }
            Metric::Percentage => self.percentage()?,
            Metric::ConversionRate => self.conversion_rate(false)?,
            Metric::GroupConversionRate => self.conversion_rate(true)?,
            Metric::TimeOnPage => self.engagement(
                metric,
                Part::sum(self.engaged(Engaged::Time)?).scaled(1e-3),
                Part::people(self.engaged(Engaged::People)?),
            )?,
            Metric::ScrollDepth => self.engagement(
                metric,
                Part { additive: false, ..Part::sum(self.engaged(Engaged::Depth)?) },
                Part::people(self.engaged(Engaged::Scrolled)?),
            )?,
            Metric::Visits | Metric::BounceRate | Metric::VisitDuration | Metric::ViewsPerVisit => {
                self.of_visits(metric)?
            }
            Metric::Custom(_) => return Err(RuleError::new(self.field, "cannot be watched")),
        })
    }

    /// Whether a metric is of whole visits here.
    fn is_of_visits(&self, metric: Metric) -> bool {
        matches!(metric, Metric::Visits | Metric::BounceRate | Metric::VisitDuration | Metric::ViewsPerVisit)
            || self.names_what_visits_have()
    }

    fn names_what_visits_have(&self) -> bool {
        opentrace_query::needs_visits(&self.filters, self.group_by.map(dimension).as_deref())
    }

    /// A metric of visits that are so, each in the minute in which it began.
    fn of_visits(&self, metric: Metric) -> Result<Measure, RuleError> {
        let count = |what| self.visits(what).map(Part::sum);
        let per_visit = |of: Part, scale| Ok(Measure::ratio(of, count(OfVisits::Visits)?, scale));
        match metric {
            Metric::Visits => Ok(Measure::of(count(OfVisits::Visits)?)),
            Metric::Pageviews => Ok(Measure::of(count(OfVisits::Pageviews)?)),
            Metric::Events => Ok(Measure::of(count(OfVisits::Events)?)),
            Metric::TotalRevenue => Ok(Measure::of(count(OfVisits::Revenue)?.scaled(MONEY))),
            Metric::BounceRate => per_visit(count(OfVisits::Bounces)?, 100.0),
            Metric::VisitDuration => per_visit(count(OfVisits::Duration)?.scaled(1e-3), 1.0),
            Metric::ViewsPerVisit => per_visit(count(OfVisits::Pageviews)?, 1.0),
            other => Err(self.not_of_visits(other.name())),
        }
    }

    fn revenue_per_visit(&self) -> Result<Measure, RuleError> {
        if self.filters.is_empty() && self.group_by.is_none() {
            let revenue = Part::sum(SeriesId::REVENUE).scaled(MONEY);
            return Ok(Measure::ratio(revenue, Part::sum(SeriesId::VISITS), 1.0));
        }
        let revenue = Part::sum(self.visits(OfVisits::Revenue)?).scaled(MONEY);
        Ok(Measure::ratio(revenue, Part::sum(self.visits(OfVisits::Visits)?), 1.0))
    }

    fn not_of_visits(&self, metric: &str) -> RuleError {
        let reason = format!("`{metric}` cannot be watched by the page that a visit began or ended on");
        RuleError::new(self.field, reason).hint(
            "use visits, pageviews, events, total_revenue, bounce_rate, visit_duration or views_per_visit",
        )
    }

    /// A measure of one's own: a sum, a number of events or people, a mean, or the ratio of two of them.
    fn own(&self, measured: &Measured) -> Result<Measure, RuleError> {
        if self.names_what_visits_have() {
            return Err(self.not_of_visits("a measure of events"));
        }
        match measured {
            Measured::Of(Over { kind: Kind::Property(Aggregate::Average, key), filters }) => {
                let sum = Part::sum(self.count_where(What::Sum(key.clone()), filters)?).scaled(MILLIONTH);
                let numbers = Part::sum(self.count_where(What::Numbers(key.clone()), filters)?);
                Ok(Measure::ratio(sum, numbers, 1.0))
            }
            Measured::Of(over) => Ok(Measure::of(self.part(over)?)),
            Measured::Ratio(of, by) => Ok(Measure::ratio(self.part(of)?, self.part(by)?, 1.0)),
        }
    }

    fn part(&self, over: &Over) -> Result<Part, RuleError> {
        let what = |what| self.count_where(what, &over.filters);
        let refused = |reason: &str, hint: &str| Err(RuleError::new(self.field, reason).hint(hint));
        match &over.kind {
            Kind::Events => Ok(Part::sum(what(What::Events)?)),
            Kind::Visitors => Ok(Part::people(what(What::People)?)),
            Kind::Revenue => Ok(Part::sum(what(What::Revenue)?).scaled(MONEY)),
            Kind::Property(Aggregate::Sum, key) => {
                Ok(Part::sum(what(What::Sum(key.clone()))?).scaled(MILLIONTH))
            }
            Kind::Property(Aggregate::Average, _) => refused(
                "a mean cannot be part of a ratio that is watched",
                "divide the sum, or watch the mean by itself",
            ),
            Kind::Property(Aggregate::Min | Aggregate::Max, _) => refused(
                "the least and the greatest value cannot be watched: what was erased may have been it",
                "use a sum, a count, an average or a ratio of sums and counts",
            ),
            Kind::Property(Aggregate::Percentile(_), _) => refused(
                "a percentile cannot be watched: those of minutes do not make the one of a window",
                "use an average, or the share of events that are so: a ratio of two counts, one with a filter",
            ),
        }
    }

    /// The part, in percent, of all people that each value of the dimension has.
    fn percentage(&self) -> Result<Measure, RuleError> {
        if self.group_by.is_none() {
            return Err(RuleError::new("group_by", "is missing")
                .hint("`percentage` is the part of all visitors that each value of a dimension has"));
        }
        let everybody = Part { across: true, ..Part::people(self.series(What::People, &[], None, None)?) };
        Ok(Measure::ratio(self.people()?, everybody, 100.0))
    }

    /// The part, in percent, of the people whom the filters mean that are not about goals and properties: of
    /// all of them, or of those of each value of the dimension.
    fn conversion_rate(&self, of_each: bool) -> Result<Measure, RuleError> {
        let is_goal = |dimension: &Dimension| dimension.is_goal() || dimension.name() == "event:name";
        let by_goal = self.group_by.map(dimension).is_some_and(|by| by == "event:goal" || by == "event:name");
        if !by_goal && !self.filters.iter().any(|filter| filter.mentions(is_goal)) {
            let reason = "`conversion_rate` needs to know what converting is";
            return Err(RuleError::new(self.field, reason)
                .hint(r#"add a filter such as ["is", "event:goal", ["signup"]]"#));
        }
        let about_goals =
            |dimension: &Dimension| is_goal(dimension) || matches!(dimension, Dimension::Property(_));
        let mut others = self.filters.clone();
        others.retain(|filter| !filter.mentions(about_goals));
        let everybody = Asking { filters: others, ..*self };
        let divisor = match of_each && !by_goal {
            true => everybody.people()?,
            false => {
                let series = everybody.series(What::People, &[], None, None)?;
                Part { across: self.group_by.is_some(), ..Part::people(series) }
            }
        };
        Ok(Measure::ratio(self.people()?, divisor, 100.0))
    }

    /// What engagement events tell of a page.
    fn engagement(&self, metric: Metric, of: Part, by: Part) -> Result<Measure, RuleError> {
        let page = |dimension: &Dimension| dimension.name() == "event:page";
        let by_page = self.group_by.map(dimension).is_some_and(|by| by == "event:page");
        if by_page || self.filters.iter().any(|filter| filter.mentions(page)) {
            return Ok(Measure::ratio(of, by, 1.0));
        }
        Err(RuleError::new(self.field, format!("`{}` is of pages", metric.name()))
            .hint(r#"group by page, or add a filter such as ["is", "event:page", ["/"]]"#))
    }

    fn people(&self) -> Result<Part, RuleError> {
        self.count(What::People).map(Part::people)
    }

    fn revenue(&self) -> Result<Part, RuleError> {
        Ok(Part::sum(self.count(What::Revenue)?).scaled(MONEY))
    }

    fn engaged(&self, what: Engaged) -> Result<SeriesId, RuleError> {
        self.count(What::Engaged(what))
    }

    fn count(&self, what: What) -> Result<SeriesId, RuleError> {
        self.count_also(what, None)
    }

    /// Of events that meet another condition, too.
    pub(super) fn count_also(&self, what: What, also: Option<Condition>) -> Result<SeriesId, RuleError> {
        self.series(what, &[], also, self.by()?)
    }

    /// Of events that meet the filters of a measure, too.
    fn count_where(&self, what: What, filters: &[Filter]) -> Result<SeriesId, RuleError> {
        self.series(what, filters, None, self.by()?)
    }

    fn series(
        &self,
        what: What,
        filters: &[Filter],
        also: Option<Condition>,
        by: Option<By>,
    ) -> Result<SeriesId, RuleError> {
        let goals = &self.vocabulary.goals;
        let mut all: Vec<Condition> = also.into_iter().collect();
        for (filters, field) in [(filters, self.field), (&self.filters, "filters")] {
            if !filters.is_empty() {
                all.push(opentrace_query::events(filters, field, goals).map_err(refused)?);
            }
        }
        let condition = if all.len() == 1 { all.remove(0) } else { Condition::And(all) };
        self.counted(&Counted { site: self.site, condition, what, by })
    }

    fn visits(&self, what: OfVisits) -> Result<SeriesId, RuleError> {
        let condition = opentrace_query::visits(&self.filters, "filters").map_err(refused)?;
        let by = self.group_by.map(dimension);
        let by =
            by.map(|by| opentrace_query::visit_attribute(&by, "group_by")).transpose().map_err(refused)?;
        let (what, by) = (What::Visits(what), by.map(By::Attribute));
        self.counted(&Counted { site: self.site, condition, what, by })
    }

    fn counted(&self, counted: &Counted) -> Result<SeriesId, RuleError> {
        let series = self.tallies.borrow_mut().series(counted);
        series.map_err(|error| RuleError::new("filters", error.to_string()))
    }

    /// What events are divided by: a dimension by its name in the query API, or by its last part where that
    /// says enough.
    fn by(&self) -> Result<Option<By>, RuleError> {
        let Some(name) = self.group_by else { return Ok(None) };
        let unknown = || {
            RuleError::new("group_by", format!("`{name}` cannot be grouped by in a rule")).hint(
                "use event:page, event:name, event:goal, event:props:NAME or where the visitor came from, such as visit:country",
            )
        };
        if let Some(key) = name.strip_prefix(catalogue::PROPERTY).filter(|key| !key.is_empty()) {
            return Ok(Some(By::Attribute(Attribute::Property(key.to_owned()))));
        }
        let full = dimension(name);
        Ok(Some(match &*full {
            "event:name" => By::Attribute(Attribute::Name),
            "event:page" => By::Attribute(Attribute::Path),
            "event:goal" => {
                let goals = &self.vocabulary.goals;
                By::Goals(opentrace_query::goals(&self.filters, "filters", goals).map_err(refused)?)
            }
            _ => {
                // What is known of a person, or the name of a place, is not what an event came with.
                let field =
                    catalogue::field(&full).filter(|field| field.people.is_none() && field.places.is_none());
                let column = field.and_then(|field| VisitColumn::of_column(field.column));
                By::Attribute(Attribute::Visit(column.ok_or_else(unknown)?))
            }
        }))
    }
}

/// That an event has a name.
pub(super) fn named(name: &str) -> Condition {
    Condition::Where(Comparison {
        attribute: Attribute::Name,
        operator: Operator::Is,
        negated: false,
        values: vec![name.to_owned()],
        case_sensitive: true,
        empty: String::new(),
    })
}

pub(super) fn refused(error: QueryError) -> RuleError {
    let field = error.field().map_or_else(|| "filters".to_owned(), ToString::to_string);
    let wrong = RuleError::new(field, error.to_string());
    match error.hint() {
        Some(hint) => wrong.hint(hint),
        None => wrong,
    }
}
