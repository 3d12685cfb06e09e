//! Counts on a shelf: found by what an event, or a visit, must be to meet their conditions.
//!
//! Ten thousand rules of a site mostly look at a page, a country or a name each. An event is compared with those
//! that look at its own page, not with all.
//!
//! Keeps: the counts themselves, shared.
//! Cost: per event a look-up for each attribute that conditions compare, and what is found. Conditions without a
//! value that must be are always found.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use opentrace_events::define::{Attribute, Comparison, Condition, Operator, Subject};

/// Things with a condition, by a value that their condition demands. See the module.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    demanding: Vec<(Attribute, ByValue<T>)>,
    others: Vec<Arc<T>>,
}

type ByValue<T> = HashMap<String, Vec<Arc<T>>>;

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { demanding: Vec::new(), others: Vec::new() }
    }
}

impl<T> Shelf<T> {
    /// Puts a thing where what meets its condition finds it.
    pub(super) fn put(&mut self, condition: &Condition, thing: &Arc<T>) {
        let Some(demand) = demand_of(condition) else { return self.others.push(Arc::clone(thing)) };
        let place = self.demanding.iter().position(|(attribute, _)| *attribute == demand.attribute);
        let place = place.unwrap_or_else(|| {
            self.demanding.push((demand.attribute.clone(), HashMap::new()));
            self.demanding.len() - 1
        });
        for value in values_of(demand) {
            self.demanding[place].1.entry(value.to_owned()).or_default().push(Arc::clone(thing));
        }
    }

    /// Everything whose condition this may meet, once; and little that it does not.
    pub(super) fn near<'a>(&'a self, subject: &'a impl Subject) -> impl Iterator<Item = &'a Arc<T>> {
        let demanding = self.demanding.iter();
        let found = demanding.filter_map(|(attribute, by_value)| by_value.get(attribute.of(subject)));
        found.flatten().chain(&self.others)
    }

    /// Everything that may have this condition.
    pub(super) fn beside(&self, condition: &Condition) -> &[Arc<T>] {
        let Some(demand) = demand_of(condition) else { return &self.others };
        let by_value = self.demanding.iter().find(|(attribute, _)| *attribute == demand.attribute);
        let value = demand.values.first().map_or("", String::as_str);
        by_value.and_then(|(_, by_value)| by_value.get(value)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.demanding.is_empty() && self.others.is_empty()
    }
}

/// The comparison that demands one of a few values, of what every part of a condition demands: rather of another
/// attribute than of the name, which most events share.
fn demand_of(condition: &Condition) -> Option<&Comparison> {
    match condition {
        Condition::And(all) => {
            let demands = || all.iter().filter_map(demand_of);
            demands().find(|demand| demand.attribute != Attribute::Name).or_else(|| demands().next())
        }
        Condition::Where(comparison) => {
            let demands =
                comparison.operator == Operator::Is && comparison.case_sensitive && !comparison.negated;
            demands.then_some(comparison)
        }
        Condition::Or(_) | Condition::Not(_) => None,
    }
}

/// The values that an attribute may be stored as; the name of emptiness stands for emptiness, too.
fn values_of(demand: &Comparison) -> HashSet<&str> {
    let empty = demand.values.contains(&demand.empty).then_some("");
    demand.values.iter().map(String::as_str).chain(empty).collect()
}

#[cfg(test)]
mod tests {
    use opentrace_events::define::{Matcher, VisitColumn};
    use opentrace_events::{Event, Visit};
    use proptest::prelude::*;

    use super::*;

    fn attribute() -> impl Strategy<Value = Attribute> {
        prop_oneof![
            Just(Attribute::Name),
            Just(Attribute::Goal),
            Just(Attribute::Path),
            Just(Attribute::Property("plan".to_owned())),
            Just(Attribute::Visit(VisitColumn::Country)),
        ]
    }

    fn value() -> impl Strategy<Value = String> {
        prop_oneof![Just(""), Just("(none)"), Just("pageview"), Just("a"), Just("A"), Just("b")]
            .prop_map(str::to_owned)
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let operator = prop_oneof![4 => Just(Operator::Is), 1 => Just(Operator::Contains)];
        let empty = prop_oneof![Just(String::new()), Just("(none)".to_owned())];
        let parts = (
            attribute(),
            operator,
            any::<bool>(),
            prop::collection::vec(value(), 0..4),
            any::<bool>(),
            empty,
        );
        let leaf = parts.prop_map(|(attribute, operator, negated, values, case_sensitive, empty)| {
            Condition::Where(Comparison { attribute, operator, negated, values, case_sensitive, empty })
        });
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                4 => prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::And),
                1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::Or),
                1 => inner.prop_map(|inner| Condition::Not(Box::new(inner))),
            ]
        })
    }

    fn event() -> impl Strategy<Value = Event> {
        (value(), value(), value(), value()).prop_map(|(name, path, plan, country)| {
            let visit = Visit { country: country.as_str().into(), ..Visit::default() };
            let mut event = Event { name: name.as_str().into(), visit: visit.into(), ..Event::default() };
            event.page.path = path.as_str().into();
            if !plan.is_empty() {
                event.props.push(("plan".into(), plan.as_str().into()));
            }
            event
        })
    }

    proptest! {
        #[test]
        fn what_meets_a_condition_finds_it_once(
            conditions in prop::collection::vec(condition(), 1..20),
            events in prop::collection::vec(event(), 1..10),
        ) {
            let mut shelf = Shelf::default();
            for (number, condition) in conditions.iter().enumerate() {
                shelf.put(condition, &Arc::new(number));
            }
            for (number, condition) in conditions.iter().enumerate() {
                let beside = shelf.beside(condition);
                let demands_nothing_possible = demand_of(condition).is_some_and(|demand| demand.values.is_empty());
                prop_assert!(demands_nothing_possible || beside.iter().any(|found| **found == number));
            }
            for event in &events {
                let meets = |number: &usize| {
                    Matcher::new(&conditions[*number]).expect("no pattern").matches(event)
                };
                let mut found: Vec<usize> = shelf.near(event).map(|found| **found).collect();
                found.sort_unstable();
                let all = found.clone();
                found.dedup();
                prop_assert_eq!(&found, &all, "nothing is found twice");
                found.retain(meets);
                let wanted: Vec<usize> = (0..conditions.len()).filter(meets).collect();
                prop_assert_eq!(found, wanted);
            }
        }
    }
}
