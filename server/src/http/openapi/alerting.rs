//! Rules, what became of them, and channels.

use serde_json::{Value, json};

use super::operation::{
    Operation, Paths, Schemas, add, count, id, list, millis, object, parameter, place, reference, some_site,
    text, uuid,
};

const ALERTS: &str = "Alerts";
const CHANNELS: &str = "Channels";

pub(super) fn describe(paths: &mut Paths, schemas: &mut Schemas) {
    rules(paths);
    history(paths);
    channels(paths);
    add(schemas, rule_forms());
    add(schemas, channel_forms());
}

fn rules(paths: &mut Paths) {
    let (all, one) = ("/api/v1/alerts", "/api/v1/alerts/{id}");
    Operation::new(ALERTS, "alerts.list", "List rules")
        .with(some_site())
        .answers("200", "Rules")
        .at(paths, all, "get");
    Operation::new(ALERTS, "alerts.create", "Make a rule")
        .takes("Rule")
        .answers("201", "KeptRule")
        .fails(&["400"])
        .at(paths, all, "post");
    Operation::new(ALERTS, "alerts.show", "Show a rule")
        .with(id())
        .answers("200", "KeptRule")
        .at(paths, one, "get");
    Operation::new(ALERTS, "alerts.change", "Change a rule")
        .says("The fields that are given; `null` takes one away.")
        .with(id())
        .takes("RuleFields")
        .answers("200", "KeptRule")
        .fails(&["400"])
        .at(paths, one, "patch");
    Operation::new(ALERTS, "alerts.remove", "Remove a rule").with(id()).done().at(paths, one, "delete");
    Operation::new(ALERTS, "alerts.try", "When a rule that is not kept would have fired")
        .takes("SimulatedRule")
        .answers("200", "Simulated")
        .fails(&["400"])
        .at(paths, "/api/v1/alerts/simulate", "post");
    for (name, summary, body, answer) in [
        ("simulate", "When a rule would have fired", "SimulatedRule", "Simulated"),
        ("acknowledge", "Say that somebody looks after open alerts", "OfOpening", "Acknowledged"),
        ("close", "Close open alerts", "OfOpening", "Closed"),
        ("mute", "Tell nobody for a while", "MuteFor", "Muted"),
    ] {
        Operation::new(ALERTS, &format!("alerts.{name}"), summary)
            .with(id())
            .may_take(body)
            .answers("200", answer)
            .fails(&["400"])
            .at(paths, &format!("{one}/{name}"), "post");
    }
}

fn history(paths: &mut Paths) {
    Operation::new(ALERTS, "alerts.history", "What happened to alerts, newest first")
        .with(some_site())
        .with(parameter("alert_id", false, "Only of this rule", text()))
        .with(parameter(
            "limit",
            false,
            "Steps",
            json!({"type": "integer", "minimum": 1, "maximum": 1_000, "default": 100}),
        ))
        .with(parameter("before", false, "Steps before the one with this id", json!({"type": "integer"})))
        .answers("200", "History")
        .fails(&["400"])
        .at(paths, "/api/v1/alerts/history", "get");
    Operation::new(ALERTS, "alerts.explain", "One step, with the slices of traffic behind it")
        .with(place("id", json!({"type": "integer"})))
        .with(some_site())
        .answers("200", "HistoryStep")
        .fails(&["422"])
        .at(paths, "/api/v1/alerts/history/{id}", "get");
    Operation::new(ALERTS, "alerts.stream", "What happens to alerts, as it happens")
        .says("Server-sent events, or a WebSocket where an upgrade is asked for.")
        .with(some_site())
        .with(parameter("last_event_id", false, "Go on after this step", json!({"type": "integer"})))
        .answers_as("200", "text/event-stream", text())
        .fails(&["400"])
        .at(paths, "/api/v1/alerts/stream", "get");
}

fn channels(paths: &mut Paths) {
    let (all, one) = ("/api/v1/channels", "/api/v1/channels/{id}");
    Operation::new(CHANNELS, "channels.list", "List channels")
        .answers("200", "Channels")
        .at(paths, all, "get");
    Operation::new(CHANNELS, "channels.create", "Make a channel")
        .says("The secret of a webhook is in this answer and in no other.")
        .takes("Channel")
        .answers("201", "KeptChannel")
        .fails(&["400"])
        .at(paths, all, "post");
    Operation::new(CHANNELS, "channels.show", "Show a channel")
        .with(id())
        .answers("200", "KeptChannel")
        .at(paths, one, "get");
    Operation::new(CHANNELS, "channels.change", "Change a channel")
        .says(
            "The fields that are given; `null` takes one away. A webhook whose secret is taken away gets another \
             one, which is in this answer and in no other.",
        )
        .with(id())
        .takes("ChannelFields")
        .answers("200", "KeptChannel")
        .fails(&["400"])
        .at(paths, one, "patch");
    Operation::new(CHANNELS, "channels.remove", "Remove a channel")
        .with(id())
        .done()
        .at(paths, one, "delete");
    Operation::new(CHANNELS, "channels.test", "Send a message now")
        .says("502 says why it did not arrive.")
        .with(id())
        .answers("200", "Sent")
        .fails(&["400", "502"])
        .at(paths, &format!("{one}/test"), "post");
    Operation::new(CHANNELS, "channels.messages", "Messages of a channel")
        .with(id())
        .with(parameter(
            "status",
            false,
            "Which",
            json!({"enum": ["queued", "delivered", "dead"], "default": "dead"}),
        ))
        .answers("200", "Messages")
        .fails(&["400"])
        .at(paths, &format!("{one}/messages"), "get");
    Operation::new(CHANNELS, "channels.replay", "Send again what was given up")
        .with(id())
        .may_take("OfMessage")
        .answers("200", "Replayed")
        .fails(&["400"])
        .at(paths, &format!("{one}/replay"), "post");
}

