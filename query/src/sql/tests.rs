use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::catalogue::Places;
use crate::parse::from_value;
use crate::plan::{Plan, Views};
use crate::query::Dimension;
use crate::testing::{self, ms, queries, site};
use crate::vocabulary::Vocabulary;

fn statements(query: &Query) -> Option<Vec<Statement>> {
    statements_with(query, &[])
}

fn statements_with(query: &Query, goals: &[Goal]) -> Option<Vec<Statement>> {
    statements_from(query, goals, Views::Use)
}

fn statements_from(query: &Query, goals: &[Goal], views: Views) -> Option<Vec<Statement>> {
    let site = site("Australia/Lord_Howe");
    let range = Range::resolve(&query.date_range, &site, ms("2024-06-05T10:00:00Z"), None).expect("a range");
    let plan = Plan::new(query, &range, views, goals).ok()?;
    let filters = &query.filters;
    let context = Context { site: &site, query, range: &range, shape: &plan.shape, filters, goals };
    let order = query.order();
    let mut all = Vec::new();
    for part in &plan.parts {
        for rows in [Rows::All, Rows::Page(&order), Rows::Count] {
            all.push(statement(part, context, rows).expect("a statement"));
        }
    }
    for total in &plan.totals {
        let context = Context { shape: &total.shape, filters: &total.filters, ..context };
        all.push(statement(&total.part, context, Rows::All).expect("a statement"));
    }
    all.push(currencies(context).expect("a statement"));
    Some(all)
}

fn first(metrics: Json, dimensions: Json, filters: Json) -> Statement {
    let body = json!({"site_id": "a", "metrics": metrics, "dimensions": dimensions, "filters": filters,
        "date_range": ["2024-05-01", "2024-05-31"]});
    statements(&from_value(&body).expect("a query")).expect("a plan").swap_remove(0)
}

#[test]
fn views_are_read_final_and_by_range() {
    let Statement { sql, params } = first(json!(["pageviews", "visits"]), json!([]), json!([]));
    assert_eq!(
        sql,
        "SELECT sum(pageviews) AS m0, sum(sessions) AS m1 FROM v_traffic FINAL WHERE site_id = {p0:UInt64} \
         AND minute >= toDateTime({p1:Int64}, 'UTC') AND minute < toDateTime({p2:Int64}, 'UTC')"
    );
    assert_eq!(params[0], Value::Count(1));
    assert_eq!(params[1], Value::Int(ms("2024-04-30T13:30:00Z").0 / 1_000));
}

#[test]
fn months_of_people_are_read_as_they_are_kept() {
    let Statement { sql, params } = first(json!(["visitors"]), json!(["time:month"]), json!([]));
    assert_eq!(
        sql,
        "SELECT toYYYYMM(start) AS d0, sum(visitors) AS m0 FROM v_uniques FINAL WHERE site_id = {p0:UInt64} \
         AND calendar = {p1:UInt64} AND period = 'month' AND start >= {p2:Date32} AND start <= {p3:Date32} \
         GROUP BY d0 HAVING sum(visitors) > 0"
    );
    assert_eq!(params[2..], [Value::Date("2024-05-01".to_owned()), Value::Date("2024-05-31".to_owned())]);
}

#[test]
fn filters_keep_their_nesting() {
    let filters = json!([
        ["or", [["is", "visit:os", ["Mac"]], ["not", ["contains_not", "visit:city", ["Ber"]]]]],
        ["is", "visit:source", ["direct / none"], {"case_sensitive": false}]
    ]);
    let Statement { sql, params } = first(json!(["visitors"]), json!(["visit:country"]), filters);
    assert_eq!(
        sql,
        "SELECT if(s.country = '', '(not set)', s.country) AS d0, uniqExact(s.visitor) AS m0 \
         FROM v_sessions AS s FINAL WHERE s.site_id = {p0:UInt64} \
         AND s.start >= fromUnixTimestamp64Milli({p1:Int64}, 'UTC') \
         AND s.start < fromUnixTimestamp64Milli({p2:Int64}, 'UTC') \
         AND ((s.os IN {p3:Array(String)}) OR (NOT (NOT multiSearchAny(if(s.city = '', '(not set)', s.city), \
         {p4:Array(String)})))) \
         AND has(arrayMap(value -> lowerUTF8(value), {p5:Array(String)}), lowerUTF8(s.source)) GROUP BY d0"
    );
    assert_eq!(params[5], Value::Texts(vec!["direct / none".to_owned(), String::new()]));
}

