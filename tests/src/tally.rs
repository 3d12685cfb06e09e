//! An independent count: what the views must say of a list of events, computed the plain way.

use std::collections::{BTreeMap, BTreeSet};

/// An event as the test sent it.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: String,
    pub name: &'static str,
    /// Milliseconds since 1970.
    pub ts: i64,
    /// Stands for one address and browser.
    pub person: u32,
    pub path: String,
}

/// What one day of one site comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    pub visitors: u64,
    pub visits: u64,
    pub pageviews: u64,
    pub events: u64,
}

const GAP_MS: i64 = 30 * 60 * 1000;
const DAY_MS: i64 = 86_400_000;

/// Per UTC day: visitors, visits (by the day of their start), page views and events.
pub fn days(sent: &[Sent]) -> BTreeMap<i64, Day> {
    let mut days: BTreeMap<i64, Day> = BTreeMap::new();
    let mut seen: BTreeSet<(i64, u32)> = BTreeSet::new();
    let mut by_person: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for event in sent {
        let day = event.ts.div_euclid(DAY_MS);
        let of_day = days.entry(day).or_default();
        of_day.events += 1;
        of_day.pageviews += u64::from(event.name == "pageview");
        of_day.visitors += u64::from(seen.insert((day, event.person)));
        by_person.entry(event.person).or_default().push(event.ts);
    }
    for mut times in by_person.into_values() {
        times.sort_unstable();
        let mut last = i64::MIN / 2;
        for ts in times {
            if ts - last > GAP_MS {
                days.entry(ts.div_euclid(DAY_MS)).or_default().visits += 1;
            }
            last = ts;
        }
    }
    days
}

/// Page views per path, most first, ties by path.
pub fn pages(sent: &[Sent]) -> Vec<(String, u64)> {
    let mut pages: BTreeMap<&str, u64> = BTreeMap::new();
    for event in sent.iter().filter(|event| event.name == "pageview") {
        *pages.entry(&event.path).or_default() += 1;
    }
    let mut pages: Vec<(String, u64)> = pages.into_iter().map(|(path, n)| (path.to_owned(), n)).collect();
    pages.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    pages
}
