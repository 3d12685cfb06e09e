//! What the demo asks for beside sending events.

use serde_json::json;

use crate::cli::demo::shown;
use crate::http::testing::{Server, run};

#[test]
fn what_the_demo_shows_can_be_made() {
    run(async {
        let server = Server::start().await;
        for (kind, bodies) in shown::at_once().into_iter().chain(shown::of_history()) {
            for mut body in bodies {
                body["site_id"] = json!("a.example");
                let path = format!("/api/v1/{kind}");
                let answer = server.call("POST", &path).admin().json(&body.to_string()).await;
                let taken = if kind == "models" { 202 } else { 201 };
                assert_eq!(answer.status, taken, "{}: {}", body["name"], answer.text);
                let held = server.call("GET", &format!("{path}?site_id=a.example")).admin().send().await;
                // By this the demo knows what is there already.
                let names = held.json()[kind].as_array().expect("a list").clone();
                assert!(names.iter().any(|one| one["name"] == body["name"]), "{}", held.text);
            }
        }
    });
}
