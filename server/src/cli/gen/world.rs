//! What generated traffic is made of: pages, sources, countries, devices, with their weights.
//!
//! Shares are those of an invented software company's site; nothing is taken from a real one.

/// Something with its share of all.
pub(super) type Weighted<T> = (T, u32);

/// A page: path, title, and the pages that people go to from it.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    /// By place in [`PAGES`].
    pub(super) next: &'static [Weighted<usize>],
}

pub(super) const HOME: usize = 0;
pub(super) const SIGN_UP: usize = 3;
pub(super) const CHECKOUT: usize = 4;

macro_rules! pages {
    ($($path:literal, $title:literal => [$($next:expr),*];)*) => {
        pub(super) const PAGES: &[Page] = &[$(Page { path: $path, title: $title, next: &[$($next),*] }),*];
    };
}

pages! {
    "/", "Home" => [(1, 30), (2, 26), (5, 18), (8, 14), (3, 8), (12, 4)];
    "/pricing", "Pricing" => [(3, 34), (2, 20), (0, 18), (4, 10), (7, 18)];
    "/features", "Features" => [(1, 36), (6, 18), (5, 20), (3, 12), (0, 14)];
    "/signup", "Sign up" => [(5, 40), (4, 30), (0, 30)];
    "/checkout", "Checkout" => [(5, 60), (0, 40)];
    "/docs", "Documentation" => [(6, 44), (7, 30), (0, 14), (1, 12)];
    "/docs/install", "Installation" => [(7, 46), (5, 34), (1, 20)];
    "/docs/api", "API reference" => [(6, 30), (5, 50), (1, 20)];
    "/blog", "Blog" => [(9, 34), (10, 30), (11, 24), (0, 12)];
    "/blog/counting-without-cookies", "Counting without cookies" => [(8, 40), (2, 30), (1, 30)];
    "/blog/exact-under-change", "Exact under change" => [(8, 44), (5, 36), (1, 20)];
    "/blog/one-program-no-services", "One program, no services" => [(6, 50), (8, 30), (1, 20)];
    "/about", "About" => [(13, 40), (0, 60)];
    "/contact", "Contact" => [(0, 100)];
}

/// Where a visit comes from and where it lands.
#[derive(Debug)]
pub(super) struct Source {
    /// Empty for direct visits.
    pub(super) referrer: &'static str,
    /// Parameters of the address it lands on, with `?`.
    pub(super) query: &'static str,
    /// By place in [`PAGES`].
    pub(super) landing: &'static [Weighted<usize>],
}

const ANYWHERE: &[Weighted<usize>] = &[(HOME, 60), (1, 12), (5, 14), (8, 8), (6, 6)];
const ARTICLES: &[Weighted<usize>] = &[(9, 38), (10, 34), (11, 20), (HOME, 8)];
const SEARCH: &[Weighted<usize>] = &[(HOME, 38), (6, 16), (7, 14), (9, 12), (1, 12), (10, 8)];

const fn source(referrer: &'static str, query: &'static str, landing: &'static [Weighted<usize>]) -> Source {
    Source { referrer, query, landing }
}

pub(super) const SOURCES: &[Weighted<Source>] = &[
    (source("", "", ANYWHERE), 380),
    (source("https://www.google.com/", "", SEARCH), 270),
    (source("https://news.ycombinator.com/", "", ARTICLES), 70),
    (source("https://github.com/", "", &[(HOME, 50), (6, 30), (5, 20)]), 64),
    (source("https://www.bing.com/", "", SEARCH), 42),
    (source("https://duckduckgo.com/", "", SEARCH), 40),
    (source("https://www.reddit.com/r/selfhosted/", "", ARTICLES), 36),
    (source("", "?utm_source=newsletter&utm_medium=email&utm_campaign=monthly", ARTICLES), 34),
    (source("https://www.linkedin.com/", "", ANYWHERE), 22),
    (source("https://chatgpt.com/", "", SEARCH), 20),
    (
        source(
            "https://www.google.com/",
            "?utm_source=google&utm_medium=cpc&utm_campaign=analytics&gclid=demo",
            &[(HOME, 60), (1, 40)],
        ),
        16,
    ),
    (source("https://mastodon.social/", "", ARTICLES), 6),
];

/// A country and how many hours its clock is ahead of UTC.
pub(super) const COUNTRIES: &[Weighted<(&str, i64)>] = &[
    (("US", -6), 270),
    (("DE", 1), 150),
    (("GB", 0), 90),
    (("FR", 1), 70),
    (("IN", 5), 66),
    (("NL", 1), 44),
    (("CA", -5), 42),
    (("BR", -3), 40),
    (("JP", 9), 36),
    (("PL", 1), 30),
    (("ES", 1), 28),
    (("AU", 10), 26),
    (("IT", 1), 26),
    (("SE", 1), 22),
    (("CH", 1), 20),
    (("AT", 1), 16),
    (("KR", 9), 14),
    (("MX", -6), 10),
];

/// User agent, screen, language.
pub(super) const DEVICES: &[Weighted<(&str, &str)>] = &[
    (
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
            "1920x1080",
        ),
        240,
    ),
    (
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
            "1728x1117",
        ),
        130,
    ),
    (
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
            "412x915",
        ),
        190,
    ),
    (
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "393x852",
        ),
        180,
    ),
    (
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
            "1512x982",
        ),
        90,
    ),
    (("Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0", "2560x1440"), 70),
    (("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0", "1920x1080"), 50),
    (
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0",
            "1536x864",
        ),
        60,
    ),
    (
        (
            "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "820x1180",
        ),
        20,
    ),
];

/// How much of a day's traffic each hour of the local clock has.
pub(super) const HOURS: [u32; 24] =
    [16, 11, 8, 7, 7, 10, 19, 33, 52, 66, 71, 70, 64, 68, 72, 70, 66, 60, 54, 53, 55, 51, 40, 27];
/// How much of a week's traffic each day has, from Monday.
pub(super) const WEEK: [f64; 7] = [1.08, 1.14, 1.13, 1.1, 1.0, 0.76, 0.79];
