//! The forms of what models are asked and what they answer.

use serde_json::{Map, Value, json};

use super::paths::{body_of, id, responses, site, told};
use super::schemas::reference;

/// Every operation.
pub(super) fn paths(paths: &mut Map<String, Value>) {
    let question = |title: &str, name: &str, body: &str, answer: &str| {
        json!({"tags": ["Models"], "summary": title, "operationId": name, "requestBody": body_of(body),
            "responses": responses(json!({"200": told(answer)}), &["400", "422", "429"])})
    };
    let shown = |title: &str, name: &str, more: &[&str]| {
        let parameter = |name: &&str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
        let parameters: Vec<Value> = std::iter::once(site()).chain(more.iter().map(parameter)).collect();
        json!({"tags": ["Models"], "summary": title, "operationId": name, "parameters": parameters,
            "responses": responses(json!({"200": object("The answer")}), &["400"])})
    };
    let events = json!({"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}});
    let done = |name: &str, title: &str, status: &str, body: Option<&str>| {
        let mut operation = json!({"tags": ["Models"], "summary": title, "operationId": name,
            "responses": responses(json!({status: object("What became of it")}), &["400", "409", "429"])});
        if let Some(body) = body {
            operation["requestBody"] = body_of(body);
        }
        operation
    };
    let of_one = |operations: Value| {
        let mut operations = operations;
        operations["parameters"] = json!([id("string")]);
        operations
    };
    let mut put = |path: &str, operations: Value| drop(paths.insert(format!("/api/v1/{path}"), operations));
    put(
        "anomalies",
        json!({
            "post": question("When a metric was strange", "anomalies", "Anomalies", "AnomaliesAnswer"),
            "get": shown("What was strange in the main series", "anomalies.found", &["metric", "from", "to", "limit"]),
        }),
    );
    put(
        "anomalies/stream",
        json!({"get": {"tags": ["Models"], "summary": "What is found strange, as it is found",
        "operationId": "anomalies.stream", "parameters": [site()], "responses": responses(json!({"200": events}), &["400"])}}),
    );
    put(
        "forecast",
        json!({
            "post": question("What a metric will be", "forecast", "Forecast", "ForecastAnswer"),
            "get": shown("The kept forecast of a main series", "forecast.kept", &["metric", "granularity"]),
        }),
    );
    put(
        "insights",
        json!({"post": question("What changed and why", "insights", "Insights", "InsightsAnswer")}),
    );
    put(
        "clusters",
        json!({"post": question("Which sorts of visitors there are", "clusters", "OfSite", "ClustersAnswer")}),
    );
    put(
        "recommend",
        json!({"post": question("What somebody will look at next", "recommend", "Recommend", "RecommendAnswer")}),
    );
    put(
        "models",
        json!({
            "get": shown("List models", "models.list", &[]),
            "post": done("models.create", "Train a model, or upload one as a tar archive with `?site_id=&name=`", "202", Some("Model")),
        }),
    );
    put(
        "models/{id}",
        of_one(json!({
            "get": {"tags": ["Models"], "summary": "Show a model", "operationId": "models.show",
                "responses": responses(json!({"200": object("The model")}), &[])},
            "delete": {"tags": ["Models"], "summary": "Remove a model", "operationId": "models.remove",
                "responses": responses(json!({"204": {"description": "Removed"}}), &[])},
        })),
    );
    put(
        "models/{id}/versions",
        of_one(json!({"get": {"tags": ["Models"], "summary": "Versions and trainings",
        "operationId": "models.versions", "responses": responses(json!({"200": object("Versions")}), &[])}})),
    );
    put(
        "models/{id}/progress",
        of_one(json!({"get": {"tags": ["Models"], "summary": "How a training goes",
        "operationId": "models.progress", "responses": responses(json!({"200": events}), &[])}})),
    );
    put("models/{id}/train", of_one(json!({"post": done("models.train", "Train anew", "202", None)})));
    put("models/{id}/cancel", of_one(json!({"post": done("models.cancel", "End a training", "204", None)})));
    put(
        "models/{id}/promote",
        of_one(json!({"post": done("models.promote", "Make a version live", "200", Some("Promotion"))})),
    );
    put(
        "models/{id}/predict",
        of_one(
            json!({"post": done("models.predict", "What a model says of somebody", "200", Some("Predict"))}),
        ),
    );
}

fn object(description: &str) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": {"type": "object"}}}})
}

/// Every schema by its name.
pub(super) fn schemas() -> Value {
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
            "sensitivity": {"enum": ["low", "medium", "high"], "default": "medium"},
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
