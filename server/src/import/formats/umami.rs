//! Umami's events: `website_event.csv` of a data export of its cloud, or that table of one's own database as
//! CSV with a head.
//!
//! A row is an event. Who Umami took for one session, for a month as a rule, is one visitor; the number is made
//! of the session's id. Places, devices and campaigns are those that Umami found, in our words.

use std::borrow::Cow;

use super::Reader;
use super::csv::{cells, names};
use super::native::{Fields, Native, put, raw, visitor};
use super::places;

/// Of a page view.
const PAGE_VIEW: &str = "1";
/// Of a custom event.
const CUSTOM: &str = "2";

/// What is kept as it is, by the names of Umami and ours.
const SAME: [(&str, &str); 11] = [
    ("event_id", "id"),
    ("page_title", "title"),
    ("screen", "screen"),
    ("language", "language"),
    ("city", "city"),
    ("utm_source", "source"),
    ("utm_medium", "medium"),
    ("utm_campaign", "campaign"),
    ("utm_term", "term"),
    ("utm_content", "content"),
    ("distinct_id", "user_id"),
];
/// Without these there is no event.
const NEEDED: [&str; 3] = ["session_id", "created_at", "url_path"];

/// Turns rows into events.
#[derive(Debug)]
pub(super) struct Umami {
    native: Native,
    site: String,
    columns: Vec<String>,
    /// Of the first row: an export may hold several.
    website: Option<String>,
}

/// One row by the names of its columns.
struct Row<'a> {
    columns: &'a [String],
    cells: csv::StringRecord,
}

impl Row<'_> {
    /// What a column says: nothing, where there is none of the name.
    fn get(&self, name: &str) -> &str {
        let place = self.columns.iter().position(|column| column == name);
        let cell = place.and_then(|place| self.cells.get(place)).unwrap_or_default();
        if cell == "\\N" { "" } else { cell }
    }

    /// The first of these that says something: columns were renamed over the years.
    fn first(&self, names: [&str; 2]) -> &str {
        names.into_iter().map(|name| self.get(name)).find(|text| !text.is_empty()).unwrap_or_default()
    }
}

impl Umami {
    pub(super) fn new(site: &str) -> Self {
        Self { native: Native::new(site), site: site.to_owned(), columns: Vec::new(), website: None }
    }

    fn fields(&self, row: &Row<'_>) -> Result<Fields<'static>, &'static str> {
        let mut fields = Fields::new();
        put(&mut fields, "name", name(row)?)?;
        put(&mut fields, "ts", &time(row.get("created_at"))?)?;
        put(&mut fields, "visitor", &visitor(&self.site, "umami", row.get("session_id")))?;
        for (theirs, ours) in SAME {
            put(&mut fields, ours, row.get(theirs))?;
        }
        let host = Some(row.get("hostname")).filter(|host| !host.is_empty()).unwrap_or(&self.site);
        put(&mut fields, "url", &address(host, row.get("url_path"), row.get("url_query")))?;
        let from = row.get("referrer_domain");
        if !from.is_empty() {
            let referrer = address(from, row.get("referrer_path"), row.get("referrer_query"));
            put(&mut fields, "referrer", &referrer)?;
        }
        // Others are no countries: `T1` is the Tor network.
        let country = places::country(row.get("country")).unwrap_or_default();
        put(&mut fields, "country", country)?;
        put(&mut fields, "region", &region(row))?;
        put(&mut fields, "browser", browser(row.get("browser")))?;
        let (os, version) = system(row.get("os"));
        put(&mut fields, "os", os)?;
        put(&mut fields, "os_version", version)?;
        put(&mut fields, "device", device(row.get("device")))?;
        let tag = row.get("tag");
        if !tag.is_empty() {
            let props = serde_json::value::to_raw_value(&serde_json::json!({"tag": tag}));
            fields.insert("props".into(), Cow::Owned(props.map_err(|_| "invalid_props")?));
        }
        fields.insert("platform".into(), raw("web")?);
        Ok(fields)
    }
}

impl Reader for Umami {
    fn has_records(&self) -> bool {
        true
    }

