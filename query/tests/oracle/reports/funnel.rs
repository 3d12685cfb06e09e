//! How far people get, said over the list of events.

use std::collections::BTreeMap;

use jiff::civil::Date;
use opentrace_events::define::{Definition, Order, Spec};
use opentrace_query::report::{self, Funnel as Request};
use opentrace_query::{Kind, Views, Vocabulary, define};
use serde_json::{Value, json};

use super::{COUNTRY, Label, Reports, SOURCE, Test, WAYS, number, same_when_divided, written};
use crate::history::{Event, History};

/// The steps as they are written, and what they mean.
pub(super) struct Funnel {
    steps: fn() -> Value,
    tests: &'static [Test],
}

pub(super) const FUNNELS: [Funnel; 2] = [
    Funnel {
        steps: || json!([{"page": "/blog**"}, "signup", "Purchase"]),
        tests: &[
            |event| event.name == "pageview" && event.path.starts_with("/blog"),
            |event| event.name == "signup",
            |event| event.name == "Purchase",
        ],
    },
    Funnel {
        steps: || json!(["pageview", {"event": "signup", "filters": [["is_not", "event:props:plan", ["free"]]]}]),
        tests: &[|event| event.name == "pageview", |event| event.name == "signup" && event.plan != "free"],
    },
];

/// The furthest entry of each person and day: when, seconds to each step, and what it is called.
type Passages = BTreeMap<(u64, Date), (i64, Vec<u32>, &'static str)>;

impl Reports<'_> {
    pub(super) async fn funnel(&self, funnel: &Funnel, order: Order, window: &str) {
        let word = match order {
            Order::Ordered => "ordered",
            Order::Strict => "strict",
            Order::Any => "any",
        };
        let definition = json!({"steps": (funnel.steps)(), "window": window, "order": word});
        let spec = define(Kind::Funnel, &definition).expect("a definition").spec;
        let Spec::Funnel { window_ms, ref steps, .. } = spec else { panic!("a funnel") };
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        let called_by = |keep: &dyn Fn(&Event) -> bool, label: Label| {
            passages(self.history, funnel.tests, order, window_ms, keep, label)
        };
        let passages = |keep: &dyn Fn(&Event) -> bool| called_by(keep, COUNTRY);
        let want = |passages: &Passages, of: Option<&str>| shown(self.dates, &names, passages, of);
        let all = passages(&|_| true);
        let kept = [self.kept_passages(spec.clone(), &all).await];
        let ask = async |views, rest| {
            let request: Request =
                report::funnel(&self.request(&definition, rest), &Vocabulary::default()).expect("a report");
            written(self.reporting(views, &kept).funnel(&request).await.expect("an answer"))
        };

        for views in WAYS {
            let got = ask(views, json!({})).await;
            assert_eq!(got["steps"], want(&all, None), "{views:?} {word} {window} {:?}", self.dates);
        }
        let got = ask(Views::Use, json!({"filters": [["is_not", "visit:os", ["Mac"]]]})).await;
        let some = passages(&|event| event.visit.os != "Mac");
        assert_eq!(got["steps"], want(&some, None), "filtered {word}");

        let got = ask(Views::Use, json!({"dimensions": ["visit:country"]})).await;
        same_when_divided(&got, "steps", &|of| want(&all, of), word);

        // Where people came from is what their visit says, whatever the event came with.
        let rest = json!({"dimensions": ["visit:source"], "filters": [["is_not", "visit:source", ["t.co"]],
            ["is_not", "visit:os", ["Mac"]], ["is", "event:props:plan", ["free", "(none)"]]]});
        let got = ask(Views::Use, rest).await;
        let keep = |event: &Event| {
            let visit = self.history.session_of(event).expect("a visit").visit;
            visit.source != "t.co" && visit.os != "Mac" && event.plan != "Pro"
        };
        let some = called_by(&keep, SOURCE);
        same_when_divided(&got, "steps", &|of| want(&some, of), "by source");
    }

    async fn kept_passages(&self, spec: Spec, passages: &Passages) -> Definition {
        let (id, site) = (number(), self.history.site.id);
        let rows = passages.iter().map(|((visitor, day), (entered, seconds, _))| {
            let entered = jiff::Timestamp::from_millisecond(*entered).expect("an instant");
            let entered = entered.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
            json!({"site_id": site.0, "definition": id.0, "day": day, "visitor": visitor, "entered": entered,
                "seconds": seconds, "epoch": 7, "deleted": 0})
        });
        self.engine.insert("v_funnels", rows.collect()).await;
        Definition { id, site, spec }
    }
}

