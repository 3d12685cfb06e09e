//! Who is known by an id that the site sends, and what they did. Only sites in identified mode have
//! such ids; nobody else can be found here.
//!
//! Reads the events of a while. Keeps nothing. Wrong when: somebody is being erased, until their raw
//! events are gone.

use std::collections::BTreeMap;

use opentrace_events::ids::DAY_MS;
use opentrace_events::{Site, Timestamp};
use opentrace_store::Store;
use serde::Serialize;
use serde_json::Value as Json;

use crate::error::QueryError;
use crate::limits::Budget;
use crate::{rows, sql};

/// How far back is looked.
pub const PEOPLE_DAYS: i64 = 90;
/// People listed at once, and deeds of one of them.
const MOST_PEOPLE: u64 = 200;
const MOST_DEEDS: u64 = 500;
/// Amounts are kept in 1/10,000.
const SCALE: f64 = 10_000.0;

/// Somebody the site knows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Known {
    pub user_id: String,
    /// Milliseconds since 1970, within the days that are looked at.
    pub first_seen: i64,
    pub last_seen: i64,
    pub events: i64,
    pub pageviews: i64,
    /// Days of the site's calendar with an event.
    pub days: i64,
    /// Where the first event came from.
    pub source: String,
    /// Where and with what the last one happened.
    pub country: String,
    pub device: String,
    pub browser: String,
    /// In the site's currency.
    pub revenue: f64,
}

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deed {
    /// Milliseconds since 1970.
    pub at: i64,
    pub name: String,
    pub path: String,
    pub source: String,
    pub country: String,
    pub device: String,
    pub browser: String,
    pub props: BTreeMap<String, String>,
    pub revenue: f64,
    pub currency: String,
}

/// People of the last [`PEOPLE_DAYS`] days whose id holds `within`, the last seen first.
///
/// # Errors
/// Where the store does not answer.
pub async fn people(
    store: &Store,
    site: &Site,
    within: &str,
    now: Timestamp,
) -> Result<Vec<Known>, QueryError> {
    let statement = sql::people(site, since(now), within, MOST_PEOPLE);
    let found = rows::fetch(&store.client(), &statement, Budget::default()).await?;
    found.iter().map(|row| known(row).ok_or_else(unreadable)).collect()
}

/// What the person with this id did in the last [`PEOPLE_DAYS`] days, newest first.
///
/// # Errors
/// Where the store does not answer.
pub async fn deeds(store: &Store, site: &Site, user: &str, now: Timestamp) -> Result<Vec<Deed>, QueryError> {
    let found =
        rows::fetch(&store.client(), &sql::deeds(site, since(now), user, MOST_DEEDS), Budget::default())
            .await?;
    found.iter().map(|row| deed(row).ok_or_else(unreadable)).collect()
}

fn since(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - PEOPLE_DAYS * DAY_MS)
}

fn unreadable() -> QueryError {
    QueryError::Row { message: "a person of another form".to_owned() }
}

fn text(value: &Json) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn known(row: &[Json]) -> Option<Known> {
    let [user_id, first, last, events, pageviews, days, source, country, device, browser, revenue] = row
    else {
        return None;
    };
    Some(Known {
        user_id: text(user_id)?,
        first_seen: first.as_i64()?,
        last_seen: last.as_i64()?,
        events: events.as_i64()?,
        pageviews: pageviews.as_i64()?,
        days: days.as_i64()?,
        source: text(source)?,
        country: text(country)?,
        device: text(device)?,
        browser: text(browser)?,
        revenue: revenue.as_f64()? / SCALE,
    })
}

fn deed(row: &[Json]) -> Option<Deed> {
    let [at, name, path, source, country, device, browser, props, revenue, currency] = row else {
        return None;
    };
    let props = props.as_object()?.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?)));
    Some(Deed {
        at: at.as_i64()?,
        name: text(name)?,
        path: text(path)?,
        source: text(source)?,
        country: text(country)?,
        device: text(device)?,
        browser: text(browser)?,
        props: props.collect(),
        revenue: revenue.as_f64()? / SCALE,
        currency: text(currency)?,
    })
}
