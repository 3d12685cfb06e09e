//! The forms of bodies and answers.

use opentrace_query::catalogue::{FIELDS, GRAINS, METRICS};
use opentrace_query::limits;
use serde_json::{Value, json};

use super::operation::{Schemas, add, reference};

/// The schemas of questions, answers and definitions by their names.
pub(super) fn schemas() -> Schemas {
    let mut all = Schemas::new();
    for part in [words(), requests(), answers(), definitions()] {
        add(&mut all, part);
    }
    all
}

/// Metrics, dimensions, filters and ranges of time.
fn words() -> Value {
    let metrics: Vec<_> = METRICS.iter().map(|info| info.name).collect();
    let metric_list: String =
        METRICS.iter().map(|info| format!("- `{}`: {}\n", info.name, info.meaning)).collect();
    let fields: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
    let times: Vec<_> = GRAINS.iter().map(|grain| grain.name).chain(["time"]).collect();
    let field_list: String =
        FIELDS.iter().map(|field| format!("- `{}`: {}\n", field.name, field.meaning)).collect();
    let property = json!({"type": "string", "pattern": "^event:props:.{1,300}$"});
    json!({
        "Metric": {
            "description": format!("{metric_list}\nOr a measure of a property, as `p95:event:props:load_ms`, or a \
                metric that the site has defined."),
            "anyOf": [
                {"enum": metrics},
                {"type": "string", "pattern": "^(sum|average|min|max|median|p[0-9.]+):event:props:.{1,300}$"},
                {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
            ],
        },
        "Attribute": {
            "description": format!("{field_list}- `event:props:…`: A property of events."),
            "anyOf": [{"enum": fields}, property],
        },
        "Dimension": {"anyOf": [{"enum": times}, reference("Attribute")]},
        "DateRange": {
            "description": "A word, or the first and the last day or second.",
            "anyOf": [
                {"enum": ["day", "24h", "7d", "28d", "30d", "91d", "month", "6mo", "12mo", "year", "all"]},
                {"type": "string", "pattern": "^[0-9]{1,4}(d|mo)$"},
                {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
            ],
        },
        "Filter": {
            "description": "`[\"is\", \"visit:country\", [\"DE\"]]`; also is_not, contains, contains_not, matches, \
                matches_not (RE2), `[\"and\", […]]`, `[\"or\", […]]`, `[\"not\", …]`, `[\"has_done\", …]`, \
                `[\"has_not_done\", …]` and `[\"is\", \"segment\", [id]]`.",
            "type": "array",
            "minItems": 2,
            "maxItems": 4,
        },
        "Filters": {"type": "array", "items": reference("Filter"), "maxItems": limits::CONDITIONS},
    })
}

fn requests() -> Value {
    let about = json!({
        "site_id": {"type": "string", "minLength": 1},
        "date_range": reference("DateRange"),
        "filters": reference("Filters"),
        "dimensions": {"type": "array", "items": reference("Attribute"), "maxItems": 1},
    });
    let report = |own: Value, required: Value| {
        let mut properties = about.clone();
        for (key, value) in own.as_object().into_iter().flatten() {
            properties[key] = value.clone();
        }
        json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
    };
    let id = json!({"type": "string", "format": "uuid", "description": "Of one that is defined on the site"});
    json!({
        "InWords": {
            "type": "object",
            "required": ["site_id", "question"],
            "additionalProperties": false,
            "properties": {
                "site_id": {"type": "string", "minLength": 1},
                "question": {"type": "string", "maxLength": 1_000},
                "timezone": {"type": ["string", "null"], "description": "The zone that times are said in"},
                "context": {"type": ["object", "null"], "description": "The answer before, or its query"},
                "now": {"type": ["string", "null"], "description": "The time that `today` is of, RFC 3339"},
                "dry_run": {"type": "boolean", "description": "Understand, and answer nothing"},
            },
        },
        "Query": {
            "type": "object",
            "required": ["site_id", "metrics", "date_range"],
            "additionalProperties": false,
            "properties": {
                "site_id": {"type": "string", "minLength": 1},
                "metrics": {"type": "array", "items": reference("Metric"), "minItems": 1, "maxItems": limits::METRICS},
                "date_range": reference("DateRange"),
                "dimensions": {"type": "array", "items": reference("Dimension"), "maxItems": limits::DIMENSIONS},
                "filters": reference("Filters"),
                "order_by": {"type": "array", "items": {
                    "type": "array",
                    "prefixItems": [{"type": "string"}, {"enum": ["asc", "desc"]}],
                    "minItems": 2,
                    "maxItems": 2,
                }},
                "include": reference("Include"),
                "pagination": {"type": "object", "additionalProperties": false, "properties": {
                    "limit": {"type": "integer", "minimum": 1, "maximum": limits::PAGE, "default": limits::PAGE},
                    "offset": {"type": "integer", "minimum": 0, "maximum": limits::OFFSET, "default": 0},
                }},
                "compare": {"anyOf": [{"enum": ["previous_period", "year_over_year"]}, reference("DateRange")]},
            },
        },
        "Include": {"type": "object", "properties": {
            "imports": {"type": "boolean"},
            "time_labels": {"type": "boolean"},
            "partial_time_labels": {"type": "boolean"},
            "total_rows": {"type": "boolean"},
            "source": {"type": "boolean"},
            "explain": {"type": "boolean"},
            "epoch": {"type": "boolean"},
            "corrected_since": {"type": "integer", "minimum": 0},
            "comparisons": {"type": "object"},
        }, "additionalProperties": false},
        "Retention": report(json!({
            "start_event": reference("Event"), "return_event": reference("Event"),
            "period": {"enum": ["day", "week", "month"], "default": "day"}, "definition": id,
        }), json!(["site_id", "date_range"])),
        "Funnel": report(json!({
            "steps": {"type": "array", "items": reference("Event"), "minItems": 1, "maxItems": 16},
            "window": {"type": "string", "pattern": "^[0-9]+[smhdw]$", "default": "7d"},
            "order": {"enum": ["ordered", "strict", "any"], "default": "ordered"}, "definition": id,
        }), json!(["site_id", "date_range"])),
        "Journeys": report(json!({
            "depth": {"type": "integer", "minimum": 1, "maximum": 31, "default": 5},
            "limit": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100},
        }), json!(["site_id", "date_range"])),
        "Event": {"description": "An event by its name, or by what is written of it.", "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "object", "additionalProperties": false, "properties": {
                "event": {"type": "string", "minLength": 1}, "page": {"type": "string", "minLength": 1},
                "filters": reference("Filters"), "name": {"type": "string", "minLength": 1},
            }},
        ]},
    })
}

