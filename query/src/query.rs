//! The typed question. Whatever asks (a request, a tile, an alert rule, a sentence) becomes this.

use jiff::civil;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::catalogue::{Field, Grain, Metric, PROPERTY};
use crate::filter::Filter;
use crate::limits;
use crate::measure::Measure;

/// A question about one site. Serialises to the request that [`crate::parse`] reads it from.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The site's domain.
    pub site_id: String,
    /// At least one, none twice.
    pub metrics: Vec<Metric>,
    pub date_range: DateRange,
    /// None twice, at most one of them time.
    pub dimensions: Vec<Dimension>,
    /// All of them have to hold.
    pub filters: Vec<Filter>,
    /// Empty for the default order, see [`Query::order`].
    pub order_by: Vec<OrderBy>,
    pub include: Include,
    pub pagination: Pagination,
    /// The range to compare with.
    pub compare: Option<Compare>,
    /// What [`Metric::Custom`] measures, by its place.
    pub measures: Vec<Measure>,
}

impl Default for Query {
    /// Visitors of the last week; of a site that has no name.
    fn default() -> Self {
        Self {
            site_id: String::new(),
            metrics: vec![Metric::Visitors],
            date_range: DateRange::LastDays(7),
            dimensions: Vec::new(),
            filters: Vec::new(),
            order_by: Vec::new(),
            include: Include::default(),
            pagination: Pagination::default(),
            compare: None,
            measures: Vec::new(),
        }
    }
}

/// The range that an answer is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Compare {
    /// As long, and ends where the range begins.
    PreviousPeriod,
    /// The same days a year before.
    YearOverYear,
    /// Any other.
    Custom(DateRange),
}

/// The time asked about, before a clock and a time zone make it two instants.
#[derive(Clone, Debug, PartialEq)]
pub enum DateRange {
    /// Today.
    Day,
    /// The 24 hours before now.
    Last24Hours,
    /// This many days, today the last of them.
    LastDays(u16),
    /// The current month.
    Month,
    /// This many months, the current one the last of them.
    LastMonths(u16),
    /// The current year.
    Year,
    /// From the first event to the end of today.
    All,
    /// From the first day to the last, both whole.
    Dates(civil::Date, civil::Date),
    /// From one second to another, both within.
    Moments(Moment, Moment),
}

/// A point in time as it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// With an offset from UTC.
    Instant(jiff::Timestamp),
    /// On the site's clock.
    Local(civil::DateTime),
}

/// What an answer is grouped by.
#[derive(Clone, Debug)]
pub enum Dimension {
    /// `time`: the grain follows from the length of the range.
    Time,
    Bucket(Grain),
    Field(&'static Field),
    /// A property of events, by its key.
    Property(String),
}

/// What an answer is ordered by.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    Metric(Metric),
    Dimension(Dimension),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Asc,
    Desc,
}

/// One criterion of an order; later ones decide where earlier ones tie.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBy {
    pub subject: Subject,
    pub direction: Direction,
}

/// What the answer's `meta` should say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Include {
    /// Every bucket of the time dimension, also those without events.
    #[serde(skip_serializing_if = "is_false")]
    pub time_labels: bool,
    /// How many rows there are before pagination.
    #[serde(skip_serializing_if = "is_false")]
    pub total_rows: bool,
    /// Accepted for compatibility: imported events are events like any other and always included.
    #[serde(skip_serializing_if = "is_false")]
    pub imports: bool,
    /// Which views and tables answered.
    #[serde(skip_serializing_if = "is_false")]
    pub source: bool,
    /// How the answer came about: every statement, why it reads what it reads, and how long it took.
    #[serde(skip_serializing_if = "is_false")]
    pub explain: bool,
    /// The buckets that are not whole: the range cuts them, or they are not over yet.
    #[serde(skip_serializing_if = "is_false")]
    pub partial_time_labels: bool,
    /// The newest epoch that is in the answer.
    #[serde(skip_serializing_if = "is_false")]
    pub epoch: bool,
    /// The buckets of the range in which something changed after this epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_since: Option<u64>,
}

/// A page of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pagination {
    pub limit: u64,
    pub offset: u64,
}

impl Default for Pagination {
    fn default() -> Self {
        Self { limit: limits::PAGE, offset: 0 }
    }
}

impl Query {
    /// What a metric is called in requests.
    pub fn metric_name(&self, metric: Metric) -> &str {
        match metric {
            Metric::Custom(place) => {
                self.measures.get(usize::from(place)).map_or("", |measure| &measure.name)
            }
            known => known.name(),
        }
    }

    /// Whether a model has a say in the answer, which says something else when it is trained anew and
    /// tells nobody.
    pub fn is_of_models(&self) -> bool {
        let of_model = |dimension: &Dimension| {
            dimension.field().and_then(|field| field.people).is_some_and(|people| !people.is_of_epochs())
        };
        self.dimensions.iter().any(of_model) || self.filters.iter().any(|filter| filter.mentions(of_model))
    }

