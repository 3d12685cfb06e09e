//! Takes page and referrer addresses apart.
//!
//! Percent-encoding is left as it is, so that a path counts as the same path in an access log and in
//! a browser. Credentials never get past here: neither [`Address::stored`] nor any part holds them.

use std::borrow::Cow;

use compact_str::CompactString;

/// Why an address is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAddress;

/// An address in parts, borrowed from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// As sent; empty where the text was only a path.
    pub scheme: &'a str,
    /// Lower case, Unicode names in their ASCII form, without port; empty where there is none.
    pub host: Cow<'a, str>,
    /// Begins with `/`.
    pub path: &'a str,
    /// Without `?`.
    pub query: &'a str,
    /// Without `#`.
    pub fragment: &'a str,
    text: &'a str,
    /// The credentials in `text` with their `@`; empty where there are none.
    credentials: std::ops::Range<usize>,
}

impl<'a> Address<'a> {
    /// Reads `scheme://host/path?query#fragment`, `//host/path…` or a path that begins with `/`.
    pub fn parse(text: &'a str) -> Result<Self, NoAddress> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_ascii_control());
        if text.starts_with('/') && !text.starts_with("//") {
            return Ok(Self::assemble(text, "", Cow::Borrowed(""), 0..0, text));
        }
        let (scheme, after) = match text.strip_prefix("//") {
            Some(after) => ("", after),
            None => text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).ok_or(NoAddress)?,
        };
        let start = text.len() - after.len();
        let (authority, rest) = after.split_at(after.find(['/', '?', '#', '\\']).unwrap_or(after.len()));
        let (credentials, host) = match authority.rfind('@') {
            Some(at) => (start..start + at + 1, &authority[at + 1..]),
            None => (0..0, authority),
        };
        let host = host_name(host)?;
        if host.is_empty() && !scheme.eq_ignore_ascii_case("file") {
            return Err(NoAddress);
        }
        Ok(Self::assemble(text, scheme, host, credentials, rest))
    }

    fn assemble(
        text: &'a str,
        scheme: &'a str,
        host: Cow<'a, str>,
        credentials: std::ops::Range<usize>,
        rest: &'a str,
    ) -> Self {
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = if path.is_empty() { "/" } else { path };
        Self { scheme, host, path, query, fragment, text, credentials }
    }

    /// The address as it may be kept: as sent, without credentials.
    pub fn stored(&self) -> CompactString {
        if self.credentials.is_empty() {
            return CompactString::from(self.text);
        }
        let mut kept = CompactString::with_capacity(self.text.len() - self.credentials.len());
        kept.push_str(&self.text[..self.credentials.start]);
        kept.push_str(&self.text[self.credentials.end..]);
        kept
    }

    /// The host without a leading `www.`.
    pub fn hostname(&self) -> &str {
        without_www(&self.host)
    }

    /// The path, with the fragment where the site routes by it.
    pub fn page(&self, hash_mode: bool) -> CompactString {
        if !hash_mode || self.fragment.is_empty() {
            return CompactString::from(self.path);
        }
        let mut page = CompactString::with_capacity(self.path.len() + 1 + self.fragment.len());
        page.push_str(self.path);
        page.push('#');
        page.push_str(self.fragment);
        page
    }
}

/// The host without a leading `www.`.
pub fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// The registrable domain of a host (`shop.example.co.uk` → `example.co.uk`), or the host itself
/// where it has none: an IP address, `localhost`.
pub fn root_domain(host: &str) -> &str {
    let is_address = host.starts_with('[') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_address {
        return host;
    }
    psl::domain_str(host).unwrap_or(host)
}

