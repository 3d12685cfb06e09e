//! What users define: goals, funnels, retentions, series, segments and metrics of their own.

use serde_json::json;

use super::operation::{
    Operation, Paths, Schemas, add, id, list, millis, object, place, reference, site, some_site, text, uuid,
};

pub(super) fn describe(paths: &mut Paths, schemas: &mut Schemas) {
    for (many, one) in [
        ("goals", "Goal"),
        ("funnels", "FunnelDefinition"),
        ("retentions", "RetentionDefinition"),
        ("series", "SeriesDefinition"),
    ] {
        definitions(paths, many, one);
        add(schemas, json!({ format!("{one}List"): list(many, "Defined") }));
    }
    for (many, one) in [("segments", "Segment"), ("metrics", "OwnMetric")] {
        words(paths, many, one);
        let (shown, all) = (format!("{one}Kept"), format!("{one}List"));
        add(
            schemas,
            json!({
                &shown: {"allOf": [reference(one), reference("Kept")]},
                &all: list(many, &shown),
            }),
        );
    }
    add(
        schemas,
        json!({
            "Kept": object(&["id", "site_id", "name", "created_at", "updated_at"], json!({
                "id": {"type": "integer"}, "site_id": text(), "name": text(),
                "created_at": millis(), "updated_at": millis(),
            })),
            "Defined": object(&["id", "site_id", "name", "status", "created_at", "updated_at"], json!({
                "id": uuid(), "site_id": text(), "name": text(), "created_at": millis(), "updated_at": millis(),
                "status": object(&["state"], json!({
                    "state": {"enum": ["waiting", "filling", "ready"]},
                    "counted": {"type": "integer"}, "of": {"type": "integer"},
                })),
            })),
        }),
    );
}

fn definitions(paths: &mut Paths, many: &str, one: &str) {
    let operation = |what: &str, summary: String| {
        Operation::new("Definitions", &format!("{many}.{what}"), &format!("{summary} of {many}"))
    };
    let (all, single) = (format!("/api/v1/{many}"), format!("/api/v1/{many}/{{id}}"));
    Operation::new("Definitions", &format!("{many}.list"), &format!("List {many}"))
        .with(site())
        .answers("200", &format!("{one}List"))
        .fails(&["400"])
        .at(paths, &all, "get");
    operation("create", "Define one".to_owned())
        .takes(one)
        .answers("201", "Defined")
        .fails(&["400", "409"])
        .at(paths, &all, "post");
    operation("show", "Show one".to_owned()).with(id()).answers("200", "Defined").at(paths, &single, "get");
    operation("change", "Change one".to_owned())
        .with(id())
        .takes(one)
        .answers("200", "Defined")
        .fails(&["400", "409"])
        .at(paths, &single, "put");
    operation("remove", "Remove one".to_owned()).with(id()).done().at(paths, &single, "delete");
}

fn words(paths: &mut Paths, many: &str, one: &str) {
    let (all, single) = (format!("/api/v1/{many}"), format!("/api/v1/{many}/{{id}}"));
    let shown = format!("{one}Kept");
    let number = || place("id", json!({"type": "integer"}));
    Operation::new("Words", &format!("{many}.list"), &format!("List {many}"))
        .with(site())
        .answers("200", &format!("{one}List"))
        .fails(&["400"])
        .at(paths, &all, "get");
    Operation::new("Words", &format!("{many}.create"), &format!("Add to {many}"))
        .with(some_site())
        .takes(one)
        .answers("201", &shown)
        .fails(&["400", "409"])
        .at(paths, &all, "post");
    Operation::new("Words", &format!("{many}.change"), &format!("Change one of {many}"))
        .with(number())
        .with(some_site())
        .takes(one)
        .answers("200", &shown)
        .fails(&["400", "409"])
        .at(paths, &single, "put");
    Operation::new("Words", &format!("{many}.remove"), &format!("Remove one of {many}"))
        .with(number())
        .with(some_site())
        .done()
        .fails(&["400"])
        .at(paths, &single, "delete");
}
