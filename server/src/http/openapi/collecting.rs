//! Events that come in.

use serde_json::{Value, json};

use super::operation::{Operation, Paths, Schemas, add, count, object, parameter, reference, text};
use crate::http::collect::TEXTS;
use crate::import::formats;

const EVENTS: &str = "Events";

pub(super) fn describe(paths: &mut Paths, schemas: &mut Schemas) {
    let one_or_many = json!({"anyOf": [
        {"type": "array", "items": reference("SentEvent")}, reference("SentEvent"),
    ]});
    Operation::new(EVENTS, "events.send", "Send events")
        .says("Answered when they are on the disk. Events that were not taken are named, each with its reason.")
        .with(parameter("history", false, "Take events of any age (needs an admin key)", json!({"enum": ["true", "false"]})))
        .with(json!({"name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same request again counts once", "schema": {"type": "string", "minLength": 1, "maxLength": 255}}))
        .takes_as(true, json!({
            "application/json": {"schema": one_or_many},
            "application/x-ndjson": {"schema": {"type": "string", "description": "One event on each line"}},
        }))
        .answers("202", "Taken")
        .fails(&["400", "408", "415", "429"])
        .at(paths, "/api/v1/events", "post");
    let formats: Vec<_> = formats::names().collect();
    Operation::new(EVENTS, "events.import", "Import a file with history")
        .says("The body is the file, plain or gzip, of any length; `format` says what it holds. Sent again it changes nothing. Needs an admin key.")
        .with(parameter("site_id", true, "The site's domain", text()))
        .with(parameter("format", true, "What the file holds", json!({"enum": formats})))
        .takes_as(false, json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}))
        .answers("200", "Imported")
        .fails(&["400", "404", "408"])
        .at(paths, "/api/v1/import", "post");
    let body: Value = reference("BrowserEvent");
    Operation::new(EVENTS, "event", "Send an event from a browser")
        .says("Plausible's call. Always taken; `X-Plausible-Dropped` says how many sites left it out.")
        .with(json!({"name": "X-Debug-Request", "in": "header", "required": false,
            "description": "`true` answers 200 with the address that the event is counted by", "schema": text()}))
        .takes_as(true, json!({"application/json": {"schema": body}, "text/plain": {"schema": {"type": "string"}}}))
        .answers_as("202", "text/plain", text())
        .answers_as("200", "text/plain", text())
        .fails(&["400", "408", "415", "429"])
        .open()
        .at(paths, "/api/event", "post");
    Operation::new(EVENTS, "pixel", "A page view without a script")
        .with(parameter("site", false, "The site's domain", text()))
        .with(parameter("url", false, "The page, where the browser does not name it", text()))
        .answers_as("200", "image/gif", json!({"type": "string", "format": "binary"}))
        .open()
        .at(paths, "/js/pixel.gif", "get");
    add(schemas, forms());
}

fn forms() -> Value {
    let reason = object(
        &["code", "lines", "first"],
        json!({
            "code": text(), "lines": count(), "message": text(),
            "first": {"type": "integer", "minimum": 0, "description": "The number of the first such line, from 1"},
        }),
    );
    let mut properties: Value =
        TEXTS.iter().map(|name| ((*name).to_owned(), json!({"type": ["string", "null"]}))).collect();
    for (name, schema) in [
        ("name", json!({"type": "string", "description": "`pageview`, `engagement` or a name of one's own"})),
        (
            "ts",
            json!({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}],
            "description": "RFC 3339 or milliseconds since 1970; now where it is left out"}),
        ),
        (
            "visitor",
            json!({"type": ["string", "integer", "null"],
            "description": "The number of a visitor, as exports have it. Of history only"}),
        ),
        (
            "channel",
            json!({"type": ["string", "null"],
            "description": "As exports have it. Of history only, which is then kept as it was: `path`, `referrer` and `source` are final"}),
        ),
        (
            "amount",
            json!({"type": ["string", "number", "null"], "description": "With `currency` the same as `revenue`, as exports have it"}),
        ),
        ("currency", json!({"type": ["string", "null"]})),
        ("hash_mode", json!({"type": ["boolean", "null"]})),
        ("interactive", json!({"type": ["boolean", "null"]})),
        (
            "props",
            json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}, "maxProperties": 30}),
        ),
        (
            "revenue",
            object(
                &["amount", "currency"],
                json!({"amount": {"type": ["string", "number"]}, "currency": text()}),
            ),
        ),
        ("scroll_depth", json!({"type": "integer", "minimum": 0, "maximum": 100})),
        ("engagement_ms", count()),
    ] {
        properties[name] = schema;
    }
    json!({
        "SentEvent": object(&["name"], properties),
        "Taken": object(&["accepted", "duplicates", "rejected"], json!({
            "accepted": count(), "duplicates": count(),
            "rejected": {"type": "array", "items": object(&["index", "code", "message"], json!({
                "index": count(), "code": text(), "message": text(),
            }))},
        })),
        "Imported": object(&["lines", "accepted", "duplicates", "skipped", "rejected"], json!({
            "lines": count(), "accepted": count(), "duplicates": count(),
            "skipped": {"type": "array", "items": reason, "description": "Lines that are no event, by reason"},
            "rejected": {"type": "array", "items": reason, "description": "Events that were not taken, by reason"},
        })),
        "BrowserEvent": object(&["n", "d", "u"], json!({
            "n": {"type": "string", "description": "Name"},
            "d": {"type": "string", "description": "Domain, or several with commas"},
            "u": {"type": "string", "description": "Address of the page"},
            "r": {"type": ["string", "null"], "description": "Referrer"},
            "p": {"type": ["object", "string", "null"], "description": "Properties, or their JSON"},
            "$": {"type": ["object", "string", "null"], "description": "Revenue"},
            "i": {"type": ["boolean", "null"], "description": "Whether it is interactive"},
            "sd": {"type": ["integer", "null"], "description": "How far the page was scrolled, in percent"},
            "e": {"type": ["integer", "null"], "description": "How long it was looked at, in milliseconds"},
        })),
    })
}
