//! Where a visitor came from: the referring page, the source's name and the channel.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use compact_str::CompactString;

use super::campaign::Campaign;
use super::channel;
use super::sources::{BY_LABEL, Family, SENDERS, Sender};
use super::url::{Address, root_domain, without_www};

/// Where a visitor came from. Empty source: the visitor came directly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    /// Host and path of the referring page, without `www.`, query, fragment and final slash.
    pub referrer: CompactString,
    pub source: CompactString,
    pub channel: CompactString,
}

/// A source by name, with its kind where it is a known one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) family: Option<Family>,
}

static BY_HOST: LazyLock<HashMap<&'static str, &'static Sender>> =
    LazyLock::new(|| index(|sender| sender.hosts));
static BY_ALIAS: LazyLock<HashMap<&'static str, &'static Sender>> =
    LazyLock::new(|| index(|sender| sender.aliases));

fn index(keys: fn(&Sender) -> &'static [&'static str]) -> HashMap<&'static str, &'static Sender> {
    SENDERS.iter().flat_map(|sender| keys(sender).iter().map(move |&key| (key, sender))).collect()
}

/// Names the source and the channel of an event on a page of `own` hosts, from the referrer as sent
/// and the campaign parameters. A referrer on one of the own hosts, or one that is no address, is none.
pub fn attribute(referrer: &str, own: [&str; 2], campaign: &Campaign<'_>) -> Attribution {
    let page =
        Address::parse(referrer).ok().filter(|page| !page.host.is_empty() && !own.contains(&page.hostname()));
    let source = if campaign.source.is_empty() {
        page.as_ref().map(|page| by_host(page.hostname())).or_else(|| by_click(campaign))
    } else {
        Some(by_alias(&campaign.source))
    };
    let channel = CompactString::const_new(channel::of(source.as_ref(), campaign));
    Attribution {
        referrer: page.as_ref().map(shown).unwrap_or_default(),
        source: source.map(|source| CompactString::from(source.name)).unwrap_or_default(),
        channel,
    }
}

/// What is kept of the referring page: queries of other people's pages are nobody's business here.
fn shown(page: &Address<'_>) -> CompactString {
    let mut shown = CompactString::default();
    if !page.scheme.is_empty()
        && !page.scheme.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http"))
    {
        shown.push_str(page.scheme);
        shown.push_str("://");
    }
    shown.push_str(page.hostname());
    shown.push_str(page.path.trim_end_matches('/'));
    shown
}

fn by_host(host: &str) -> Source<'_> {
    let mut rest = host;
    loop {
        if let Some(sender) = BY_HOST.get(rest) {
            return Source::from(*sender);
        }
        match rest.split_once('.') {
            Some((_, parent)) => rest = parent,
            None => break,
        }
    }
    let label = root_domain(host).split('.').next().unwrap_or_default();
    let sender = BY_LABEL.iter().find(|(known, _)| *known == label).and_then(|(_, name)| by_name(name));
    sender.map_or(Source { name: Cow::Borrowed(host), family: None }, Source::from)
}

/// What somebody wrote into `utm_source`: a known short name, a host, or a name of their own.
fn by_alias<'a>(written: &'a str) -> Source<'a> {
    let lower = written.to_ascii_lowercase();
    if let Some(sender) = BY_ALIAS.get(lower.as_str()) {
        // `utm_source=newsletter` keeps its spelling: it says what kind it is, not who sent it.
        let name = if sender.hosts.is_empty() { written } else { sender.name };
        return Source { name: Cow::Borrowed(name), family: Some(sender.family) };
    }
    let known = BY_HOST.get(without_www(&lower));
    known.map_or(Source { name: Cow::Borrowed(written), family: None }, |sender| Source::from(*sender))
}

/// A click id without a referrer still says whose advertisement it was.
fn by_click(campaign: &Campaign<'_>) -> Option<Source<'static>> {
    use super::campaign::Click;
    let name = match campaign.click? {
        Click::Google => "Google",
        Click::Microsoft => "Bing",
        Click::Meta => "Facebook",
        Click::TikTok => "TikTok",
        Click::X => "Twitter",
        Click::LinkedIn => "LinkedIn",
        Click::Display => return None,
    };
    by_name(name).map(Source::from)
}

fn by_name(name: &str) -> Option<&'static Sender> {
    SENDERS.iter().find(|sender| sender.name == name)
}

