use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::parse::from_value;
use crate::testing::{ms, queries, site};

fn plan(
    metrics: &[&str],
    dimensions: &[&str],
    filters: Value,
    date_range: Value,
) -> Result<Plan, QueryError> {
    let body = json!({"site_id": "a", "metrics": metrics, "dimensions": dimensions, "filters": filters,
        "date_range": date_range});
    let query = from_value(&body).expect("a query");
    let range =
        Range::resolve(&query.date_range, &site("Europe/Berlin"), ms("2024-06-05T10:00:00.500Z"), None);
    Plan::new(&query, &range.expect("a range"), Views::Use, &[])
}

fn sources(metrics: &[&str], dimensions: &[&str], filters: Value, date_range: Value) -> Vec<Source> {
    let plan = plan(metrics, dimensions, filters, date_range).expect("a plan");
    plan.parts.iter().map(|part| part.source).collect()
}

#[test]
fn what_is_neither_divided_nor_filtered_is_answered_from_views() {
    let all =
        ["visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration", "views_per_visit"];
    let day = Source::Uniques(Grain::Day);
    assert_eq!(sources(&all, &[], json!([]), json!("day")), [day, Source::Traffic]);
    assert_eq!(sources(&all, &["time:day"], json!([]), json!("30d")), [day, Source::Traffic]);
    assert_eq!(sources(&all, &["time:hour"], json!([]), json!("day")), [Source::Acts, Source::Traffic]);
    assert_eq!(sources(&all, &["time:minute"], json!([]), json!("day")), [Source::Traffic]);
    let everyone = Source::Breakdowns(EVERYONE);
    assert_eq!(sources(&all, &[], json!([]), json!("7d")), [everyone, Source::Traffic]);
    assert_eq!(sources(&["visitors"], &[], json!([]), json!("month")), [Source::Uniques(Grain::Month)]);
    let week = json!(["2024-05-27", "2024-06-02"]);
    assert_eq!(sources(&["visitors"], &[], json!([]), week.clone()), [Source::Uniques(Grain::Week)]);
    assert_eq!(sources(&["visitors"], &["time:week"], json!([]), week), [Source::Uniques(Grain::Week)]);
    assert_eq!(sources(&["visitors"], &["time:week"], json!([]), json!("30d")), [everyone]);
    let hours = json!(["2024-05-27T00:00:00", "2024-06-02T12:00:00"]);
    assert_eq!(sources(&["visitors"], &[], json!([]), hours), [Source::Acts]);
    assert_eq!(
        sources(&["visitors"], &["time:month"], json!([]), json!("6mo")),
        [Source::Uniques(Grain::Month)]
    );
}

#[test]
fn minutes_that_come_twice_are_counted_from_events() {
    let day = json!(["2024-10-27", "2024-10-27"]);
    assert_eq!(sources(&["visitors"], &["time:minute"], json!([]), day), [Source::Acts]);
}

#[test]
fn a_range_that_cuts_minutes_is_answered_from_rows() {
    assert_eq!(
        sources(&["visits", "pageviews", "views_per_visit"], &[], json!([]), json!("24h")),
        [Source::Visits, Source::Acts]
    );
}

#[test]
fn attributes_decide_between_visits_and_events() {
    let os = json!([["is", "visit:os", ["Mac"]]]);
    let page = json!([["is", "event:page", ["/"]]]);
    let counts = ["visitors", "pageviews", "visits", "bounce_rate"];
    assert_eq!(sources(&counts, &["visit:source"], json!([]), json!("24h")), [Source::Visits]);
    assert_eq!(sources(&counts, &["visit:source"], json!([]), json!("7d")), [Source::Breakdowns("source")]);
    assert_eq!(
        sources(&counts, &["time:week", "visit:entry_page"], json!([]), json!("30d")),
        [Source::Breakdowns("entry_page")]
    );
    assert_eq!(sources(&counts, &["visit:source", "visit:os"], json!([]), json!("7d")), [Source::Visits]);
    assert_eq!(sources(&counts, &["visit:language"], json!([]), json!("7d")), [Source::Visits]);
    assert_eq!(sources(&counts, &["time:hour", "visit:os"], json!([]), json!("7d")), [Source::Visits]);
    assert_eq!(sources(&counts, &["time:day"], os.clone(), json!("7d")), [Source::Visits]);
    assert_eq!(
        sources(&counts, &["event:page"], json!([]), json!("7d")),
        [Source::Breakdowns(PAGE), Source::Acts, Source::Visits]
    );
    assert_eq!(sources(&counts, &["event:page"], os, json!("7d")), [Source::Acts, Source::Visits]);
    assert_eq!(sources(&counts, &["visit:source"], page, json!("7d")), [Source::Acts, Source::Visits]);
    let signup = json!([["is", "event:goal", ["signup"]]]);
    assert_eq!(sources(&["bounce_rate"], &["event:page"], signup, json!("7d")), [Source::VisitsOfEvents]);
}

#[test]
fn what_visits_do_not_carry_is_read_where_events_are() {
    let plan_is = json!([["is", "event:props:plan", ["pro"]]]);
    let page = json!([["is", "event:page", ["/"]]]);
    assert_eq!(sources(&["events"], &["event:name"], plan_is.clone(), json!("7d")), [Source::Events]);
    assert_eq!(sources(&["events"], &["visit:os"], plan_is, json!("7d")), [Source::EventsInVisits]);
    assert_eq!(sources(&["events"], &["event:hostname"], json!([]), json!("7d")), [Source::Events]);
    assert_eq!(sources(&["events"], &["visit:os"], page.clone(), json!("7d")), [Source::Acts]);
    assert_eq!(sources(&["events"], &["event:goal"], page, json!("7d")), [Source::Acts]);
    assert_eq!(sources(&["events"], &["event:goal"], json!([]), json!("7d")), [Source::Breakdowns(NAME)]);
}