#[test]
fn events_take_the_attributes_of_their_visit() {
    let filters = json!([
        ["is", "event:goal", ["a"]],
        ["or", [["is", "event:page", ["/"]], ["is", "visit:city", ["b"]]]],
        ["is", "visit:os", ["c"]]
    ]);
    let dimensions = json!(["event:props:plan", "visit:entry_page"]);
    let Statement { sql, params } = first(json!(["visits"]), dimensions, filters);
    assert_eq!(
        sql,
        "SELECT if(e.props[{p0:String}] = '', '(none)', e.props[{p0:String}]) AS d0, \
         if(s.entry_page = '', '(not set)', s.entry_page) AS d1, uniqExact(s.visit) AS m0 \
         FROM (SELECT name, path, props, ts, visitor FROM events AS e WHERE e.site_id = {p1:UInt64} \
         AND e.ts >= fromUnixTimestamp64Milli({p2:Int64}, 'UTC') \
         AND e.ts < fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND e.name != 'engagement' \
         AND (e.name NOT IN ('pageview', 'engagement') AND (e.name IN {p7:Array(String)}))) AS e \
         ASOF INNER JOIN (SELECT city, end, entry_page, start, visitor, sipHash64(visitor, start) AS visit \
         FROM v_sessions AS s FINAL WHERE s.site_id = {p4:UInt64} \
         AND s.start >= fromUnixTimestamp64Milli({p5:Int64}, 'UTC') \
         AND s.start < fromUnixTimestamp64Milli({p6:Int64}, 'UTC') \
         AND (s.os IN {p8:Array(String)})) AS s ON e.visitor = s.visitor AND e.ts >= s.start \
         WHERE e.ts <= s.end AND ((e.path IN {p9:Array(String)}) OR (s.city IN {p10:Array(String)})) \
         GROUP BY d0, d1"
    );
    assert_eq!(params[0], Value::Text("plan".to_owned()));
    let (Value::Int(earliest), Value::Int(from)) = (&params[5], &params[2]) else { panic!("{params:?}") };
    assert_eq!(from - earliest, crate::plan::LONGEST_VISIT_MS);
}

#[test]
fn visits_are_taken_apart_for_their_events() {
    let filters = json!([
        ["is", "event:page", ["/"]],
        ["is", "visit:os", ["Mac"]],
        ["has_done", ["is", "event:goal", ["buy"]]]
    ]);
    let Statement { sql, .. } = first(json!(["visits"]), json!(["visit:country"]), filters);
    for text in [
        "SELECT if(s.country = '', '(not set)', s.country) AS d0, uniqExact(s.visit) AS m0 \
         FROM (SELECT e.ts AS `e.ts`, e.visitor AS `e.visitor`, s.country AS `s.country`, s.visit AS `s.visit` FROM (",
        "s.visitor AS `e.visitor`, s.country AS `s.country`, sipHash64(s.visitor, s.start) AS `s.visit` \
         FROM (SELECT acts_path, acts_ts, country, start, visitor FROM v_sessions AS s FINAL WHERE",
        " AND s.visitor NOT IN (SELECT visitor FROM v_sessions WHERE site_id = {p",
        ", arrayExists((act_name) -> (act_name NOT IN ('pageview', 'engagement') AND (act_name IN {p",
        ") AS s ARRAY JOIN s.acts_ts AS act_ts, s.acts_path AS act_path) WHERE e.ts >= ",
        " UNION ALL SELECT e.ts AS `e.ts`, e.visitor AS `e.visitor`, s.country AS `s.country`, s.visit AS `s.visit` FROM (",
    ] {
        assert!(sql.contains(text), "{text} not in {sql}");
    }
}

