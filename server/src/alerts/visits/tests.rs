use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use opentrace_alerts::evaluate::{Cells, measured};
use opentrace_alerts::series::{Grain, Key};
use opentrace_events::Sites;
use opentrace_query::Vocabulary;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tally::{Counts, NONE, Tallies};
use super::super::testing::{resolve, sites};
use super::*;

const SITE: SiteId = SiteId(1);
/// A whole hour, in milliseconds since 1970.
const START: i64 = 1_772_366_400_000;
const GAP: i64 = 30 * 60_000;
const PAGES: [&str; 3] = ["/", "/a", "/b"];
const SOURCES: [&str; 3] = ["", "Google", "Bing"];

/// Something that a visitor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Did {
    at: i64,
    page: usize,
    source: usize,
    revenue: i64,
}

/// What an epoch brings: events at any time, and people who are erased.
#[derive(Clone, Debug)]
enum Step {
    Did(u64, Did),
    Erased(u64),
}

type Named = BTreeMap<(i64, u64), SessionRow>;

/// The visits of everybody, cut as they are defined: a pause of more than half an hour ends one.
fn visits(people: &BTreeMap<u64, BTreeSet<Did>>) -> Named {
    let mut visits = Named::new();
    for (visitor, did) in people {
        let did: Vec<&Did> = did.iter().collect();
        for visit in did.chunk_by(|a, b| b.at - a.at <= GAP) {
            let (first, last) = (visit[0], visit[visit.len() - 1]);
            let row = SessionRow {
                site_id: SITE.0,
                start: first.at,
                visitor: *visitor,
                end: last.at,
                entry_page: PAGES[first.page].into(),
                exit_page: PAGES[last.page].into(),
                pageviews: visit.len() as u32,
                events: visit.len() as u32,
                bounce: visit.len() == 1,
                duration_ms: (last.at - first.at) as u64,
                revenue: visit.iter().map(|did| did.revenue).sum(),
                visit: Arc::new(Visit { source: SOURCES[first.source].into(), ..Visit::default() }),
                ..SessionRow::default()
            };
            visits.insert((first.at, *visitor), row);
        }
    }
    visits
}

/// Every epoch: the visits there are, what it changes, and the newest row of each as it is stored.
#[derive(Default)]
struct History {
    visits: Vec<Named>,
    changes: Vec<Vec<SessionChange>>,
    stored: Vec<Named>,
}

fn history(epochs: &[Vec<Step>]) -> History {
    let mut people: BTreeMap<u64, BTreeSet<Did>> = BTreeMap::new();
    let mut history = History::default();
    let (mut was, mut stored) = (Named::new(), Named::new());
    for (epoch, steps) in (0..).zip(epochs) {
        for step in steps {
            match step {
                Step::Did(visitor, did) => drop(people.entry(*visitor).or_default().insert(*did)),
                Step::Erased(visitor) => drop(people.remove(visitor)),
            }
        }
        let is = visits(&people);
        let names: BTreeSet<_> = was.keys().chain(is.keys()).copied().collect();
        let mut changes = Vec::new();
        for name in names.into_iter().filter(|name| was.get(name) != is.get(name)) {
            let (before, after) = (was.get(&name).cloned(), is.get(&name).cloned());
            let gone = SessionRow::tombstone(SITE.0, name.0, name.1, epoch);
            stored.insert(name, after.clone().map_or(gone, |row| SessionRow { epoch, ..row }));
            changes.push(SessionChange { epoch, before, after });
        }
        was.clone_from(&is);
        history.visits.push(is);
        history.changes.push(changes);
        history.stored.push(stored.clone());
    }
    history
}

/// What is counted, live or read back.
struct World {
    tallies: Tallies,
    sites: Sites,
    visits: Visits,
    cells: Cells,
}

impl World {
    fn count(&mut self, changes: &[SessionChange]) {
        let mut counts = Counts::default();
        for (row, sign) in self.visits.moved(changes.iter()) {
            let holds = |series, start| self.visits.holds(series, start);
            self.tallies.count_visit(row, sign, holds, &self.sites, &mut counts);
        }
        counts.onto(&self.cells).iter().for_each(|cell| self.cells.set(cell));
    }

