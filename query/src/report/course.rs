//! How a metric went: a value for every step of time, nothing left out in between. What models are given.
//!
//! Steps are on the site's clock, whole, and over: the step that is running is not among them. An hour
//! that the clock leaps over has no value, so that every day has as many steps.
//!
//! Wrong when: clocks go back; the hour that comes twice is one step with the sum of both.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use opentrace_events::Timestamp;
use serde::Serialize;

use super::Reporting;
use crate::answer::Answer;
use crate::bucket;
use crate::catalogue::{Grain, Metric, Unit};
use crate::error::QueryError;
use crate::filter::{Condition, Filter, Operator};
use crate::limits;
use crate::measure::Measure;
use crate::query::{DateRange, Dimension, Direction, Include, Moment, OrderBy, Pagination, Query, Subject};
use crate::range::{Range, local};

/// Steps of one series.
pub const STEPS: usize = 20_000;

/// A question about the course of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    pub site_id: String,
    pub date_range: DateRange,
    pub filters: Vec<Filter>,
    /// Never time.
    pub dimensions: Vec<Dimension>,
    pub metric: Metric,
    /// What [`Metric::Custom`] measures.
    pub measures: Vec<Measure>,
    pub grain: Grain,
}

/// The course of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Courses {
    /// The beginnings of steps on the site's clock, in order and at the distance of the grain.
    pub steps: Vec<DateTime>,
    /// The first step of the range asked about; earlier ones were asked for as `before`.
    pub first: usize,
    /// The value of each step; none where there is nothing to measure.
    pub whole: Vec<Option<f64>>,
    /// The same of each group, the largest first.
    pub groups: Vec<Group>,
    /// Groups that are not among them.
    pub left_out: u64,
    /// The question as it was answered.
    pub asked: Asked,
}

/// A group and its course.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub dimensions: Vec<String>,
    pub values: Vec<Option<f64>>,
}

/// The question with its times resolved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Asked {
    pub site_id: String,
    pub metric: String,
    /// First and last second of the steps asked about, ISO 8601 with the offset of the site's time zone.
    pub date_range: [String; 2],
    pub granularity: &'static str,
    pub filters: Vec<Filter>,
    pub dimensions: Vec<Dimension>,
}

impl Grain {
    /// Its name alone, without `time:`.
    pub fn word(self) -> &'static str {
        self.name().trim_start_matches("time:")
    }

    /// The beginning of the step that comes `count` steps after one; none beyond the calendar.
    pub fn after(self, step: DateTime, count: i64) -> Option<DateTime> {
        let span = match self {
            Self::Minute => count.minutes(),
            Self::Hour => count.hours(),
            Self::Day => count.days(),
            Self::Week => count.weeks(),
            Self::Month => count.months(),
        };
        step.checked_add(span).ok()
    }
}

impl Metric {
    /// Whether the values of parts add up to that of the whole, at least nearly: nothing is then nought.
    pub fn adds_up(self) -> bool {
        let info = self.info();
        let counts = matches!(info.unit, Unit::People | Unit::Visits | Unit::Events | Unit::Revenue);
        counts && !info.nullable
    }
}

impl Course {
    /// Whether a filter is about this attribute: what is held fast is no cause of a change.
    pub fn holds(&self, name: &str) -> bool {
        self.filters.iter().any(|filter| filter.mentions(|by| by.name() == name))
    }

    /// The question for figures that this one is made of.
    pub fn query(&self, date_range: DateRange, dimensions: Vec<Dimension>) -> Query {
        Query {
            site_id: self.site_id.clone(),
            metrics: vec![self.metric],
            date_range,
            dimensions,
            filters: self.filters.clone(),
            measures: self.measures.clone(),
            pagination: Pagination { limit: limits::MERGED_GROUPS, offset: 0 },
            ..Query::default()
        }
    }

    /// What a step is called in answers.
    pub fn label(&self, step: DateTime) -> String {
        bucket::label(self.grain, number(self.grain, step))
    }

