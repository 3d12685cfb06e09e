use std::collections::{BTreeMap, BTreeSet};

use opentrace_alerts::evaluate::{Cells, measured};
use opentrace_alerts::rule::{Rule, Span};
use opentrace_alerts::series::Key;
use opentrace_events::define::Spec;
use opentrace_events::{Event, Page, Sites, Timestamp, Visit, VisitorId};
use opentrace_query::{Goal, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::people::Seen;
use super::super::tally::{Counts, Fact, NONE};
use super::super::testing::{resolve, sites};
use super::*;

const SITE: SiteId = SiteId(1);
/// A whole hour, in seconds since 1970.
const START: i64 = 1_772_366_400;

/// Something that a visitor does.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Did {
    minute: i64,
    who: u64,
    name: &'static str,
    page: &'static str,
    country: &'static str,
    plan: &'static str,
    seats: &'static str,
    revenue: i64,
    depth: u8,
    ms: u32,
}

/// What an epoch brings.
#[derive(Clone, Debug)]
enum Step {
    Did(Did),
    Erased(u64),
    /// Everything is read back from what is stored.
    Restarted,
}

impl Did {
    fn event(&self) -> Event {
        let props = [("plan", self.plan), ("seats", self.seats)].into_iter();
        let props =
            props.filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.into(), value.into()));
        Event {
            site: SITE,
            name: self.name.into(),
            ts: Timestamp((START + self.minute * 60) * 1000),
            visitor: VisitorId(self.who),
            page: Page { path: self.page.into(), ..Page::default() },
            visit: Visit { country: self.country.into(), ..Visit::default() }.into(),
            props: props.collect(),
            revenue: self.revenue,
            currency: if self.revenue == 0 { "" } else { "EUR" }.into(),
            scroll_depth: self.depth,
            engagement_ms: self.ms,
            ..Event::default()
        }
    }

    fn goals(&self) -> Vec<&'static str> {
        match (self.name, self.page, self.plan) {
            ("pageview", "/b", _) => vec!["Read"],
            ("buy", _, "pro") => vec!["buy"],
            ("signup", ..) => vec!["signup"],
            _ => Vec::new(),
        }
    }

    /// The number in `seats`.
    fn number(&self) -> Option<f64> {
        match self.seats {
            "1" => Some(1.0),
            "2.5" => Some(2.5),
            "-3" => Some(-3.0),
            "1e1" => Some(10.0),
            _ => None,
        }
    }
}

/// Two goals, and metrics of one's own.
fn vocabulary() -> Vocabulary {
    let mut vocabulary = Vocabulary::default();
    let buy = json!({ "event": "buy", "filters": [["is", "event:props:plan", ["pro"]]] });
    for (name, body) in [("Read", json!({ "page": "/b" })), ("buy", buy)] {
        let spec = opentrace_query::define(opentrace_query::Kind::Goal, &body).expect("a goal").spec;
        let Spec::Goal { event } = spec else { panic!("a goal") };
        vocabulary.goals.push(Goal { name: name.to_owned(), event });
    }
    let buying = json!([["is", "event:name", ["buy"]]]);
    for (name, body) in [
        (
            "seats_per_buyer",
            json!({ "type": "ratio",
                "numerator": { "type": "sum", "property": "seats", "filters": buying },
                "denominator": { "type": "count", "of": "visitors", "filters": buying } }),
        ),
        (
            "pro_share",
            json!({ "type": "ratio",
                "numerator": { "type": "count", "filters": [["is", "event:props:plan", ["pro"]]] },
                "denominator": { "type": "count" } }),
        ),
        ("buyers", json!({ "type": "count", "of": "visitors", "filters": buying })),
        (
            "income_per_seat",
            json!({ "type": "ratio",
                "numerator": { "type": "sum", "of": "revenue" },
                "denominator": { "type": "sum", "property": "seats" } }),
        ),
        ("p90", json!({ "type": "percentile", "property": "seats", "percentile": 90 })),
        (
            "mean_share",
            json!({ "type": "ratio",
                "numerator": { "type": "average", "property": "seats" }, "denominator": { "type": "count" } }),
        ),
    ] {
        vocabulary.metrics.push(parse::measures::metric(name, &body).expect("a metric"));
    }
    vocabulary
}

type Meets = fn(&Did) -> bool;

