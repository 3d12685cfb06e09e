use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::catalogue::Places;
use crate::parse::from_value;
use crate::plan::{Plan, Views};
use crate::testing::{self, ms, queries, site};

fn statements(query: &Query) -> Option<Vec<Statement>> {
    statements_with(query, &[])
}

fn statements_with(query: &Query, goals: &[Goal]) -> Option<Vec<Statement>> {
    let site = site("Australia/Lord_Howe");
    let range = Range::resolve(&query.date_range, &site, ms("2024-06-05T10:00:00Z"), None).expect("a range");
    let plan = Plan::new(query, &range, Views::Use).ok()?;
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
fn a_page_is_ordered_and_cut_by_the_store() {
    let body = json!({"site_id": "a", "metrics": ["pageviews", "visitors"], "dimensions": ["event:page"],
        "date_range": "day", "pagination": {"limit": 10, "offset": 20}});
    let page = statements(&from_value(&body).expect("a query")).expect("a plan").swap_remove(1);
    assert!(
        page.sql.ends_with("GROUP BY d0 ORDER BY m0 DESC, d0 ASC LIMIT {p3:UInt64} OFFSET {p4:UInt64}"),
        "{}",
        page.sql
    );
    assert_eq!(page.params[3..], [Value::Count(10), Value::Count(20)]);
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

proptest! {
    /// Nothing that came with the request is in the text of a statement: the random strings all
    /// contain two letters that no column, function or keyword of ours has beside each other.
    #[test]
    fn no_value_is_ever_in_the_text(query in queries(), goals in testing::goals()) {
        for Statement { sql, params } in statements_with(&query, &goals).unwrap_or_default() {
            let sql = without_places(sql);
            prop_assert!(!sql.contains("zq"), "{}", sql);
            for text in ["DROP", "--", "/*", "Australia", "2024", "`", "\"", "\\", ";", "?"] {
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