    fn metric_name(&self) -> String {
        self.query(self.date_range.clone(), Vec::new()).metric_name(self.metric).to_owned()
    }
}

impl Reporting<'_> {
    /// The course of a metric over a range and, where `before` is not 0, over as many steps before it; of
    /// the `groups` largest groups where it is divided.
    ///
    /// # Errors
    /// See [`QueryError::blame`]; [`QueryError::TooMany`] for more than [`STEPS`] steps.
    pub async fn course(&self, ask: &Course, before: usize, groups: usize) -> Result<Courses, QueryError> {
        let range = self.asking.range(&ask.date_range).await?;
        let span = Span::of(ask.grain, &range, self.asking.now, before)?;
        let asked = Asked {
            site_id: ask.site_id.clone(),
            metric: ask.metric_name(),
            date_range: span.asked(&range),
            granularity: ask.grain.word(),
            filters: ask.filters.clone(),
            dimensions: ask.dimensions.clone(),
        };
        let steps = span.steps;
        let mut courses =
            Courses { whole: Vec::new(), groups: Vec::new(), left_out: 0, first: span.first, asked, steps };
        if courses.steps.is_empty() {
            return Ok(courses);
        }
        let places: HashMap<String, usize> =
            courses.steps.iter().enumerate().map(|(place, step)| (ask.label(*step), place)).collect();
        let empty = empty(ask.metric, &courses.steps, &range);

        let query = ask.query(span.range.clone(), vec![Dimension::Bucket(ask.grain)]);
        courses.whole = empty.clone();
        for row in self.asking.answer(&query).await?.results {
            if let Some(place) = row.dimensions.first().and_then(|label| places.get(label)) {
                courses.whole[*place] = figure(&row.metrics);
            }
        }
        if ask.dimensions.is_empty() {
            return Ok(courses);
        }
        let (names, left_out) = self.largest(ask, &range, groups).await?;
        courses.left_out = left_out;
        if names.is_empty() {
            return Ok(courses);
        }
        let at: HashMap<&[String], usize> =
            names.iter().enumerate().map(|(place, name)| (name.as_slice(), place)).collect();
        let mut values = vec![empty; names.len()];
        for row in self.divided(ask, &span.range, &names).await?.results {
            let (labels, time) = row.dimensions.split_at(ask.dimensions.len());
            let place = time.first().and_then(|label| places.get(label));
            if let (Some(group), Some(place)) = (at.get(labels), place) {
                values[*group][*place] = figure(&row.metrics);
            }
        }
        let named = names.iter().cloned().zip(values);
        courses.groups = named.map(|(dimensions, values)| Group { dimensions, values }).collect();
        Ok(courses)
    }

    /// The largest groups of the range, by the metric where it adds up and by people where not.
    async fn largest(
        &self,
        ask: &Course,
        range: &Range,
        most: usize,
    ) -> Result<(Vec<Vec<String>>, u64), QueryError> {
        let mut query = ask.query(between(range.from.0, range.to.0), ask.dimensions.clone());
        if !ask.metric.adds_up() {
            query.metrics = vec![Metric::Visitors];
        }
        let by = Subject::Metric(query.metrics[0]);
        query.order_by = vec![OrderBy { subject: by, direction: Direction::Desc }];
        query.include = Include { total_rows: true, ..Include::default() };
        query.pagination.limit = most as u64;
        let answer = self.asking.answer(&query).await?;
        let found = answer.meta.total_rows.unwrap_or_default();
        let names: Vec<Vec<String>> = answer.results.into_iter().map(|row| row.dimensions).collect();
        let left_out = found.saturating_sub(names.len() as u64);
        Ok((names, left_out))
    }

    /// The metric of these groups over time.
    async fn divided(
        &self,
        ask: &Course,
        range: &DateRange,
        names: &[Vec<String>],
    ) -> Result<Answer, QueryError> {
        let time = std::iter::once(Dimension::Bucket(ask.grain));
        let mut query = ask.query(range.clone(), ask.dimensions.iter().cloned().chain(time).collect());
        // A share is of all groups: those that are not shown count, too.
        let shares = [Metric::Percentage, Metric::ConversionRate, Metric::GroupConversionRate];
        if !shares.contains(&ask.metric) {
            for (place, dimension) in ask.dimensions.iter().enumerate() {
                let mut values: Vec<String> = names.iter().map(|name| name[place].clone()).collect();
                values.sort_unstable();
                values.dedup();
                query.filters.push(Filter::Where(Condition {
                    operator: Operator::Is,
                    negated: false,
                    dimension: dimension.clone(),
                    values,
                    case_sensitive: true,
                }));
            }
        }
        self.asking.answer(&query).await
    }
}

