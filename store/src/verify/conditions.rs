//! Conditions of definitions as SQL over the columns of `events`. Values are bound.

use opentrace_events::define::{Attribute, Comparison, Condition, Operator};
use serde::Serialize;

/// Values that a statement is compared with, in the order of their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    values: Vec<Term>,
    /// Comes before the names, so that several definitions fit into one statement.
    prefix: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Term {
    Text(String),
    Texts(Vec<String>),
}

impl Terms {
    pub(super) fn with_prefix(prefix: String) -> Self {
        Self { values: Vec::new(), prefix }
    }

    /// Names and values.
    pub(super) fn params(&self) -> Vec<(String, Term)> {
        let named = |(place, value): (usize, &Term)| (format!("{}t{place}", self.prefix), value.clone());
        self.values.iter().enumerate().map(named).collect()
    }

    fn bind(&mut self, value: Term) -> String {
        let kind = match value {
            Term::Text(_) => "String",
            Term::Texts(_) => "Array(String)",
        };
        self.values.push(value);
        format!("{{{}t{}:{kind}}}", self.prefix, self.values.len() - 1)
    }

    /// Whether an event meets the condition, 0 or 1. Engagement is left out elsewhere.
    pub(super) fn condition(&mut self, condition: &Condition) -> String {
        format!("toUInt8({})", self.test(condition))
    }

    fn test(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::And(inner) if inner.is_empty() => "1".to_owned(),
            Condition::Or(inner) if inner.is_empty() => "0".to_owned(),
            Condition::And(inner) => self.joined(inner, " AND "),
            Condition::Or(inner) => self.joined(inner, " OR "),
            Condition::Not(inner) => format!("NOT ({})", self.test(inner)),
            Condition::Where(comparison) => self.comparison(comparison),
        }
    }

    fn joined(&mut self, inner: &[Condition], word: &str) -> String {
        let tests: Vec<String> =
            inner.iter().map(|condition| format!("({})", self.test(condition))).collect();
        tests.join(word)
    }

    fn comparison(&mut self, comparison: &Comparison) -> String {
        let stored = match &comparison.attribute {
            Attribute::Name | Attribute::Goal => "toString(name)".to_owned(),
            Attribute::Path => "path".to_owned(),
            Attribute::Property(key) => format!("props[{}]", self.bind(Term::Text(key.clone()))),
            Attribute::Visit(column) => format!("toString({})", column.column()),
        };
        let empty = self.bind(Term::Text(comparison.empty.clone()));
        let named = format!("if({stored} = '', {empty}, {stored})");
        let test = match (comparison.operator, comparison.case_sensitive) {
            (Operator::Is, sensitive) => {
                let values = self.bind(Term::Texts(comparison.values.clone()));
                let has = |value: &str| match sensitive {
                    true => format!("has({values}, {value})"),
                    false => format!("has(arrayMap(v -> lowerUTF8(v), {values}), lowerUTF8({value}))"),
                };
                format!("{} OR {}", has(&named), has(&stored))
            }
            (Operator::Contains, sensitive) => {
                let values = self.bind(Term::Texts(comparison.values.clone()));
                match sensitive {
                    true => format!("arrayExists(v -> position({named}, v) > 0, {values})"),
                    false => {
                        format!("arrayExists(v -> position(lowerUTF8({named}), lowerUTF8(v)) > 0, {values})")
                    }
                }
            }
            (Operator::Matches, _) => {
                let patterns = comparison.values.iter();
                let tests: Vec<String> = patterns
                    .map(|pattern| format!("match({named}, {})", self.bind(Term::Text(pattern.clone()))))
                    .collect();
                tests.join(" OR ")
            }
        };
        let test = match comparison.attribute {
            Attribute::Goal => format!("name != 'pageview' AND name != 'engagement' AND ({test})"),
            _ => test,
        };
        if comparison.negated { format!("NOT ({test})") } else { format!("({test})") }
    }
}
