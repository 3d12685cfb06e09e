//! Rules in a file, and what must change so that a site has those and no others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Draft, RuleError, RuleId, draft};

/// Rules as a file gives them: `[[rule]]` with the fields of the API. A file is the whole truth
/// about the rules of the sites that it names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleFile {
    pub rules: Vec<Draft>,
}

impl RuleFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`RuleError`] whose field begins with the number of the rule, such as `rule[2].window`.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            RuleError::new("file", error.to_string().trim_end().to_owned())
        })?;
        if let Some(other) = table.keys().find(|key| *key != "rule") {
            return Err(RuleError::new(other.as_str(), "is not known").hint("rules are [[rule]] tables"));
        }
        let body = serde_json::to_value(&table).map_err(|error| RuleError::new("file", error.to_string()))?;
        let listed = match body.get("rule") {
            None => &[][..],
            Some(Value::Array(rules)) => rules,
            Some(_) => return Err(RuleError::new("rule", "must be a list").hint("write [[rule]]")),
        };
        let mut rules: Vec<Draft> = Vec::with_capacity(listed.len());
        for (at, body) in listed.iter().enumerate() {
            let place =
                |error: RuleError| RuleError { field: format!("rule[{at}].{}", error.field), ..error };
            let rule = draft(body).map_err(place)?;
            if rules.iter().any(|known| same(known, &rule)) {
                return Err(place(RuleError::new("name", format!("`{}` is there twice", rule.name))));
            }
            rules.push(rule);
        }
        Ok(Self { rules })
    }
}

/// One step to what a file asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Create(Draft),
    /// With the fields that differ.
    Update(RuleId, Draft, Vec<Differing>),
    Delete(RuleId, String),
}

/// A field that is not as a file wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct Differing {
    pub field: String,
    pub held: Option<Value>,
    pub wanted: Option<Value>,
}

/// The steps from what is held to what a file asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    pub changes: Vec<Change>,
    pub unchanged: usize,
}

/// Compares a file with the rules that are held. A rule is the same if its site and name are; rules
/// of sites that the file does not name are left alone.
pub fn diff(held: &[(RuleId, Draft)], file: &RuleFile) -> Diff {
    let mut result = Diff::default();
    for wanted in &file.rules {
        match held.iter().find(|(_, rule)| same(rule, wanted)) {
            None => result.changes.push(Change::Create(wanted.clone())),
            Some((id, rule)) => match differing(&rule.body, &wanted.body) {
                fields if fields.is_empty() => result.unchanged += 1,
                fields => result.changes.push(Change::Update(*id, wanted.clone(), fields)),
            },
        }
    }
    let named = |site: &str| file.rules.iter().any(|rule| rule.target.site == site);
    for (id, rule) in held.iter().filter(|(_, rule)| named(&rule.target.site)) {
        if !file.rules.iter().any(|wanted| same(rule, wanted)) {
            result.changes.push(Change::Delete(*id, rule.name.clone()));
        }
    }
    result
}

impl std::fmt::Display for Diff {
    /// One line per step and per field that changes, in the manner of diffs, and a line of totals.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (mut made, mut changed, mut removed) = (0, 0, 0);
        for change in &self.changes {
            match change {
                Change::Create(rule) => {
                    made += 1;
                    writeln!(f, "+ {} ({})", rule.name, rule.target.site)?;
                }
                Change::Update(_, rule, fields) => {
                    changed += 1;
                    writeln!(f, "~ {} ({})", rule.name, rule.target.site)?;
                    for Differing { field, held, wanted } in fields {
                        writeln!(
                            f,
                            "    {field}: {} → {}",
                            written(held.as_ref()),
                            written(wanted.as_ref())
                        )?;
                    }
                }
                Change::Delete(_, name) => {
                    removed += 1;
                    writeln!(f, "- {name}")?;
                }
            }
        }
        write!(
            f,
            "{made} to create, {changed} to change, {removed} to delete, {} as they are",
            self.unchanged
        )
    }
}

fn same(a: &Draft, b: &Draft) -> bool {
    a.name == b.name && a.target.site == b.target.site
}

fn written(value: Option<&Value>) -> String {
    value.filter(|value| !value.is_null()).map_or_else(|| "left out".to_owned(), ToString::to_string)
}

fn differing(held: &Value, wanted: &Value) -> Vec<Differing> {
    let (Some(held), Some(wanted)) = (held.as_object(), wanted.as_object()) else {
        return Vec::new();
    };
    let fields: BTreeSet<&String> = held.keys().chain(wanted.keys()).collect();
    let differ = fields.into_iter().filter(|field| !alike(held.get(*field), wanted.get(*field)));
    let differing = |field: &String| Differing {
        field: field.clone(),
        held: held.get(field).cloned(),
        wanted: wanted.get(field).cloned(),
    };
    differ.map(differing).collect()
}

/// Whole numbers are the same with and without a point: TOML tells them apart, JSON does not.
fn alike(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64() == b.as_f64(),
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(Some(a), Some(b)))
        }
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            a.len() == b.len() && a.iter().all(|(key, a)| alike(Some(a), b.get(key)))
        }
        (Some(Value::Null) | None, Some(Value::Null) | None) => true,
        (a, b) => a == b,
    }
}
