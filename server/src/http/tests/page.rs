//! What browsers are given.

use crate::http::testing::{Server, run};

#[test]
fn pages_are_for_browsers_and_come_from_here_alone() {
    run(async {
        let server = Server::start().await;
        let open = |path: &str| server.call("GET", path).header("accept", "text/html,*/*").send();
        for path in ["/", "/sites/a.example", "/sites/a.example/live", "/sign-in"] {
            let page = open(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
            let policy = page.header("content-security-policy").expect("a policy");
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
                "{policy}"
            );
            assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
            let tag = page.header("etag").expect("a tag").to_owned();
            let again = server.call("GET", path).header("accept", "text/html").header("if-none-match", &tag);
            assert_eq!(again.send().await.status, 304, "{path}");
        }
        assert_eq!(open("/api/v1/nothing").await.status, 404);
        assert_eq!(server.call("GET", "/sites/a.example").send().await.status, 404, "not a browser");
        assert_eq!(
            open("/.vite/manifest.json").await.header("content-type"),
            Some("text/html; charset=utf-8")
        );
    });
}

#[test]
fn the_tracker_is_at_two_places_and_small() {
    run(async {
        let server = Server::start().await;
        let known = server.call("GET", "/js/opentrace.js?v=2").send().await;
        assert_eq!(known.status, 200);
        assert_eq!(known.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(known.header("access-control-allow-origin"), Some("*"));
        assert_eq!(known.header("cross-origin-resource-policy"), Some("cross-origin"));
        assert!(known.text.len() < 2048, "{} bytes", known.text.len());
        assert_eq!(server.call("GET", "/w/s.js").send().await.text, known.text);
        for script in ["errors", "forms", "vitals"] {
            for folder in ["js", "w"] {
                let script = server.call("GET", &format!("/{folder}/{script}.js")).send().await;
                assert_eq!(script.status, 200, "{folder}");
            }
        }
        assert_eq!(server.call("GET", "/js/other.js").send().await.status, 404);
    });
}

#[test]
fn events_and_pictures_count_at_the_neutral_place_too() {
    run(async {
        let server = Server::start().await;
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
        let body = r#"{"n":"pageview","u":"https://a.example/","d":"a.example"}"#;
        let sent = server.call("POST", "/w/e").header("user-agent", agent).body(body.as_bytes()).await;
        assert_eq!((sent.status, server.logged()), (202, 1));
        for path in ["/js/pixel.gif", "/w/p.gif"] {
            let page = "https://a.example/without-script";
            let picture = server.call("GET", &format!("{path}?site=a.example")).header("user-agent", agent);
            let picture = picture.header("referer", page).send().await;
            assert_eq!(picture.status, 200, "{}", picture.text);
            assert_eq!(picture.header("content-type"), Some("image/gif"));
            assert_eq!(picture.header("cache-control"), Some("no-store"));
        }
        assert_eq!(server.logged(), 3);
        // A site nobody made, and a page nobody named: a picture all the same.
        for query in ["site=missing.example&url=https://a.example/", "site=a.example"] {
            let picture = server.call("GET", &format!("/js/pixel.gif?{query}")).header("user-agent", agent);
            assert_eq!(picture.send().await.status, 200, "{query}");
        }
        assert_eq!(server.logged(), 3);
    });
}
