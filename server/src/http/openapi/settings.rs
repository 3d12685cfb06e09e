//! Sites, keys, erasures and the check of views.

use serde_json::{Value, json};

use super::operation::{
    Operation, Paths, Schemas, add, count, id, list, millis, object, only, place, site, text, uuid,
};
use crate::auth::Scope;

const SETTINGS: &str = "Settings";
const PEOPLE: &str = "People";

pub(super) fn describe(paths: &mut Paths, schemas: &mut Schemas) {
    sites(paths);
    keys(paths);
    erasures(paths);
    looks(paths);
    Operation::new(SETTINGS, "verify", "Recompute every view and compare")
        .takes("Verify")
        .answers("200", "Verified")
        .fails(&["400"])
        .at(paths, "/api/v1/verify", "post");
    add(schemas, forms());
    add(schemas, receipts());
}

fn sites(paths: &mut Paths) {
    let domain = || place("domain", json!({"type": "string", "minLength": 1}));
    let (all, one) = ("/api/v1/sites", "/api/v1/sites/{domain}");
    Operation::new(SETTINGS, "sites.list", "List sites").answers("200", "Sites").at(paths, all, "get");
    Operation::new(SETTINGS, "sites.create", "Make a site")
        .takes("NewSite")
        .answers("201", "Site")
        .fails(&["400", "409"])
        .at(paths, all, "post");
    Operation::new(SETTINGS, "sites.show", "Show a site")
        .with(domain())
        .answers("200", "Site")
        .at(paths, one, "get");
    Operation::new(SETTINGS, "sites.change", "Change a site's settings")
        .with(domain())
        .takes("SiteSettings")
        .answers("200", "Site")
        .fails(&["400", "409"])
        .at(paths, one, "patch");
}

fn looks(paths: &mut Paths) {
    let look = "/api/v1/look";
    Operation::new(SETTINGS, "look.show", "How pages look")
        .answers("200", "Look")
        .open()
        .at(paths, look, "get");
    Operation::new(SETTINGS, "look.change", "Change how pages look")
        .takes("NewLook")
        .answers("200", "Look")
        .fails(&["400"])
        .at(paths, look, "put");
    let picture = || json!({"type": "string", "format": "binary"});
    let mut logo = Operation::new(SETTINGS, "look.logo", "The logo on pages");
    for media_type in ["image/png", "image/jpeg", "image/webp", "image/svg+xml"] {
        logo = logo.answers_as("200", media_type, picture());
    }
    logo.open().at(paths, "/api/v1/look/logo", "get");
}

fn keys(paths: &mut Paths) {
    Operation::new(SETTINGS, "keys.list", "List keys").answers("200", "Keys").at(
        paths,
        "/api/v1/keys",
        "get",
    );
    Operation::new(SETTINGS, "keys.create", "Make a key")
        .says("Its text is in this answer and in no other.")
        .takes("NewKey")
        .answers("201", "MadeKey")
        .fails(&["400"])
        .at(paths, "/api/v1/keys", "post");
    Operation::new(SETTINGS, "keys.revoke", "Revoke a key").with(id()).done().at(
        paths,
        "/api/v1/keys/{id}",
        "delete",
    );
}

fn erasures(paths: &mut Paths) {
    let all = "/api/v1/erasure";
    Operation::new(PEOPLE, "erasures.list", "List erasures")
        .with(site())
        .answers("200", "Receipts")
        .fails(&["400"])
        .at(paths, all, "get");
    Operation::new(PEOPLE, "erasures.create", "Erase somebody")
        .says(
            "200 with the whole receipt, or 202 with what there is of it where it takes longer than `wait`.",
        )
        .takes("Erase")
        .answers("200", "Receipt")
        .answers("202", "Receipt")
        .fails(&["400"])
        .at(paths, all, "post");
    Operation::new(PEOPLE, "erasures.show", "Show an erasure").with(id()).answers("200", "Receipt").at(
        paths,
        "/api/v1/erasure/{id}",
        "get",
    );
}

