//! Events in the native shape, one JSON object per line.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use opentrace_events::accept::derive_id;
use serde_json::value::{RawValue, to_raw_value};

use super::Reader;

/// What an id must not be made of: ids are kept for ever, and who holds one could try addresses until
/// the id comes out.
const PERSONAL: [&str; 4] = ["ip", "user_agent", "user_id", "anonymous_id"];

/// Hands each event on as it is, for the site of the import. One without an id gets one that follows
/// from what it says and from how many equal ones came before it. Keeps 20 bytes for each of those.
#[derive(Debug)]
pub(super) struct Ndjson {
    site: String,
    seen: HashMap<u128, u32>,
}

type Fields<'a> = BTreeMap<Cow<'a, str>, Cow<'a, RawValue>>;

impl Ndjson {
    pub(super) fn new(site: &str) -> Self {
        Self { site: site.to_owned(), seen: HashMap::new() }
    }

    fn id(&mut self, fields: &Fields<'_>) -> String {
        let said = fields.iter().filter(|(name, _)| !PERSONAL.contains(&name.as_ref()));
        let content: String = said.map(|(name, value)| format!("{name}\0{value}\0")).collect();
        let scope = format!("imported line of {}", self.site);
        let occurrence = self.seen.entry(derive_id(&scope, &content, 0).as_u128()).or_default();
        let id = derive_id(&scope, &content, *occurrence as usize);
        *occurrence += 1;
        id.to_string()
    }
}

impl Reader for Ndjson {
    fn event(&mut self, line: &[u8], to: &mut Vec<u8>) -> Result<(), &'static str> {
        let line = std::str::from_utf8(line).map_err(|_| "invalid_utf8")?;
        if line.trim().is_empty() {
            return Err("empty");
        }
        let mut fields: Fields<'_> = serde_json::from_str(line).map_err(|_| "invalid_json")?;
        fields.insert("site".into(), raw(&self.site)?);
        if fields.get("id").is_none_or(|id| id.get() == "null") {
            fields.remove("id");
            let id = self.id(&fields);
            fields.insert("id".into(), raw(&id)?);
        }
        let event = serde_json::to_vec(&fields).map_err(|_| "invalid_json")?;
        to.extend_from_slice(&event);
        Ok(())
    }
}

fn raw(text: &str) -> Result<Cow<'static, RawValue>, &'static str> {
    to_raw_value(text).map(Cow::Owned).map_err(|_| "invalid_json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reader: &mut Ndjson, line: &str) -> Result<String, &'static str> {
        let mut to = Vec::new();
        reader.event(line.as_bytes(), &mut to)?;
        Ok(String::from_utf8(to).expect("UTF-8"))
    }

    #[test]
    fn an_event_is_handed_on_as_it_is_for_this_site() {
        let mut reader = Ndjson::new("a.example");
        let line = r#"{"site":"b.example","id":"x","name":"buy","revenue":{"amount":12345678901234567.89}}"#;
        let want = r#"{"id":"x","name":"buy","revenue":{"amount":12345678901234567.89},"site":"a.example"}"#;
        assert_eq!(read(&mut reader, line).as_deref(), Ok(want));
    }

    #[test]
    fn an_id_follows_from_what_the_event_says() {
        let ids = |lines: &[&str]| -> Vec<String> {
            let mut reader = Ndjson::new("a.example");
            let id = |line: String| {
                serde_json::from_str::<serde_json::Value>(&line).expect("JSON")["id"].to_string()
            };
            lines.iter().map(|line| id(read(&mut reader, line).expect("an event"))).collect()
        };
        let (one, other) =
            (r#"{"name":"a","ip":"192.0.2.1"}"#, r#"{"ip":"192.0.2.7", "id":null, "name":"a"}"#);
        assert_eq!(ids(&[one])[0], ids(&[one])[0]);
        assert_ne!(ids(&[one])[0], ids(&[r#"{"name":"b","ip":"192.0.2.1"}"#])[0]);
        let twice = ids(&[one, one]);
        assert_ne!(twice[0], twice[1]);
        // Nobody who holds the id can find the address by trying.
        assert_eq!(ids(&[r#"{"name":"a"}"#]), ids(&[one]));
        assert_eq!(ids(&[other]), ids(&[one]));
    }

    #[test]
    fn what_is_no_event_has_a_reason() {
        let mut reader = Ndjson::new("a.example");
        for (line, reason) in [
            ("", "empty"),
            (" \t", "empty"),
            ("{", "invalid_json"),
            ("[]", "invalid_json"),
            ("7", "invalid_json"),
        ] {
            assert_eq!(read(&mut reader, line), Err(reason), "{line:?}");
        }
        assert_eq!(reader.event(b"{\"name\":\"\xff\"}", &mut Vec::new()), Err("invalid_utf8"));
    }
}
