//! Events in CSV (RFC 4180), as `opentrace export --format csv` writes them or with columns of one's own.
//!
//! The head names the fields of the native shape; other usual names for some of them are known as well. A
//! column `props` holds an object in JSON, one `props.plan` the property `plan`. An empty cell says nothing.

use std::borrow::Cow;

use serde_json::Map;
use serde_json::value::to_raw_value;

use super::Reader;
use super::native::{Fields, Native, raw};
use crate::http::collect::TEXTS;

/// Fields that a column may hold, beside those that are texts.
const OTHERS: [&str; 10] = [
    "name",
    "ts",
    "visitor",
    "channel",
    "amount",
    "currency",
    "interactive",
    "hash_mode",
    "scroll_depth",
    "engagement_ms",
];
/// Other names for them.
const ALIASES: &[(&str, &str)] = &[
    ("timestamp", "ts"),
    ("time", "ts"),
    ("created_at", "ts"),
    ("event", "name"),
    ("event_name", "name"),
    ("page", "url"),
    ("page_url", "url"),
    ("page_title", "title"),
    ("utm_source", "source"),
    ("utm_medium", "medium"),
    ("utm_campaign", "campaign"),
    ("utm_term", "term"),
    ("utm_content", "content"),
    ("revenue", "amount"),
];
/// What exports say beside: where and when the other server kept the event. The site is that of the import.
const PASSED_OVER: &[&str] = &["received_at", "log_partition", "log_offset", "epoch", "site"];
const PROPS: &str = "props";
const PROPERTY: &str = "props.";

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    Field(&'static str),
    /// All properties, as JSON.
    Props,
    Property(String),
    Nothing,
}

/// Turns records into events.
#[derive(Debug)]
pub(super) struct Csv {
    native: Native,
    columns: Vec<Column>,
}

impl Csv {
    pub(super) fn new(site: &str) -> Self {
        Self { native: Native::new(site), columns: Vec::new() }
    }

    fn fields(&self, record: &csv::StringRecord) -> Result<Fields<'static>, &'static str> {
        let mut fields = Fields::new();
        let mut props = Map::new();
        for (column, cell) in self.columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
            match column {
                Column::Field(name) => drop(fields.insert(Cow::Borrowed(*name), raw(cell)?)),
                Column::Props => {
                    let all: Map<_, _> = serde_json::from_str(cell).map_err(|_| "invalid_props")?;
                    props.extend(all);
                }
                Column::Property(name) => drop(props.insert(name.clone(), cell.into())),
                Column::Nothing => {}
            }
        }
        if !props.is_empty() {
            let props = to_raw_value(&props).map_err(|_| "invalid_props")?;
            fields.insert(Cow::Borrowed(PROPS), Cow::Owned(props));
        }
        // A list without names is one of page views.
        if !self.columns.contains(&Column::Field("name")) {
            fields.insert(Cow::Borrowed("name"), raw(opentrace_events::model::PAGEVIEW)?);
        }
        Ok(fields)
    }
}

impl Reader for Csv {
    fn has_records(&self) -> bool {
        true
    }

    fn head(&mut self, record: &[u8]) -> Result<(), String> {
        self.columns = names(record)?.iter().map(|name| column(name.trim())).collect::<Result<_, _>>()?;
        if !self.columns.contains(&Column::Field("ts")) {
            return Err("no column is named `ts`: when each event happened".to_owned());
        }
        Ok(())
    }

    fn event(&mut self, record: &[u8], to: &mut Vec<u8>) -> Result<(), &'static str> {
        let fields = self.fields(&cells(record, self.columns.len())?)?;
        self.native.write(fields, to)
    }
}

/// The names of columns in a head.
pub(super) fn names(head: &[u8]) -> Result<csv::StringRecord, String> {
    // Spreadsheets begin their files with a mark of the encoding.
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    parse(head).map_err(|_| "its first line is not the names of columns".to_owned())
}

/// The cells of a record that has as many as there are columns.
pub(super) fn cells(record: &[u8], columns: usize) -> Result<csv::StringRecord, &'static str> {
    if record.is_empty() {
        return Err("empty");
    }
    let cells = parse(record)?;
    if cells.len() == columns { Ok(cells) } else { Err("other_columns") }
}

