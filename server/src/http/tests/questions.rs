//! Questions: their limits, the words of a site, and mistakes in reports.

use crate::http::testing::{Server, run};

#[test]
fn answers_say_how_many_questions_are_left() {
    run(async {
        let server = Server::start().await;
        let key = server.key(&["read"], Some("a.example")).await;
        for left in ["999", "998"] {
            let answer = server.call("POST", "/api/v2/query").key(&key).json("{").await;
            assert_eq!(answer.status, 400);
            assert_eq!(answer.header("x-ratelimit-limit"), Some("1000"));
            assert_eq!(answer.header("x-ratelimit-remaining"), Some(left));
        }
        let answer = server.call("POST", "/api/v2/query").json("{").await;
        assert_eq!((answer.status, answer.header("x-ratelimit-limit")), (401, None));
        for (method, path, left) in [("POST", "/api/v1/ask", "997"), ("GET", "/api/v1/properties", "996")] {
            let answer = server.call(method, path).key(&key).json("{").await;
            assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (400, Some(left)), "{path}");
        }
    });
}

#[test]
fn words_are_added_changed_and_removed() {
    run(async {
        let server = Server::start().await;
        let segment =
            r#"{"site_id":"a.example","name":"quiet","filters":[["is","visit:source",["Google"]]]}"#;
        let made = server.call("POST", "/api/v1/segments").admin().json(segment).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = made.json()["id"].as_i64().expect("an id");
        let twice = server.call("POST", "/api/v1/segments").admin().json(segment).await;
        assert_eq!((twice.status, twice.code().as_str()), (409, "exists"));
        let metric = r#"{"site_id":"a.example","name":"seats","type":"sum","property":"seats"}"#;
        assert_eq!(server.call("POST", "/api/v1/metrics").admin().json(metric).await.status, 201);

        let listed = server.call("GET", "/api/v1/segments?site_id=a.example").admin().send().await.json();
        assert_eq!(listed["segments"].as_array().map(Vec::len), Some(1));
        // Questions know both: what is missing is only ClickHouse.
        let question = format!(
            r#"{{"site_id":"a.example","metrics":["seats"],"date_range":"7d","filters":[["is","segment",[{id}]]]}}"#
        );
        let asked = server.call("POST", "/api/v2/query").admin().json(&question).await;
        assert_eq!((asked.status, asked.code().as_str()), (503, "store_unavailable"), "{}", asked.text);
        let elsewhere = question.replace("a.example", "b.example");
        let asked = server.call("POST", "/api/v2/query").admin().json(&elsewhere).await;
        assert_eq!((asked.status, asked.code().as_str()), (400, "unknown_metric"));

        // Another site's key neither changes nor removes it.
        let other = server.key(&["write"], Some("b.example")).await;
        let path = format!("/api/v1/segments/{id}");
        assert_eq!(server.call("DELETE", &path).key(&other).send().await.status, 404);
        let change = r#"{"site_id":"a.example","name":"loud","filters":[["is","visit:os",["Mac"]]]}"#;
        assert_eq!(server.call("PUT", &path).key(&other).json(change).await.status, 403);
        let changed = server.call("PUT", &path).admin().json(change).await;
        assert_eq!(
            (changed.status, changed.json()["name"].as_str()),
            (200, Some("loud")),
            "{}",
            changed.text
        );
        let gone = server.call("DELETE", &format!("{path}?site_id=a.example")).admin().send().await;
        assert_eq!(gone.status, 204);
    });
}

#[test]
fn mistakes_name_their_field() {
    run(async {
        let server = Server::start().await;
        for (path, body, code, field) in [
            ("/api/v1/segments", r#"{"site_id":"a.example","name":"x"}"#, "missing_field", "filters"),
            (
                "/api/v1/segments",
                r#"{"site_id":"a.example","name":"x","filters":[["is","visit:contry",["DE"]]]}"#,
                "unknown_dimension",
                "filters[0][1]",
            ),
            (
                "/api/v1/metrics",
                r#"{"site_id":"a.example","name":"visitors","type":"count"}"#,
                "invalid_value",
                "name",
            ),
            (
                "/api/v1/metrics",
                r#"{"site_id":"a.example","name":"x","type":"ratio","numerator":{"type":"count"}}"#,
                "missing_field",
                "denominator",
            ),
            (
                "/api/v1/metrics",
                r#"{"site_id":"a.example","name":"x","type":"count","numerator":{}}"#,
                "invalid_value",
                "numerator",
            ),
            (
                "/api/v1/funnel",
                r#"{"site_id":"a.example","date_range":"7d","steps":["a"],"window":"soon"}"#,
                "invalid_value",
                "window",
            ),
            (
                "/api/v1/retention",
                r#"{"site_id":"a.example","date_range":"7d","dimensions":["time:day"]}"#,
                "invalid_value",
                "dimensions[0]",
            ),
            (
                "/api/v1/retention",
                r#"{"site_id":"a.example","date_range":"7d","definition":"x"}"#,
                "unknown_definition",
                "definition",
            ),
            (
                "/api/v1/journeys",
                r#"{"site_id":"a.example","date_range":"7d","depth":99}"#,
                "invalid_type",
                "depth",
            ),
            ("/api/v1/journeys", r#"{"date_range":"7d"}"#, "missing_field", "site_id"),
        ] {
            let answer = server.call("POST", path).admin().json(body).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, code),
                "{path} {body}: {}",
                answer.text
            );
            assert_eq!(answer.json()["error"]["field"].as_str(), Some(field), "{path} {body}");
        }
        let export = server.call("GET", "/api/v1/export?site_id=a.example&format=cvs").admin().send().await;
        assert_eq!(
            (export.status, export.json()["error"]["hint"].as_str()),
            (400, Some("did you mean `csv`?"))
        );
    });
}
