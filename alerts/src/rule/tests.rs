#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::series::{Grain, SeriesId};

struct Names;

impl Resolver for Names {
    fn site(&self, site: &str) -> Result<(u32, TimeZone), RuleError> {
        match site {
            "example.com" => Ok((7, TimeZone::get("Europe/Berlin").expect("zone"))),
            _ => Err(RuleError::new("site_id", "is not a site")),
        }
    }

    fn measure(&self, target: &Target) -> Result<Measure, RuleError> {
        match &target.source {
            Source::Metric(name) if name == "visitors" => Ok(Measure::people(SeriesId::VISITORS)),
            Source::Metric(name) if name == "bounce_rate" => {
                Ok(Measure::ratio(Part::sum(SeriesId::BOUNCES), Part::sum(SeriesId::VISITS), 100.0))
            }
            _ => Ok(Measure::sum(SeriesId::PAGEVIEWS)),
        }
    }
}

fn body() -> Value {
    json!({"site_id": "example.com", "name": "Busy", "metric": "pageviews",
           "condition": {"type": "above", "value": 100}})
}

fn error(edit: impl FnOnce(&mut Value)) -> RuleError {
    let mut body = body();
    edit(&mut body);
    let read = draft(&body).and_then(|draft| draft.resolve(RuleId(Uuid::nil()), 0, &Names));
    read.expect_err("must be refused")
}

#[test]
fn reads_a_rule_of_the_api_with_its_defaults() {
    let rule = draft(&body()).unwrap().resolve(RuleId(Uuid::nil()), 0, &Names).unwrap();
    assert_eq!(rule.site, 7);
    assert_eq!(rule.condition, Condition::Above { value: 100.0 });
    assert_eq!((rule.window.to_string(), rule.cooldown.to_string()), ("5m".to_owned(), "10m".to_owned()));
    let now = 1_700_000_030;
    let minute = now / 60 * 60;
    assert_eq!(rule.span(now), Span { grain: Grain::Minute, from: minute - 240, to: minute + 60 });
}

#[test]
fn conditions_are_given_as_they_are_taken() {
    let conditions = [
        json!({"type": "above", "value": 100.0}),
        json!({"type": "below", "value": -0.5}),
        json!({"type": "change", "percent": 50.0, "direction": "up", "over": "week"}),
        json!({"type": "anomaly", "sensitivity": "high"}),
        json!({"type": "forecast_breach", "direction": "down"}),
        json!({"type": "no_data"}),
        json!({"type": "new_value", "memory": "1w"}),
    ];
    for condition in conditions {
        let mut body = body();
        body["condition"] = condition.clone();
        body["group_by"] = json!("country");
        assert_eq!(draft(&body).unwrap().condition.to_json(), condition);
    }
}

#[test]
fn errors_name_the_field_and_help() {
    let unknown = error(|body| body["widnow"] = json!("5m"));
    assert_eq!(unknown.field, "widnow");
    assert_eq!(unknown.hint.as_deref(), Some("did you mean `window`?"));
    let kind = error(|body| body["condition"]["type"] = json!("abvoe"));
    assert_eq!(kind.to_string(), "condition.type: `abvoe` is not known; did you mean `above`?");
    assert_eq!(error(|body| body["condition"] = json!({"type": "above"})).field, "condition.value");
    assert_eq!(error(|body| body["window"] = json!("90s")).field, "window");
    assert_eq!(error(|body| body["window"] = json!("5 parsecs")).field, "window");
    assert_eq!(error(|body| body["hysteresis"] = json!(2)).field, "hysteresis");
    assert_eq!(error(|body| body["group_limit"] = json!(3)).field, "group_limit");
    assert_eq!(error(|body| body["condition"] = json!({"type": "new_value"})).field, "group_by");
    assert_eq!(error(|body| body["mute"] = json!({"timezone": "Mars/Base"})).field, "mute.timezone");
    assert_eq!(error(|body| body["site_id"] = json!("other.com")).field, "site_id");
    assert_eq!(error(|body| body["channels"] = json!([7])).field, "channels");
    let people = error(|body| body["metric"] = json!("visitors"));
    assert_eq!(people.field, "window", "five minutes of people cannot be added up");
}