fn parse(record: &[u8]) -> Result<csv::StringRecord, &'static str> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(record);
    let mut cells = csv::StringRecord::new();
    match reader.read_record(&mut cells) {
        Ok(true) => Ok(cells),
        Ok(false) => Err("empty"),
        Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => Err("invalid_utf8"),
        Err(_) => Err("invalid_csv"),
    }
}

/// What a column of this name holds.
fn column(name: &str) -> Result<Column, String> {
    if let Some(property) = name.strip_prefix(PROPERTY).filter(|property| !property.is_empty()) {
        return Ok(Column::Property(property.to_owned()));
    }
    let lower = name.to_ascii_lowercase();
    if lower == PROPS {
        return Ok(Column::Props);
    }
    if PASSED_OVER.contains(&lower.as_str()) {
        return Ok(Column::Nothing);
    }
    let known = ALIASES.iter().find(|(alias, _)| *alias == lower).map_or(lower.as_str(), |(_, field)| *field);
    let fields = || TEXTS.into_iter().chain(OTHERS);
    fields().find(|field| *field == known).map(Column::Field).ok_or_else(|| {
        format!(
            "no event has a field `{name}`: name a column `props.{name}` to keep it as a property, or one of {}",
            fields().collect::<Vec<_>>().join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn reader(head: &str) -> Csv {
        let mut reader = Csv::new("a.example");
        reader.head(head.as_bytes()).expect("a head");
        reader
    }

    fn read(reader: &mut Csv, record: &str) -> Result<Value, &'static str> {
        let mut to = Vec::new();
        reader.event(record.as_bytes(), &mut to)?;
        Ok(serde_json::from_slice(&to).expect("JSON"))
    }

    #[test]
    fn columns_are_fields_by_their_names() {
        let mut reader = reader("\u{feff}Timestamp,event,page,props.plan,\"utm_source\",epoch");
        let mut event =
            read(&mut reader, "2026-01-02T03:04:05Z,signup,https://a.example/x,\"pro, yearly\",,7")
                .expect("one");
        assert!(event["id"].take().is_string());
        assert_eq!(
            event,
            json!({
                "id": null, "site": "a.example", "ts": "2026-01-02T03:04:05Z", "name": "signup",
                "url": "https://a.example/x", "props": {"plan": "pro, yearly"},
            })
        );
    }

    #[test]
    fn a_list_without_names_is_one_of_page_views_and_cells_may_hold_lines() {
        let mut reader = reader("ts,url,title,props");
        let event =
            read(&mut reader, "1767323045000,/x,\"two\nlines \"\"quoted\"\"\",\"{\"\"a\"\":\"\"b\"\"}\"");
        let event = event.expect("one");
        assert_eq!((&event["name"], &event["props"]), (&json!("pageview"), &json!({"a": "b"})));
        assert_eq!(event["title"], "two\nlines \"quoted\"");
    }

    #[test]
    fn an_event_without_id_has_one_of_its_own() {
        let ids = || {
            let mut reader = reader("ts,url");
            [0; 2].map(|_| read(&mut reader, "1767323045000,/x").expect("one")["id"].to_string())
        };
        let [one, other] = ids();
        assert_ne!(one, other);
        assert_eq!(ids(), [one, other], "and the same in every import");
    }

    #[test]
    fn what_is_no_head_is_refused_in_words() {
        for (head, word) in [("url,title", "`ts`"), ("ts,sessions", "props.sessions"), ("", "columns")] {
            let told = Csv::new("a.example").head(head.as_bytes()).expect_err(head);
            assert!(told.contains(word), "{head}: {told}");
        }
        assert!(Csv::new("a.example").head(b"ts,\xff").is_err());
    }

    #[test]
    fn what_is_no_event_has_a_reason() {
        let mut reader = reader("ts,props");
        for (record, reason) in
            [("", "empty"), ("1", "other_columns"), ("1,2,3", "other_columns"), ("1,{", "invalid_props")]
        {
            assert_eq!(read(&mut reader, record), Err(reason), "{record:?}");
        }
        assert_eq!(reader.event(b"\xff,", &mut Vec::new()), Err("invalid_utf8"));
    }
}
