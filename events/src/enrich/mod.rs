//! What is known about an event beyond what its sender said: browser, place, source, channel.

pub mod bots;
pub mod campaign;
pub mod channel;
mod device;
pub mod geo;
pub mod language;
pub mod referrer;
mod sources;
pub mod url;
pub mod user_agent;

use std::net::IpAddr;
use std::sync::Arc;

pub use geo::{Geo, Place};
pub use user_agent::{UserAgent, UserAgents};

/// The look-ups that need data. Shared by every collector.
#[derive(Debug)]
pub struct Enricher {
    agents: UserAgents,
    geo: Geo,
}

impl Enricher {
    pub fn new(geo: Geo) -> Self {
        Self { agents: UserAgents::default(), geo }
    }

    /// What a user agent says.
    pub fn agent(&self, user_agent: &str) -> Arc<UserAgent> {
        self.agents.read(user_agent)
    }

    /// Where an address is.
    pub fn place(&self, ip: IpAddr) -> Place {
        self.geo.place(ip)
    }
}

/// The longest beginning of `text` that has at most `most` bytes and ends between characters.
pub(crate) fn clip_bytes(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
