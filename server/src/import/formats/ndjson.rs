//! Events in the native shape, one JSON object per line.

use super::Reader;
use super::native::{Fields, Native};

/// Hands each event on as it is, for the site of the import.
#[derive(Debug)]
pub(super) struct Ndjson(Native);

impl Ndjson {
    pub(super) fn new(site: &str) -> Self {
        Self(Native::new(site))
    }
}

impl Reader for Ndjson {
    fn event(&mut self, line: &[u8], to: &mut Vec<u8>) -> Result<(), &'static str> {
        let line = std::str::from_utf8(line).map_err(|_| "invalid_utf8")?;
        if line.trim().is_empty() {
            return Err("empty");
        }
        let fields: Fields<'_> = serde_json::from_str(line).map_err(|_| "invalid_json")?;
        self.0.write(fields, to)
    }
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
        let line =
            r#"{"site":"b.example","id":"x","name":"buy","ts":1,"revenue":{"amount":12345678901234567.89}}"#;
        let want =
            r#"{"id":"x","name":"buy","revenue":{"amount":12345678901234567.89},"site":"a.example","ts":1}"#;
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
        let (one, other) = (
            r#"{"name":"a","ts":1,"ip":"192.0.2.1"}"#,
            r#"{"ip":"192.0.2.7", "id":null, "ts":1, "name":"a"}"#,
        );
        assert_eq!(ids(&[one])[0], ids(&[one])[0]);
        assert_ne!(ids(&[one])[0], ids(&[r#"{"name":"b","ts":1,"ip":"192.0.2.1"}"#])[0]);
        let twice = ids(&[one, one]);
        assert_ne!(twice[0], twice[1]);
        // Nobody who holds the id can find the address by trying.
        assert_eq!(ids(&[r#"{"name":"a","ts":1}"#]), ids(&[one]));
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
            (r#"{"name":"a"}"#, "ts_missing"),
            (r#"{"name":"a","ts":""}"#, "ts_missing"),
        ] {
            assert_eq!(read(&mut reader, line), Err(reason), "{line:?}");
        }
        assert_eq!(reader.event(b"{\"name\":\"\xff\"}", &mut Vec::new()), Err("invalid_utf8"));
    }
}
