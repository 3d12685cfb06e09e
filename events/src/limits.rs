//! How much of everything an event may have.

use crate::ids::DAY_MS;

/// Limits in characters, keys and time. Beyond the first group an event is rejected; the texts of
/// the second group are cut: nobody can help how long a page's title is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub name: usize,
    pub id: usize,
    pub user_id: usize,
    pub url: usize,
    pub props: usize,
    pub prop_key: usize,
    pub prop_value: usize,
    /// Days an event may be late without being sent as history.
    pub late_days: i64,
    /// Milliseconds an event may be ahead of the clock: it counts as received now.
    pub ahead_ms: i64,

    pub title: usize,
    pub referrer: usize,
    /// Each of source, medium, campaign, term, content.
    pub campaign: usize,
    /// Each of place, device, app and language names.
    pub label: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            name: 120,
            id: 128,
            user_id: 512,
            url: 8_192,
            props: 30,
            prop_key: 300,
            prop_value: 2_000,
            late_days: 30,
            ahead_ms: DAY_MS,
            title: 500,
            referrer: 2_000,
            campaign: 300,
            label: 100,
        }
    }
}

/// The number of characters where it is more than `limit`.
pub(crate) fn excess(text: &str, limit: usize) -> Option<usize> {
    if text.len() <= limit {
        return None; // no text has more characters than bytes
    }
    let chars = text.chars().count();
    (chars > limit).then_some(chars)
}

/// The first `limit` characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
}
