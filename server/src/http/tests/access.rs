//! Every route against every kind of caller.

use crate::http::testing::{Server, run};

/// A route that needs a right.
struct Route {
    method: &'static str,
    path: &'static str,
    body: &'static str,
    /// A scope that is enough.
    scope: &'static str,
    /// The answer to the right scope on another site.
    elsewhere: u16,
    /// The answer to the right scope everywhere.
    right: u16,
}

const fn route(method: &'static str, path: &'static str, body: &'static str, scope: &'static str) -> Route {
    Route { method, path, body, scope, elsewhere: 403, right: 200 }
}

const ROUTES: &[Route] = &[
    // Nobody answers questions in these tests. First, because later there are events to wait for.
    Route { right: 503, ..route("POST", "/api/v1/verify", r#"{"site_id":"a.example"}"#, "admin") },
    // Events of another site are refused one by one.
    Route {
        elsewhere: 202,
        right: 202,
        ..route("POST", "/api/v1/events", r#"{"name":"x","site":"a.example"}"#, "collect")
    },
    Route {
        right: 503,
        ..route(
            "POST",
            "/api/v2/query",
            r#"{"site_id":"a.example","metrics":["visitors"],"date_range":"7d"}"#,
            "read",
        )
    },
    Route {
        right: 503,
        ..route("POST", "/api/v1/ask", r#"{"site_id":"a.example","question":"visitors today"}"#, "read")
    },
    Route { right: 503, ..route("GET", "/api/v1/properties?site_id=a.example", "", "read") },
    route("GET", "/api/v1/live?site_id=a.example", "", "read"),
    // The site is in no identified mode.
    Route { right: 409, ..route("GET", "/api/v1/people?site_id=a.example", "", "read") },
    route("PUT", "/api/v1/look", r#"{"name":"Acme"}"#, "admin"),
    Route { elsewhere: 200, ..route("GET", "/api/v1/sites", "", "read") },
    Route { right: 201, ..route("POST", "/api/v1/sites", r#"{"domain":"new.example"}"#, "admin") },
    route("GET", "/api/v1/sites/a.example", "", "read"),
    route("PATCH", "/api/v1/sites/a.example", r#"{"timezone":"Europe/Berlin"}"#, "write"),
    Route { elsewhere: 200, ..route("GET", "/api/v1/keys", "", "admin") },
    Route {
        right: 201,
        ..route("POST", "/api/v1/keys", r#"{"name":"n","site":"a.example","scopes":["read"]}"#, "admin")
    },
    // There is no such key, which only an admin learns.
    Route {
        elsewhere: 404,
        right: 404,
        ..route("DELETE", "/api/v1/keys/00000000-0000-0000-0000-000000000001", "", "admin")
    },
    // There is no ClickHouse to look a user up in, and no such receipt.
    Route {
        right: 202,
        ..route("POST", "/api/v1/erasure", r#"{"site_id":"a.example","visitor":"7","wait":0}"#, "write")
    },
    route("GET", "/api/v1/erasure?site_id=a.example", "", "write"),
    Route {
        elsewhere: 404,
        right: 404,
        ..route("GET", "/api/v1/erasure/00000000-0000-0000-0000-000000000001", "", "write")
    },
    route("GET", "/api/v1/dashboards?site_id=a.example", "", "read"),
    Route {
        right: 201,
        ..route("POST", "/api/v1/dashboards", r#"{"site_id":"a.example","name":"n","tiles":[]}"#, "write")
    },
    Route {
        elsewhere: 404,
        right: 404,
        ..route("GET", "/api/v1/dashboards/00000000-0000-0000-0000-000000000001", "", "read")
    },
    Route {
        elsewhere: 404,
        right: 404,
        ..route("DELETE", "/api/v1/dashboards/00000000-0000-0000-0000-000000000001/link", "", "write")
    },
    route("GET", "/metrics", "", "read"),
    Route { elsewhere: 200, ..route("GET", "/api/v1/status", "", "read") },
];

#[test]
fn every_route_asks_who_is_there() {
    run(async {
        let server = Server::start().await;
        server.stop.cancel(); // ends streams at once, so that their answers can be read whole
        for route in ROUTES {
            let call = || server.call(route.method, route.path);
            let name = format!("{} {}", route.method, route.path);

            let nobody = call().json(route.body).await;
            assert_eq!((nobody.status, nobody.code().as_str()), (401, "unauthorized"), "{name}");
            assert_eq!(nobody.header("www-authenticate"), Some("Bearer"), "{name}");
            let unknown = call().key("ot_nobody-ever-made-this-key").json(route.body).await;
            assert_eq!(unknown.status, 401, "{name}");
            let basic = call().header("authorization", "Basic dGhlLWFkbWluLXRva2Vu").json(route.body).await;
            assert_eq!(basic.status, 401, "{name}");

            if route.path != "/api/v1/status" {
                for wrong in ["collect", "read", "write"].into_iter().filter(|scope| *scope != route.scope) {
                    let key = server.key(&[wrong], None).await;
                    let answer = call().key(&key).json(route.body).await;
                    assert_eq!(
                        (answer.status, answer.code().as_str()),
                        (403, "forbidden"),
                        "{name} with {wrong}"
                    );
                }
            }
            let elsewhere = server.key(&[route.scope], Some("b.example")).await;
            assert_eq!(call().key(&elsewhere).json(route.body).await.status, route.elsewhere, "{name}");
            let right = server.key(&[route.scope], None).await;
            let answer = call().key(&right).json(route.body).await;
            assert_eq!(answer.status, route.right, "{name}: {}", answer.text);
        }
    });
}

#[test]
fn a_bound_key_reaches_its_site_and_no_other() {
    run(async {
        let server = Server::start().await;
        let key = server.key(&["admin"], Some("b.example")).await;
        let sites = server.call("GET", "/api/v1/sites").key(&key).send().await.json();
        assert_eq!(sites["sites"].as_array().map(Vec::len), Some(1));
        assert_eq!(sites["sites"][0]["domain"], "b.example");

        let keys = server.call("GET", "/api/v1/keys").key(&key).send().await;
        assert!(!keys.text.contains("a.example"), "{}", keys.text);
        let made = server.call("POST", "/api/v1/keys").key(&key).json(r#"{"scopes":["read"]}"#).await;
        assert_eq!(made.json()["site"], "b.example", "what it makes is bound, too");

        // Whether a site exists is not told to who may not see it.
        let other = server.call("GET", "/api/v1/sites/a.example").key(&key).send().await;
        let missing = server.call("GET", "/api/v1/sites/missing.example").key(&key).send().await;
        assert_eq!((other.status, other.text), (missing.status, missing.text));
        let missing = server.call("GET", "/api/v1/sites/missing.example").admin().send().await;
        assert_eq!((missing.status, missing.code().as_str()), (404, "unknown_site"));
    });
}

#[test]
fn a_revoked_key_is_unknown() {
    run(async {
        let server = Server::start().await;
        let made = server.call("POST", "/api/v1/keys").admin().json(r#"{"scopes":["read"]}"#).await.json();
        let key = made["key"].as_str().expect("a key");
        assert_eq!(server.call("GET", "/api/v1/sites").key(key).send().await.status, 200);
        let path = format!("/api/v1/keys/{}", made["id"].as_str().expect("an id"));
        assert_eq!(server.call("DELETE", &path).admin().send().await.status, 204);
        assert_eq!(server.call("GET", "/api/v1/sites").key(key).send().await.status, 401);
        assert_eq!(server.call("DELETE", &path).admin().send().await.status, 404);
        let listed = server.call("GET", "/api/v1/keys").admin().send().await;
        assert!(!listed.text.contains(key), "a key's text is shown once");
    });
}

#[test]
fn open_mode_reads_from_this_machine_only() {
    run(async {
        let server = Server::with(true).await;
        let read = |ip: &'static str, host: &'static str| {
            server.call("GET", "/api/v1/sites").from(ip).header("host", host)
        };
        for (ip, host, status) in [
            ("127.0.0.1", "localhost:8080", 200),
            ("::1", "[::1]:8080", 200),
            ("127.0.0.1", "127.0.0.1", 200),
            ("192.0.2.7", "localhost", 401),
            // A page that made its own name point here.
            ("127.0.0.1", "evil.example:8080", 401),
        ] {
            assert_eq!(read(ip, host).send().await.status, status, "{ip} {host}");
        }
        let proxied = read("127.0.0.1", "localhost").header("x-forwarded-for", "192.0.2.7");
        assert_eq!(proxied.send().await.status, 401);
        let write = server.call("POST", "/api/v1/sites").from("127.0.0.1").header("host", "localhost");
        assert_eq!(write.json(r#"{"domain":"x.example"}"#).await.status, 403);
    });
}