    /// What the metrics are called, in their order.
    pub fn metric_names(&self) -> Vec<&str> {
        self.metrics.iter().map(|metric| self.metric_name(*metric)).collect()
    }

    /// The order of the answer: the one asked for, or time ascending and then the first metric
    /// descending. Rows that still tie are ordered by their dimensions.
    pub fn order(&self) -> Vec<OrderBy> {
        if !self.order_by.is_empty() {
            return self.order_by.clone();
        }
        let time = self.dimensions.iter().find(|dimension| dimension.is_time());
        let time = time.map(|dimension| OrderBy {
            subject: Subject::Dimension(dimension.clone()),
            direction: Direction::Asc,
        });
        let metric = self
            .metrics
            .first()
            .map(|metric| OrderBy { subject: Subject::Metric(*metric), direction: Direction::Desc });
        time.into_iter().chain(metric).collect()
    }
}

impl Dimension {
    /// The dimension's name in requests.
    pub fn name(&self) -> String {
        match self {
            Self::Time => "time".to_owned(),
            Self::Bucket(grain) => grain.name().to_owned(),
            Self::Field(field) => field.name.to_owned(),
            Self::Property(key) => format!("{PROPERTY}{key}"),
        }
    }

    /// Whether the dimension is time.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Time | Self::Bucket(_))
    }
}

impl PartialEq for Dimension {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Time, Self::Time) => true,
            (Self::Bucket(a), Self::Bucket(b)) => a == b,
            (Self::Field(a), Self::Field(b)) => a.name == b.name,
            (Self::Property(a), Self::Property(b)) => a == b,
            _ => false,
        }
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Dimension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl OrderBy {
    /// As requests write it.
    pub fn written(&self, query: &Query) -> (String, Direction) {
        let name = match &self.subject {
            Subject::Metric(metric) => query.metric_name(*metric).to_owned(),
            Subject::Dimension(dimension) => dimension.name(),
        };
        (name, self.direction)
    }
}

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("site_id", &self.site_id)?;
        map.serialize_entry("metrics", &self.metric_names())?;
        map.serialize_entry("date_range", &self.date_range)?;
        map.serialize_entry("dimensions", &self.dimensions)?;
        map.serialize_entry("filters", &self.filters)?;
        let order: Vec<_> = self.order_by.iter().map(|by| by.written(self)).collect();
        map.serialize_entry("order_by", &order)?;
        map.serialize_entry("include", &self.include)?;
        map.serialize_entry("pagination", &self.pagination)?;
        if let Some(compare) = &self.compare {
            map.serialize_entry("compare", compare)?;
        }
        map.end()
    }
}

impl Serialize for Compare {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::PreviousPeriod => serializer.serialize_str("previous_period"),
            Self::YearOverYear => serializer.serialize_str("year_over_year"),
            Self::Custom(range) => range.serialize(serializer),
        }
    }
}

impl Serialize for DateRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Day => serializer.serialize_str("day"),
            Self::Last24Hours => serializer.serialize_str("24h"),
            Self::LastDays(days) => serializer.collect_str(&format_args!("{days}d")),
            Self::Month => serializer.serialize_str("month"),
            Self::LastMonths(months) => serializer.collect_str(&format_args!("{months}mo")),
            Self::Year => serializer.serialize_str("year"),
            Self::All => serializer.serialize_str("all"),
            Self::Dates(first, last) => [first, last].serialize(serializer),
            Self::Moments(first, last) => [first, last].serialize(serializer),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Instant(instant) => serializer.collect_str(instant),
            Self::Local(local) => serializer.collect_str(local),
        }
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::And(inner) => ("and", inner).serialize(serializer),
            Self::Or(inner) => ("or", inner).serialize(serializer),
            Self::Not(inner) => match inner.as_ref() {
                Self::Done(inner) => ("has_not_done", inner).serialize(serializer),
                inner => ("not", inner).serialize(serializer),
            },
            Self::Done(inner) => ("has_done", inner).serialize(serializer),
            Self::Where(condition) => {
                let parts = if condition.case_sensitive { 3 } else { 4 };
                let mut list = serializer.serialize_seq(Some(parts))?;
                list.serialize_element(condition.operator.name(condition.negated))?;
                list.serialize_element(&condition.dimension)?;
                list.serialize_element(&condition.values)?;
                if !condition.case_sensitive {
                    list.serialize_element(&CaseInsensitive)?;
                }
                list.end()
            }
        }
    }
}

/// The modifier of a condition that takes upper and lower case as the same.
struct CaseInsensitive;

impl Serialize for CaseInsensitive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("case_sensitive", &false)?;
        map.end()
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}