impl From<&'static Sender> for Source<'_> {
    fn from(sender: &'static Sender) -> Self {
        Self { name: Cow::Borrowed(sender.name), family: Some(sender.family) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn came(referrer: &str, query: &str) -> (String, String, String) {
        let campaign = Campaign::parse(query);
        let Attribution { referrer, source, channel } =
            attribute(referrer, ["example.com", "blog.example.com"], &campaign);
        (referrer.into(), source.into(), channel.into())
    }

    #[test]
    fn referrers_have_names() {
        for (referrer, shown, source, channel) in [
            ("", "", "", "Direct"),
            ("https://www.example.com/a", "", "", "Direct"),
            ("https://blog.example.com/a", "", "", "Direct"),
            ("not an address", "", "", "Direct"),
            ("https://www.google.com/", "google.com", "Google", "Organic Search"),
            ("http://www.google.co.uk/search?q=secret", "google.co.uk/search", "Google", "Organic Search"),
            ("https://r.search.yahoo.com/x", "r.search.yahoo.com/x", "Yahoo!", "Organic Search"),
            ("https://yandex.com.tr/", "yandex.com.tr", "Yandex", "Organic Search"),
            ("https://mail.google.com/mail/u/0/", "mail.google.com/mail/u/0", "Gmail", "Email"),
            ("android-app://com.google.android.gm/", "android-app://com.google.android.gm", "Gmail", "Email"),
            ("https://l.facebook.com/l.php?u=x", "l.facebook.com/l.php", "Facebook", "Organic Social"),
            ("https://t.co/abc", "t.co/abc", "Twitter", "Organic Social"),
            (
                "https://news.ycombinator.com/item?id=1",
                "news.ycombinator.com/item",
                "Hacker News",
                "Organic Social",
            ),
            ("https://chatgpt.com/", "chatgpt.com", "ChatGPT", "AI Assistants"),
            ("https://www.perplexity.ai/search/x", "perplexity.ai/search/x", "Perplexity", "AI Assistants"),
            ("https://gemini.google.com/app", "gemini.google.com/app", "Gemini", "AI Assistants"),
            ("https://youtu.be/xyz", "youtu.be/xyz", "YouTube", "Organic Video"),
            ("https://www.amazon.de/dp/1", "amazon.de/dp/1", "Amazon", "Organic Shopping"),
            ("https://ada:pw@some.blog/post/", "some.blog/post", "some.blog", "Referral"),
            ("https://notgoogle.com/", "notgoogle.com", "notgoogle.com", "Referral"),
            ("https://google.evil.com/", "google.evil.com", "google.evil.com", "Referral"),
            ("https://github.com/x/y", "github.com/x/y", "GitHub", "Referral"),
        ] {
            assert_eq!(came(referrer, ""), (shown.into(), source.into(), channel.into()), "{referrer}");
        }
    }

    #[test]
    fn campaigns_decide_before_referrers() {
        for (referrer, query, source, channel) in [
            ("", "utm_source=fb&utm_medium=cpc", "Facebook", "Paid Social"),
            ("https://www.google.com/", "gclid=1", "Google", "Paid Search"),
            ("", "gclid=1", "Google", "Paid Search"),
            ("https://www.bing.com/", "msclkid=1", "Bing", "Paid Search"),
            ("https://l.facebook.com/", "fbclid=1", "Facebook", "Organic Social"),
            ("", "utm_source=newsletter&utm_medium=email", "newsletter", "Email"),
            ("https://some.blog/", "utm_source=Partner&utm_medium=affiliate", "Partner", "Affiliates"),
            ("", "utm_source=ads&utm_medium=banner", "ads", "Display"),
            ("", "utm_source=google&utm_campaign=Shopping+Spring&utm_medium=cpc", "Google", "Paid Shopping"),
            ("", "utm_source=youtube&utm_medium=paid", "YouTube", "Paid Video"),
            ("", "utm_source=thing&utm_medium=ppc", "thing", "Paid Other"),
            ("", "utm_source=app&utm_medium=push", "app", "Mobile Push Notifications"),
            ("", "utm_source=sms", "sms", "SMS"),
            ("", "utm_source=chatgpt.com", "ChatGPT", "AI Assistants"),
            ("", "ref=producthunt", "Product Hunt", "Organic Social"),
            ("", "utm_source=my+friend", "my friend", "Referral"),
            ("", "utm_medium=email", "", "Email"),
            ("", "utm_campaign=cross-network-1&utm_source=google", "Google", "Cross-network"),
        ] {
            let (_, got_source, got_channel) = came(referrer, query);
            assert_eq!((&*got_source, &*got_channel), (source, channel), "{referrer} {query}");
        }
    }

    #[test]
    fn no_host_or_alias_has_two_names() {
        for keys in [|sender: &Sender| sender.hosts, |sender: &Sender| sender.aliases] {
            let all: Vec<&str> = SENDERS.iter().flat_map(|sender| keys(sender).iter().copied()).collect();
            let different: std::collections::HashSet<_> = all.iter().collect();
            assert_eq!(all.len(), different.len());
        }
        assert!(BY_LABEL.iter().all(|(_, name)| by_name(name).is_some()));
    }

    proptest! {
        #[test]
        fn no_text_panics(referrer in "\\PC{0,60}", query in "\\PC{0,60}", host in "[a-z.]{0,20}") {
            let _ = came(&referrer, &query);
            let _ = came(&format!("http://{host}/"), &query);
        }
    }
}
