//! The bodies of the fuzz targets on requests that are broken at random, so that it runs with the other
//! tests; `query/fuzz` runs it for as long as somebody likes.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

include!("body.rs");
include!("reports.rs");

const QUERIES: [&str; 5] = [
    include_str!("../../fuzz/seeds/query/behaviour.json"),
    include_str!("../../fuzz/seeds/query/divided.json"),
    include_str!("../../fuzz/seeds/query/engagement.json"),
    include_str!("../../fuzz/seeds/query/goals.json"),
    include_str!("../../fuzz/seeds/query/people.json"),
];
const REPORTS: [&str; 6] = [
    include_str!("../../fuzz/seeds/reports/funnel.json"),
    include_str!("../../fuzz/seeds/reports/goal.json"),
    include_str!("../../fuzz/seeds/reports/journeys.json"),
    include_str!("../../fuzz/seeds/reports/metric.json"),
    include_str!("../../fuzz/seeds/reports/retention.json"),
    include_str!("../../fuzz/seeds/reports/segment.json"),
];

#[test]
fn broken_requests_are_read_or_refused() {
    for seed in QUERIES {
        assert!(opentrace_query::parse(seed.as_bytes()).is_ok(), "{seed}");
    }
    broken(&QUERIES, check);
}

#[test]
fn broken_reports_are_read_or_refused() {
    broken(&REPORTS, check_report);
}

/// Checks seeds, whole and with a few bytes of them changed at random.
fn broken(seeds: &[&str], check: impl Fn(&[u8])) {
    let mut random = StdRng::seed_from_u64(4);
    for seed in seeds {
        check(seed.as_bytes());
    }
    for _ in 0..20_000 {
        let mut bytes = seeds[random.random_range(0..seeds.len())].as_bytes().to_vec();
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..4) {
                0 => bytes[at] = random.random(),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"[]{}\",:0-\\z"[random.random_range(0..11)]),
                _ => {
                    let other = seeds[random.random_range(0..seeds.len())].as_bytes();
                    let from = random.random_range(0..other.len());
                    let to = (from + random.random_range(1..30)).min(other.len());
                    bytes.splice(at..at, other[from..to].iter().copied());
                }
            }
        }
        check(&bytes);
    }
}
