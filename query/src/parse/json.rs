//! Looking into JSON with the place at hand, so that errors can name it.

use serde_json::{Map, Value};

use crate::error::QueryError;
use crate::nearest::nearest;

/// An object that has none but the known keys.
pub(crate) fn object<'a>(
    value: &'a Value,
    field: &str,
    known: &[&'static str],
) -> Result<&'a Map<String, Value>, QueryError> {
    let Value::Object(map) = value else {
        return Err(QueryError::Expected { field: field.to_owned(), expected: "an object".to_owned() });
    };
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(map),
        Some(key) => Err(QueryError::UnknownKey {
            field: if field == "query" { shortened(key) } else { format!("{field}.{}", shortened(key)) },
            given: shortened(key),
            nearest: nearest(key, known.iter().copied()),
        }),
    }
}

/// A list of at most `limit` things, which the error calls `what`.
pub(crate) fn list<'a>(
    value: &'a Value,
    field: &str,
    what: &'static str,
    limit: usize,
) -> Result<&'a [Value], QueryError> {
    let Value::Array(list) = value else {
        return Err(QueryError::Expected { field: field.to_owned(), expected: "a list".to_owned() });
    };
    if list.len() > limit {
        return Err(QueryError::TooMany {
            field: field.to_owned(),
            what,
            given: list.len() as u64,
            limit: limit as u64,
        });
    }
    Ok(list)
}

/// A string that is not empty.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str, QueryError> {
    value.as_str().filter(|text| !text.is_empty()).ok_or_else(|| QueryError::Expected {
        field: field.to_owned(),
        expected: "a string that is not empty".to_owned(),
    })
}

/// As much of what was given as an error message should repeat.
pub(crate) fn shortened(given: &str) -> String {
    const LONGEST: usize = 80;
    match given.char_indices().nth(LONGEST) {
        None => given.to_owned(),
        Some((end, _)) => format!("{}…", &given[..end]),
    }
}