/// Filters, what they mean, and what is left of them without those about goals and properties.
const FILTERS: [(&str, Meets, Meets); 5] = [
    ("[]", |_| true, |_| true),
    (
        r#"[["is", "event:goal", ["buy", "signup"]]]"#,
        |did| did.goals().iter().any(|goal| ["buy", "signup"].contains(goal)),
        |_| true,
    ),
    (r#"[["is", "event:page", ["/b", "/"]]]"#, |did| did.page != "/a", |did| did.page != "/a"),
    (
        r#"[["is_not", "visit:country", ["DE"]], ["is", "event:props:plan", ["pro", "(none)"]]]"#,
        |did| did.country != "DE" && did.plan != "free",
        |did| did.country != "DE",
    ),
    (
        r#"[["or", [["is", "event:goal", ["Read"]], ["is", "visit:country", ["FR"]]]]]"#,
        |did| did.goals().contains(&"Read") || did.country == "FR",
        |_| true,
    ),
];
const GROUPS: [Option<&str>; 5] =
    [None, Some("page"), Some("country"), Some("event:goal"), Some("event:props:plan")];
const METRICS: [&str; 19] = [
    "visitors",
    "pageviews",
    "events",
    "revenue",
    "average_revenue",
    "events_per_visitor",
    "percentage",
    "conversion_rate",
    "group_conversion_rate",
    "time_on_page",
    "scroll_depth",
    "sum:event:props:seats",
    "average:event:props:seats",
    "seats_per_buyer",
    "pro_share",
    "buyers",
    "income_per_seat",
    "sum:event:props:nothing",
    "goal",
];

/// The values of the dimension that something counts for.
fn keys(did: &Did, filter: usize, group: Option<&str>) -> Vec<&'static str> {
    let named = |value: &'static str| vec![if value.is_empty() { NONE } else { value }];
    match group {
        None => vec![""],
        Some("page") => vec![did.page],
        Some("country") => named(did.country),
        Some("event:goal") if filter == 1 => did.goals().into_iter().filter(|goal| *goal != "Read").collect(),
        Some("event:goal") => did.goals(),
        Some(_) => named(did.plan),
    }
}

fn quotient(of: f64, by: f64) -> Option<f64> {
    (by != 0.0).then(|| of / by)
}

fn people<'a>(did: impl Iterator<Item = &'a Did>) -> f64 {
    did.map(|did| did.who).collect::<BTreeSet<_>>().len() as f64
}

/// The number of a metric by its definition over what happened in a stretch.
fn naive(metric: &str, filter: usize, group: Option<&str>, key: &str, within: &[&Did]) -> Option<f64> {
    let (_, meets, others) = FILTERS[filter];
    let counted = || within.iter().copied().filter(|did| did.name != "engagement");
    let mine = || counted().filter(|did| meets(did) && keys(did, filter, group).contains(&key));
    let buying = || mine().filter(|did| did.name == "buy");
    let number = |did: &Did| did.number();
    let sum = |numbers: &mut dyn Iterator<Item = f64>| numbers.sum::<f64>();
    let count = |all: &mut dyn Iterator<Item = &Did>| all.count() as f64;
    let income = || mine().map(|did| did.revenue as f64 / 10_000.0).sum::<f64>();
    let engaged: Vec<&Did> = within
        .iter()
        .copied()
        .filter(|did| did.name == "engagement" && meets(did) && keys(did, filter, group).contains(&key))
        .collect();
    match metric {
        "visitors" => Some(people(mine())),
        "pageviews" => Some(count(&mut mine().filter(|did| did.name == "pageview"))),
        "events" => Some(count(&mut mine())),
        "revenue" => Some(income()),
        "average_revenue" => quotient(income(), count(&mut mine().filter(|did| did.revenue != 0))),
        "events_per_visitor" => quotient(count(&mut mine()), people(mine())),
        "percentage" => quotient(100.0 * people(mine()), people(counted().filter(|did| meets(did)))),
        "conversion_rate" => quotient(100.0 * people(mine()), people(counted().filter(|did| others(did)))),
        "group_conversion_rate" => {
            let of_key = |did: &&Did| group == Some("event:goal") || keys(did, filter, group).contains(&key);
            quotient(100.0 * people(mine()), people(counted().filter(|did| others(did)).filter(of_key)))
        }
        "time_on_page" => {
            let ms = engaged.iter().map(|did| f64::from(did.ms)).sum::<f64>();
            quotient(ms / 1000.0, people(engaged.iter().copied()))
        }
        "scroll_depth" => {
            let mut deepest: BTreeMap<u64, u8> = BTreeMap::new();
            for did in engaged.iter().filter(|did| did.depth > 0) {
                let held = deepest.entry(did.who).or_default();
                *held = did.depth.max(*held);
            }
            quotient(deepest.values().map(|depth| f64::from(*depth)).sum(), deepest.len() as f64)
        }
        "sum:event:props:seats" => Some(sum(&mut mine().filter_map(number))),
        "average:event:props:seats" => quotient(
            sum(&mut mine().filter_map(number)),
            count(&mut mine().filter(|did| number(did).is_some())),
        ),
        "seats_per_buyer" => quotient(sum(&mut buying().filter_map(number)), people(buying())),
        "pro_share" => quotient(count(&mut mine().filter(|did| did.plan == "pro")), count(&mut mine())),
        "buyers" => Some(people(buying())),
        "income_per_seat" => quotient(income(), sum(&mut mine().filter_map(number))),
        "sum:event:props:nothing" => Some(0.0),
        "goal" => Some(count(&mut mine().filter(|did| did.goals().contains(&"Read")))),
        other => panic!("{other}"),
    }
}