#[test]
fn mute_hours_run_over_midnight_in_their_zone() {
    let mut body = body();
    body["mute"] = json!({"spans": [{"days": ["fri"], "from": "22:00", "to": "07:00"}]});
    let rule = draft(&body).unwrap().resolve(RuleId(Uuid::nil()), 0, &Names).unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
    // Berlin is an hour ahead of UTC in November; the 20th of November 2026 is a Friday.
    assert!(!rule.mute.covers(at("2026-11-20T20:59:59Z")));
    assert!(rule.mute.covers(at("2026-11-20T21:00:00Z")));
    assert!(rule.mute.covers(at("2026-11-21T05:59:59Z")));
    assert!(!rule.mute.covers(at("2026-11-21T06:00:00Z")));
    assert!(!rule.mute.covers(at("2026-11-21T22:00:00Z")), "Saturday is not muted");
}

#[test]
fn a_file_becomes_steps() {
    let file = RuleFile::parse(
        r#"
        [[rule]]
        site_id = "example.com"
        name = "Busy"
        metric = "pageviews"
        condition = { type = "above", value = 100.0 }

        [[rule]]
        site_id = "example.com"
        name = "Silent"
        metric = "events"
        condition = { type = "no_data" }
        window = "1h"
        "#,
    )
    .unwrap();
    let id = |n| RuleId(Uuid::from_u128(n));
    let mut old = body();
    old["name"] = json!("Old");
    let mut elsewhere = body();
    elsewhere["site_id"] = json!("other.com");
    let mut held: Vec<_> = [body(), old, elsewhere]
        .iter()
        .map(|body| draft(body).unwrap())
        .zip(1..)
        .map(|(rule, n)| (id(n), rule))
        .collect();
    let steps = diff(&held, &file);
    assert_eq!(
        steps.to_string(),
        "+ Silent (example.com)\n- Old\n1 to create, 0 to change, 1 to delete, 1 as they are"
    );
    let mut changed = body();
    changed["window"] = json!("10m");
    held[0].1 = draft(&changed).unwrap();
    let steps = diff(&held, &file).to_string();
    assert!(steps.contains("~ Busy (example.com)\n    window: \"10m\" → left out\n"), "{steps}");
}

#[test]
fn errors_in_a_file_name_the_rule() {
    let error = RuleFile::parse("[[rule]]\nsite_id = \"a\"\nname = \"b\"\nmetric = \"x\"\n").unwrap_err();
    assert_eq!(error.field, "rule[0].condition");
    assert_eq!(RuleFile::parse("rule = [").unwrap_err().field, "file");
    assert_eq!(RuleFile::parse("[rules]").unwrap_err().field, "rules");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec!["above", "event", "5m", "9999999999999999999d", "é", "", "24:61", "1d"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let field = prop::sample::select(vec![
            "site_id",
            "name",
            "metric",
            "condition",
            "type",
            "value",
            "window",
            "mute",
            "spans",
            "from",
            "to",
            "days",
            "channels",
            "group_by",
            "group_limit",
            "hysteresis",
            "other",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(field.prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_is_too_strange_to_be_refused(body in any_json()) {
        if let Ok(rule) = draft(&body) {
            let _ = rule.resolve(RuleId(Uuid::nil()), 0, &Names);
        }
    }

    #[test]
    fn no_file_is_too_strange_to_be_refused(text in "\\PC{0,80}") {
        let _ = RuleFile::parse(&text);
    }

    #[test]
    fn lengths_of_time_are_read_as_written(seconds in 0_i64..366 * 86_400) {
        let text = Duration::of_seconds(seconds).to_string();
        prop_assert_eq!(Duration::parse("x", &text).unwrap().seconds(), seconds);
    }
}

#[test]
fn days_of_a_series_lie_between_midnights_of_the_site() {
    let zone = TimeZone::get("Europe/Berlin").expect("zone");
    let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_second();
    let (from, to) = (at("2026-03-29T00:00:00Z"), at("2026-03-30T00:00:00Z"));
    let day = Span { grain: Grain::Day, from, to };
    let short = (at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"));
    assert_eq!(day.instants(&zone), short, "a day of 23 hours");
    assert_eq!(Span { grain: Grain::Hour, ..day }.instants(&zone), (from, to));
}
