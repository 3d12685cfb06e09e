//! Browser, operating system and kind of device, read from the user agent.
//!
//! The patterns are those of the `uap-core` project (`data/README.md`), run by its Rust engine; the
//! names are then brought to those people know from dashboards: `Chrome Mobile` is Chrome, `Mobile
//! Safari` is Safari. Answers are cached by user agent, because a site sees the same few thousand.
//!
//! Wrong where a browser hides what it is: Brave and Arc are Chrome, an iPad that asks for desktop
//! pages is a Mac, and Windows 11 says it is Windows 10.

use std::sync::{Arc, LazyLock};

use compact_str::{CompactString, format_compact};
use quick_cache::sync::Cache;

use super::{bots, device};

/// Longer user agents are cut here before they are read.
const MOST_BYTES: usize = 1_024;
/// User agents remembered: about 10 MB when full.
const REMEMBERED: usize = 16_384;

static PARSERS: LazyLock<Parsers> = LazyLock::new(Parsers::new);

/// What a user agent says. Empty means unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserAgent {
    pub browser: CompactString,
    /// `120`, or `17.2` where the minor number tells releases apart (Safari).
    pub browser_version: CompactString,
    pub os: CompactString,
    pub os_version: CompactString,
    /// `Desktop`, `Mobile`, `Tablet`, `TV`, `Console`, `Wearable`; empty for programs.
    pub device: CompactString,
    /// Whether it is a bot's by the documented rule, see [`bots::is_bot`].
    pub bot: bool,
    /// Whether it is a bot's or a tool's, see [`bots::is_program`].
    pub program: bool,
}

/// Reads user agents and remembers what it read. Shared by every collector.
#[derive(Debug)]
pub struct UserAgents {
    cache: Cache<CompactString, Arc<UserAgent>>,
}

impl Default for UserAgents {
    fn default() -> Self {
        // 50 ms that the first visitor should not wait for.
        LazyLock::force(&PARSERS);
        Self { cache: Cache::new(REMEMBERED) }
    }
}

impl UserAgents {
    /// What `user_agent` says.
    pub fn read(&self, user_agent: &str) -> Arc<UserAgent> {
        let user_agent = super::clip_bytes(user_agent, MOST_BYTES);
        if let Some(known) = self.cache.get(user_agent) {
            return known;
        }
        let read = Arc::new(read(user_agent));
        self.cache.insert(CompactString::from(user_agent), Arc::clone(&read));
        read
    }
}

fn read(user_agent: &str) -> UserAgent {
    let program = bots::is_program(user_agent);
    let browser = PARSERS.browser.extract(user_agent);
    let os = PARSERS.os.extract(user_agent);
    let (os, os_version) = match &os {
        Some(found) => system(&found.os, found.major.as_deref(), found.minor.as_deref()),
        None => Default::default(),
    };
    let (browser, browser_version) = match &browser {
        Some(found) => named_browser(&found.family, found.major, found.minor),
        None => Default::default(),
    };
    let device = if program { "" } else { device::kind(user_agent, &os, !browser.is_empty()) };
    UserAgent {
        browser,
        browser_version,
        os,
        os_version,
        device: CompactString::from(device),
        bot: bots::is_bot(user_agent),
        program,
    }
}

struct Parsers {
    browser: ua_parser::user_agent::Extractor<'static>,
    os: ua_parser::os::Extractor<'static>,
}

impl Parsers {
    // The patterns are part of the program, and a test reads them: they are well formed.
    #[allow(clippy::expect_used)]
    fn new() -> Self {
        #[derive(serde::Deserialize)]
        struct Patterns {
            user_agent_parsers: Vec<ua_parser::user_agent::Parser<'static>>,
            os_parsers: Vec<ua_parser::os::Parser<'static>>,
        }
        let patterns: Patterns =
            serde_json::from_str(include_str!("../../data/user-agents.json")).expect("the patterns are JSON");
        let browser = ua_parser::user_agent::Builder::new().push_all(patterns.user_agent_parsers);
        let os = ua_parser::os::Builder::new().push_all(patterns.os_parsers);
        Self {
            browser: browser.expect("valid patterns").build().expect("patterns that fit"),
            os: os.expect("valid patterns").build().expect("patterns that fit"),
        }
    }
}

