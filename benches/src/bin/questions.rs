//! How well questions in words are understood, and how fast: a line of JSON for each part of
//! `datasets/questions`. `--misses` prints what was not understood as expected; look at those of the
//! development part only. `--read FILE` prints instead what each line of a file is understood as.

#![allow(clippy::print_stdout)] // prints figures

use opentrace_query::ask::score::{Fixture, questions, score};
use opentrace_query::ask::{Around, understand};
use serde_json::json;

const SITE: &str = include_str!("../../../datasets/questions/site.json");
const PARTS: [(&str, &str); 2] = [
    ("development", include_str!("../../../datasets/questions/development.ndjson")),
    ("test", include_str!("../../../datasets/questions/test.ndjson")),
];

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let misses = arguments.iter().any(|argument| argument == "--misses");
    let fixture = Fixture::parse(SITE)?;
    if let [flag, path] = arguments.as_slice()
        && flag == "--read"
    {
        return read(&fixture, path);
    }
    for (name, text) in PARTS {
        let score = score(&fixture, &questions(text)?);
        if misses && name == "development" {
            for miss in &score.misses {
                println!("{}: {:?}, {}", miss.expected.question, miss.given.status, miss.given.explanation);
            }
        }
        let line = json!({
            "part": name,
            "questions": score.questions,
            "exact_percent": round(score.exact_percent()),
            "precision_percent": round(score.precision_percent()),
            "unsupported_recognised_percent": round(score.recognised_percent()),
            "p95_ms": round(score.p95().as_secs_f64() * 1_000.0),
        });
        println!("{line}");
    }
    Ok(())
}

/// Prints each line of a file with what it is understood as.
fn read(fixture: &Fixture, path: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    for question in text.lines().filter(|line| !line.is_empty()) {
        let around = Around { vocabulary: &fixture.vocabulary, clock: &fixture.clock, context: None };
        let given = understand(question, &around);
        println!("{question}\n    {:?}: {}", given.status, given.explanation);
        match &given.query {
            Some(query) => println!("    {}", json!(query)),
            None => given.suggestions.iter().filter(|one| one.query.is_some()).for_each(|one| {
                println!("    or {}", one.question);
            }),
        }
    }
    Ok(())
}

/// To a hundredth.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
