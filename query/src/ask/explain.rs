//! Saying what was understood, in a sentence made of the typed query and of nothing else.

use serde_json::{Map, Value as Json};

use super::lexicon;
use super::settle::{Settled, USUAL_DAYS};
use super::time::calendar::Clock;
use super::vocabulary::Vocabulary;
use crate::catalogue::{PROPERTY, Places};
use crate::nearest::nearest;

/// The sentence of an answer, with what was put right and what was filled in.
pub(crate) fn answered(settled: &Settled, clock: &Clock, corrections: &[(&str, &str)]) -> String {
    let mut text = sentence(&settled.query, clock);
    if let ([one], Some("query")) =
        (settled.focus.as_slice(), settled.query.get("kind").and_then(Json::as_str))
    {
        text.push_str(&format!(" The group asked about is {one}."));
    }
    if settled.usual_time {
        let days =
            if settled.query.get("kind").is_some_and(|kind| kind == "insight") { 7 } else { USUAL_DAYS };
        text.push_str(&format!(" No time was said, so the last {days} days are meant."));
    }
    for (given, read) in corrections {
        text.push_str(&format!(" \u{201c}{given}\u{201d} was read as \u{201c}{read}\u{201d}."));
    }
    text
}

/// What a query asks for.
pub(crate) fn sentence(query: &Map<String, Json>, clock: &Clock) -> String {
    let text = |key: &str| query.get(key).and_then(Json::as_str).unwrap_or_default();
    let metric = || noun(text("metric"));
    let mut parts = vec![match text("kind") {
        "retention" => {
            let of = |key: &str, or: &str| {
                query
                    .get(key)
                    .and_then(Json::as_str)
                    .map_or(or.to_owned(), |event| format!("\u{201c}{event}\u{201d}"))
            };
            format!(
                "Retention by {}: people with {} who came back with {}",
                text("period"),
                of("start_event", "any event"),
                of("return_event", "any event")
            )
        }
        "funnel" => {
            let steps: Vec<String> = list(query, "steps").map(step).collect();
            format!("Funnel {} within {}", steps.join(" \u{2192} "), text("window"))
        }
        "journeys" => "Paths through the site".to_owned(),
        "segments" => "The groups of visitors that were saved or found".to_owned(),
        "forecast" => {
            let horizon = query.get("horizon").and_then(Json::as_i64).unwrap_or_default();
            let plural = if horizon == 1 { "" } else { "s" };
            format!(
                "Forecast of {} for the next {horizon} {}{plural}, from what was seen",
                metric(),
                text("granularity")
            )
        }
        "anomalies" => format!("What was unusual in {} by {}", metric(), text("granularity")),
        "insight" => format!("Why {} changed", metric()),
        "live" => format!(
            "{} in the last five minutes",
            capital(&joined(list(query, "metrics").filter_map(Json::as_str).map(noun)))
        ),
        _ => capital(&joined(list(query, "metrics").filter_map(Json::as_str).map(noun))),
    }];
    if text("kind") != "live"
        && let Some(range) = range(query.get("date_range"), clock)
    {
        parts.push(range);
    }
    let dimensions = joined(list(query, "dimensions").filter_map(Json::as_str).map(noun));
    if !dimensions.is_empty() {
        parts.push(format!("by {dimensions}"));
    }
    let filters = list(query, "filters").map(condition).collect::<Vec<_>>().join(" and ");
    if !filters.is_empty() {
        parts.push(format!("where {filters}"));
    }
    let mut text = parts.join(" ");
    if let Some(limit) = query.get("pagination").and_then(|page| page.get("limit")) {
        let order = list(query, "order_by").next();
        let by = order.and_then(|pair| pair.get(0)).and_then(Json::as_str).map(noun).unwrap_or_default();
        let end =
            if order.and_then(|pair| pair.get(1)) == Some(&Json::from("asc")) { "lowest" } else { "highest" };
        match limit.as_i64() {
            Some(1) => text.push_str(&format!(", the {end} by {by}")),
            _ => text.push_str(&format!(", the {limit} {end} by {by}")),
        }
    }
    if let Some(range) = range(query.get("compare"), clock) {
        text.push_str(&format!(
            ", compared with {}",
            range.trim_start_matches("from ").trim_start_matches("on ")
        ));
    }
    text.push('.');
    text
}

