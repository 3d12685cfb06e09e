//! From the JSON of a request to what is to be kept: goals, funnels, retention and series.
//!
//! An event is written as its name, or as an object with `event`, `page` and `filters`, of which each
//! may be left out; what is written must all hold. Filters are those of queries; attributes of visits
//! are taken as the event itself carries them.

use opentrace_events::define::{
    Attribute, Comparison, Condition, Measure, Operator as Compare, Order, Period, Spec, Step, VisitColumn,
};
use serde_json::Value;

use crate::catalogue::NO_PROPERTY;
use crate::error::QueryError;
use crate::filter::{self, Filter, Operator};
use crate::limits;
use crate::nearest::nearest;
use crate::parse::{filters, json};
use crate::query::Dimension;
use crate::vocabulary::Vocabulary;

/// Kinds of definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Goal,
    Funnel,
    Retention,
    Series,
}

/// A definition as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub site_id: Option<String>,
    pub name: Option<String>,
    pub spec: Spec,
}

const EVENT: [&str; 3] = ["event", "page", "filters"];

/// Reads a definition.
///
/// # Errors
/// The first mistake, with its place.
pub fn define(kind: Kind, value: &Value) -> Result<Asked, QueryError> {
    let own: &[&'static str] = match kind {
        Kind::Goal => &EVENT,
        Kind::Funnel => &["steps", "window", "order"],
        Kind::Retention => &["start_event", "return_event", "period"],
        Kind::Series => &["metric", "event", "page", "filters"],
    };
    let known: Vec<&'static str> = ["site_id", "name"].into_iter().chain(own.iter().copied()).collect();
    let body = json::object(value, "query", &known)?;
    let text =
        |field: &str| body.get(field).map(|value| json::text(value, field).map(str::to_owned)).transpose();
    let (site_id, name) = (text("site_id")?, text("name")?);
    let of = |field: &'static str| body.get(field).unwrap_or(&Value::Null);
    let spec = match kind {
        Kind::Goal => Spec::Goal { event: parts(of("event"), of("page"), of("filters"), "")? },
        Kind::Funnel => Spec::Funnel {
            steps: steps(body.get("steps").ok_or(QueryError::Missing { field: "steps" })?)?,
            order: word(of("order"), "order", &ORDERS)?,
            window_ms: match of("window") {
                Value::Null => 7 * 86_400_000,
                window => duration(window, "window")?,
            },
        },
        Kind::Retention => Spec::Retention {
            start: event(of("start_event"), "start_event")?,
            back: event(of("return_event"), "return_event")?,
            period: word(of("period"), "period", &PERIODS)?,
        },
        Kind::Series => Spec::Series {
            event: parts(of("event"), of("page"), of("filters"), "")?,
            measure: word(of("metric"), "metric", &MEASURES)?,
        },
    };
    spec.check().map_err(|error| QueryError::Invalid {
        field: own[0].to_owned(),
        message: error.to_string(),
        hint: None,
    })?;
    Ok(Asked { site_id, name, spec })
}

const ORDERS: [(&str, Order); 3] =
    [("ordered", Order::Ordered), ("strict", Order::Strict), ("any", Order::Any)];
const PERIODS: [(&str, Period); 3] = [("day", Period::Day), ("week", Period::Week), ("month", Period::Month)];
const MEASURES: [(&str, Measure); 3] =
    [("events", Measure::Events), ("visitors", Measure::Visitors), ("revenue", Measure::Revenue)];

/// One of some words; the first where there is none.
fn word<T: Copy>(value: &Value, field: &str, words: &[(&'static str, T)]) -> Result<T, QueryError> {
    if value.is_null() {
        return Ok(words[0].1);
    }
    let given = json::text(value, field)?;
    words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        QueryError::Invalid {
            field: field.to_owned(),
            message: format!("`{}` is not possible here", json::shortened(given)),
            hint: Some(match nearest(given, names.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("use {}", names.join(", ")),
            }),
        }
    })
}

fn steps(value: &Value) -> Result<Vec<Step>, QueryError> {
    let list = json::list(value, "steps", "steps", 16)?;
    list.iter().enumerate().map(|(place, value)| step(value, &format!("steps[{place}]"))).collect()
}

fn step(value: &Value, field: &str) -> Result<Step, QueryError> {
    let named = value.get("name").map(|name| json::text(name, &format!("{field}.name"))).transpose()?;
    let called = |key: &str| value.get(key).and_then(Value::as_str).or(value.as_str());
    let name = named.or(called("event")).or(called("page")).unwrap_or("any event").to_owned();
    let event = match value {
        Value::Object(map) => {
            let mut rest = map.clone();
            rest.remove("name");
            event(&Value::Object(rest), field)?
        }
        other => event(other, field)?,
    };
    Ok(Step { name, event })
}