#[test]
fn what_is_defined_decides_which_goals_visits_carry() {
    let goal = |body: Value| {
        let spec = crate::define(crate::Kind::Goal, &body).expect("a goal").spec;
        let opentrace_events::define::Spec::Goal { event } = spec else { panic!("a goal") };
        Goal { name: "a".to_owned(), event }
    };
    let body =
        json!({"site_id": "a", "metrics": ["visitors"], "dimensions": ["event:goal"], "date_range": "7d"});
    let query = from_value(&body).expect("a query");
    let range = Range::resolve(&query.date_range, &site("UTC"), ms("2024-06-05T10:00:00Z"), None);
    let range = range.expect("a range");
    let source =
        |goals: &[Goal]| Plan::new(&query, &range, Views::Use, goals).expect("a plan").parts[0].source;
    assert_eq!(source(&[goal(json!({"page": "/thanks"}))]), Source::Acts);
    let filters = json!([["is", "event:props:plan", ["pro"]]]);
    assert_eq!(source(&[goal(json!({"event": "buy", "filters": filters}))]), Source::Events);
}

#[test]
fn whole_visits_are_not_divided_by_attributes_of_events() {
    for metric in ["bounce_rate", "visit_duration", "views_per_visit"] {
        for dimensions in
            [&["event:name"][..], &["event:props:plan"], &["event:page", "event:goal"], &["event:hostname"]]
        {
            let error = plan(&[metric], dimensions, json!([]), json!("7d")).expect_err("no meaning");
            assert_eq!(error.code(), "invalid_combination");
            assert!(error.to_string().contains(metric), "{error}");
        }
        plan(&[metric], &["event:page", "event:hostname"], json!([]), json!("7d")).expect("a meaning");
    }
}

#[test]
fn percentages_have_their_whole_counted() {
    let plan = plan(&["percentage"], &["visit:os"], json!([]), json!("7d")).expect("a plan");
    assert_eq!(plan.outputs, [Output::Share { total: 0, digits: 1 }]);
    assert_eq!(
        plan.totals[0].part,
        Part { source: Source::Breakdowns(ALL_VISITS), metrics: vec![Metric::Visitors] }
    );
    assert!(!plan.is_direct());
}

#[test]
fn conversions_are_shares_of_who_could_have() {
    let signup = json!([["is", "event:goal", ["signup"]], ["is", "visit:os", ["Mac"]]]);
    let asked = plan(&["conversion_rate", "group_conversion_rate"], &["visit:country"], signup, json!("7d"));
    let plan = asked.expect("a plan");
    let [all, groups] = &plan.totals[..] else { panic!("{:?}", plan.totals) };
    assert_eq!((all.filters.len(), all.places.len()), (1, 0));
    assert_eq!((groups.filters.len(), &groups.places[..]), (1, &[0][..]));
    // Counted the way the groups are.
    assert_eq!(all.part.source, Source::Acts);
}

#[test]
fn what_a_visit_has_done_is_of_the_visit() {
    let done = json!([["has_done", ["is", "event:page", ["/pricing"]]]]);
    assert_eq!(sources(&["visitors", "bounce_rate"], &[], done.clone(), json!("7d")), [Source::Visits]);
    assert_eq!(sources(&["visitors"], &["event:page"], done, json!("7d")), [Source::Acts]);
}

#[test]
fn measures_and_means_of_revenue_are_of_events() {
    assert_eq!(sources(&["average_revenue"], &[], json!([]), json!("day")), [Source::Acts]);
    let measures = ["p95:event:props:ms", "average_revenue"];
    assert_eq!(sources(&measures, &[], json!([]), json!("day")), [Source::Events]);
    assert_eq!(sources(&measures, &["visit:os"], json!([]), json!("day")), [Source::EventsInVisits]);
    assert_eq!(sources(&["total_revenue"], &[], json!([]), json!("day")), [Source::Traffic]);
    assert_eq!(
        sources(&["time_on_page", "visitors"], &["event:page"], json!([]), json!("day")),
        [Source::Engagement, Source::Breakdowns(PAGE)]
    );
}

proptest! {
    /// Whatever is planned, the source has a formula for it.
    #[test]
    fn every_planned_metric_has_a_formula(query in queries(), raw in any::<bool>()) {
        let views = if raw { Views::Avoid } else { Views::Use };
        let range = Range::resolve(&query.date_range, &site("Europe/Berlin"), ms("2024-06-05T10:00:00Z"), None);
        if let Ok(plan) = Plan::new(&query, &range.expect("a range"), views, &[]) {
            prop_assert_eq!(plan.outputs.len(), query.metrics.len());
            for part in plan.parts.iter().chain(plan.totals.iter().map(|total| &total.part)) {
                prop_assert!(!raw || !matches!(part.source, Source::Traffic | Source::Uniques(_) | Source::Breakdowns(_)));
                for metric in &part.metrics {
                    let own = matches!(metric, Metric::Custom(_));
                    prop_assert!(own || metric.formula(part.source.basis()).is_some(), "{:?} from {:?}", metric, part.source);
                }
            }
        }
    }
}