/// A rule that is counted here, what it is of, and its windows in minutes.
fn rules() -> impl Strategy<Value = (&'static str, usize, usize, i64)> {
    let metric = prop::sample::select(METRICS.to_vec());
    (metric, 0..FILTERS.len(), 0..GROUPS.len(), prop::sample::select(vec![1_i64, 5, 60])).prop_filter(
        "a rule that there is",
        |(metric, filter, group, minutes)| {
            let (filter, group) = (*filter, GROUPS[*group]);
            let plain = filter == 0 && group.is_none();
            let people = !matches!(
                *metric,
                "pageviews"
                    | "events"
                    | "revenue"
                    | "average_revenue"
                    | "pro_share"
                    | "income_per_seat"
                    | "goal"
            ) && !metric.contains(':');
            let windows = *minutes != 5 || !people;
            windows
                && match *metric {
                    "visitors" | "pageviews" | "events" | "revenue" | "events_per_visitor" => !plain,
                    "percentage" => group.is_some(),
                    "conversion_rate" | "group_conversion_rate" => {
                        filter == 1 || filter == 4 || group == Some("event:goal")
                    }
                    "time_on_page" | "scroll_depth" => {
                        (filter == 2 || group == Some("page")) && group != Some("event:goal")
                    }
                    _ => true,
                }
        },
    )
}

