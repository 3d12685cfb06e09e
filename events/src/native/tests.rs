use proptest::prelude::*;

use super::*;

fn borrowed(text: &Option<Cow<'_, str>>) -> bool {
    matches!(text, Some(Cow::Borrowed(_)))
}

#[test]
fn a_full_event_is_read_and_borrowed() {
    let event = NativeEvent::parse(
        r#"{"id":"a","site":"example.com","name":"purchase","ts":1700000000123,"url":"https://example.com/x",
            "unknown":{"deep":[1,{}]},"props":{"plan":"pro","seats":3,"trial":false,"gone":null,"tags":["a", 1],"half":0.50},
            "revenue":{"amount":19.99,"currency":"EUR"},"interactive":false,"scroll_depth":55.9,"engagement_ms":-3,
            "utm_source":"news","user_id":42,"title":null,"language":"de\u002dDE"}"#,
    )
    .expect("an event");
    assert_eq!(event.ts, Some(When::Ms(1_700_000_000_123)));
    assert!(borrowed(&event.name) && borrowed(&event.url) && !borrowed(&event.language));
    assert_eq!(
        (event.user_id.as_deref(), event.title, event.language.as_deref()),
        (Some("42"), None, Some("de-DE"))
    );
    assert_eq!(
        (event.interactive, event.scroll_depth, event.engagement_ms),
        (Some(false), Some(55), Some(0))
    );
    assert_eq!(event.source.as_deref(), Some("news"));
    let props = event.props.expect("props").0;
    let props: Vec<(&str, &str)> = props.iter().map(|(key, value)| (&**key, &**value)).collect();
    let expected =
        [("plan", "pro"), ("seats", "3"), ("trial", "false"), ("tags", r#"["a", 1]"#), ("half", "0.50")];
    assert_eq!(props, expected);
    let revenue = event.revenue.expect("revenue");
    assert_eq!((revenue.amount.as_deref(), revenue.currency.as_deref()), (Some("19.99"), Some("EUR")));
}

#[test]
fn amounts_keep_every_digit() {
    let amount = |json: &str| {
        let json = format!(r#"{{"revenue":{json}}}"#);
        let revenue = NativeEvent::parse(&json).expect("an event").revenue;
        revenue.and_then(|revenue| revenue.amount).map(Cow::into_owned)
    };
    let exact = "12345678901234567890.12345678901234567890";
    assert_eq!(amount(&format!(r#"{{"amount":{exact}}}"#)).as_deref(), Some(exact));
    assert_eq!(amount(r#"{"amount":"19.99"}"#).as_deref(), Some("19.99"));
    assert_eq!(amount(r#""{\"amount\":1.50,\"currency\":\"USD\"}""#).as_deref(), Some("1.50"));
    assert_eq!(amount("5.00").as_deref(), Some("5.00"));
    assert_eq!(amount("null"), None);
    assert_eq!(amount("{}"), None);
    assert_eq!(amount("[1]").as_deref(), Some("[1]"));
}

#[test]
fn props_may_come_as_text() {
    let event = NativeEvent::parse(r#"{"props":"{\"a\":\"b\",\"n\":1}"}"#).expect("an event");
    let pair = |key: &'static str, value: &'static str| (Cow::from(key), Cow::from(value));
    assert_eq!(event.props, Some(Props(vec![pair("a", "b"), pair("n", "1")])));
    for wrong in [r#"{"props":[1]}"#, r#"{"props":"x"}"#, r#"{"props":3}"#] {
        assert_eq!(NativeEvent::parse(wrong).map_err(|error| error.code()), Err("event_invalid"), "{wrong}");
    }
}

#[test]
fn what_is_no_event_says_where() {
    let error = NativeEvent::parse(r#"{"name":{}}"#).expect_err("name is no text");
    assert!(error.to_string().contains("line 1 column"), "{error}");
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,120}") {
        let _ = NativeEvent::parse(&text);
        let _ = NativeEvent::parse(&format!("{{\"props\":{text}}}"));
        let _ = NativeEvent::parse(&format!("{{\"revenue\":{text},\"ts\":\"{text}\"}}"));
    }

    #[test]
    fn no_json_panics(value in json(), field in proptest::sample::select(vec!["name", "ts", "props", "revenue", "interactive", "scroll_depth", "url"])) {
        let _ = NativeEvent::parse(&format!("{{\"{field}\":{value}}}"));
    }
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<f64>()
            .prop_filter("JSON has no infinities", |number| number.is_finite())
            .prop_map(|number| format!("{number:e}")),
        "[a-z\\\\u0041{}\"]{0,9}".prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(","))),
            proptest::collection::vec(inner, 0..4).prop_map(|all| format!(
                "{{{}}}",
                all.iter()
                    .enumerate()
                    .map(|(at, one)| format!("\"{at}\":{one}"))
                    .collect::<Vec<_>>()
                    .join(",")
            )),
        ]
    })
}
