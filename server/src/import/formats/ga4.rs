//! Events of Google Analytics 4 as it exports them to BigQuery, taken out of there as JSON, one row per line.
//!
//! A row is an event. `page_view` is a page view, `user_engagement` and `scroll` are engagement; what Google
//! derives by itself (`session_start`, `first_visit`) is no event of anybody's. `value` is revenue of a purchase and a
//! property of everything else: carts and product pages have one, too. Where people came from is what the event
//! itself says, not what was found for the person's first visit; `(direct)` and the like say nothing. Places are
//! named, not coded: countries and regions get their codes where the name is one of ISO 3166's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use opentrace_events::model::{ENGAGEMENT, PAGEVIEW};
use serde::{Deserialize, Deserializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::Reader;
use super::native::{Fields, Native, put, visitor};
use super::places;

/// What Google derives from events.
const DERIVED: [&str; 4] = ["session_start", "first_visit", "first_open", "ad_impression"];
/// What an event says in fields of ours, or says about Google's own book-keeping.
const NO_PROPERTIES: [&str; 20] = [
    "page_location",
    "page_referrer",
    "page_title",
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "language",
    "screen_resolution",
    "engagement_time_msec",
    "percent_scrolled",
    "engaged_session_event",
    "session_engaged",
    "entrances",
    "campaign_id",
    "batch_ordering_id",
    "batch_page_id",
    "synthetic_bundle",
    "ignore_referrer",
];
/// More of that.
const OWN: [&str; 3] = ["ga_", "firebase_", "gclid"];
/// Events whose value was paid.
const PURCHASES: [&str; 3] = ["purchase", "ecommerce_purchase", "in_app_purchase"];
/// Parameters that are fields of ours.
const SAME: [(&str, &str); 8] = [
    ("page_location", "url"),
    ("page_referrer", "referrer"),
    ("page_title", "title"),
    ("source", "source"),
    ("medium", "medium"),
    ("campaign", "campaign"),
    ("term", "term"),
    ("content", "content"),
];

/// Where the event's address said that people came from, for rows whose parameters do not.
const MANUAL: [(&str, &str); 5] = [
    ("manual_source", "source"),
    ("manual_medium", "medium"),
    ("manual_campaign_name", "campaign"),
    ("manual_term", "term"),
    ("manual_content", "content"),
];

/// Turns rows into events.
#[derive(Debug)]
pub(super) struct Ga4 {
    native: Native,
    site: String,
}

#[derive(Debug, Deserialize)]
struct Row {
    event_name: String,
    /// Microseconds since 1970. BigQuery writes whole numbers as texts.
    event_timestamp: Value,
    #[serde(default, deserialize_with = "or_none")]
    event_params: Vec<Parameter>,
    user_id: Option<String>,
    user_pseudo_id: Option<String>,
    #[serde(default, deserialize_with = "or_none")]
    device: Device,
    #[serde(default, deserialize_with = "or_none")]
    geo: Geo,
    #[serde(default, deserialize_with = "or_none")]
    collected_traffic_source: BTreeMap<String, Value>,
    platform: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Parameter {
    key: String,
    #[serde(default, deserialize_with = "or_none")]
    value: BTreeMap<String, Value>,
}

/// What may be `null`, which is the same as nothing.
fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Device {
    category: Option<String>,
    operating_system: Option<String>,
    operating_system_version: Option<String>,
    language: Option<String>,
    browser: Option<String>,
    browser_version: Option<String>,
    web_info: Option<Browser>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Browser {
    browser: Option<String>,
    browser_version: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Geo {
    country: Option<String>,
    region: Option<String>,
    city: Option<String>,
}

impl Ga4 {
    pub(super) fn new(site: &str) -> Self {
        Self { native: Native::new(site), site: site.to_owned() }
    }

    fn fields(&self, row: &Row) -> Result<Fields<'static>, &'static str> {
        let said: BTreeMap<&str, String> = row.event_params.iter().filter_map(Parameter::said).collect();
        let of = |name: &str| said.get(name).map_or("", String::as_str);
        let mut fields = Fields::new();
        let name = name(&row.event_name)?;
        put(&mut fields, "name", name)?;
        fields.insert("ts".into(), number(milliseconds(&row.event_timestamp)?)?);
        let id = row.user_pseudo_id.as_deref().or(row.user_id.as_deref()).unwrap_or_default();
        if !id.is_empty() {
            put(&mut fields, "visitor", &visitor(&self.site, "ga4", id))?;
        }
        put(&mut fields, "user_id", text(&row.user_id))?;
        for (theirs, ours) in SAME {
            put(&mut fields, ours, something(of(theirs)))?;
        }
        for (theirs, ours) in MANUAL {
            if !fields.contains_key(ours)
                && let Some(Value::String(text)) = row.collected_traffic_source.get(theirs)
            {
                put(&mut fields, ours, something(text))?;
            }
        }
        if name == ENGAGEMENT {
            whole(&mut fields, "engagement_ms", of("engagement_time_msec"))?;
            whole(&mut fields, "scroll_depth", of("percent_scrolled"))?;
        }
        let paid = PURCHASES.contains(&name) && is_currency(of("currency")) && !of("value").is_empty();
        if paid {
            put(&mut fields, "amount", of("value"))?;
            put(&mut fields, "currency", of("currency"))?;
        }
        put(&mut fields, "screen", of("screen_resolution"))?;
        self.who_and_where(row, &mut fields)?;
        let props: Map<String, Value> = said
            .iter()
            .filter(|(name, _)| !NO_PROPERTIES.contains(name) && !OWN.iter().any(|own| name.starts_with(own)))
            .filter(|(name, _)| !(paid && ["value", "currency"].contains(name)))
            .map(|(name, text)| ((*name).to_owned(), text.clone().into()))
            .collect();
        if !props.is_empty() {
            fields.insert("props".into(), Cow::Owned(to_raw_value(&props).map_err(|_| "invalid_props")?));
        }
        Ok(fields)
    }

    fn who_and_where(&self, row: &Row, fields: &mut Fields<'_>) -> Result<(), &'static str> {
        let Row { device, geo, .. } = row;
        let browser = device.web_info.as_ref();
        let name = browser.and_then(|web| web.browser.as_deref()).or(device.browser.as_deref());
        put(fields, "browser", name.map_or("", browser_name))?;
        let version =
            browser.and_then(|web| web.browser_version.as_deref()).or(device.browser_version.as_deref());
        put(fields, "browser_version", major(version.unwrap_or_default()))?;
        put(fields, "os", system(text(&device.operating_system)))?;
        put(fields, "os_version", text(&device.operating_system_version))?;
        put(fields, "language", text(&device.language))?;
        put(fields, "device", kind(text(&device.category)))?;
        let country = places::country(text(&geo.country)).unwrap_or_default();
        put(fields, "country", country)?;
        put(fields, "region", places::region(country, text(&geo.region)).unwrap_or_default())?;
        put(fields, "city", text(&geo.city))?;
        put(fields, "platform", &text(&row.platform).to_ascii_lowercase())
    }
}

impl Reader for Ga4 {
    fn event(&mut self, line: &[u8], to: &mut Vec<u8>) -> Result<(), &'static str> {
        let line = std::str::from_utf8(line).map_err(|_| "invalid_utf8")?;
        if line.trim().is_empty() {
            return Err("empty");
        }
        let row: Row = serde_json::from_str(line).map_err(|error| match error.is_data() {
            true => "other_columns",
            false => "invalid_json",
        })?;
        let fields = self.fields(&row)?;
        self.native.write(fields, to)
    }
}

impl Parameter {
    /// Its name and what it says, whatever kind of value that is.
    fn said(&self) -> Option<(&str, String)> {
        let value = ["string_value", "int_value", "double_value", "float_value"]
            .into_iter()
            .find_map(|kind| self.value.get(kind).filter(|value| !value.is_null()))?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((self.key.as_str(), text)).filter(|(_, text)| !text.is_empty())
    }
}

fn name(theirs: &str) -> Result<&str, &'static str> {
    match theirs {
        "page_view" => Ok(PAGEVIEW),
        "user_engagement" | "scroll" => Ok(ENGAGEMENT),
        theirs if DERIVED.contains(&theirs) => Err("no_event"),
        theirs => Ok(theirs),
    }
}

fn text(said: &Option<String>) -> &str {
    said.as_deref().map_or("", something)
}

/// `(not set)`, `(direct)` and the like say nothing.
fn something(text: &str) -> &str {
    if text.starts_with('(') && text.ends_with(')') { "" } else { text }
}

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn milliseconds(micros: &Value) -> Result<i64, &'static str> {
    let micros = micros.as_i64().or_else(|| micros.as_str()?.parse().ok()).ok_or("ts_invalid")?;
    Ok(micros.div_euclid(1000))
}

fn number(value: i64) -> Result<Cow<'static, RawValue>, &'static str> {
    to_raw_value(&value).map(Cow::Owned).map_err(|_| "invalid_json")
}

/// Puts a whole number where the text is one.
fn whole(fields: &mut Fields<'_>, name: &'static str, text: &str) -> Result<(), &'static str> {
    if let Ok(value) = text.parse() {
        fields.insert(name.into(), number(value)?);
    }
    Ok(())
}

fn browser_name(name: &str) -> &str {
    match name {
        "Edge" => "Microsoft Edge",
        "Safari (in-app)" => "Safari",
        "Android Webview" => "Chrome",
        name if name.starts_with('(') => "",
        name => name,
    }
}

/// Only the first part of a version tells browsers apart.
fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

fn system(name: &str) -> &str {
    match name {
        "Macintosh" | "MacOS" => "macOS",
        "Chrome OS" => "ChromeOS",
        name if name.starts_with('<') => "",
        name => name,
    }
}

fn kind(category: &str) -> &str {
    match category {
        "desktop" => "Desktop",
        "mobile" => "Mobile",
        "tablet" => "Tablet",
        "smart tv" => "TV",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(row: &Value) -> Result<Value, &'static str> {
        let mut to = Vec::new();
        Ga4::new("a.example").event(row.to_string().as_bytes(), &mut to)?;
        Ok(serde_json::from_slice(&to).expect("JSON"))
    }

    fn parameter(name: &str, kind: &str, value: impl Into<Value>) -> Value {
        json!({"key": name, "value": {kind: value.into()}})
    }

    fn row(name: &str, parameters: &[Value]) -> Value {
        json!({
            "event_date": "20250203", "event_timestamp": "1738555506123456", "event_name": name,
            "event_params": parameters, "user_pseudo_id": "12.34", "user_id": null,
            "device": {"category": "desktop", "operating_system": "Macintosh", "language": "de-de",
                "web_info": {"browser": "Edge", "browser_version": "120.0.1"}},
            "geo": {"country": "United States", "region": "California", "city": "(not set)"},
            "collected_traffic_source": {"manual_source": "news", "manual_medium": null},
            "platform": "WEB", "items": [],
        })
    }

    #[test]
    fn a_page_view_is_one_in_our_words() {
        let view = row(
            "page_view",
            &[
                parameter("page_location", "string_value", "https://a.example/x?y=1"),
                parameter("page_title", "string_value", "X"),
                parameter("ga_session_id", "int_value", "77"),
                parameter("engagement_time_msec", "int_value", "5"),
                parameter("plan", "string_value", "pro"),
                parameter("seats", "int_value", 3),
            ],
        );
        let mut event = read(&view).expect("an event");
        assert!(event["id"].take().is_string() && event["visitor"].take().is_string());
        assert_eq!(
            event,
            json!({
                "id": null, "visitor": null, "site": "a.example", "name": "pageview", "ts": 1_738_555_506_123_i64,
                "url": "https://a.example/x?y=1", "title": "X", "source": "news", "browser": "Microsoft Edge",
                "browser_version": "120", "os": "macOS", "language": "de-de", "device": "Desktop",
                "country": "US", "region": "US-CA", "platform": "web", "props": {"plan": "pro", "seats": "3"},
            })
        );
    }

    #[test]
    fn engagement_and_purchases_say_how_much() {
        let event = read(&row("user_engagement", &[parameter("engagement_time_msec", "int_value", "4200")]));
        let event = event.expect("an event");
        assert_eq!((&event["name"], &event["engagement_ms"]), (&json!("engagement"), &json!(4200)));
        let event =
            read(&row("scroll", &[parameter("percent_scrolled", "int_value", 90)])).expect("an event");
        assert_eq!((&event["name"], &event["scroll_depth"]), (&json!("engagement"), &json!(90)));
        let bought = [
            parameter("value", "double_value", 19.5),
            parameter("currency", "string_value", "EUR"),
            parameter("transaction_id", "string_value", "T1"),
        ];
        let event = read(&row("purchase", &bought)).expect("an event");
        assert_eq!(
            (&event["amount"], &event["currency"], &event["props"]),
            (&json!("19.5"), &json!("EUR"), &json!({"transaction_id": "T1"}))
        );
        // What is in a cart is not paid.
        let event = read(&row("add_to_cart", &bought)).expect("an event");
        let props = json!({"transaction_id": "T1", "value": "19.5", "currency": "EUR"});
        assert_eq!((&event["amount"], &event["props"]), (&Value::Null, &props));
        let unknown =
            [parameter("value", "int_value", 3), parameter("currency", "string_value", "(not set)")];
        let event = read(&row("purchase", &unknown)).expect("an event");
        assert_eq!(event.get("currency"), None, "{event}");
    }

    #[test]
    fn what_is_null_is_not_there() {
        let bare = json!({
            "event_name": "signup", "event_timestamp": 1, "event_params": null, "device": null, "geo": null,
            "collected_traffic_source": null, "user_pseudo_id": "1",
        });
        assert_eq!(read(&bare).expect("an event")["name"], "signup");
    }

    #[test]
    fn what_is_no_event_has_a_reason() {
        for (row, reason) in [
            (row("session_start", &[]), "no_event"),
            (json!({"event_name": "page_view", "event_timestamp": "soon"}), "ts_invalid"),
            (json!({"event_name": "page_view"}), "other_columns"),
            (json!([]), "other_columns"),
        ] {
            assert_eq!(read(&row), Err(reason), "{row}");
        }
        let mut reader = Ga4::new("a.example");
        assert_eq!(reader.event(b"{", &mut Vec::new()), Err("invalid_json"));
        assert_eq!(reader.event(b" ", &mut Vec::new()), Err("empty"));
    }
}
