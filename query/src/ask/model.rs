//! A language model's reading of a question that the rules refused: what it is told, and what of its
//! answer is taken.
//!
//! It is told what can be asked and the question, never what a site holds unless that is wanted. What
//! it answers is untrusted text: taken is one object that is a typed query in every part, and nothing
//! of it runs but that query, the way any other query does. When it is wrong, it is a wrong question
//! asked of the right site, and the answer says what was asked and that a model read it.

use serde_json::{Map, Value as Json, json};

use super::chart::Chart;
use super::{Around, Source, Status, Understanding, explain, suggest};
use crate::catalogue::{FIELDS, GRAINS, METRICS};
use crate::error::QueryError;
use crate::{parse, report};

/// The longest answer that is looked at.
const LONGEST: usize = 16 * 1024;
/// Names of each kind that are told of a site.
const TOLD: usize = 40;
/// Steps ahead that a forecast may have.
const HORIZON: u64 = 1_000;
/// A reading that nobody can vouch for.
const CONFIDENCE: f64 = 0.4;

/// What a model is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What there is, and what an answer looks like.
    pub system: String,
    /// The question as it was asked.
    pub question: String,
}

/// Why a model's answer is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    #[error("the answer is no JSON object")]
    NoObject,
    #[error("the model says that the question cannot be asked")]
    Declined,
    #[error("the query has no valid `{0}`")]
    Part(&'static str),
    #[error("the query has an unknown key `{0}`")]
    Key(String),
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl Unread {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoObject => "model_no_object",
            Self::Declined => "model_declined",
            Self::Part(_) | Self::Key(_) | Self::Query(_) => "model_invalid_query",
        }
    }
}

/// What a model is asked. With `values`, names of the site's events and values are told, too.
pub fn prompt(question: &str, around: &Around<'_>, values: bool) -> Prompt {
    let today = around.clock.today().map(|span| around.clock.iso(span)).unwrap_or_default();
    let metrics: Vec<String> =
        METRICS.iter().map(|info| format!("- {}: {}", info.name, squeezed(info.meaning))).collect();
    let dimensions: Vec<String> =
        FIELDS.iter().map(|field| format!("- {}: {}", field.name, squeezed(field.meaning))).collect();
    let grains: Vec<&str> = GRAINS.iter().map(|grain| grain.name).collect();
    let mut system = format!(
        "You turn a question about web analytics into one JSON object and write nothing else.\n\
         The object is {{\"query\": QUERY}}, or {{\"query\": null}} if the question does not ask for figures \
         that the lists below can express. Never drop or invent a condition.\n\n\
         QUERY has \"kind\", one of:\n\
         - \"query\": \"metrics\" [names], \"date_range\", \"dimensions\" [names], \"filters\", and if wanted \
         \"order_by\" [[name, \"asc\" or \"desc\"]], \"pagination\" {{\"limit\": n}}, \"compare\" (a second \
         date_range)\n\
         - \"live\": like \"query\", for the last five minutes\n\
         - \"retention\": \"date_range\", \"start_event\", \"return_event\", \"period\" (day, week or month), \
         \"filters\"\n\
         - \"funnel\": \"date_range\", \"steps\" [{{\"event\": name, \"filters\": []}}], \"window\" (as 7d), \
         \"filters\"\n\
         - \"journeys\": \"date_range\", \"limit\", \"filters\"\n\
         - \"forecast\": \"metric\", \"granularity\" (hour, day, week or month), \"horizon\" (steps), \
         \"date_range\" (of the past), \"filters\"\n\
         - \"anomalies\": \"metric\", \"granularity\", \"date_range\", \"filters\"\n\
         - \"insight\" (why a metric changed): \"metric\", \"date_range\", \"compare\", \"filters\"\n\n\
         A date_range is [from, to], RFC 3339 times with offset, `to` not included. Today is {} to {}; it is now \
         {}. Without a time, the last 30 days are meant.\n\n\
         A filter is [operator, dimension, [values]]; operators: is, is_not, contains, contains_not, matches \
         (a regular expression). People who did something: [\"has_done\", filter], [\"has_not_done\", filter]. \
         [\"or\", [filters]] joins. The number of an event is the metric events with the filter [\"is\", \
         \"event:goal\", [name]]. Countries are two capital letters. A property is the dimension \
         event:props:KEY.\n\nMetrics:\n{}\n\nDimensions:\n{}\nTime: {}\n",
        today[0],
        today[1],
        around.clock.iso_now(),
        metrics.join("\n"),
        dimensions.join("\n"),
        grains.join(", "),
    );
    if values {
        system.push_str(&site(around));
    }
    Prompt { system, question: question.to_owned() }
}

