//! The cookie a browser shows, and the second text that only a page of this server knows.

use std::fmt::Write;

use crate::auth::keys::{KeyHash, new_key};
use crate::http::Call;
use subtle::ConstantTimeEq;

const NAME: &str = "opentrace_session";
const MAX_AGE: u64 = super::SESSION.as_secs();
/// The header that a request which changes something has to have.
const CONFIRMATION: &str = "x-csrf-token";

/// The secret text of a session.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Cookie(String);

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cookie(…)")
    }
}

impl Cookie {
    pub(super) fn new() -> Self {
        Self(new_key())
    }

    /// The one the request shows. Of several the first counts: browsers send the most specific first.
    pub(super) fn of(call: &Call) -> Option<Self> {
        let headers = call.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
        let mut pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.split_once('='));
        let (_, text) = pairs.find(|(name, _)| name.trim() == NAME)?;
        Some(Self(text.trim().to_owned()))
    }

    pub(super) fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }

    /// What a page reads and sends along with what changes something. It follows from the cookie, and
    /// the cookie does not follow from it.
    pub(crate) fn confirmation(&self) -> String {
        let hash = KeyHash::of(&format!("confirmation of {}", self.0));
        hash.0.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}"); // into a String, which takes everything
            text
        })
    }

    /// Whether a page of this server sent the request.
    pub(crate) fn is_confirmed(&self, call: &Call) -> bool {
        let sent = call.header(CONFIRMATION).unwrap_or_default();
        let elsewhere = call.header("sec-fetch-site").is_some_and(|site| site != "same-origin");
        !elsewhere && bool::from(sent.as_bytes().ct_eq(self.confirmation().as_bytes()))
    }

    /// The `Set-Cookie` that signs in. `secure` where the browser came by https.
    pub(crate) fn header(&self, secure: bool) -> String {
        set(&self.0, MAX_AGE, secure)
    }

    /// The `Set-Cookie` that signs out.
    pub(crate) fn removal(secure: bool) -> String {
        set("", 0, secure)
    }
}

fn set(text: &str, max_age: u64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={text}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}")
}
