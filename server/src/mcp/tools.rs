//! The tools, one row each.

use opentrace_query::catalogue::{FIELDS, GRAINS, METRICS};
use serde_json::{Map, Value, json};

/// How a tool gets its answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    /// From this program itself.
    Here(fn() -> Value),
    /// By posting the arguments.
    Post(&'static str),
    /// By reading, arguments as parameters.
    Get(&'static str),
}

/// A tool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offered {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) call: Call,
    /// Names and JSON types of its arguments; those that are needed first.
    arguments: &'static [(&'static str, &'static str, &'static str)],
    needed: usize,
}

const SITE: (&str, &str, &str) = ("site_id", "string", "The site's domain.");
const RANGE: (&str, &str, &str) =
    ("date_range", "any", "`7d`, `30d`, `month`, `year`, `all`, or a pair of dates or times.");
const FILTERS: (&str, &str, &str) =
    ("filters", "array", "Conditions that all hold, e.g. [[\"is\", \"visit:country\", [\"DE\"]]].");
const METRIC: (&str, &str, &str) = ("metric", "string", "A metric's name.");
const GRANULARITY: (&str, &str, &str) = ("granularity", "string", "hour, day, week or month.");

/// Every tool.
pub(super) const TOOLS: &[Offered] = &[
    Offered {
        name: "list_sites",
        description: "The sites that can be asked about.",
        call: Call::Get("/api/v1/sites"),
        arguments: &[],
        needed: 0,
    },
    Offered {
        name: "list_metrics",
        description: "Every metric and dimension with its meaning.",
        call: Call::Here(catalogue),
        arguments: &[],
        needed: 0,
    },
    Offered {
        name: "ask",
        description: "Answers a question in plain English, with the typed query it was understood as.",
        call: Call::Post("/api/v1/ask"),
        arguments: &[
            SITE,
            ("question", "string", "For example: visitors by country last month."),
            ("timezone", "string", "The zone that times are said in, where it is not the site's."),
            ("context", "object", "The query of the answer that this question continues."),
            ("dry_run", "boolean", "Understand without answering."),
        ],
        needed: 2,
    },
    Offered {
        name: "query",
        description: "Answers a typed query: metrics over a time, divided and filtered.",
        call: Call::Post("/api/v2/query"),
        arguments: &[
            SITE,
            ("metrics", "array", "Names of metrics."),
            RANGE,
            ("dimensions", "array", "What to divide by, e.g. visit:source, time:day."),
            FILTERS,
            ("order_by", "array", "Pairs of a metric or dimension and asc or desc."),
            ("pagination", "object", "limit and offset."),
            ("compare", "any", "previous_period, year_over_year, or a pair of dates or times."),
        ],
        needed: 3,
    },
    Offered {
        name: "list_properties",
        description: "The keys of properties that a site's events have.",
        call: Call::Get("/api/v1/properties"),
        arguments: &[SITE],
        needed: 1,
    },
    Offered {
        name: "retention",
        description: "How many people come back, by day, week or month of their first event.",
        call: Call::Post("/api/v1/retention"),
        arguments: &[
            SITE,
            RANGE,
            ("start_event", "any", "The event people begin with."),
            ("return_event", "any", "The event they come back for."),
            ("period", "string", "day, week or month."),
            FILTERS,
        ],
        needed: 2,
    },
    Offered {
        name: "funnel",
        description: "How many people get from step to step.",
        call: Call::Post("/api/v1/funnel"),
        arguments: &[
            SITE,
            RANGE,
            ("steps", "array", "Events, or objects with event, page and filters."),
            ("window", "string", "How long a person has, e.g. 7d."),
            ("order", "string", "ordered, strict or any."),
            FILTERS,
        ],
        needed: 3,
    },
    Offered {
        name: "journeys",
        description: "Which pages follow which.",
        call: Call::Post("/api/v1/journeys"),
        arguments: &[SITE, RANGE, ("depth", "integer", "Steps."), ("limit", "integer", "Links."), FILTERS],
        needed: 2,
    },
    Offered {
        name: "forecast",
        description: "What a metric will be, with intervals.",
        call: Call::Post("/api/v1/forecast"),
        arguments: &[
            SITE,
            METRIC,
            GRANULARITY,
            ("horizon", "integer", "Steps ahead."),
            RANGE,
            ("levels", "array", "Levels of the intervals in percent."),
            FILTERS,
        ],
        needed: 4,
    },
    Offered {
        name: "anomalies",
        description: "When a metric was unusual, with the band that was expected.",
        call: Call::Post("/api/v1/anomalies"),
        arguments: &[SITE, METRIC, GRANULARITY, RANGE, FILTERS],
        needed: 3,
    },
    Offered {
        name: "alerts",
        description: "The rules that send alerts.",
        call: Call::Get("/api/v1/alerts"),
        arguments: &[SITE],
        needed: 0,
    },
    Offered {
        name: "alert_history",
        description: "Alerts that fired and were resolved.",
        call: Call::Get("/api/v1/alerts/history"),
        arguments: &[SITE],
        needed: 0,
    },
];

impl Offered {
    /// The JSON Schema of the arguments.
    pub(super) fn schema(&self) -> Map<String, Value> {
        let mut properties = Map::new();
        for (name, kind, meaning) in self.arguments {
            let mut property = Map::from_iter([("description".to_owned(), json!(meaning))]);
            if *kind != "any" {
                property.insert("type".to_owned(), json!(kind));
            }
            properties.insert((*name).to_owned(), Value::Object(property));
        }
        let needed: Vec<&str> = self.arguments.iter().take(self.needed).map(|(name, ..)| *name).collect();
        Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("properties".to_owned(), Value::Object(properties)),
            ("required".to_owned(), json!(needed)),
            ("additionalProperties".to_owned(), json!(false)),
        ])
    }
}

fn catalogue() -> Value {
    json!({
        "metrics": METRICS,
        "dimensions": FIELDS,
        "time_dimensions": GRAINS,
        "properties": "event:props:KEY for each key of list_properties",
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tools_have_names_of_their_own_and_sound_schemas() {
        let mut names = HashSet::new();
        for tool in TOOLS {
            assert!(names.insert(tool.name), "{}", tool.name);
            assert!(tool.needed <= tool.arguments.len(), "{}", tool.name);
            let schema = tool.schema();
            let needed = schema["required"].as_array().expect("a list").len();
            assert_eq!(needed, tool.needed, "{}", tool.name);
        }
        assert!(catalogue()["metrics"].as_array().is_some_and(|metrics| metrics.len() > 7));
    }

    #[test]
    fn no_tool_changes_anything() {
        let posts = TOOLS.iter().filter_map(|tool| match tool.call {
            Call::Post(path) => Some(path),
            _ => None,
        });
        let reading = ["ask", "query", "retention", "funnel", "journeys", "forecast", "anomalies"];
        for path in posts {
            assert!(reading.iter().any(|name| path.ends_with(name)), "{path}");
        }
    }
}
