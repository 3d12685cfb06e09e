//! The form of answers, wrong ones above all.

use crate::http::testing::{Server, run};

#[test]
fn what_does_not_exist_is_said_in_the_usual_form() {
    run(async {
        let server = Server::start().await;
        for path in ["/nowhere", "/api/v1", "/api/v1/sites/a.example/more", "/live.js/x"] {
            let answer = server.call("GET", path).admin().send().await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{path}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        for (method, path, allow) in [
            ("GET", "/api/v1/events", "POST"),
            ("DELETE", "/api/event", "POST, OPTIONS"),
            ("GET", "/api/v2/query", "POST"),
            ("PUT", "/api/v1/sites", "GET, POST"),
            ("DELETE", "/api/v1/sites/a.example", "GET, PATCH"),
            ("PATCH", "/api/v1/keys", "GET, POST"),
            ("GET", "/api/v1/keys/x", "DELETE"),
            ("POST", "/api/v1/live", "GET"),
            ("POST", "/healthz", "GET, HEAD"),
            ("POST", "/", "GET, HEAD"),
        ] {
            let answer = server.call(method, path).admin().send().await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (405, "method_not_allowed"),
                "{method} {path}"
            );
            assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        }
    });
}

#[test]
fn mistakes_name_their_field() {
    run(async {
        let server = Server::start().await;
        let query = r#"{"site_id":"a.example","metrics":["visitorz"],"date_range":"7d"}"#;
        for (method, path, body, status, code, field) in [
            ("POST", "/api/v2/query", "{", 400, "invalid_json", None),
            ("POST", "/api/v2/query", query, 400, "unknown_metric", Some("metrics[0]")),
            ("GET", "/api/v1/live", "", 400, "missing_field", Some("site_id")),
            ("POST", "/api/v1/sites", "{}", 400, "missing_field", Some("domain")),
            ("POST", "/api/v1/sites", r#"{"domain":"a.example"}"#, 409, "exists", None),
            ("POST", "/api/v1/sites", r#"{"domain":"no good"}"#, 400, "invalid_value", Some("domain")),
            ("POST", "/api/v1/sites", r#"{"domain":"x.example","tz":"UTC"}"#, 400, "invalid_json", None),
            (
                "PATCH",
                "/api/v1/sites/a.example",
                r#"{"timezone":"Mars/Base"}"#,
                400,
                "invalid_value",
                Some("timezone"),
            ),
            (
                "PATCH",
                "/api/v1/sites/a.example",
                r#"{"week_start":"someday"}"#,
                400,
                "invalid_value",
                Some("week_start"),
            ),
            (
                "PATCH",
                "/api/v1/sites/a.example",
                r#"{"domain":"no name"}"#,
                400,
                "invalid_value",
                Some("domain"),
            ),
            ("POST", "/api/v1/keys", r#"{"scopes":[]}"#, 400, "invalid_value", Some("scopes")),
            ("POST", "/api/v1/keys", r#"{"scopes":["root"]}"#, 400, "invalid_json", None),
            (
                "POST",
                "/api/v1/keys",
                r#"{"site":"missing.example","scopes":["read"]}"#,
                404,
                "unknown_site",
                Some("site_id"),
            ),
        ] {
            let answer = server.call(method, path).admin().json(body).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (status, code),
                "{path} {body}: {}",
                answer.text
            );
            assert_eq!(answer.json()["error"]["field"].as_str(), field, "{path} {body}");
        }
    });
}

#[test]
fn settings_are_kept_and_shown() {
    run(async {
        let server = Server::start().await;
        let change = r#"{"timezone":"Europe/Berlin","week_start":"sunday","identified":true,"bots":"flag","retention_days":90}"#;
        let changed = server.call("PATCH", "/api/v1/sites/www.A.example").admin().json(change).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let shown = server.call("GET", "/api/v1/sites/a.example").admin().send().await;
        assert_eq!(shown.json(), changed.json());
        for (field, value) in [
            ("timezone", "Europe/Berlin"),
            ("week_start", "sunday"),
            ("bots", "flag"),
            ("domain", "a.example"),
        ] {
            assert_eq!(shown.json()[field], value);
        }
        assert_eq!(
            (&shown.json()["identified"], &shown.json()["retention_days"]),
            (&true.into(), &90.into())
        );
    });
}

#[test]
fn a_renamed_site_answers_to_both_names_until_another_takes_the_former() {
    run(async {
        let server = Server::start().await;
        let patch = async |path: &str, domain: &str| {
            let body = format!(r#"{{"domain":"{domain}"}}"#);
            server.call("PATCH", &format!("/api/v1/sites/{path}")).admin().json(&body).await
        };
        let renamed = patch("a.example", "https://new.example/").await;
        assert_eq!(renamed.status, 200, "{}", renamed.text);
        for path in ["/api/v1/sites/new.example", "/api/v1/sites/a.example"] {
            let shown = server.call("GET", path).admin().send().await.json();
            assert_eq!(
                (&shown["domain"], &shown["formerly"][0]),
                (&"new.example".into(), &"a.example".into())
            );
        }
        let event = r#"{"name":"x","site":"a.example","ip":"93.184.216.34","user_agent":"Firefox"}"#;
        let taken = server.call("POST", "/api/v1/events").admin().json(event).await;
        assert_eq!(taken.json()["accepted"], 1, "{}", taken.text);
        assert_eq!(patch("new.example", "b.example").await.status, 409);
        assert_eq!(patch("new.example", "no name").await.json()["error"]["field"], "domain");

        let made = server.call("POST", "/api/v1/sites").admin().json(r#"{"domain":"a.example"}"#).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let shown = server.call("GET", "/api/v1/sites/a.example").admin().send().await.json();
        assert_eq!((&shown["domain"], &shown["formerly"]), (&"a.example".into(), &serde_json::json!([])));
        let shown = server.call("GET", "/api/v1/sites/new.example").admin().send().await.json();
        assert_eq!(shown["formerly"], serde_json::json!([]));
    });
}

#[test]
fn health_is_public_and_says_what_is_missing() {
    run(async {
        let server = Server::start().await;
        assert_eq!(server.call("GET", "/healthz").send().await.status, 200);
        let ready = server.call("GET", "/readyz").send().await;
        assert_eq!(ready.status, 503);
        let ready = ready.json();
        assert_eq!(
            (&ready["ready"], &ready["collecting"], &ready["answering"]),
            (&false.into(), &true.into(), &false.into())
        );
        let metrics = server.call("GET", "/metrics").from("127.0.0.1").send().await;
        assert_eq!(metrics.status, 200);
        assert!(metrics.text.contains("\nopentrace_lag_events 0\n"), "{}", metrics.text);
        let page = server.call("GET", "/").send().await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(
            page.header("content-security-policy")
                .is_some_and(|policy| policy.contains("default-src 'none'"))
        );
    });
}
