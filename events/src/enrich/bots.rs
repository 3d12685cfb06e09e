//! Which user agents are programs.
//!
//! The documented rule, used for live events and for access logs alike, is short enough to be said
//! in a line of any language: *a user agent is a bot's if it is empty or `-`, or if, in lower case
//! and with `cubot` taken out, it contains one of [`BOT_MARKS`]*. Live events are also held against
//! [`TOOL_MARKS`]: scanners, previews and monitors that an access log may keep.
//!
//! Wrong for programs that lie about themselves, and for people whose browser is named like a bot:
//! the telephone maker Cubot is the one known case, and the exception.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// Lower-case parts of user agents that no browser has. Order does not matter.
#[rustfmt::skip]
pub const BOT_MARKS: &[&str] = &[
    // What crawlers call themselves.
    "bot", "crawl", "spider", "slurp", "scrap", "archive", "indexer", "nutch", "heritrix", "httrack",
    "ezooms", "siteexplorer", "ichiro", "teoma", "yeti/", "daumoa", "tab.search.daum.net", "mediapartners",
    "apis-google", "google web preview", "google favicon", "google-inspection", "google-read",
    "google-safety", "google-extended", "google-site", "google-structured", "google-adwords", "googleother",
    "bingpreview", "facebookexternalhit", "facebookcatalog", "meta-external", "whatsapp/",
    "skypeuripreview", "embedly", "flipboardproxy", "vkshare", "chatgpt-user", "claude-user", "claude-web",
    "anthropic-ai", "perplexity-user", "mistralai-user", "cohere-ai",
    // Readers of feeds.
    "feed", "rss", "fetch", "liferea", "akregator", "livejournal.com", "newsblur", "netvibes", "inoreader",
    "theoldreader", "simplepie", "magpie",
    // Libraries and tools of programmers.
    "curl/", "wget", "python", "ruby", "libwww-perl", "lwp::", "java/", "php/", "okhttp", "axios", "undici",
    "httpclient", "http-client", "http_client", "http_request", "httpx", "aiohttp", "winhttp", "guzzle",
    "postman", "insomnia", "restsharp", "indy library", "wordpress/",
    // Watchers and testers.
    "monitor", "pingdom", "statuscake", "uptime", "site24x7", "check_http", "nagios", "zabbix",
    "lighthouse", "pagespeed", "gtmetrix", "headlesschrome", "phantomjs", "selenium", "puppeteer",
    "playwright", "ptst/", "validator", "link check", "linkcheck", "link sleuth", "checker", "w3c_", "nmap",
    "nikto", "sqlmap", "masscan", "zgrab", "netcraft", "censys", "nuclei",
];

/// Taken out before [`BOT_MARKS`] are looked for.
pub const NO_MARKS: &[&str] = &["cubot"];

/// Further marks that live events are held against.
#[rustfmt::skip]
pub const TOOL_MARKS: &[&str] = &[
    "acunetix", "admantx", "anyevent", "apache-http", "appengine", "appinsights", "binlar",
    "blackbox exporter", "bublup", "catchpoint", "changedetection", "chef client", "cloudflare-",
    "collapsify", "convera", "cypress/", "dareboost", "datadog", "datanyze", "dataprovider", "deadlink",
    "detectify", "dirbuster", "disqus/", "downnotifier", "drupal (", "electricmonk", "expanse", "findlink",
    "foregenix", "freshping", "friendica", "genieo", "got (", "hatena", "hetrix", "httpie/", "httpunit",
    "hubspot", "iframely", "ips-agent", "jetty/", "jorgee", "l9explore", "l9tcpid", "larbin", "lemmy/",
    "libcurl", "linkdex", "linktiger", "lua-resty", "mastodon/", "mechanize", "megaindex", "metainspector",
    "metauri", "microsoft office protocol", "miniflux", "muckrack", "nessus", "newrelic", "newspaper/",
    "nextcloud", "node-superagent", "node.js", "omgili", "openvas", "orgprobe", "outbrain", "panopta",
    "panscient", "pcore-http", "perl/", "pleroma", "postrank", "probely", "proximic", "qualys", "qwantify",
    "req/v3", "rivva", "scoutjet", "seokicks", "server density", "shortlinktranslate", "sindresorhus",
    "sistrix", "sitebulb", "sitesucker", "snacktory", "sogou web", "ssl labs", "sucuri", "synapse",
    "synthetic", "sysomos", "thousandeyes", "traackr", "turnitin", "twurly", "typhoeus", "updown.io",
    "urlgrabber", "virustotal", "watchmouse", "webdriver", "webmon", "websitepulse", "wotbox", "wpscan",
    "xenu", "yahoocachesystem", "yahoomailproxy", "zmeu",
];

