//! How well a set of questions is understood.
//!
//! A question counts as right where its status and its whole typed query are those expected. The order
//! of filters and of metrics does not matter, instants are compared as instants.

use std::time::{Duration, Instant};

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use opentrace_events::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Around, Clock, Status, Understanding, Vocabulary, Words, understand};

/// A question and what it should be understood as.
#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    pub question: String,
    pub status: String,
    #[serde(default)]
    pub query: Option<Map<String, Json>>,
    #[serde(default)]
    pub context: Option<Map<String, Json>>,
}

/// The site that questions are about, at a fixed time.
#[derive(Debug)]
pub struct Fixture {
    pub vocabulary: Vocabulary,
    pub clock: Clock,
}

/// One question that was not understood as expected.
#[derive(Clone, Debug)]
pub struct Miss {
    pub expected: Expected,
    pub given: Understanding,
}

/// Counts over a set of questions.
#[derive(Clone, Debug, Default)]
pub struct Score {
    pub questions: usize,
    /// Questions that have a query, and how many got exactly that.
    pub answerable: usize,
    pub exact: usize,
    /// Questions that were answered, and how many of them rightly.
    pub answered: usize,
    pub right: usize,
    /// Questions that cannot be answered, and how many were said to be so.
    pub unsupported: usize,
    pub recognised: usize,
    pub ambiguous: usize,
    pub offered: usize,
    pub misses: Vec<Miss>,
    /// How long each took, shortest first.
    pub times: Vec<Duration>,
}

impl Fixture {
    /// Reads the description of a site: `timezone`, `now` and its words.
    ///
    /// # Errors
    /// What is wrong with the description.
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Site {
            timezone: String,
            now: String,
            #[serde(flatten)]
            words: Words,
        }
        let site: Site = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let zone = TimeZone::get(&site.timezone).map_err(|error| error.to_string())?;
        let now: jiff::Timestamp = site.now.parse().map_err(|error: jiff::Error| error.to_string())?;
        let now = Timestamp(now.as_millisecond());
        let clock = Clock::of(zone, Weekday::Monday, now).ok_or("the time is outside the calendar")?;
        Ok(Self { vocabulary: Vocabulary::new(site.words), clock })
    }
}

/// Reads questions, one JSON object a line.
///
/// # Errors
/// The first line that is none.
pub fn questions(text: &str) -> Result<Vec<Expected>, String> {
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))).collect()
}

/// Asks every question.
pub fn score(fixture: &Fixture, questions: &[Expected]) -> Score {
    let mut score = Score { questions: questions.len(), ..Score::default() };
    for expected in questions {
        let around = Around {
            vocabulary: &fixture.vocabulary,
            clock: &fixture.clock,
            context: expected.context.as_ref(),
        };
        let begun = Instant::now();
        let given = understand(&expected.question, &around);
        score.times.push(begun.elapsed());
        let exact = match (&given.query, &expected.query) {
            (Some(given), Some(expected)) => same(given, expected),
            (None, None) => true,
            _ => false,
        };
        let right = match (given.status, expected.status.as_str()) {
            (Status::Answered, "answered") => exact,
            (Status::Ambiguous, "ambiguous") | (Status::Unsupported, "unsupported") => true,
            _ => false,
        };
        match expected.status.as_str() {
            "answered" => {
                score.answerable += 1;
                score.exact += usize::from(right);
            }
            "ambiguous" => {
                score.ambiguous += 1;
                score.offered += usize::from(right);
            }
            _ => {
                score.unsupported += 1;
                score.recognised += usize::from(right);
            }
        }
        if given.status == Status::Answered {
            score.answered += 1;
            score.right += usize::from(right);
        }
        if !right {
            score.misses.push(Miss { expected: expected.clone(), given });
        }
    }
    score.times.sort_unstable();
    score
}

impl Score {
    /// Of the questions that have a query, the part that got exactly it; in percent.
    pub fn exact_percent(&self) -> f64 {
        percent(self.exact, self.answerable)
    }

    /// Of the answered questions, the part that was answered rightly; in percent.
    pub fn precision_percent(&self) -> f64 {
        percent(self.right, self.answered)
    }

    /// Of the questions that cannot be answered, the part that was recognised; in percent.
    pub fn recognised_percent(&self) -> f64 {
        percent(self.recognised, self.unsupported)
    }

    /// The time within which 95 of 100 questions were understood.
    pub fn p95(&self) -> Duration {
        let place = self.times.len().saturating_mul(95) / 100;
        self.times.get(place.min(self.times.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// Whether two queries ask the same.
fn same(given: &Map<String, Json>, expected: &Map<String, Json>) -> bool {
    let keys = given.keys().chain(expected.keys());
    keys.filter(|key| !matches!(key.as_str(), "site_id" | "levels"))
        .all(|key| normal(key, given.get(key)) == normal(key, expected.get(key)))
}

/// A part of a query in a form in which equals are equal.
fn normal(key: &str, value: Option<&Json>) -> Json {
    let list = value.and_then(Json::as_array);
    match (key, list) {
        ("date_range" | "compare", Some(list)) => list.iter().map(instant).collect(),
        ("filters" | "metrics", Some(list)) => {
            let mut list: Vec<Json> = list.iter().map(sorted).collect();
            list.sort_by_key(Json::to_string);
            Json::Array(list)
        }
        (_, Some(list)) if list.is_empty() => Json::Null,
        _ => value.cloned().unwrap_or(Json::Null),
    }
}

fn instant(text: &Json) -> Json {
    let at = text.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    at.map_or(text.clone(), |at| Json::from(at.as_millisecond()))
}

/// A filter with its values in order.
fn sorted(filter: &Json) -> Json {
    let mut filter = filter.clone();
    if let Some(Json::Array(values)) = filter.get_mut(2) {
        values.sort_by_key(Json::to_string);
    }
    filter
}
