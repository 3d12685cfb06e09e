//! Makes request bodies, fast enough not to be what is measured.
//!
//! What an event is about is taken from a pool that is written to JSON once; only id, time and
//! person are put in front of it anew. People come, view some pages and leave, so that a run has as
//! many visitors and visits as real traffic would.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use super::pace::Shape;
use crate::cli::CliError;
use crate::cli::r#gen::endless;

/// Events in the pool.
const POOL: usize = 4_096;
/// Any fixed number: the pool of every run is the same.
const SEED: u64 = 1;
/// Page views of a visit, on average.
const VIEWS: f64 = 5.0;
/// The share of events that are late, and by how much at most.
const LATE: f64 = 0.2;
const LATEST_MS: i64 = 48 * 3_600_000;

/// What all senders share.
#[derive(Debug)]
pub(super) struct Pool {
    /// User agents as JSON strings.
    agents: Vec<String>,
    /// Events without id, time and person, from the first key to the line's end.
    tails: Vec<Box<[u8]>>,
}

impl Pool {
    pub(super) fn new(site: &str) -> Result<Self, CliError> {
        let mut pool = Self { agents: Vec::new(), tails: Vec::new() };
        for event in endless(SEED, site).take(POOL) {
            let event = serde_json::to_value(event)
                .map_err(|source| CliError::because("cannot write an event", source))?;
            pool.add(event);
        }
        Ok(pool)
    }

    fn add(&mut self, mut event: Value) {
        let Some(fields) = event.as_object_mut() else { return };
        // The country of a random address is looked up: that belongs to what is measured.
        for key in ["id", "ts", "ip", "country"] {
            fields.remove(key);
        }
        if let Some(agent) = fields.remove("user_agent") {
            self.agents.push(agent.to_string());
        }
        let text = event.to_string();
        let tail = text.strip_prefix('{').unwrap_or(&text);
        self.tails.push(format!(",{tail}\n").into_bytes().into());
    }
}

/// The bodies of one sender.
#[derive(Debug)]
pub(super) struct Bodies {
    pool: Arc<Pool>,
    random: SmallRng,
    /// People on the site.
    people: Vec<u32>,
    late: bool,
    /// Bytes of the last body, to ask for enough memory at once.
    size: usize,
}

impl Bodies {
    /// Bodies with this many people on the site at once.
    pub(super) fn new(pool: Arc<Pool>, people: u32, shape: Shape) -> Self {
        let mut random = SmallRng::from_os_rng();
        let people = (0..people.max(1)).map(|_| random.random()).collect();
        Self { pool, random, people, late: shape == Shape::Late, size: 0 }
    }

    /// The next request's body: `events` events that happen now.
    pub(super) fn next(&mut self, events: u32) -> Bytes {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let mut body = Vec::with_capacity(self.size + self.size / 8);
        for _ in 0..events {
            self.event(now, &mut body);
        }
        self.size = body.len();
        body.into()
    }

    fn event(&mut self, now: i64, body: &mut Vec<u8>) {
        let place = self.random.random_range(0..self.people.len());
        let person = self.people[place];
        if self.random.random_bool(1.0 / VIEWS) {
            self.people[place] = self.random.random();
        }
        let late = self.late && self.random.random_bool(LATE);
        let ts = if late { now - self.random.random_range(0..LATEST_MS) } else { now };
        let id = uuid::Builder::from_random_bytes(self.random.random()).into_uuid();
        let [a, b, c, d] = person.to_be_bytes();
        let agent = &self.pool.agents[person as usize % self.pool.agents.len()];
        let tail = &self.pool.tails[self.random.random_range(0..self.pool.tails.len())];
        // Writing to a `Vec` cannot fail.
        let _ = write!(
            body,
            r#"{{"id":"{id}","ts":{ts},"ip":"{}.{b}.{c}.{d}","user_agent":{agent}"#,
            1 + a % 223
        );
        body.extend_from_slice(tail);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_line_is_an_event_of_now_and_no_id_comes_twice() {
        let pool = Arc::new(Pool::new("a.example").expect("a pool"));
        let mut bodies = Bodies::new(pool, 50, Shape::Late);
        let mut ids = HashSet::new();
        let mut late = 0;
        for _ in 0..4 {
            let body = bodies.next(250);
            let text = std::str::from_utf8(&body).expect("UTF-8");
            assert_eq!(text.lines().count(), 250);
            for line in text.lines() {
                let event: Value = serde_json::from_str(line).expect("JSON");
                assert_eq!(event["site"], "a.example");
                assert!(
                    event["ip"].as_str().is_some_and(|ip| ip.parse::<std::net::Ipv4Addr>().is_ok()),
                    "{line}"
                );
                assert!(event["name"].is_string() && event["user_agent"].is_string());
                let age = jiff::Timestamp::now().as_millisecond() - event["ts"].as_i64().expect("a time");
                late += i32::from(age > 60_000);
                ids.insert(event["id"].to_string());
            }
        }
        assert_eq!(ids.len(), 1_000);
        assert!((100..300).contains(&late), "{late} of 1000 are late");
    }
}
