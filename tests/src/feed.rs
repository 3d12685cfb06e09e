//! Events for the program under test, the clients that send them until they are taken, and what the
//! program says of them afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::program::client;
use crate::tally::{self, Day, Sent};
use crate::{Program, Site};

const DAY_MS: i64 = 86_400_000;

/// How events are sent.
#[derive(Clone, Debug)]
pub struct Manner {
    pub clients: usize,
    /// Events of one request.
    pub batch: usize,
    /// Pause of each client between two batches.
    pub pause: Duration,
    /// Whether people are known by name, so that what they do on several days belongs together.
    pub identified: bool,
}

/// Clients under way.
#[derive(Debug)]
pub struct Clients {
    running: Vec<JoinHandle<()>>,
    done: Arc<AtomicUsize>,
}

/// Events of three recent days between 01:00 and 22:00 UTC, so that no session crosses midnight,
/// in any order.
pub fn history(count: usize) -> Vec<Sent> {
    let mut rng = StdRng::seed_from_u64(42);
    let today = now_ms().div_euclid(DAY_MS);
    (0..count)
        .map(|_| {
            let day = today - rng.random_range(1..=3);
            let name = if rng.random_bool(0.8) { "pageview" } else { "signup" };
            Sent {
                id: uuid::Uuid::from_u128(rng.random()).to_string(),
                name,
                ts: day * DAY_MS + rng.random_range(3_600_000..22 * 3_600_000),
                person: rng.random_range(0..3_000),
                path: format!("/page/{}", rng.random_range(0..200)),
            }
        })
        .collect()
}

impl Clients {
    /// Starts to send: each client its share of the events in batches, each until it is accepted,
    /// some twice.
    pub fn start(url: &str, site: &Site, sent: &[Sent], manner: &Manner) -> Self {
        let sent: Arc<[Sent]> = sent.into();
        let done = Arc::new(AtomicUsize::new(0));
        let start = |number| {
            let (sent, done, url) = (Arc::clone(&sent), Arc::clone(&done), url.to_owned());
            tokio::spawn(send_share(number, url, site.clone(), sent, manner.clone(), done))
        };
        Self { running: (0..manner.clients).map(start).collect(), done }
    }

    /// Whether any of them still has something to send.
    pub fn are_sending(&self) -> bool {
        self.done.load(Ordering::Relaxed) < self.running.len()
    }

    /// Lets them send no more.
    pub fn stop(self) {
        self.running.iter().for_each(JoinHandle::abort);
    }

    /// Waits until everything is accepted.
    pub async fn finish(self) {
        for client in self.running {
            client.await.expect("a client ends");
        }
    }
}

async fn send_share(
    number: usize,
    url: String,
    site: Site,
    sent: Arc<[Sent]>,
    manner: Manner,
    done: Arc<AtomicUsize>,
) {
    let http = client();
    let mut rng = StdRng::seed_from_u64(number as u64);
    let share: Vec<&Sent> = sent.iter().skip(number).step_by(manner.clients).collect();
    for batch in share.chunks(manner.batch) {
        let body = Value::Array(batch.iter().map(|event| native(event, &site, &manner)).collect());
        send_until_accepted(&http, &url, &site, &body).await;
        if rng.random_bool(0.1) {
            send_until_accepted(&http, &url, &site, &body).await;
        }
        tokio::time::sleep(manner.pause).await;
    }
    done.fetch_add(1, Ordering::Relaxed);
}

fn native(event: &Sent, site: &Site, manner: &Manner) -> Value {
    let mut native = json!({
        "id": event.id, "site": site.domain, "name": event.name, "ts": event.ts,
        "url": format!("https://{}{}", site.domain, event.path),
        "ip": format!("93.184.{}.{}", event.person / 250, 1 + event.person % 250),
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    });
    if manner.identified {
        native["user_id"] = json!(format!("person-{}", event.person));
        native["props"] = json!({"plan": if event.person.is_multiple_of(3) { "pro" } else { "free" }});
        native["revenue"] = json!({"amount": event.person % 7, "currency": "USD"});
    }
    native
}

async fn send_until_accepted(http: &reqwest::Client, url: &str, site: &Site, body: &Value) {
    for _ in 0..2_000 {
        let request = http.post(format!("{url}/api/v1/events")).bearer_auth(&site.key).json(body);
        match request.send().await {
            Ok(answer) if answer.status().as_u16() == 202 => {
                let answer: Value = answer.json().await.expect("JSON");
                assert_eq!(answer["rejected"], json!([]), "{answer}");
                return;
            }
            Ok(answer) => assert!(answer.status().is_server_error(), "{:?}", answer.status()),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a batch was never accepted");
}

/// What the program says of each day; days without events are left out.
pub async fn counted_days(program: &Program, site: &Site) -> BTreeMap<i64, Day> {
    let query = json!({
        "site_id": site.domain, "date_range": "30d", "dimensions": ["time:day"],
        "metrics": ["visitors", "visits", "pageviews", "events"],
    });
    let answer = program.query(query).await;
    let rows = answer["results"].as_array().expect("rows");
    rows.iter()
        .map(|row| {
            let metric = |i: usize| row["metrics"][i].as_u64().expect("a count");
            let day = Day { visitors: metric(0), visits: metric(1), pageviews: metric(2), events: metric(3) };
            (day_number(row["dimensions"][0].as_str().expect("a day")), day)
        })
        .filter(|(_, day)| *day != Day::default())
        .collect()
}

/// What the program says of each page: page views, most first, ties by path. The host is asked about so
/// that raw events answer.
pub async fn counted_pages(program: &Program, site: &Site) -> Vec<(String, u64)> {
    let query = json!({
        "site_id": site.domain, "date_range": "30d", "dimensions": ["event:page"], "metrics": ["pageviews"],
        "filters": [["is", "event:name", ["pageview"]], ["is_not", "event:hostname", ["of nobody"]]],
        "pagination": {"limit": 1000, "offset": 0},
    });
    let answer = program.query(query).await;
    let rows = answer["results"].as_array().expect("rows");
    let mut pages: Vec<(String, u64)> = rows
        .iter()
        .map(|row| {
            let path = row["dimensions"][0].as_str().expect("a path");
            (path.to_owned(), row["metrics"][0].as_u64().expect("a count"))
        })
        .collect();
    pages.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    pages
}

/// Waits until everything is in every view; then what was sent is what is counted, by the views and by
/// the program's own recomputation.
pub async fn check(program: &Program, site: &Site, sent: &[Sent]) {
    program.settle().await;
    let counted = counted_days(program, site).await;
    assert_eq!(counted, tally::days(sent), "{}", program.get("/api/v1/status").await.1);
    assert_eq!(counted_pages(program, site).await, tally::pages(sent));
    let (code, said) = verify(program);
    assert_eq!(code, 0, "{said}");
}

/// What `opentrace verify` ends with and says.
pub fn verify(program: &Program) -> (i32, String) {
    let (code, out, err) = program.command(&["verify"]);
    (code, format!("{out}\n{err}"))
}

fn day_number(date: &str) -> i64 {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().expect("a number"));
    let (year, month, day) =
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    // Days from civil, Howard Hinnant's algorithm.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("fits")
}
