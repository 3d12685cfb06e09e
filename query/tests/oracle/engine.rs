//! The engine under test and the tables in it.

use std::collections::BTreeMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use bytes::Bytes;
use clickhouse::Client;
use opentrace_events::SiteId;
use opentrace_query::limits::Budget;
use opentrace_query::{Answer, Asking, Goal, Query, QueryError, Views};
use opentrace_store::{Store, StoreConfig};
use serde_json::{Value, json};

use crate::history::{Event, History, Session, risk};

pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) client: Client,
    /// Removed with the engine's data when dropped.
    _folder: tempfile::TempDir,
}

pub(crate) async fn start() -> Engine {
    let folder = tempfile::tempdir().expect("a folder");
    let config = match std::env::var("OPENTRACE_TEST_CLICKHOUSE") {
        Ok(url) => elsewhere(url).await,
        Err(_) => StoreConfig::embedded(folder.path()),
    };
    let store = Store::open(config).expect("a store");
    store.ready().await.expect("tables");
    // Thousands of small questions at once: compiling each would take longer than answering it.
    let client = store.client().with_setting("compile_expressions", "0").with_setting("max_threads", "1");
    Engine { client, store, _folder: folder }
}

/// A database of its own on a server.
async fn elsewhere(url: String) -> StoreConfig {
    let database = format!("opentrace_query_test_{}", std::process::id());
    let client = Client::default().with_url(&url);
    client.query(&format!("CREATE DATABASE {database}")).execute().await.expect("a database");
    StoreConfig::Url { url, user: "default".to_owned(), password: String::new(), database }
}