fn answers() -> Value {
    let strings = json!({"type": "array", "items": {"type": "string"}});
    let pair = json!({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2});
    let value = json!({"anyOf": [{"type": ["number", "null"]}, reference("Money")]});
    let values = json!({"type": "array", "items": value});
    let divided = |name: &str, items: Value| {
        json!({"type": "array", "items": {"type": "object", "required": ["dimensions", name], "properties": {
            "dimensions": strings, name: items,
        }}})
    };
    let answer = |name: &str, of: &str| {
        let items = json!({"type": "array", "items": reference(of)});
        json!({"type": "object", "required": [name], "properties": {
            name: items, "breakdown": divided(name, items),
        }})
    };
    let count = json!({"type": "integer", "minimum": 0});
    json!({
        "InWordsAnswer": {
            "type": "object",
            "required": [
                "status", "query", "explanation", "result", "chart", "suggestions", "confidence", "source",
            ],
            "properties": {
                "status": {"enum": ["answered", "ambiguous", "unsupported"]},
                "query": {"type": ["object", "null"], "description": "`kind` names the report that it is of"},
                "explanation": {"type": "string"},
                "result": {"type": ["object", "null"]},
                "chart": {"type": ["object", "null"]},
                "suggestions": {"type": "array", "items": {"type": "object", "required": ["question"], "properties": {
                    "question": {"type": "string"}, "query": {"type": "object"},
                }}},
                "confidence": {"type": "number", "minimum": 0, "maximum": 1},
                "source": {"enum": ["grammar", "model"], "description": "Who read the question"},
                "not_understood": strings,
                "unavailable": {"type": "string", "description": "What this program does not answer yet"},
            },
        },
        "Answer": {"type": "object", "required": ["results", "meta", "query"], "properties": {
            "results": {"type": "array", "items": {"type": "object", "required": ["metrics", "dimensions"], "properties": {
                "metrics": values,
                "dimensions": strings,
                "comparison": {"type": "object", "required": ["dimensions", "metrics", "change"], "properties": {
                    "dimensions": strings, "metrics": values,
                    "change": {"type": "array", "items": {"type": ["number", "null"]}},
                }},
            }}},
            "meta": {"type": "object", "properties": {
                "imports_included": {"type": "boolean"}, "source": {"type": "string"}, "time_labels": strings,
                "partial_time_labels": strings, "total_rows": count, "metric_warnings": {"type": "object"},
                "explain": {"type": "array", "items": {"type": "object"}},
            }},
            "query": {"type": "object", "required": ["site_id", "metrics", "date_range"], "properties": {
                "site_id": {"type": "string"}, "metrics": strings, "date_range": pair, "comparison_date_range": pair,
            }},
        }},
        "Money": {"type": "object", "required": ["value", "currency", "short", "long"], "properties": {
            "value": {"type": "number"}, "currency": {"type": "string"}, "short": {"type": "string"}, "long": {"type": "string"},
        }},
        "RetentionAnswer": answer("cohorts", "Cohort"),
        "Cohort": {"type": "object", "required": ["cohort", "size", "values"], "properties": {
            "cohort": {"type": "string", "format": "date"}, "size": count, "values": {"type": "array", "items": count},
        }},
        "FunnelAnswer": answer("steps", "Step"),
        "Step": {"type": "object", "required": ["name", "visitors", "rate", "median_seconds"], "properties": {
            "name": {"type": "string"}, "visitors": count, "rate": {"type": "number", "minimum": 0, "maximum": 100},
            "median_seconds": {"type": ["number", "null"]},
        }},
        "JourneysAnswer": answer("links", "Link"),
        "Link": {"type": "object", "required": ["from", "to", "step", "visits"], "properties": {
            "from": {"type": "string"}, "to": {"type": "string"}, "step": {"type": "integer", "minimum": 1}, "visits": count,
        }},
        "Properties": {"type": "object", "required": ["properties"], "properties": {
            "properties": {"type": "array", "items": {"type": "object", "required": ["name", "events"]}},
        }},
        "People": {"type": "object", "properties": {
            "people": {"type": "array", "items": {"type": "object", "required": ["user_id", "first_seen", "last_seen", "events"]}},
            "events": {"type": "array", "items": {"type": "object", "required": ["at", "name", "path", "props"]}},
        }},
        "Error": {"type": "object", "required": ["error"], "properties": {
            "error": {"type": "object", "required": ["code", "message"], "properties": {
                "code": {"type": "string"}, "message": {"type": "string"},
                "field": {"type": "string"}, "hint": {"type": "string"},
            }},
        }},
    })
}