/// Why a question is not answered, and what is near the words that were not understood.
pub(crate) fn unsupported(words: &[String], why: &str, vocabulary: &Vocabulary) -> String {
    let mut text = match words {
        [] if why.is_empty() => "This question was not understood.".to_owned(),
        [] => format!("This cannot be answered: {why}."),
        _ => {
            let quoted: Vec<String> = words.iter().map(|word| format!("\u{201c}{word}\u{201d}")).collect();
            format!("Not understood: {}.", quoted.join(", "))
        }
    };
    if !words.is_empty() && !why.is_empty() {
        text.push_str(&format!(" {}.", capital(why)));
    }
    let known = || lexicon::WORDS.iter().copied().chain(vocabulary.known());
    let near: Vec<String> = words
        .iter()
        // A word that is known was only not expected here.
        .filter(|word| word.chars().count() > 3 && !known().any(|known| known.eq_ignore_ascii_case(word)))
        .filter_map(|word| nearest(word, known().filter(|known| known.len() > 3)))
        .map(|near| format!("\u{201c}{near}\u{201d}"))
        .collect();
    if !near.is_empty() {
        text.push_str(&format!(" Near it: {}.", near.join(", ")));
    }
    text
}

fn list<'a>(query: &'a Map<String, Json>, key: &str) -> impl Iterator<Item = &'a Json> {
    query.get(key).and_then(Json::as_array).into_iter().flatten()
}

fn joined(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The everyday name of a metric or dimension.
fn noun(name: &str) -> String {
    if let Some(key) = name.strip_prefix(PROPERTY) {
        return format!("property \u{201c}{key}\u{201d}");
    }
    match name {
        "event:goal" => "event".to_owned(),
        "cluster" => "group of visitors".to_owned(),
        "visit:os" => "operating system".to_owned(),
        "percentage" => "share of visitors".to_owned(),
        "total_revenue" => "revenue".to_owned(),
        "average_revenue" => "average order value".to_owned(),
        "pageviews" => "page views".to_owned(),
        _ => name.split_once(':').map_or(name, |(_, word)| word).replace('_', " "),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn condition(filter: &Json) -> String {
    let Some(parts) = filter.as_array() else { return String::new() };
    let operator = parts.first().and_then(Json::as_str).unwrap_or_default();
    match operator {
        "and" | "or" => {
            let inner: Vec<String> =
                parts.get(1).and_then(Json::as_array).into_iter().flatten().map(condition).collect();
            format!("({})", inner.join(&format!(" {operator} ")))
        }
        "not" => format!("not {}", parts.get(1).map(condition).unwrap_or_default()),
        "has_done" => format!("the visitor had {}", parts.get(1).map(condition).unwrap_or_default()),
        "has_not_done" => {
            format!("the visitor never had {}", parts.get(1).map(condition).unwrap_or_default())
        }
        _ => {
            let dimension = parts.get(1).and_then(Json::as_str).unwrap_or_default();
            let values = parts.get(2).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
            let values = values.map(|value| called(dimension, value)).collect::<Vec<_>>().join(" or ");
            format!(
                "{} {} {values}",
                noun(dimension),
                operator.replace('_', " ").replace("contains not", "does not contain")
            )
        }
    }
}

/// A value as people say it: places by their names.
fn called<'a>(dimension: &str, value: &'a str) -> &'a str {
    let kind = match dimension {
        "visit:country" => Places::Countries,
        "visit:region" => Places::Regions,
        _ => return value,
    };
    kind.name(value).unwrap_or(value)
}

fn step(step: &Json) -> String {
    let path = step.pointer("/filters/0/2/0").and_then(Json::as_str);
    path.or(step.get("event").and_then(Json::as_str)).unwrap_or_default().to_owned()
}

/// A range in days where it is made of days, in minutes otherwise.
fn range(pair: Option<&Json>, clock: &Clock) -> Option<String> {
    let pair = pair?.as_array()?;
    let at = |place: usize| -> Option<jiff::civil::DateTime> {
        let instant: jiff::Timestamp = pair.get(place)?.as_str()?.parse().ok()?;
        clock.local(instant.as_millisecond())
    };
    let (from, to) = (at(0)?, at(1)?);
    let whole = from.time() == jiff::civil::Time::midnight() && to.time() == jiff::civil::Time::midnight();
    if !whole {
        return Some(format!(
            "from {} to {}",
            from.strftime("%Y-%m-%d %H:%M"),
            to.strftime("%Y-%m-%d %H:%M")
        ));
    }
    let last = to.date().yesterday().ok()?;
    if last == from.date() {
        return Some(format!("on {last}"));
    }
    Some(format!("from {} to {last}", from.date()))
}
