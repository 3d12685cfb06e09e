//! What a site has to ask about: its events, and the values of its attributes.
//!
//! Made of what the store holds (bounded, see [`super::look_up`]) and of what every site has in
//! common: countries and their people, devices, browsers, systems, channels and well-known sources.
//! Built once for a site and shared between questions.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::stem::stem;
use super::tokens::words_of;
use crate::catalogue::PROPERTY;

/// The site's own words.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Words {
    /// Names of events, page views included.
    #[serde(default)]
    pub events: Vec<String>,
    /// Names of the events that are goals. Empty: every custom event may be one.
    #[serde(default)]
    pub goals: Vec<String>,
    /// Values by dimension.
    #[serde(default)]
    pub values: BTreeMap<String, Vec<String>>,
    /// Values by property.
    #[serde(default)]
    pub properties: BTreeMap<String, Vec<String>>,
    /// When the first event happened, in milliseconds since 1970.
    #[serde(default)]
    pub earliest: Option<i64>,
}

/// How a name came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Part of a longer name of the site's.
    Part,
    /// Every site has it.
    Common,
    /// The site has it, under another name.
    Alias,
    /// The site has it, as it was written.
    Own,
}

/// A value of an attribute and the words that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) words: Vec<String>,
    pub(crate) dimension: String,
    pub(crate) values: Vec<String>,
    pub(crate) strength: Strength,
}

/// An event and the stems that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happening {
    pub(crate) name: String,
    pub(crate) stems: Vec<String>,
}

/// Everything that a question about a site may name, ready to be looked up.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    words: Words,
    named: HashMap<String, Vec<Named>>,
    happenings: Vec<Happening>,
    /// Keys of properties by the words that name them.
    keys: Vec<(Vec<String>, String)>,
    known: HashSet<String>,
}

const DEVICES: &[(&str, &str)] = &[
    (
        "Mobile",
        "mobile|mobiles|phone|phones|smartphone|smartphones|mobile phone|mobile phones|cell phone|cell phones|handheld",
    ),
    ("Desktop", "desktop|desktops|computer|computers|laptop|laptops|pc|pcs"),
    ("Tablet", "tablet|tablets"),
];
const BROWSERS: &[(&str, &str)] = &[
    ("Chrome", "chrome|google chrome"),
    ("Firefox", "firefox|mozilla firefox"),
    ("Safari", "safari"),
    ("Microsoft Edge", "edge|microsoft edge|ms edge"),
    ("Opera", "opera"),
    ("Samsung Internet", "samsung internet"),
    ("Internet Explorer", "internet explorer"),
    ("Brave", "brave browser"),
];
const SYSTEMS: &[(&str, &str)] = &[
    ("Windows", "windows|ms windows|microsoft windows"),
    ("macOS", "macos|mac os|mac|macs|os x|macbook"),
    ("iOS", "ios|iphone|iphones|apple ios"),
    ("Android", "android"),
    ("Linux", "linux|gnu linux"),
    ("ChromeOS", "chromeos|chrome os"),
    ("iPadOS", "ipados|ipad|ipads"),
];
const CHANNELS: &[(&str, &str)] = &[
    ("Direct", "direct"),
    ("Organic Search", "organic search|organic|search engines|search engine|seo|organic searches"),
    ("Paid Search", "paid search|ppc|search ads"),
    ("Organic Social", "organic social|social|social media|social networks"),
    ("Paid Social", "paid social|social ads"),
    ("Email", "email|emails|e mail|mail"),
    ("Referral", "referral|referrals"),
    ("Display", "display|display ads"),
    ("Affiliates", "affiliates|affiliate"),
    ("AI Assistants", "ai assistants|ai assistant|ai chatbots|ai|llms"),
    ("Organic Video", "organic video"),
    ("Organic Shopping", "organic shopping"),
    ("Paid Shopping", "paid shopping"),
    ("Paid Video", "paid video"),
];
const SOURCES: &[(&str, &str)] = &[
    ("Google", "google"),
    ("Bing", "bing"),
    ("DuckDuckGo", "duckduckgo|ddg|duck duck go"),
    ("Yahoo!", "yahoo"),
    ("Facebook", "facebook|fb"),
    ("Instagram", "instagram|insta"),
    ("Twitter", "twitter"),
    ("LinkedIn", "linkedin|linked in"),
    ("Reddit", "reddit"),
    ("Hacker News", "hacker news|hackernews|hn"),
    ("YouTube", "youtube|yt"),
    ("TikTok", "tiktok|tik tok"),
    ("Pinterest", "pinterest"),
    ("GitHub", "github"),
    ("ChatGPT", "chatgpt|chat gpt"),
    ("Perplexity", "perplexity"),
    ("Mastodon", "mastodon"),
    ("Bluesky", "bluesky"),
    ("Baidu", "baidu"),
    ("Yandex", "yandex"),
    ("Ecosia", "ecosia"),
];
pub(crate) const LANGUAGE: &str = "visit:language";
const LANGUAGES: &[(&str, &str)] = &[
    ("ar", "arabic"),
    ("cs", "czech"),
    ("da", "danish"),
    ("de", "german"),
    ("el", "greek"),
    ("en", "english"),
    ("es", "spanish"),
    ("fi", "finnish"),
    ("fr", "french"),
    ("he", "hebrew"),
    ("hi", "hindi"),
    ("hu", "hungarian"),
    ("id", "indonesian"),
    ("it", "italian"),
    ("ja", "japanese"),
    ("ko", "korean"),
    ("nl", "dutch"),
    ("pl", "polish"),
    ("pt", "portuguese"),
    ("ro", "romanian"),
    ("ru", "russian"),
    ("sv", "swedish"),
    ("th", "thai"),
    ("tr", "turkish"),
    ("uk", "ukrainian"),
    ("vi", "vietnamese"),
    ("zh", "chinese"),
];
const COMMON: &[(&str, &[(&str, &str)])] = &[
    ("visit:device", DEVICES),
    ("visit:browser", BROWSERS),
    ("visit:os", SYSTEMS),
    ("visit:channel", CHANNELS),
    ("visit:source", SOURCES),
];

