//! The one place that turns what a client sent, and what surrounded it, into an [`Event`].
//!
//! Every protocol's adapter brings its payload to a [`NativeEvent`] and comes here; so does the
//! import of access logs. What comes out is validated, enriched and rid of the address it came from.
//! Nothing here waits or allocates more than the event needs: about 1.5 µs for a page view.

mod fields;
mod id;
mod page;

use std::net::IpAddr;
use std::sync::Arc;

use compact_str::CompactString;

pub use fields::{props, revenue};
pub use id::derive_id;
pub(crate) use id::hashed as hashed_id;

use crate::enrich::url::root_domain;
use crate::enrich::{Enricher, UserAgent};
use crate::identity::{Fingerprint, Identity, Named};
use crate::ids::{Timestamp, VisitorId};
use crate::limits::{Limits, excess};
use crate::model::{ENGAGEMENT, Event, PAGEVIEW};
use crate::native::NativeEvent;
use crate::rejection::Rejection;
use crate::site::{BotPolicy, Site, Sites};

/// What surrounded a request. Borrowed for as long as its events are accepted.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// The client's address, proxies already seen through.
    pub ip: IpAddr,
    pub user_agent: &'a str,
    pub accept_language: Option<&'a str>,
    /// A keyed caller: what it says about address, user agent, place and device is believed.
    pub trusted: bool,
    /// Sent as history: no event is too old, and ids are checked against everything stored.
    pub history: bool,
    /// `DNT: 1` was sent. Of history neither says anything: it is not whoever brings it in that is counted.
    pub dnt: bool,
    /// `Sec-GPC: 1` was sent.
    pub gpc: bool,
    pub now: Timestamp,
}

impl Origin<'_> {
    /// Whether what was kept elsewhere is believed: who a visitor was, how a visit came about.
    fn is_kept(&self) -> bool {
        self.trusted && self.history
    }
}

impl std::fmt::Debug for Origin<'_> {
    /// Shows no address, so that none ends in a log by accident.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Origin")
            .field("trusted", &self.trusted)
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}

/// Everything events are accepted by. Shared by every collector.
#[derive(Debug)]
pub struct Acceptor {
    sites: Sites,
    identity: Identity,
    enricher: Enricher,
    limits: Limits,
}

/// Who sent an event, as far as it is known, and by what it is counted.
struct Sender<'a> {
    address: &'a [u8],
    /// Where to look the place up; `None` where it would be somebody else's.
    place_of: Option<IpAddr>,
    user_agent: &'a str,
    agent: Arc<UserAgent>,
    /// What the platform is unless the event says.
    platform: &'static str,
}

impl Acceptor {
    pub fn new(sites: Sites, identity: Identity, enricher: Enricher, limits: Limits) -> Self {
        Self { sites, identity, enricher, limits }
    }

    /// Who visitors are: for seeding after a start and for forgetting keys.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The site an event names.
    pub fn site(&self, domain: Option<&str>) -> Result<Arc<Site>, Rejection> {
        let domain =
            domain.map(str::trim).filter(|domain| !domain.is_empty()).ok_or(Rejection::SiteMissing)?;
        self.sites.find(domain).ok_or_else(|| Rejection::SiteUnknown(fields::quoted(domain)))
    }

    /// Turns one event of a request into what is kept, or says why it is not taken.
    pub fn accept(&self, site: &Site, raw: NativeEvent<'_>, origin: &Origin<'_>) -> Result<Event, Rejection> {
        if site.honour_privacy_signals && !origin.history && (origin.dnt || origin.gpc) {
            return Err(Rejection::PrivacySignal);
        }
        let named_ip = sent(raw.ip.as_deref()).filter(|_| origin.trusted);
        let ip = match named_ip {
            Some(text) => text.parse().map_err(|_| Rejection::IpInvalid(fields::quoted(text)))?,
            None => origin.ip,
        };
        let (v4, v6);
        let address: &[u8] = match ip.to_canonical() {
            IpAddr::V4(ip) => {
                v4 = ip.octets();
                &v4
            }
            IpAddr::V6(ip) => {
                v6 = ip.octets();
                &v6
            }
        };
        let named_agent = sent(raw.user_agent.as_deref()).filter(|_| origin.trusted);
        let user_agent = named_agent.unwrap_or(origin.user_agent);
        let agent = self.enricher.agent(user_agent);
        // History was sorted out by whoever sent it: only the documented rule applies to it.
        let bot = if origin.history { agent.bot } else { agent.program };
        let mut sender = Sender { address, place_of: Some(ip), user_agent, platform: "web", agent };
        if bot && origin.trusted && named_agent.is_none() {
            // A program with a key speaks of somebody it does not describe: its own user agent and
            // place are not theirs.
            sender.agent = Arc::default();
            sender.platform = "server";
            sender.place_of = named_ip.map(|_| ip);
        } else if origin.history && named_agent.is_none() {
            // Whoever brings history in is not who made it.
            sender.agent = Arc::default();
            sender.place_of = named_ip.map(|_| ip);
        } else if bot {
            match site.bots {
                BotPolicy::Drop => return Err(Rejection::Bot),
                BotPolicy::Flag => sender.platform = "bot",
            }
        }
        self.build(site, &raw, origin, &sender)
    }