impl Engine {
    /// Days by one attribute. People stand on a row for each day before on which they came with the same
    /// value, everything else on the row of those who never did.
    async fn fill_days(&self, history: &History) {
        const NEVER: &str = "1900-01-01";
        let (mut stale, mut rows, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut came: BTreeMap<(&str, &str, u64), String> = BTreeMap::new();
        for ((dimension, value, date), day) in history.days() {
            let mut people = BTreeMap::from([(NEVER.to_owned(), 0)]);
            for visitor in &day.people {
                let before = came.insert((dimension, value, *visitor), date.to_string());
                *people.entry(before.unwrap_or_else(|| NEVER.to_owned())).or_insert(0) += 1;
            }
            let hash =
                std::hash::BuildHasher::hash_one(&BuildHasherDefault::<DefaultHasher>::default(), value);
            for epoch in [3, 7] {
                values.push(
                    json!({"site_id": history.site.id.0, "hash": hash, "value": value, "epoch": epoch}),
                );
            }
            for (previous, visitors) in people {
                let mut row = json!({
                    "site_id": history.site.id.0, "calendar": history.site.calendar, "dimension": dimension,
                    "day": date, "hash": hash, "previous": previous, "origin": 0,
                    "visitors": visitors + 3, "epoch": 7, "deleted": 0,
                });
                if previous == NEVER {
                    row = with(
                        &row,
                        json!({
                            "visits": day.visits, "pageviews": day.pageviews, "events": day.events,
                            "bounces": day.bounces, "duration_ms": day.duration_ms, "revenue": day.revenue,
                        }),
                    );
                }
                stale.push(with(&row, json!({"visitors": 99, "visits": 99, "epoch": 3})));
                // Counted before the view was kept, and by a calendar that is gone.
                let history = json!({"visitors": -3, "visits": 0, "pageviews": 0, "events": 0, "bounces": 0,
                    "duration_ms": 0, "revenue": 0, "origin": 1, "epoch": 2});
                rows.push(with(&row, history));
                rows.push(with(&row, json!({"calendar": row["calendar"].as_u64().unwrap_or(0) + 1})));
                rows.push(row);
            }
        }
        self.insert("v_breakdowns", stale).await;
        self.insert("v_breakdowns", rows).await;
        self.insert("v_values", values).await;
    }

    /// Fills every table with the history, and the views also with versions that no longer hold.
    pub(crate) async fn fill(&self, history: &History) {
        let site = history.site.id.0;
        let events = history.events.iter().enumerate().map(|(place, event)| {
            let mut props = serde_json::Map::new();
            for (key, value) in [("plan", event.plan), ("a 'note'", event.note), ("note", event.note), ("load", event.load)] {
                if !value.is_empty() {
                    props.insert(key.to_owned(), value.into());
                }
            }
            json!({
                "site_id": site, "ts": time(event.ts), "received_at": time(event.ts), "visitor": event.visitor,
                "id": format!("00000000-0000-0000-0000-{place:012}"), "name": event.name,
                "interactive": event.interactive, "path": event.path, "hostname": event.hostname, "props": props,
                "source": event.visit.source, "country": event.visit.country, "os": event.visit.os,
                "browser": event.visit.browser, "city": event.visit.city, "user_id": event.user, "epoch": 7,
                "revenue": event.revenue, "currency": event.currency,
                "scroll_depth": event.scroll_depth, "engagement_ms": event.engagement_ms,
            })
        });
        self.insert("events", events.collect()).await;

        // What no longer holds is written first: within one write only the last version is kept.
        let mut stale = Vec::new();
        let mut traffic = Vec::new();
        for (second, minute) in history.minutes() {
            let row = json!({
                "site_id": site, "minute": second, "events": minute.events, "pageviews": minute.pageviews,
                "visitors": minute.visitors.len(), "sessions": minute.sessions, "bounces": minute.bounces,
                "duration_ms": minute.duration_ms, "revenue": minute.revenue, "epoch": 7, "deleted": 0,
            });
            stale.push(with(&row, json!({"events": 99, "sessions": 99, "epoch": 3})));
            // A minute that was withdrawn, a year earlier.
            let gone = json!({"minute": second - 31_536_000, "epoch": 3});
            stale.push(with(&row, gone.clone()));
            traffic.push(with(&with(&row, gone), json!({"epoch": 8, "deleted": 1})));
            traffic.push(row);
        }
        self.insert("v_traffic", stale).await;
        self.insert("v_traffic", traffic).await;

        let mut stale = Vec::new();
        let mut uniques = Vec::new();
        for ((period, start), people) in history.periods() {
            let row = json!({
                "site_id": site, "calendar": history.site.calendar, "period": period, "start": start,
                "visitors": people.len() as i64 + 3, "origin": 0, "epoch": 7, "deleted": 0,
            });
            stale.push(with(&row, json!({"visitors": 99, "epoch": 3})));
            // Counted before the definition came into force, and by a calendar that is gone.
            uniques.push(with(&row, json!({"visitors": -3, "origin": 1, "epoch": 2})));
            uniques.push(with(&row, json!({"calendar": history.site.calendar + 1})));
            uniques.push(row);
        }
        self.insert("v_uniques", stale).await;
        self.insert("v_uniques", uniques).await;

        self.fill_days(history).await;

        let mut stale = Vec::new();
        let mut sessions = Vec::new();
        for session in &history.sessions {
            let row = json!({
                "site_id": site, "start": time(session.start), "end": time(session.end), "visitor": session.visitor,
                "entry_page": session.entry_page, "exit_page": session.exit_page, "hostname": session.hostname,
                "pageviews": session.pageviews, "events": session.events, "bounce": session.bounce, "stops": session.stops,
                "duration_ms": session.end - session.start, "source": session.visit.source,
                "country": session.visit.country, "os": session.visit.os, "browser": session.visit.browser,
                "city": session.visit.city, "revenue": session.revenue, "epoch": 7, "deleted": 0,
            });
            // Not every visit carries its events.
            let row = if session.start / 1_000 % 6 == 0 { row } else { with(&row, acts(session)) };
            stale.push(with(
                &row,
                json!({"end": time(session.start), "events": 99, "country": "XX", "epoch": 3}),
            ));
            // A session that began later until an earlier event arrived.
            let later = json!({"start": time(session.start + 1), "epoch": 3});
            stale.push(with(&row, later.clone()));
            sessions.push(with(&with(&row, later), json!({"epoch": 7, "deleted": 1})));
            sessions.push(row);
        }
        self.insert("v_sessions", stale).await;
        self.insert("v_sessions", sessions).await;

        let mut stale = Vec::new();
        let (mut features, mut clusters, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        for (visitor, person) in &history.people {
            let row = json!({
                "site_id": site, "visitor": visitor, "first_seen": time(person.first_seen),
                "last_seen": time(person.last_seen), "sessions": person.visits, "first_source": person.first_source,
                "os": person.last_os, "epoch": 7, "deleted": 0,
            });
            stale.push(with(&row, json!({"first_source": "XX", "sessions": 99, "epoch": 3})));
            features.push(row);
            // A segment without a name is called by its number, and somebody may be in none.
            let (cluster, name) = if person.cluster == "3" { (3, "") } else { (1, person.cluster) };
            let of_nobody = u8::from(person.cluster.is_empty());
            if let Some((_, score)) = risk(person) {
                let said = json!({"site_id": site, "visitor": visitor, "model": "b", "kind": "churn", "score": score,
                    "epoch": 6, "deleted": 0});
                // Corrected; of a model that was there before; of another kind.
                scores.push(with(&said, json!({"score": 1.0 - score, "epoch": 5})));
                scores.push(with(&said, json!({"score": 0.5, "model": "c", "epoch": 4})));
                scores
                    .push(with(&said, json!({"score": 0.9, "model": "d", "kind": "conversion", "epoch": 7})));
                scores.push(said);
            }
            clusters.push(
                json!({"site_id": site, "visitor": visitor, "cluster": cluster, "name": name, "epoch": 7,
                "deleted": of_nobody}),
            );
        }
        self.insert("v_features", stale).await;
        self.insert("v_features", features).await;
        self.insert("visitor_clusters", clusters).await;
        self.insert("visitor_scores", scores).await;
    }

    /// A site with half a million events, which none of the others is.
    pub(crate) const CROWDED: SiteId = SiteId(99);

    pub(crate) async fn crowd(&self) {
        let query = "INSERT INTO events (site_id, ts, visitor, id, name, path, props, epoch) \
            SELECT 99, toDateTime64('2024-05-01 00:00:00', 3, 'UTC') + number, number, generateUUIDv4(), 'pageview', \
            concat('/', toString(number)), map('note', repeat('ab', 1 + number % 40)), 7 FROM numbers(500000)";
        self.client.query_raw(query).execute().await.expect("a crowd");
    }

    /// The names of all tables, and how many rows with what in them each has.
    pub(crate) async fn everything(&self) -> Vec<(String, u64, u64)> {
        // What a merge does to rows that no longer count is no change.
        let tables = "SELECT concat(name, if(engine LIKE 'Replacing%', ' FINAL', '')) FROM system.tables \
                      WHERE database = currentDatabase() AND engine != 'View' ORDER BY name";
        let tables: Vec<String> = self.client.query(tables).fetch_all().await.expect("names");
        let mut all = Vec::with_capacity(tables.len());
        for table in tables {
            let query = format!("SELECT count(), sum(cityHash64(*)) FROM {table}");
            let (rows, sum) = self.client.query(&query).fetch_one::<(u64, u64)>().await.expect("sums");
            all.push((table, rows, sum));
        }
        all
    }

    /// Asks about a site on which goals are defined.
    pub(crate) async fn ask(
        &self,
        history: &History,
        goals: &[Goal],
        query: &Query,
        views: Views,
    ) -> Result<Answer, QueryError> {
        let (client, site, now) = (&self.client, &history.site, history.now);
        Asking { client, site, now, views, goals, budget: Budget::default() }.answer(query).await
    }

    pub(crate) async fn insert(&self, table: &str, rows: Vec<Value>) {
        let body: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let mut insert = self.client.insert_formatted_with(format!("INSERT INTO {table} FORMAT JSONEachRow"));
        insert.send(Bytes::from(body)).await.expect("rows");
        insert.end().await.expect("rows");
    }
}

fn with(row: &Value, changes: Value) -> Value {
    let mut row = row.clone();
    for (key, value) in changes.as_object().expect("changes") {
        row[key] = value.clone();
    }
    row
}

/// As the store reads a `DateTime64(3)`.
fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).expect("an instant").strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// What a visit carries of its events.
fn acts(session: &Session) -> Value {
    let list = |of: &dyn Fn(&Event) -> Value| session.acts.iter().map(of).collect::<Value>();
    json!({
        "acts_whole": true, "acts_ts": list(&|act| time(act.ts).into()), "acts_name": list(&|act| act.name.into()),
        "acts_path": list(&|act| act.path.into()), "acts_revenue": list(&|act| act.revenue().into()),
    })
}
