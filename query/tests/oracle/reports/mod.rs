//! Retention, funnels and journeys against a recomputation over the list of events: from views, from
//! events, filtered and divided.

mod funnel;
mod journeys;
mod retention;

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use jiff::civil::Date;
use opentrace_events::DefinitionId;
use opentrace_events::define::{Definition, Order, Period};
use opentrace_query::limits::Budget;
use opentrace_query::report::Reporting;
use opentrace_query::{Asking, Views};
use serde::Serialize;
use serde_json::{Value, json};

use crate::AT_ONCE;
use crate::engine::Engine;
use crate::history::{Event, History};

type Test = fn(&Event) -> bool;

/// What an event is called where a report is divided.
type Label = fn(&History, &Event) -> &'static str;

const COUNTRY: Label = |_, event| event.visit.country;
const SOURCE: Label = |history, event| history.session_of(event).expect("a visit").visit.source;

/// Every way to answer a report about events. One about visits may also have to make them.
const WAYS: [Views; 2] = [Views::Use, Views::Avoid];

pub(crate) async fn equal_the_recomputation(engine: &Engine, history: &History) {
    let first = history.start.checked_add(jiff::Span::new().days(2)).expect("a day");
    let last = history.start.checked_add(jiff::Span::new().days(9)).expect("a day");
    let dates = [[first, last], [history.start, last], [first, first]];
    let about = dates.map(|dates| Reports { engine, history, dates });
    let mut asked = Vec::new();
    for reports in &about {
        for period in [Period::Day, Period::Week, Period::Month] {
            asked.push(reports.retention(period).boxed_local());
        }
        for funnel in &funnel::FUNNELS {
            for order in [Order::Ordered, Order::Strict, Order::Any] {
                for window in ["20m", "2d"] {
                    asked.push(reports.funnel(funnel, order, window).boxed_local());
                }
            }
        }
        asked.push(reports.journeys().boxed_local());
    }
    stream::iter(asked).buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// Reports about some days of a history.
struct Reports<'a> {
    engine: &'a Engine,
    history: &'a History,
    dates: [Date; 2],
}

impl Reports<'_> {
    fn reporting<'a>(&'a self, views: Views, kept: &'a [Definition]) -> Reporting<'a> {
        let (client, site, now) = (&self.engine.client, &self.history.site, self.history.now);
        Reporting { asking: Asking { client, site, now, views, goals: &[], budget: Budget::default() }, kept }
    }

    /// A request for `body` and `rest` about the days.
    fn request(&self, body: &Value, rest: Value) -> Value {
        let mut body = body.clone();
        body["site_id"] = json!("a");
        body["date_range"] = json!(self.dates);
        for (key, value) in rest.as_object().expect("an object") {
            body[key] = value.clone();
        }
        body
    }
}

/// Compares a report that is divided with what is said of everybody and of each group.
fn same_when_divided(got: &Value, key: &str, want: &dyn Fn(Option<&str>) -> Value, about: &str) {
    assert_eq!(got[key], want(None), "{about}");
    for group in got["breakdown"].as_array().expect("groups") {
        let name = group["dimensions"][0].as_str().expect("a name");
        let label = if ["(not set)", "Direct / None"].contains(&name) { "" } else { name };
        assert_eq!(group[key], want(Some(label)), "{name}, {about}");
    }
}

fn written(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).expect("JSON")
}

/// Numbers of definitions, which are different for every one that is kept.
fn number() -> DefinitionId {
    static NEXT: AtomicU32 = AtomicU32::new(1_000);
    DefinitionId(NEXT.fetch_add(1, Ordering::Relaxed))
}