    fn head(&mut self, record: &[u8]) -> Result<(), String> {
        self.columns = names(record)?.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        let lacks = NEEDED.iter().find(|needed| !self.columns.iter().any(|column| column == *needed));
        match lacks {
            Some(needed) => {
                Err(format!("no column is named `{needed}`: the file to import is `website_event.csv`"))
            }
            None => Ok(()),
        }
    }

    fn event(&mut self, record: &[u8], to: &mut Vec<u8>) -> Result<(), &'static str> {
        let row = Row { columns: &self.columns, cells: cells(record, self.columns.len())? };
        let website = row.get("website_id");
        if self.website.as_deref().is_some_and(|first| first != website) {
            return Err("other_website");
        }
        let fields = self.fields(&row)?;
        self.website = Some(website.to_owned());
        self.native.write(fields, to)
    }
}

fn name<'a>(row: &'a Row<'_>) -> Result<&'a str, &'static str> {
    match (row.get("event_type"), row.get("event_name")) {
        (PAGE_VIEW | "", "") => Ok(opentrace_events::model::PAGEVIEW),
        (PAGE_VIEW | CUSTOM | "", name) if !name.is_empty() => Ok(name),
        // Figures about how fast a page was, and what belongs to links and pixels beside the site.
        _ => Err("no_event"),
    }
}

/// Umami writes times in UTC, as its databases do: with a space, and maybe without saying so.
fn time(text: &str) -> Result<String, &'static str> {
    let whole = [text.to_owned(), format!("{text}Z")];
    let known = whole.into_iter().find(|text| text.parse::<jiff::Timestamp>().is_ok());
    known.ok_or("ts_invalid")
}

fn address(host: &str, path: &str, query: &str) -> String {
    let (slash, path) = if path.starts_with('/') { ("", path) } else { ("/", path) };
    let (mark, query) = if query.is_empty() { ("", "") } else { ("?", query.trim_start_matches('?')) };
    format!("https://{host}{slash}{path}{mark}{query}")
}

/// By ISO 3166-2: older versions left the country out.
fn region(row: &Row<'_>) -> String {
    let (region, country) = (row.first(["region", "subdivision1"]), row.get("country"));
    if region.is_empty() || region.contains('-') || country.is_empty() {
        return region.to_owned();
    }
    format!("{country}-{region}")
}

fn browser(name: &str) -> &str {
    match name {
        "chrome" | "crios" | "chromium-webview" => "Chrome",
        "edge" | "edge-chromium" | "edge-ios" => "Microsoft Edge",
        "firefox" | "fxios" => "Firefox",
        "safari" | "ios" | "ios-webview" => "Safari",
        "opera" => "Opera",
        "opera-mini" => "Opera Mini",
        "samsung" => "Samsung Internet",
        "silk" => "Amazon Silk",
        "yandexbrowser" => "Yandex Browser",
        "ie" => "Internet Explorer",
        "android" => "Android Browser",
        "facebook" => "Facebook",
        "instagram" => "Instagram",
        other => other,
    }
}

/// The system and its version.
fn system(name: &str) -> (&str, &str) {
    match name {
        "Mac OS" => ("macOS", ""),
        "Android OS" => ("Android", ""),
        "Chrome OS" => ("ChromeOS", ""),
        other => match other.strip_prefix("Windows ") {
            Some(version) if version != "Mobile" => ("Windows", version),
            _ => (other, ""),
        },
    }
}

