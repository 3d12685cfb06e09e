//! The operations.

use opentrace_query::{Format, export};
use serde_json::{Map, Value, json};

/// Every path with its operations.
pub(super) fn paths() -> Value {
    let mut paths = Map::new();
    questions(&mut paths);
    streams(&mut paths);
    for (many, one, title) in [
        ("goals", "Goal", "goals"),
        ("funnels", "FunnelDefinition", "funnels"),
        ("retentions", "RetentionDefinition", "retentions"),
        ("series", "SeriesDefinition", "series"),
    ] {
        definitions(&mut paths, many, one, title);
    }
    super::models::paths(&mut paths);
    words(&mut paths, "segments", "Segment");
    words(&mut paths, "metrics", "OwnMetric");
    health(&mut paths);
    Value::Object(paths)
}

fn questions(paths: &mut Map<String, Value>) {
    for (path, title, body, answer) in [
        ("/api/v2/query", "Ask a question", "Query", "Answer"),
        ("/api/v1/retention", "Who comes back", "Retention", "RetentionAnswer"),
        ("/api/v1/funnel", "How far people get", "Funnel", "FunnelAnswer"),
        ("/api/v1/journeys", "Which way visits go", "Journeys", "JourneysAnswer"),
        ("/api/v1/ask", "Ask in words", "InWords", "InWordsAnswer"),
    ] {
        let operation = json!({
            "post": {
                "tags": ["Questions"],
                "summary": title,
                "operationId": path.rsplit('/').next(),
                "requestBody": body_of(body),
                "responses": responses(json!({"200": told(answer)}), &["400", "422", "429"]),
            },
        });
        paths.insert(path.to_owned(), operation);
    }
    let properties = json!({
        "get": {
            "tags": ["Questions"],
            "summary": "The keys of properties",
            "operationId": "properties",
            "parameters": [site()],
            "responses": responses(json!({"200": told("Properties")}), &["400"]),
        },
    });
    paths.insert("/api/v1/properties".to_owned(), properties);
    let part = |name: &str, what: &str| json!({"name": name, "in": "query", "description": what, "schema": {"type": "string"}});
    let people = json!({
        "get": {
            "tags": ["Questions"],
            "summary": "Who is known by an id, or with `user_id` what one of them did",
            "description": "Where the site is in identified mode.",
            "operationId": "people",
            "parameters": [site(), part("search", "A part of the id"), part("user_id", "Whose events are wanted")],
            "responses": responses(json!({"200": told("People")}), &["400", "409"]),
        },
    });
    paths.insert("/api/v1/people".to_owned(), people);
}

