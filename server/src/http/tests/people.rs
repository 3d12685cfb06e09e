//! The first person, signing in, and what a browser alone cannot be made to do.

use serde_json::json;

use crate::http::testing::{Answer, Server, run};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// What a browser keeps: its cookie and the text its page read.
struct Browser {
    cookie: String,
    csrf: String,
}

impl Browser {
    fn of(answer: &Answer) -> Self {
        let set = answer.header("set-cookie").expect("a cookie");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        let cookie = set.split(';').next().expect("a pair").to_owned();
        Self { cookie, csrf: answer.json()["csrf"].as_str().expect("a text").to_owned() }
    }
}

fn founder(code: Option<&str>) -> String {
    json!({ "code": code, "email": " Ada@Example.com ", "name": "Ada", "password": PASSWORD }).to_string()
}

async fn found(server: &Server) -> Browser {
    let answer = server.call("POST", "/api/v1/setup").json(&founder(Some(&server.code))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    Browser::of(&answer)
}

async fn standing(server: &Server, cookie: Option<&str>) -> String {
    let call = server.call("GET", "/api/v1/session");
    let call = match cookie {
        Some(cookie) => call.header("cookie", cookie),
        None => call,
    };
    call.send().await.json()["state"].as_str().expect("a state").to_owned()
}

#[test]
fn the_first_person_shows_the_code_and_there_is_one() {
    run(async {
        let server = Server::start().await;
        assert_eq!(standing(&server, None).await, "new");
        for code in [None, Some("ot_wrong")] {
            let refused = server.call("POST", "/api/v1/setup").from("127.0.0.1").json(&founder(code)).await;
            assert_eq!(refused.status, 403, "{}", refused.text);
        }
        let weak = json!({ "code": server.code, "email": EMAIL, "password": "short" }).to_string();
        let weak = server.call("POST", "/api/v1/setup").json(&weak).await;
        assert_eq!((weak.status, weak.json()["error"]["field"].as_str()), (400, Some("password")));

        let browser = found(&server).await;
        assert_eq!(standing(&server, Some(&browser.cookie)).await, "signed_in");
        assert_eq!(standing(&server, None).await, "signed_out");
        let again = server.call("POST", "/api/v1/setup").json(&founder(Some(&server.code))).await;
        assert_eq!(again.status, 409);
    });
}

#[test]
fn the_admin_token_makes_the_first_person_too() {
    run(async {
        let server = Server::start().await;
        let answer = server.call("POST", "/api/v1/setup").admin().json(&founder(None)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    });
}

#[test]
fn a_password_signs_in_and_nothing_else_does() {
    run(async {
        let server = Server::start().await;
        found(&server).await;
        let sign_in = |email: &str, password: &str| {
            let body = json!({ "email": email, "password": password }).to_string();
            let call = server.call("POST", "/api/v1/session");
            async move { call.json(&body).await }
        };
        for (email, password) in [(EMAIL, "wrong password"), ("bob@example.com", PASSWORD), ("", "")] {
            let refused = sign_in(email, password).await;
            assert_eq!((refused.status, refused.code().as_str()), (401, "wrong_password"), "{email}");
        }
        let right = sign_in("ADA@example.com", PASSWORD).await;
        assert_eq!(right.status, 200, "{}", right.text);
        assert!(!right.text.contains("argon2"), "{}", right.text);
        let browser = Browser::of(&right);
        let sites = server.call("GET", "/api/v1/sites").header("cookie", &browser.cookie).send().await;
        assert_eq!(sites.json()["sites"].as_array().map(Vec::len), Some(2));
        for cookie in ["opentrace_session=", "opentrace_session=ot_guessed", "other=1"] {
            let nobody = server.call("GET", "/api/v1/sites").header("cookie", cookie).send().await;
            assert_eq!(nobody.status, 401, "{cookie}");
        }
    });
}

#[test]
fn who_guesses_has_to_wait() {
    run(async {
        let server = Server::start().await;
        found(&server).await;
        let body = json!({ "email": EMAIL, "password": "wrong password" }).to_string();
        let mut answers = Vec::new();
        for _ in 0..11 {
            answers.push(server.call("POST", "/api/v1/session").json(&body).await);
        }
        let last = answers.pop().expect("eleven");
        assert!(answers.iter().all(|answer| answer.status == 401));
        assert_eq!((last.status, last.code().as_str()), (429, "too_many_attempts"));
        assert!(
            last.header("retry-after").is_some_and(|wait| wait.parse::<u32>().is_ok_and(|wait| wait > 800))
        );
        let right = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
        assert_eq!(
            server.call("POST", "/api/v1/session").json(&right).await.status,
            429,
            "the right one, too"
        );
        let elsewhere = server.call("POST", "/api/v1/session").from("198.51.100.1").json(&right).await;
        assert_eq!(elsewhere.status, 200, "the owner is not kept out");
    });
}

#[test]
fn a_page_of_somebody_else_changes_nothing() {
    run(async {
        let server = Server::start().await;
        let browser = found(&server).await;
        let make = |name: &str| format!(r#"{{"domain":"{name}.example"}}"#);
        let call = || server.call("POST", "/api/v1/sites").header("cookie", &browser.cookie);
        assert_eq!(call().json(&make("c")).await.status, 403, "without the text");
        assert_eq!(call().header("x-csrf-token", "guessed").json(&make("c")).await.status, 403);
        let cross = call().header("x-csrf-token", &browser.csrf).header("sec-fetch-site", "cross-site");
        assert_eq!(cross.json(&make("c")).await.status, 403);
        let own = call().header("x-csrf-token", &browser.csrf).header("sec-fetch-site", "same-origin");
        assert_eq!(own.json(&make("c")).await.status, 201);
        // A form can send text, and cannot sign anybody in.
        let form = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
        let form =
            server.call("POST", "/api/v1/session").header("content-type", "text/plain").body(form.as_bytes());
        assert_eq!(form.await.status, 415);
    });
}

#[test]
fn signing_out_and_a_new_password_end_sessions() {
    run(async {
        let server = Server::start().await;
        let first = found(&server).await;
        let right = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
        let second = Browser::of(&server.call("POST", "/api/v1/session").json(&right).await);
        let leave = || server.call("DELETE", "/api/v1/session").header("cookie", &second.cookie);
        assert_eq!(leave().send().await.status, 403);
        assert_eq!(leave().header("x-csrf-token", &second.csrf).send().await.status, 204);
        assert_eq!(standing(&server, Some(&second.cookie)).await, "signed_out");
        assert_eq!(standing(&server, Some(&first.cookie)).await, "signed_in");

        let change = |current: &str| {
            let body = json!({ "current": current, "password": "another good one" }).to_string();
            let call = server.call("PUT", "/api/v1/session/password").header("cookie", &first.cookie);
            let call = call.header("x-csrf-token", &first.csrf);
            async move { call.json(&body).await }
        };
        assert_eq!(change("wrong").await.status, 401);
        let changed = change(PASSWORD).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        assert_eq!(standing(&server, Some(&first.cookie)).await, "signed_out");
        assert_eq!(standing(&server, Some(&Browser::of(&changed).cookie)).await, "signed_in");
        assert_eq!(server.call("POST", "/api/v1/session").json(&right).await.status, 401);
    });
}
