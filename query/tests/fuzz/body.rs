/// Reads bytes as a request; what is read is planned and compiled, and nothing of it is in the text.
fn check(data: &[u8]) {
    let Ok(query) = opentrace_query::parse(data) else { return };
    let site = opentrace_events::Site {
        id: opentrace_events::SiteId(1),
        domain: "example.com".to_owned(),
        timezone: jiff::tz::TimeZone::UTC,
        week_start: jiff::civil::Weekday::Monday,
        identified: false,
        numbered: false,
        currency: "EUR".to_owned(),
        bots: Default::default(),
        honour_privacy_signals: false,
        retention_days: 0,
        calendar: 0,
    };
    let now = opentrace_events::Timestamp(1_717_581_600_000);
    let Ok(range) = opentrace_query::Range::resolve(&query.date_range, &site, now, None) else { return };
    for views in [opentrace_query::Views::Use, opentrace_query::Views::Never] {
        compiled(&query, &site, &range, views);
    }
    // What is read can be written and read again.
    let written = serde_json::to_vec(&query).expect("JSON");
    assert_eq!(opentrace_query::parse(&written).expect("the same query"), query);
}

fn compiled(
    query: &opentrace_query::Query,
    site: &opentrace_events::Site,
    range: &opentrace_query::Range,
    views: opentrace_query::Views,
) {
    let Ok(plan) = opentrace_query::plan::Plan::new(query, range, views, &[]) else { return };
    let context = opentrace_query::sql::Context {
        site,
        query,
        range,
        shape: &plan.shape,
        filters: &query.filters,
        goals: &[],
    };
    for part in &plan.parts {
        let statement = opentrace_query::sql::statement(part, context, opentrace_query::sql::Rows::All);
        let sql = statement.expect("what is planned is compiled").sql;
        assert!(!sql.contains(MARK), "{sql}");
        assert_eq!(sql.matches('(').count(), sql.matches(')').count(), "{sql}");
    }
}

/// Letters that no statement of ours has beside each other.
const MARK: &str = "zq";
