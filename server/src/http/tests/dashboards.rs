//! Dashboards of one's own, and what a link lets see.

use serde_json::{Value, json};

use crate::http::testing::{Server, run};

fn page() -> Value {
    let query = json!({ "metrics": ["visitors"], "date_range": "7d" });
    json!({
        "site_id": "a.example",
        "name": "Mine",
        "tiles": [
            { "title": "Visitors", "chart": "number", "x": 0, "y": 0, "w": 3, "h": 2, "query": query },
            { "chart": "text", "x": 3, "y": 0, "w": 9, "h": 2, "text": "What we watch" },
        ],
    })
}

async fn made(server: &Server) -> String {
    let answer = server.call("POST", "/api/v1/dashboards").admin().json(&page().to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_page_is_made_changed_and_thrown_away() {
    run(async {
        let server = Server::start().await;
        let id = made(&server).await;
        let path = format!("/api/v1/dashboards/{id}");
        let mut changed = page();
        changed["name"] = json!("Ours");
        changed["tiles"].as_array_mut().expect("a list").pop();
        let answer = server.call("PUT", &path).admin().json(&changed.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let shown = server.call("GET", &path).admin().send().await.json();
        assert_eq!(
            (shown["name"].as_str(), shown["tiles"].as_array().map(Vec::len)),
            (Some("Ours"), Some(1))
        );
        assert!(shown["link"].is_null());
        let listed = server.call("GET", "/api/v1/dashboards?site_id=a.example").admin().send().await.json();
        assert_eq!(listed["dashboards"][0]["id"], id.as_str());
        assert_eq!(server.call("DELETE", &path).admin().send().await.status, 204);
        assert_eq!(server.call("GET", &path).admin().send().await.status, 404);
    });
}

#[test]
fn reports_are_tiles_too() {
    run(async {
        let server = Server::start().await;
        for (chart, query) in [
            ("funnel", json!({ "date_range": "7d", "steps": ["pageview", "signup"], "window": "1d" })),
            ("sankey", json!({ "date_range": "7d", "depth": 3, "limit": 20 })),
            ("retention", json!({ "date_range": "7d", "start_event": "pageview", "return_event": "signup" })),
        ] {
            let mut right = page();
            right["tiles"][0]["chart"] = json!(chart);
            right["tiles"][0]["query"] = query;
            let answer = server.call("POST", "/api/v1/dashboards").admin().json(&right.to_string()).await;
            assert_eq!(answer.status, 201, "{chart}: {}", answer.text);
        }
    });
}

#[test]
fn a_tile_asks_in_the_words_of_its_site() {
    run(async {
        let server = Server::start().await;
        let mut asked = page();
        asked["tiles"][0]["query"]["metrics"] = json!(["bought"]);
        asked["tiles"][0]["query"]["filters"] = json!([["is", "segment", ["Searchers"]]]);
        let asked = asked.to_string();
        let ask = || server.call("POST", "/api/v1/dashboards").admin().json(&asked);
        assert_eq!(ask().await.status, 400, "nobody knows these words yet");
        let metric = json!({ "site_id": "a.example", "name": "bought", "type": "count",
            "filters": [["is", "event:name", ["purchase"]]] });
        let segment = json!({ "site_id": "a.example", "name": "Searchers",
            "filters": [["is", "visit:source", ["Google"]]] });
        for (path, word) in [("/api/v1/metrics", metric), ("/api/v1/segments", segment)] {
            let answer = server.call("POST", path).admin().json(&word.to_string()).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
        let answer = ask().await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let path = format!("/api/v1/dashboards/{}", answer.json()["id"].as_str().expect("an id"));
        assert_eq!(server.call("PUT", &path).admin().json(&asked).await.status, 200);
    });
}

#[test]
fn a_tile_whose_words_are_gone_stays_and_the_others_are_changed() {
    run(async {
        let server = Server::start().await;
        let word = json!({ "site_id": "a.example", "name": "bought", "type": "count",
            "filters": [["is", "event:name", ["purchase"]]] });
        let made = server.call("POST", "/api/v1/metrics").admin().json(&word.to_string()).await;
        let mut asked = page();
        asked["tiles"][0]["query"]["metrics"] = json!(["bought"]);
        let answer = server.call("POST", "/api/v1/dashboards").admin().json(&asked.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let path = format!("/api/v1/dashboards/{}", answer.json()["id"].as_str().expect("an id"));
        let metric = format!("/api/v1/metrics/{}?site_id=a.example", made.json()["id"]);
        assert_eq!(server.call("DELETE", &metric).admin().send().await.status, 204);

        let put = async |page: &Value| server.call("PUT", &path).admin().json(&page.to_string()).await;
        // Moved and called otherwise: what it asks is what it asked.
        asked["tiles"][0]["title"] = json!("Bought once");
        asked["tiles"][0]["w"] = json!(2);
        asked["tiles"][1]["text"] = json!("What we watched");
        let answer = put(&asked).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["tiles"][0]["query"]["metrics"], json!(["bought"]));
        // Another question in these words is a new one.
        let mut other = asked.clone();
        other["tiles"][0]["query"]["date_range"] = json!("30d");
        let answer = put(&other).await;
        assert_eq!((answer.status, answer.code()), (400, "unknown_metric".into()), "{}", answer.text);
        assert_eq!(answer.json()["error"]["field"], "tiles[0]");
        asked["tiles"].as_array_mut().expect("a list").remove(0);
        assert_eq!(put(&asked).await.status, 200);
    });
}

#[test]
fn a_tile_that_could_not_answer_is_refused() {
    run(async {
        let server = Server::start().await;
        for (part, value) in [
            ("w", json!(0)),
            ("x", json!(10)),
            ("chart", json!("text")),
            ("query", json!(null)),
            ("query", json!({ "metrics": ["visitorz"], "date_range": "7d" })),
            ("chart", json!("funnel")),
        ] {
            let mut wrong = page();
            wrong["tiles"][0][part] = value;
            let answer = server.call("POST", "/api/v1/dashboards").admin().json(&wrong.to_string()).await;
            assert_eq!(answer.status, 400, "{part}: {}", answer.text);
            assert_eq!(answer.json()["error"]["field"], "tiles[0]", "{part}");
        }
    });
}

#[test]
fn a_link_shows_its_page_and_nothing_else() {
    run(async {
        let server = Server::start().await;
        let id = made(&server).await;
        let link = format!("/api/v1/dashboards/{id}/link");
        let shared = server.call("PUT", &link).admin().json("{}").await.json();
        let token = shared["token"].as_str().expect("a token").to_owned();
        let path = format!("/api/v1/shared/{token}");
        let open = server.call("GET", &path).send().await;
        assert_eq!((open.status, open.json()["name"].as_str()), (200, Some("Mine")));
        assert_eq!(open.header("cache-control"), Some("no-store"));
        // Nobody answers questions in these tests; that one is asked shows that it may be.
        assert_eq!(server.call("GET", &format!("{path}/tiles/0")).send().await.status, 503);
        for nothing in
            [format!("{path}/tiles/1"), format!("{path}/tiles/9"), "/api/v1/shared/other".to_owned()]
        {
            assert_eq!(server.call("GET", &nothing).send().await.code(), "unknown_link", "{nothing}");
        }
        let elsewhere = server.call("GET", "/api/v1/sites/a.example").key(&token).send().await;
        assert_eq!(elsewhere.status, 401, "a link is no key");

        let locked =
            server.call("PUT", &link).admin().json(r#"{"password":"sesame","embed":true}"#).await.json();
        assert_eq!(locked["token"], token.as_str(), "the address stays");
        assert_eq!((&locked["has_password"], &locked["embed"]), (&json!(true), &json!(true)));
        assert_eq!(server.call("GET", &path).send().await.code(), "password_required");
        let with =
            |password: &'static str| server.call("GET", &path).header("x-share-password", password).send();
        assert_eq!(with("sesam").await.code(), "wrong_password");
        assert_eq!(with("sesame").await.status, 200);
        assert_eq!(with("sesame").await.status, 200, "remembered");
        // What is not spoken of stays as it is.
        let put = async |body: &str| server.call("PUT", &link).admin().json(body).await.json();
        assert_eq!(put(r#"{"embed":true}"#).await["has_password"], true);
        assert_eq!(put(r#"{"embed":true,"password":""}"#).await["has_password"], false);
        assert_eq!(server.call("GET", &path).send().await.status, 200);
        put(r#"{"embed":true,"password":"sesame"}"#).await;

        let address = format!("/shared/{token}");
        let page = server.call("GET", &address).header("accept", "text/html").send().await;
        assert!(
            page.header("content-security-policy")
                .is_some_and(|policy| policy.ends_with("frame-ancestors *"))
        );

        assert_eq!(server.call("DELETE", &link).admin().send().await.status, 204);
        assert_eq!(with("sesame").await.code(), "unknown_link");
        let page = server.call("GET", &address).header("accept", "text/html").send().await;
        assert!(page.header("content-security-policy").is_some_and(|policy| policy.ends_with("'none'")));
    });
}

#[test]
fn who_sees_a_shared_page_learns_which_of_its_metrics_do_not_add_up() {
    run(async {
        let server = Server::start().await;
        let metric = async |name: &str, what: Value| {
            let mut body = json!({ "site_id": "a.example", "name": name });
            body.as_object_mut().expect("an object").extend(what.as_object().expect("an object").clone());
            let answer = server.call("POST", "/api/v1/metrics").admin().json(&body.to_string()).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        };
        let load = |kind: &str| json!({ "type": kind, "property": "load_ms" });
        metric("load", load("average")).await;
        metric("in_all", load("sum")).await;
        metric("worst", load("max")).await;
        let mut body = page();
        body["tiles"][0]["query"]["metrics"] = json!(["load", "in_all"]);
        let made = server.call("POST", "/api/v1/dashboards").admin().json(&body.to_string()).await.json();
        let link = format!("/api/v1/dashboards/{}/link", made["id"].as_str().expect("an id"));
        let shared = server.call("PUT", &link).admin().json("{}").await.json();
        let path = format!("/api/v1/shared/{}", shared["token"].as_str().expect("a token"));
        let shown = server.call("GET", &path).send().await.json();
        assert_eq!(shown["averages"], json!(["load"]), "what no tile asks for is nobody's business");
    });
}
