//! The address of the page that shows what an alert is about: the graph of its site over the days of its
//! cause, of what the rule measures, with its filters.
//!
//! Wrong when: the page cannot show the rule's metric or one of its filters. It leaves out what it does not
//! know, and then shows more than the rule looks at.

use jiff::tz::TimeZone;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::asked::Asked;

/// Services refuse long addresses. Filters that would make one so long are left out.
const LONGEST: usize = 1_500;

/// The page of a site, with what was asked of it between two instants (seconds since 1970).
pub(super) fn link(page: &str, asked: Option<Asked>, (from, to): (i64, i64), zone: &TimeZone) -> String {
    let day = |at: i64| {
        let at = jiff::Timestamp::from_second(at).unwrap_or_default();
        zone.to_datetime(at).date().to_string()
    };
    let (first, last) = (day(from), day((to - 1).max(from)));
    let mut query = Serializer::new(String::new());
    query.append_pair("period", "custom").append_pair("from", &first).append_pair("to", &last);
    // The page has minutes for a single day.
    if first == last && to - from < 3_600 {
        query.append_pair("interval", "time:minute");
    }
    let Some(Asked { metric, filters }) = asked else { return format!("{page}?{}", query.finish()) };
    // Those of one's own it does not draw.
    if opentrace_query::catalogue::metric(&metric).is_some() {
        query.append_pair("metric", &metric);
    }
    let short = format!("{page}?{}", query.finish());
    if filters.is_empty() {
        return short;
    }
    let filters = Value::Array(filters).to_string();
    let long =
        format!("{short}&{}", Serializer::new(String::new()).append_pair("filters", &filters).finish());
    if long.len() > LONGEST { short } else { long }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use opentrace_alerts::rule::draft;
    use opentrace_events::define::Definition;
    use opentrace_events::{DefinitionId, SiteId};
    use opentrace_store::meta::DefinitionRecord;
    use serde_json::json;

    use super::*;

    const SITE: SiteId = SiteId(1);

    /// A series of revenue.
    fn orders() -> DefinitionRecord {
        let body = json!({
            "metric": "revenue", "event": "buy", "filters": [
                ["contains_not", "visit:source", ["ads"], { "case_sensitive": false }],
                ["or", [["matches", "event:page", ["^/a"]], ["not", ["is", "event:props:plan", ["pro"]]]]],
            ],
        });
        let spec = opentrace_query::define(opentrace_query::Kind::Series, &body).expect("a series").spec;
        let definition = Definition { id: DefinitionId(9), site: SITE, spec };
        DefinitionRecord {
            id: uuid::Uuid::nil(),
            name: "Orders".to_owned(),
            body: body.to_string(),
            definition,
            created_at: 0,
            updated_at: 0,
        }
    }

    const PAGE: &str = "https://stats.example.com/sites/shop.example";
    /// Half past nine in the evening of the 30th in UTC, and of the 31st in Auckland.
    const AT: i64 = 1_769_808_600;

    fn of(rule: Value, group: Option<&str>, length: i64, zone: &str) -> BTreeMap<String, String> {
        let mut body = json!({ "site_id": "shop.example", "name": "Rule" });
        for (field, value) in rule.as_object().expect("an object") {
            body[field] = value.clone();
        }
        let draft = draft(&body).expect("a rule");
        let asked = Asked::of(&draft, &[orders()], SITE).map(|asked| asked.within(&draft, group));
        let zone = TimeZone::get(zone).expect("a zone");
        let url = url::Url::parse(&link(PAGE, asked, (AT, AT + length), &zone)).expect("an address");
        assert_eq!((url.host_str(), url.path()), (Some("stats.example.com"), "/sites/shop.example"));
        url.query_pairs().into_owned().collect()
    }

    #[test]
    fn a_link_names_the_days_the_metric_and_what_it_is_filtered_by() {
        let rule = json!({
            "metric": "pageviews", "filters": [["contains", "event:page", ["/shop & more"]]],
            "group_by": "country", "condition": { "type": "above", "value": 5 },
        });
        let asked = of(rule.clone(), Some("DE"), 300, "Pacific/Auckland");
        let expected = [
            ("filters", r#"[["contains","event:page",["/shop & more"]],["is","visit:country",["DE"]]]"#),
            ("from", "2026-01-31"),
            ("interval", "time:minute"),
            ("metric", "pageviews"),
            ("period", "custom"),
            ("to", "2026-01-31"),
        ];
        assert_eq!(asked, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let nobody = of(rule, Some("(none)"), 2 * 86_400, "UTC");
        assert_eq!((&*nobody["from"], &*nobody["to"]), ("2026-01-30", "2026-02-01"));
        assert!(nobody["filters"].ends_with(r#"["is","visit:country",["(not set)"]]]"#), "{nobody:?}");
        assert!(!nobody.contains_key("interval"), "days have hours at best");
    }

    #[test]
    fn events_queries_and_series_are_shown_as_what_they_count() {
        let signup = of(json!({ "condition": { "type": "event", "event": "signup" } }), None, 60, "UTC");
        assert_eq!(signup["filters"], r#"[["is","event:name",["signup"]]]"#);
        assert_eq!(signup["metric"], "events");
        let below = json!({ "type": "below", "value": 1 });
        let query = json!({ "metrics": ["visits"], "filters": [["is", "visit:source", ["Google"]]] });
        let query = of(json!({ "query": query, "condition": below }), None, 60, "UTC");
        assert_eq!(query["metric"], "visits");
        assert_eq!(query["filters"], r#"[["is","visit:source",["Google"]]]"#);
        let series = of(json!({ "query": { "series": "Orders" }, "condition": below }), None, 60, "UTC");
        assert_eq!(series["metric"], "total_revenue");
        let filters = r#"[["is","event:name",["buy"]],["contains_not","visit:source",["ads"],{"case_sensitive":false}],["or",[["matches","event:page",["^/a"]],["not",["is","event:props:plan",["pro"]]]]]]"#;
        assert_eq!(series["filters"], filters);
        let gone = of(json!({ "query": { "series": "Gone" }, "condition": below }), None, 60, "UTC");
        assert_eq!(gone.keys().collect::<Vec<_>>(), ["from", "interval", "period", "to"]);
    }

    #[test]
    fn metrics_that_only_rules_have_are_shown_as_the_nearest_one() {
        let below = json!({ "type": "below", "value": 1 });
        let paid = of(json!({ "metric": "revenue_per_visit", "condition": below }), None, 60, "UTC");
        assert_eq!(paid["metric"], "total_revenue");
        let filters = json!([["is", "event:name", ["signup"]]]);
        let rule =
            json!({ "metric": "conversion_rate", "filters": filters, "window": "1h", "condition": below });
        let rate = of(rule, None, 60, "UTC");
        assert_eq!(
            (&*rate["metric"], &*rate["filters"]),
            ("conversion_rate", r#"[["is","event:goal",["signup"]]]"#)
        );
    }

    #[test]
    fn a_link_that_services_would_refuse_goes_without_filters() {
        let pages: Vec<String> = (0..100).map(|page| format!("/a/long/path/{page}")).collect();
        let rule = json!({
            "metric": "pageviews", "filters": [["is", "event:page", pages]], "condition": { "type": "no_data" },
        });
        let asked = of(rule, None, 300, "UTC");
        assert_eq!(asked.keys().collect::<Vec<_>>(), ["from", "interval", "metric", "period", "to"]);
    }
}