/// The fields of a rule.
fn fields() -> Value {
    json!({
        "site_id": text(), "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "metric": text(), "query": {"type": "object"}, "filters": reference("Filters"),
        "condition": reference("RuleCondition"), "window": length(), "for": length(), "cooldown": length(),
        "group_by": text(), "group_limit": {"type": "integer", "minimum": 1, "maximum": 1_000}, "hysteresis": {"type": "number", "minimum": 0, "maximum": 1},
        "minimum_traffic": count(), "mute": {"type": "object"}, "channels": {"type": "array", "items": {"type": "string"}},
    })
}

fn length() -> Value {
    json!({"type": "string", "description": "A length of time, as 5m", "examples": ["5m", "1h"]})
}

fn rule_forms() -> Value {
    let at = json!({"type": "string", "format": "date-time"});
    let maybe = json!({"type": ["string", "null"]});
    let mut simulated = fields();
    for end in ["from", "to"] {
        simulated[end] =
            json!({"type": ["string", "integer", "null"], "description": "RFC 3339, or seconds since 1970"});
    }
    let mut kept = fields();
    for (name, schema) in [
        ("id", uuid()),
        (
            "open",
            json!({"type": "array", "items": object(&["opening", "state", "group", "value", "started_at"], json!({
                "opening": text(), "state": {"enum": ["firing", "acknowledged"]}, "group": maybe,
                "value": {"type": ["number", "null"]}, "started_at": at, "acknowledged_by": text(),
            }))}),
        ),
        (
            "pending",
            json!({"type": "array", "items": object(&["group", "since"], json!({"group": maybe, "since": at}))}),
        ),
        ("muted_until", json!({"type": ["integer", "null"]})),
        ("created_at", millis()),
        ("updated_at", millis()),
        ("problem", text()),
    ] {
        kept[name] = schema;
    }
    let of_condition = json!({
        "type": {"enum": ["above", "below", "change", "anomaly", "forecast_breach", "no_data", "event", "new_value"]},
        "value": {"type": "number"}, "percent": {"type": "number"}, "event": text(), "memory": length(),
        "direction": {"enum": ["up", "down", "both"]}, "over": {"enum": ["previous", "day", "week"]},
        "sensitivity": {"enum": ["low", "medium", "high"]},
    });
    json!({
        "RuleCondition": object(&["type"], of_condition),
        "Rule": object(&["site_id", "name", "condition"], fields()),
        "RuleFields": {"type": "object"},
        "SimulatedRule": object(&[], simulated),
        "KeptRule": object(&["id", "site_id", "name", "condition", "open", "pending", "muted_until", "created_at", "updated_at"], kept),
        "Rules": list("alerts", "KeptRule"),
        "Simulated": object(&["from", "to", "fired", "alerts"], json!({
            "from": at, "to": at, "fired": count(),
            "alerts": {"type": "array", "items": object(&["started_at", "resolved_at", "group", "value", "band"], json!({
                "started_at": at, "resolved_at": maybe, "group": maybe, "value": {"type": ["number", "null"]},
                "band": {"type": ["object", "null"]},
            }))},
        })),
        "OfOpening": object(&[], json!({"opening": {"type": ["string", "null"], "format": "uuid"}})),
        "MuteFor": object(&[], json!({"for": length()})),
        "Acknowledged": object(&["acknowledged"], json!({"acknowledged": count()})),
        "Closed": object(&["closed"], json!({"closed": count()})),
        "Muted": object(&["muted_until"], json!({"muted_until": millis()})),
        "HistoryStep": object(&["id", "type", "timestamp", "site_id"], json!({
            "id": {"type": "integer"}, "type": text(), "timestamp": at, "site_id": maybe,
            "metric": maybe, "value": {"type": ["number", "null"]}, "band": {"type": ["object", "null"]},
            "opening": uuid(), "window": {"type": "object"}, "url": text(), "slices": {"type": "array"},
        })),
        "History": list("history", "HistoryStep"),
    })
}

fn channel_forms() -> Value {
    let maybe = json!({"type": ["string", "null"]});
    json!({
        "Channel": object(&["type"], json!({
            "type": {"enum": ["webhook", "telegram", "discord", "slack", "email"]}, "site_id": maybe,
            "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 200}, "url": text(), "token": text(),
            "chat_id": {"type": ["string", "integer"]}, "secret": text(), "digest": length(),
            "to": {"type": ["string", "array"]},
        })),
        "ChannelFields": {"type": "object"},
        "KeptChannel": object(&["id", "type", "name", "site_id", "problem", "created_at", "updated_at"], json!({
            "id": uuid(), "type": text(), "name": text(), "site_id": maybe, "problem": maybe, "secret": text(),
            "created_at": millis(), "updated_at": millis(), "queued": count(), "dead": count(),
        })),
        "Channels": list("channels", "KeptChannel"),
        "Sent": object(&["sent"], json!({"sent": {"const": true}})),
        "Messages": object(&["messages"], json!({
            "messages": {"type": "array", "items": object(&["id", "attempts", "created_at"], json!({
                "id": text(), "attempts": count(), "created_at": millis(),
            }))},
        })),
        "OfMessage": object(&[], json!({"message": {"type": ["string", "null"]}})),
        "Replayed": object(&["replayed"], json!({"replayed": count()})),
    })
}
