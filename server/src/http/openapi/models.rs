//! The forms of what models are asked and what they answer.

use serde_json::{Value, json};

use super::operation::{Operation, Paths, Schemas, add, parameter, place, reference, site, text};

/// Every operation, and what it takes and answers.
pub(super) fn describe(paths: &mut Paths, schemas: &mut Schemas) {
    questions(paths);
    found(paths);
    kept(paths);
    add(schemas, forms());
}

/// Questions that models answer.
fn questions(paths: &mut Paths) {
    for (place, summary, body, answer) in [
        ("anomalies", "When a metric was strange", "Anomalies", "AnomaliesAnswer"),
        ("forecast", "What a metric will be", "Forecast", "ForecastAnswer"),
        ("insights", "What changed and why", "Insights", "InsightsAnswer"),
        ("clusters", "Which sorts of visitors there are", "OfSite", "ClustersAnswer"),
        ("recommend", "What somebody will look at next", "Recommend", "RecommendAnswer"),
    ] {
        operation(place, summary).takes(body).answers("200", answer).fails(&["400", "422", "429"]).at(
            paths,
            &format!("/api/v1/{place}"),
            "post",
        );
    }
}

/// What is found by itself in the main series.
fn found(paths: &mut Paths) {
    let narrowed = |operation: Operation, names: &[&str]| {
        names.iter().fold(operation.with(site()), |operation, name| {
            operation.with(parameter(name, false, "Narrows what is shown", text()))
        })
    };
    narrowed(
        operation("anomalies.found", "What was strange in the main series"),
        &["metric", "from", "to", "limit"],
    )
    .answers_as("200", JSON, any())
    .fails(&["400"])
    .at(paths, "/api/v1/anomalies", "get");
    narrowed(operation("anomalies.stream", "What is found strange, as it is found"), &[])
        .answers_as("200", EVENTS, any())
        .fails(&["400"])
        .at(paths, "/api/v1/anomalies/stream", "get");
    narrowed(operation("forecast.kept", "The kept forecast of a main series"), &["metric", "granularity"])
        .answers_as("200", JSON, any())
        .fails(&["400"])
        .at(paths, "/api/v1/forecast", "get");
}

/// Models that are trained and kept.
fn kept(paths: &mut Paths) {
    let of_one = |name: &str, summary: &str| {
        operation(name, summary).with(place("id", text())).fails(&["400", "409", "429"])
    };
    operation("models.list", "List models").with(site()).answers_as("200", JSON, any()).fails(&["400"]).at(
        paths,
        "/api/v1/models",
        "get",
    );
    operation(
        "models.create",
        "Train a model, or upload one as a tar archive with `?site_id=&name=` and its options",
    )
    .takes("Model")
    .answers_as("202", JSON, any())
    .fails(&["400", "409", "422", "429"])
    .at(paths, "/api/v1/models", "post");
    let one = "/api/v1/models/{id}";
    of_one("models.show", "Show a model").answers_as("200", JSON, any()).at(paths, one, "get");
    of_one("models.remove", "Remove a model").done().at(paths, one, "delete");
    of_one("models.versions", "Versions and trainings").answers_as("200", JSON, any()).at(
        paths,
        &format!("{one}/versions"),
        "get",
    );
    of_one("models.progress", "How a training goes").answers_as("200", EVENTS, any()).at(
        paths,
        &format!("{one}/progress"),
        "get",
    );
    of_one("models.train", "Train anew").answers_as("202", JSON, any()).at(
        paths,
        &format!("{one}/train"),
        "post",
    );
    of_one("models.cancel", "End a training").done().at(paths, &format!("{one}/cancel"), "post");
    of_one("models.promote", "Make a version live").takes("Promotion").answers_as("200", JSON, any()).at(
        paths,
        &format!("{one}/promote"),
        "post",
    );
    of_one("models.predict", "What a model says of somebody")
        .takes("Predict")
        .answers_as("200", JSON, any())
        .fails(&["422"])
        .at(paths, &format!("{one}/predict"), "post");
}

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

fn operation(name: &str, summary: &str) -> Operation {
    Operation::new("Models", name, summary)
}

fn any() -> Value {
    json!({"type": "object"})
}

