//! Once a day's key is destroyed, nobody makes an id of that day again, with everything on the disk
//! and the person's address and browser in hand.
//!
//! The attack: any 32 bytes that lie anywhere in any file may be the key. While the key is kept the
//! attack finds it, so it would find a copy that was forgotten somewhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use opentrace_events::identity::{Fingerprint, Identity, KEY_FILE};
use opentrace_events::{Event, Page, SiteId, Sites, Timestamp, VisitorId};
use opentrace_pipeline::{Pipeline, PipelineConfig, SitePlan};
use opentrace_store::{Store, StoreConfig};
use uuid::Uuid;

use crate::history::site;

const DAY: i64 = 86_400_000;
const NOW: Timestamp = Timestamp(1_774_000_000_000);
const ROOT: &str = "1.example";
const ADDRESS: [u8; 4] = [203, 0, 113, 7];
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

pub(crate) async fn no_id_is_made_again_after_its_key_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let who = Fingerprint { site: SiteId(1), root: ROOT, address: &ADDRESS, user_agent: BROWSER };
    let identity = Identity::open(&folder.path().join(KEY_FILE), NOW).expect("keys");
    let visitor = identity.visitor(&who, NOW, NOW).expect("an id");
    store_an_event_of(folder.path(), visitor).await;

    assert!(attack(folder.path(), visitor), "the attack works while the key is kept");
    assert_eq!(identity.forget(Timestamp(NOW.0 + 2 * DAY)).expect("forgets"), 1);
    assert!(!attack(folder.path(), visitor), "the key is still on the disk");
}

/// Everything that is ever written about an event: log, journal, snapshot, ClickHouse.
async fn store_an_event_of(folder: &Path, visitor: VisitorId) {
    let store = Store::open(StoreConfig::embedded(folder.join("clickhouse"))).expect("a store");
    store.ready().await.expect("tables");
    let sites = Sites::default();
    sites.put(opentrace_events::Site { identified: false, ..site(SiteId(1)) });
    let plans = sites.all().iter().map(|site| SitePlan::new(site, Vec::new())).collect();
    let config = PipelineConfig {
        epoch_interval: Duration::from_millis(2),
        min_free_bytes: 0,
        ..PipelineConfig::new(folder)
    };
    let pipeline = Pipeline::start(config, store.clone(), sites, plans).await.expect("a pipeline");
    let event = Event {
        id: Uuid::from_u128(1),
        client_id: true,
        site: SiteId(1),
        visitor,
        name: "pageview".into(),
        ts: NOW,
        received_at: NOW,
        interactive: true,
        page: Page { path: "/".into(), ..Page::default() },
        ..Event::default()
    };
    pipeline.append(vec![event]).await.expect("appends");
    pipeline.settled().await.expect("settles");
    pipeline.stop().await.expect("stops");
    store.stop().await;
}

/// Whether any 32 bytes in any file make the visitor's id.
fn attack(folder: &Path, visitor: VisitorId) -> bool {
    let mut message = SiteId(1).0.to_le_bytes().to_vec();
    for part in [ROOT.as_bytes(), &ADDRESS, BROWSER.as_bytes()] {
        message.extend_from_slice(&(part.len() as u32).to_le_bytes());
        message.extend_from_slice(part);
    }
    let makes_it = |key: &[u8]| -> bool {
        // A run of zeros is no key, and files are full of them.
        let Some(key) = key.first_chunk::<32>().filter(|key| **key != [0; 32]) else { return false };
        blake3::keyed_hash(key, &message).as_bytes()[..8] == visitor.0.to_le_bytes()
    };
    files(folder).iter().any(|file| {
        let bytes = std::fs::read(file).unwrap_or_default();
        bytes.windows(32).any(makes_it)
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}