fn did() -> impl Strategy<Value = Did> {
    let names = vec!["pageview", "pageview", "buy", "buy", "signup", "engagement", "engagement"];
    let one = |of: &[&'static str]| prop::sample::select(of.to_vec());
    let what = (prop::sample::select(names), one(&["/", "/a", "/b"]), one(&["", "DE", "FR"]));
    let with = (one(&["", "pro", "free"]), one(&["", "1", "2.5", "-3", "1e1", "many"]));
    let revenue = prop_oneof![2 => Just(0_i64), 1 => -50_000_i64..90_000];
    (0_i64..120, 1_u64..5, what, with, revenue, (0_u8..=100, 0_u32..9_000)).prop_map(
        |(minute, who, (name, page, country), (plan, seats), revenue, (depth, ms))| {
            let engaged = name == "engagement";
            let (depth, ms) = if engaged { (depth / 30 * 30, ms) } else { (0, 0) };
            let revenue = if engaged { 0 } else { revenue };
            Did { minute, who, name, page, country, plan, seats, revenue, depth, ms }
        },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        18 => did().prop_map(Step::Did),
        1 => (1_u64..5).prop_map(Step::Erased),
        1 => Just(Step::Restarted),
    ]
}

/// What is counted, live or read back.
struct World {
    tallies: Tallies,
    sites: Sites,
    seen: Seen,
    cells: Cells,
}

impl World {
    fn count(&mut self, all: &[Did]) {
        let mut counts = Counts::default();
        for event in all.iter().map(Did::event) {
            let fact = Fact {
                site: SITE,
                ts: event.ts.0,
                visitor: event.visitor,
                revenue: event.revenue,
                currency: &event.currency,
                scroll_depth: event.scroll_depth,
                engagement_ms: event.engagement_ms,
            };
            self.tallies.count(fact, &event, &self.sites, &mut counts, &mut self.seen);
        }
        counts.onto(&self.cells).iter().for_each(|cell| self.cells.set(cell));
    }

    fn read(&mut self, all: &[Did]) {
        (self.seen, self.cells) = (Seen::default(), Cells::default());
        self.count(all);
    }
}

fn asked(metric: &str, filter: usize, group: usize, minutes: i64) -> Value {
    let filters: Value = serde_json::from_str(FILTERS[filter].0).expect("filters");
    let mut asked = json!({ "filters": filters, "window": format!("{minutes}m") });
    match metric {
        "goal" => {
            asked["query"] = json!({ "metrics": ["events"] });
            let about = json!(["is", "event:goal", ["Read"]]);
            asked["filters"].as_array_mut().expect("a list").push(about);
        }
        metric => asked["metric"] = json!(metric),
    }
    if let Some(by) = GROUPS[group] {
        asked["group_by"] = json!(by);
    }
    asked
}

fn agrees(rule: &Rule, cells: &Cells, key: &str, span: Span, want: Option<f64>) -> Result<(), String> {
    let got = measured(rule, cells, &Key::from(key), span);
    let same = match (got, want) {
        (Some(got), Some(want)) => (got - want).abs() < 1e-9 * want.abs().max(1.0),
        (got, want) => got == want,
    };
    if same { Ok(()) } else { Err(format!("`{key}` at {}: {got:?}, not {want:?}", span.from)) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(768), ..ProptestConfig::default() })]

    /// Every metric, filtered and grouped, with events that come late, erasures and restarts.
    #[test]
    fn events_are_counted_as_if_all_of_them_were_looked_at(
        epochs in prop::collection::vec(prop::collection::vec(steps(), 0..6), 1..20),
        (metric, filter, group, minutes) in rules(),
    ) {
        let (sites, mut tallies) = (sites(), Tallies::default());
        let by = GROUPS[group];
        // A filter on one goal more leaves that one where it is divided by goals.
        let only = |did: &Did| metric != "goal" || did.goals().contains(&"Read");
        let rule = resolve(&mut tallies, &sites, &vocabulary(), &asked(metric, filter, group, minutes));
        let rule = rule.expect("a rule");
        let mut world = World { tallies, sites, seen: Seen::default(), cells: Cells::default() };
        let mut all: Vec<Did> = Vec::new();
        for steps in &epochs {
            let mut new = Vec::new();
            let mut reread = false;
            for step in steps {
                match step {
                    Step::Did(did) => new.push(*did),
                    Step::Erased(who) => {
                        all.retain(|did| did.who != *who);
                        new.retain(|did| did.who != *who);
                        reread = true;
                    }
                    Step::Restarted => reread = true,
                }
            }
            all.extend(&new);
            if reread { world.read(&all) } else { world.count(&new) }
            let keys: BTreeSet<&str> = all.iter().flat_map(|did| keys(did, filter, by)).collect();
            for key in keys {
                if metric == "goal" && by == Some("event:goal") && (filter == 1 || key != "Read") {
                    continue;
                }
                let grain = rule.measure.grain(rule.window);
                for window in 0..120 / minutes {
                    let from = START + window * minutes * 60;
                    let inside = |did: &&Did| (0..minutes).contains(&(did.minute - window * minutes));
                    let within: Vec<&Did> = all.iter().filter(inside).filter(|did| only(did)).collect();
                    let span = Span { grain, from, to: from + minutes * 60 };
                    let want = naive(metric, filter, by, key, &within);
                    let told = agrees(&rule, &world.cells, key, span, want);
                    prop_assert!(told.is_ok(), "{told:?}");
                }
            }
        }
    }
}

#[test]
fn what_does_not_add_up_is_refused_by_name() {
    let (sites, mut tallies) = (sites(), Tallies::default());
    let mut refused = |rule: Value| resolve(&mut tallies, &sites, &vocabulary(), &rule).expect_err("refused");
    for percentile in ["p90", "p95:event:props:seats", "median:event:props:seats"] {
        let error = refused(json!({ "metric": percentile }));
        assert!(error.field == "metric" && error.reason.contains("percentile"), "{error}");
        assert!(error.hint.is_some_and(|hint| hint.contains("share")));
    }
    assert!(refused(json!({ "metric": "max:event:props:seats" })).reason.contains("greatest"));
    assert!(refused(json!({ "metric": "mean_share" })).reason.contains("mean"));
    assert_eq!(refused(json!({ "metric": "seats_per_buyer" })).field, "window", "people are not added up");
    let pages = refused(json!({ "metric": "scroll_depth", "window": "1h" }));
    assert!(pages.reason.contains("is of pages") && pages.hint.is_some(), "{pages}");
    assert_eq!(refused(json!({ "metric": "percentage", "window": "1h" })).field, "group_by");
    let entry = json!([["is", "visit:entry_page", ["/"]]]);
    let visits = refused(json!({ "metric": "buyers", "window": "1h", "filters": entry }));
    assert!(visits.reason.contains("began or ended on"), "{visits}");
    let unknown = refused(json!({ "query": { "metrics": ["seats_per_byer"] } }));
    assert_eq!(unknown.field, "query.metrics");
    assert!(unknown.hint.is_some_and(|hint| hint.contains("sum:event:props:seats")));
    assert_eq!(refused(json!({ "metric": "events", "group_by": "user:os" })).field, "group_by");
}
