//! The body of the fuzz target on requests that are broken at random, so that it runs with the other
//! tests; `query/fuzz` runs it for as long as somebody likes.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

include!("body.rs");

const SEEDS: [&str; 4] = [
    r#"{"site_id":"zq","metrics":["visitors","p95:event:props:zq"],"date_range":"7d","dimensions":["event:goal","time:day"]}"#,
    r#"{"site_id":"a","metrics":["bounce_rate"],"date_range":["2024-01-01","2024-02-01"],"filters":[["has_done",["is","event:page",["zq'"]]],["not",["matches","visit:os",["zq\\"]]]]}"#,
    r#"{"site_id":"a","metrics":["conversion_rate","total_revenue"],"date_range":"all","dimensions":["event:props:zq"],"filters":[["or",[["is","event:goal",["zq"]],["contains","visit:country_name",["zq"],{"case_sensitive":false}]]]],"order_by":[["total_revenue","asc"]]}"#,
    r#"{"site_id":"a","metrics":["scroll_depth","time_on_page"],"date_range":"24h","dimensions":["event:page"],"compare":"previous_period","include":{"total_rows":true},"pagination":{"limit":5,"offset":2}}"#,
];

#[test]
fn broken_requests_are_read_or_refused() {
    let mut random = StdRng::seed_from_u64(4);
    for seed in SEEDS {
        check(seed.as_bytes());
        assert!(opentrace_query::parse(seed.as_bytes()).is_ok(), "{seed}");
    }
    for _ in 0..20_000 {
        let mut bytes = SEEDS[random.random_range(0..SEEDS.len())].as_bytes().to_vec();
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..4) {
                0 => bytes[at] = random.random(),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"[]{}\",:0-\\z"[random.random_range(0..11)]),
                _ => {
                    let other = SEEDS[random.random_range(0..SEEDS.len())].as_bytes();
                    let from = random.random_range(0..other.len());
                    let to = (from + random.random_range(1..30)).min(other.len());
                    bytes.splice(at..at, other[from..to].iter().copied());
                }
            }
        }
        check(&bytes);
    }
}
