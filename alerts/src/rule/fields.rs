//! Reads an object field by field, and reports what is missing, of the wrong type, or unknown.

use serde_json::{Map, Value};

use super::{Duration, RuleError};

pub(crate) struct Fields<'a> {
    path: &'a str,
    object: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(path: &'a str, value: &'a Value) -> Result<Self, RuleError> {
        let object = value.as_object().ok_or_else(|| {
            let field = if path.is_empty() { "body" } else { path };
            RuleError::new(field, "must be an object")
        })?;
        Ok(Self { path, object, known: Vec::new() })
    }

    /// Fields that somebody else reads.
    pub(crate) fn beside(mut self, others: &[&'static str]) -> Self {
        self.known.extend(others);
        self
    }

    pub(crate) fn name(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// The value of a field; `null` counts as absent.
    pub(crate) fn get(&mut self, field: &'static str) -> Option<&'a Value> {
        self.known.push(field);
        self.object.get(field).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, field: &'static str) -> Result<Option<&'a str>, RuleError> {
        let name = self.name(field);
        self.get(field)
            .map(|value| value.as_str().ok_or_else(|| RuleError::new(name, "must be text")))
            .transpose()
    }

    pub(crate) fn need_text(&mut self, field: &'static str, hint: &str) -> Result<&'a str, RuleError> {
        self.text(field)?
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| RuleError::new(self.name(field), "is missing").hint(hint))
    }

    pub(crate) fn number(&mut self, field: &'static str) -> Result<Option<f64>, RuleError> {
        let name = self.name(field);
        self.get(field)
            .map(|value| {
                value
                    .as_f64()
                    .filter(|number| number.is_finite())
                    .ok_or_else(|| RuleError::new(name, "must be a number"))
            })
            .transpose()
    }

    pub(crate) fn need_number(&mut self, field: &'static str, hint: &str) -> Result<f64, RuleError> {
        self.number(field)?.ok_or_else(|| RuleError::new(self.name(field), "is missing").hint(hint))
    }

    pub(crate) fn duration(&mut self, field: &'static str) -> Result<Option<Duration>, RuleError> {
        let name = self.name(field);
        self.text(field)?.map(|text| Duration::parse(&name, text)).transpose()
    }

    pub(crate) fn list(&mut self, field: &'static str) -> Result<&'a [Value], RuleError> {
        let name = self.name(field);
        match self.get(field) {
            None => Ok(&[]),
            Some(value) => {
                value.as_array().map(Vec::as_slice).ok_or_else(|| RuleError::new(name, "must be a list"))
            }
        }
    }

    /// Refuses fields that nobody asked for: a typing error must not be a rule that never fires.
    pub(crate) fn finish(self) -> Result<(), RuleError> {
        let Some(extra) = self.object.keys().find(|key| !self.known.contains(&key.as_str())) else {
            return Ok(());
        };
        let near = self.known.iter().min_by_key(|known| distance(known, extra));
        let error = RuleError::new(self.name(extra), "is not a field of this object");
        Err(match near.filter(|near| distance(near, extra) <= 2) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("fields are {}", self.known.join(", "))),
        })
    }
}

/// One of a set of words.
pub(crate) fn word<T: Copy>(field: &str, text: &str, words: &[(&str, T)]) -> Result<T, RuleError> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let error = RuleError::new(field, format!("`{text}` is not known"));
        match all.iter().find(|word| distance(word, text) <= 2) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("one of {}", all.join(", "))),
        }
    })
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = corner + usize::from(ca != *cb);
            corner = row[j + 1];
            row[j + 1] = cost.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
