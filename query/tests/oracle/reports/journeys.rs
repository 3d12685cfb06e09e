//! Which way visits go, said over the list of visits.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use opentrace_events::Timestamp;
use opentrace_query::report::{self, Journeys};
use opentrace_query::{DateRange, Range, Views, Vocabulary};
use serde_json::{Value, json};

use super::{Reports, same_when_divided, written};

impl Reports<'_> {
    pub(super) async fn journeys(&self) {
        let body = json!({"depth": 3, "limit": 40});
        let ask = async |views, rest| {
            let request: Journeys =
                report::journeys(&self.request(&body, rest), &Vocabulary::default()).expect("a report");
            written(self.reporting(views, &[]).journeys(&request).await.expect("an answer"))
        };
        for views in [Views::Use, Views::Avoid, Views::Never] {
            assert_eq!(ask(views, json!({})).await["links"], self.links(None, false), "{views:?}");
            let signed = json!({"filters": [["is", "event:goal", ["signup"]]]});
            assert_eq!(ask(views, signed).await["links"], self.links(None, true), "signed up, {views:?}");
            let got = ask(views, json!({"dimensions": ["visit:country"]})).await;
            same_when_divided(&got, "links", &|of| self.links(of, false), "journeys");
        }
    }

    /// The links of visits of everybody or from one country, of all or of those with a signup.
    fn links(&self, country: Option<&str>, signed: bool) -> Value {
        let (history, [first, last]) = (self.history, self.dates);
        let range = Range::resolve(&DateRange::Dates(first, last), &history.site, history.now, None);
        let range = range.expect("a range");
        let within = |ts: i64| (range.from..range.to).contains(&Timestamp(ts));
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
        links.sort_by_key(|((step, from, to), visits)| (Reverse(*visits), *step, *from, *to));
        links.truncate(40);
        let written = links.into_iter().map(
            |((step, from, to), visits)| json!({"from": from, "to": to, "step": step, "visits": visits}),
        );
        written.collect()
    }
}