impl Vocabulary {
    pub fn new(words: Words) -> Self {
        let mut made = Self {
            happenings: words
                .events
                .iter()
                .chain(words.goals.iter().filter(|goal| !words.events.contains(goal)))
                .filter(|name| !matches!(name.as_str(), "pageview" | "engagement" | ""))
                .map(|name| Happening { name: name.clone(), stems: stems_of(name) })
                .collect(),
            words,
            named: HashMap::new(),
            keys: Vec::new(),
            known: HashSet::new(),
        };
        made.add_values();
        made.add_common();
        made.add_places();
        made.add_languages();
        made.add_pages();
        made.add_properties();
        for happening in &made.happenings {
            let words = words_of(&happening.name);
            made.known.extend(words.last().map(|last| plural(last)));
            made.known.extend(words);
        }
        made
    }

    /// The site's own words, as they were given.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// The names that begin with a word.
    pub(crate) fn named(&self, first: &str) -> &[Named] {
        self.named.get(first).map_or(&[], Vec::as_slice)
    }

    /// Custom events.
    pub(crate) fn happenings(&self) -> &[Happening] {
        &self.happenings
    }

    /// The words that name a property, with its key.
    pub(crate) fn keys(&self) -> &[(Vec<String>, String)] {
        &self.keys
    }

