//! Events in the native shape, as every format of events brings them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use opentrace_events::accept::derive_id;
use serde_json::value::{RawValue, to_raw_value};

/// What an id must not be made of: ids are kept for ever, and who holds one could try addresses until
/// the id comes out.
const PERSONAL: [&str; 4] = ["ip", "user_agent", "user_id", "anonymous_id"];

/// The fields of an event by name, each as JSON.
pub(super) type Fields<'a> = BTreeMap<Cow<'a, str>, Cow<'a, RawValue>>;

/// Writes events of a site. One without an id gets one that follows from what it says and from how many
/// equal ones came before it. Keeps some 50 bytes for each of those.
#[derive(Debug)]
pub(super) struct Native {
    site: String,
    seen: HashMap<u128, u32>,
}

impl Native {
    pub(super) fn new(site: &str) -> Self {
        Self { site: site.to_owned(), seen: HashMap::new() }
    }

    /// Appends the event as one line without its end.
    pub(super) fn write(&mut self, mut fields: Fields<'_>, to: &mut Vec<u8>) -> Result<(), &'static str> {
        // An event that does not say when it happened would be one of now.
        if fields.get("ts").is_none_or(|ts| matches!(ts.get(), "null" | "\"\"")) {
            return Err("ts_missing");
        }
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

/// Sets a field to a text that says something.
pub(super) fn put(fields: &mut Fields<'_>, name: &'static str, text: &str) -> Result<(), &'static str> {
    if !text.is_empty() {
        fields.insert(Cow::Borrowed(name), raw(text)?);
    }
    Ok(())
}

/// The number by which somebody is told apart whom another program knew by an identifier: the same on a
/// site in every import.
pub(super) fn visitor(site: &str, program: &str, identifier: &str) -> String {
    let scope = format!("visitor of {site} in {program}");
    derive_id(&scope, identifier, 0).as_u64_pair().0.to_string()
}

/// A text as JSON.
pub(super) fn raw(text: &str) -> Result<Cow<'static, RawValue>, &'static str> {
    to_raw_value(text).map(Cow::Owned).map_err(|_| "invalid_json")
}