/// An event as a name or an object; null is any event.
fn event(value: &Value, field: &str) -> Result<Condition, QueryError> {
    match value {
        Value::Null => Ok(Condition::any()),
        Value::String(_) => parts(value, &Value::Null, &Value::Null, field),
        _ => {
            let map = json::object(value, field, &EVENT)?;
            let of = |key: &str| map.get(key).unwrap_or(&Value::Null);
            parts(of("event"), of("page"), of("filters"), &format!("{field}."))
        }
    }
}

fn parts(name: &Value, page: &Value, given: &Value, at: &str) -> Result<Condition, QueryError> {
    let mut all = Vec::new();
    if !name.is_null() {
        let field = if at.is_empty() || at.ends_with('.') { format!("{at}event") } else { at.to_owned() };
        all.push(is(Attribute::Name, value_of(name, &field)?));
    }
    if !page.is_null() {
        all.push(is(Attribute::Name, opentrace_events::model::PAGEVIEW.to_owned()));
        all.push(page_condition(&value_of(page, &format!("{at}page"))?));
    }
    if !given.is_null() {
        for filter in filters::filters(given, &format!("{at}filters"), &Vocabulary::default())? {
            all.push(condition(&filter, &format!("{at}filters"))?);
        }
    }
    Ok(if all.len() == 1 { all.remove(0) } else { Condition::And(all) })
}

fn value_of(value: &Value, field: &str) -> Result<String, QueryError> {
    let text = json::text(value, field)?;
    let length = text.chars().count();
    if text.is_empty() || length > limits::VALUE_LENGTH || text.contains('\0') {
        return Err(QueryError::Invalid {
            field: field.to_owned(),
            message: format!("a text of 1 to {} characters is expected", limits::VALUE_LENGTH),
            hint: None,
        });
    }
    Ok(text.to_owned())
}

fn is(attribute: Attribute, value: String) -> Condition {
    Condition::Where(Comparison {
        attribute,
        operator: Compare::Is,
        negated: false,
        values: vec![value],
        case_sensitive: true,
        empty: String::new(),
    })
}

/// A page, in which `*` stands for a part between slashes and `**` for anything.
fn page_condition(page: &str) -> Condition {
    if !page.contains('*') {
        return is(Attribute::Path, page.to_owned());
    }
    let parts: Vec<String> =
        page.split("**").map(|part| part.split('*').map(escaped).collect::<Vec<_>>().join("[^/]*")).collect();
    Condition::Where(Comparison {
        attribute: Attribute::Path,
        operator: Compare::Matches,
        negated: false,
        values: vec![format!("^{}$", parts.join(".*"))],
        case_sensitive: true,
        empty: String::new(),
    })
}

/// With a backslash before everything that means something in a pattern.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// A filter as a condition on single events.
pub(crate) fn condition(filter: &Filter, field: &str) -> Result<Condition, QueryError> {
    condition_on(filter, field, &|dimension| {
        attribute(dimension).ok_or_else(|| QueryError::Invalid {
            field: field.to_owned(),
            message: format!("`{}` is no attribute of a single event", dimension.name()),
            hint: Some("use event:page, event:props:* or where the visitor came from".to_owned()),
        })
    })
}

