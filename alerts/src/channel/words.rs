//! What people read, the same in every channel; each channel escapes it in its own way.

use super::{Event, Message};

/// What a line of several may take before it is escaped, and what is kept free to say that there are more.
const LINE: usize = 200;
const REST: usize = 50;

/// The parts of a message for people, not escaped.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    /// What happened: `Busy fired`.
    pub(super) title: String,
    /// Name and value of each fact.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) url: String,
}

pub(super) fn words(message: &Message) -> Words {
    let data = &message.notice.data;
    let what = match message.notice.event {
        Event::Firing => "fired",
        Event::Resolved => "is resolved",
        Event::Test => "is reached",
    };
    let mut facts = vec![("Site", data.site_id.clone())];
    if let Some(group) = &data.group {
        facts.push(("Group", if group.is_empty() { "(none)".to_owned() } else { group.clone() }));
    }
    if message.notice.event == Event::Test {
        return Words { title: format!("{} {what}", data.name), facts, url: data.url.clone() };
    }
    facts.push(("Measured", format!("{} ({})", number(data.value), message.about)));
    if let Some(band) = data.band {
        facts.push(("Expected", format!("{} to {}", number(band.lower), number(band.upper))));
    }
    facts.push(("Since", data.started_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
    if let Some(reason) = data.reason {
        facts.push(("Why", reason.words().to_owned()));
    }
    Words { title: format!("{} {what}", data.name), facts, url: data.url.clone() }
}

/// What several messages come to: `3 alerts: 2 fired, 1 is resolved`.
pub(super) fn headline(messages: &[Message]) -> String {
    let count = |event| messages.iter().filter(|message| message.notice.event == event).count();
    let parts: Vec<String> = [(Event::Firing, "fired"), (Event::Resolved, "resolved"), (Event::Test, "test")]
        .into_iter()
        .filter(|(event, _)| count(*event) > 0)
        .map(|(event, word)| format!("{} {word}", count(event)))
        .collect();
    format!("{} alerts: {}", messages.len(), parts.join(", "))
}

/// One of several messages on a line, in full.
pub(super) fn line(message: &Message) -> String {
    let words = words(message);
    let facts: Vec<&str> =
        words.facts.iter().filter(|(name, _)| *name != "Since").map(|(_, value)| value.as_str()).collect();
    format!("{}: {}", words.title, facts.join(", "))
}

/// Several messages, a line each as the channel writes it: as many as there is room for, and how many more there
/// are.
pub(super) fn lines(messages: &[Message], most: usize, write: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    let mut left = most.saturating_sub(REST);
    for (told, message) in messages.iter().enumerate() {
        let line = format!("{}\n", write(&cut(&line(message), LINE)));
        let length = line.encode_utf16().count();
        if length > left {
            text.push_str(&write(&format!("and {} more", messages.len() - told)));
            break;
        }
        left -= length;
        text.push_str(&line);
    }
    text.trim_end().to_owned()
}

/// A number as people write it: at most two decimals, no more than needed.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The first characters of a text, and an ellipsis where it is longer. Counted as services count: in
/// units of UTF-16.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = text.chars().take_while(|letter| {
        let fits = letter.len_utf16() <= left;
        left = left.saturating_sub(letter.len_utf16());
        fits
    });
    let mut short: String = fits.collect();
    short.push('…');
    short
}

/// For HTML, and for what Telegram takes as HTML.
pub(super) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_letters_and_numbers_are_short() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("😀😀", 3), "😀…", "an emoji counts as two");
        assert_eq!(cut("😀😀", 2), "…");
        assert_eq!([number(120.0), number(0.5), number(1.0 / 3.0)], ["120", "0.5", "0.33"]);
        assert_eq!(html("<b>\"&\"</b>"), "&lt;b&gt;&quot;&amp;&quot;&lt;/b&gt;");
    }
}
