//! What a rule measures, in the words of the query API: for pages and questions about its alerts.

use std::borrow::Cow;

use opentrace_alerts::rule::{Draft, Source};
use opentrace_query::catalogue;
use serde_json::{Value, json};

use super::tally::NONE;

/// A metric and the filters it is measured with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) metric: String,
    pub(super) filters: Vec<Value>,
}

impl Asked {
    /// Of a rule; with `group`, of that value of the dimension by which it is grouped. `None` where the rule
    /// watches a series or a goal by its definition.
    pub(super) fn of(draft: &Draft, group: Option<&str>) -> Option<Self> {
        let target = &draft.target;
        let mut filters = target.filters.as_array().cloned().unwrap_or_default();
        let metric = match &target.source {
            Source::Metric(metric) if metric == "revenue" => "total_revenue",
            Source::Metric(metric) => metric,
            Source::Event(event) => {
                filters.push(json!(["is", "event:name", [event]]));
                "events"
            }
            Source::Query(query) => {
                filters.extend(query["filters"].as_array().cloned().unwrap_or_default());
                query["metrics"][0].as_str()?
            }
        };
        if let (Some(by), Some(value)) = (&target.group_by, group) {
            let by = dimension(by);
            let empty = catalogue::field(&by).map_or(NONE, |field| field.empty);
            filters.push(json!(["is", by, [if value == NONE { empty } else { value }]]));
        }
        Some(Self { metric: metric.to_owned(), filters })
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
