//! What can be asked: metrics and dimensions as data.
//!
//! Parser, planner, SQL and documentation read these tables and nothing else, so that a metric or
//! a dimension is added by adding a row. Names and meanings follow Plausible's Stats API v2.

mod dimensions;
mod metrics;
mod people;
mod places;

pub(crate) use dimensions::NO_PROPERTY;
pub use dimensions::{FIELDS, Field, GRAINS, Grain, PROPERTY, Scope, TimeField, field, grain};
pub use metrics::{Basis, METRICS, Metric, MetricInfo, Needs, Presence, Requires, Unit, metric};
pub(crate) use people::{People, Scores};
pub(crate) use places::Places;

use crate::nearest::nearest;

/// The metric that `given` was probably meant to be.
pub fn nearest_metric(given: &str) -> Option<&'static str> {
    let synonym = METRICS.iter().find(|info| info.synonyms.contains(&given)).map(|info| info.name);
    synonym.or_else(|| nearest(given, METRICS.iter().map(|info| info.name)))
}

/// The dimension that `given` was probably meant to be.
pub fn nearest_dimension(given: &str) -> Option<&'static str> {
    let synonym = FIELDS.iter().find(|field| field.synonyms.contains(&given)).map(|field| field.name);
    let bare = FIELDS.iter().find(|field| field.name.split_once(':').is_some_and(|(_, word)| word == given));
    let names = FIELDS.iter().map(|field| field.name).chain(GRAINS.iter().map(|grain| grain.name));
    synonym.or(bare.map(|field| field.name)).or_else(|| nearest(given, names))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_and_synonyms_are_unique() {
        let mut seen = HashSet::new();
        for info in METRICS {
            for word in info.synonyms.iter().chain([&info.name]) {
                assert!(seen.insert(*word), "{word}");
            }
        }
        seen.clear();
        for field in FIELDS {
            for word in field.synonyms.iter().chain([&field.name]) {
                assert!(seen.insert(*word), "{word}");
            }
        }
        for grain in GRAINS {
            assert!(seen.insert(grain.name), "{}", grain.name);
        }
    }

    #[test]
    fn every_metric_is_listed_once() {
        for info in METRICS {
            assert_eq!(info.metric.info().name, info.name);
            assert_eq!(metric(info.name), Some(info.metric));
            assert!(!info.meaning.is_empty());
        }
    }

    #[test]
    fn columns_are_plain_identifiers() {
        for field in FIELDS {
            for column in field.visit_column.iter().chain([&field.column]) {
                assert!(column.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{column}");
            }
        }
    }

    #[test]
    fn suggestions_know_bare_words_and_synonyms() {
        assert_eq!(nearest_dimension("visit:contry"), Some("visit:country"));
        assert_eq!(nearest_dimension("country"), Some("visit:country"));
        assert_eq!(nearest_dimension("event:url"), Some("event:page"));
        assert_eq!(nearest_metric("page_views"), Some("pageviews"));
        assert_eq!(nearest_metric("bouncerate"), Some("bounce_rate"));
        assert_eq!(nearest_metric("weather"), None);
    }
}
