//! A real access log through everything an import does, against counts that an independent script
//! made of the same lines. Skipped, and said so, where `OPENTRACE_DATA` does not name the folder.

#![allow(clippy::print_stdout)] // a skipped test says that it was

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use opentrace_events::access_log::{LineIds, page_view, text};
use opentrace_events::enrich::{Enricher, Geo};
use opentrace_events::identity::{Identity, KEY_FILE};
use opentrace_events::native::When;
use opentrace_events::site::BotPolicy;
use opentrace_events::{Acceptor, Event, Limits, NativeEvent, Origin, Site, SiteId, Sites, Timestamp};

const IMPORTED: Timestamp = Timestamp(1_750_000_000_000);

fn log() -> Option<Vec<u8>> {
    let read = std::env::var_os("OPENTRACE_DATA")
        .map(PathBuf::from)
        .and_then(|data| std::fs::read(data.join("weblog/apache_access_10k.log")).ok());
    if read.is_none() {
        println!("skipped: no access log; set OPENTRACE_DATA to the folder that holds weblog/");
    }
    read
}

fn acceptor(folder: &Path, now: Timestamp) -> Acceptor {
    let identity = Identity::open(&folder.join(KEY_FILE), now).expect("opens");
    Acceptor::new(Sites::default(), identity, Enricher::new(Geo::off()), Limits::default())
}

fn import(acceptor: &Acceptor, log: &[u8], now: Timestamp) -> Vec<Event> {
    let site = Site {
        id: SiteId(1),
        domain: "semicomplete.com".to_owned(),
        timezone: TimeZone::UTC,
        week_start: Weekday::Monday,
        identified: false,
        numbered: false,
        currency: "EUR".to_owned(),
        bots: BotPolicy::Drop,
        honour_privacy_signals: true,
        retention_days: 0,
        calendar: 0,
    };
    // An import is a program with a key: its own address and user agent are nobody's.
    let importer = Origin {
        ip: [127, 0, 0, 1].into(),
        user_agent: "",
        accept_language: None,
        trusted: true,
        history: true,
        dnt: false,
        gpc: false,
        now,
    };
    let mut ids = LineIds::default();
    let mut events = Vec::new();
    for line in log.split_inclusive(|&byte| byte == b'\n') {
        let line = text(line);
        let Ok(view) = page_view(&line) else { continue };
        let id = ids.next(&site.domain, &view);
        let raw = NativeEvent {
            id: Some(id.to_string().into()),
            name: Some("pageview".into()),
            ts: Some(When::Ms(view.ts.0)),
            url: Some(format!("https://{}{}", site.domain, view.target).into()),
            referrer: Some(view.referrer.into()),
            ip: Some(view.client.into()),
            user_agent: Some(view.user_agent.into()),
            ..NativeEvent::default()
        };
        let event = acceptor.accept(&site, raw, &importer).expect("a page view is accepted");
        assert_eq!(event.page.path, view.path);
        events.push(event);
    }
    events
}

#[test]
fn every_line_is_a_page_view_or_has_a_reason() {
    let Some(log) = log() else { return };
    let mut counts = BTreeMap::<&str, u32>::new();
    for line in log.split_inclusive(|&byte| byte == b'\n') {
        let what = page_view(&text(line)).map_or_else(|skip| skip.code(), |_| "page view");
        *counts.entry(what).or_default() += 1;
    }
    let expected = [
        ("asset", 5_680),
        ("bot", 2_352),
        ("malformed", 1),
        ("method", 48),
        ("page view", 1_711),
        ("status", 208),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

#[test]
fn page_views_and_visitors_of_every_day() {
    let Some(log) = log() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let events = import(&acceptor(folder.path(), IMPORTED), &log, IMPORTED);

    let mut days = BTreeMap::<i32, (usize, HashSet<_>)>::new();
    for event in &events {
        let day = days.entry(event.ts.utc_day()).or_default();
        day.0 += 1;
        day.1.insert(event.visitor);
    }
    let counts: Vec<_> = days.values().map(|(views, visitors)| (*views, visitors.len())).collect();
    assert_eq!(counts, [(251, 151), (470, 272), (581, 302), (409, 260)], "17 to 20 May 2015");
    let ids: HashSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len(), "no two lines share an id");
    assert!(events.iter().all(|event| event.history && event.client_id && event.visit.platform == "web"));
}

#[test]
fn a_later_import_finds_the_same_ids_though_nobody_knows_the_visitors_any_more() {
    let Some(log) = log() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let first = import(&acceptor(folder.path(), IMPORTED), &log, IMPORTED);
    let week_later = Timestamp(IMPORTED.0 + 7 * 86_400_000);
    let second = import(&acceptor(folder.path(), week_later), &log, week_later);
    assert!(first.iter().zip(&second).all(|(first, second)| first.id == second.id));
    assert!(first.iter().zip(&second).all(|(first, second)| first.visitor != second.visitor));
}