    /// Words that are right as they are.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.known.contains(word)
    }

    pub(crate) fn known(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(String::as_str)
    }

    /// The values of a dimension that the site has.
    pub(crate) fn values_of(&self, dimension: &str) -> &[String] {
        match dimension.strip_prefix(PROPERTY) {
            Some(key) => self.words.properties.get(key).map_or(&[], Vec::as_slice),
            None => self.words.values.get(dimension).map_or(&[], Vec::as_slice),
        }
    }

    /// Names of the events that a conversion may be.
    pub(crate) fn goals(&self) -> Vec<&str> {
        if !self.words.goals.is_empty() {
            return self.words.goals.iter().map(String::as_str).collect();
        }
        self.happenings.iter().map(|happening| happening.name.as_str()).collect()
    }

    /// Whether pages lie beneath a path.
    pub(crate) fn has_beneath(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.values_of("event:page").iter().any(|page| page.starts_with(&folder) && page.len() > folder.len())
    }

    fn add(&mut self, words: Vec<String>, dimension: &str, values: &[&str], strength: Strength) {
        let Some(first) = words.first() else { return };
        self.known.extend(words.iter().cloned());
        let list = self.named.entry(first.clone()).or_default();
        let same = |known: &Named| known.words == words && known.dimension == dimension;
        match list.iter_mut().find(|known| same(known)) {
            Some(known) if known.strength >= strength => {}
            Some(known) => {
                known.strength = strength;
                known.values = values.iter().map(|value| (*value).to_owned()).collect();
            }
            None => list.push(Named {
                words,
                dimension: dimension.to_owned(),
                values: values.iter().map(|value| (*value).to_owned()).collect(),
                strength,
            }),
        }
    }

    fn add_values(&mut self) {
        let values = self.words.values.clone();
        for (dimension, values) in &values {
            if matches!(
                dimension.as_str(),
                "event:page"
                    | "visit:entry_page"
                    | "visit:exit_page"
                    | "event:name"
                    | "event:goal"
                    | "visit:country"
            ) {
                continue;
            }
            for value in values {
                self.add(words_of(value), dimension, &[value], Strength::Own);
            }
        }
    }

    /// The common values, as the site spells them where it has them.
    fn add_common(&mut self) {
        for (dimension, list) in COMMON {
            let own = self.values_of(dimension).to_vec();
            for (value, aliases) in *list {
                let same = |own: &&String| {
                    let (own, value) = (words_of(own), words_of(value));
                    own == value || aliases.split('|').any(|alias| alias == own.join(" "))
                };
                let spelt = own.iter().find(same).cloned();
                let strength = if spelt.is_some() { Strength::Alias } else { Strength::Common };
                let value = spelt.unwrap_or_else(|| (*value).to_owned());
                for alias in aliases.split('|') {
                    self.add(words_of(alias), dimension, &[&value], strength);
                }
            }
        }
        let paid: Vec<String> = self
            .values_of("visit:channel")
            .iter()
            .filter(|value| value.starts_with("Paid "))
            .cloned()
            .collect();
        let paid: Vec<&str> = paid.iter().map(String::as_str).collect();
        if !paid.is_empty() {
            for word in ["paid", "paid ads"] {
                self.add(words_of(word), "visit:channel", &paid, Strength::Alias);
            }
        }
    }

    fn add_places(&mut self) {
        for line in include_str!("countries.txt").lines() {
            let mut names = line.split('|');
            let Some(code) = names.next() else { continue };
            for name in names {
                self.add(words_of(name), "visit:country", &[code], Strength::Alias);
            }
        }
        let regions: HashSet<String> = self.values_of("visit:region").iter().cloned().collect();
        for line in include_str!("states.txt").lines() {
            let mut names = line.split('|');
            let Some(code) = names.next().filter(|code| regions.contains(*code)) else { continue };
            for name in names {
                self.add(words_of(name), "visit:region", &[code], Strength::Alias);
            }
        }
    }

    /// Languages by their English names: the locales of the site that are of it.
    fn add_languages(&mut self) {
        let own = self.values_of("visit:language").to_vec();
        for (code, name) in LANGUAGES {
            let of = |locale: &&String| locale.split(['-', '_']).next() == Some(code);
            let locales: Vec<&str> = own.iter().filter(of).map(String::as_str).collect();
            let values = if locales.is_empty() { vec![*code] } else { locales };
            self.add(vec![(*name).to_owned()], LANGUAGE, &values, Strength::Alias);
        }
    }

    /// Pages by the words of their path: all of them, or those after the last slash.
    fn add_pages(&mut self) {
        for name in [
            "homepage",
            "home page",
            "front page",
            "frontpage",
            "start page",
            "index page",
            "main page",
            "home",
        ] {
            self.add(words_of(name), "event:page", &["/"], Strength::Alias);
        }
        for page in self.values_of("event:page").to_vec() {
            self.add(words_of(&page), "event:page", &[&page], Strength::Own);
            if let Some((folder, last)) = page.trim_end_matches('/').rsplit_once('/')
                && !folder.is_empty()
            {
                self.add(words_of(last), "event:page", &[&page], Strength::Part);
            }
        }
    }

    fn add_properties(&mut self) {
        for (key, values) in self.words.properties.clone() {
            let words = words_of(&key);
            self.known.extend(words.iter().cloned());
            self.known.extend(words.last().map(|last| plural(last)));
            let dimension = format!("{PROPERTY}{key}");
            self.keys.push((words, key));
            for value in values {
                self.add(words_of(&value), &dimension, &[&value], Strength::Own);
            }
        }
    }
}

/// The usual plural of a noun.
pub(crate) fn plural(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(rest) if !rest.ends_with(['a', 'e', 'o', 'u']) => format!("{rest}ies"),
        _ if word.ends_with(['s', 'x']) || word.ends_with("ch") => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

fn stems_of(name: &str) -> Vec<String> {
    words_of(name).iter().map(|word| stem(word)).collect()
}
