//! Whether the program is well.

use serde_json::json;

use super::operation::{Operation, Paths, Schemas, add, count, object, text};

const HEALTH: &str = "Health";

pub(super) fn describe(paths: &mut Paths, schemas: &mut Schemas) {
    Operation::new(HEALTH, "health", "Whether the program runs")
        .answers_as("200", "text/plain", text())
        .open()
        .at(paths, "/healthz", "get");
    Operation::new(HEALTH, "ready", "Whether it collects and answers")
        .answers("200", "Readiness")
        .answers("503", "Readiness")
        .open()
        .at(paths, "/readyz", "get");
    Operation::new(HEALTH, "metrics", "Figures for Prometheus")
        .answers_as("200", "text/plain", text())
        .at(paths, "/metrics", "get");
    Operation::new(HEALTH, "status", "How far the views are").answers("200", "Status").at(
        paths,
        "/api/v1/status",
        "get",
    );
    let flag = json!({"type": "boolean"});
    add(
        schemas,
        json!({
            "Readiness": object(&["ready", "collecting", "answering", "pipeline", "lag_events"], json!({
                "ready": flag, "collecting": flag, "answering": flag,
                "pipeline": {"enum": ["recovering", "running", "failed"]}, "lag_events": count(),
            })),
            "Status": object(&["version", "pipeline", "collected", "verify"], json!({
                "version": text(),
                "pipeline": object(&["state", "log_events", "lag_events", "closed_epoch", "committed_epoch"], json!({
                    "state": {"enum": ["recovering", "running", "failed"]}, "log_events": count(), "lag_events": count(),
                    "closed_epoch": count(), "committed_epoch": count(),
                })),
                "collected": object(&["accepted", "duplicates", "rejected"], json!({
                    "accepted": count(), "duplicates": count(),
                    "rejected": {"type": "object", "additionalProperties": count()},
                })),
                "verify": object(&["runs", "failures", "last"], json!({"runs": count(), "failures": count()})),
                "engine": object(&["pid", "restarts"], json!({"pid": count(), "restarts": count()})),
            })),
        }),
    );
}