#[test]
fn people_of_days_are_counted_on_their_first_day_in_the_range() {
    let body = json!({"site_id": "a", "metrics": ["visitors"], "dimensions": ["time:week", "visit:country"],
        "date_range": "30d"});
    let page = statements(&from_value(&body).expect("a query")).expect("a plan").swap_remove(0);
    let week = |p: [u8; 2]| {
        let [start, first] = p.map(|place| format!("{{p{place}:Int64}}"));
        format!("greatest(toInt32(day) - positiveModulo(toInt32(day) - {start}, 7), {first})")
    };
    let people = format!("sumIf(visitors, toInt32(previous) < {}) AS m0", week([2, 3]));
    assert!(page.sql.starts_with(&format!("SELECT {} AS d0, ", week([0, 1]))), "{}", page.sql);
    assert!(page.sql.contains(&people), "{}", page.sql);
    assert!(page.sql.contains("v_breakdowns FINAL WHERE"), "{}", page.sql);
    assert!(page.sql.contains("AND dimension = 'country' AND day >= "), "{}", page.sql);
}

#[test]
fn a_page_is_ordered_and_cut_by_the_store() {
    let body = json!({"site_id": "a", "metrics": ["pageviews", "visitors"], "dimensions": ["event:page"],
        "date_range": "day", "pagination": {"limit": 10, "offset": 20}});
    let page = statements(&from_value(&body).expect("a query")).expect("a plan").swap_remove(1);
    assert!(
        page.sql.ends_with(
            "GROUP BY d0 HAVING sum(visitors) > 0 ORDER BY m0 DESC, d0 ASC LIMIT {p5:UInt64} OFFSET {p6:UInt64}"
        ),
        "{}",
        page.sql
    );
    assert_eq!(page.params[5..], [Value::Count(10), Value::Count(20)]);
}

#[test]
fn weeks_are_cut_where_the_site_starts_them() {
    let Statement { sql, params } = first(json!(["pageviews"]), json!(["time:week"]), json!([]));
    assert!(
        sql.starts_with("SELECT greatest(toInt32(toDate32(minute, {p0:String})) - positiveModulo("),
        "{sql}"
    );
    assert_eq!(params[..2], [Value::Text("Australia/Lord_Howe".to_owned()), Value::Int(4)]);
}

/// Without the names of countries and regions, which are constants.
fn without_places(sql: String) -> String {
    [Places::Countries, Places::Regions].iter().fold(sql, |sql, places| sql.replace(places.lists(), ""))
}

#[test]
fn what_is_known_of_people_stands_beside_their_visits() {
    let filters = json!([["is", "user:first_seen", ["2024-05-03"]], ["is", "event:page", ["/"]]]);
    let Statement { sql, params } = first(json!(["visitors"]), json!(["cluster"]), filters);
    for text in [
        "if(s.cluster = '', '(not set)', s.cluster) AS d0",
        "LEFT JOIN (SELECT visitor, toString(toDate32(first_seen, {p",
        ":String})) AS user_first_seen FROM v_features FINAL WHERE site_id = {p",
        "toString(name)) AS cluster FROM visitor_clusters FINAL WHERE site_id = {p",
        "(SELECT cluster, end, start, visitor, sipHash64(visitor, start) AS visit FROM (SELECT s.end AS end, \
         s.site_id AS site_id, s.start AS start, s.visitor AS visitor, v_features.user_first_seen",
        "(s.user_first_seen IN {p",
    ] {
        assert!(sql.contains(text), "{text} not in {sql}");
    }
    assert!(params.contains(&Value::Text("Australia/Lord_Howe".to_owned())));

    let Statement { sql, .. } = first(json!(["visitors"]), json!(["user:churn_risk"]), json!([]));
    for text in [
        "FROM visitor_scores FINAL WHERE site_id = {p",
        "AND kind = 'churn' AND visitor IN",
        "GROUP BY visitor) AS churn",
    ] {
        assert!(sql.contains(text), "{text} not in {sql}");
    }
}

