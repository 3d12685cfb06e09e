//! The metrics, one row each.

use serde::Serialize;

/// A metric: one of the catalogue, each with a row in [`METRICS`], or one that the query defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    Visitors,
    Visits,
    Pageviews,
    Events,
    BounceRate,
    VisitDuration,
    ViewsPerVisit,
    Percentage,
    EventsPerVisitor,
    ConversionRate,
    GroupConversionRate,
    TotalRevenue,
    AverageRevenue,
    ScrollDepth,
    TimeOnPage,
    /// The query's own measure at this place, see [`crate::Query::measures`].
    Custom(u8),
}

/// What a value counts or measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    People,
    Visits,
    Events,
    Percent,
    Seconds,
    EventsPerVisit,
    EventsPerVisitor,
    /// Fixed point in the site's currency; answers write it as an object.
    Revenue,
    /// Whatever the measure's property counts.
    Number,
}

/// The rows a formula is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// `v_traffic`, one row per minute.
    Traffic,
    /// `v_uniques`, one row per day, week or month.
    Uniques,
    /// `v_breakdowns`, one row per day and value, of people or pages. `{since}` stands for the first day of a
    /// person in the group.
    Days,
    /// The same, of what visits began with.
    DaysOfVisits,
    /// `v_sessions`, one row per visit, called `s`.
    Visits,
    /// `events` called `e`, without engagement events.
    Events,
    /// `e`, each with its visit `s`; `s.visit` is a number of 64 bits for the visit, as exact as
    /// `visitor` is for the person.
    EventsInVisits,
    /// Visits with the time and the scroll depth that engagement events told of each, called `g`.
    Engagement,
}

/// What a group must hold for the metric to have something to say about it. A group without is not
/// in the answer, whichever basis answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Event,
    Visit,
    /// Nothing: groups are made by the other metrics, and only where there are none by this one.
    Engagement,
}

/// What a question must name so that the metric means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Requires {
    Nothing,
    /// A dimension.
    Dimension,
    /// `event:page`, as dimension or filter.
    Page,
    /// `event:goal`, as dimension or filter.
    Goal,
}

/// What a metric is computed over where the question names an event's attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// The events themselves.
    Events,
    /// The events, each with the visit it belongs to.
    EventsInVisits,
    /// Events about engagement, which count as nothing else, each with the visit it belongs to.
    Engagement,
    /// Whole visits, each counted once: an event's attribute means nothing to them, except the page
    /// (and its host) on which they began.
    WholeVisits,
}

/// What there is to know about a metric.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MetricInfo {
    #[serde(skip)]
    pub metric: Metric,
    pub name: &'static str,
    pub meaning: &'static str,
    pub unit: Unit,
    /// Whether values are whole numbers.
    pub whole: bool,
    /// Whether there may be no value at all: a mean of nothing is null, not nought.
    pub nullable: bool,
    pub requires: Requires,
    pub synonyms: &'static [&'static str],
    pub presence: Presence,
    pub needs: Needs,
    /// The formula over each basis that has one. Formulas name columns only, never values;
    /// `{currency}` stands for the site's.
    #[serde(skip)]
    pub formulas: &'static [(Basis, &'static str)],
}

impl Metric {
    /// The metric's row.
    pub fn info(self) -> &'static MetricInfo {
        METRICS.iter().find(|info| info.metric == self).unwrap_or(&CUSTOM)
    }

    /// The metric's name in requests.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// What a group has that the metric says nothing about.
    pub(crate) fn absent(self) -> f64 {
        if self.info().nullable { f64::NAN } else { 0.0 }
    }

    /// The SQL that computes the metric over `basis`, where it can be.
    pub fn formula(self, basis: Basis) -> Option<&'static str> {
        self.info().formulas.iter().find(|(over, _)| *over == basis).map(|(_, formula)| *formula)
    }
}

/// The metric of this name.
pub fn metric(name: &str) -> Option<Metric> {
    METRICS.iter().find(|info| info.name == name).map(|info| info.metric)
}

/// What rows have in common.
const BASE: MetricInfo = MetricInfo {
    metric: Metric::Events,
    name: "",
    meaning: "",
    unit: Unit::Number,
    whole: false,
    nullable: false,
    requires: Requires::Nothing,
    synonyms: &[],
    presence: Presence::Event,
    needs: Needs::Events,
    formulas: &[],
};

/// The row of every measure that a query defines itself.
const CUSTOM: MetricInfo = MetricInfo {
    metric: Metric::Custom(0),
    name: "measure",
    meaning: "A measure that the query or the site defines.",
    nullable: true,
    ..BASE
};

