//! Pages of tiles, and their links.

use serde_json::json;

use super::operation::{
    Operation, Paths, Schemas, add, count, id, list, millis, object, only, parameter, place, reference, site,
    text, uuid,
};

const DASHBOARDS: &str = "Dashboards";

pub(super) fn describe(paths: &mut Paths, schemas: &mut Schemas) {
    let (all, one, link) = ("/api/v1/dashboards", "/api/v1/dashboards/{id}", "/api/v1/dashboards/{id}/link");
    Operation::new(DASHBOARDS, "dashboards.list", "List pages")
        .with(site())
        .answers("200", "Dashboards")
        .fails(&["400"])
        .at(paths, all, "get");
    Operation::new(DASHBOARDS, "dashboards.create", "Make a page")
        .takes("NewDashboard")
        .answers("201", "Dashboard")
        .fails(&["400", "409"])
        .at(paths, all, "post");
    Operation::new(DASHBOARDS, "dashboards.show", "Show a page")
        .with(id())
        .answers("200", "Dashboard")
        .at(paths, one, "get");
    Operation::new(DASHBOARDS, "dashboards.change", "Change a page")
        .with(id())
        .takes("NewDashboard")
        .answers("200", "Dashboard")
        .fails(&["400"])
        .at(paths, one, "put");
    Operation::new(DASHBOARDS, "dashboards.remove", "Remove a page")
        .with(id())
        .done()
        .at(paths, one, "delete");
    Operation::new(DASHBOARDS, "dashboards.share", "Share a page by a link")
        .with(id())
        .takes("Sharing")
        .answers("200", "DashboardLink")
        .fails(&["400"])
        .at(paths, link, "put");
    Operation::new(DASHBOARDS, "dashboards.unshare", "Take the link away")
        .with(id())
        .done()
        .at(paths, link, "delete");
    shared(paths);
    forms(schemas);
}

fn shared(paths: &mut Paths) {
    let token = || place("token", json!({"type": "string", "minLength": 1}));
    let password = || {
        json!({"name": "X-Share-Password", "in": "header", "required": false,
            "description": "Where the link has a password", "schema": {"type": "string"}})
    };
    Operation::new(DASHBOARDS, "shared.show", "A shared page")
        .with(token())
        .with(password())
        .answers("200", "SharedDashboard")
        .fails(&["429"])
        .open()
        .at(paths, "/api/v1/shared/{token}", "get");
    Operation::new(DASHBOARDS, "shared.answer", "What a tile of a shared page asks")
        .with(token())
        .with(place("place", count()))
        .with(parameter("by", false, "The figures of a number day by day", json!({"enum": ["day"]})))
        .with(password())
        .answers("200", "TileAnswer")
        .fails(&["400", "422", "429"])
        .open()
        .at(paths, "/api/v1/shared/{token}/tiles/{place}", "get");
}

fn forms(schemas: &mut Schemas) {
    let tiles = json!({"type": "array", "items": reference("Tile"), "maxItems": 60});
    let answers = ["Answer", "FunnelAnswer", "JourneysAnswer", "RetentionAnswer"].map(reference);
    let shown = json!({
        "id": uuid(), "site_id": text(), "name": text(), "tiles": tiles, "created_at": millis(),
        "updated_at": millis(), "link": reference("DashboardLink"),
    });
    add(
        schemas,
        json!({
            "Tile": only(&["chart", "x", "y", "w", "h"], json!({
                "title": {"type": "string", "maxLength": 200},
                "chart": {"enum": ["line", "area", "bar", "stacked", "pie", "table", "number", "map", "heatmap", "funnel", "sankey", "retention", "text"]},
                "x": {"type": "integer", "minimum": 0, "maximum": 11}, "y": {"type": "integer", "minimum": 0, "maximum": 499},
                "w": {"type": "integer", "minimum": 1, "maximum": 12}, "h": {"type": "integer", "minimum": 1, "maximum": 500},
                "query": {"type": "object", "description": "A question without `site_id`; a text has none"},
                "text": {"type": "string", "maxLength": 5_000},
            })),
            "TileAnswer": {"anyOf": answers},
            "NewDashboard": only(&["name", "tiles"], json!({
                "site_id": {"type": ["string", "null"]}, "name": {"type": "string", "minLength": 1, "maxLength": 200}, "tiles": tiles,
            })),
            "Dashboard": object(&["id", "site_id", "name", "tiles", "created_at", "updated_at"], shown),
            "Dashboards": list("dashboards", "Dashboard"),
            "Sharing": only(&[], json!({"password": {"type": ["string", "null"],
                "description": "Left out it stays as it is, empty none is asked for"}, "embed": {"type": "boolean"}})),
            "DashboardLink": object(&["token", "has_password", "embed"], json!({
                "token": text(), "has_password": {"type": "boolean"}, "embed": {"type": "boolean"},
            })),
            "SharedDashboard": object(&["name", "site_id", "timezone", "currency", "averages", "tiles"], json!({
                "name": text(), "site_id": text(), "timezone": text(), "currency": text(),
                "averages": {"type": "array", "items": text(), "description": "Metrics of the site's own on these tiles whose parts do not add up"},
                "tiles": tiles,
            })),
        }),
    );
}
