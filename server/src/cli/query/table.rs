//! The answer to a question as a table: dimensions to the left, then metrics to the right.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::cli::CliError;

/// A table with a line of headings.
#[derive(Debug)]
pub(in crate::cli) struct Table {
    /// Columns before this one are words and stand left; the others are numbers and stand right.
    words: usize,
    rows: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    dimensions: Vec<Value>,
    metrics: Vec<Value>,
}

impl Table {
    /// The table of an answer; its headings are the names in the question.
    pub(in crate::cli) fn of(question: &Value, answer: &Value) -> Result<Self, CliError> {
        let Answer { results } = Answer::deserialize(answer)
            .map_err(|source| CliError::because("the answer holds no results", source))?;
        let dimensions = names(question, "dimensions");
        let words = dimensions.len();
        let headings = dimensions.into_iter().chain(names(question, "metrics")).collect();
        let cells = results.iter().map(|row| row.dimensions.iter().chain(&row.metrics).map(cell).collect());
        Ok(Self { words, rows: std::iter::once(headings).chain(cells).collect() })
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if column < self.words { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

fn names(question: &Value, list: &str) -> Vec<String> {
    let names = question.get(list).and_then(Value::as_array).into_iter().flatten();
    names.map(cell).collect()
}

/// What one cell shows. Control characters come from whoever sent the events: they must not reach
/// the terminal.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.chars().flat_map(shown).collect(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => {
                format!("{:.2}", float).trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

fn shown(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_unicode());
    let plain = escaped.is_none().then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_aligned() {
        let question = json!({"dimensions": ["event:page"], "metrics": ["visitors", "bounce_rate"]});
        let answer = json!({"results": [
            {"dimensions": ["/a/long/path"], "metrics": [12, 33.333]},
            {"dimensions": ["/ü"], "metrics": [3, null]},
        ]});
        let table = Table::of(&question, &answer).expect("a table").to_string();
        assert_eq!(
            table,
            "event:page    visitors  bounce_rate\n\
             /a/long/path        12        33.33\n\
             /ü                   3            -\n"
        );
    }

    #[test]
    fn no_escape_sequence_reaches_the_terminal() {
        assert_eq!(cell(&json!("/\u{1b}[2Jx")), "/\\u{1b}[2Jx");
    }

    #[test]
    fn an_answer_without_dimensions_is_one_row() {
        let (question, answer) = (json!({"metrics": ["visitors"]}), json!({"results": [{"metrics": [5]}]}));
        assert_eq!(Table::of(&question, &answer).expect("a table").to_string(), "visitors\n       5\n");
        assert!(Table::of(&question, &json!({"error": {}})).is_err());
    }
}
