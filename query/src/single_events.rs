//! Conditions on single events, for who counts events as they happen.
//!
//! They mean what they mean in a query about events, but that attributes of visits are those that the event
//! itself came with. A goal is what it is in a query ([`crate::sql`]): an event answers to every defined
//! goal that it meets, and a custom event to its own name, unless a goal is defined under it.

use opentrace_events::Event;
use opentrace_events::define::{Attribute, Comparison, Condition, Matcher, Operator as Compare};
use serde_json::Value;

use crate::define;
use crate::error::QueryError;
use crate::filter::{self, Filter, Operator};
use crate::parse;
use crate::vocabulary::{Goal, Vocabulary};

/// The names that an event answers to.
#[derive(Clone, Debug, PartialEq)]
pub struct Goals {
    /// Goals, and what an event must meet to do them.
    pub defined: Vec<(String, Condition)>,
    /// What an event must meet to answer to its own name.
    pub by_name: Condition,
}

/// Filters, or `null`, which may name segments of a site.
///
/// # Errors
/// The first mistake.
pub fn filters(given: &Value, field: &str, vocabulary: &Vocabulary) -> Result<Vec<Filter>, QueryError> {
    if given.is_null() { Ok(Vec::new()) } else { parse::filters::filters(given, field, vocabulary) }
}

/// Filters as a condition on single events.
///
/// # Errors
/// The first attribute that no single event has.
pub fn events(filters: &[Filter], field: &str, goals: &[Goal]) -> Result<Condition, QueryError> {
    let mut all = conditions(filters, field, goals)?;
    Ok(if all.len() == 1 { all.remove(0) } else { Condition::And(all) })
}

/// The goals by which what meets `filters` is divided: where those that must hold name goals, these alone.
///
/// # Errors
/// A pattern that is none.
pub fn goals(filters: &[Filter], field: &str, goals: &[Goal]) -> Result<Goals, QueryError> {
    let mut named = Vec::new();
    filter::named_goals(filters, &mut named);
    let named: Vec<Comparison> = named.into_iter().map(|given| compared(given, Attribute::Name)).collect();
    let tests = named.iter().map(|comparison| matcher(comparison, field)).collect::<Result<Vec<_>, _>>()?;
    let asked_for = |goal: &&Goal| tests.iter().all(|test| test.matches(&called(&goal.name)));
    let defined = goals.iter().filter(asked_for).map(|goal| (goal.name.clone(), goal.event.clone()));
    let mut own = vec![Condition::Where(custom())];
    own.extend(named.into_iter().map(Condition::Where));
    own.extend(undefined(goals));
    Ok(Goals { defined: defined.collect(), by_name: Condition::And(own) })
}

fn conditions(filters: &[Filter], field: &str, goals: &[Goal]) -> Result<Vec<Condition>, QueryError> {
    filters.iter().map(|filter| condition(filter, field, goals)).collect()
}

fn condition(filter: &Filter, field: &str, goals: &[Goal]) -> Result<Condition, QueryError> {
    Ok(match filter {
        Filter::And(inner) => Condition::And(conditions(inner, field, goals)?),
        Filter::Or(inner) => Condition::Or(conditions(inner, field, goals)?),
        Filter::Not(inner) => Condition::Not(Box::new(condition(inner, field, goals)?)),
        Filter::Where(given) if given.dimension.is_goal() && !goals.is_empty() => goal(given, field, goals)?,
        Filter::Where(_) | Filter::Done(_) => define::condition(filter, field)?,
    })
}

/// That an event answers to a name that is so.
fn goal(given: &filter::Condition, field: &str, goals: &[Goal]) -> Result<Condition, QueryError> {
    let named = compared(given, Attribute::Name);
    let test = matcher(&named, field)?;
    let asked_for = goals.iter().filter(|goal| test.matches(&called(&goal.name)));
    let mut any: Vec<Condition> = asked_for.map(|goal| goal.event.clone()).collect();
    let own = [custom(), named].map(Condition::Where).into_iter().chain(undefined(goals));
    any.push(Condition::And(own.collect()));
    let any = Condition::Or(any);
    Ok(if given.negated { Condition::Not(Box::new(any)) } else { any })
}

fn compared(given: &filter::Condition, attribute: Attribute) -> Comparison {
    Comparison {
        attribute,
        operator: match given.operator {
            Operator::Is => Compare::Is,
            Operator::Contains => Compare::Contains,
            Operator::Matches => Compare::Matches,
        },
        negated: false,
        values: given.values.clone(),
        case_sensitive: given.case_sensitive,
        empty: String::new(),
    }
}

/// That an event is a custom one: others have no goal, and it contains nothing.
fn custom() -> Comparison {
    Comparison {
        attribute: Attribute::Goal,
        operator: Compare::Contains,
        negated: false,
        values: vec![String::new()],
        case_sensitive: true,
        empty: String::new(),
    }
}

