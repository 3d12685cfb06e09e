//! Access logs of Apache and nginx. Which lines are page views is the rule of
//! [`opentrace_events::access_log`].

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use opentrace_events::access_log::{LineIds, LogLine, PageView, Skip, classify, text};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Reader;

/// A log with or without referrer and user agent.
#[derive(Debug)]
pub(super) struct AccessLog {
    site: String,
    ids: LineIds,
    /// Whether a line without user agent is one of another format.
    combined: bool,
}

/// A page view in the native shape.
#[derive(Serialize)]
struct Event<'a> {
    id: Uuid,
    site: &'a str,
    name: &'static str,
    /// Milliseconds since 1970.
    ts: i64,
    url: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    referrer: &'a str,
    ip: IpAddr,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'a str,
}

impl AccessLog {
    pub(super) fn combined(site: &str) -> Self {
        Self { site: site.to_owned(), ids: LineIds::default(), combined: true }
    }

    /// Referrer and user agent, where a line has them, are left out, so that all lines are alike.
    pub(super) fn common(site: &str) -> Self {
        Self { combined: false, ..Self::combined(site) }
    }

    fn page_view<'a>(&self, line: &'a str) -> Result<PageView<'a>, Skip> {
        let mut line = LogLine::parse(line).ok_or(Skip::Malformed)?;
        if self.combined && line.user_agent.is_none() {
            return Err(Skip::Malformed);
        }
        if !self.combined {
            (line.referrer, line.user_agent) = ("", None);
        }
        classify(&line)
    }
}

impl Reader for AccessLog {
    fn event(&mut self, line: &[u8], to: &mut Vec<u8>) -> Result<(), &'static str> {
        let line: Cow<'_, str> = text(line);
        let view = self.page_view(&line).map_err(Skip::code)?;
        let event = Event {
            id: self.ids.next(&self.site, &view),
            site: &self.site,
            name: opentrace_events::model::PAGEVIEW,
            ts: view.ts.0,
            url: format!("https://{}{}", self.site, view.target),
            referrer: view.referrer,
            ip: view.ip().unwrap_or_else(|| stand_in(view.client)),
            user_agent: view.user_agent,
        };
        let start = to.len();
        serde_json::to_writer(&mut *to, &event).map_err(|_| {
            to.truncate(start);
            Skip::Malformed.code()
        })
    }
}

/// An address for a client that the log knows by name: a unique local one, which no country has. The
/// same name has the same address, which is all that telling visitors apart needs.
fn stand_in(name: &str) -> IpAddr {
    let digest = Sha256::digest(name.to_ascii_lowercase());
    let mut octets = [0; 16];
    octets.copy_from_slice(&digest[..16]);
    octets[0] = 0xfd;
    Ipv6Addr::from(octets).into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const VIEW: &str = r#"203.0.113.9 - - [17/May/2015:10:05:03 +0200] "GET /a%20b?utm_source=x HTTP/1.1" 200 12 "http://other.example/" "Mozilla/5.0 (X11; Linux) Firefox/40.0""#;

    fn read(log: &mut AccessLog, line: &str) -> Result<Value, &'static str> {
        let mut to = b"before ".to_vec();
        let read = log.event(line.as_bytes(), &mut to);
        let rest = to.strip_prefix(b"before ").expect("what was there stays");
        match read {
            Ok(()) => Ok(serde_json::from_slice(rest).expect("JSON")),
            Err(reason) => {
                assert_eq!(rest, b"", "nothing is left of a skipped line");
                Err(reason)
            }
        }
    }

    #[test]
    fn a_line_becomes_a_page_view() {
        let mut event = read(&mut AccessLog::combined("a.example"), VIEW).expect("an event");
        event["id"].take();
        assert_eq!(
            event,
            json!({
                "id": null, "site": "a.example", "name": "pageview", "ts": 1_431_849_903_000_i64,
                "url": "https://a.example/a%20b?utm_source=x", "referrer": "http://other.example/",
                "ip": "203.0.113.9", "user_agent": "Mozilla/5.0 (X11; Linux) Firefox/40.0",
            })
        );
    }

    #[test]
    fn ids_are_the_same_in_every_import_and_differ_within_one() {
        let ids = |lines: usize| -> Vec<Value> {
            let mut log = AccessLog::combined("a.example");
            (0..lines).map(|_| read(&mut log, VIEW).expect("an event")["id"].take()).collect()
        };
        assert_eq!(ids(3), ids(3));
        assert_ne!(ids(2)[0], ids(2)[1]);
    }

    #[test]
    fn the_formats_keep_to_their_fields() {
        let short = VIEW.rsplit_once(" \"http").map(|(line, _)| line).expect("a common line");
        assert_eq!(read(&mut AccessLog::combined("a.example"), short), Err("malformed"));
        let (mut from_common, mut from_combined) =
            (AccessLog::common("a.example"), AccessLog::common("a.example"));
        let event = read(&mut from_common, short).expect("an event");
        assert_eq!(event, read(&mut from_combined, VIEW).expect("an event"));
        assert_eq!(event.get("user_agent"), None);
    }

    #[test]
    fn every_reason_has_its_name() {
        let mut log = AccessLog::combined("a.example");
        for (line, reason) in [
            ("", "malformed"),
            (&VIEW.replace("GET", "POST"), "method"),
            (&VIEW.replace(" 200 ", " 404 "), "status"),
            (&VIEW.replace("/a%20b", "/a.css"), "asset"),
            (&VIEW.replace("Firefox", "Googlebot"), "bot"),
        ] {
            assert_eq!(read(&mut log, line), Err(reason), "{line}");
        }
    }

    #[test]
    fn a_host_name_has_an_address_of_its_own() {
        let named = |name: &str| {
            let line = VIEW.replace("203.0.113.9", name);
            read(&mut AccessLog::combined("a.example"), &line).expect("an event")["ip"].take()
        };
        assert_eq!(named("host.example"), named("HOST.example"));
        assert_ne!(named("host.example"), named("guest.example"));
        assert_eq!(stand_in("x").to_string().split_at(2).0, "fd");
    }
}
