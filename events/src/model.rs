//! The event as it is accepted: validated, enriched, stripped of the address it came from.
//!
//! This is what the log holds and what every later stage reads. There is no field for an IP
//! address, so none can be written.

use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{SiteId, Timestamp, VisitorId};

/// The name of a page view.
pub const PAGEVIEW: &str = "pageview";
/// The name of the event that reports time and scroll depth on a page that was already counted.
pub const ENGAGEMENT: &str = "engagement";

/// One accepted event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The client's id, or one given here (UUIDv7). Unique per site.
    pub id: Uuid,
    /// Whether `id` came from the client. Ids given here cannot repeat, so only the client's are
    /// remembered for deduplication.
    pub client_id: bool,
    /// Whether the event was sent as history (an import): its id is checked against everything
    /// stored, not only against the deduplication window.
    pub history: bool,
    pub site: SiteId,
    pub name: CompactString,
    /// When it happened, by the client's clock after skew correction.
    pub ts: Timestamp,
    /// When the server took it.
    pub received_at: Timestamp,
    pub visitor: VisitorId,
    /// Only where the site is in identified mode.
    pub user_id: CompactString,
    /// Whether it counts against bouncing. Page views do; custom events unless they say otherwise.
    pub interactive: bool,
    pub page: Page,
    /// Shared where several events are known to have the same: it is large, and most have been seen before.
    pub visit: Arc<Visit>,
    /// Sorted by key, keys unique.
    pub props: Vec<(CompactString, CompactString)>,
    /// Fixed point, see [`crate::money`]. Zero where there is none.
    pub revenue: i64,
    /// ISO 4217, empty where there is no revenue.
    pub currency: CompactString,
    /// Percent of the page, 0 to 100.
    pub scroll_depth: u8,
    pub engagement_ms: u32,
}

/// Where an event happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Page {
    pub url: CompactString,
    pub path: CompactString,
    pub title: CompactString,
}

/// What describes a visit: a session takes these from its first event. Empty means unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Visit {
    pub hostname: CompactString,
    pub referrer: CompactString,
    pub source: CompactString,
    pub medium: CompactString,
    pub campaign: CompactString,
    pub term: CompactString,
    pub content: CompactString,
    pub channel: CompactString,
    /// ISO 3166-1 alpha-2.
    pub country: CompactString,
    /// ISO 3166-2.
    pub region: CompactString,
    pub city: CompactString,
    pub device: CompactString,
    pub browser: CompactString,
    pub browser_version: CompactString,
    pub os: CompactString,
    pub os_version: CompactString,
    pub screen: CompactString,
    pub language: CompactString,
    pub platform: CompactString,
    pub app: CompactString,
    pub app_version: CompactString,
}

/// What an event counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    Pageview,
    /// Extends a session, counts as nothing.
    Engagement,
    Custom,
}

impl Event {
    /// What the event counts as, by its name.
    pub fn kind(&self) -> Kind {
        match self.name.as_str() {
            PAGEVIEW => Kind::Pageview,
            ENGAGEMENT => Kind::Engagement,
            _ => Kind::Custom,
        }
    }
}
