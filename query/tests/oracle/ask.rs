//! Random valid requests about a history.

use jiff::ToSpan;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use serde_json::{Value, json};

use crate::history::{
    BROWSERS, CITIES, CLUSTERS, COUNTRIES, HOSTS, History, NAMES, NOTES, PAGES, PLANS, RISKS, SOURCES,
    SYSTEMS, USERS,
};

/// Those that any question may ask for; the last needs a dimension.
const METRICS: [&str; 14] = [
    "visitors",
    "visits",
    "pageviews",
    "events",
    "bounce_rate",
    "visit_duration",
    "views_per_visit",
    "events_per_visitor",
    "total_revenue",
    "average_revenue",
    "sum:event:props:load",
    "p90:event:props:load",
    "average:event:props:load",
    "percentage",
];
/// Those that need a page or a goal.
const OF_PAGES: [&str; 2] = ["scroll_depth", "time_on_page"];
const OF_GOALS: [&str; 2] = ["conversion_rate", "group_conversion_rate"];
const TIMES: [&str; 6] = ["time", "time:minute", "time:hour", "time:day", "time:week", "time:month"];
const GOALS: [&str; 6] = ["signup", "Purchase", "Pro signup", "Visit /blog", "pageview", "nothing"];
const COUNTRY_NAMES: [&str; 4] = ["", "Germany", "France", "United States of America"];
/// Days and numbers that people have, and others that nobody has.
const DAYS: [&str; 3] = ["2024-10-21", "2024-03-05", "2024-03-31"];
const COUNTS: [&str; 4] = ["3", "4", "5", "7"];
const FIELDS: [(&str, &[&str]); 21] = [
    ("event:page", &PAGES),
    ("event:name", &NAMES),
    ("event:goal", &GOALS),
    ("event:hostname", &HOSTS),
    ("event:props:plan", &PLANS),
    ("event:props:a 'note'", &NOTES),
    ("visit:source", &SOURCES),
    ("visit:country", &COUNTRIES),
    ("visit:country_name", &COUNTRY_NAMES),
    ("visit:os", &SYSTEMS),
    ("visit:browser", &BROWSERS),
    ("visit:city", &CITIES),
    ("visit:entry_page", &PAGES),
    ("visit:exit_page", &PAGES),
    ("user:id", &USERS),
    ("user:first_source", &SOURCES),
    ("user:os", &SYSTEMS),
    ("user:first_seen", &DAYS),
    ("user:visits", &COUNTS),
    ("cluster", &CLUSTERS),
    ("user:churn_risk", &RISKS),
];

/// Requests that views answer: sums of whole days, weeks and months, and every bucket of them.
pub(crate) fn undivided(history: &History) -> Vec<Value> {
    let week = history.week(history.start.checked_add(7.days()).expect("a day"));
    let sunday = week.checked_add(6.days()).expect("a day");
    let (first, last) = (history.start.first_of_month(), history.start.last_of_month());
    let mut all = Vec::new();
    for date_range in
        [json!([week, week]), json!([week, sunday]), json!([first, last]), json!("year"), json!("all")]
    {
        for time in std::iter::once(None).chain(TIMES.into_iter().map(Some)) {
            let dimensions: Vec<_> = time.into_iter().collect();
            let all_of_events = &METRICS[..10];
            for metrics in [&METRICS[..1], &METRICS[1..2], all_of_events] {
                let query = json!({"site_id": "a", "metrics": metrics, "date_range": date_range, "dimensions": dimensions});
                all.push(query);
            }
        }
    }
    all
}

pub(crate) fn query(random: &mut StdRng, history: &History) -> Value {
    // Mostly one kind of attribute, so that every source is asked about alone.
    let fields: Vec<_> = match random.random_range(0..4) {
        0 => Vec::new(),
        1 => FIELDS.iter().filter(|(name, _)| !of_events(name)).collect(),
        2 => FIELDS.iter().filter(|(name, _)| of_events(name)).collect(),
        _ => FIELDS.iter().collect(),
    };
    let mut dimensions: Vec<&str> = Vec::new();
    if random.random_bool(0.5) {
        dimensions.extend(TIMES.choose(random));
    }
    for _ in 0..random.random_range(0..3) {
        let field = fields.choose(random).map(|(name, _)| *name);
        dimensions.extend(field.filter(|name| !dimensions.contains(name)));
    }
    dimensions.shuffle(random);
    let filters: Vec<Value> = match fields.is_empty() {
        true => Vec::new(),
        false => (0..random.random_range(0..3)).map(|_| filter(random, &fields, 2)).collect(),
    };
    let named = |name: &str| dimensions.contains(&name) || names(&json!(filters), name);
    let mut metrics: Vec<&str> = METRICS.to_vec();
    metrics.extend(OF_PAGES.iter().filter(|_| named("event:page")));
    metrics.extend(OF_GOALS.iter().filter(|_| named("event:goal")));
    metrics.shuffle(random);
    metrics.truncate(random.random_range(1..=4));
    if dimensions.is_empty() {
        metrics.retain(|metric| *metric != "percentage");
    }
    if metrics.is_empty() {
        metrics.push("visitors");
    }
    let mut body = json!({
        "site_id": history.site.domain, "metrics": metrics, "date_range": date_range(random, history),
        "dimensions": dimensions, "filters": filters,
        "include": {"total_rows": random.random_bool(0.5)},
    });
    if random.random_bool(0.3) {
        body["pagination"] =
            json!({"limit": random.random_range(1..20), "offset": random.random_range(0..10)});
    }
    if random.random_bool(0.4) {
        let by = metrics.iter().chain(&dimensions).copied().collect::<Vec<_>>();
        let direction = if random.random_bool(0.5) { "asc" } else { "desc" };
        body["order_by"] = json!([[by.choose(random), direction]]);
    }
    body
}

