//! Retention, funnels and journeys against a recomputation over the list of events, from views and
//! from events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use opentrace_events::define::{Definition, Order, Period, Spec};
use opentrace_events::{DefinitionId, Timestamp};
use opentrace_query::report::{self, Reporting};
use opentrace_query::{Asking, Kind, Range, Views, Vocabulary, define, parse};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::history::{Event, History};

type Test = fn(&Event) -> bool;

/// A definition as it is written, and what it means.
struct Funnel {
    steps: Value,
    tests: &'static [Test],
}

const FUNNELS: [fn() -> Funnel; 2] = [
    || Funnel {
        steps: json!([{"page": "/blog**"}, "signup", "Purchase"]),
        tests: &[
            |event| event.name == "pageview" && event.path.starts_with("/blog"),
            |event| event.name == "signup",
            |event| event.name == "Purchase",
        ],
    },
    || Funnel {
        steps: json!(["pageview", {"event": "signup", "filters": [["is_not", "event:props:plan", ["free"]]]}]),
        tests: &[|event| event.name == "pageview", |event| event.name == "signup" && event.plan != "free"],
    },
];

pub(crate) async fn equal_the_recomputation(engine: &Engine, history: &History) {
    let first = history.start.checked_add(jiff::Span::new().days(2)).expect("a day");
    let last = history.start.checked_add(jiff::Span::new().days(9)).expect("a day");
    for dates in [[first, last], [history.start, last], [first, first]] {
        for period in [Period::Day, Period::Week, Period::Month] {
            retention(engine, history, dates, period).await;
        }
        for funnel in FUNNELS {
            for order in [Order::Ordered, Order::Strict, Order::Any] {
                for window in ["20m", "2d"] {
                    passages(engine, history, dates, &funnel(), order, window).await;
                }
            }
        }
        journeys(engine, history, dates).await;
    }
}

fn range_of(history: &History, dates: [Date; 2]) -> Range {
    let query = json!({"site_id": "a", "metrics": ["visitors"], "date_range": dates});
    let query = parse::from_value(&query).expect("a query");
    Range::resolve(&query.date_range, &history.site, history.now, None).expect("a range")
}

fn reporting<'a>(
    engine: &'a Engine,
    history: &'a History,
    views: Views,
    kept: &'a [Definition],
) -> Reporting<'a> {
    let asking = Asking { client: &engine.client, site: &history.site, now: history.now, views, goals: &[] };
    Reporting { asking, kept }
}