/// The furthest entry of each person and day, of the events that `keep` leaves.
fn passages(
    history: &History,
    tests: &[Test],
    order: Order,
    window_ms: i64,
    keep: &dyn Fn(&Event) -> bool,
    label: Label,
) -> Passages {
    let mut found = Passages::new();
    let mut people: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
    for event in history.events.iter().filter(|event| event.counts() && keep(event)) {
        people.entry(event.visitor).or_default().push(event);
    }
    for (visitor, acts) in people {
        for (entry, act) in acts.iter().enumerate() {
            let seconds = reach(&acts, entry, tests, order, window_ms);
            let best = found.entry((visitor, history.local(act.ts).date())).or_default();
            if seconds.len() > best.1.len() {
                *best = (act.ts, seconds, label(history, act));
            }
        }
    }
    found.retain(|_, (_, seconds, _)| !seconds.is_empty());
    found
}

/// How far an entry gets, in seconds to each step; the definition said over a list.
fn reach(acts: &[&Event], entry: usize, tests: &[Test], order: Order, window: i64) -> Vec<u32> {
    let since = |act: &Event| ((act.ts - acts[entry].ts) / 1000) as u32;
    let within = |act: &&&Event| act.ts - acts[entry].ts <= window;
    match order {
        Order::Any => {
            if !tests.iter().any(|test| test(acts[entry])) {
                return Vec::new();
            }
            let first = |test: &Test| acts[entry..].iter().find(|act| test(act)).filter(within);
            let mut seconds: Vec<u32> = tests.iter().filter_map(first).map(|act| since(act)).collect();
            seconds.sort_unstable();
            seconds
        }
        _ if !tests[0](acts[entry]) => Vec::new(),
        Order::Strict => {
            let pairs = acts[entry..].iter().zip(tests);
            pairs.take_while(|(act, test)| within(act) && test(act)).map(|(act, _)| since(act)).collect()
        }
        Order::Ordered => {
            let mut seconds = vec![0];
            let mut place = entry;
            for test in &tests[1..] {
                let Some(next) = (place + 1..acts.len()).find(|next| test(acts[*next])) else { break };
                if acts[next].ts - acts[entry].ts > window {
                    break;
                }
                seconds.push(since(acts[next]));
                place = next;
            }
            seconds
        }
    }
}

/// The steps as the days show them, of everybody or of those who are called so.
fn shown(dates: [Date; 2], names: &[&str], passages: &Passages, of: Option<&str>) -> Value {
    let mut best: BTreeMap<u64, (Vec<u32>, &str)> = BTreeMap::new();
    for ((visitor, day), (_, seconds, label)) in passages {
        if (dates[0]..=dates[1]).contains(day) {
            let best = best.entry(*visitor).or_default();
            if seconds.len() > best.0.len() {
                *best = (seconds.clone(), label);
            }
        }
    }
    best.retain(|_, (_, label)| of.is_none_or(|of| of == *label));
    let entered = best.len() as f64;
    let steps = names.iter().enumerate().map(|(place, name)| {
        let mut taken: Vec<u32> =
            best.values().filter_map(|(seconds, _)| seconds.get(place).copied()).collect();
        taken.sort_unstable();
        let middle = |place: usize| f64::from(taken[place]);
        let median = match taken.len() {
            0 => Value::Null,
            n if n % 2 == 1 => json!(middle(n / 2)),
            n => json!((middle(n / 2 - 1) + middle(n / 2)) / 2.0),
        };
        let rate = if entered == 0.0 { 0.0 } else { taken.len() as f64 / entered * 100.0 };
        json!({"name": name, "visitors": taken.len(), "rate": (rate * 100.0).round_ties_even() / 100.0,
            "median_seconds": median})
    });
    steps.collect()
}
