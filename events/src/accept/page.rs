//! The page and the visit: what was sent, what the address says, what is known besides.

use compact_str::CompactString;

use super::{Acceptor, Origin, Sender, fields, sent};
use crate::enrich::campaign::Campaign;
use crate::enrich::referrer::Attribution;
use crate::enrich::url::{Address, without_www};
use crate::enrich::{Place, language, referrer};
use crate::limits::{cut, excess};
use crate::model::{Page, Visit};
use crate::native::NativeEvent;
use crate::rejection::Rejection;
use crate::site::Site;

impl Acceptor {
    pub(super) fn page_and_visit(
        &self,
        site: &Site,
        raw: &NativeEvent<'_>,
        origin: &Origin<'_>,
        sender: &Sender<'_>,
    ) -> Result<(Page, Visit), Rejection> {
        let limits = &self.limits;
        let address = self.address(raw)?;
        let campaign = Campaign::parse(address.as_ref().map_or("", |address| address.query));
        let campaign = written_over(campaign, raw);
        let kept = sent(raw.channel.as_deref()).filter(|_| origin.is_kept());
        let page = Page {
            url: address.as_ref().map(Address::stored).unwrap_or_default(),
            path: match (&address, sent(raw.path.as_deref())) {
                (_, Some(path)) if kept.is_some() => fields::path(path, limits)?,
                (Some(address), _) => address.page(raw.hash_mode.unwrap_or(false)),
                (None, Some(path)) => fields::path(path, limits)?,
                (None, None) => CompactString::default(),
            },
            title: CompactString::from(cut(raw.title.as_deref().unwrap_or_default().trim(), limits.title)),
        };
        let hostname = address
            .as_ref()
            .map(Address::hostname)
            .filter(|host| !host.is_empty())
            .map(CompactString::from)
            .or_else(|| sent(raw.hostname.as_deref()).map(|host| hostname(cut(host, limits.label))))
            .unwrap_or_else(|| CompactString::from(site.domain.as_str()));

        let referrer = cut(raw.referrer.as_deref().unwrap_or_default(), limits.referrer);
        let from = match kept {
            Some(channel) => Attribution {
                referrer: CompactString::from(referrer),
                source: CompactString::from(sent(raw.source.as_deref()).unwrap_or_default()),
                channel: CompactString::from(cut(channel, limits.label)),
            },
            None => referrer::attribute(referrer, [&hostname, &site.domain], &campaign),
        };
        let place = self.place(raw, origin, sender)?;
        let label = |text: &str| CompactString::from(cut(text.trim(), limits.label));
        let believed = |text: &Option<std::borrow::Cow<'_, str>>| {
            sent(text.as_deref()).filter(|_| origin.trusted).map(label)
        };
        // Whoever brings history in is not who made it.
        let asked_in = origin.accept_language.filter(|_| !origin.history);
        let agent = &sender.agent;
        let (browser, browser_version) = match believed(&raw.browser) {
            Some(browser) => (browser, believed(&raw.browser_version).unwrap_or_default()),
            None => (agent.browser.clone(), agent.browser_version.clone()),
        };
        let (os, os_version) = match believed(&raw.os) {
            Some(os) => (os, believed(&raw.os_version).unwrap_or_default()),
            None => (agent.os.clone(), agent.os_version.clone()),
        };
        let utm = |text: &str| CompactString::from(cut(text.trim(), limits.campaign));
        let visit = Visit {
            referrer: from.referrer,
            source: utm(&from.source),
            medium: utm(&campaign.medium),
            campaign: utm(&campaign.campaign),
            term: utm(&campaign.term),
            content: utm(&campaign.content),
            channel: from.channel,
            country: place.country,
            region: place.region,
            city: place.city,
            device: believed(&raw.device).unwrap_or_else(|| agent.device.clone()),
            browser,
            browser_version,
            os,
            os_version,
            screen: label(raw.screen.as_deref().unwrap_or_default()),
            language: spoken(sent(raw.language.as_deref()), asked_in, limits.label),
            platform: platform(raw.platform.as_deref(), sender.platform, limits.label),
            app: label(raw.app.as_deref().unwrap_or_default()),
            app_version: label(raw.app_version.as_deref().unwrap_or_default()),
            hostname,
        };
        Ok((page, visit))
    }

    /// The address of the page, where one was sent.
    fn address<'a>(&self, raw: &'a NativeEvent<'_>) -> Result<Option<Address<'a>>, Rejection> {
        let Some(text) = sent(raw.url.as_deref()) else { return Ok(None) };
        if let Some(chars) = excess(text, self.limits.url) {
            return Err(Rejection::UrlTooLong { chars, limit: self.limits.url });
        }
        Address::parse(text).map(Some).map_err(|_| Rejection::UrlInvalid(fields::quoted(text)))
    }

    fn place(
        &self,
        raw: &NativeEvent<'_>,
        origin: &Origin<'_>,
        sender: &Sender<'_>,
    ) -> Result<Place, Rejection> {
        let label = |text: &Option<std::borrow::Cow<'_, str>>| {
            sent(text.as_deref())
                .map(|text| CompactString::from(cut(text, self.limits.label)))
                .unwrap_or_default()
        };
        match sent(raw.country.as_deref()).filter(|_| origin.trusted) {
            Some(country) if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                let country = CompactString::from(country.to_ascii_uppercase());
                Ok(Place { country, region: label(&raw.region), city: label(&raw.city) })
            }
            Some(country) => Err(Rejection::CountryInvalid(fields::quoted(country))),
            None => Ok(sender.place_of.map(|ip| self.enricher.place(ip)).unwrap_or_default()),
        }
    }
}

/// What the event says of its campaign wins over what its address says.
fn written_over<'a>(mut campaign: Campaign<'a>, raw: &'a NativeEvent<'_>) -> Campaign<'a> {
    for (slot, said) in [
        (&mut campaign.source, &raw.source),
        (&mut campaign.medium, &raw.medium),
        (&mut campaign.campaign, &raw.campaign),
        (&mut campaign.term, &raw.term),
        (&mut campaign.content, &raw.content),
    ] {
        if let Some(said) = sent(said.as_deref()) {
            *slot = said.into();
        }
    }
    campaign
}

fn hostname(text: &str) -> CompactString {
    let mut host = CompactString::from(without_www(text));
    host.make_ascii_lowercase();
    host
}

fn spoken(said: Option<&str>, header: Option<&str>, most: usize) -> CompactString {
    match said {
        Some(said) => {
            let tag = language::preferred(said);
            // Not a tag, but the client's word for it.
            if tag.is_empty() { CompactString::from(cut(said, most)) } else { tag }
        }
        None => header.map(language::preferred).unwrap_or_default(),
    }
}

fn platform(said: Option<&str>, otherwise: &'static str, most: usize) -> CompactString {
    match sent(said) {
        // A flagged bot stays one, whatever it says.
        Some(said) if otherwise != "bot" => {
            let mut platform = CompactString::from(cut(said, most));
            platform.make_ascii_lowercase();
            platform
        }
        _ => CompactString::const_new(otherwise),
    }
}