/// Statements of every report and of an export, with a string wherever one may stand.
fn reports(text: &str, order: usize, divided: bool) -> Vec<Statement> {
    let words = Vocabulary::default();
    let key = format!("event:props:{text}");
    let event = json!({"event": text, "page": text, "filters": [["is", key, [text]], ["contains", "visit:os", [text]]]});
    let dimensions = if divided { json!([key]) } else { json!([]) };
    let filters = json!([["not", ["is", key, [text]]]]);
    let about = json!({"site_id": text, "date_range": ["2024-05-01", "2024-05-31"], "filters": filters});
    let with = |more: Json| {
        let mut body = about.clone();
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        body
    };
    let (site, now) = (site("Australia/Lord_Howe"), ms("2024-06-05T10:00:00Z"));
    let order = ["ordered", "strict", "any"][order];
    let steps = json!({"steps": [event, text], "order": order, "dimensions": dimensions});
    let funnel = crate::report::funnel(&with(steps), &words).expect("a funnel");
    let events = json!({"start_event": event, "return_event": text, "dimensions": dimensions});
    let retention = crate::report::retention(&with(events), &words).expect("a retention");
    let journeys = crate::report::journeys(&about, &words).expect("journeys");
    let part = |name: &str| (name == "filters").then(|| filters.to_string());
    let export = crate::export::Export::read(part, &words).expect("an export");
    let range = Range::resolve(&funnel.about.date_range, &site, now, None).expect("a range");
    let shape = Shape::default();
    let query = Query { filters: journeys.about.filters.clone(), ..Query::default() };
    let context = Context {
        site: &site,
        query: &query,
        range: &range,
        shape: &shape,
        filters: &query.filters,
        goals: &[],
    };
    let conditions: Vec<_> = funnel
        .about
        .filters
        .iter()
        .map(|filter| crate::define::condition(filter, "filters").expect("a condition"))
        .collect();
    let made = [
        report::funnel(context, &funnel, &conditions),
        report::kept_funnel(context, 7, 2),
        report::retention(context, &retention, &conditions),
        report::kept_retention(context, 7, retention.period),
        report::journeys(context, &journeys, None),
        report::journeys(
            context,
            &journeys,
            crate::catalogue::field("visit:city").map(Dimension::Field).as_ref(),
        ),
        export::count(context, &export, 7),
        export::last(context, &export, 7),
        export::page(context, &export, 7).map(|page| Statement { sql: page.sql.replace('`', ""), ..page }),
    ];
    made.into_iter().map(|statement| statement.expect("a statement")).collect()
}

proptest! {
    /// The same of reports and exports.
    #[test]
    fn no_string_of_a_report_is_in_the_text(text in testing::nasty(), order in 0..3_usize, divided in any::<bool>()) {
        for Statement { sql, .. } in reports(&text, order, divided) {
            prop_assert!(!sql.contains("zq"), "{}", sql);
            for text in ["DROP", "--", "/*", "Lord_Howe", "\"", "\\", ";", "?"] {
                prop_assert!(!sql.contains(text), "{} in {}", text, sql);
            }
            prop_assert_eq!(sql.matches('(').count(), sql.matches(')').count());
        }
    }

    #[test]
    fn nothing_that_is_kept_of_visits_is_read_where_it_is_not_to_be(query in queries()) {
        for Statement { sql, .. } in statements_from(&query, &[], Views::Never).unwrap_or_default() {
            for view in ["v_breakdowns", "v_sessions", "v_traffic", "v_uniques"] {
                prop_assert!(!sql.contains(view), "{} in {}", view, sql);
            }
        }
    }

    /// Nothing that came with the request is in the text of a statement: the random strings all
    /// contain two letters that no column, function or keyword of ours has beside each other.
    #[test]
    fn no_value_is_ever_in_the_text(query in queries(), goals in testing::goals()) {
        for Statement { sql, params } in statements_with(&query, &goals).unwrap_or_default() {
            let sql = without_places(sql);
            let column = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte));
            prop_assert!(sql.split('`').skip(1).step_by(2).all(column), "{}", sql);
            prop_assert!(!sql.contains("zq"), "{}", sql);
            for text in ["DROP", "--", "/*", "Australia", "2024", "\"", "\\", ";", "?"] {
                prop_assert!(!sql.contains(text), "{} in {}", text, sql);
            }
            // Every placeholder has a value, and every value is used.
            for (place, value) in params.iter().enumerate() {
                let placeholder = format!("{{p{place}:{}}}", value.type_name());
                prop_assert!(sql.contains(&placeholder), "{} not in {}", placeholder, sql);
            }
            let next = format!("{{p{}:", params.len());
            prop_assert!(!sql.contains(&next));
            prop_assert_eq!(sql.matches('(').count(), sql.matches(')').count());
        }
    }
}
