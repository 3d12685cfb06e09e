//! The look of an organisation's pages: everybody sees it, its administrators change it.

use serde_json::json;

use crate::http::testing::{Server, run};

const PATH: &str = "/api/v1/look";
/// A PNG of one point.
const POINT: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[test]
fn everybody_sees_what_an_administrator_chose() {
    run(async {
        let server = Server::start().await;
        let plain = server.call("GET", PATH).send().await;
        assert_eq!(plain.json(), json!({"name": "", "accent": "", "has_logo": false}));
        let look = json!({"name": " Acme ", "accent": "#0A7D4F", "logo": POINT});
        let answer = server.call("PUT", PATH).admin().json(&look.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let shown = server.call("GET", PATH).send().await.json();
        assert_eq!(shown, json!({"name": "Acme", "accent": "#0a7d4f", "has_logo": true}));
        let logo = server.call("GET", "/api/v1/look/logo").send().await;
        assert_eq!((logo.status, logo.header("content-type")), (200, Some("image/png")));
        assert!(logo.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")));

        // What is not named stays, what is empty goes.
        server.call("PUT", PATH).admin().json(r#"{"name":"Acme"}"#).await;
        assert_eq!(server.call("GET", "/api/v1/look/logo").send().await.status, 200);
        server.call("PUT", PATH).admin().json(r#"{"logo":""}"#).await;
        assert_eq!(server.call("GET", "/api/v1/look/logo").send().await.status, 404);
    });
}

#[test]
fn others_change_nothing_and_nonsense_is_refused() {
    run(async {
        let server = Server::start().await;
        let writer = server.key(&["write"], None).await;
        let bound = server.key(&["admin"], Some("a.example")).await;
        assert_eq!(server.call("PUT", PATH).json("{}").await.status, 401);
        assert_eq!(server.call("PUT", PATH).key(&writer).json("{}").await.status, 403);
        assert_eq!(server.call("PUT", PATH).key(&bound).json("{}").await.status, 403);
        for (field, value) in [
            ("accent", "red"),
            ("accent", "#12345g"),
            ("logo", "data:text/html;base64,PGh0bWw+"),
            ("logo", "data:image/png;base64,PGh0bWw+"),
            ("logo", "http://elsewhere.example/logo.png"),
        ] {
            let answer = server.call("PUT", PATH).admin().json(&json!({ field: value }).to_string()).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_value"), "{value}");
            assert_eq!(answer.json()["error"]["field"], field);
        }
    });
}
