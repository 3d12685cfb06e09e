//! What to ask next, and what to ask instead.
//!
//! In place of a question that was not understood, the questions that are nearest to it are offered: by
//! the words they share, or by meaning where an [`Encoder`] is there. It only orders what is offered.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::lexicon::{self, Class};
use super::stem::stem;
use super::tokens::{Kind, tokens};
use super::vocabulary::Vocabulary;
use super::{Status, Suggestion, Understanding};

const NEXT: usize = 4;
/// Events and properties of a site that are offered.
const OWN: usize = 8;
/// Words of a question that are looked at.
const WORDS: usize = 60;

/// Turns a sentence into a vector of length one; sentences of like meaning point the same way.
pub trait Encoder: fmt::Debug + Send + Sync {
    /// The vector of a sentence; none where it cannot be made.
    fn encode(&self, sentence: &str) -> Option<Arc<[f32]>>;
}

/// Questions that can be asked of every site. The first are offered where nothing is near.
const QUESTIONS: &[&str] = &[
    "visitors by source last 7 days",
    "top 10 pages this month",
    "visitors this week vs last week",
    "bounce rate by device",
    "how many visitors yesterday",
    "page views per day this month",
    "visitors by country",
    "visitors by city",
    "visitors by browser",
    "visitors by operating system",
    "visitors by language",
    "visitors by screen size",
    "visitors by channel this month",
    "visitors by campaign",
    "visitors by referrer",
    "top landing pages",
    "top exit pages",
    "visit duration by source",
    "time on page by page",
    "scroll depth by page",
    "views per visit by device",
    "revenue this month vs last month",
    "revenue by country",
    "average order value this quarter",
    "revenue by campaign",
    "share of visitors by browser",
    "events per visitor",
    "events by name",
    "visitors per hour today",
    "busiest hour yesterday",
    "how many people are online right now",
    "current visitors by page",
    "weekly retention",
    "what paths do visitors take through the site",
    "forecast visitors for the next 14 days",
    "forecast revenue for the next 30 days",
    "anything unusual in visitors last week",
    "why did visitors drop yesterday",
    "which segments do we have",
    "visitors this month year over year",
];

fn suggestion(question: impl Into<String>) -> Suggestion {
    Suggestion { question: question.into(), query: None }
}

/// Follow-up questions to a query, each understood in its context.
pub(crate) fn next(query: &Map<String, Json>) -> Vec<Suggestion> {
    let has = |key: &str, value: &str| {
        query.get(key).and_then(Json::as_array).is_some_and(|list| list.iter().any(|item| item == value))
    };
    match query.get("kind").and_then(Json::as_str).unwrap_or("query") {
        "query" => {}
        "segments" => return QUESTIONS.iter().take(2).copied().map(suggestion).collect(),
        _ => return ["what about last month?", "only mobile"].map(suggestion).to_vec(),
    }
    let candidates = [
        ("and by country?", has("dimensions", "visit:country")),
        ("by source", has("dimensions", "visit:source")),
        ("by day", query.get("dimensions").is_some_and(|list| list.to_string().contains("time:"))),
        ("compare with the previous period", query.contains_key("compare")),
        ("only mobile", query.get("filters").is_some_and(|list| list.to_string().contains("visit:device"))),
        ("what about last month?", false),
    ];
    candidates
        .iter()
        .filter(|(_, asked)| !asked)
        .take(NEXT)
        .map(|(question, _)| suggestion(*question))
        .collect()
}

/// Everything that is offered in place of what was not understood.
pub(crate) fn all(vocabulary: &Vocabulary) -> Vec<String> {
    let events = vocabulary.happenings().iter().take(OWN).flat_map(|event| {
        [
            format!("\"{}\" by source last 30 days", event.name),
            format!("conversion rate of \"{}\"", event.name),
        ]
    });
    let keys = vocabulary.keys().iter().take(OWN).map(|(words, _)| format!("events by {}", words.join(" ")));
    QUESTIONS.iter().map(|question| (*question).to_owned()).chain(events).chain(keys).collect()
}

/// Questions in place of one, by the words they share with it.
pub(crate) fn instead(question: &str, vocabulary: &Vocabulary) -> Vec<Suggestion> {
    let asked = meant(question);
    best(all(vocabulary), |candidate| {
        let offered = meant(candidate);
        let shared = offered.intersection(&asked).count();
        shared as f32 / (offered.len().max(1) as f32).sqrt()
    })
}

/// Puts what is offered in place of a question in the order of nearness in meaning. What was understood
/// stays as it is.
pub fn rank(
    understanding: &mut Understanding,
    question: &str,
    vocabulary: &Vocabulary,
    encoder: &dyn Encoder,
) {
    if understanding.status != Status::Unsupported {
        return;
    }
    let Some(asked) = encoder.encode(question) else { return };
    let near = |candidate: &str| {
        let offered = encoder.encode(candidate)?;
        Some(asked.iter().zip(offered.iter()).map(|(a, b)| a * b).sum())
    };
    understanding.suggestions = best(all(vocabulary), |candidate| near(candidate).unwrap_or(-1.0));
}

/// The few with the highest score; of as good ones the first.
fn best(candidates: Vec<String>, score: impl Fn(&str) -> f32) -> Vec<Suggestion> {
    let mut scored: Vec<(f32, String)> =
        candidates.into_iter().map(|candidate| (score(&candidate), candidate)).collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.into_iter().take(NEXT).map(|(_, candidate)| suggestion(candidate)).collect()
}

/// The stems of the words that say something.
fn meant(question: &str) -> HashSet<String> {
    let tokens = tokens(question, WORDS);
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let says = |at: &usize| {
        tokens[*at].kind == Kind::Word
            && !lexicon::at_front(|place| if place == 0 { word(*at) } else { "" })
                .iter()
                .any(|(_, class)| matches!(class, Class::Filler | Class::By))
    };
    (0..tokens.len()).filter(says).map(|at| stem(word(at))).collect()
}