    fn build(
        &self,
        site: &Site,
        raw: &NativeEvent<'_>,
        origin: &Origin<'_>,
        sender: &Sender<'_>,
    ) -> Result<Event, Rejection> {
        let limits = &self.limits;
        let name = fields::name(raw.name.as_deref(), limits)?;
        let ts = fields::when(raw.ts.as_ref(), site, origin, limits)?;
        let (id, client_id) = id::of(raw.id.as_deref(), origin.now, limits)?;
        let (page, visit) = self.page_and_visit(site, raw, origin, sender)?;
        let props = match &raw.props {
            Some(sent) => props(sent, limits)?,
            None => Vec::new(),
        };
        let flat = fields::flat_revenue(raw);
        let (revenue, currency) = match raw.revenue.as_ref().or(flat.as_ref()) {
            Some(sent) => revenue(sent, site)?,
            None => Default::default(),
        };
        let (visitor, user_id) = self.who(site, raw, sender, &visit.hostname, ts, origin)?;
        Ok(Event {
            id,
            client_id,
            history: origin.history,
            site: site.id,
            ts,
            received_at: origin.now,
            visitor,
            user_id,
            interactive: name == PAGEVIEW || (name != ENGAGEMENT && raw.interactive.unwrap_or(true)),
            page,
            visit: Arc::new(visit),
            props,
            revenue,
            currency,
            scroll_depth: raw.scroll_depth.unwrap_or(0).min(100) as u8,
            engagement_ms: u32::try_from(raw.engagement_ms.unwrap_or(0)).unwrap_or(u32::MAX),
            name,
        })
    }

    /// The visitor's id, and the identifier to keep where the site is in identified mode.
    fn who(
        &self,
        site: &Site,
        raw: &NativeEvent<'_>,
        sender: &Sender<'_>,
        hostname: &str,
        ts: Timestamp,
        origin: &Origin<'_>,
    ) -> Result<(VisitorId, CompactString), Rejection> {
        if site.identified
            && let Some(user) = sent(raw.user_id.as_deref())
        {
            if let Some(chars) = excess(user, self.limits.user_id) {
                return Err(Rejection::UserIdTooLong { chars, limit: self.limits.user_id });
            }
            return Ok((self.identity.named(site.id, Named::User, user), CompactString::from(user)));
        }
        if let Some(number) = sent(raw.visitor.as_deref()).filter(|_| origin.is_kept()) {
            let visitor = number.parse().map_err(|_| Rejection::VisitorInvalid(fields::quoted(number)))?;
            return Ok((visitor, CompactString::default()));
        }
        if site.identified
            && let Some(device) = sent(raw.anonymous_id.as_deref())
        {
            return Ok((self.identity.named(site.id, Named::Anonymous, device), CompactString::default()));
        }
        let host = if hostname.is_empty() { site.domain.as_str() } else { hostname };
        let fingerprint = Fingerprint {
            site: site.id,
            root: root_domain(host),
            address: sender.address,
            user_agent: sender.user_agent,
        };
        let visitor = self.identity.visitor(&fingerprint, ts, origin.now);
        let visitor = visitor.map_err(|error| Rejection::IdentityUnavailable(error.to_string()))?;
        self.identity.observe(site.id, visitor, ts);
        Ok((visitor, CompactString::default()))
    }
}

/// A text that says something.
fn sent(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