/// That no goal is defined under the name of an event.
fn undefined(goals: &[Goal]) -> Option<Condition> {
    let names: Vec<String> = goals.iter().map(|goal| goal.name.clone()).collect();
    let comparison = Comparison {
        attribute: Attribute::Name,
        operator: Compare::Is,
        negated: true,
        values: names,
        case_sensitive: true,
        empty: String::new(),
    };
    (!goals.is_empty()).then_some(Condition::Where(comparison))
}

fn called(name: &str) -> Event {
    Event { name: name.into(), ..Event::default() }
}

fn matcher(comparison: &Comparison, field: &str) -> Result<Matcher, QueryError> {
    Matcher::new(&Condition::Where(comparison.clone())).map_err(|error| QueryError::Invalid {
        field: field.to_owned(),
        message: error.to_string(),
        hint: None,
    })
}

#[cfg(test)]
mod tests {
    use opentrace_events::Page;
    use serde_json::json;

    use super::*;

    fn defined() -> Vec<Goal> {
        let read = json!({ "page": "/thanks" });
        let big = json!({ "event": "buy", "filters": [["is", "event:props:plan", ["pro"]]] });
        let goal = |name: &str, body: &Value| {
            let spec = crate::define(crate::Kind::Goal, body).expect("a goal").spec;
            let opentrace_events::define::Spec::Goal { event } = spec else { panic!("a goal") };
            Goal { name: name.to_owned(), event }
        };
        vec![goal("Thanks", &read), goal("buy", &big)]
    }

    fn event(name: &str, path: &str, plan: &str) -> Event {
        let page = Page { path: path.into(), ..Page::default() };
        let props = if plan.is_empty() { Vec::new() } else { vec![("plan".into(), plan.into())] };
        Event { page, props, ..called(name) }
    }

    fn meets(given: &Value, event: &Event) -> bool {
        let filters = filters(given, "filters", &Vocabulary::default()).expect("filters");
        let condition = events(&filters, "filters", &defined()).expect("a condition");
        Matcher::new(&condition).expect("no pattern").matches(event)
    }

    #[test]
    fn a_goal_is_what_it_was_defined_as_and_else_a_custom_event() {
        let is = |name: &str| json!([["is", "event:goal", [name]]]);
        assert!(meets(&is("Thanks"), &event("pageview", "/thanks", "")));
        assert!(!meets(&is("Thanks"), &event("Thanks", "/", "")), "the goal decides");
        assert!(
            meets(&is("buy"), &event("buy", "/", "pro")) && !meets(&is("buy"), &event("buy", "/", "free"))
        );
        assert!(meets(&is("signup"), &event("signup", "/", "")));
        assert!(!meets(&is("pageview"), &event("pageview", "/", "")), "a page view is no goal");
        let not = json!([["is_not", "event:goal", ["Thanks"]]]);
        assert!(meets(&not, &event("pageview", "/", "")) && !meets(&not, &event("pageview", "/thanks", "")));
        let either = json!([["or", [["contains", "event:goal", ["han"]], ["is", "event:page", ["/b"]]]]]);
        assert!(meets(&either, &event("pageview", "/thanks", "")) && meets(&either, &event("x", "/b", "")));
        assert!(!meets(&either, &event("pageview", "/a", "")));
    }

    #[test]
    fn what_is_divided_by_goals_is_divided_by_those_that_filters_name() {
        let names = |given: &Value, event: &Event| {
            let filters = filters(given, "filters", &Vocabulary::default()).expect("filters");
            let goals = goals(&filters, "filters", &defined()).expect("goals");
            let test = |condition: &Condition| Matcher::new(condition).expect("no pattern").matches(event);
            let met = goals.defined.iter().filter(|(_, condition)| test(condition));
            let own = test(&goals.by_name).then(|| event.name.to_string());
            met.map(|(name, _)| name.clone()).chain(own).collect::<Vec<_>>()
        };
        let any = Value::Null;
        assert_eq!(names(&any, &event("pageview", "/thanks", "")), ["Thanks"]);
        assert_eq!(names(&any, &event("pageview", "/", "")), [""; 0]);
        assert_eq!(names(&any, &event("signup", "/", "")), ["signup"]);
        assert_eq!(names(&any, &event("buy", "/", "free")), [""; 0]);
        let buying = json!([["is", "event:goal", ["buy", "signup"]]]);
        assert_eq!(names(&buying, &event("buy", "/", "pro")), ["buy"]);
        assert_eq!(names(&buying, &event("pageview", "/thanks", "")), [""; 0]);
        assert_eq!(names(&buying, &event("login", "/", "")), [""; 0]);
    }

    #[test]
    fn what_no_event_tells_is_refused() {
        let given = json!([["has_done", ["is", "event:page", ["/"]]]]);
        let filters = filters(&given, "filters", &Vocabulary::default()).expect("filters");
        assert!(events(&filters, "filters", &[]).expect_err("refused").to_string().contains("done"));
    }
}
