//! Questions in words: from a sentence to the typed query, on this machine and by rule.
//!
//! The sentence is split into words ([`tokens`]), misspelt ones are put right where there is no doubt
//! ([`spelling`]), words are linked to metrics, attributes, times and the site's own values
//! ([`lexicon`], [`vocabulary`], [`time`], [`link`]) and put together ([`read`], [`settle`]). Every
//! word has to be accounted for: a question with a word that nobody knows is `unsupported`, one that
//! can be read in several ways is `ambiguous` and lists them. Nothing is guessed.
//!
//! Keeps nothing. A question reaches the store only as values of filters, which are bound parameters
//! like those of any other query.

mod chart;
mod conditions;
mod context;
mod draft;
mod explain;
mod groups;
mod lexicon;
mod link;
mod look_up;
mod model;
mod phrases;
mod ranks;
mod read;
mod reports;
pub mod score;
mod settle;
mod spelling;
mod stem;
mod steps;
mod suggest;
#[cfg(test)]
mod tests;
mod time;
mod tokens;
mod vocabulary;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

pub use self::chart::Chart;
use self::draft::Choices;
pub use self::look_up::look_up;
pub use self::model::{Prompt, Unread, prompt, reading};
use self::read::Reading;
use self::settle::{Refusal, Settled};
pub use self::suggest::{Encoder, rank};
pub use self::time::calendar::Clock;
use self::tokens::Token;
pub use self::vocabulary::{Vocabulary, Words};

/// Tokens of a question that are read; a longer one is not understood.
const LONGEST: usize = 120;
/// Readings that are listed.
const READINGS: usize = 6;

/// What a question is asked in: the site's words, its clock, and the question before.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    pub vocabulary: &'a Vocabulary,
    pub clock: &'a Clock,
    /// The typed query of the answer before.
    pub context: Option<&'a Map<String, Json>>,
}

/// How far a question was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Answered,
    Ambiguous,
    Unsupported,
}

/// Who read a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The rules here.
    Grammar,
    /// A language model, where one is configured and the rules refused.
    Model,
}

/// A question to go on with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    pub question: String,
    /// What it would be understood as, where it is one of several readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<Map<String, Json>>,
}

/// What was understood.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Understanding {
    pub status: Status,
    /// The typed query; none unless the question is answered.
    pub query: Option<Map<String, Json>>,
    /// A sentence that says what was understood, or what was not.
    pub explanation: String,
    pub chart: Option<Chart>,
    pub suggestions: Vec<Suggestion>,
    /// From 0 to 1: less where words were put right or something usual was filled in.
    pub confidence: f64,
    pub source: Source,
    /// Words that were not understood.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_understood: Vec<String>,
    /// Whether what is forecast begins after the step in progress: tomorrow is not today.
    #[serde(skip)]
    pub is_ahead: bool,
}

/// Understands a question.
pub fn understand(question: &str, around: &Around<'_>) -> Understanding {
    let mut tokens = tokens::tokens(question, LONGEST + 1);
    if tokens.len() > LONGEST {
        return unsupported(&tokens, around, &settle::refuse("the question is too long"));
    }
    spelling::correct(&mut tokens, around.vocabulary);
    if defines(&tokens) {
        return unsupported(
            &tokens,
            around,
            &settle::refuse("this asks what a word means, not for a figure"),
        );
    }
    let (first, seen) = settled(&tokens, around, Vec::new());
    let mut readings: Vec<Settled> = Vec::new();
    let mut refusal = None;
    let mut keep = |reading: Result<Settled, Refusal>| match reading {
        Ok(reading) if !readings.iter().any(|known| known.query == reading.query) => readings.push(reading),
        Ok(_) => {}
        Err(other) => {
            refusal.get_or_insert(other);
        }
    };
    keep(first);
    for picks in combinations(&seen) {
        keep(settled(&tokens, around, picks).0);
    }
    match readings.len() {
        0 => unsupported(&tokens, around, &refusal.unwrap_or_default()),
        1 => answered(&tokens, around, readings.remove(0)),
        _ => ambiguous(around, readings),
    }
}