/// Numbers of definitions, which are different for every one that is kept.
fn number() -> DefinitionId {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1_000);
    DefinitionId(NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn retention(engine: &Engine, history: &History, dates: [Date; 2], period: Period) {
    let name = match period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
    };
    let start: Test = |event| event.name == "signup";
    let back: Test = |event| event.name == "pageview" || event.name == "Purchase";
    let definition = json!({"start_event": "signup", "period": name,
        "return_event": {"filters": [["is", "event:name", ["pageview", "Purchase"]]]}});
    let first_day = |date: Date| match period {
        Period::Day => date,
        Period::Week => history.week(date),
        Period::Month => date.first_of_month(),
    };
    let periods = |from: Date, to: Date| match period {
        Period::Day => i64::from((to - from).get_days()),
        Period::Week => i64::from((to - from).get_days() / 7),
        Period::Month => {
            i64::from((i32::from(to.year()) - i32::from(from.year())) * 12)
                + i64::from(to.month() - from.month())
        }
    };

    let cells = |keep: &dyn Fn(&Event) -> bool| {
        let mut cells: BTreeMap<(Date, i64), BTreeSet<u64>> = BTreeMap::new();
        let mut labels: BTreeMap<u64, &'static str> = BTreeMap::new();
        let mut cohorts: BTreeMap<u64, Date> = BTreeMap::new();
        for event in history.events.iter().filter(|event| event.counts() && keep(event)) {
            let at = first_day(history.local(event.ts).date());
            if start(event) && !cohorts.contains_key(&event.visitor) {
                cohorts.insert(event.visitor, at);
                labels.insert(event.visitor, event.visit.country);
                cells.entry((at, -1)).or_default().insert(event.visitor);
            }
            if let Some(cohort) = cohorts.get(&event.visitor)
                && back(event)
            {
                cells.entry((*cohort, periods(*cohort, at))).or_default().insert(event.visitor);
            }
        }
        (cells, labels)
    };
    let (all, labels) = cells(&|_| true);
    let shown = |cells: &BTreeMap<(Date, i64), BTreeSet<u64>>, of: Option<&str>| -> Value {
        let count = |people: &BTreeSet<u64>| {
            people.iter().filter(|visitor| of.is_none_or(|of| labels.get(visitor) == Some(&of))).count()
        };
        let cohorts = cells.keys().map(|(cohort, _)| *cohort).collect::<BTreeSet<_>>();
        let cohorts = cohorts.into_iter().filter(|cohort| (first_day(dates[0])..=dates[1]).contains(cohort));
        let cohorts = cohorts.map(|cohort| {
            let cell = |offset| cells.get(&(cohort, offset)).map_or(0, count);
            let values: Vec<_> = (0..=periods(cohort, first_day(dates[1]))).map(cell).collect();
            json!({"cohort": cohort, "size": cell(-1), "values": values})
        });
        cohorts.filter(|cohort| cohort["size"] != 0).collect()
    };

    // What is kept, told apart by where it came from.
    let definition_number = number();
    let rows = all.iter().map(|((cohort, offset), people)| {
        json!({"site_id": history.site.id.0, "definition": definition_number.0, "cohort": cohort,
            "offset": offset, "origin": 1, "people": people.len(), "epoch": 7, "deleted": 0})
    });
    engine.insert("v_retention", rows.collect()).await;
    let spec = define(Kind::Retention, &definition).expect("a definition").spec;
    let kept = [Definition { id: definition_number, site: history.site.id, spec }];

    let ask = |rest: Value| {
        let mut body = definition.clone();
        body["site_id"] = json!("a");
        body["date_range"] = json!(dates);
        for (key, value) in rest.as_object().expect("an object") {
            body[key] = value.clone();
        }
        report::retention(&body, &Vocabulary::default()).expect("a report")
    };
    for views in [Views::Use, Views::Avoid] {
        let got = reporting(engine, history, views, &kept).retention(&ask(json!({}))).await;
        let got = serde_json::to_value(got.expect("an answer")).expect("JSON");
        assert_eq!(got["cohorts"], shown(&all, None), "{views:?} {name} {dates:?}");
    }
    // A view of another definition is empty: so it is the view that answers.
    let empty = [Definition { id: number(), ..kept[0].clone() }];
    let got = reporting(engine, history, Views::Use, &empty).retention(&ask(json!({}))).await;
    assert!(got.expect("an answer").cohorts.is_empty());

    let filters = json!({"filters": [["is", "event:props:plan", ["free", "(none)"]]]});
    let got = reporting(engine, history, Views::Use, &kept).retention(&ask(filters)).await;
    let got = serde_json::to_value(got.expect("an answer")).expect("JSON");
    assert_eq!(got["cohorts"], shown(&cells(&|event| event.plan != "Pro").0, None), "filtered {name}");

    let divided = ask(json!({"dimensions": ["visit:country"]}));
    let got = reporting(engine, history, Views::Use, &kept).retention(&divided).await;
    let got = serde_json::to_value(got.expect("an answer")).expect("JSON");
    assert_eq!(got["cohorts"], shown(&all, None), "divided {name}");
    for group in got["breakdown"].as_array().expect("groups") {
        let country = group["dimensions"][0].as_str().expect("a name");
        let country = if country == "(not set)" { "" } else { country };
        assert_eq!(group["cohorts"], shown(&all, Some(country)), "{country} {name}");
    }
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

async fn passages(
    engine: &Engine,
    history: &History,
    dates: [Date; 2],
    funnel: &Funnel,
    order: Order,
    window: &str,
) {
    let word = match order {
        Order::Ordered => "ordered",
        Order::Strict => "strict",
        Order::Any => "any",
    };
    let definition = json!({"steps": funnel.steps, "window": window, "order": word});
    let spec = define(Kind::Funnel, &definition).expect("a definition").spec;
    let Spec::Funnel { window_ms, ref steps, .. } = spec else { panic!("a funnel") };
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();

    // The furthest entry of each person and day, of those that `keep` leaves.
    let passages = |keep: &dyn Fn(&Event) -> bool| {
        let mut found: BTreeMap<(u64, Date), (i64, Vec<u32>, &'static str)> = BTreeMap::new();
        let mut people: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
        for event in history.events.iter().filter(|event| event.counts() && keep(event)) {
            people.entry(event.visitor).or_default().push(event);
        }
        for (visitor, acts) in people {
            for (entry, act) in acts.iter().enumerate() {
                let seconds = reach(&acts, entry, funnel.tests, order, window_ms);
                let best = found.entry((visitor, history.local(act.ts).date())).or_default();
                if seconds.len() > best.1.len() {
                    *best = (act.ts, seconds, act.visit.country);
                }
            }
        }
        found.retain(|_, (_, seconds, _)| !seconds.is_empty());
        found
    };
    type Passages = BTreeMap<(u64, Date), (i64, Vec<u32>, &'static str)>;
    let shown = |passages: &Passages, of: Option<&str>| -> Value {
        let mut best: BTreeMap<u64, (Vec<u32>, &str)> = BTreeMap::new();
        for ((visitor, day), (_, seconds, country)) in passages {
            if (dates[0]..=dates[1]).contains(day) {
                let best = best.entry(*visitor).or_default();
                if seconds.len() > best.0.len() {
                    *best = (seconds.clone(), country);
                }
            }
        }
        best.retain(|_, (_, country)| of.is_none_or(|of| of == *country));
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
            json!({"name": name, "visitors": taken.len(),
                "rate": (rate * 100.0).round_ties_even() / 100.0, "median_seconds": median})
        });
        steps.collect()
    };

    let all = passages(&|_| true);
    let id = number();
    let rows = all.iter().map(|((visitor, day), (entered, seconds, _))| {
        let entered = jiff::Timestamp::from_millisecond(*entered).expect("an instant");
        json!({"site_id": history.site.id.0, "definition": id.0, "day": day, "visitor": visitor,
            "entered": entered.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(), "seconds": seconds, "epoch": 7,
            "deleted": 0})
    });
    engine.insert("v_funnels", rows.collect()).await;
    let kept = [Definition { id, site: history.site.id, spec: spec.clone() }];
    let ask = |rest: Value| {
        let mut body = definition.clone();
        body["site_id"] = json!("a");
        body["date_range"] = json!(dates);
        for (key, value) in rest.as_object().expect("an object") {
            body[key] = value.clone();
        }
        report::funnel(&body, &Vocabulary::default()).expect("a report")
    };
    for views in [Views::Use, Views::Avoid] {
        let got = reporting(engine, history, views, &kept).funnel(&ask(json!({}))).await;
        let got = serde_json::to_value(got.expect("an answer")).expect("JSON");
        assert_eq!(got["steps"], shown(&all, None), "{views:?} {word} {window} {dates:?}");
    }
    let filters = json!({"filters": [["is_not", "visit:os", ["Mac"]]]});
    let got = reporting(engine, history, Views::Use, &kept).funnel(&ask(filters)).await;
    let got = serde_json::to_value(got.expect("an answer")).expect("JSON");
    assert_eq!(got["steps"], shown(&passages(&|event| event.visit.os != "Mac"), None), "filtered {word}");

    let divided = ask(json!({"dimensions": ["visit:country"]}));
    let got = reporting(engine, history, Views::Use, &kept).funnel(&divided).await;
    let got = serde_json::to_value(got.expect("an answer")).expect("JSON");
    assert_eq!(got["steps"], shown(&all, None), "divided {word}");
    for group in got["breakdown"].as_array().expect("groups") {
        let country = group["dimensions"][0].as_str().expect("a name");
        let country = if country == "(not set)" { "" } else { country };
        assert_eq!(group["steps"], shown(&all, Some(country)), "{country} {word}");
    }
}

async fn journeys(engine: &Engine, history: &History, dates: [Date; 2]) {
    let range = range_of(history, dates);
    let within = |ts: i64| (range.from..range.to).contains(&Timestamp(ts));
    let links = |country: Option<&str>, signed: bool| -> Value {
        let mut links: BTreeMap<(u64, &str, &str), u64> = BTreeMap::new();
        for session in history.sessions.iter().filter(|session| within(session.start)) {
            let done = || history.events_of(session).any(|event| event.name == "signup");
            if country.is_none_or(|country| session.visit.country == country) && (!signed || done()) {
                for (place, pair) in session.stops.windows(2).take(3).enumerate() {
                    *links.entry((place as u64 + 1, pair[0], pair[1])).or_default() += 1;
                }
            }
        }
        let mut links: Vec<_> = links.into_iter().collect();
        links.sort_by_key(|((step, from, to), visits)| (std::cmp::Reverse(*visits), *step, *from, *to));
        links.truncate(40);
        links
            .into_iter()
            .map(|((step, from, to), visits)| json!({"from": from, "to": to, "step": step, "visits": visits}))
            .collect()
    };
    let ask = |rest: Value| {
        let mut body = json!({"site_id": "a", "date_range": dates, "depth": 3, "limit": 40});
        for (key, value) in rest.as_object().expect("an object") {
            body[key] = value.clone();
        }
        let ask = report::journeys(&body, &Vocabulary::default()).expect("a report");
        async move {
            let got = reporting(engine, history, Views::Use, &[]).journeys(&ask).await;
            serde_json::to_value(got.expect("an answer")).expect("JSON")
        }
    };
    assert_eq!(ask(json!({})).await["links"], links(None, false));
    let signed = json!({"filters": [["is", "event:goal", ["signup"]]]});
    assert_eq!(ask(signed).await["links"], links(None, true));
    let got = ask(json!({"dimensions": ["visit:country"]})).await;
    assert_eq!(got["links"], links(None, false));
    for group in got["breakdown"].as_array().expect("groups") {
        let country = group["dimensions"][0].as_str().expect("a name");
        let country = if country == "(not set)" { "" } else { country };
        assert_eq!(group["links"], links(Some(country), false), "{country}");
    }
}
