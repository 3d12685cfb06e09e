//! Exports page by page: every event once, in every format.

use std::collections::{BTreeMap, BTreeSet};

use opentrace_query::export::{Export, Page};
use opentrace_query::limits::Budget;
use opentrace_query::{Asking, Format, Views, Vocabulary};
use serde_json::Value;

use crate::engine::Engine;
use crate::history::History;
use crate::history_of;

pub(crate) async fn have_every_event_once(engine: &Engine) {
    let history = history_of(3);
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    let mut rows = 0;
    let mut cursor: Option<String> = None;
    for left in (0..).map(|page| history.events.len().saturating_sub(page * 100)) {
        let mut parts = vec![("limit", "100".to_owned())];
        parts.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let (page, text) = ask(engine, &history, &parts).await;
        assert_eq!(page.rows as usize, left);
        for line in String::from_utf8(text).expect("text").lines() {
            let row: Value = serde_json::from_str(line).expect("JSON");
            *names.entry(row["name"].as_str().expect("a name").to_owned()).or_default() += 1;
            assert!(ids.insert(row["id"].as_str().expect("an id").to_owned()), "{row}");
            assert!(row["ts"].as_str().is_some_and(|ts| ts.ends_with('Z')), "{row}");
            rows += 1;
        }
        cursor = page.next.map(|next| next.written());
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(rows, history.events.len());
    for (name, count) in names {
        assert_eq!(history.events.iter().filter(|event| event.name == name).count(), count, "{name}");
    }

    let filter = r#"[["is","event:props:plan",["Pro"]]]"#.to_owned();
    let (page, _) = ask(engine, &history, &[("filters", filter)]).await;
    assert_eq!(page.rows as usize, history.events.iter().filter(|event| event.plan == "Pro").count());

    let (_, csv) = ask(engine, &history, &[("format", "csv".to_owned()), ("limit", "3".to_owned())]).await;
    assert!(csv.starts_with(b"id,ts,"), "{}", String::from_utf8_lossy(&csv));
    let (_, parquet) = ask(engine, &history, &[("format", "parquet".to_owned())]).await;
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    let (_, arrow) = ask(engine, &history, &[("format", "arrow".to_owned())]).await;
    assert!(arrow.starts_with(&[0xff; 4]), "a stream begins with a continuation");
}

async fn ask(engine: &Engine, history: &History, parts: &[(&str, String)]) -> (Page, Vec<u8>) {
    let part = |name: &str| parts.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    let export = Export::read(part, &Vocabulary::default()).expect("an export");
    let (client, site, now) = (&engine.client, &history.site, history.now);
    let asking = Asking { client, site, now, views: Views::Use, goals: &[], budget: Budget::default() };
    // The last days lie after `now`, to which `all` reaches.
    let export = Export { date_range: opentrace_query::DateRange::LastMonths(240), ..export };
    let page = asking.export(&export).await.expect("a page");
    let mut text = export.format.head().to_vec();
    let mut pieces = asking.pieces(&page, export.format).expect("pieces");
    while let Some(piece) = pieces.next().await.expect("a piece") {
        text.extend_from_slice(&piece);
    }
    assert!(Format::ALL.iter().any(|(_, format)| *format == export.format));
    (page, text)
}
