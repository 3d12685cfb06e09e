//! What is set per site, and the directory every stage looks sites up in.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::ids::SiteId;

/// What to do with events from known bots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BotPolicy {
    /// Not counted; the drop is counted by reason.
    #[default]
    Drop,
    /// Kept with `platform = "bot"`.
    Flag,
}

/// A site and its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub id: SiteId,
    /// Lower case, without `www.`.
    pub domain: String,
    pub timezone: TimeZone,
    pub week_start: Weekday,
    /// Whether people are known by the identifier the client sends.
    pub identified: bool,
    /// Whether visitors were brought in by their numbers, who may come on any days.
    pub numbered: bool,
    /// ISO 4217. Revenue in other currencies is stored with the event and left out of sums.
    pub currency: String,
    pub bots: BotPolicy,
    /// Whether `DNT: 1` and `Sec-GPC: 1` keep an event from being recorded.
    pub honour_privacy_signals: bool,
    /// Days that what happened is kept, in rows and figures; 0 keeps it for ever.
    pub retention_days: u32,
    /// Numbers the settings that views are made by: time zone, start of the week, currency. Another
    /// number where one of them was changed.
    pub calendar: u32,
}

impl Site {
    /// Whether somebody may come on days far apart and be known for the same. Others are known for a day,
    /// and on past its midnight.
    pub fn knows_people_again(&self) -> bool {
        self.identified || self.numbered
    }
}

/// Every site, shared between the collectors, the pipeline and the queries. Cheap to clone.
///
/// The metadata database is the truth; whoever changes a site there puts the new value here.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    inner: Arc<RwLock<Directory>>,
}

#[derive(Debug, Default)]
struct Directory {
    by_id: HashMap<SiteId, Arc<Site>>,
    by_domain: HashMap<String, SiteId>,
    /// What sites were called before.
    formerly: HashMap<String, SiteId>,
}

impl Directory {
    fn called(&self, domain: &str) -> Option<SiteId> {
        self.by_domain.get(domain).or_else(|| self.formerly.get(domain)).copied()
    }
}

impl Sites {
    /// The site with this id.
    pub fn get(&self, id: SiteId) -> Option<Arc<Site>> {
        self.read().by_id.get(&id).cloned()
    }

    /// The site with this domain, or that had it last; case and a leading `www.` do not matter.
    pub fn find(&self, domain: &str) -> Option<Arc<Site>> {
        let directory = self.read();
        let id = directory.called(domain).or_else(|| directory.called(&normalise(domain)))?;
        directory.by_id.get(&id).cloned()
    }

    /// What a site was called before, where no other is called so now.
    pub fn former_names(&self, id: SiteId) -> Vec<String> {
        let directory = self.read();
        let names = directory.formerly.iter().filter(|(_, of)| **of == id).map(|(name, _)| name.clone());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// All sites, by id.
    pub fn all(&self) -> Vec<Arc<Site>> {
        let mut all: Vec<_> = self.read().by_id.values().cloned().collect();
        all.sort_by_key(|site| site.id);
        all
    }

    /// Notes what a site was called before.
    pub fn put_former(&self, domain: String, id: SiteId) {
        let mut directory = self.inner.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        directory.formerly.insert(domain, id);
    }

    /// Notes that visitors of a site are brought in by their numbers.
    pub fn note_numbers(&self, id: SiteId) {
        let mut directory = self.inner.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(site) = directory.by_id.get_mut(&id) {
            Arc::make_mut(site).numbered = true;
        }
    }

    /// Adds a site or replaces the one with its id. What that was called still leads to it.
    pub fn put(&self, site: Site) {
        let mut directory = self.inner.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(old) = directory.by_id.get(&site.id).cloned() {
            directory.by_domain.remove(&old.domain);
            directory.formerly.insert(old.domain.clone(), site.id);
        }
        directory.formerly.remove(&site.domain);
        directory.by_domain.insert(site.domain.clone(), site.id);
        directory.by_id.insert(site.id, Arc::new(site));
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Directory> {
        // A writer only swaps map entries, so a poisoned directory is still whole.
        self.inner.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A domain as sites are known by: lower case, without scheme, `www.`, path or trailing dot.
pub fn normalise(domain: &str) -> String {
    let domain = domain.trim().to_lowercase();
    let domain = domain.split_once("://").map_or(domain.as_str(), |(_, rest)| rest);
    let domain = domain.split('/').next().unwrap_or_default();
    domain.strip_prefix("www.").unwrap_or(domain).trim_end_matches('.').to_owned()
}