/// Every schema by its name.
fn forms() -> Value {
    let number = json!({"type": "number"});
    let time = json!({"type": "string", "description": "The step's beginning on the site's clock"});
    let text = json!({"type": ["string", "null"]});
    let course = |own: Value| {
        let mut properties = json!({
            "site_id": {"type": "string", "minLength": 1},
            "metric": reference("Metric"),
            "granularity": {"enum": ["minute", "hour", "day", "week", "month"]},
            "date_range": reference("DateRange"),
            "filters": reference("Filters"),
        });
        for (key, value) in own.as_object().into_iter().flatten() {
            properties[key] = value.clone();
        }
        json!({"type": "object", "required": ["site_id", "metric"], "properties": properties,
            "additionalProperties": false})
    };
    let interval = json!({"type": "object", "required": ["level", "lower", "upper"], "properties": {
        "level": number, "lower": number, "upper": number,
    }});
    let history = json!({"type": "array", "items": {"type": "object", "required": ["time", "value"], "properties": {
        "time": time, "value": {"type": ["number", "null"]},
    }}});
    let ahead = json!({"type": "array", "items": {"type": "object", "required": ["time", "mean", "intervals"],
        "properties": {"time": time, "mean": number, "intervals": {"type": "array", "items": interval}}}});
    let divided = json!({"type": "array", "items": {"type": "object", "properties": {
        "dimensions": {"type": "array", "items": {"type": "string"}}, "history": history, "forecast": ahead,
    }}});
    json!({
        "Anomalies": course(json!({
            "sensitivity": {"enum": ["low", "medium", "high"],
                "description": "If left out, medium for minutes and hours, high for longer steps"},
            "explain": {"type": "boolean", "default": true},
        })),
        "AnomaliesAnswer": {"type": "object", "required": ["points"], "properties": {
            "points": {"type": "array", "items": {"type": "object",
                "required": ["time", "value", "score", "lower", "upper", "kind", "explained_by"],
                "properties": {
                    "time": time, "value": number, "score": number, "expected": number,
                    "lower": number, "upper": number, "anomaly": {"type": "boolean"},
                    "kind": {"enum": ["spike", "drop", "level_shift", "trend", "missing", null]},
                    "reason": text,
                    "explained_by": {"type": ["array", "null"], "items": reference("Slice")},
                }}},
            "model": {"type": "object"}, "query": {"type": "object"},
        }},
        "Slice": {"type": "object", "required": ["slice", "actual", "expected", "share", "surprise"], "properties": {
            "slice": {"type": "object", "additionalProperties": {"type": "string"},
                "description": "Values by their dimensions; none where everything changed alike"},
            "actual": number, "expected": number, "share": number, "surprise": number,
        }},
        "Forecast": course(json!({
            "horizon": {"type": "integer", "minimum": 1, "maximum": 1_000},
            "levels": {"type": "array", "items": {"type": "number", "minimum": 1, "maximum": 99.9}, "maxItems": 5},
            "dimensions": {"type": "array", "items": reference("Attribute")},
            "limit": {"type": "integer", "minimum": 1, "maximum": 50, "default": 20},
            "events": {"type": "array", "maxItems": 100, "items": {"type": "object", "required": ["dates"], "properties": {
                "name": {"type": "string"},
                "dates": {"type": "array", "items": {"type": "string", "format": "date"}, "maxItems": 400},
            }}},
        })),
        "Insights": {"type": "object", "required": ["site_id"], "additionalProperties": false, "properties": {
            "site_id": {"type": "string", "minLength": 1}, "date_range": reference("DateRange"),
            "metrics": {"type": "array", "items": reference("Metric"), "minItems": 1, "maxItems": 8},
            "metric": reference("Metric"), "granularity": {"enum": ["minute", "hour", "day", "week", "month"]},
            "filters": reference("Filters"), "limit": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10},
            "compare": {"anyOf": [{"enum": ["previous_period"]}, reference("DateRange")]},
        }},
        "InsightsAnswer": {"type": "object", "required": ["insights"], "properties": {
            "insights": {"type": "array", "items": {"type": "object",
                "required": ["kind", "metric", "before", "after", "change", "significant", "evidence", "sentence", "query"],
                "properties": {
                    "kind": {"enum": ["metric", "group"]}, "metric": {"type": "string"},
                    "group": {"type": "array", "items": {"type": "string"}}, "before": number, "after": number,
                    "change": {"type": ["number", "null"]}, "significant": {"type": "boolean"},
                    "evidence": {"type": ["object", "null"]}, "causes": {"type": "array", "items": reference("Slice")},
                    "sentence": {"type": "string"}, "query": {"type": "object"},
                }}},
            "query": {"type": "object"},
        }},
        "OfSite": {"type": "object", "required": ["site_id"], "properties": {"site_id": {"type": "string"}},
            "additionalProperties": false},
        "ClustersAnswer": {"type": "object", "required": ["clusters"], "properties": {
            "clusters": {"type": "array", "items": {"type": "object",
                "required": ["id", "name", "size", "share", "explanation", "differences", "metrics"]}},
            "model": {"type": "object"},
        }},
        "Recommend": {"type": "object", "required": ["site_id"], "additionalProperties": false, "properties": {
            "site_id": {"type": "string"}, "visitor": {"type": "string"},
            "items": {"type": "array", "items": {"type": "string"}}, "k": {"type": "integer", "minimum": 1, "maximum": 1_000},
        }},
        "RecommendAnswer": {"type": "object", "required": ["items"], "properties": {
            "items": {"type": "array", "items": {"type": "object", "required": ["item", "score"]}},
            "model": {"type": "object"},
        }},
        "Model": {"type": "object", "required": ["site_id", "kind"], "additionalProperties": false, "properties": {
            "site_id": {"type": "string"}, "name": {"type": "string"},
            "kind": {"enum": ["churn", "conversion", "value", "segments", "forecast", "recommend"]},
            "every": {"type": "string", "pattern": "^[0-9]+[hd]$"}, "days": {"type": "integer", "minimum": 1, "maximum": 365},
            "event": {"type": "string"}, "method": {"enum": ["k_means", "mixture", "density"]},
            "metric": {"type": "string"}, "granularity": {"type": "string"},
            "dimensions": {"type": "array", "items": {"type": "string"}}, "horizon": {"type": "integer"},
            "seed": {"type": "integer"}, "promote": {"type": "boolean", "default": true},
        }},
        "Promotion": {"type": "object", "required": ["version"], "additionalProperties": false, "properties": {
            "version": {"type": "integer", "minimum": 1}, "force": {"type": "boolean", "default": false},
        }},
        "Predict": {"type": "object", "additionalProperties": false, "properties": {
            "version": {"type": "integer"}, "visitors": {"type": "array", "items": {"type": "string"}},
            "rows": {"type": "array", "items": {"type": "object"}},
            "items": {"type": "array", "items": {"type": "string"}}, "limit": {"type": "integer"},
        }},
        "ForecastAnswer": {"type": "object", "required": ["history", "forecast", "model"], "properties": {
            "history": history, "forecast": ahead, "model": {"type": ["object", "null"]},
            "breakdown": divided, "left_out": {"type": "integer"}, "query": {"type": "object"},
        }},
    })
}
