//! The payload as Plausible's script and documentation send it.

use opentrace_events::money;

use super::*;
use crate::http::testing::{Server, run};

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

/// What a payload becomes: its events, or the code of the refusal.
fn events_of(server: &Server, json: &str) -> Result<Vec<Event>, &'static str> {
    let mut headers = warp::http::HeaderMap::new();
    headers.insert("user-agent", AGENT.parse().expect("a header"));
    let origin = origin(&headers, [192, 0, 2, 1].into(), false, false);
    let collector = server.state.collector(&server.state.gate.browser());
    let payload = Payload::read(json.as_bytes()).map_err(|error| error.code())?;
    payload.events(collector, &origin).map(|(events, _)| events).map_err(|error| error.code())
}

#[test]
fn short_and_long_names_mean_the_same() {
    run(async {
        let server = Server::start().await;
        let read = |json: &str| events_of(&server, json).expect("an event").remove(0);
        let short = read(
            r##"{"n":"Purchase","u":"https://a.example/shop?x=1#top","d":"a.example","r":"https://www.google.com/",
                "p":{"plan":"pro","seats":3,"trial":false},"$":{"amount":"19.99","currency":"EUR"},"i":false,"v":24,"h":1}"##,
        );
        let long = read(
            r##"{"name":"Purchase","url":"https://a.example/shop?x=1#top","domain":"a.example","referrer":"https://www.google.com/",
                "props":"{\"plan\":\"pro\",\"seats\":3,\"trial\":false}","revenue":{"amount":19.99,"currency":"EUR"},"interactive":false,"hashMode":1}"##,
        );
        for event in [&short, &long] {
            assert_eq!((event.name.as_str(), event.page.path.as_str()), ("Purchase", "/shop#top"));
            assert_eq!((event.visit.source.as_str(), event.visit.browser.as_str()), ("Google", "Chrome"));
            let props: Vec<_> =
                event.props.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            assert_eq!(props, [("plan", "pro"), ("seats", "3"), ("trial", "false")]);
            assert_eq!((event.revenue, event.currency.as_str()), (1999 * money::SCALE / 100, "EUR"));
            assert!(!event.interactive, "`false` is a value, not an absence");
            assert!(!event.client_id);
        }
        assert_eq!(short.visitor, long.visitor);
    });
}

