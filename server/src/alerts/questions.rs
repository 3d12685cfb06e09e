//! Questions in words from a chat: whom they are asked of, and what their answers look like there.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

/// Rows of an answer that a chat shows.
const ROWS: usize = 10;
/// Characters of a message; Telegram takes 4096.
const LONGEST: usize = 3_500;

/// Answers questions in words.
#[async_trait]
pub trait Answers: fmt::Debug + Send + Sync {
    /// The answer of `POST /api/v1/ask` about a site, or why there is none.
    async fn answer(&self, domain: &str, question: &str) -> Result<Value, String>;
}

/// The site that a question begins with, and the question. With one site, none needs to be named.
pub(super) fn about<'a>(rest: &'a str, sites: &'a [String]) -> Result<(&'a str, &'a str), String> {
    let (first, question) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if let Some(site) = sites.iter().find(|site| site.eq_ignore_ascii_case(first)) {
        return match question.trim() {
            "" => Err("What about it? For example: /ask visitors by country yesterday".to_owned()),
            question => Ok((site, question)),
        };
    }
    match (sites, rest) {
        ([], _) => Err("There are no sites.".to_owned()),
        (_, "") => Err("Ask something, for example: /ask visitors by country yesterday".to_owned()),
        ([one], rest) => Ok((one, rest)),
        (several, _) => Err(format!("Say which site first: /ask {} QUESTION", several.join(" | "))),
    }
}

/// An answer in plain text.
pub(super) fn told(answer: &Value) -> String {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![text("explanation").to_owned()];
    if text("status") == "answered" {
        let result = &answer["result"];
        let before = lines.len();
        lines.extend(rows(answer, result));
        lines.extend(change(result));
        lines.extend(answer.get("unavailable").and_then(Value::as_str).map(str::to_owned));
        if lines.len() == before {
            lines.push(if result["results"].is_array() {
                "Nothing was found.".to_owned()
            } else {
                "The dashboard shows the answer.".to_owned()
            });
        }
    } else {
        let questions = answer["suggestions"].as_array().into_iter().flatten();
        lines.extend(questions.filter_map(|one| one["question"].as_str()).map(|one| format!("• {one}")));
    }
    let text = lines.join("\n");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The rows of a table of figures.
fn rows(answer: &Value, result: &Value) -> Vec<String> {
    let Some(rows) = result["results"].as_array() else { return Vec::new() };
    let metrics: Vec<&str> =
        answer["query"]["metrics"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut lines: Vec<String> = rows
        .iter()
        .take(ROWS)
        .map(|row| {
            let names: Vec<&str> =
                row["dimensions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let values = row["metrics"].as_array().into_iter().flatten().enumerate().map(|(place, value)| {
                let name = metrics.get(place).copied().unwrap_or_default().replace('_', " ");
                if metrics.len() > 1 { format!("{name} {}", figure(value)) } else { figure(value) }
            });
            let values = values.collect::<Vec<_>>().join(", ");
            if names.is_empty() { values } else { format!("{}: {values}", names.join(", ")) }
        })
        .collect();
    if rows.len() > ROWS {
        lines.push(format!("and {} more", rows.len() - ROWS));
    }
    lines
}

/// What a metric changed by, and where.
fn change(result: &Value) -> Vec<String> {
    let (Some(before), Some(after)) = (result["before"].as_f64(), result["after"].as_f64()) else {
        return Vec::new();
    };
    let mut lines = vec![format!("{before} → {after}")];
    let causes = result["causes"].as_array().into_iter().flatten().take(ROWS / 2);
    lines.extend(causes.map(|cause| {
        format!(
            "{}: {} → {}",
            cause["value"].as_str().unwrap_or_default(),
            figure(&cause["before"]),
            figure(&cause["after"])
        )
    }));
    lines
}

/// A figure as people read it; amounts with their currency.
fn figure(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Object(amount) => {
            let part = |key: &str| {
                amount.get(key).map_or_else(String::new, |part| match part {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
            };
            format!("{} {}", part("value"), part("currency")).trim().to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_question_is_about_the_site_it_names_or_the_only_one() {
        let one = ["a.example".to_owned()];
        let two = ["a.example".to_owned(), "b.example".to_owned()];
        assert_eq!(about("visitors today", &one), Ok(("a.example", "visitors today")));
        assert_eq!(about("A.example visitors today", &two), Ok(("a.example", "visitors today")));
        assert!(about("visitors today", &two).is_err_and(|text| text.contains("b.example")));
        assert!(about("", &one).is_err() && about("a.example", &one).is_err() && about("x", &[]).is_err());
    }

    #[test]
    fn answers_are_short_texts() {
        let table = json!({
            "status": "answered", "explanation": "Visitors by country.",
            "query": { "metrics": ["visitors"] },
            "result": { "results": [{ "dimensions": ["DE"], "metrics": [12] }, { "dimensions": ["FR"], "metrics": [3] }] },
        });
        assert_eq!(told(&table), "Visitors by country.\nDE: 12\nFR: 3");
        let money = json!({
            "status": "answered", "explanation": "Revenue.", "query": { "metrics": ["total_revenue", "visitors"] },
            "result": { "results": [{ "dimensions": [], "metrics": [{ "value": 9.5, "currency": "EUR" }, 2] }] },
        });
        assert_eq!(told(&money), "Revenue.\ntotal revenue 9.5 EUR, visitors 2");
        let refused = json!({
            "status": "unsupported", "explanation": "Not understood: “x”.", "suggestions": [{ "question": "visitors" }],
        });
        assert_eq!(told(&refused), "Not understood: “x”.\n• visitors");
        let long = json!({ "status": "unsupported", "explanation": "é".repeat(10_000) });
        assert_eq!(told(&long).chars().count(), LONGEST + 1);
    }
}
