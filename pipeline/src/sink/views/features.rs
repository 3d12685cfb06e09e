//! `v_features`.

use opentrace_operators::{Diff, Features};
use opentrace_store::FeatureRow;

use super::last_states;
use crate::intern::Reader;
use crate::journal::Epoch;

/// The visitors a batch changes: the last state of each, a tombstone where nothing is left.
pub(crate) fn features<'a>(
    epochs: impl Iterator<Item = (Epoch, &'a [(Features, Diff)])>,
    words: &Reader<'_>,
) -> Vec<FeatureRow> {
    last_states(epochs, |row| (row.person.site, row.person.visitor))
        .into_iter()
        .map(|((site_id, visitor), (epoch, state))| match state {
            Some(features) => feature_row(features, epoch, words),
            None => FeatureRow { site_id, visitor, epoch, deleted: 1, ..FeatureRow::default() },
        })
        .collect()
}

pub(crate) fn feature_row(features: &Features, epoch: Epoch, words: &Reader<'_>) -> FeatureRow {
    FeatureRow {
        site_id: features.person.site,
        visitor: features.person.visitor,
        first_seen: features.first_seen,
        last_seen: features.last_seen,
        active_days: features.active_days,
        sessions: features.sessions,
        bounces: features.bounces,
        pageviews: features.pageviews,
        events: features.events,
        purchases: features.purchases,
        revenue: features.revenue,
        duration_ms: features.duration_ms,
        pages: features.pages,
        origins: features.origins,
        first: words.visit(features.first_visit),
        last: words.visit(features.last_visit),
        hours: features.hours,
        weekdays: features.weekdays,
        epoch,
        deleted: 0,
    }
}