/// What the site has to ask about.
fn site(around: &Around<'_>) -> String {
    let words = around.vocabulary.words();
    let few = |names: &[String]| names.iter().take(TOLD).cloned().collect::<Vec<_>>();
    let values: Map<String, Json> =
        words.values.iter().map(|(name, values)| (name.clone(), json!(few(values)))).collect();
    let properties: Map<String, Json> = words
        .properties
        .iter()
        .map(|(key, values)| (format!("event:props:{key}"), json!(few(values))))
        .collect();
    format!(
        "\nThe site has these events: {}\nValues: {}\nProperties: {}\n",
        json!(few(&words.events)),
        Json::Object(values),
        Json::Object(properties)
    )
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a model's answer means.
///
/// # Errors
/// Why it is not taken.
pub fn reading(answer: &str, around: &Around<'_>) -> Result<Understanding, Unread> {
    let mut query = object(answer)?;
    query.remove("site_id");
    let kind = query.entry("kind").or_insert_with(|| json!("query"));
    if kind.as_str().is_none() {
        return Err(Unread::Part("kind"));
    }
    check(&query)?;
    Ok(Understanding {
        status: Status::Answered,
        explanation: format!(
            "The rules did not understand this; a language model read it as: {}",
            explain::sentence(&query, around.clock)
        ),
        chart: Some(Chart::of(&query, &[])),
        suggestions: suggest::next(&query),
        confidence: CONFIDENCE,
        not_understood: Vec::new(),
        is_ahead: false,
        source: Source::Model,
        query: Some(query),
    })
}

/// The query in an answer, whatever stands around it.
fn object(answer: &str) -> Result<Map<String, Json>, Unread> {
    if answer.len() > LONGEST {
        return Err(Unread::NoObject);
    }
    let (Some(from), Some(to)) = (answer.find('{'), answer.rfind('}')) else { return Err(Unread::NoObject) };
    let text = answer.get(from..=to).ok_or(Unread::NoObject)?;
    let given: Map<String, Json> = serde_json::from_str(text).map_err(|_| Unread::NoObject)?;
    match given.get("query") {
        Some(Json::Object(query)) => Ok(query.clone()),
        Some(Json::Null) => Err(Unread::Declined),
        _ => Err(Unread::NoObject),
    }
}

/// Checks every part of a query of any kind, as the route that answers it would.
///
/// # Errors
/// The first part that is wrong.
pub(crate) fn check(query: &Map<String, Json>) -> Result<(), Unread> {
    let kind = query.get("kind").and_then(Json::as_str).unwrap_or_default();
    range(query, "date_range")?;
    if query.contains_key("compare") {
        range(query, "compare")?;
    }
    let (keys, report): (&[&str], Report) = match kind {
        "query" | "live" => {
            (&["metrics", "dimensions", "filters", "order_by", "pagination", "compare"], Report::Figures)
        }
        "retention" => {
            (&["start_event", "return_event", "period", "dimensions", "filters"], Report::Retention)
        }
        "funnel" => (&["steps", "window", "order", "dimensions", "filters"], Report::Funnel),
        "journeys" => (&["depth", "limit", "filters"], Report::Journeys),
        "forecast" => {
            (&["metric", "granularity", "horizon", "levels", "dimensions", "filters"], Report::OneMetric)
        }
        "anomalies" => (&["metric", "granularity", "filters"], Report::OneMetric),
        "insight" => (&["metric", "compare", "filters"], Report::OneMetric),
        _ => return Err(Unread::Part("kind")),
    };
    let known = |key: &str| matches!(key, "kind" | "date_range") || keys.contains(&key);
    if let Some(key) = query.keys().find(|key| !known(key)) {
        return Err(Unread::Key(key.chars().take(60).collect()));
    }
    let mut body = query.clone();
    body.remove("kind");
    body.insert("site_id".to_owned(), json!("site"));
    let words = crate::Vocabulary::default();
    match report {
        Report::Figures => {
            parse::from_value(&Json::Object(body))?;
        }
        Report::Retention => {
            report::retention(&Json::Object(body), &words)?;
        }
        Report::Funnel => {
            report::funnel(&Json::Object(body), &words)?;
        }
        Report::Journeys => {
            report::journeys(&Json::Object(body), &words)?;
        }
        Report::OneMetric => one_metric(kind, body)?,
    }
    Ok(())
}

/// What reads a kind of query.
#[derive(Clone, Copy)]
enum Report {
    Figures,
    Retention,
    Funnel,
    Journeys,
    OneMetric,
}

/// A report about the course of one metric.
fn one_metric(kind: &str, mut body: Map<String, Json>) -> Result<(), Unread> {
    let metric = body.remove("metric").ok_or(Unread::Part("metric"))?;
    let granularity = body.remove("granularity");
    let grain = granularity.as_ref().and_then(Json::as_str);
    if kind != "insight"
        && !grain.is_some_and(|grain| ["minute", "hour", "day", "week", "month"].contains(&grain))
    {
        return Err(Unread::Part("granularity"));
    }
    if kind == "insight" && !body.contains_key("compare") {
        return Err(Unread::Part("compare"));
    }
    let horizon = body.remove("horizon");
    let steps = horizon.as_ref().and_then(Json::as_u64);
    if kind == "forecast" && !steps.is_some_and(|steps| (1..=HORIZON).contains(&steps)) {
        return Err(Unread::Part("horizon"));
    }
    let levels = body.remove("levels");
    let level = |level: &Json| level.as_f64().is_some_and(|level| level > 0.0 && level < 100.0);
    if levels.is_some_and(|levels| !levels.as_array().is_some_and(|levels| levels.iter().all(level))) {
        return Err(Unread::Part("levels"));
    }
    body.insert("metrics".to_owned(), json!([metric]));
    parse::from_value(&Json::Object(body))?;
    Ok(())
}

/// Whether a range is a pair of instants in order.
fn range(query: &Map<String, Json>, key: &'static str) -> Result<(), Unread> {
    let at = |place: usize| -> Option<jiff::Timestamp> {
        query.get(key)?.as_array().filter(|pair| pair.len() == 2)?.get(place)?.as_str()?.parse().ok()
    };
    match (at(0), at(1)) {
        (Some(from), Some(to)) if from < to => Ok(()),
        _ => Err(Unread::Part(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::score::Fixture;
    use super::*;

    const SITE: &str = include_str!("../../../datasets/questions/site.json");
    const RANGE: &str = r#""date_range": ["2026-03-01T00:00:00+01:00", "2026-03-08T00:00:00+01:00"]"#;

    fn read(answer: &str) -> Result<Understanding, Unread> {
        let fixture = Fixture::parse(SITE).expect("the site of the questions");
        reading(answer, &Around { vocabulary: &fixture.vocabulary, clock: &fixture.clock, context: None })
    }

    fn told(values: bool) -> String {
        let fixture = Fixture::parse(SITE).expect("the site of the questions");
        let around = Around { vocabulary: &fixture.vocabulary, clock: &fixture.clock, context: None };
        prompt("how sticky are we", &around, values).system
    }

    #[test]
    fn a_typed_query_is_taken_and_marked() {
        let query = format!(
            r#"{{"kind": "query", "metrics": ["visitors"], {RANGE}, "dimensions": ["visit:country"]}}"#
        );
        for answer in
            [format!(r#"{{"query": {query}}}"#), format!("Sure!\n```json\n{{\"query\": {query}}}\n```")]
        {
            let given = read(&answer).expect("a reading");
            assert_eq!((given.status, given.source), (Status::Answered, Source::Model));
            assert!(given.confidence < 0.5 && given.explanation.contains("language model"), "{given:?}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        let many = format!(r#"{{"query": {{"metrics": ["visitors"], {RANGE}}}}}{}"#, " ".repeat(LONGEST));
        let hostile = [
            "",
            "I cannot do that",
            "{",
            "{}",
            "} {",
            r#"{"query": null}"#,
            r#"{"query": "SELECT * FROM events"}"#,
            r#"{"query": {"kind": "sql", "sql": "DROP TABLE events"}}"#,
            r#"{"query": {"kind": ["query"]}}"#,
            r#"{"query": {"kind": "query", "metrics": ["visitors"]}}"#,
            r#"{"query": {"kind": "query", "metrics": ["visitors"], "date_range": "all"}}"#,
            r#"{"query": {"kind": "query", "metrics": ["visitors"], "date_range": ["2026-03-08T00:00:00Z", "2026-03-01T00:00:00Z"]}}"#,
            &format!(r#"{{"query": {{"metrics": ["count(*) FROM system.users"], {RANGE}}}}}"#),
            &format!(r#"{{"query": {{"metrics": ["visitors"], {RANGE}, "dimensions": ["password"]}}}}"#),
            &format!(
                r#"{{"query": {{"metrics": ["visitors"], {RANGE}, "filters": [["is", "1=1; --", ["x"]]]}}}}"#
            ),
            &format!(r#"{{"query": {{"metrics": ["visitors"], {RANGE}, "tool": "delete_site"}}}}"#),
            &format!(
                r#"{{"query": {{"kind": "forecast", "metric": "visitors", "granularity": "day", "horizon": 1000000, {RANGE}}}}}"#
            ),
            &format!(r#"{{"query": {{"kind": "funnel", "steps": [], {RANGE}}}}}"#),
            &many,
        ];
        for answer in hostile {
            assert!(read(answer).is_err(), "{answer:.200}");
        }
        // Whatever site it names, the site is the asker's.
        let other = format!(r#"{{"query": {{"site_id": "b.example", "metrics": ["visitors"], {RANGE}}}}}"#);
        assert!(!read(&other).expect("a reading").query.expect("a query").contains_key("site_id"));
    }

    #[test]
    fn no_value_of_the_site_is_told_unless_wanted() {
        for value in ["trial_started", "/pricing", "payment_method", "paypal", "spring_sale", "Hacker News"] {
            assert!(!told(false).contains(value), "{value}");
            assert!(told(true).contains(value), "{value}");
        }
        assert!(told(false).contains("bounce_rate") && told(false).contains("visit:country"));
    }
}
