//! Signing in and out, and the first owner.

use serde_json::json;

use super::operation::{Operation, Paths, Schemas, add, object, only, text};
use crate::auth::Scope;

const PEOPLE: &str = "People";

pub(super) fn describe(paths: &mut Paths, schemas: &mut Schemas) {
    let session = "/api/v1/session";
    Operation::new(PEOPLE, "session.show", "Who is asking")
        .answers("200", "Session")
        .open()
        .at(paths, session, "get");
    Operation::new(PEOPLE, "session.begin", "Sign in")
        .takes("Credentials")
        .answers("200", "Session")
        .fails(&["400", "408", "415", "429"])
        .open()
        .at(paths, session, "post");
    Operation::new(PEOPLE, "session.end", "Sign out").done().open().at(paths, session, "delete");
    Operation::new(PEOPLE, "session.password", "Change one's password")
        .says("For who is signed in with a browser, with `X-CSRF-Token`.")
        .takes("NewPassword")
        .answers("200", "Session")
        .fails(&["400", "408", "415", "429"])
        .open()
        .at(paths, "/api/v1/session/password", "put");
    Operation::new(PEOPLE, "setup", "Become the first owner")
        .takes("Setup")
        .answers("201", "Session")
        .fails(&["400", "408", "409", "415", "429"])
        .open()
        .at(paths, "/api/v1/setup", "post");
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    let strings = json!({"type": "array", "items": {"type": "string"}});
    let required = ["state", "scopes", "features", "metrics", "tracker", "version"];
    add(
        schemas,
        json!({
            "Session": object(&required, json!({
                "state": {"enum": ["signed_in", "key", "open", "signed_out", "new"]},
                "person": object(&["email", "name"], json!({"email": text(), "name": text()})),
                "csrf": text(),
                "scopes": {"type": "array", "items": {"enum": scopes}},
                "features": strings, "metrics": strings, "tracker": text(), "version": text(),
            })),
            "Credentials": only(&["email", "password"], json!({"email": text(), "password": text()})),
            "NewPassword": only(&["current", "password"], json!({"current": text(), "password": text()})),
            "Setup": only(&["email", "password"], json!({
                "code": {"type": ["string", "null"], "description": "What the program said when it started"},
                "email": text(), "name": text(), "password": text(),
            })),
        }),
    );
}