fn definitions() -> Value {
    let named = |own: Value, required: Value| {
        let mut properties = json!({"site_id": {"type": "string"}, "name": {"type": "string", "minLength": 1, "maxLength": 200}});
        for (key, value) in own.as_object().into_iter().flatten() {
            properties[key] = value.clone();
        }
        json!({"type": "object", "required": required, "properties": properties})
    };
    let event =
        json!({"event": {"type": "string"}, "page": {"type": "string"}, "filters": reference("Filters")});
    let mut series = event.clone();
    series["metric"] = json!({"enum": ["events", "visitors", "revenue"], "default": "events"});
    json!({
        "Goal": named(event, json!(["name"])),
        "SeriesDefinition": named(series, json!(["name"])),
        "FunnelDefinition": named(json!({
            "steps": {"type": "array", "items": reference("Event"), "minItems": 1, "maxItems": 16},
            "window": {"type": "string"}, "order": {"enum": ["ordered", "strict", "any"]},
        }), json!(["name", "steps"])),
        "RetentionDefinition": named(json!({
            "start_event": reference("Event"), "return_event": reference("Event"),
            "period": {"enum": ["day", "week", "month"]},
        }), json!(["name"])),
        "Segment": named(json!({"filters": reference("Filters")}), json!(["name", "filters"])),
        "OwnMetric": named(json!({
            "type": {"enum": ["count", "sum", "average", "min", "max", "percentile", "ratio"]},
            "of": {"enum": ["events", "visitors", "revenue"]},
            "property": {"type": "string"}, "percentile": {"type": "number"}, "filters": reference("Filters"),
            "numerator": {"type": "object"}, "denominator": {"type": "object"},
        }), json!(["name", "type"])),
    })
}
