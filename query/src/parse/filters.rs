//! The nested lists of `filters`.
//!
//! A segment is replaced by its filters, so that everything behind knows conditions only.

use serde_json::Value;

use super::{dimension, json};
use crate::catalogue::Scope;
use crate::error::QueryError;
use crate::filter::{Condition, Filter, Operator};
use crate::limits;
use crate::nearest::nearest;
use crate::vocabulary::Vocabulary;

/// Every operator.
pub(crate) const OPERATORS: &[&str] = &[
    "is",
    "is_not",
    "contains",
    "contains_not",
    "matches",
    "matches_not",
    "and",
    "or",
    "not",
    "has_done",
    "has_not_done",
];

/// What a filter names to stand for saved filters.
pub(crate) const SEGMENT: &str = "segment";

/// Reads all filters; together they may have [`limits::CONDITIONS`] conditions. `field` is where
/// they stand.
pub(crate) fn filters(
    value: &Value,
    field: &str,
    vocabulary: &Vocabulary,
) -> Result<Vec<Filter>, QueryError> {
    let mut reader = Reader { conditions: 0, behaviour: false, vocabulary };
    let list = json::list(value, field, "filters", limits::CONDITIONS)?;
    let mut all = Vec::with_capacity(list.len());
    for (place, value) in list.iter().enumerate() {
        match reader.filter(value, &format!("{field}[{place}]"), 1)? {
            // What a segment holds stands beside the others, as if it had been written there.
            Filter::And(inner) if value.get(1).is_some_and(|name| name == SEGMENT) => all.extend(inner),
            filter => all.push(filter),
        }
    }
    Ok(all)
}

struct Reader<'a> {
    conditions: usize,
    /// Whether what is read stands within `has_done`.
    behaviour: bool,
    vocabulary: &'a Vocabulary,
}

impl Reader<'_> {
    fn filter(&mut self, value: &Value, field: &str, depth: usize) -> Result<Filter, QueryError> {
        if depth > limits::FILTER_DEPTH {
            return Err(too_many(field, "levels", depth, limits::FILTER_DEPTH));
        }
        let Some([Value::String(operator), rest @ ..]) = value.as_array().map(Vec::as_slice) else {
            let expected = "a list that begins with an operator".to_owned();
            return Err(QueryError::Expected { field: field.to_owned(), expected });
        };
        match (operator.as_str(), rest) {
            ("and", [inner]) => Ok(Filter::And(self.inner(inner, field, depth)?)),
            ("or", [inner]) => Ok(Filter::Or(self.inner(inner, field, depth)?)),
            ("not", [inner]) => {
                Ok(Filter::Not(Box::new(self.filter(inner, &format!("{field}[1]"), depth + 1)?)))
            }
            ("has_done", [inner]) => Ok(Filter::Done(Box::new(self.done(inner, field, depth)?))),
            ("has_not_done", [inner]) => {
                Ok(Filter::Not(Box::new(Filter::Done(Box::new(self.done(inner, field, depth)?)))))
            }
            ("is" | "is_not", [Value::String(name), ids]) if name == SEGMENT => {
                self.segments(operator == "is_not", ids, field)
            }
            ("and" | "or", _) => Err(parts(field, "an operator and a list of filters")),
            ("not" | "has_done" | "has_not_done", _) => Err(parts(field, "an operator and a filter")),
            (operator, rest) => self.condition(operator, rest, field).map(Filter::Where),
        }
    }

    fn inner(&mut self, value: &Value, field: &str, depth: usize) -> Result<Vec<Filter>, QueryError> {
        let field = format!("{field}[1]");
        let list = json::list(value, &field, "filters", limits::CONDITIONS)?;
        if list.is_empty() {
            return Err(QueryError::Expected { field, expected: "a list of at least one filter".to_owned() });
        }
        list.iter()
            .enumerate()
            .map(|(i, value)| self.filter(value, &format!("{field}[{i}]"), depth + 1))
            .collect()
    }

    /// What a visit has done: a filter about events alone.
    fn done(&mut self, value: &Value, field: &str, depth: usize) -> Result<Filter, QueryError> {
        let at = format!("{field}[1]");
        if self.behaviour {
            return Err(QueryError::Invalid {
                field: field.to_owned(),
                message: "what a visit has done cannot itself be about what a visit has done".to_owned(),
                hint: Some("combine several `has_done` with `and` instead".to_owned()),
            });
        }
        self.behaviour = true;
        let inner = self.filter(value, &at, depth + 1);
        self.behaviour = false;
        let inner = inner?;
        if inner.is_behavioural() || inner.mentions(|dimension| dimension.scope() != Some(Scope::Event)) {
            return Err(QueryError::Invalid {
                field: at,
                message: "only attributes of events say what a visit has done".to_owned(),
                hint: Some("use event:* here, and filter by visit:* beside it".to_owned()),
            });
        }
        Ok(inner)
    }

    /// The filters of segments, of which one has to hold.
    fn segments(&mut self, negated: bool, ids: &Value, field: &str) -> Result<Filter, QueryError> {
        let ids = values_of(ids, Operator::Is, &format!("{field}[2]"))?;
        let mut any = Vec::with_capacity(ids.len());
        for (place, id) in ids.iter().enumerate() {
            let Some(segment) = self.vocabulary.segment(id) else {
                let names = self.vocabulary.segments.iter().map(|segment| segment.name.as_str());
                return Err(QueryError::Invalid {
                    field: format!("{field}[2][{place}]"),
                    message: format!("the site has no segment `{}`", json::shortened(id)),
                    hint: nearest(id, names).map(|name| format!("\"{id}\": did you mean \"{name}\"?")),
                });
            };
            let conditions = &mut self.conditions;
            for filter in &segment.filters {
                filter.conditions(&mut |_| *conditions += 1);
            }
            any.push(one(segment.filters.clone(), Filter::And));
        }
        if self.conditions > limits::CONDITIONS {
            return Err(too_many("filters", "conditions", self.conditions, limits::CONDITIONS));
        }
        let any = one(any, Filter::Or);
        Ok(if negated { Filter::Not(Box::new(any)) } else { any })
    }

    fn condition(&mut self, name: &str, rest: &[Value], field: &str) -> Result<Condition, QueryError> {
        let known = Operator::ALL.iter().find(|(_, plain, not)| name == *plain || name == *not);
        let Some((operator, plain, _)) = known else {
            return Err(QueryError::UnknownOperator {
                field: format!("{field}[0]"),
                given: json::shortened(name),
                nearest: nearest(name, OPERATORS.iter().copied()),
            });
        };
        let (name_of_dimension, values, modifiers) = match rest {
            [dimension, values] => (dimension, values, None),
            [dimension, values, modifiers] => (dimension, values, Some(modifiers)),
            _ => {
                return Err(parts(field, "an operator, a dimension, a list of values and perhaps modifiers"));
            }
        };
        self.conditions += 1;
        if self.conditions > limits::CONDITIONS {
            return Err(too_many("filters", "conditions", self.conditions, limits::CONDITIONS));
        }
        let place = format!("{field}[1]");
        let dimension = dimension(json::text(name_of_dimension, &place)?, &place)?;
        if dimension.is_time() {
            return Err(QueryError::Invalid {
                field: place,
                message: "time cannot be filtered".to_owned(),
                hint: Some("set `date_range` instead".to_owned()),
            });
        }
        let values = values_of(values, *operator, &format!("{field}[2]"))?;
        let case_sensitive = match modifiers {
            None => true,
            Some(modifiers) => case_sensitive(modifiers, *operator, &format!("{field}[3]"))?,
        };
        Ok(Condition { operator: *operator, negated: name != *plain, dimension, values, case_sensitive })
    }
}