    /// Reads everything back from what is stored, of which epochs up to `epoch` were committed.
    fn read(&mut self, stored: &Named, epoch: Epoch, from: i64) {
        (self.visits, self.cells) = (Visits::default(), Cells::default());
        let (mut counts, mut in_doubt) = (Counts::default(), InDoubt::default());
        for row in stored.values().filter(|row| row.start >= from * 1000) {
            if in_doubt.is_known(row, epoch) && row.deleted == 0 {
                self.tallies.count_visit(row, 1, |_, _| true, &self.sites, &mut counts);
            }
        }
        self.visits.in_doubt.replace(SITE, from, in_doubt);
        self.visits.read_from(self.tallies.visits(SITE), from);
        counts.onto(&self.cells).iter().for_each(|cell| self.cells.set(cell));
    }
}

type Meets = fn(&SessionRow) -> bool;
type Groups = fn(&SessionRow) -> &str;

const FILTERS: [(&str, Meets); 4] = [
    ("[]", |_| true),
    (r#"[["is", "visit:source", ["Google", "Direct / None"]]]"#, |row| row.visit.source != "Bing"),
    (r#"[["is_not", "event:page", ["/b"]], ["contains", "visit:exit_page", ["/"]]]"#, |row| {
        &*row.entry_page != "/b"
    }),
    (r#"[["or", [["is", "visit:exit_page", ["/a"]], ["not", ["is", "visit:source", ["Bing"]]]]]]"#, |row| {
        &*row.exit_page == "/a" || row.visit.source != "Bing"
    }),
];
const GROUPS: [(Option<&str>, Groups); 4] = [
    (None, |_| ""),
    (Some("source"), |row| if row.visit.source.is_empty() { NONE } else { &row.visit.source }),
    (Some("page"), |row| &row.entry_page),
    (Some("visit:exit_page"), |row| &row.exit_page),
];

/// The number of a metric by its definition; `None` where there is nothing to divide by.
fn naive(metric: &str, of: &[&SessionRow]) -> Option<f64> {
    let sum = |value: fn(&SessionRow) -> i64| of.iter().map(|row| value(row)).sum::<i64>() as f64;
    let per_visit = |value: f64| (!of.is_empty()).then_some(value / of.len() as f64);
    let revenue = sum(|row| row.revenue) / opentrace_events::money::SCALE as f64;
    match metric {
        "visits" => Some(of.len() as f64),
        "pageviews" => Some(sum(|row| i64::from(row.pageviews))),
        "events" => Some(sum(|row| i64::from(row.events))),
        "total_revenue" => Some(revenue),
        "bounce_rate" => per_visit(sum(|row| i64::from(row.bounce)) * 100.0),
        "visit_duration" => per_visit(sum(|row| row.duration_ms as i64) / 1000.0),
        "views_per_visit" => per_visit(sum(|row| i64::from(row.pageviews))),
        "revenue_per_visit" => per_visit(revenue),
        other => panic!("{other}"),
    }
}

fn metrics() -> impl Strategy<Value = (&'static str, usize, usize)> {
    let whole = ["visits", "bounce_rate", "visit_duration", "views_per_visit", "revenue_per_visit"];
    let any = (prop::sample::select(whole.to_vec()), 0_usize..4, 0_usize..4);
    // Without what only visits have these are of events.
    let by_exit = (prop::sample::select(vec!["pageviews", "events", "total_revenue"]), 0_usize..4, Just(3));
    prop_oneof![3 => any, 1 => by_exit]
        .prop_filter("a rule of the site as a whole is the dataflow's", |chosen| {
            (chosen.1, chosen.2) != (0, 0)
        })
}