fn forms() -> Value {
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    let scopes = json!({"type": "array", "items": {"enum": scopes}});
    let week =
        json!({"enum": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]});
    let settings = json!({
        "timezone": {"type": "string", "examples": ["Europe/Berlin"]}, "week_start": week,
        "identified": {"type": "boolean", "description": "Whether people are known by the ids that the site sends"},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}, "bots": {"enum": ["drop", "flag"]},
        "honour_privacy_signals": {"type": "boolean"},
        "retention_days": {"type": "integer", "minimum": 0, "maximum": 36_500, "description": "Days before today that are kept, by the clock of the site; 0 keeps everything. What is older is forgotten within a minute, rows and figures, and cannot be brought back; events of that age are refused"},
    });
    let mut wanted = settings;
    wanted["domain"] = json!({"type": "string", "description": "Of a site that has one its new name. Events that come under the former one are counted all the same, until another site takes it"});
    let mut shown = wanted.clone();
    shown["domain"] = text();
    shown["formerly"] = json!({"type": "array", "items": text(), "description": "What it was called before"});
    let required = [
        "domain",
        "formerly",
        "timezone",
        "week_start",
        "identified",
        "currency",
        "bots",
        "honour_privacy_signals",
        "retention_days",
    ];
    let key = json!({
        "id": uuid(), "name": text(), "site": {"type": ["string", "null"]}, "scopes": scopes,
        "hint": {"type": "string", "description": "The first characters of its text"}, "created_at": millis(),
    });
    let mut made = key.clone();
    made["key"] = text();
    json!({
        "SiteSettings": only(&[], wanted.clone()),
        "NewSite": only(&["domain"], wanted),
        "Site": object(&required, shown),
        "Sites": list("sites", "Site"),
        "NewKey": only(&["scopes"], json!({
            "name": {"type": ["string", "null"], "maxLength": 200}, "site": {"type": ["string", "null"]},
            "scopes": {"type": "array", "items": scopes["items"], "minItems": 1},
        })),
        "Key": object(&["id", "name", "site", "scopes", "hint", "created_at"], key),
        "MadeKey": object(&["key", "id", "name", "site", "scopes", "hint", "created_at"], made),
        "Keys": list("keys", "Key"),
        "Look": object(&["name", "accent", "has_logo"], json!({
            "name": text(), "accent": text(), "has_logo": {"type": "boolean"},
        })),
        "NewLook": only(&[], json!({
            "name": {"type": "string", "maxLength": 60},
            "accent": {"type": "string", "pattern": "^(#[0-9A-Fa-f]{6})?$"},
            "logo": {"type": ["string", "null"], "description": "`data:image/png;base64,…`; empty takes it away"},
        })),
        "Verify": only(&[], json!({"site_id": {"type": ["string", "null"]}})),
        "Verified": object(&["sites", "differences"], json!({
            "sites": count(),
            "differences": {"type": "array", "items": object(&["view", "site", "row", "stored"], json!({
                "view": text(), "site": text(), "row": text(), "stored": {"type": "boolean"},
            }))},
        })),
    })
}

fn receipts() -> Value {
    let at = json!({"type": "string", "format": "date-time"});
    json!({
        "Erase": only(&[], json!({
            "site_id": {"type": ["string", "null"]}, "user_id": {"type": ["string", "null"]},
            "anonymous_id": {"type": ["string", "null"]}, "visitor": {"type": ["string", "integer", "null"]},
            "wait": {"type": ["integer", "null"], "minimum": 0, "description": "Seconds, at most 100"},
        })),
        "Receipt": object(&["id", "site_id", "subject", "digest", "status", "requested_at"], json!({
            "id": uuid(), "site_id": text(), "subject": text(), "digest": text(),
            "status": {"enum": ["accepted", "removing", "complete"]}, "requested_at": at,
            "views": {"type": "object", "additionalProperties": count()},
            "removed": {"type": "object", "additionalProperties": count()},
            "corrected_at": at, "removed_at": at, "rewritten_at": at, "released_by": at,
            "signature": object(&["algorithm", "public_key", "value", "signed"], json!({
                "algorithm": text(), "public_key": text(), "value": text(), "signed": text(),
            })),
        })),
        "Receipts": list("erasures", "Receipt"),
    })
}
