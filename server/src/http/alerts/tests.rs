//! Rules and channels over HTTP, as far as no ClickHouse is needed.

use serde_json::{Value, json};

use crate::http::testing::{ADMIN, Server, run};

fn rule() -> Value {
    json!({
        "site_id": "a.example", "name": "Busy", "metric": "pageviews",
        "condition": {"type": "above", "value": 100}, "window": "5m", "cooldown": "10m",
    })
}

async fn made(server: &Server, path: &str, body: &Value) -> Value {
    let answer = server.call("POST", path).admin().json(&body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

#[test]
fn rules_are_made_changed_listed_and_removed() {
    run(async {
        let server = Server::start().await;
        let id = made(&server, "/api/v1/alerts", &rule()).await["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/alerts/{id}");
        let changed = server.call("PATCH", &path).admin().json(r#"{"window":"10m","cooldown":null}"#).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let shown = server.call("GET", &path).admin().send().await.json();
        assert_eq!((&shown["window"], shown["cooldown"].is_null()), (&json!("10m"), true));
        assert_eq!(shown["condition"], json!({"type": "above", "value": 100}));
        assert_eq!(shown["open"], json!([]));
        let all = server.call("GET", "/api/v1/alerts?site_id=b.example").admin().send().await.json();
        assert_eq!(all["alerts"], json!([]));
        let muted = server.call("POST", &format!("{path}/mute")).admin().json(r#"{"for":"2h"}"#).await;
        assert!(muted.json()["muted_until"].as_i64().is_some_and(|until| until > 0));
        assert_eq!(server.call("DELETE", &path).admin().send().await.status, 204);
        assert_eq!(server.call("GET", &path).admin().send().await.code(), "unknown_alert");
        let history = server.call("GET", "/api/v1/alerts/history").admin().send().await.json();
        assert_eq!(history["history"], json!([]));
    });
}

#[test]
fn what_is_wrong_with_a_rule_is_named() {
    run(async {
        let server = Server::start().await;
        let refused = async |edit: Value| {
            let mut body = rule();
            for (field, value) in edit.as_object().expect("an object") {
                body[field] = value.clone();
            }
            let answer = server.call("POST", "/api/v1/alerts").admin().json(&body.to_string()).await;
            let error = answer.json()["error"].clone();
            (answer.status, error["field"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(refused(json!({"metric": "pageview"})).await, (400, "metric".to_owned()));
        assert_eq!(refused(json!({"channels": ["nobody"]})).await, (400, "channels".to_owned()));
        assert_eq!(refused(json!({"group_by": "planet"})).await, (400, "group_by".to_owned()));
        assert_eq!(refused(json!({"metric": "visitors"})).await, (400, "window".to_owned()));
        assert_eq!(
            refused(json!({"condition": {"type": "forecast_breach", "direction": "left"}})).await,
            (400, "condition.direction".to_owned())
        );
        assert_eq!(refused(json!({"site_id": "c.example"})).await.0, 404);
        let grouped = json!({"group_by": "country", "filters": [["is", "event:page", ["/"]]]});
        let mut body = rule();
        for (field, value) in grouped.as_object().expect("an object") {
            body[field] = value.clone();
        }
        made(&server, "/api/v1/alerts", &body).await;
    });
}

#[test]
fn secrets_of_channels_are_shown_once_and_private_targets_refused() {
    run(async {
        let server = Server::start().await;
        let hook = json!({"type": "webhook", "name": "Pager", "url": "https://example.com/hook?key=hidden"});
        let channel = made(&server, "/api/v1/channels", &hook).await;
        assert!(channel["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
        let all = server.call("GET", "/api/v1/channels").admin().send().await;
        assert!(!all.text.contains("whsec_") && !all.text.contains("hidden"), "{}", all.text);
        assert_eq!(all.json()["channels"][0]["url"], "https://example.com/hook");

        let path = format!("/api/v1/channels/{}", channel["id"].as_str().expect("an id"));
        let another = server.call("PATCH", &path).admin().json(r#"{"secret":null}"#).await.json();
        assert!(another["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{another}");
        assert!(
            another["secret"] != channel["secret"] && another["previous_secret_until"].is_i64(),
            "{another}"
        );
        let renamed = server.call("PATCH", &path).admin().json(r#"{"name":"Beeper"}"#).await;
        assert!(renamed.status == 200 && !renamed.text.contains("whsec_"), "{}", renamed.text);

        let telegram = json!({"type": "telegram", "token": "123:SECRET"});
        let linked = made(&server, "/api/v1/channels", &telegram).await;
        assert!(linked["link_code"].as_str().is_some_and(|code| code.len() >= 12));
        let path = format!("/api/v1/channels/{}", linked["id"].as_str().expect("an id"));
        let shown = server.call("GET", &path).admin().send().await;
        assert!(!shown.text.contains("SECRET"), "{}", shown.text);

        for (body, field) in [
            (json!({"type": "webhook", "url": "http://127.0.0.1:9/"}), "url"),
            (json!({"type": "slack", "url": "http://169.254.169.254/latest"}), "url"),
            (json!({"type": "pigeon"}), "type"),
            (json!({"name": "Nothing"}), "type"),
            (json!({"type": "webhook", "url": "https://example.com", "secret": "x"}), "secret"),
            (json!({"type": "webhook", "url": "https://example.com", "digest": "1h"}), "digest"),
            (json!({"type": "email", "to": ["nobody"]}), "to"),
        ] {
            let answer = server.call("POST", "/api/v1/channels").admin().json(&body.to_string()).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
            assert_eq!(answer.json()["error"]["field"], field, "{}", answer.text);
        }
        let near = json!({"type": "slack", "nme": "Chat", "url": "https://example.com"}).to_string();
        let near = server.call("POST", "/api/v1/channels").admin().json(&near).await.json();
        assert_eq!(near["error"]["hint"], "did you mean `name`?", "{near}");
    });
}

#[test]
fn a_rule_says_which_of_its_channels_are_gone() {
    run(async {
        let server = Server::start().await;
        let hook = json!({"type": "webhook", "name": "Pager", "url": "https://example.com/"});
        let channel = made(&server, "/api/v1/channels", &hook).await;
        let channel = format!("/api/v1/channels/{}", channel["id"].as_str().expect("an id"));
        let mut body = rule();
        body["channels"] = json!(["Pager"]);
        let id = made(&server, "/api/v1/alerts", &body).await["id"].as_str().expect("an id").to_owned();
        let problem = async || {
            let shown = server.call("GET", &format!("/api/v1/alerts/{id}")).admin().send().await.json();
            shown["problem"].as_str().map(str::to_owned)
        };
        assert_eq!(problem().await, None);
        server.call("PATCH", &channel).admin().json(r#"{"name":"Beeper"}"#).await;
        assert_eq!(problem().await.as_deref(), Some("there is no channel `Pager`"));
        server.call("PATCH", &channel).admin().json(r#"{"name":"Pager"}"#).await;
        assert_eq!(problem().await, None);
        server.call("DELETE", &channel).admin().send().await;
        assert_eq!(problem().await.as_deref(), Some("there is no channel `Pager`"));
        made(&server, "/api/v1/channels", &hook).await;
        assert_eq!(problem().await, None, "another one has its name");
    });
}

#[test]
fn a_key_of_one_site_sees_and_changes_nothing_of_another() {
    run(async {
        let server = Server::start().await;
        let key = server.key(&["write"], Some("b.example")).await;
        let reader = server.key(&["read"], Some("b.example")).await;
        let id = made(&server, "/api/v1/alerts", &rule()).await["id"].as_str().expect("an id").to_owned();
        let hook = json!({"type": "webhook", "name": "Pager", "url": "https://example.com/"});
        let channel =
            made(&server, "/api/v1/channels", &hook).await["id"].as_str().expect("an id").to_owned();
        for (method, path, body) in [
            ("PATCH", format!("/api/v1/alerts/{id}"), "{}"),
            ("DELETE", format!("/api/v1/alerts/{id}"), ""),
            ("POST", format!("/api/v1/alerts/{id}/mute"), "{}"),
            ("POST", format!("/api/v1/alerts/{id}/close"), "{}"),
            ("PATCH", format!("/api/v1/channels/{channel}"), "{}"),
            ("POST", format!("/api/v1/channels/{channel}/test"), ""),
            ("GET", format!("/api/v1/channels/{channel}/messages"), ""),
            ("POST", format!("/api/v1/channels/{channel}/replay"), ""),
        ] {
            let answer = server.call(method, &path).key(&key).json(body).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text);
        }
        assert_eq!(server.call("GET", &format!("/api/v1/alerts/{id}")).key(&reader).send().await.status, 404);
        let seen = server.call("GET", "/api/v1/alerts").key(&reader).send().await.json();
        assert_eq!(seen["alerts"], json!([]));
        assert_eq!(server.call("GET", "/api/v1/channels").key(&reader).send().await.status, 403);
        let other = server.call("POST", "/api/v1/alerts").key(&key).json(&rule().to_string()).await;
        assert_eq!(other.status, 403, "{}", other.text);
        assert_ne!(key, ADMIN);
    });
}
