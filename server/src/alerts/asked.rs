//! What a rule measures, in the words of the query API: for pages and questions about its alerts.

use std::borrow::Cow;

use opentrace_alerts::rule::{Draft, Source};
use opentrace_events::SiteId;
use opentrace_events::define::{Attribute, Comparison, Condition, Measure, Operator, Spec};
use opentrace_query::catalogue::{self, FIELDS, PROPERTY, Scope};
use opentrace_store::meta::DefinitionRecord;
use serde_json::{Value, json};

use super::tally::NONE;

/// A metric and the filters it is measured with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) metric: String,
    pub(super) filters: Vec<Value>,
}

impl Asked {
    /// Of a rule; `definitions` are what its site has. `None` where it watches one that is not there any longer.
    pub(super) fn of(draft: &Draft, definitions: &[DefinitionRecord], site: SiteId) -> Option<Self> {
        let target = &draft.target;
        let mut filters = target.filters.as_array().cloned().unwrap_or_default();
        let metric = match &target.source {
            Source::Metric(metric) => metric,
            Source::Event(event) => {
                filters.push(json!(["is", "event:name", [event]]));
                "events"
            }
            Source::Query(query) => match query.get("series").or(query.get("goal")) {
                Some(defined) => {
                    let (metric, condition) = definition(defined, definitions, site)?;
                    filters.extend(all(condition));
                    metric
                }
                None => {
                    filters.extend(query["filters"].as_array().cloned().unwrap_or_default());
                    query["metrics"][0].as_str()?
                }
            },
        };
        let metric = match metric {
            // Where there is no such metric, or no sums of it: what it is made of.
            "revenue" | "revenue_per_visit" | "average_revenue" => "total_revenue",
            "events_per_visitor" => "events",
            "group_conversion_rate" => "conversion_rate",
            "percentage" => "visitors",
            metric => metric,
        };
        if metric == "conversion_rate" {
            filters.iter_mut().for_each(about_goals);
        }
        Some(Self { metric: metric.to_owned(), filters })
    }

    /// The same of one value of the dimension by which a rule is grouped.
    pub(super) fn within(mut self, draft: &Draft, group: Option<&str>) -> Self {
        if let (Some(by), Some(value)) = (&draft.target.group_by, group) {
            let by = dimension(by);
            let empty = catalogue::field(&by).map_or(NONE, |field| field.empty);
            self.filters.push(json!(["is", by, [if value == NONE { empty } else { value }]]));
        }
        self
    }
}

/// The full name of a dimension, which rules may call by its last part where that says enough.
pub(super) fn dimension(name: &str) -> Cow<'_, str> {
    match name {
        "name" | "goal" | "page" => Cow::Owned(format!("event:{name}")),
        _ if name.contains(':') => Cow::Borrowed(name),
        _ => Cow::Owned(format!("visit:{name}")),
    }
}

/// The metric and the condition of a series or goal, by its id or name.
fn definition<'a>(
    named: &Value,
    definitions: &'a [DefinitionRecord],
    site: SiteId,
) -> Option<(&'static str, &'a Condition)> {
    let named = named.as_str()?;
    let mut mine = definitions.iter().filter(|record| record.definition.site == site);
    match &mine.find(|record| record.id.to_string() == named || record.name == named)?.definition.spec {
        Spec::Goal { event } => Some(("events", event)),
        Spec::Series { event, measure: Measure::Events } => Some(("events", event)),
        Spec::Series { event, measure: Measure::Visitors } => Some(("visitors", event)),
        Spec::Series { event, measure: Measure::Revenue } => Some(("total_revenue", event)),
        Spec::Funnel { .. } | Spec::Retention { .. } => None,
    }
}

/// Filters that mean a condition together.
fn all(condition: &Condition) -> Vec<Value> {
    match condition {
        Condition::And(inner) => inner.iter().flat_map(all).collect(),
        other => vec![filter(other)],
    }
}

fn filter(condition: &Condition) -> Value {
    let many = |inner: &[Condition]| inner.iter().map(filter).collect::<Vec<_>>();
    match condition {
        Condition::And(inner) => json!(["and", many(inner)]),
        Condition::Or(inner) => json!(["or", many(inner)]),
        Condition::Not(inner) => json!(["not", filter(inner)]),
        Condition::Where(comparison) => compared(comparison),
    }
}

fn compared(comparison: &Comparison) -> Value {
    let Comparison { attribute, operator, negated, values, case_sensitive, .. } = comparison;
    let name = match operator {
        Operator::Is => "is",
        Operator::Contains => "contains",
        Operator::Matches => "matches",
    };
    let name = if *negated { format!("{name}_not") } else { name.to_owned() };
    if *case_sensitive {
        json!([name, name_of(attribute), values])
    } else {
        json!([name, name_of(attribute), values, { "case_sensitive": false }])
    }
}

fn name_of(attribute: &Attribute) -> String {
    match attribute {
        Attribute::Name => "event:name".to_owned(),
        Attribute::Goal => "event:goal".to_owned(),
        Attribute::Path => "event:page".to_owned(),
        Attribute::Property(key) => format!("{PROPERTY}{key}"),
        Attribute::Visit(column) => {
            let of_visit =
                |field: &&catalogue::Field| field.scope == Scope::Visit && field.column == column.column();
            FIELDS
                .iter()
                .find(of_visit)
                .map_or_else(|| column.column().to_owned(), |field| field.name.to_owned())
        }
    }
}

/// Queries take an event for what converting is by the dimension of goals alone.
fn about_goals(filter: &mut Value) {
    if filter[1] == "event:name" {
        filter[1] = json!("event:goal");
    }
}