/// The steps of a question.
struct Span {
    steps: Vec<DateTime>,
    /// The first that was asked about.
    first: usize,
    /// All of them, as a range.
    range: DateRange,
    /// First and last instant of those asked about.
    from: i64,
    to: i64,
}

impl Span {
    fn of(grain: Grain, range: &Range, now: Timestamp, before: usize) -> Result<Self, QueryError> {
        let end = range.to.0.min(now.0).max(range.from.0);
        let start = beginning(grain, local(&range.zone, range.from)?, range);
        // The step that holds the end is not whole, unless the end is its beginning.
        let end = beginning(grain, local(&range.zone, Timestamp(end))?, range);
        let outside = || QueryError::Invalid {
            field: "date_range".to_owned(),
            message: "the range leaves the calendar".to_owned(),
            hint: None,
        };
        let earliest = grain.after(start, -(before as i64)).ok_or_else(outside)?;
        let mut steps = Vec::new();
        let mut at = earliest;
        while at < end {
            if steps.len() == STEPS {
                return Err(QueryError::TooMany {
                    field: "date_range".to_owned(),
                    what: "steps or more",
                    given: STEPS as u64 + 1,
                    limit: STEPS as u64,
                });
            }
            steps.push(at);
            at = grain.after(earliest, steps.len() as i64).ok_or_else(outside)?;
        }
        let first = steps.partition_point(|step| *step < start);
        let instant = |at: DateTime| {
            range.zone.to_timestamp(at).map(|at| at.as_millisecond()).map_err(crate::range::outside)
        };
        let (from, to) = (instant(start)?, instant(end)?);
        Ok(Self { range: between(instant(earliest)?, to), first, steps, from, to })
    }

    fn asked(&self, range: &Range) -> [String; 2] {
        Range { from: Timestamp(self.from), to: Timestamp(self.to), ..range.clone() }.iso()
    }
}

/// The beginning of the step that holds a moment of the site's clock.
fn beginning(grain: Grain, at: DateTime, range: &Range) -> DateTime {
    let midnight = |date: jiff::civil::Date| date.to_datetime(Time::midnight());
    match grain {
        Grain::Minute => at.date().at(at.hour(), at.minute(), 0, 0),
        Grain::Hour => at.date().at(at.hour(), 0, 0, 0),
        Grain::Day => midnight(at.date()),
        Grain::Week => {
            let into = i64::from(at.date().weekday().since(range.week_start));
            midnight(at.date().checked_sub(into.days()).unwrap_or(at.date()))
        }
        Grain::Month => midnight(at.date().first_of_month()),
    }
}

/// The range that `count` steps from one on are, on the clock of a time zone.
pub fn stretch(zone: &TimeZone, grain: Grain, from: DateTime, count: usize) -> DateRange {
    let instant = |at: DateTime| zone.to_timestamp(at).map_or(0, |at| at.as_millisecond());
    let to = grain.after(from, count as i64).unwrap_or(from);
    between(instant(from), instant(to))
}

/// The number of the bucket that a step is.
fn number(grain: Grain, step: DateTime) -> i64 {
    // The step begins its week itself.
    bucket::number(grain, step, step.date().weekday(), step.date())
}

