//! The senders of visitors that have a name: search engines, networks, mail, video, shops, assistants.
//!
//! Hand-kept: a host that is missing here is shown under its own name and counts as a referral.

/// What kind of place a visitor came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Search,
    Social,
    Video,
    Shopping,
    Email,
    Assistant,
    /// Named, but an ordinary referral.
    Site,
}

/// A sender: its name, its kind, the hosts it sends from (their subdomains included) and what people
/// write into `utm_source` for it.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) name: &'static str,
    pub(super) family: Family,
    pub(super) hosts: &'static [&'static str],
    pub(super) aliases: &'static [&'static str],
}

const fn sender(
    name: &'static str,
    family: Family,
    hosts: &'static [&'static str],
    aliases: &'static [&'static str],
) -> Sender {
    Sender { name, family, hosts, aliases }
}

use Family::{Assistant, Email, Search, Shopping, Site, Social, Video};

/// Senders with many country domains: the registrable domain's first label decides.
pub(super) const BY_LABEL: &[(&str, &str)] = &[
    ("google", "Google"),
    ("bing", "Bing"),
    ("yahoo", "Yahoo!"),
    ("yandex", "Yandex"),
    ("amazon", "Amazon"),
    ("ebay", "eBay"),
    ("pinterest", "Pinterest"),
    ("ecosia", "Ecosia"),
    ("qwant", "Qwant"),
];