/// What of whatever a condition is on stands for a dimension, and what it is called where it is empty.
pub(crate) type AttributeOf<'a> = &'a dyn Fn(&Dimension) -> Result<(Attribute, &'static str), QueryError>;

/// A filter as a condition on what has these attributes.
pub(crate) fn condition_on(
    filter: &Filter,
    field: &str,
    attribute: AttributeOf<'_>,
) -> Result<Condition, QueryError> {
    let of = |filter: &Filter| condition_on(filter, field, attribute);
    let all = |inner: &[Filter]| inner.iter().map(of).collect::<Result<_, _>>();
    Ok(match filter {
        Filter::And(inner) => Condition::And(all(inner)?),
        Filter::Or(inner) => Condition::Or(all(inner)?),
        Filter::Not(inner) => Condition::Not(Box::new(of(inner)?)),
        Filter::Where(given) => Condition::Where(comparison(given, attribute)?),
        Filter::Done(_) => {
            return Err(QueryError::Invalid {
                field: field.to_owned(),
                message: "a single event cannot tell what else its visit has done".to_owned(),
                hint: Some("`has_done` is for queries".to_owned()),
            });
        }
    })
}

fn comparison(given: &filter::Condition, attribute: AttributeOf<'_>) -> Result<Comparison, QueryError> {
    let (attribute, empty) = attribute(&given.dimension)?;
    Ok(Comparison {
        attribute,
        operator: match given.operator {
            Operator::Is => Compare::Is,
            Operator::Contains => Compare::Contains,
            Operator::Matches => Compare::Matches,
        },
        negated: given.negated,
        values: given.values.clone(),
        case_sensitive: given.case_sensitive,
        empty: empty.to_owned(),
    })
}

pub(crate) fn attribute(dimension: &Dimension) -> Option<(Attribute, &'static str)> {
    let field = match dimension {
        Dimension::Property(key) => return Some((Attribute::Property(key.clone()), NO_PROPERTY)),
        Dimension::Time | Dimension::Bucket(_) => return None,
        Dimension::Field(field) => field,
    };
    let attribute = match field.name {
        "event:name" => Attribute::Name,
        "event:goal" => Attribute::Goal,
        "event:page" => Attribute::Path,
        // What is known of a person or the name of a place is not what the event came with, and its host
        // is not that of the entry.
        _ if field.people.is_some()
            || field.places.is_some()
            || field.name == "visit:entry_page_hostname" =>
        {
            return None;
        }
        _ => Attribute::Visit(VisitColumn::of_column(field.column)?),
    };
    Some((attribute, field.empty))
}

/// A whole number and a unit: `90s`, `30m`, `12h`, `7d`, `2w`. In milliseconds.
fn duration(value: &Value, field: &str) -> Result<i64, QueryError> {
    let text = json::text(value, field)?;
    let unit = match text.chars().last() {
        Some('s') => 1_000,
        Some('m') => 60_000,
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        Some('w') => 7 * 86_400_000,
        _ => 0,
    };
    let number: Option<i64> = text.get(..text.len().saturating_sub(1)).and_then(|number| number.parse().ok());
    match number.and_then(|number| number.checked_mul(unit)) {
        Some(ms) if unit > 0 && ms > 0 => Ok(ms),
        _ => Err(QueryError::Invalid {
            field: field.to_owned(),
            message: format!("`{}` is no length of time", json::shortened(text)),
            hint: Some("write a whole number and s, m, h, d or w, as in 7d".to_owned()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use opentrace_events::define::Matcher;
    use opentrace_events::{Event, Page};
    use serde_json::json;

    use super::*;

    fn view(path: &str) -> Event {
        Event {
            name: "pageview".into(),
            page: Page { path: path.into(), ..Page::default() },
            ..Event::default()
        }
    }

    fn goal(body: Value) -> Matcher {
        match define(Kind::Goal, &body).expect("a goal").spec {
            Spec::Goal { event } => Matcher::new(&event).expect("compiles"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pages_have_stars() {
        let blog = goal(json!({"page": "/blog/*/read+more"}));
        assert!(blog.matches(&view("/blog/one/read+more")));
        assert!(!blog.matches(&view("/blog/one/two/read+more")));
        assert!(!blog.matches(&view("/blog/one/readdmore")), "only stars mean something");
        assert!(goal(json!({"page": "/docs/**"})).matches(&view("/docs/a/b")));
        assert!(
            !goal(json!({"page": "/docs/**"})).matches(&Event { name: "click".into(), ..view("/docs/a") })
        );
    }

    #[test]
    fn events_are_names_or_objects() {
        let body = json!({
            "site_id": "a.example", "name": "buy", "window": "12h", "order": "strict",
            "steps": ["pageview", {"event": "signup", "filters": [["is", "event:props:plan", ["pro"]]]}, {"page": "/thanks"}],
        });
        let asked = define(Kind::Funnel, &body).expect("a funnel");
        let Spec::Funnel { steps, order, window_ms } = asked.spec else { panic!("a funnel") };
        assert_eq!((order, window_ms), (Order::Strict, 43_200_000));
        let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["pageview", "signup", "/thanks"]);
        let Ok(Asked { spec: Spec::Retention { start, back, period }, .. }) =
            define(Kind::Retention, &json!({"return_event": "login", "period": "week"}))
        else {
            panic!("retention")
        };
        assert_eq!((start, period), (Condition::any(), Period::Week));
        assert_eq!(back, is(Attribute::Name, "login".to_owned()));
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |kind, body: Value| define(kind, &body).expect_err("a mistake").to_string();
        assert!(refused(Kind::Funnel, json!({})).contains("steps"));
        assert!(refused(Kind::Funnel, json!({"steps": []})).contains("from 1 to 16 steps"));
        assert!(refused(Kind::Funnel, json!({"steps": ["a"], "window": "91d"})).contains("90 days"));
        assert!(refused(Kind::Funnel, json!({"steps": ["a"], "window": "soon"})).contains("soon"));
        assert!(refused(Kind::Goal, json!({"evnt": "a"})).contains("evnt"));
        assert!(
            refused(Kind::Goal, json!({"filters": [["is", "visit:exit_page", ["/"]]]})).contains("exit_page")
        );
        assert!(refused(Kind::Goal, json!({"filters": [["matches", "event:page", ["("]]]})).contains('('));
        assert!(refused(Kind::Series, json!({"metric": "evens"})).contains("evens"));
    }
}
