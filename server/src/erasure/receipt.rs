//! Receipts: what was erased, and when.

use std::collections::BTreeMap;

use jiff::Timestamp;
use opentrace_pipeline::Erased;
use opentrace_store::meta::ErasureRecord;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Every view the dataflow keeps. All of them pass an epoch together: it is committed as a whole.
const VIEWS: [&str; 11] = [
    "breakdowns",
    "features",
    "funnels",
    "goals",
    "journeys",
    "live",
    "retention",
    "series",
    "sessions",
    "traffic",
    "uniques",
];
/// ClickHouse keeps the files it replaced this long, in case the machine loses power.
const OLD_FILES_MS: i64 = 10 * 60 * 1000;

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is durable and will be done.
    Accepted,
    /// Views pass it; stored rows are being removed.
    Removing,
    Complete,
}

/// What an erasure came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub id: Uuid,
    /// A domain.
    pub site_id: String,
    /// The kind of identifier that was given, and a digest of it: BLAKE3 of this receipt's id, the kind
    /// and the identifier, each after its length as 8 bytes, little endian.
    pub subject: String,
    pub digest: String,
    #[serde(rename = "status")]
    pub stage: Stage,
    pub requested_at: Timestamp,
    /// Per view, the epoch with which it had passed the erasure.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub views: BTreeMap<String, u64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
    /// Absent until it is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// What was removed, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub removed: Removed,
    /// When every view was right, when no answer could hold the raw rows any more, and when storage and
    /// log had been rewritten.
    pub corrected_at: Timestamp,
    pub removed_at: Timestamp,
    pub rewritten_at: Timestamp,
    /// When the files that were replaced are off the disk at the latest.
    pub released_by: Timestamp,
}

/// Rows removed, by where they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    pub events: u64,
    pub sessions: u64,
    pub features: u64,
    pub funnels: u64,
    pub log_events: u64,
}

/// Says that the holder of the key wrote the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// `Ed25519` (RFC 8032).
    pub algorithm: String,
    /// Base64, 32 bytes.
    pub public_key: String,
    /// Base64, 64 bytes.
    pub value: String,
    /// What was signed: the receipt without its signature, as JSON.
    pub signed: String,
}

impl Receipt {
    /// The receipt of an erasure that was only taken so far.
    pub(super) fn of(record: &ErasureRecord, domain: &str) -> Self {
        Self {
            id: record.id,
            site_id: domain.to_owned(),
            subject: record.subject.clone(),
            digest: record.digest.clone(),
            stage: Stage::Accepted,
            requested_at: time(record.requested_at),
            views: BTreeMap::new(),
            done: None,
            signature: None,
        }
    }

    /// The same once it is in force from an epoch on.
    pub(super) fn removing(mut self, epoch: u64) -> Self {
        self.stage = Stage::Removing;
        self.views = VIEWS.iter().map(|view| ((*view).to_owned(), epoch)).collect();
        self
    }

    /// The same once it is done.
    pub(super) fn complete(self, erased: &Erased) -> Self {
        let mut receipt = self.removing(erased.epoch);
        receipt.stage = Stage::Complete;
        receipt.done = Some(Done {
            removed: Removed {
                events: erased.events,
                sessions: erased.sessions,
                features: erased.features,
                funnels: erased.funnels,
                log_events: erased.log_events,
            },
            corrected_at: time(erased.corrected_at),
            removed_at: time(erased.removed_at),
            rewritten_at: time(erased.rewritten_at),
            released_by: time(erased.rewritten_at + OLD_FILES_MS),
        });
        receipt
    }

    /// A receipt as it was stored.
    pub(super) fn read(stored: &str) -> Option<Self> {
        serde_json::from_str(stored).ok()
    }
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