/// Every sender with a name.
#[rustfmt::skip]
pub(super) const SENDERS: &[Sender] = &[
    sender("Google", Search, &["google.com", "com.google.android.googlequicksearchbox"], &["google", "adwords", "googleads", "google-ads", "google_ads"]),
    sender("Bing", Search, &["bing.com"], &["bing", "bingads", "microsoft"]),
    sender("Yahoo!", Search, &["yahoo.com", "search.yahoo.co.jp"], &["yahoo", "yahoo!"]),
    sender("DuckDuckGo", Search, &["duckduckgo.com", "com.duckduckgo.mobile.android"], &["duckduckgo", "ddg"]),
    sender("Yandex", Search, &["yandex.ru", "ya.ru", "yandex.com"], &["yandex"]),
    sender("Baidu", Search, &["baidu.com"], &["baidu"]),
    sender("Ecosia", Search, &["ecosia.org"], &["ecosia"]),
    sender("Qwant", Search, &["qwant.com"], &["qwant"]),
    sender("Brave", Search, &["search.brave.com"], &["brave"]),
    sender("Startpage", Search, &["startpage.com"], &["startpage"]),
    sender("Naver", Search, &["naver.com"], &["naver"]),
    sender("Seznam", Search, &["seznam.cz"], &["seznam"]),
    sender("Sogou", Search, &["sogou.com"], &["sogou"]),
    sender("Daum", Search, &["daum.net"], &["daum"]),
    sender("Haosou", Search, &["so.com"], &[]),
    sender("Kagi", Search, &["kagi.com"], &["kagi"]),
    sender("Mojeek", Search, &["mojeek.com"], &[]),
    sender("Swisscows", Search, &["swisscows.com"], &[]),
    sender("Ask", Search, &["ask.com"], &[]),
    sender("AOL", Search, &["aol.com", "search.aol.com"], &[]),
    sender("Petal Search", Search, &["petalsearch.com"], &[]),
    sender("Presearch", Search, &["presearch.com"], &[]),
    sender("Lycos", Search, &["lycos.com"], &[]),
    sender("Rambler", Search, &["rambler.ru"], &[]),
    sender("MSN", Site, &["msn.com"], &[]),

    sender("ChatGPT", Assistant, &["chatgpt.com", "chat.openai.com", "com.openai.chatgpt"], &["chatgpt", "openai", "chatgpt.com"]),
    sender("Perplexity", Assistant, &["perplexity.ai"], &["perplexity", "perplexity.ai"]),
    sender("Claude", Assistant, &["claude.ai"], &["claude", "claude.ai"]),
    sender("Gemini", Assistant, &["gemini.google.com", "bard.google.com"], &["gemini"]),
    sender("Microsoft Copilot", Assistant, &["copilot.microsoft.com", "copilot.com"], &["copilot"]),
    sender("DeepSeek", Assistant, &["chat.deepseek.com", "deepseek.com"], &["deepseek"]),
    sender("Grok", Assistant, &["grok.com"], &["grok"]),
    sender("Le Chat", Assistant, &["chat.mistral.ai"], &["mistral"]),
    sender("Meta AI", Assistant, &["meta.ai"], &[]),
    sender("You.com", Assistant, &["you.com"], &[]),
    sender("Poe", Assistant, &["poe.com"], &[]),
    sender("Phind", Assistant, &["phind.com"], &[]),

    sender("Facebook", Social, &["facebook.com", "fb.com", "fb.me", "messenger.com", "com.facebook.katana"], &["facebook", "fb", "facebook-ads", "fbads", "facebookads", "fb-ads", "meta"]),
    sender("Instagram", Social, &["instagram.com", "com.instagram.android"], &["instagram", "ig", "igshopping"]),
    sender("Threads", Social, &["threads.net", "threads.com"], &["threads"]),
    sender("Twitter", Social, &["twitter.com", "t.co", "x.com", "com.twitter.android"], &["twitter", "tw", "x", "twitter-ads", "x.com"]),
    sender("LinkedIn", Social, &["linkedin.com", "lnkd.in", "com.linkedin.android"], &["linkedin", "li", "linkedin-ads"]),
    sender("Reddit", Social, &["reddit.com", "com.reddit.frontpage"], &["reddit", "reddit-ads"]),
    sender("Hacker News", Social, &["news.ycombinator.com"], &["hackernews", "hn", "hacker news"]),
    sender("Lobsters", Social, &["lobste.rs"], &["lobsters"]),
    sender("Mastodon", Social, &["mastodon.social", "mastodon.online", "mstdn.social", "fosstodon.org", "hachyderm.io", "org.joinmastodon.android"], &["mastodon"]),
    sender("Bluesky", Social, &["bsky.app"], &["bluesky", "bsky"]),
    sender("Pinterest", Social, &["pinterest.com", "pin.it"], &["pinterest"]),
    sender("TikTok", Social, &["tiktok.com"], &["tiktok", "tiktok-ads"]),
    sender("Snapchat", Social, &["snapchat.com"], &["snapchat", "snapchat-ads"]),
    sender("Tumblr", Social, &["tumblr.com", "t.umblr.com"], &["tumblr"]),
    sender("VKontakte", Social, &["vk.com", "away.vk.com", "vkontakte.ru"], &["vk", "vkontakte"]),
    sender("Odnoklassniki", Social, &["ok.ru"], &[]),
    sender("Weibo", Social, &["weibo.com", "t.cn"], &["weibo"]),
    sender("WeChat", Social, &["weixin.qq.com", "mp.weixin.qq.com"], &["wechat"]),
    sender("QQ", Social, &["qq.com"], &[]),
    sender("WhatsApp", Social, &["whatsapp.com", "wa.me", "com.whatsapp"], &["whatsapp"]),
    sender("Telegram", Social, &["telegram.org", "t.me", "telegram.me", "org.telegram.messenger"], &["telegram"]),
    sender("Discord", Social, &["discord.com", "discordapp.com"], &["discord"]),
    sender("Slack", Social, &["slack.com", "com.slack"], &["slack"]),
    sender("Quora", Social, &["quora.com"], &["quora"]),
    sender("Stack Overflow", Social, &["stackoverflow.com"], &["stackoverflow"]),
    sender("Stack Exchange", Social, &["stackexchange.com"], &[]),
    sender("Flipboard", Social, &["flipboard.com"], &["flipboard"]),
    sender("Medium", Social, &["medium.com"], &[]),
    sender("XING", Social, &["xing.com"], &["xing"]),
    sender("LINE", Social, &["line.me"], &["line"]),
    sender("Nextdoor", Social, &["nextdoor.com"], &["nextdoor"]),
    sender("Product Hunt", Social, &["producthunt.com"], &["producthunt", "product hunt"]),
    sender("DEV", Social, &["dev.to"], &[]),
    sender("LiveJournal", Social, &["livejournal.com"], &[]),
    sender("Google+", Social, &["plus.google.com", "plus.url.google.com"], &[]),
    sender("Delicious", Social, &["delicious.com", "del.icio.us"], &[]),
    sender("Digg", Social, &["digg.com"], &["digg"]),
    sender("StumbleUpon", Social, &["stumbleupon.com"], &[]),

    sender("YouTube", Video, &["youtube.com", "youtu.be", "com.google.android.youtube"], &["youtube", "yt", "yt-ads"]),
    sender("Vimeo", Video, &["vimeo.com"], &["vimeo"]),
    sender("Twitch", Video, &["twitch.tv"], &["twitch"]),
    sender("Dailymotion", Video, &["dailymotion.com"], &["dailymotion"]),
    sender("Netflix", Video, &["netflix.com"], &["netflix"]),
    sender("Bilibili", Video, &["bilibili.com"], &["bilibili"]),
    sender("Youku", Video, &["youku.com"], &[]),
    sender("Rumble", Video, &["rumble.com"], &[]),

    sender("Amazon", Shopping, &["amazon.com"], &["amazon"]),
    sender("eBay", Shopping, &["ebay.com"], &["ebay"]),
    sender("Etsy", Shopping, &["etsy.com"], &["etsy"]),
    sender("Walmart", Shopping, &["walmart.com"], &["walmart"]),
    sender("AliExpress", Shopping, &["aliexpress.com"], &["aliexpress"]),
    sender("Alibaba", Shopping, &["alibaba.com"], &["alibaba"]),
    sender("Shopify", Shopping, &["shopify.com", "shop.app"], &["shopify"]),
    sender("MercadoLibre", Shopping, &["mercadolibre.com"], &["mercadolibre"]),
    sender("Google Shopping", Shopping, &["shopping.google.com"], &[]),

    sender("Gmail", Email, &["mail.google.com", "com.google.android.gm"], &["gmail"]),
    sender("Outlook.com", Email, &["outlook.live.com", "outlook.com", "outlook.office.com", "outlook.office365.com", "hotmail.com"], &["outlook"]),
    sender("Yahoo! Mail", Email, &["mail.yahoo.com"], &[]),
    sender("Proton Mail", Email, &["mail.proton.me"], &[]),
    sender("Fastmail", Email, &["fastmail.com"], &[]),
    sender("Zoho Mail", Email, &["mail.zoho.com"], &[]),
    sender("GMX", Email, &["gmx.net", "gmx.com", "gmx.de"], &[]),
    sender("WEB.DE", Email, &["web.de"], &[]),
    sender("Mail.ru", Email, &["e.mail.ru"], &[]),
    sender("Naver Mail", Email, &["mail.naver.com"], &[]),
    sender("Newsletter", Email, &[], &["newsletter", "email", "e-mail", "mail"]),

    sender("GitHub", Site, &["github.com"], &["github"]),
    sender("GitLab", Site, &["gitlab.com"], &[]),
    sender("Wikipedia", Site, &["wikipedia.org"], &["wikipedia"]),
    sender("Google News", Site, &["news.google.com"], &[]),
    sender("Google Translate", Site, &["translate.google.com", "translate.googleusercontent.com"], &[]),
    sender("Google Docs", Site, &["docs.google.com"], &[]),
    sender("Google Groups", Site, &["groups.google.com"], &[]),
    sender("Feedly", Site, &["feedly.com"], &[]),
    sender("Notion", Site, &["notion.so", "notion.com"], &[]),
    sender("Substack", Site, &["substack.com"], &["substack"]),
];
