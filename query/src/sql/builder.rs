//! Collects a statement's parameters and says how the question's words are written over its rows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};

use super::{Context, Value};
use crate::bucket::day_number;
use crate::catalogue::{Grain, Metric, People, Presence, Scope};
use crate::error::QueryError;
use crate::plan::{Part, Source};
use crate::query::Dimension;

/// A statement in the making.
pub(super) struct Builder<'a> {
    pub(super) source: Source,
    pub(super) context: Context<'a>,
    params: Vec<Value>,
    /// The name of the site's zone.
    zone: &'a str,
    /// Columns of `events` that the statement names.
    pub(super) event_columns: BTreeSet<&'static str>,
    /// Columns of `v_sessions` that the statement names.
    pub(super) visit_columns: BTreeSet<&'static str>,
    /// Those that only conditions name.
    pub(super) tested_columns: BTreeSet<&'static str>,
    /// Whether the statement tells visits apart.
    pub(super) visit_ids: bool,
    /// What stands before the name of a column of an event.
    pub(super) event_alias: &'static str,
    /// Columns that stand beside them, of the people whose visits they are.
    pub(super) people: BTreeMap<&'static str, People>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(source: Source, context: Context<'a>) -> Result<Self, QueryError> {
        Ok(Self {
            source,
            context,
            params: Vec::new(),
            zone: zone_name(&context.range.zone)?,
            event_columns: BTreeSet::new(),
            visit_columns: BTreeSet::new(),
            tested_columns: BTreeSet::new(),
            visit_ids: false,
            event_alias: "e.",
            people: BTreeMap::new(),
        })
    }

    /// Makes a value a parameter and returns its placeholder.
    pub(super) fn bind(&mut self, value: Value) -> String {
        bind(&mut self.params, value)
    }

    /// The site's zone, as a parameter.
    pub(super) fn zone(&mut self) -> String {
        self.bind(Value::Text(self.zone.to_owned()))
    }

    pub(super) fn into_params(self) -> Vec<Value> {
        self.params
    }

    /// What a metric is computed by.
    pub(super) fn value(&mut self, metric: Metric) -> String {
        if let Metric::Custom(place) = metric {
            return self.measure(place);
        }
        // The planner only chooses sources whose basis has the formula; see the test of all pairs.
        let formula = metric.formula(self.source.basis()).unwrap_or("0");
        self.event_columns.extend(columns_of(formula, "e."));
        let (ids, columns): (Vec<_>, Vec<_>) =
            columns_of(formula, "s.").partition(|column| *column == "visit");
        self.visit_ids |= !ids.is_empty();
        self.visit_columns.extend(columns);
        if formula.contains(SINCE) {
            return formula.replace(SINCE, &self.since());
        }
        if !formula.contains(CURRENCY) {
            return formula.to_owned();
        }
        let currency = self.currency();
        formula.replace(CURRENCY, &currency)
    }

    /// The number of the first day of the range, or of the bucket that a day is in.
    fn since(&mut self) -> String {
        let range = self.context.range;
        match self.context.shape.grain() {
            None => self.bind(Value::Int(day_number(range.first))),
            Some(Grain::Month) => {
                format!(
                    "greatest(toInt32(toStartOfMonth(day)), {})",
                    self.bind(Value::Int(day_number(range.first)))
                )
            }
            Some(grain) => bucket_of_day(&mut self.params, grain, range.week_start, range.first),
        }
    }

    pub(super) fn currency(&mut self) -> String {
        self.bind(Value::Text(self.context.site.currency.clone()))
    }

    /// What a dimension is grouped by: the number of a bucket, or the name of a value.
    pub(super) fn dimension(&mut self, dimension: &Dimension) -> String {
        match dimension {
            Dimension::Bucket(grain) => self.bucket(*grain),
            goal if goal.is_goal() && !self.context.goals.is_empty() => {
                format!("arrayJoin({})", self.goals_of_event())
            }
            _ => self.column(dimension).named(),
        }
    }

    pub(super) fn bucket(&mut self, grain: Grain) -> String {
        let at = match self.source {
            Source::Traffic => "minute",
            Source::Uniques(_) => {
                return if grain == Grain::Month { "toYYYYMM(start)" } else { "toInt32(start)" }.to_owned();
            }
            Source::Breakdowns(_) => {
                let range = self.context.range;
                return bucket_of_day(&mut self.params, grain, range.week_start, range.first);
            }
            Source::Visits => "s.start",
            Source::Acts
            | Source::Events
            | Source::EventsInVisits
            | Source::VisitsOfEvents
            | Source::Engagement => "e.ts",
        };
        let (week_start, first) = (self.context.range.week_start, self.context.range.first);
        bucket(&mut self.params, grain, at, self.zone, week_start, first)
    }

    /// The number of the bucket of an event, also of one before the range.
    pub(super) fn period(&mut self, grain: Grain) -> String {
        let week_start = self.context.range.week_start;
        bucket(&mut self.params, grain, "e.ts", self.zone, week_start, Date::constant(1900, 1, 1))
    }

    /// What a group must hold to be in the answer, where its rows do not already say so.
    pub(super) fn presence(&self, part: &Part) -> Option<&'static str> {
        let of_events = part.metrics.iter().any(|metric| metric.info().presence == Presence::Event);
        match self.source {
            Source::Traffic if of_events => Some("sum(events) > 0"),
            Source::Traffic => Some("sum(sessions) > 0"),
            // What happened on a day, somebody did.
            Source::Uniques(_) | Source::Breakdowns(_) => Some("sum(visitors) > 0"),
            _ => None,
        }
    }

    /// Whether attributes of events are read from visits.
    pub(super) fn of_whole_visits(&self) -> bool {
        matches!(self.source, Source::Visits | Source::VisitsOfEvents)
    }

    /// The qualified name of a column of a visit.
    pub(super) fn visit_column(&mut self, column: &'static str) -> String {
        self.visit_columns.insert(column);
        format!("s.{column}")
    }

    /// The qualified name of a column of an event.
    pub(super) fn event_column(&mut self, column: &'static str) -> String {
        self.event_columns.insert(column);
        format!("{}{column}", self.event_alias)
    }

    /// Conditions that the dimensions themselves make: only custom events have a goal.
    pub(super) fn dimension_conditions(&mut self) -> Vec<String> {
        let custom_only = |dimension: &Dimension| {
            dimension.field().is_some_and(|field| field.scope == Scope::Event && field.custom_only)
        };
        if self.context.goals.is_empty() && self.context.shape.dimensions.iter().any(custom_only) {
            vec![super::conditions::custom(&self.event_column("name"))]
        } else {
            Vec::new()
        }
    }
}

