//! The payload of the native call, and the form every other protocol's payload is brought to.
//!
//! Reading is lenient where nothing is lost by it (a number where a text belongs, `null` for absent,
//! unknown fields) and borrows from the body wherever JSON allows. What the values mean is decided
//! in [`crate::accept`].

mod lenient;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::rejection::Rejection;
use lenient::{Text, flag, text, whole};

/// One event as a client sends it. Absent and `null` are the same.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NativeEvent<'a> {
    /// A UUID, or a text of at most 128 characters that the client never uses twice.
    #[serde(borrow, deserialize_with = "text")]
    pub id: Option<Cow<'a, str>>,
    /// The site's domain, where the key is not bound to one.
    #[serde(borrow, deserialize_with = "text")]
    pub site: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub ts: Option<When<'a>>,
    /// The full address of the page, or a path that begins with `/`.
    #[serde(borrow, deserialize_with = "text")]
    pub url: Option<Cow<'a, str>>,
    /// Instead of `url`, or where it has none.
    #[serde(borrow, deserialize_with = "text")]
    pub hostname: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub path: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub title: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub referrer: Option<Cow<'a, str>>,
    /// Whether the part of `url` after `#` belongs to the path.
    #[serde(deserialize_with = "flag")]
    pub hash_mode: Option<bool>,

    #[serde(borrow, deserialize_with = "text")]
    pub user_id: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub anonymous_id: Option<Cow<'a, str>>,
    /// A visitor's number, as exports have it. Believed of history only, as is `channel`.
    #[serde(borrow, deserialize_with = "text")]
    pub visitor: Option<Cow<'a, str>>,
    /// Believed from keyed callers only, as are `user_agent` and the fields down to `os_version`.
    #[serde(borrow, deserialize_with = "text")]
    pub ip: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub user_agent: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub country: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub region: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub city: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub device: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub browser: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub browser_version: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub os: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub os_version: Option<Cow<'a, str>>,

    #[serde(borrow, deserialize_with = "text")]
    pub screen: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub language: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub platform: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub app: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub app_version: Option<Cow<'a, str>>,

    /// These five win over the parameters of `url`.
    #[serde(borrow, deserialize_with = "text", alias = "utm_source")]
    pub source: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text", alias = "utm_medium")]
    pub medium: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text", alias = "utm_campaign")]
    pub campaign: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text", alias = "utm_term")]
    pub term: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text", alias = "utm_content")]
    pub content: Option<Cow<'a, str>>,
    /// As exports have it. History that has it is taken as it was kept: `path`, `referrer` and `source` are final.
    #[serde(borrow, deserialize_with = "text")]
    pub channel: Option<Cow<'a, str>>,

    #[serde(borrow)]
    pub props: Option<Props<'a>>,
    #[serde(borrow)]
    pub revenue: Option<Revenue<'a>>,
    /// With `currency` the same as `revenue`, as exports have it.
    #[serde(borrow, deserialize_with = "exact")]
    pub amount: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    pub currency: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "flag")]
    pub interactive: Option<bool>,
    /// Percent.
    #[serde(deserialize_with = "whole")]
    pub scroll_depth: Option<u64>,
    #[serde(deserialize_with = "whole")]
    pub engagement_ms: Option<u64>,
}

impl<'a> NativeEvent<'a> {
    /// Reads one JSON object.
    pub fn parse(json: &'a str) -> Result<Self, Rejection> {
        serde_json::from_str(json).map_err(|error| Rejection::Malformed(error.to_string()))
    }
}

/// A time as sent.
#[derive(Debug, Clone, PartialEq)]
pub enum When<'a> {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Ms(i64),
    /// RFC 3339, or digits.
    Text(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for When<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = When<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time or milliseconds since 1970")
            }

            fn visit_i64<E>(self, ms: i64) -> Result<Self::Value, E> {
                Ok(When::Ms(ms))
            }

            fn visit_u64<E>(self, ms: u64) -> Result<Self::Value, E> {
                Ok(When::Ms(i64::try_from(ms).unwrap_or(i64::MAX)))
            }

            fn visit_f64<E>(self, ms: f64) -> Result<Self::Value, E> {
                Ok(When::Ms(ms.floor() as i64)) // saturates; the range is checked later
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(When::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(When::Text(Cow::Borrowed(text)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Custom properties in the order sent. Numbers and booleans are their JSON text, nested values too;
/// `null` is left out. A JSON text that holds an object is read as that object: old clients send it so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Props<'a>(pub Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Props<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Props<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of properties")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut props = Vec::with_capacity(map.size_hint().unwrap_or(4).min(32));
                while let Some((key, value)) = map.next_entry::<Text<'de>, &RawValue>()? {
                    if let Some(value) = plain(value) {
                        props.push((key.0, value));
                    }
                }
                Ok(Props(props))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                if !text.trim_start().starts_with('{') {
                    return Err(E::invalid_type(de::Unexpected::Str(text), &self));
                }
                let props: Props<'_> = serde_json::from_str(text).map_err(E::custom)?;
                let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
                Ok(Props(props.0.into_iter().map(|(key, value)| (owned(key), owned(value))).collect()))
            }
        }
        deserializer.deserialize_any(Object)
    }
}

/// An amount of money as sent: the digits, never a float.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revenue<'a> {
    /// The number's text. `None`: there was none.
    pub amount: Option<Cow<'a, str>>,
    /// ISO 4217. `None`: the site's currency.
    pub currency: Option<Cow<'a, str>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Revenue<'a> {
    /// Takes anything: what is no object with an amount fails later, with a reason of its own.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Object<'a> {
            #[serde(borrow)]
            amount: Option<&'a RawValue>,
            #[serde(borrow, deserialize_with = "text")]
            currency: Option<Cow<'a, str>>,
        }
        fn object(json: &str) -> Option<Revenue<'_>> {
            // An array would be read as an object's fields in order.
            let object: Object<'_> =
                serde_json::from_str(json).ok().filter(|_| json.trim_start().starts_with('{'))?;
            Some(Revenue { amount: object.amount.and_then(plain), currency: object.currency })
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        let Some(text) = plain(raw) else { return Ok(Self::default()) };
        if let Some(revenue) = object(raw.get()) {
            return Ok(revenue);
        }
        let inner = object(&text).map(|Revenue { amount, currency }| Revenue {
            amount: amount.map(|text| Cow::Owned(text.into_owned())),
            currency: currency.map(|text| Cow::Owned(text.into_owned())),
        });
        Ok(inner.unwrap_or(Self { amount: Some(text), currency: None }))
    }
}

/// The digits of a number, never a float.
fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(plain(<&RawValue>::deserialize(deserializer)?))
}

/// A text's contents, any other value's JSON, nothing for `null`.
fn plain(value: &RawValue) -> Option<Cow<'_, str>> {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'n') => None,
        // It was read as JSON before, so it is a text; if not, its JSON is as good.
        Some(b'"') => Some(serde_json::from_str::<Text<'_>>(json).map_or(Cow::Borrowed(json), |text| text.0)),
        _ => Some(Cow::Borrowed(json)),
    }
}

#[cfg(test)]
mod tests;
