//! Filters as SQL.

use super::Value;
use super::builder::Builder;
use crate::catalogue::Scope;
use crate::filter::{Condition, Filter, Operator};

impl Builder<'_> {
    /// A condition for each filter; all have to hold.
    pub(super) fn filters(&mut self, filters: &[Filter]) -> Vec<String> {
        filters.iter().map(|filter| self.filter(filter)).collect()
    }

    /// Whose attributes a filter is about, if all of them are of one kind.
    pub(super) fn side(&self, filter: &Filter) -> Option<Scope> {
        let mut sides = Vec::new();
        filter.conditions(&mut |condition| sides.push(self.side_of(&condition.dimension)));
        if filter.is_behavioural() {
            sides.push(Scope::Visit);
        }
        let first = *sides.first()?;
        sides.iter().all(|side| *side == first).then_some(first)
    }

    pub(super) fn filter(&mut self, filter: &Filter) -> String {
        match filter {
            Filter::And(inner) => format!("({})", self.filters(inner).join(" AND ")),
            Filter::Or(inner) => format!("({})", self.filters(inner).join(" OR ")),
            Filter::Not(inner) => format!("(NOT {})", self.filter(inner)),
            Filter::Where(condition) => self.condition(condition),
            Filter::Done(inner) => self.done(inner),
        }
    }

    fn condition(&mut self, condition: &Condition) -> String {
        let comparison = if condition.dimension.is_goal() && !self.context.goals.is_empty() {
            self.goal_is(condition)
        } else {
            let column = self.column(&condition.dimension);
            let comparison = self.comparison(condition, &column.stored, &column.named(), column.empty);
            match &column.custom_only {
                Some(name) => format!("({} AND {comparison})", custom(name)),
                None => comparison,
            }
        };
        if condition.negated { format!("(NOT {comparison})") } else { comparison }
    }

    /// A condition, not negated, on the value `stored`; answers call it `named`, and `empty` where
    /// it is.
    pub(super) fn comparison(
        &mut self,
        condition: &Condition,
        stored: &str,
        named: &str,
        empty: &'static str,
    ) -> String {
        match condition.operator {
            Operator::Is => {
                // Answers call an empty value by a name, so asking for that name means empty.
                let mut values = condition.values.clone();
                if !empty.is_empty() && values.iter().any(|value| same(value, empty, condition)) {
                    values.push(String::new());
                }
                let values = self.bind(Value::Texts(values));
                if condition.case_sensitive {
                    format!("({stored} IN {values})")
                } else {
                    format!("has(arrayMap(value -> lowerUTF8(value), {values}), lowerUTF8({stored}))")
                }
            }
            Operator::Contains => {
                let values = self.bind(Value::Texts(condition.values.clone()));
                let search = if condition.case_sensitive {
                    "multiSearchAny"
                } else {
                    "multiSearchAnyCaseInsensitiveUTF8"
                };
                format!("{search}({named}, {values})")
            }
            Operator::Matches => {
                let patterns = condition.values.iter();
                let matches: Vec<_> = patterns
                    .map(|pattern| format!("match({named}, {})", self.bind(Value::Text(pattern.clone()))))
                    .collect();
                format!("({})", matches.join(" OR "))
            }
        }
    }
}

fn same(value: &str, name: &str, condition: &Condition) -> bool {
    value == name || !condition.case_sensitive && value.to_lowercase() == name.to_lowercase()
}

/// That an event is neither a page view nor about engagement.
pub(super) fn custom(name: &str) -> String {
    format!("{name} NOT IN ('pageview', 'engagement')")
}
