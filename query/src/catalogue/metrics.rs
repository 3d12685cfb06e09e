//! The metrics, one row each.

use serde::Serialize;

/// A metric. Its row in [`METRICS`] stands at the same place.
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
}

/// The rows a formula is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// `v_traffic`, one row per minute.
    Traffic,
    /// `v_uniques`, one row per day, week or month.
    Uniques,
    /// `v_sessions`, one row per visit, called `s`.
    Visits,
    /// `events` called `e`, without engagement events.
    Events,
    /// `e`, each with its visit `s`; `s.visit` is a number of 64 bits for the visit, as exact as
    /// `visitor` is for the person.
    EventsInVisits,
}

/// What a group must hold for the metric to have something to say about it. A group without is not
/// in the answer, whichever basis answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Event,
    Visit,
}

/// What a metric is computed over where the question names an event's attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// The events themselves.
    Events,
    /// The events, each with the visit it belongs to.
    EventsInVisits,
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
    /// Whether no answer can be given without dimensions.
    pub of_a_group: bool,
    pub synonyms: &'static [&'static str],
    pub presence: Presence,
    pub needs: Needs,
    /// The formula over each basis that has one. Formulas name columns only, never values.
    #[serde(skip)]
    pub formulas: &'static [(Basis, &'static str)],
}

impl Metric {
    /// The metric's row.
    pub fn info(self) -> &'static MetricInfo {
        &METRICS[self as usize]
    }

    /// The metric's name in requests.
    pub fn name(self) -> &'static str {
        self.info().name
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

/// Every metric, in the order of [`Metric`].
pub const METRICS: &[MetricInfo] = &[
    MetricInfo {
        metric: Metric::Visitors,
        name: "visitors",
        meaning: "People with at least one event in the range, each counted once. With dimensions or filters \
                  of a visit: people with a matching visit that began in the range.",
        unit: Unit::People,
        whole: true,
        of_a_group: false,
        synonyms: &["unique_visitors", "uniques", "users", "people"],
        presence: Presence::Event,
        needs: Needs::Events,
        formulas: &[
            (Basis::Traffic, "sum(visitors)"),
            (Basis::Uniques, "sum(visitors)"),
            (Basis::Visits, "uniqExact(s.visitor)"),
            (Basis::Events, "uniqExact(e.visitor)"),
            (Basis::EventsInVisits, "uniqExact(e.visitor)"),
        ],
    },
    MetricInfo {
        metric: Metric::Visits,
        name: "visits",
        meaning: "Visits that began in the range. With dimensions or filters of an event: visits with at \
                  least one matching event in the range.",
        unit: Unit::Visits,
        whole: true,
        of_a_group: false,
        synonyms: &["sessions"],
        presence: Presence::Visit,
        needs: Needs::EventsInVisits,
        formulas: &[
            (Basis::Traffic, "sum(sessions)"),
            (Basis::Visits, "count()"),
            (Basis::EventsInVisits, "uniqExact(s.visit)"),
        ],
    },
    MetricInfo {
        metric: Metric::Pageviews,
        name: "pageviews",
        meaning: "Page views in the range. With dimensions or filters of a visit: page views of matching \
                  visits that began in the range.",
        unit: Unit::Events,
        whole: true,
        of_a_group: false,
        synonyms: &["page_views", "views", "hits"],
        presence: Presence::Event,
        needs: Needs::Events,
        formulas: &[
            (Basis::Traffic, "sum(pageviews)"),
            (Basis::Visits, "sum(s.pageviews)"),
            (Basis::Events, "countIf(e.name = 'pageview')"),
            (Basis::EventsInVisits, "countIf(e.name = 'pageview')"),
        ],
    },
    MetricInfo {
        metric: Metric::Events,
        name: "events",
        meaning: "Page views and custom events in the range; engagement events do not count. With dimensions \
                  or filters of a visit: events of matching visits that began in the range.",
        unit: Unit::Events,
        whole: true,
        of_a_group: false,
        synonyms: &["event_count", "actions"],
        presence: Presence::Event,
        needs: Needs::Events,
        formulas: &[
            (Basis::Traffic, "sum(events)"),
            (Basis::Visits, "sum(s.events)"),
            (Basis::Events, "count()"),
            (Basis::EventsInVisits, "count()"),
        ],
    },
    MetricInfo {
        metric: Metric::BounceRate,
        name: "bounce_rate",
        meaning: "Visits with at most one interactive event, as a percentage of all visits. By page: of the \
                  visits that began on it.",
        unit: Unit::Percent,
        whole: true,
        of_a_group: false,
        synonyms: &["bounces", "bounce"],
        presence: Presence::Visit,
        needs: Needs::WholeVisits,
        formulas: &[
            (Basis::Traffic, "ifNotFinite(round(100 * sum(bounces) / sum(sessions)), 0)"),
            (Basis::Visits, "ifNotFinite(round(100 * sum(s.bounce) / count()), 0)"),
        ],
    },
    MetricInfo {
        metric: Metric::VisitDuration,
        name: "visit_duration",
        meaning: "Mean time from the first to the last event of a visit. By page: of the visits that began \
                  on it.",
        unit: Unit::Seconds,
        whole: true,
        of_a_group: false,
        synonyms: &["session_duration", "duration"],
        presence: Presence::Visit,
        needs: Needs::WholeVisits,
        formulas: &[
            (Basis::Traffic, "ifNotFinite(round(sum(duration_ms) / 1000 / sum(sessions)), 0)"),
            (Basis::Visits, "ifNotFinite(round(sum(s.duration_ms) / 1000 / count()), 0)"),
        ],
    },
    MetricInfo {
        metric: Metric::ViewsPerVisit,
        name: "views_per_visit",
        meaning: "Page views divided by visits. By page: of the visits that began on it.",
        unit: Unit::EventsPerVisit,
        whole: false,
        of_a_group: false,
        synonyms: &["pages_per_visit", "pages_per_session"],
        presence: Presence::Visit,
        needs: Needs::WholeVisits,
        formulas: &[
            (Basis::Traffic, "ifNotFinite(round(sum(pageviews) / sum(sessions), 2), 0)"),
            (Basis::Visits, "ifNotFinite(round(sum(s.pageviews) / count(), 2), 0)"),
        ],
    },
    MetricInfo {
        metric: Metric::Percentage,
        name: "percentage",
        meaning: "The group's visitors as a percentage of all visitors that match the filters.",
        unit: Unit::Percent,
        whole: false,
        of_a_group: true,
        synonyms: &["share", "percent"],
        presence: Presence::Event,
        needs: Needs::Events,
        formulas: &[],
    },
];
