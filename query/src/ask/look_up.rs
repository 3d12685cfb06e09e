//! A site's own words, from what the store holds.
//!
//! Made of ordinary queries, one for each attribute, over a year and a bounded number of values, most
//! used first; so the words of a large site are those that matter. Asked at most once a minute for
//! each site that somebody asks about.

use futures_util::future::try_join_all;
use opentrace_events::{Site, Timestamp};
use opentrace_store::Store;

use super::Words;
use crate::catalogue::{self, Metric};
use crate::error::QueryError;
use crate::plan::Views;
use crate::properties::properties;
use crate::query::{DateRange, Dimension, Pagination, Query};
use crate::run::run;

/// How far back is looked.
const DAYS: u16 = 366;
/// Values of one attribute.
const VALUES: u64 = 300;
/// Values of one property, and properties.
const PROPERTY_VALUES: u64 = 50;
const PROPERTIES: usize = 30;
/// Queries at a time.
const AT_ONCE: usize = 6;

/// Attributes whose values people name.
const NAMED: &[&str] = &[
    "event:page",
    "event:hostname",
    "visit:source",
    "visit:channel",
    "visit:utm_source",
    "visit:utm_medium",
    "visit:utm_campaign",
    "visit:utm_content",
    "visit:utm_term",
    "visit:country",
    "visit:region",
    "visit:city",
    "visit:device",
    "visit:browser",
    "visit:os",
    "visit:language",
    "visit:platform",
    "visit:app",
    "cluster",
];

/// The words of a site as of `now`.
///
/// # Errors
/// What the store could not answer.
pub async fn look_up(
    store: &Store,
    site: &Site,
    now: Timestamp,
    views: Views,
    goals: Vec<String>,
) -> Result<Words, QueryError> {
    let values = |dimension: Dimension, limit| values(store, site, now, views, dimension, limit);
    let mut words = Words { goals, ..Words::default() };
    let name = catalogue::field("event:name").map(Dimension::Field);
    if let Some(name) = name {
        words.events = values(name, VALUES).await?;
    }
    for some in NAMED.chunks(AT_ONCE) {
        let fields = some.iter().filter_map(|name| catalogue::field(name));
        let found = try_join_all(fields.map(|field| async move {
            values(Dimension::Field(field), VALUES).await.map(|values| (field.name.to_owned(), values))
        }));
        words.values.extend(found.await?);
    }
    let mut keys: Vec<String> =
        properties(store, site, now).await?.into_iter().map(|found| found.name).collect();
    keys.truncate(PROPERTIES);
    for some in keys.chunks(AT_ONCE) {
        let found = try_join_all(some.iter().map(|key| async move {
            values(Dimension::Property(key.clone()), PROPERTY_VALUES)
                .await
                .map(|values| (key.clone(), values))
        }));
        words.properties.extend(found.await?);
    }
    Ok(words)
}

/// The values of an attribute, most used first, without the name of having none.
async fn values(
    store: &Store,
    site: &Site,
    now: Timestamp,
    views: Views,
    dimension: Dimension,
    limit: u64,
) -> Result<Vec<String>, QueryError> {
    let empty = dimension.field().map_or(catalogue::NO_PROPERTY, |field| field.empty);
    let query = Query {
        site_id: site.domain.clone(),
        metrics: vec![Metric::Events],
        date_range: DateRange::LastDays(DAYS),
        dimensions: vec![dimension],
        pagination: Pagination { limit, offset: 0 },
        ..Query::default()
    };
    let answer = run(store, site, &query, now, views).await?;
    let labels = answer.results.into_iter().filter_map(|group| group.dimensions.into_iter().next());
    Ok(labels.filter(|label| label != empty && !label.is_empty()).collect())
}