fn named_browser(family: &str, major: Option<&str>, minor: Option<&str>) -> (CompactString, CompactString) {
    let name = match family {
        "Chrome Mobile"
        | "Chrome Mobile iOS"
        | "Chrome Mobile WebView"
        | "HeadlessChrome"
        | "Chrome Frame" => "Chrome",
        "Mobile Safari" | "Mobile Safari UI/WKWebView" | "MobileSafari" => "Safari",
        "Firefox Mobile" | "Firefox iOS" | "Firefox Beta" | "Firefox Alpha" => "Firefox",
        "Edge Mobile" | "Edge" => "Microsoft Edge",
        "IE" | "IE Mobile" | "IE Large Screen" => "Internet Explorer",
        "Opera Mobile" | "Opera Touch" | "Opera Coast" => "Opera",
        "Yandex Browser" | "YaBrowser" => "Yandex Browser",
        "Google" => "Google App",
        "Android" => "Android Browser",
        "UC Browser" | "UCBrowser" => "UC Browser",
        "DuckDuckGo Mobile" | "DuckDuckGo" => "DuckDuckGo",
        other => other,
    };
    let version = match (major, minor) {
        (Some(major), Some(minor)) if matches!(name, "Safari" | "Android Browser") => {
            format_compact!("{major}.{minor}")
        }
        (Some(major), _) => CompactString::from(major),
        _ => CompactString::default(),
    };
    (CompactString::from(name), version)
}

fn system(family: &str, major: Option<&str>, minor: Option<&str>) -> (CompactString, CompactString) {
    let name = match family {
        "Mac OS X" | "Mac OS" => "macOS",
        "Chrome OS" => "ChromeOS",
        "Ubuntu" | "Debian" | "Fedora" | "Red Hat" | "CentOS" | "SUSE" | "Gentoo" | "Linux Mint"
        | "Arch Linux" | "Mageia" | "Mandriva" | "Slackware" | "Kubuntu" => "Linux",
        "ATV OS X" => "tvOS",
        other => other,
    };
    let version = match (major, minor) {
        (Some(major), Some(minor)) if matches!(name, "macOS" | "iOS" | "iPadOS") => {
            format_compact!("{major}.{minor}")
        }
        (Some(major), _) if name != "Linux" => CompactString::from(major),
        _ => CompactString::default(),
    };
    (CompactString::from(name), version)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn browsers_are_told_apart() {
        let agents = UserAgents::default();
        for (user_agent, browser, version, os, os_version, device) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
                "Chrome",
                "129",
                "Windows",
                "10",
                "Desktop",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36 Edg/129.0.0.0",
                "Microsoft Edge",
                "129",
                "Windows",
                "10",
                "Desktop",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15",
                "Safari",
                "17.2",
                "macOS",
                "10.15",
                "Desktop",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1",
                "Safari",
                "17.2",
                "iOS",
                "17.2",
                "Mobile",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 7_0_4 like Mac OS X) AppleWebKit/537.51.1 (KHTML, like Gecko) Version/7.0 Mobile/11B554a Safari/9537.53",
                "Safari",
                "7.0",
                "iOS",
                "7.0",
                "Tablet",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Mobile Safari/537.36",
                "Chrome",
                "129",
                "Android",
                "10",
                "Mobile",
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-X900) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
                "Chrome",
                "129",
                "Android",
                "13",
                "Tablet",
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
                "Samsung Internet",
                "23",
                "Android",
                "13",
                "Mobile",
            ),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
                "Firefox",
                "131",
                "Linux",
                "",
                "Desktop",
            ),
            (
                "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.107 Safari/537.36",
                "Chrome",
                "32",
                "Windows",
                "7",
                "Desktop",
            ),
            (
                "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)",
                "Internet Explorer",
                "6",
                "Windows",
                "XP",
                "Desktop",
            ),
            (
                "Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16",
                "Opera",
                "12",
                "Linux",
                "",
                "Desktop",
            ),
            (
                "Mozilla/5.0 (Linux; U; en-us; KFAPWI Build/JDQ39) AppleWebKit/535.19 (KHTML, like Gecko) Silk/3.13 Safari/535.19 Silk-Accelerated=true",
                "Amazon Silk",
                "3",
                "Android",
                "",
                "Tablet",
            ),
            (
                "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/3.0 Chrome/76.0.3809.146 TV Safari/537.36",
                "Samsung Internet",
                "3",
                "Tizen",
                "6",
                "TV",
            ),
            (
                "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Safari/605.1.15",
                "Safari",
                "16.0",
                "",
                "",
                "Console",
            ),
        ] {
            let read = agents.read(user_agent);
            let got = (&*read.browser, &*read.browser_version, &*read.os, &*read.os_version, &*read.device);
            assert_eq!(got, (browser, version, os, os_version, device), "{user_agent}");
            assert!(!read.program, "{user_agent}");
            assert_eq!(agents.read(user_agent), read, "from the cache");
        }
    }

    #[test]
    fn programs_are_bots_without_a_device() {
        let read = UserAgents::default()
            .read("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)");
        assert!(read.bot && read.device.is_empty());
        assert!(UserAgents::default().read("").bot);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_panics(text in "\\PC{0,400}") {
            let _ = UserAgents::default().read(&text);
        }
    }
}
