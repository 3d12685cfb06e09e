//! The fields whose wrong values make an event a wrong event.

use std::borrow::Cow;

use compact_str::CompactString;
use rust_decimal::Decimal;

use super::{Origin, sent};
use crate::ids::{DAY_MS, Timestamp};
use crate::limits::{Limits, cut, excess};
use crate::money;
use crate::native::{NativeEvent, Props, Revenue, When};
use crate::rejection::Rejection;
use crate::site::Site;

/// What a message may repeat of what was sent.
pub(super) fn quoted(text: &str) -> String {
    match cut(text, 80) {
        whole if whole.len() == text.len() => text.to_owned(),
        start => format!("{start}…"),
    }
}

pub(super) fn name(sent_name: Option<&str>, limits: &Limits) -> Result<CompactString, Rejection> {
    let name = sent(sent_name).ok_or(Rejection::NameMissing)?;
    match excess(name, limits.name) {
        Some(chars) => Err(Rejection::NameTooLong { chars, limit: limits.name }),
        None => Ok(CompactString::from(name)),
    }
}

pub(super) fn path(path: &str, limits: &Limits) -> Result<CompactString, Rejection> {
    match excess(path, limits.url) {
        Some(chars) => Err(Rejection::UrlTooLong { chars, limit: limits.url }),
        None => Ok(CompactString::from(path)),
    }
}

/// When the event happened: what was sent, within what is believed and what the site keeps.
pub(super) fn when(
    ts: Option<&When<'_>>,
    site: &Site,
    origin: &Origin<'_>,
    limits: &Limits,
) -> Result<Timestamp, Rejection> {
    let now = origin.now;
    let ts = match ts {
        None => return Ok(now),
        Some(When::Ms(ms)) => Timestamp(*ms),
        Some(When::Text(text)) => read_time(text).ok_or_else(|| Rejection::TsInvalid(quoted(text)))?,
    };
    if ts.0 < 0 {
        return Err(Rejection::BeforeEpoch { ts });
    }
    if ts.0 > now.0.saturating_add(limits.ahead_ms) {
        return Err(Rejection::InFuture { ts });
    }
    let age = now.0.saturating_sub(ts.0);
    let kept = i64::from(site.retention_days);
    if kept > 0 && age > kept * DAY_MS {
        return Err(Rejection::NotKept { ts, days: kept });
    }
    if age > limits.late_days.saturating_mul(DAY_MS) && !origin.history {
        return Err(Rejection::TooOld { ts, days: limits.late_days });
    }
    Ok(ts.min(now))
}

fn read_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(instant.as_millisecond()));
    }
    text.parse().ok().map(Timestamp)
}

/// The custom properties of an event, sorted; of a key sent twice the last value counts.
pub fn props(
    sent_props: &Props<'_>,
    limits: &Limits,
) -> Result<Vec<(CompactString, CompactString)>, Rejection> {
    let mut kept: Vec<(CompactString, CompactString)> =
        Vec::with_capacity(sent_props.0.len().min(limits.props));
    for (key, value) in &sent_props.0 {
        if key.is_empty() {
            return Err(Rejection::PropKeyEmpty);
        }
        if let Some(chars) = excess(key, limits.prop_key) {
            return Err(Rejection::PropKeyTooLong { chars, limit: limits.prop_key });
        }
        if let Some(chars) = excess(value, limits.prop_value) {
            return Err(Rejection::PropValueTooLong { key: quoted(key), chars, limit: limits.prop_value });
        }
        match kept.binary_search_by(|(known, _)| known.as_str().cmp(key)) {
            Ok(at) => kept[at].1 = CompactString::from(value.as_ref()),
            Err(_) if kept.len() == limits.props => {
                return Err(Rejection::PropsTooMany { keys: sent_props.0.len(), limit: limits.props });
            }
            Err(at) => {
                kept.insert(at, (CompactString::from(key.as_ref()), CompactString::from(value.as_ref())));
            }
        }
    }
    Ok(kept)
}

/// The amount in fixed point and its currency, the site's where none was sent.
///
/// A protocol whose clients expect a wrong amount to be dropped and the event to be kept (Plausible's)
/// calls this first and leaves the revenue out on an error.
pub fn revenue(sent_revenue: &Revenue<'_>, site: &Site) -> Result<(i64, CompactString), Rejection> {
    let amount = sent(sent_revenue.amount.as_deref()).unwrap_or_default();
    let fixed = read_amount(amount).and_then(money::to_fixed);
    let fixed = fixed.ok_or_else(|| Rejection::RevenueInvalid(quoted(amount)))?;
    let currency = match sent(sent_revenue.currency.as_deref()) {
        None => CompactString::from(site.currency.as_str()),
        Some(code) if code.len() == 3 => CompactString::from(code.to_ascii_uppercase()),
        Some(other) => return Err(Rejection::CurrencyInvalid(quoted(other))),
    };
    if !money::is_currency(&currency) {
        return Err(Rejection::CurrencyInvalid(quoted(&currency)));
    }
    Ok((fixed, currency))
}

/// The revenue that an event names by an amount and a currency beside it, as exports do.
pub(super) fn flat_revenue<'a>(raw: &'a NativeEvent<'_>) -> Option<Revenue<'a>> {
    let currency = sent(raw.currency.as_deref())?;
    let amount = sent(raw.amount.as_deref())?;
    Some(Revenue { amount: Some(Cow::Borrowed(amount)), currency: Some(Cow::Borrowed(currency)) })
}

fn read_amount(text: &str) -> Option<Decimal> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+');
    if text.bytes().all(plain) {
        return text.parse().ok();
    }
    let scientific = text.bytes().all(|byte| plain(byte) || matches!(byte, b'e' | b'E'));
    Decimal::from_scientific(text).ok().filter(|_| scientific)
}
