//! What an address says about the campaign that led to it: UTM parameters and click ids.

use std::borrow::Cow;

/// Whose advertisement was clicked, by the click id it left in the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Click {
    /// `gclid`, `gbraid`, `wbraid`.
    Google,
    /// `msclkid`.
    Microsoft,
    /// `fbclid`: Facebook and Instagram add it to every link, paid or not.
    Meta,
    /// `ttclid`.
    TikTok,
    /// `twclid`.
    X,
    /// `li_fat_id`.
    LinkedIn,
    /// `dclid`.
    Display,
}

/// Campaign parameters, decoded. Empty means absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Campaign<'a> {
    pub source: Cow<'a, str>,
    pub medium: Cow<'a, str>,
    pub campaign: Cow<'a, str>,
    pub term: Cow<'a, str>,
    pub content: Cow<'a, str>,
    pub click: Option<Click>,
}

impl<'a> Campaign<'a> {
    /// Reads a query string. The first value of a parameter counts; `ref` and `source` stand in for
    /// a missing `utm_source`.
    pub fn parse(query: &'a str) -> Self {
        let mut found = Self::default();
        let mut stand_in = Cow::Borrowed("");
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if value.is_empty() {
                continue;
            }
            let slot = match key {
                "utm_source" => &mut found.source,
                "utm_medium" => &mut found.medium,
                "utm_campaign" => &mut found.campaign,
                "utm_term" => &mut found.term,
                "utm_content" => &mut found.content,
                "ref" | "source" => &mut stand_in,
                _ => {
                    found.click = found.click.or_else(|| click(key));
                    continue;
                }
            };
            if slot.is_empty() {
                *slot = decode(pair, value);
            }
        }
        if found.source.is_empty() {
            found.source = stand_in;
        }
        found
    }
}

fn click(key: &str) -> Option<Click> {
    Some(match key {
        "gclid" | "gbraid" | "wbraid" => Click::Google,
        "msclkid" => Click::Microsoft,
        "fbclid" => Click::Meta,
        "ttclid" => Click::TikTok,
        "twclid" => Click::X,
        "li_fat_id" => Click::LinkedIn,
        "dclid" => Click::Display,
        _ => return None,
    })
}

/// The value of a pair. `+` is a space, `%41` is `A`; what is not UTF-8 becomes U+FFFD.
fn decode<'a>(pair: &'a str, value: &'a str) -> Cow<'a, str> {
    if !value.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Cow::Borrowed(value.trim());
    }
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
    Cow::Owned(decoded.map_or_else(String::new, |(_, value)| value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_found_and_decoded() {
        let found = Campaign::parse(
            "a=1&utm_source=News+Letter&utm_medium=e%2Dmail&utm_campaign=%C3%A4&gclid=x&utm_source=no",
        );
        assert_eq!((&*found.source, &*found.medium, &*found.campaign), ("News Letter", "e-mail", "ä"));
        assert_eq!(found.click, Some(Click::Google));
        assert_eq!(Campaign::parse("ref=hn&source=other").source, "hn");
        assert_eq!(Campaign::parse("ref=hn&utm_source=real").source, "real");
        assert_eq!(Campaign::parse("utm_source=&ref=hn").source, "hn");
        assert_eq!(Campaign::parse("utm_term=a%3Db=c").term, "a=b=c");
        assert_eq!(Campaign::parse(""), Campaign::default());
    }

    proptest! {
        #[test]
        fn no_query_panics(query in "\\PC{0,80}", value in "[%+=0-9a-fA-F]{0,20}") {
            let _ = Campaign::parse(&query);
            let _ = Campaign::parse(&format!("utm_source={value}"));
        }
    }
}