static DOCUMENTED: LazyLock<Marks> = LazyLock::new(|| Marks::new(&[BOT_MARKS]));
static LIVE: LazyLock<Marks> = LazyLock::new(|| Marks::new(&[BOT_MARKS, TOOL_MARKS]));

/// The documented rule, see the module.
pub fn is_bot(user_agent: &str) -> bool {
    DOCUMENTED.found_in(user_agent)
}

/// The documented rule and [`TOOL_MARKS`].
pub fn is_program(user_agent: &str) -> bool {
    LIVE.found_in(user_agent)
}

struct Marks {
    finder: AhoCorasick,
}

impl Marks {
    fn new(lists: &[&[&str]]) -> Self {
        let patterns = NO_MARKS.iter().chain(lists.iter().copied().flatten());
        // The lists are constants and a test builds both: they are neither too long nor too many.
        #[allow(clippy::expect_used)]
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostFirst)
            .build(patterns)
            .expect("constant patterns");
        Self { finder }
    }

    fn found_in(&self, user_agent: &str) -> bool {
        let user_agent = user_agent.trim();
        if user_agent.is_empty() || user_agent == "-" {
            return true;
        }
        // The exceptions come first among the patterns, so they swallow the mark inside them.
        self.finder.find_iter(user_agent).any(|found| found.pattern().as_usize() >= NO_MARKS.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rule as it is documented.
    fn said_naively(user_agent: &str, marks: &[&str]) -> bool {
        let lower = user_agent.to_ascii_lowercase().replace("cubot", "\n");
        ["", "-"].contains(&user_agent.trim()) || marks.iter().any(|mark| lower.contains(mark))
    }

    #[test]
    fn known_bots_are_bots() {
        for bot in [
            "",
            "-",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)",
            "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
            "Feedfetcher-Google; (+http://www.google.com/feedfetcher.html; 16 subscribers; feed-id=1)",
            "UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/",
            "Tiny Tiny RSS/1.11 (http://tt-rss.org/)",
            "curl/7.22.0 (i686-pc-linux-gnu) libcurl/7.22.0 OpenSSL/1.0.1",
            "Wget/1.14 (linux-gnu)",
            "python-requests/2.31.0",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)",
            "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        ] {
            assert!(is_bot(bot), "{bot}");
            assert!(is_program(bot), "{bot}");
        }
    }

    #[test]
    fn browsers_are_not() {
        for browser in [
            "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.107 Safari/537.36",
            "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)",
            "Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16",
            "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBDV/iPhone12,1]",
            "Mozilla/5.0 (Linux; Android 12; Pixel 6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36 GSA/14.0 Instagram 300.0",
            "Mozilla/5.0 (Linux; U; en-us; KFAPWI Build/JDQ39) AppleWebKit/535.19 (KHTML, like Gecko) Silk/3.13 Safari/535.19",
            "Lynx/2.8.7rel.2 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/1.0.1f",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 baiduboxapp/13.0 MetaSr 1.0",
        ] {
            assert!(!is_program(browser), "{browser}");
        }
    }

    #[test]
    fn every_mark_is_lower_case_and_says_something_of_its_own() {
        for (list, before) in [(BOT_MARKS, &[][..]), (TOOL_MARKS, BOT_MARKS)] {
            for mark in list {
                assert_eq!(*mark, mark.trim().to_ascii_lowercase());
                let covers = |other: &&&str| *other != mark && mark.contains(**other);
                assert_eq!(list.iter().chain(before).find(covers), None, "{mark} is covered already");
            }
        }
    }

    proptest! {
        #[test]
        fn the_finder_is_the_documented_rule(
            parts in proptest::collection::vec(prop_oneof![
                proptest::sample::select(BOT_MARKS), proptest::sample::select(TOOL_MARKS),
                Just("CUBOT"), Just("cu"), Just("Mozilla/5.0"), Just(" "), Just("ß"),
            ], 0..4),
            noise in "\\PC{0,12}", cut in 0_usize..6,
        ) {
            let mut text = format!("{}{noise}", parts.concat());
            text.truncate(text.char_indices().map(|(at, _)| at).rev().nth(cut).unwrap_or(text.len()));
            prop_assert_eq!(is_bot(&text), said_naively(&text, BOT_MARKS), "{:?}", text);
            let both: Vec<&str> = BOT_MARKS.iter().chain(TOOL_MARKS).copied().collect();
            prop_assert_eq!(is_program(&text), said_naively(&text, &both), "{:?}", text);
        }
    }
}