#[test]
fn the_table_of_payloads() {
    run(async {
        let server = Server::start().await;
        // Payload, and the events it makes or the code it is refused with.
        for (json, want) in [
            (r#"{"n":"pageview","u":"https://a.example/","d":"a.example"}"#, Ok(1)),
            (r#"{"n":"pageview","u":"https://a.example/","d":"www.A.example"}"#, Ok(1)),
            (r#"{"n":"pageview","u":"https://a.example/"}"#, Ok(1)),
            (r#"{"n":"pageview","u":"https://x.example/","d":"a.example, b.example"}"#, Ok(2)),
            (r#"{"n":"pageview","u":"https://x.example/","d":"a.example,missing.example"}"#, Ok(1)),
            (r#"{"n":"pageview","u":"https://x.example/","d":"missing.example"}"#, Ok(0)),
            (
                r#"{"n":"pageview","u":"https://a.example/","d":"a.example","r":null,"p":null,"$":null,"i":null}"#,
                Ok(1),
            ),
            (r#"{"n":"pageview","u":"https://a.example/","d":"a.example","w":1440,"unknown":[{}]}"#, Ok(1)),
            // Wrong in part: the part is left out.
            (
                r#"{"n":"x","u":"https://a.example/","d":"a.example","$":{"amount":"much","currency":"EUR"}}"#,
                Ok(1),
            ),
            (
                r#"{"n":"x","u":"https://a.example/","d":"a.example","$":{"amount":5,"currency":"Dollars"}}"#,
                Ok(1),
            ),
            (r#"{"n":"x","u":"https://a.example/","d":"a.example","p":[1,2]}"#, Ok(1)),
            (r#"{"n":"x","u":"https://a.example/","d":"a.example","p":"not json","r":7}"#, Ok(1)),
            // No event.
            (r#"{"u":"https://a.example/","d":"a.example"}"#, Err("invalid_event")),
            (r#"{"n":"","u":"https://a.example/","d":"a.example"}"#, Err("invalid_event")),
            (r#"{"n":7,"u":"https://a.example/","d":"a.example"}"#, Err("invalid_event")),
            (r#"{"n":"pageview","d":"a.example"}"#, Err("invalid_event")),
            (r#"{"n":"pageview","u":{},"d":"a.example"}"#, Err("invalid_event")),
            (r#"{"n":"pageview","u":"data:text/html,x","d":"a.example"}"#, Err("invalid_event")),
            (r#"{"n":"pageview","u":"https://a.example/","d":" "}"#, Err("invalid_event")),
            (r#"{"n":"pageview","u":"https://a.example/","d":7}"#, Err("invalid_event")),
            (r#"{"n":"pageview","u":"/only/a/path"}"#, Err("invalid_event")),
            ("[]", Err("invalid_json")),
            ("[\"pageview\"]", Err("invalid_json")),
            ("{\"n\":", Err("invalid_json")),
            ("", Err("invalid_json")),
        ] {
            assert_eq!(events_of(&server, json).map(|events| events.len()), want, "{json}");
        }
        let long = format!(r#"{{"n":"{}","u":"https://a.example/","d":"a.example"}}"#, "x".repeat(121));
        assert_eq!(events_of(&server, &long).map(|events| events.len()), Err("name_too_long"));
    });
}

#[test]
fn details_of_a_payload() {
    run(async {
        let server = Server::start().await;
        let read = |more: &str| {
            let json =
                format!(r#"{{"n":"engagement","u":"https://a.example/p#frag","d":"a.example"{more}}}"#);
            events_of(&server, &json).expect("an event").remove(0)
        };
        let engagement = read(r#","sd":67.9,"e":1234"#);
        assert_eq!((engagement.scroll_depth, engagement.engagement_ms), (67, 1234));
        let capped = read(r#","sd":250,"e":-5"#);
        assert_eq!((capped.scroll_depth, capped.engagement_ms), (100, 0));
        assert_eq!(read("").page.path, "/p");
        assert_eq!(read(r#","h":1"#).page.path, "/p#frag");
        assert_eq!(read(r#","h":0"#).page.path, "/p");

        let props = read(r#","m":{"a":"","b":null,"c":[1],"d":{"x":1},"e":"[kept]","f":0}"#).props;
        let props: Vec<_> = props.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(props, [("e", "[kept]"), ("f", "0")]);
        let many: Vec<String> = (0..40).map(|index| format!(r#""k{index:02}":"v""#)).collect();
        assert_eq!(read(&format!(r#","p":{{{}}}"#, many.join(","))).props.len(), MOST_PROPS);
    });
}

#[test]
fn answers_are_what_browsers_expect() {
    run(async {
        let server = Server::start().await;
        let good = r#"{"n":"pageview","u":"https://a.example/","d":"a.example"}"#;
        let call = || {
            server.call("POST", "/api/event").header("user-agent", AGENT).header("content-type", "text/plain")
        };

        let answer = call().header("origin", "https://a.example").body(good.as_bytes()).await;
        assert_eq!((answer.status, answer.text.as_str()), (202, "ok"));
        assert_eq!(answer.header("x-plausible-dropped"), None);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://a.example"));
        assert_eq!(server.logged(), 1);

        let unknown = call().body(good.replace("a.example\"}", "c.example\"}").as_bytes()).await;
        assert_eq!((unknown.status, unknown.header("x-plausible-dropped")), (202, Some("1")));
        let bot = server
            .call("POST", "/api/event")
            .header("user-agent", "Googlebot/2.1")
            .body(good.as_bytes())
            .await;
        assert_eq!((bot.status, bot.header("x-plausible-dropped")), (202, Some("1")));
        let broken = call().body(b"hello").await;
        assert_eq!((broken.status, broken.code().as_str()), (400, "invalid_json"));
        assert_eq!(broken.header("access-control-allow-origin"), Some("*"));
        let large = call().body(&vec![b' '; BODY_LIMIT + 1]).await;
        assert_eq!((large.status, large.code().as_str()), (413, "body_too_large"));
        assert_eq!(server.logged(), 1, "nothing else was taken");

        let preflight =
            server.call("OPTIONS", "/api/event").header("origin", "https://x.example").send().await;
        assert_eq!(
            (preflight.status, preflight.header("access-control-allow-origin")),
            (204, Some("https://x.example"))
        );
        assert!(
            preflight.header("access-control-allow-methods").is_some_and(|methods| methods.contains("POST"))
        );
    });
}

#[test]
fn forwarded_addresses_are_believed_from_proxies_only() {
    run(async {
        let server = Server::start().await;
        let good = r#"{"n":"pageview","u":"https://a.example/","d":"a.example"}"#;
        for (peer, shown) in [("10.1.2.3", "198.51.100.9"), ("192.0.2.7", "192.0.2.7")] {
            let call = server.call("POST", "/api/event").from(peer).header("user-agent", AGENT);
            let call = call.header("x-forwarded-for", "198.51.100.9").header("x-debug-request", "true");
            let answer = call.body(good.as_bytes()).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, shown));
        }
    });
}