/// The only one, or all of them joined.
fn one(mut filters: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if filters.len() == 1 { filters.remove(0) } else { join(filters) }
}

fn values_of(value: &Value, operator: Operator, field: &str) -> Result<Vec<String>, QueryError> {
    let list = json::list(value, field, "values", limits::VALUES)?;
    if list.is_empty() {
        return Err(QueryError::Expected {
            field: field.to_owned(),
            expected: "a list of at least one value".to_owned(),
        });
    }
    list.iter().enumerate().map(|(i, value)| text_of(value, operator, &format!("{field}[{i}]"))).collect()
}

/// A value as text: identifiers of places may be given as numbers.
fn text_of(value: &Value, operator: Operator, field: &str) -> Result<String, QueryError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => {
            let expected = "a string or a whole number".to_owned();
            return Err(QueryError::Expected { field: field.to_owned(), expected });
        }
    };
    if text.is_empty() && operator != Operator::Is {
        let expected = "a string that is not empty".to_owned();
        return Err(QueryError::Expected { field: field.to_owned(), expected });
    }
    let length = text.chars().count();
    if length > limits::VALUE_LENGTH {
        return Err(too_many(field, "characters", length, limits::VALUE_LENGTH));
    }
    if text.contains('\0') {
        return Err(QueryError::Invalid {
            field: field.to_owned(),
            message: "a value cannot contain the character U+0000".to_owned(),
            hint: None,
        });
    }
    Ok(text)
}

fn case_sensitive(value: &Value, operator: Operator, field: &str) -> Result<bool, QueryError> {
    let modifiers = json::object(value, field, &["case_sensitive"])?;
    match (modifiers.get("case_sensitive"), operator) {
        (None, _) => Ok(true),
        (Some(Value::Bool(_)), Operator::Matches) => Err(QueryError::Invalid {
            field: field.to_owned(),
            message: "`case_sensitive` has no meaning for patterns".to_owned(),
            hint: Some("begin the pattern with `(?i)`".to_owned()),
        }),
        (Some(Value::Bool(sensitive)), _) => Ok(*sensitive),
        (Some(_), _) => Err(QueryError::Expected {
            field: format!("{field}.case_sensitive"),
            expected: "true or false".to_owned(),
        }),
    }
}

fn parts(field: &str, of: &str) -> QueryError {
    QueryError::Expected { field: field.to_owned(), expected: format!("a list of {of}") }
}

fn too_many(field: &str, what: &'static str, given: usize, limit: usize) -> QueryError {
    QueryError::TooMany { field: field.to_owned(), what, given: given as u64, limit: limit as u64 }
}