fn device(kind: &str) -> &str {
    match kind {
        "desktop" | "laptop" => "Desktop",
        "mobile" => "Mobile",
        "tablet" => "Tablet",
        "smarttv" => "TV",
        "console" => "Console",
        "wearable" => "Wearable",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HEAD: &str = "website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,country,\
        region,city,url_path,url_query,utm_source,utm_medium,utm_campaign,utm_content,utm_term,referrer_path,\
        referrer_query,referrer_domain,page_title,gclid,event_type,event_name,tag,distinct_id,created_at,job_id";
    const VIEW: &str = "w1,s1,v1,6f1c0a5e-0000-4000-8000-000000000001,a.example,edge-chromium,Windows 10,laptop,\
        1920x1080,en-US,US,CA,Austin,/shop,utm_source=news&x=1,news,email,spring,,,/mail,q=1,mail.example,\"Shop, all\",,\
        1,,,,2025-02-03 04:05:06,";

    fn reader() -> Umami {
        let mut reader = Umami::new("a.example");
        reader.head(HEAD.as_bytes()).expect("a head");
        reader
    }

    fn read(reader: &mut Umami, record: &str) -> Result<Value, &'static str> {
        let mut to = Vec::new();
        reader.event(record.as_bytes(), &mut to)?;
        Ok(serde_json::from_slice(&to).expect("JSON"))
    }

    #[test]
    fn a_row_is_an_event_in_our_words() {
        let event = read(&mut reader(), VIEW).expect("an event");
        let visitor = event["visitor"].clone();
        assert!(visitor.as_str().is_some_and(|number| number.parse::<u64>().is_ok()), "{visitor}");
        assert_eq!(
            event,
            json!({
                "id": "6f1c0a5e-0000-4000-8000-000000000001", "site": "a.example", "name": "pageview",
                "ts": "2025-02-03 04:05:06Z", "visitor": visitor, "title": "Shop, all",
                "url": "https://a.example/shop?utm_source=news&x=1", "referrer": "https://mail.example/mail?q=1",
                "source": "news", "medium": "email", "campaign": "spring", "country": "US", "region": "US-CA",
                "city": "Austin", "browser": "Microsoft Edge", "os": "Windows", "os_version": "10",
                "device": "Desktop", "screen": "1920x1080", "language": "en-US", "platform": "web",
            })
        );
    }

    #[test]
    fn who_was_one_session_is_one_visitor() {
        let mut reader = reader();
        let mut who = |record: &str| read(&mut reader, record).expect("an event")["visitor"].clone();
        let later = VIEW.replace("2025-02-03", "2025-02-20").replace("/shop", "/cart");
        assert_eq!(who(VIEW), who(&later));
        assert_ne!(who(VIEW), who(&VIEW.replace(",s1,", ",s2,")));
        let mut elsewhere = Umami::new("b.example");
        elsewhere.head(HEAD.as_bytes()).expect("a head");
        assert_ne!(who(VIEW), read(&mut elsewhere, VIEW).expect("an event")["visitor"]);
    }

    #[test]
    fn what_is_no_event_has_a_reason() {
        let mut reader = reader();
        let custom = VIEW.replace(",1,,,,2025", ",2,signup,red,ada,2025");
        let event = read(&mut reader, &custom).expect("an event");
        assert_eq!(
            (&event["name"], &event["props"], &event["user_id"]),
            (&json!("signup"), &json!({"tag": "red"}), &json!("ada"))
        );
        for (record, reason) in [
            (VIEW.replace(",1,,,,2025", ",5,,,,2025"), "no_event"),
            (VIEW.replace(",1,,,,2025", ",2,,,,2025"), "no_event"),
            (VIEW.replace("04:05:06", "soon"), "ts_invalid"),
            (VIEW.replace("w1,", "w2,"), "other_website"),
            ("w1,s1".to_owned(), "other_columns"),
            (String::new(), "empty"),
        ] {
            assert_eq!(read(&mut reader, &record), Err(reason), "{record}");
        }
        let refused =
            Umami::new("a.example").head(b"date,visitors,pageviews").expect_err("no table of events");
        assert!(refused.contains("website_event.csv"), "{refused}");
    }

    #[test]
    fn times_of_databases_are_read() {
        for (text, read) in [
            ("2025-02-03 04:05:06", Ok("2025-02-03 04:05:06Z")),
            ("2025-02-03T04:05:06.789Z", Ok("2025-02-03T04:05:06.789Z")),
            ("2025-02-03 04:05:06.789+00", Ok("2025-02-03 04:05:06.789+00")),
            ("yesterday", Err("ts_invalid")),
            ("", Err("ts_invalid")),
        ] {
            assert_eq!(time(text), read.map(str::to_owned), "{text}");
        }
    }
}