fn streams(paths: &mut Map<String, Value>) {
    let live = json!({
        "get": {
            "tags": ["Streams"],
            "summary": "A site's figures, pushed as they change",
            "operationId": "live",
            "parameters": [site()],
            "responses": responses(json!({
                "200": {"description": "Server-sent events, each with figures in JSON", "content": {
                    "text/event-stream": {"schema": {"type": "string"}},
                }},
            }), &["400", "429"]),
        },
    });
    paths.insert("/api/v1/live".to_owned(), live);
    let day = |name: &str, what: &str| json!({"name": name, "in": "query", "description": what, "schema": {"type": "string"}});
    let content: Map<String, Value> = Format::ALL
        .iter()
        .map(|(_, format)| {
            let media_type = format.media_type().split(';').next().unwrap_or_default();
            (media_type.to_owned(), json!({"schema": {"type": "string", "format": "binary"}}))
        })
        .collect();
    let names: Vec<_> = Format::ALL.iter().map(|(name, _)| *name).collect();
    let export = json!({
        "get": {
            "tags": ["Streams"],
            "summary": "Events as they are stored",
            "description": format!(
                "At most {} rows of CSV or NDJSON and {} of Parquet or Arrow. `X-Truncated` says whether there \
                 are more, and `X-Next-Cursor` where they begin.",
                export::STREAMED_ROWS, export::WHOLE_ROWS
            ),
            "operationId": "export",
            "parameters": [
                site(),
                {"name": "format", "in": "query", "schema": {"enum": names, "default": "ndjson"}},
                day("from", "First day or second, with `to`"),
                day("to", "Last day or second, with `from`"),
                day("date_range", "A range by its word, as `7d`"),
                day("filters", "Filters as in questions, in JSON"),
                {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": export::STREAMED_ROWS}},
                day("cursor", "What `X-Next-Cursor` said"),
            ],
            "responses": responses(json!({"200": {"description": "Rows", "content": content}}), &["400", "422", "429"]),
        },
    });
    paths.insert("/api/v1/export".to_owned(), export);
}

fn definitions(paths: &mut Map<String, Value>, many: &str, one: &str, title: &str) {
    let listed = json!({"description": "A list", "content": {"application/json": {"schema": {
        "type": "object", "required": [many], "properties": {many: {"type": "array", "items": {"type": "object"}}},
    }}}});
    let shown = json!({"description": "What is defined", "content": {"application/json": {"schema": {"type": "object"}}}});
    paths.insert(
        format!("/api/v1/{many}"),
        json!({
            "get": {"tags": ["Definitions"], "summary": format!("List {title}"), "operationId": format!("{many}.list"),
                "parameters": [site()], "responses": responses(json!({"200": listed}), &["400"])},
            "post": {"tags": ["Definitions"], "summary": format!("Define one of {title}"),
                "operationId": format!("{many}.create"), "requestBody": body_of(one),
                "responses": responses(json!({"201": shown}), &["400", "409"])},
        }),
    );
    paths.insert(
        format!("/api/v1/{many}/{{id}}"),
        json!({
            "parameters": [id("string")],
            "get": {"tags": ["Definitions"], "summary": format!("Show one of {title}"),
                "operationId": format!("{many}.show"), "responses": responses(json!({"200": shown}), &["404"])},
            "put": {"tags": ["Definitions"], "summary": format!("Change one of {title}"),
                "operationId": format!("{many}.change"), "requestBody": body_of(one),
                "responses": responses(json!({"200": shown}), &["400", "404", "409"])},
            "delete": {"tags": ["Definitions"], "summary": format!("Remove one of {title}"),
                "operationId": format!("{many}.remove"),
                "responses": responses(json!({"204": {"description": "Removed"}}), &["404"])},
        }),
    );
}

fn words(paths: &mut Map<String, Value>, many: &str, one: &str) {
    let shown = json!({"allOf": [{"$ref": format!("#/components/schemas/{one}")}, {"$ref": "#/components/schemas/Kept"}]});
    let content = |schema: &Value| json!({"description": "As it is kept", "content": {"application/json": {"schema": schema}}});
    let listed = json!({"type": "object", "required": [many], "properties": {many: {"type": "array", "items": shown}}});
    paths.insert(
        format!("/api/v1/{many}"),
        json!({
            "get": {"tags": ["Words"], "summary": format!("List {many}"), "operationId": format!("{many}.list"),
                "parameters": [site()], "responses": responses(json!({"200": content(&listed)}), &["400"])},
            "post": {"tags": ["Words"], "summary": format!("Add to {many}"), "operationId": format!("{many}.create"),
                "requestBody": body_of(one), "responses": responses(json!({"201": content(&shown)}), &["400", "409"])},
        }),
    );
    let named = json!({"name": "site_id", "in": "query", "description": "The site's domain", "schema": {"type": "string"}});
    paths.insert(
        format!("/api/v1/{many}/{{id}}"),
        json!({
            "parameters": [id("integer"), named],
            "put": {"tags": ["Words"], "summary": format!("Change one of {many}"), "operationId": format!("{many}.change"),
                "requestBody": body_of(one), "responses": responses(json!({"200": content(&shown)}), &["400", "404", "409"])},
            "delete": {"tags": ["Words"], "summary": format!("Remove one of {many}"), "operationId": format!("{many}.remove"),
                "responses": responses(json!({"204": {"description": "Removed"}}), &["400", "404"])},
        }),
    );
}

fn health(paths: &mut Map<String, Value>) {
    let get = |summary: &str, name: &str, responses: Value| json!({"get": {"tags": ["Health"], "summary": summary, "operationId": name, "security": [], "responses": responses}});
    let object = |description: &str| json!({"description": description, "content": {"application/json": {"schema": {"type": "object"}}}});
    let text = json!({"description": "It runs", "content": {"text/plain": {"schema": {"type": "string"}}}});
    paths.insert("/healthz".to_owned(), get("Whether the program runs", "health", json!({"200": text})));
    let ready = json!({"200": object("It collects and answers"), "503": object("Not yet")});
    paths.insert("/readyz".to_owned(), get("Whether it collects and answers", "ready", ready));
}

/// The answers of an operation: those of its own, those that may be mistakes, and what anybody may get.
pub(super) fn responses(own: Value, mistakes: &[&str]) -> Value {
    let mut all = own;
    for status in mistakes.iter().chain(&["401", "403", "404", "413", "503"]) {
        let error = json!({"description": "An error", "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Error"},
        }}});
        all[*status] = error;
    }
    all
}

pub(super) fn body_of(schema: &str) -> Value {
    json!({"required": true, "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}}})
}

pub(super) fn told(schema: &str) -> Value {
    json!({"description": "The answer", "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}}})
}

pub(super) fn site() -> Value {
    json!({"name": "site_id", "in": "query", "required": true, "description": "The site's domain",
        "schema": {"type": "string", "minLength": 1}})
}

pub(super) fn id(kind: &str) -> Value {
    json!({"name": "id", "in": "path", "required": true, "schema": {"type": kind}})
}
