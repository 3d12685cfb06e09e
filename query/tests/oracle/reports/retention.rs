//! Who comes back, said over the list of events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use opentrace_events::define::{Definition, Period};
use opentrace_query::report::{self, Retention};
use opentrace_query::{Kind, Views, Vocabulary, define};
use serde_json::{Value, json};

use super::{COUNTRY, Label, Reports, SOURCE, WAYS, number, same_when_divided, written};
use crate::history::{Event, History};

/// People by the first day of their cohort and the number of periods after it; -1 for all of them.
type Cells = BTreeMap<(Date, i64), BTreeSet<u64>>;

/// What people of the definition start with, and what they come back for.
const SIGNUP: [&[&str]; 2] = [&["signup"], &["pageview", "Purchase"]];

impl Reports<'_> {
    pub(super) async fn retention(&self, period: Period) {
        let name = match period {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        };
        let definition = json!({"start_event": "signup", "period": name,
            "return_event": {"filters": [["is", "event:name", ["pageview", "Purchase"]]]}});
        let (all, labels) = cells(self.history, period, SIGNUP, &|_| true, COUNTRY);
        let want =
            |cells: &Cells, of: Option<&str>| shown(self.history, self.dates, period, cells, &labels, of);
        let (kept, empty) = self.kept_retention(&definition, &all).await;
        let ask_of = async |definition: &Value, views, kept, rest| {
            let request: Retention =
                report::retention(&self.request(definition, rest), &Vocabulary::default()).expect("a report");
            written(self.reporting(views, kept).retention(&request).await.expect("an answer"))
        };

        let ask = async |views, kept, rest| ask_of(&definition, views, kept, rest).await;

        for views in WAYS {
            let got = ask(views, &kept, json!({})).await;
            assert_eq!(got["cohorts"], want(&all, None), "{views:?} {name} {:?}", self.dates);
        }
        // A view of another definition is empty: so it is the view that answers.
        assert_eq!(ask(Views::Use, &empty, json!({})).await["cohorts"], json!([]));

        let filtered = json!({"filters": [["is", "event:props:plan", ["free", "(none)"]]]});
        let got = ask(Views::Use, &kept, filtered).await;
        let some = cells(self.history, period, SIGNUP, &|event| event.plan != "Pro", COUNTRY).0;
        assert_eq!(got["cohorts"], want(&some, None), "filtered {name}");

        let got = ask(Views::Use, &kept, json!({"dimensions": ["visit:country"]})).await;
        same_when_divided(&got, "cohorts", &|of| want(&all, of), name);

        // Where people came from is what their visit says, whatever the event came with.
        let rest = json!({"dimensions": ["visit:source"],
            "filters": [["is_not", "visit:source", ["t.co"]], ["is", "event:props:plan", ["free", "(none)"]]]});
        let got = ask(Views::Use, &kept, rest).await;
        let keep = |event: &Event| SOURCE(self.history, event) != "t.co" && event.plan != "Pro";
        let (some, sources) = cells(self.history, period, SIGNUP, &keep, SOURCE);
        let of_source = |of: Option<&str>| shown(self.history, self.dates, period, &some, &sources, of);
        same_when_divided(&got, "cohorts", &of_source, "by source");

        // Who starts with what they come back for.
        let again = json!({"start_event": "pageview", "return_event": "pageview", "period": name});
        let (all, labels) = cells(self.history, period, [&["pageview"]; 2], &|_| true, COUNTRY);
        let want = |of: Option<&str>| shown(self.history, self.dates, period, &all, &labels, of);
        let got = ask_of(&again, Views::Use, &kept, json!({})).await;
        assert_eq!(got["cohorts"], want(None), "again {name} {:?}", self.dates);
        let got = ask_of(&again, Views::Use, &kept, json!({"dimensions": ["visit:country"]})).await;
        same_when_divided(&got, "cohorts", &want, name);
    }

    /// Keeps what a definition came to, and one like it of which nothing is kept.
    async fn kept_retention(&self, definition: &Value, cells: &Cells) -> ([Definition; 1], [Definition; 1]) {
        let (id, site) = (number(), self.history.site.id);
        let rows = cells.iter().map(|((cohort, offset), people)| {
            json!({"site_id": site.0, "definition": id.0, "cohort": cohort, "offset": offset, "origin": 1,
                "people": people.len(), "epoch": 7, "deleted": 0})
        });
        self.engine.insert("v_retention", rows.collect()).await;
        let spec = define(Kind::Retention, definition).expect("a definition").spec;
        let kept = Definition { id, site, spec };
        let empty = Definition { id: number(), ..kept.clone() };
        ([kept], [empty])
    }
}

/// The cells of the events that `keep` leaves, and what each person's start is called. They start with
/// events of the first names and come back for those of the second.
fn cells(
    history: &History,
    period: Period,
    [start, back]: [&[&str]; 2],
    keep: &dyn Fn(&Event) -> bool,
    label: Label,
) -> (Cells, BTreeMap<u64, &'static str>) {
    let mut cells = Cells::new();
    let mut labels = BTreeMap::new();
    let mut cohorts: BTreeMap<u64, Date> = BTreeMap::new();
    for event in history.events.iter().filter(|event| event.counts() && keep(event)) {
        let at = first_day(history, period, history.local(event.ts).date());
        if start.contains(&event.name) && !cohorts.contains_key(&event.visitor) {
            cohorts.insert(event.visitor, at);
            labels.insert(event.visitor, label(history, event));
            cells.entry((at, -1)).or_default().insert(event.visitor);
        }
        if let Some(cohort) = cohorts.get(&event.visitor)
            && back.contains(&event.name)
        {
            cells.entry((*cohort, periods(period, *cohort, at))).or_default().insert(event.visitor);
        }
    }
    (cells, labels)
}

/// The cohorts that the days show, of everybody or of those from one country.
fn shown(
    history: &History,
    dates: [Date; 2],
    period: Period,
    cells: &Cells,
    labels: &BTreeMap<u64, &'static str>,
    of: Option<&str>,
) -> Value {
    let count = |people: &BTreeSet<u64>| {
        people.iter().filter(|visitor| of.is_none_or(|of| labels.get(visitor) == Some(&of))).count()
    };
    let (first, last) = (first_day(history, period, dates[0]), first_day(history, period, dates[1]));
    let cohorts: BTreeSet<Date> = cells.keys().map(|(cohort, _)| *cohort).collect();
    let cohorts = cohorts.into_iter().filter(|cohort| (first..=dates[1]).contains(cohort)).map(|cohort| {
        let cell = |offset| cells.get(&(cohort, offset)).map_or(0, count);
        let values: Vec<_> = (0..=periods(period, cohort, last)).map(cell).collect();
        json!({"cohort": cohort, "size": cell(-1), "values": values})
    });
    cohorts.filter(|cohort| cohort["size"] != 0).collect()
}

fn first_day(history: &History, period: Period, date: Date) -> Date {
    match period {
        Period::Day => date,
        Period::Week => history.week(date),
        Period::Month => date.first_of_month(),
    }
}

/// How many periods lie between two first days.
fn periods(period: Period, from: Date, to: Date) -> i64 {
    let days = i64::from((to - from).get_days());
    match period {
        Period::Day => days,
        Period::Week => days / 7,
        Period::Month => {
            i64::from(i32::from(to.year()) - i32::from(from.year())) * 12
                + i64::from(to.month() - from.month())
        }
    }
}
