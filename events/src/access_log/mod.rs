//! Access logs of Apache and nginx, and which of their lines are page views.
//!
//! **The rule**, in the order in which a line is tested; each skipped line is counted by the reason:
//!
//! 1. `malformed`: not a line of the `combined` or `common` format (fields in quotes end at the first
//!    quote without a backslash; fields after the known ones are ignored), or the request is not
//!    `METHOD target`, with or without ` HTTP/x` behind it, METHOD being capital letters and the target
//!    of a GET beginning with `/`.
//! 2. `method`: not GET.
//! 3. `status`: not 200 to 399.
//! 4. `asset`: the *path* is the target up to the first `?` or `#`, percent-encoding left as it is; its
//!    *extension* is what follows the last `.` in its last segment, in lower case. It is one of
//!    [`ASSET_EXTENSIONS`].
//! 5. `bot`: the user agent is a bot's by the rule of [`crate::enrich::bots`]. The `common` format has no
//!    user agent, so nothing is known and nothing skipped.
//!
//! What is left is a view of the page *path*. Visitors are told apart by address and user agent.
//!
//! Bytes that are not UTF-8 are read as U+FFFD ([`text`]): a line is skipped with a reason or counted,
//! never lost.

mod id;
mod line;

use std::borrow::Cow;
use std::net::IpAddr;

pub use id::LineIds;
pub use line::LogLine;

use crate::enrich::bots;
use crate::ids::Timestamp;

/// Extensions of what a page loads or offers for download: not pages.
#[rustfmt::skip]
pub const ASSET_EXTENSIONS: &[&str] = &[
    "7z", "aac", "apk", "atom", "avi", "avif", "bmp", "bz2", "css", "csv", "cur", "deb", "dmg", "doc",
    "docx", "eot", "exe", "flac", "flv", "gif", "gz", "heic", "ico", "ics", "iso", "jar", "jpeg", "jpg",
    "js", "json", "m4a", "m4v", "map", "mjs", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "msi", "ods",
    "odt", "ogg", "ogv", "otf", "pdf", "pkg", "png", "ppt", "pptx", "psd", "rar", "rdf", "rpm", "rss",
    "svg", "svgz", "swf", "tar", "tgz", "tif", "tiff", "torrent", "ttf", "txt", "wasm", "wav", "webm",
    "webmanifest", "webp", "wmv", "woff", "woff2", "xls", "xlsx", "xml", "xz", "zip", "zst",
];

/// Why a line is no page view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    Malformed,
    Method,
    Status,
    Asset,
    Bot,
}

impl Skip {
    /// Every reason, in the order of the rule.
    pub const ALL: [Self; 5] = [Self::Malformed, Self::Method, Self::Status, Self::Asset, Self::Bot];

    /// Stable, for counts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Method => "method",
            Self::Status => "status",
            Self::Asset => "asset",
            Self::Bot => "bot",
        }
    }
}

/// A line that is a page view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageView<'a> {
    /// The address, or the host name where the server looked names up.
    pub client: &'a str,
    pub ts: Timestamp,
    /// As in the log, with query.
    pub target: &'a str,
    pub path: &'a str,
    /// Empty where there was none.
    pub referrer: &'a str,
    /// Empty where the format has none.
    pub user_agent: &'a str,
    pub status: u16,
    /// `None`: `-`.
    pub bytes: Option<u64>,
}

impl PageView<'_> {
    /// The client's address, where it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.client.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

/// A line's bytes as text, without its line ending.
pub fn text(line: &[u8]) -> Cow<'_, str> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))
}

/// The page view that a line's text is, or why it is none.
pub fn page_view(line: &str) -> Result<PageView<'_>, Skip> {
    classify(&LogLine::parse(line).ok_or(Skip::Malformed)?)
}

/// Applies the rule to a line that was read.
pub fn classify<'a>(line: &LogLine<'a>) -> Result<PageView<'a>, Skip> {
    let (method, target) = request(line.request).ok_or(Skip::Malformed)?;
    if method != "GET" {
        return Err(Skip::Method);
    }
    if !target.starts_with('/') {
        return Err(Skip::Malformed);
    }
    if !(200..=399).contains(&line.status) {
        return Err(Skip::Status);
    }
    let path = &target[..target.find(['?', '#']).unwrap_or(target.len())];
    if is_asset(path) {
        return Err(Skip::Asset);
    }
    if line.user_agent.is_some_and(bots::is_bot) {
        return Err(Skip::Bot);
    }
    Ok(PageView {
        client: line.client,
        ts: line.ts,
        target,
        path,
        referrer: line.referrer,
        user_agent: line.user_agent.unwrap_or_default(),
        status: line.status,
        bytes: line.bytes,
    })
}

fn request(request: &str) -> Option<(&str, &str)> {
    let (method, rest) = request.split_once(' ')?;
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let target = match rest.rsplit_once(' ') {
        Some((target, protocol)) if protocol.starts_with("HTTP/") => target,
        _ => rest,
    };
    Some((method, target))
}

fn is_asset(path: &str) -> bool {
    let segment = path.rsplit('/').next().unwrap_or_default();
    let Some((_, extension)) = segment.rsplit_once('.') else { return false };
    // The longest one listed has eleven letters.
    extension.len() <= 11 && ASSET_EXTENSIONS.binary_search(&extension.to_ascii_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests;