/// Every metric, in the order of [`Metric`].
pub const METRICS: &[MetricInfo] = &[
    MetricInfo {
        metric: Metric::Visitors,
        name: "visitors",
        meaning: "People with at least one event in the range, each counted once. With dimensions or filters \
                  of a visit: people with a matching visit that began in the range.",
        unit: Unit::People,
        whole: true,
        synonyms: &["unique_visitors", "uniques", "users", "people"],
        presence: Presence::Event,
        needs: Needs::Events,
        formulas: &[
            (Basis::Traffic, "sum(visitors)"),
            (Basis::Uniques, "sum(visitors)"),
            (Basis::Days, NEW_VISITORS),
            (Basis::DaysOfVisits, NEW_VISITORS),
            (Basis::Visits, "uniqExact(s.visitor)"),
            (Basis::Events, "uniqExact(e.visitor)"),
            (Basis::EventsInVisits, "uniqExact(e.visitor)"),
        ],
        ..BASE
    },
    MetricInfo {
        metric: Metric::Visits,
        name: "visits",
        meaning: "Visits that began in the range. With dimensions or filters of an event: visits with at \
                  least one matching event in the range.",
        unit: Unit::Visits,
        whole: true,
        synonyms: &["sessions"],
        presence: Presence::Visit,
        needs: Needs::EventsInVisits,
        formulas: &[
            (Basis::Traffic, "sum(sessions)"),
            (Basis::DaysOfVisits, "sum(visits)"),
            (Basis::Visits, "count()"),
            (Basis::EventsInVisits, "uniqExact(s.visit)"),
        ],
        ..BASE
    },
    MetricInfo {
        metric: Metric::Pageviews,
        name: "pageviews",
        meaning: "Page views in the range. With dimensions or filters of a visit: page views of matching \
                  visits that began in the range.",
        unit: Unit::Events,
        whole: true,
        synonyms: &["page_views", "views", "hits"],
        presence: Presence::Event,
        needs: Needs::Events,
        formulas: &[
            (Basis::Traffic, "sum(pageviews)"),
            (Basis::Days, "sum(pageviews)"),
            (Basis::DaysOfVisits, "sum(pageviews)"),
            (Basis::Visits, "sum(s.pageviews)"),
            (Basis::Events, "countIf(e.name = 'pageview')"),
            (Basis::EventsInVisits, "countIf(e.name = 'pageview')"),
        ],
        ..BASE
    },
    MetricInfo {
        metric: Metric::Events,
        name: "events",
        meaning: "Page views and custom events in the range; engagement events do not count. With dimensions \
                  or filters of a visit: events of matching visits that began in the range.",
        unit: Unit::Events,
        whole: true,
        synonyms: &["event_count", "actions"],
        presence: Presence::Event,
        needs: Needs::Events,
        formulas: &[
            (Basis::Traffic, "sum(events)"),
            (Basis::Days, "sum(events)"),
            (Basis::DaysOfVisits, "sum(events)"),
            (Basis::Visits, "sum(s.events)"),
            (Basis::Events, "count()"),
            (Basis::EventsInVisits, "count()"),
        ],
        ..BASE
    },
    MetricInfo {
        metric: Metric::BounceRate,
        name: "bounce_rate",
        meaning: "Visits with at most one interactive event, as a percentage of all visits. By page: of the \
                  visits that began on it.",
        unit: Unit::Percent,
        whole: true,
        synonyms: &["bounces", "bounce"],
        presence: Presence::Visit,
        needs: Needs::WholeVisits,
        formulas: &[
            (Basis::Traffic, "ifNotFinite(round(100 * sum(bounces) / sum(sessions)), 0)"),
            (Basis::DaysOfVisits, "ifNotFinite(round(100 * sum(bounces) / sum(visits)), 0)"),
            (Basis::Visits, "ifNotFinite(round(100 * sum(s.bounce) / count()), 0)"),
        ],
        ..BASE
    },
    MetricInfo {
        metric: Metric::VisitDuration,
        name: "visit_duration",
        meaning: "Mean time from the first to the last event of a visit. By page: of the visits that began \
                  on it.",
        unit: Unit::Seconds,
        whole: true,
        synonyms: &["session_duration", "duration"],
        presence: Presence::Visit,
        needs: Needs::WholeVisits,
        formulas: &[
            (Basis::Traffic, "ifNotFinite(round(sum(duration_ms) / 1000 / sum(sessions)), 0)"),
            (Basis::DaysOfVisits, "ifNotFinite(round(sum(duration_ms) / 1000 / sum(visits)), 0)"),
            (Basis::Visits, "ifNotFinite(round(sum(s.duration_ms) / 1000 / count()), 0)"),
        ],
        ..BASE
    },
    MetricInfo {
        metric: Metric::ViewsPerVisit,
        name: "views_per_visit",
        meaning: "Page views divided by visits. By page: of the visits that began on it.",
        unit: Unit::EventsPerVisit,
        synonyms: &["pages_per_visit", "pages_per_session"],
        presence: Presence::Visit,
        needs: Needs::WholeVisits,
        formulas: &[
            (Basis::Traffic, "ifNotFinite(round(sum(pageviews) / sum(sessions), 2), 0)"),
            (Basis::DaysOfVisits, "ifNotFinite(round(sum(pageviews) / sum(visits), 2), 0)"),
            (Basis::Visits, "ifNotFinite(round(sum(s.pageviews) / count(), 2), 0)"),
        ],
        ..BASE
    },
    MetricInfo {
        metric: Metric::Percentage,
        name: "percentage",
        meaning: "The group's visitors as a percentage of all visitors that match the filters.",
        unit: Unit::Percent,
        requires: Requires::Dimension,
        synonyms: &["share", "percent"],
        presence: Presence::Event,
        needs: Needs::Events,
        ..BASE
    },
    MetricInfo {
        metric: Metric::EventsPerVisitor,
        name: "events_per_visitor",
        meaning: "Events divided by visitors.",
        unit: Unit::EventsPerVisitor,
        synonyms: &["events_per_user", "events_per_person"],
        ..BASE
    },
    MetricInfo {
        metric: Metric::ConversionRate,
        name: "conversion_rate",
        meaning: "Visitors of the group who did the goal, as a percentage of all visitors: of those who match \
                  the filters that are not about goals and properties, across all dimensions.",
        unit: Unit::Percent,
        requires: Requires::Goal,
        synonyms: &["conversion", "cr"],
        ..BASE
    },
    MetricInfo {
        metric: Metric::GroupConversionRate,
        name: "group_conversion_rate",
        meaning: "Visitors of the group who did the goal, as a percentage of the group's visitors.",
        unit: Unit::Percent,
        requires: Requires::Goal,
        synonyms: &["conversion_rate_by_group"],
        ..BASE
    },
    MetricInfo {
        metric: Metric::TotalRevenue,
        name: "total_revenue",
        meaning: "Revenue in the site's currency; amounts in other currencies are left out and warned of. With \
                  dimensions or filters of a visit: of matching visits that began in the range.",
        unit: Unit::Revenue,
        synonyms: &["revenue", "sales", "turnover", "income"],
        formulas: &[
            (Basis::Traffic, "sum(revenue)"),
            (Basis::Days, "sum(revenue)"),
            (Basis::DaysOfVisits, "sum(revenue)"),
            (Basis::Visits, "sum(s.revenue)"),
            (Basis::Events, "sumIf(e.revenue, e.currency = {currency})"),
            (Basis::EventsInVisits, "sumIf(e.revenue, e.currency = {currency})"),
        ],
        ..BASE
    },
    MetricInfo {
        metric: Metric::AverageRevenue,
        name: "average_revenue",
        meaning: "Mean revenue of the events that had any, in the site's currency.",
        unit: Unit::Revenue,
        nullable: true,
        synonyms: &["average_order_value", "aov"],
        formulas: &[(Basis::Events, AVERAGE_REVENUE), (Basis::EventsInVisits, AVERAGE_REVENUE)],
        ..BASE
    },
    MetricInfo {
        metric: Metric::ScrollDepth,
        name: "scroll_depth",
        meaning: "How far down the page visits scrolled, in percent of its height: the mean of each visit's \
                  deepest.",
        unit: Unit::Percent,
        whole: true,
        nullable: true,
        requires: Requires::Page,
        synonyms: &["scroll"],
        presence: Presence::Engagement,
        needs: Needs::Engagement,
        formulas: &[(Basis::Engagement, "round(avgIf(g.depth, g.depth > 0))")],
    },
    MetricInfo {
        metric: Metric::TimeOnPage,
        name: "time_on_page",
        meaning: "Mean time a visit looked at the page.",
        unit: Unit::Seconds,
        whole: true,
        nullable: true,
        requires: Requires::Page,
        synonyms: &["engagement_time", "reading_time"],
        presence: Presence::Engagement,
        needs: Needs::Engagement,
        formulas: &[(Basis::Engagement, "round(sum(g.ms) / 1000 / count())")],
    },
];

/// People whose day before lies before what is counted: each on their first day in it.
const NEW_VISITORS: &str = "sumIf(visitors, toInt32(previous) < {since})";

const AVERAGE_REVENUE: &str = "round(sumIf(e.revenue, e.currency = {currency}) \
                               / countIf(e.revenue != 0 AND e.currency = {currency}))";
