//! Which properties a site's events have.
//!
//! Reads the events of a while, not all there ever were: what no page sends any more is no longer
//! offered. Keeps nothing.

use opentrace_events::ids::DAY_MS;
use opentrace_events::{Site, Timestamp};
use opentrace_store::Store;
use serde::Serialize;
use serde_json::Value as Json;

use crate::error::QueryError;
use crate::limits::Budget;
use crate::{rows, sql};

/// How far back is looked.
const DAYS: i64 = 30;
/// The most keys that are listed.
const MOST: u64 = 100;

/// A key and how many events have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Property {
    pub name: String,
    pub events: u64,
}

/// The keys of properties, the most used first.
pub async fn properties(store: &Store, site: &Site, now: Timestamp) -> Result<Vec<Property>, QueryError> {
    let since = Timestamp(now.0 - DAYS * DAY_MS);
    let found = rows::fetch(&store.client(), &sql::properties(site, since, MOST), Budget::default()).await?;
    let read = |row: Vec<Json>| match row.as_slice() {
        [Json::String(name), events] => Some(Property { name: name.clone(), events: events.as_u64()? }),
        _ => None,
    };
    found
        .into_iter()
        .map(|row| read(row).ok_or_else(|| QueryError::Row { message: "no key of a property".to_owned() }))
        .collect()
}