/// Two instants, of which the last is not within.
fn between(from: i64, to: i64) -> DateRange {
    let at = |ms: i64| Moment::Instant(jiff::Timestamp::from_millisecond(ms).unwrap_or_default());
    DateRange::Moments(at(from), at((to - 1).max(from)))
}

/// What steps are worth without any event.
fn empty(metric: Metric, steps: &[DateTime], range: &Range) -> Vec<Option<f64>> {
    let nothing = metric.adds_up().then_some(0.0);
    let exists = |step: &DateTime| {
        !matches!(range.zone.to_ambiguous_timestamp(*step).offset(), AmbiguousOffset::Gap { .. })
    };
    // Days begin later where clocks go forward at midnight.
    let clock = |step: &&DateTime| step.time() != Time::midnight();
    steps.iter().map(|step| nothing.filter(|_| !clock(&step) || exists(step))).collect()
}

/// The number in a row.
fn figure(metrics: &[serde_json::Value]) -> Option<f64> {
    let value = metrics.first()?;
    value.get("value").unwrap_or(value).as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ms, site};

    fn span(grain: Grain, zone: &str, range: [&str; 2], now: &str, before: usize) -> (Vec<String>, usize) {
        let site = site(zone);
        let days = DateRange::Dates(range[0].parse().expect("a day"), range[1].parse().expect("a day"));
        let range = Range::resolve(&days, &site, ms(now), None).expect("a range");
        let span = Span::of(grain, &range, ms(now), before).expect("steps");
        (span.steps.iter().map(ToString::to_string).collect(), span.first)
    }

    #[test]
    fn steps_are_whole_over_and_on_the_sites_clock() {
        let (days, first) =
            span(Grain::Day, "Europe/Berlin", ["2026-03-28", "2026-04-30"], "2026-03-30T12:00:00Z", 2);
        let want =
            ["2026-03-26T00:00:00", "2026-03-27T00:00:00", "2026-03-28T00:00:00", "2026-03-29T00:00:00"];
        assert_eq!((days.as_slice(), first), (want.map(str::to_owned).as_slice(), 2));
        // A day has 24 hours also where the clock leaps.
        let (hours, _) =
            span(Grain::Hour, "Europe/Berlin", ["2026-03-29", "2026-03-29"], "2026-04-01T12:00:00Z", 0);
        assert_eq!((hours.len(), hours[2].as_str()), (24, "2026-03-29T02:00:00"));
        let (weeks, first) =
            span(Grain::Week, "UTC", ["2026-03-04", "2026-03-20"], "2026-04-01T12:00:00Z", 1);
        // The week of the 20th is cut.
        assert_eq!(weeks, ["2026-02-23T00:00:00", "2026-03-02T00:00:00", "2026-03-09T00:00:00"]);
        assert_eq!(first, 1);
        let (months, _) = span(Grain::Month, "UTC", ["2026-01-15", "2026-02-28"], "2026-04-01T12:00:00Z", 0);
        assert_eq!(months, ["2026-01-01T00:00:00", "2026-02-01T00:00:00"]);
        assert!(
            span(Grain::Day, "UTC", ["2026-05-01", "2026-05-02"], "2026-04-01T12:00:00Z", 0).0.is_empty()
        );
    }

    #[test]
    fn an_hour_that_never_was_has_no_value() {
        let site = site("Europe/Berlin");
        let days =
            DateRange::Dates("2026-03-29".parse().expect("a day"), "2026-03-29".parse().expect("a day"));
        let range = Range::resolve(&days, &site, ms("2026-04-01T12:00:00Z"), None).expect("a range");
        let span = Span::of(Grain::Hour, &range, ms("2026-04-01T12:00:00Z"), 0).expect("steps");
        let empty = empty(Metric::Visitors, &span.steps, &range);
        assert_eq!(empty.iter().filter(|value| value.is_none()).count(), 1);
        assert_eq!((empty[1], empty[2]), (Some(0.0), None));
        assert_eq!(super::empty(Metric::BounceRate, &span.steps, &range)[1], None);
    }
}