fn steps() -> impl Strategy<Value = Step> {
    let did = (0_i64..180, 0_usize..3, 0_usize..3, prop_oneof![3 => Just(0_i64), 1 => -500_i64..5_000]);
    let did = did.prop_map(|(minute, page, source, revenue)| {
        // Within a minute the page decides the order, so that nothing happens at one moment in two ways.
        let at = START + minute * 60_000 + (page * 3 + source) as i64 * 1_000;
        Did { at, page, source, revenue }
    });
    prop_oneof![9 => (1_u64..5, did).prop_map(|(who, did)| Step::Did(who, did)), 1 => (1_u64..5).prop_map(Step::Erased)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(512), ..ProptestConfig::default() })]

    /// Late events that lengthen, join and cut visits, erasures, and restarts in the middle of a commit.
    #[test]
    fn visits_are_counted_as_if_all_of_them_were_looked_at(
        epochs in prop::collection::vec(prop::collection::vec(steps(), 0..5), 2..30),
        (metric, filter, group) in metrics(),
        restarts in prop::collection::btree_map(0_usize..30, (0_usize..4, prop::sample::select(vec![0_i64, 3_600])), 0..4),
    ) {
        let history = history(&epochs);
        let (sites, mut tallies) = (sites(), Tallies::default());
        let ((filters, meets), (by, of)) = (FILTERS[filter], GROUPS[group]);
        let mut asked = json!({ "metric": metric, "filters": serde_json::from_str::<Value>(filters).expect("filters") });
        if let Some(by) = by {
            asked["group_by"] = json!(by);
        }
        let rule = resolve(&mut tallies, &sites, &Vocabulary::default(), &asked).expect("a rule");
        let mut world = World { tallies, sites, visits: Visits::default(), cells: Cells::default() };
        let mut from = START / 1000;
        world.read(&Named::new(), 0, from);
        for epoch in 0..epochs.len() {
            world.count(&history.changes[epoch]);
            if let Some((ahead, late)) = restarts.get(&epoch) {
                from = START / 1000 + late;
                let stored = &history.stored[(epoch + ahead).min(epochs.len() - 1)];
                world.read(stored, epoch as Epoch, from);
            }
            if (epoch as Epoch) < world.visits.in_doubt.until() {
                continue; // Rules over visits wait.
            }
            let there: Vec<&SessionRow> = history.visits[epoch].values().filter(|row| meets(row)).collect();
            let keys: BTreeSet<&str> = there.iter().map(|row| of(row)).chain([""]).collect();
            for key in keys.into_iter().filter(|key| by.is_none() == key.is_empty()) {
                for window in 0..36 {
                    let begin = START / 1000 + window * 300;
                    if begin < from {
                        continue;
                    }
                    let within = |row: &&&SessionRow| {
                        of(row) == key && (begin * 1000..(begin + 300) * 1000).contains(&row.start)
                    };
                    let within: Vec<&SessionRow> = there.iter().filter(within).copied().collect();
                    let span = opentrace_alerts::rule::Span { grain: Grain::Minute, from: begin, to: begin + 300 };
                    let got = measured(&rule, &world.cells, &Key::from(key), span);
                    let want = naive(metric, &within);
                    let same = match (got, want) {
                        (Some(got), Some(want)) => (got - want).abs() < 1e-9,
                        (got, want) => got == want,
                    };
                    prop_assert!(same, "{key} at {begin}: {got:?}, not {want:?}");
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_watched_is_named() {
    let (sites, mut tallies) = (sites(), Tallies::default());
    let mut refused =
        |rule: Value| resolve(&mut tallies, &sites, &Vocabulary::default(), &rule).expect_err("refused");
    let goal = json!([["is", "event:goal", ["signup"]]]);
    let by_goal = refused(json!({ "metric": "bounce_rate", "filters": goal }));
    assert_eq!(by_goal.field, "filters[0]");
    assert!(by_goal.reason.contains("`event:goal` is of single events"), "{by_goal}");
    assert!(by_goal.hint.is_some_and(|hint| hint.contains("visit:*") && hint.contains("conversion_rate")));
    let by_name = refused(json!({ "metric": "visits", "group_by": "event:props:plan" }));
    assert_eq!(by_name.field, "group_by");
    let people = refused(json!({ "metric": "visitors", "window": "1h", "group_by": "entry_page" }));
    assert!(people.field == "metric" && people.hint.is_some_and(|hint| hint.contains("visits")));
    let spread = refused(json!({ "metric": "events_per_visitor", "group_by": "page" }));
    assert_eq!(spread.field, "window", "people cannot be added up");
    let wrong = refused(json!({ "metric": "visits", "group_by": "contry" }));
    assert!(wrong.field == "group_by" && wrong.hint.is_some(), "{:?}", wrong.reason);
}
