use super::*;
use crate::model::{Event, Page, Visit};

fn event() -> Event {
    Event {
        name: "signup".into(),
        page: Page { path: "/Pricing/eu".into(), ..Page::default() },
        visit: Visit { country: "DE".into(), ..Visit::default() }.into(),
        props: vec![("plan".into(), "Pro".into())],
        ..Event::default()
    }
}

fn compare(attribute: Attribute, operator: Operator, values: &[&str]) -> Comparison {
    Comparison {
        attribute,
        operator,
        negated: false,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        case_sensitive: true,
        empty: "(not set)".to_owned(),
    }
}

fn holds(comparison: Comparison) -> bool {
    Matcher::new(&Condition::Where(comparison)).expect("compiles").matches(&event())
}

#[test]
fn comparisons_are_those_of_queries() {
    let plan = || Attribute::Property("plan".to_owned());
    let source = || Attribute::Visit(VisitColumn::Source);
    assert!(holds(compare(Attribute::Name, Operator::Is, &["login", "signup"])));
    assert!(!holds(compare(Attribute::Name, Operator::Is, &["Signup"])));
    assert!(holds(Comparison { case_sensitive: false, ..compare(plan(), Operator::Is, &["PRO"]) }));
    assert!(holds(compare(Attribute::Path, Operator::Contains, &["/eu"])));
    assert!(!holds(compare(Attribute::Path, Operator::Contains, &["pricing"])));
    let folded = compare(Attribute::Path, Operator::Contains, &["pricing"]);
    assert!(holds(Comparison { case_sensitive: false, ..folded }));
    assert!(holds(compare(Attribute::Path, Operator::Matches, &["^/Pricing/.."])));
    assert!(holds(compare(source(), Operator::Is, &["(not set)"])), "empty has a name");
    assert!(holds(compare(source(), Operator::Is, &[""])), "and is empty");
    assert!(holds(compare(source(), Operator::Contains, &["not"])));
    assert!(holds(Comparison { negated: true, ..compare(plan(), Operator::Is, &["Free"]) }));
    assert!(holds(compare(Attribute::Goal, Operator::Is, &["signup"])));
}

#[test]
fn conditions_nest_and_engagement_meets_none() {
    let de = Condition::Where(compare(Attribute::Visit(VisitColumn::Country), Operator::Is, &["DE"]));
    let fr = Condition::Where(compare(Attribute::Visit(VisitColumn::Country), Operator::Is, &["FR"]));
    let matches = |condition: Condition| Matcher::new(&condition).expect("compiles").matches(&event());
    assert!(matches(Condition::any()));
    assert!(matches(Condition::Or(vec![fr.clone(), de.clone()])));
    assert!(!matches(Condition::And(vec![fr.clone(), de])));
    assert!(matches(Condition::Not(Box::new(fr))));
    let engagement = Event { name: "engagement".into(), ..event() };
    assert!(!Matcher::new(&Condition::any()).expect("compiles").matches(&engagement));
}

#[test]
fn only_custom_events_have_a_goal() {
    let any_goal = Comparison { negated: true, ..compare(Attribute::Goal, Operator::Is, &["login"]) };
    let matcher = Matcher::new(&Condition::Where(compare(Attribute::Goal, Operator::Contains, &["page"])));
    let pageview = Event { name: "pageview".into(), ..event() };
    assert!(!matcher.expect("compiles").matches(&pageview));
    assert!(holds(any_goal));
}

#[test]
fn limits_are_checked_and_specs_read_back() {
    let step = |event: Condition| Step { name: "step".to_owned(), event };
    let funnel = |steps, window_ms| Spec::Funnel { steps, order: Order::Strict, window_ms };
    let bad = Condition::Where(compare(Attribute::Path, Operator::Matches, &["("]));
    assert_eq!(funnel(vec![], 5_000).check(), Err(SpecError::Steps(0)));
    assert_eq!(funnel(vec![step(Condition::any())], 0).check(), Err(SpecError::Window));
    assert!(matches!(funnel(vec![step(bad)], 5_000).check(), Err(SpecError::Pattern(_))));
    let fine = funnel(vec![step(Condition::any()), step(Condition::any())], 90 * 86_400_000);
    assert_eq!(fine.check(), Ok(()));
    let text = serde_json::to_string(&fine).expect("writes");
    assert_eq!(serde_json::from_str::<Spec>(&text).expect("reads"), fine);
}
