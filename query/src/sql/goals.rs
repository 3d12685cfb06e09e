//! Goals in SQL: which of them an event does, and whether it does one that a filter names.
//!
//! An event does every defined goal whose condition it meets. A custom event whose name no defined
//! goal has is a goal by that name. Where a filter names goals, an event counts for those alone.

use opentrace_events::define::{Attribute, Comparison, Condition as Event, Operator as Compare};

use super::Value;
use super::builder::Builder;
use super::conditions::custom;
use crate::filter::{self, Condition, Operator};

impl Builder<'_> {
    /// An array of the names of the goals that an event does.
    pub(super) fn goals_of_event(&mut self) -> String {
        let mut named = Vec::new();
        filter::named_goals(self.context.filters, &mut named);
        let mut goals = Vec::new();
        for goal in self.context.goals {
            let name = self.bind(Value::Text(goal.name.clone()));
            let mut tests = vec![self.event(&goal.event)];
            tests.extend(named.iter().map(|condition| self.comparison(condition, &name, &name, "")));
            goals.push(format!("if({}, {name}, '')", tests.join(" AND ")));
        }
        let (name, mut tests) = self.by_its_name();
        tests.extend(named.iter().map(|condition| self.comparison(condition, &name, &name, "")));
        goals.push(format!("if({}, {name}, '')", tests.join(" AND ")));
        format!("arrayFilter(goal -> goal != '', arrayDistinct([{}]))", goals.join(", "))
    }

    /// Whether an event does a goal that a condition, not negated, applies to.
    pub(super) fn goal_is(&mut self, condition: &Condition) -> String {
        let mut any = Vec::new();
        for goal in self.context.goals {
            let name = self.bind(Value::Text(goal.name.clone()));
            let named = self.comparison(condition, &name, &name, "");
            any.push(format!("({named} AND {})", self.event(&goal.event)));
        }
        let (name, mut tests) = self.by_its_name();
        tests.push(self.comparison(condition, &name, &name, ""));
        any.push(format!("({})", tests.join(" AND ")));
        format!("({})", any.join(" OR "))
    }

    /// The name of an event, and what makes it a goal by that name.
    fn by_its_name(&mut self) -> (String, Vec<String>) {
        let name = self.event_column("name");
        let defined = self.context.goals.iter().map(|goal| goal.name.clone()).collect();
        let defined = self.bind(Value::Texts(defined));
        let tests = vec![custom(&name), format!("{name} NOT IN {defined}")];
        (format!("toString({name})"), tests)
    }

    /// Whether an event meets the condition of a definition: attributes of visits are those that the
    /// event itself came with.
    pub(super) fn event(&mut self, condition: &Event) -> String {
        let mut joined = |inner: &[Event], word: &str| {
            let tests: Vec<String> = inner.iter().map(|condition| self.event(condition)).collect();
            format!("({})", tests.join(word))
        };
        match condition {
            Event::And(inner) if inner.is_empty() => "true".to_owned(),
            Event::Or(inner) if inner.is_empty() => "false".to_owned(),
            Event::And(inner) => joined(inner, " AND "),
            Event::Or(inner) => joined(inner, " OR "),
            Event::Not(inner) => format!("(NOT {})", self.event(inner)),
            Event::Where(comparison) => self.event_is(comparison),
        }
    }

    fn event_is(&mut self, comparison: &Comparison) -> String {
        let stored = match &comparison.attribute {
            Attribute::Name | Attribute::Goal => self.event_column("name"),
            Attribute::Path => self.event_column("path"),
            Attribute::Visit(column) => self.event_column(column.column()),
            Attribute::Property(key) => {
                let key = self.bind(Value::Text(key.clone()));
                format!("{}[{key}]", self.event_column("props"))
            }
        };
        let empty = self.bind(Value::Text(comparison.empty.clone()));
        let named = format!("if({stored} = '', {empty}, toString({stored}))");
        let condition = Condition {
            operator: match comparison.operator {
                Compare::Is => Operator::Is,
                Compare::Contains => Operator::Contains,
                Compare::Matches => Operator::Matches,
            },
            negated: false,
            // Only the operator, the values and their case are looked at.
            dimension: crate::query::Dimension::Time,
            values: comparison.values.clone(),
            case_sensitive: comparison.case_sensitive,
        };
        let mut test = self.comparison(&condition, &named, &named, "");
        if comparison.operator == Compare::Is {
            test = format!("({test} OR {})", self.comparison(&condition, &stored, &stored, ""));
        }
        if comparison.attribute == Attribute::Goal {
            test = format!("({} AND {test})", custom(&stored));
        }
        if comparison.negated { format!("(NOT {test})") } else { test }
    }
}
