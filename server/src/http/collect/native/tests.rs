//! The native call, over the real log.

use std::io::Write;

use serde_json::{Value, json};

use crate::http::testing::{Answer, Request, Server, run};

fn call(server: &Server) -> Request<'_> {
    server.call("POST", "/api/v1/events").admin()
}

/// Accepted, duplicates, and the rejected as index and code.
fn outcome(answer: &Answer) -> (u64, u64, Vec<(u64, String)>) {
    assert_eq!(answer.status, 202, "{}", answer.text);
    let body = answer.json();
    let count = |field: &str| body[field].as_u64().expect("a number");
    let rejected = body["rejected"].as_array().expect("a list").iter().map(|rejected| {
        assert!(rejected["message"].as_str().is_some_and(|message| !message.is_empty()));
        (rejected["index"].as_u64().expect("an index"), rejected["code"].as_str().expect("a code").to_owned())
    });
    (count("accepted"), count("duplicates"), rejected.collect())
}

fn event(name: &str) -> Value {
    json!({ "name": name, "site": "a.example", "url": "https://a.example/", "ip": "192.0.2.9", "user_agent": "x" })
}

#[test]
fn good_events_are_kept_and_bad_ones_named() {
    run(async {
        let server = Server::start().await;
        let nowhere = json!({ "name": "x", "site": "missing.example" });
        let nameless = json!({ "site": "a.example" });
        let future = json!({ "name": "x", "site": "a.example", "ts": "2099-01-01T00:00:00Z" });
        let old = json!({ "name": "x", "site": "a.example", "ts": "2020-01-01T00:00:00Z" });
        let list = json!([event("a"), nowhere, nameless, future, old, 7, event("b")]);
        let bad = [
            (1, "site_unknown"),
            (2, "name_missing"),
            (3, "in_future"),
            (4, "too_old"),
            (5, "event_invalid"),
        ]
        .map(|(index, code)| (index, code.to_owned()));
        assert_eq!(outcome(&call(&server).json(&list.to_string()).await), (2, 0, bad.to_vec()));
        assert_eq!(server.logged(), 2);

        let lines = format!("{}\n\n{{broken\n{}\n", event("c"), event("d"));
        let mut lines = lines.into_bytes();
        lines.extend_from_slice(b"{\"name\":\"\xff\",\"site\":\"a.example\"}");
        let answer = call(&server).header("content-type", "application/x-ndjson").body(&lines).await;
        let bad = [(1, "invalid_json".to_owned()), (3, "invalid_utf8".to_owned())];
        assert_eq!(outcome(&answer), (2, 0, bad.to_vec()));
        assert_eq!(server.logged(), 4);

        let metrics = server.call("GET", "/metrics").from("127.0.0.1").send().await.text;
        assert!(metrics.contains("opentrace_events_accepted_total 4\n"), "{metrics}");
        assert!(metrics.contains("opentrace_events_rejected_total{code=\"in_future\"} 1\n"), "{metrics}");
    });
}

#[test]
fn what_is_no_list_of_events_is_refused_whole() {
    run(async {
        let server = Server::start().await;
        for (media_type, body, status, code) in [
            ("application/json", &b"hello"[..], 400, "invalid_json"),
            ("application/json", b"", 400, "invalid_json"),
            ("application/json", b"[{\"name\":\"\xff\"}]", 400, "invalid_utf8"),
            ("multipart/form-data; boundary=x", b"[]", 415, "unsupported_media_type"),
            ("image/png", b"[]", 415, "unsupported_media_type"),
        ] {
            let answer = call(&server).header("content-type", media_type).body(body).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{media_type}");
        }
        let many = Value::from(vec![event("x"); 51]).to_string();
        let answer = call(&server).json(&many).await;
        assert_eq!((answer.status, answer.code().as_str()), (413, "too_many_events"));
        let large = call(&server).body(&vec![b'['; 20_001]).await;
        assert_eq!((large.status, large.code().as_str()), (413, "body_too_large"));
        let encoded = call(&server).header("content-encoding", "br").body(b"x").await;
        assert_eq!((encoded.status, encoded.code().as_str()), (415, "unsupported_encoding"));
        assert_eq!(server.logged(), 0);
    });
}

#[test]
fn gzip_is_understood_with_and_without_its_header() {
    run(async {
        let server = Server::start().await;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(event("zipped").to_string().as_bytes()).expect("in memory");
        let packed = packer.finish().expect("in memory");
        assert_eq!(outcome(&call(&server).header("content-encoding", "gzip").body(&packed).await).0, 1);
        assert_eq!(outcome(&call(&server).body(&packed).await).0, 1);
    });
}

#[test]
fn a_repeated_request_counts_once() {
    run(async {
        let server = Server::start().await;
        let body = json!([event("a"), event("b")]).to_string();
        let twice = json!([{ "id": "one", "name": "x", "site": "a.example" }, { "id": "one", "name": "x", "site": "a.example" }]);
        assert_eq!(outcome(&call(&server).json(&twice.to_string()).await).1, 1, "within a request");

        let with = |key: &str| call(&server).header("idempotency-key", key);
        assert_eq!(outcome(&with("k1").json(&body).await).0, 2);
        // A repeat is known by its ids, at once or when its epoch is closed.
        let id = |scope: &str, key: &str, index| {
            super::Idempotency { scope: scope.into(), key: key.into() }.id(index)
        };
        assert_eq!(id("admin", "k1", 0), id("admin", "k1", 0));
        for other in [id("admin", "k1", 1), id("admin", "k2", 0), id("somebody", "k1", 0)] {
            assert_ne!(id("admin", "k1", 0), other);
        }
        let long = with(&"k".repeat(256)).json(&body).await;
        assert_eq!((long.status, long.code().as_str()), (400, "invalid_idempotency_key"));
    });
}

#[test]
fn a_bound_key_speaks_for_its_site() {
    run(async {
        let server = Server::start().await;
        let key = server.key(&["collect"], Some("a.example")).await;
        let send = |body: Value| {
            server.call("POST", "/api/v1/events").key(&key).body(body.to_string().into_bytes().leak())
        };
        assert_eq!(outcome(&send(json!({ "name": "x" })).await).0, 1);
        assert_eq!(outcome(&send(json!({ "name": "x", "site": "www.a.example" })).await).0, 1);
        let other = json!([{ "name": "x", "site": "b.example" }, { "name": "x", "site": "missing.example" }, { "name": "x" }]);
        let forbidden = |index| (index, "site_forbidden".to_owned());
        assert_eq!(outcome(&send(other).await), (1, 0, vec![forbidden(0), forbidden(1)]));
    });
}

#[test]
fn history_is_for_admins() {
    run(async {
        let server = Server::start().await;
        let key = server.key(&["collect"], None).await;
        let call = |query: &str| server.call("POST", &format!("/api/v1/events{query}"));
        let old = json!({ "name": "x", "site": "a.example", "ts": "2019-05-01T00:00:00Z" }).to_string();
        let refused = call("?history=true").key(&key).json(&old).await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "forbidden"));
        let odd = call("?history=maybe").admin().json(&old).await;
        assert_eq!((odd.status, odd.code().as_str()), (400, "invalid_value"));
        assert_eq!(outcome(&call("?history=false").admin().json(&old).await).2, [(0, "too_old".to_owned())]);
        // Its id must be compared with what is stored, and nobody answers: it is to be sent again.
        let unanswered = call("?history=true").admin().json(&old).await;
        assert!(unanswered.status == 202 || unanswered.status == 503, "{unanswered:?}");
    });
}
