//! How well questions in words are understood, and how fast: a line of JSON for each part of
//! `datasets/questions`. `--misses` prints what was not understood as expected; look at those of the
//! development part only.

#![allow(clippy::print_stdout)] // prints figures

use opentrace_query::ask::score::{Fixture, questions, score};
use serde_json::json;

const SITE: &str = include_str!("../../../datasets/questions/site.json");
const PARTS: [(&str, &str); 2] = [
    ("development", include_str!("../../../datasets/questions/development.ndjson")),
    ("test", include_str!("../../../datasets/questions/test.ndjson")),
];

fn main() -> Result<(), String> {
    let misses = std::env::args().any(|argument| argument == "--misses");
    let fixture = Fixture::parse(SITE)?;
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

/// To a hundredth.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