fn of_events(name: &str) -> bool {
    name.starts_with("event") || name == "user:id"
}

/// Whether a filter names an attribute of what is counted.
fn names(filter: &Value, name: &str) -> bool {
    match filter {
        Value::Array(list) => match list.first().and_then(Value::as_str) {
            Some("has_done" | "has_not_done") => false,
            _ => list.iter().any(|part| part == name || names(part, name)),
        },
        _ => false,
    }
}

fn filter(random: &mut StdRng, fields: &[&(&str, &[&str])], depth: usize) -> Value {
    let of_events: Vec<_> = FIELDS.iter().filter(|(name, _)| of_events(name)).collect();
    match random.random_range(0..8) {
        6 if depth > 0 => json!(["has_done", behaviour(random, &of_events)]),
        7 if depth > 0 => json!(["has_not_done", behaviour(random, &of_events)]),
        0 if depth > 0 => json!(["not", filter(random, fields, depth - 1)]),
        1 if depth > 0 => {
            json!(["or", [filter(random, fields, depth - 1), filter(random, fields, depth - 1)]])
        }
        2 if depth > 0 => {
            json!(["and", [filter(random, fields, depth - 1), filter(random, fields, depth - 1)]])
        }
        _ => condition(random, fields),
    }
}

fn behaviour(random: &mut StdRng, fields: &[&(&str, &[&str])]) -> Value {
    match random.random_range(0..3) {
        0 => json!(["and", [condition(random, fields), condition(random, fields)]]),
        _ => condition(random, fields),
    }
}

fn condition(random: &mut StdRng, fields: &[&(&str, &[&str])]) -> Value {
    let (name, values) = fields.choose(random).expect("a field");
    let operators = ["is", "is", "is_not", "contains", "contains_not", "matches", "matches_not"];
    let operator = *operators.choose(random).expect("an operator");
    let mut values: Vec<String> =
        values.choose_multiple(random, 2).map(|value| (*value).to_owned()).collect();
    let part = |value: &String| value.chars().take(3).collect::<String>();
    let insensitive = random.random_bool(0.3);
    if operator.starts_with("is") {
        // Empty values are called by their name, too.
        if random.random_bool(0.3) {
            values.push(["Direct / None", "(not set)", "(none)"].choose(random).expect("a name").to_string());
        }
    } else {
        values = values.iter().map(part).filter(|value| !value.is_empty()).collect();
        values.push("o".to_owned());
    }
    if operator.starts_with("matches") {
        // Letters and slashes stand for themselves.
        values.retain(|value| value.chars().all(|c| c.is_alphabetic() || c == '/'));
        let at = ["^", ""].choose(random).expect("a place");
        values = values.iter().map(|value| format!("{at}{value}")).collect();
        return json!([operator, name, values]);
    }
    if insensitive {
        values = values.iter().map(|value| value.to_uppercase()).collect();
        return json!([operator, name, values, {"case_sensitive": false}]);
    }
    json!([operator, name, values])
}

fn date_range(random: &mut StdRng, history: &History) -> Value {
    let words = ["day", "24h", "7d", "30d", "month", "6mo", "year", "all"];
    let day = |random: &mut StdRng| {
        history.start.checked_add(random.random_range(-1_i64..15).days()).expect("a day")
    };
    match random.random_range(0..6) {
        0 => json!(words.choose(random)),
        1 => {
            let day = day(random);
            json!([day, day])
        }
        2 => {
            let week = history.week(day(random));
            json!([week, week.checked_add((random.random_range(1_i64..3) * 7 - 1).days()).expect("a day")])
        }
        3 => {
            let (a, b) = (day(random), day(random));
            json!([a.min(b), a.max(b)])
        }
        4 => {
            // Whole minutes.
            let start = day(random).at(random.random_range(0..24), random.random_range(0..60), 0, 0);
            let end = start.checked_add(random.random_range(0_i64..3_000).minutes()).expect("a time");
            json!([start, end.checked_add(59.seconds()).expect("a time")])
        }
        _ => {
            let start = history.now.0 / 1_000 - random.random_range(0..900_000_i64);
            let at = |s| jiff::Timestamp::from_second(s).expect("an instant").to_string();
            json!([at(start), at(start + random.random_range(0..200_000))])
        }
    }
}