/// What stands for the first day of a person in formulas.
const SINCE: &str = "{since}";
/// What stands for the site's currency in formulas.
const CURRENCY: &str = "{currency}";

/// The columns that a formula names after `prefix`.
fn columns_of(formula: &'static str, prefix: &'static str) -> impl Iterator<Item = &'static str> {
    let word = |c: char| c.is_ascii_lowercase() || c == '_';
    formula.match_indices(prefix).filter_map(move |(at, _)| {
        let rest = &formula[at + prefix.len()..];
        let starts_a_word = !formula[..at].ends_with(word);
        starts_a_word.then(|| &rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())])
    })
}

/// Makes a value a parameter and returns its placeholder.
pub(super) fn bind(params: &mut Vec<Value>, value: Value) -> String {
    let placeholder = format!("{{p{}:{}}}", params.len(), value.type_name());
    params.push(value);
    placeholder
}

/// The number of the bucket that holds the instant `at`; the same number as [`crate::bucket::number`].
pub(super) fn bucket(
    params: &mut Vec<Value>,
    grain: Grain,
    at: &'static str,
    zone: &str,
    week_start: Weekday,
    first: Date,
) -> String {
    let zone = bind(params, Value::Text(zone.to_owned()));
    match grain {
        Grain::Minute => format!("intDiv(toYYYYMMDDhhmmss({at}, {zone}), 100)"),
        Grain::Hour => format!("intDiv(toYYYYMMDDhhmmss({at}, {zone}), 10000)"),
        Grain::Day => format!("toInt32(toDate32({at}, {zone}))"),
        Grain::Week => week_of_day(&format!("toInt32(toDate32({at}, {zone}))"), params, week_start, first),
        Grain::Month => format!("toYYYYMM({at}, {zone})"),
    }
}

/// The number of the bucket that holds the date `day`; the same number as [`bucket`].
fn bucket_of_day(params: &mut Vec<Value>, grain: Grain, week_start: Weekday, first: Date) -> String {
    match grain {
        Grain::Month => "toYYYYMM(day)".to_owned(),
        Grain::Week => week_of_day("toInt32(day)", params, week_start, first),
        _ => "toInt32(day)".to_owned(),
    }
}

/// The number of the first day of the week that holds a day, or of the range where that lies within it.
fn week_of_day(day: &str, params: &mut Vec<Value>, week_start: Weekday, first: Date) -> String {
    // A Monday, four days after 1970-01-01.
    const MONDAY: i64 = 4;
    let start = bind(params, Value::Int(MONDAY + i64::from(week_start.to_monday_zero_offset())));
    let first = bind(params, Value::Int(day_number(first)));
    format!("greatest({day} - positiveModulo({day} - {start}, 7), {first})")
}

/// The name by which the store knows a zone.
pub(super) fn zone_name(zone: &jiff::tz::TimeZone) -> Result<&str, QueryError> {
    zone.iana_name().ok_or(QueryError::Zone)
}