fn settled(
    tokens: &[Token],
    around: &Around<'_>,
    picks: Vec<usize>,
) -> (Result<Settled, Refusal>, Vec<usize>) {
    let (draft, mut choices) = Reading::new(tokens, around, picks).read();
    let settled = settle::settle(draft, around, &mut choices);
    let Choices { seen, .. } = choices;
    (settled, seen)
}

/// Every way to choose but the first, at most as many as are listed.
fn combinations(seen: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for several in seen.iter().take(3) {
        all = all
            .iter()
            .flat_map(|picks: &Vec<usize>| (0..*several).map(|pick| [picks.as_slice(), &[pick]].concat()))
            .collect();
    }
    all.into_iter().skip(1).take(READINGS * 2).collect()
}

/// `what is a bounce rate?` asks for a meaning.
fn defines(tokens: &[Token]) -> bool {
    let words: Vec<&str> =
        tokens.iter().map(|token| token.text.as_str()).filter(|text| *text != "?").collect();
    let short = words.len() <= 5;
    // `what is bounce rate`; of `our bounce rate` the figure is asked for.
    let bare = matches!(words.as_slice(), ["what", "is", rest @ ..] if lexicon::at_front(|at| rest.get(at).copied().unwrap_or(""))
        .iter()
        .any(|(length, class)| *length == rest.len() && matches!(class, lexicon::Class::Metric(_))));
    bare || matches!(words.as_slice(), ["what", "is", "a" | "an", ..] if short)
        || matches!(words.as_slice(), ["what", "does", .., "mean"])
        || matches!(words.as_slice(), ["define", ..])
}

fn answered(tokens: &[Token], around: &Around<'_>, settled: Settled) -> Understanding {
    let corrections: Vec<(&str, &str)> =
        tokens.iter().filter_map(|token| Some((token.raw.as_str(), token.misspelt.as_deref()?))).collect();
    let mut confidence: f64 = 1.0 - 0.05 * corrections.len() as f64;
    if settled.usual_time {
        confidence -= 0.05;
    }
    Understanding {
        status: Status::Answered,
        explanation: explain::answered(&settled, around.clock, &corrections),
        chart: Some(Chart::of(&settled.query, &settled.focus)),
        suggestions: suggest::next(&settled.query),
        confidence: (confidence.max(0.5) * 100.0).round() / 100.0,
        not_understood: Vec::new(),
        source: Source::Grammar,
        is_ahead: settled.is_ahead,
        query: Some(settled.query),
    }
}

fn ambiguous(around: &Around<'_>, readings: Vec<Settled>) -> Understanding {
    let suggestions: Vec<Suggestion> = readings
        .into_iter()
        .take(READINGS)
        .map(|reading| Suggestion {
            question: explain::sentence(&reading.query, around.clock),
            query: Some(reading.query),
        })
        .collect();
    Understanding {
        status: Status::Ambiguous,
        query: None,
        explanation: "This can be read in several ways; choose one.".to_owned(),
        chart: None,
        confidence: 0.5,
        suggestions,
        not_understood: Vec::new(),
        source: Source::Grammar,
        is_ahead: false,
    }
}

/// The question as it was read.
fn question(tokens: &[Token]) -> String {
    tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn unsupported(tokens: &[Token], around: &Around<'_>, refusal: &Refusal) -> Understanding {
    let words: Vec<String> =
        refusal.unknown.iter().filter_map(|at| tokens.get(*at)).map(|token| token.raw.clone()).collect();
    Understanding {
        status: Status::Unsupported,
        query: None,
        explanation: explain::unsupported(&words, &refusal.why, around.vocabulary),
        chart: None,
        suggestions: suggest::instead(&question(tokens), around.vocabulary),
        confidence: 0.0,
        not_understood: words,
        source: Source::Grammar,
        is_ahead: false,
    }
}

/// The answer as it leaves the API, without a result.
pub fn body(understanding: &Understanding, result: Option<Json>) -> Json {
    let mut body = json!(understanding);
    if let Json::Object(map) = &mut body {
        map.insert("result".to_owned(), result.unwrap_or(Json::Null));
    }
    body
}