fn is_scheme(scheme: &str) -> bool {
    let bytes = scheme.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// A host without its port, lower case and in ASCII.
fn host_name(host: &str) -> Result<Cow<'_, str>, NoAddress> {
    let host = if host.starts_with('[') {
        &host[..=host.find(']').ok_or(NoAddress)?]
    } else {
        host.split_once(':').map_or(host, |(host, _)| host)
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'[' | b']' | b':');
    if host.bytes().all(|byte| plain(byte) && !byte.is_ascii_uppercase()) {
        return Ok(Cow::Borrowed(host));
    }
    if host.bytes().all(plain) {
        return Ok(Cow::Owned(host.to_ascii_lowercase()));
    }
    let host = url::Host::parse(host).map_err(|_| NoAddress)?;
    Ok(Cow::Owned(host.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_comes_apart() {
        let all =
            Address::parse(" https://Shop.Example.com:8443/a%20b/?q=1&r=/#/top?x ").expect("an address");
        assert_eq!((all.scheme, &*all.host, all.path), ("https", "shop.example.com", "/a%20b/"));
        assert_eq!((all.query, all.fragment), ("q=1&r=/", "/top?x"));
        assert_eq!(all.page(false), "/a%20b/");
        assert_eq!(all.page(true), "/a%20b/#/top?x");

        let bare = Address::parse("http://www.example.com").expect("an address");
        assert_eq!((bare.hostname(), bare.path, bare.query), ("example.com", "/", ""));
        let path = Address::parse("/pricing?plan=a").expect("a path");
        assert_eq!((&*path.host, path.path, path.query), ("", "/pricing", "plan=a"));
        let app = Address::parse("app://phone/screen/home").expect("an address");
        assert_eq!((&*app.host, app.path), ("phone", "/screen/home"));
        let unicode = Address::parse("https://bücher.example/ä").expect("an address");
        assert_eq!((&*unicode.host, unicode.path), ("xn--bcher-kva.example", "/ä"));
        let six = Address::parse("http://[2001:DB8::1]:80/x").expect("an address");
        assert_eq!(&*six.host, "[2001:db8::1]");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "example.com/x",
            "about:blank",
            "javascript:alert(1)",
            "https://",
            "http:///x",
            "://x",
            "http://[::1",
        ] {
            assert_eq!(Address::parse(text), Err(NoAddress), "{text}");
        }
    }

    #[test]
    fn credentials_are_left_out() {
        for text in ["https://ada:secret@example.com/x?y#z", "https://ada:s@cret@example.com/x?y#z"] {
            let address = Address::parse(text).expect("an address");
            assert_eq!(address.stored(), "https://example.com/x?y#z");
            assert_eq!(address.host, "example.com");
        }
        let mail = "https://example.com/?to=ada:x@example.com";
        assert_eq!(Address::parse(mail).expect("an address").stored(), mail);
    }

    #[test]
    fn roots() {
        for (host, root) in [
            ("shop.example.co.uk", "example.co.uk"),
            ("example.com", "example.com"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(root_domain(host), root);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}", hash in any::<bool>()) {
            if let Ok(address) = Address::parse(&text) {
                let _ = (address.stored(), address.page(hash), root_domain(&address.host));
            }
        }

        /// Agrees with the WHATWG parser on what both take, and never keeps a password.
        #[test]
        fn agrees_with_the_url_standard(
            userinfo in "([a-z]{1,5}(:[a-zA-Z0-9@]{0,5})?@)?", host in "[a-zA-Z0-9]{1,9}(\\.[a-z]{2,5}){1,2}",
            port in "(:[1-9][0-9]{1,3})?", rest in "(/[a-z0-9._~%-]{0,9}){0,3}(\\?[a-z0-9=&@:]{0,9})?(#[a-z0-9/?]{0,9})?",
        ) {
            let text = format!("https://{userinfo}{host}{port}{rest}");
            let Ok(standard) = url::Url::parse(&text) else { return Ok(()) };
            let ours = Address::parse(&text).expect("an address");
            prop_assert_eq!(Some(&*ours.host), standard.host_str());
            prop_assert_eq!(ours.query, standard.query().unwrap_or_default());
            prop_assert_eq!(ours.fragment, standard.fragment().unwrap_or_default());
            let stored = url::Url::parse(&ours.stored()).expect("still an address");
            prop_assert_eq!((stored.username(), stored.password()), ("", None));
        }
    }
}
