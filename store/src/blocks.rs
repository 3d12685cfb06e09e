//! Rows turned into columns, as ClickHouse's native format carries them.
//!
//! ClickHouse takes a wide row apart value by value: 4.4 µs of its time for an event in `RowBinary`,
//! 1.0 µs when the same event comes in columns. A block is also never split, so one insert is one
//! part per partition.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use opentrace_events::Visit;

use crate::native::{
    Bools, Column, Dates, I64Lists, I64s, Maps, SetWords, TextLists, Texts, TimeLists, Times, U8s, U16s,
    U32Lists, U32s, U64s, Uuids, WordLists, Words, append, begin,
};
use crate::rows::{Acts, EventRow, FeatureRow, PassageRow, SessionRow};

/// Rows of a table, ready to be sent. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Block {
    pub(crate) table: &'static str,
    /// Names, in the order of the data.
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: usize,
    pub(crate) data: Bytes,
}

impl Block {
    /// Events, for the raw table.
    pub fn events(rows: &[EventRow<'_>]) -> Self {
        events(rows)
    }

    /// Sessions and tombstones.
    pub fn sessions(rows: &[SessionRow]) -> Self {
        sessions(rows)
    }

    /// Passages through funnels, and tombstones.
    pub fn passages(rows: &[PassageRow]) -> Self {
        passages(rows)
    }

    /// What is known of visitors, and tombstones.
    pub fn features(rows: &[FeatureRow]) -> Self {
        features(rows)
    }
}

/// Rows taken through all columns at a time, so that they are still in the processor's cache.
const ROWS_AT_A_TIME: usize = 512;

/// Builds a block of a table: for each column its name, what collects it, and what of a row goes into it.
macro_rules! block {
    ($table:literal, $rows:expr, $row:pat_param => { $($name:ident: $kind:ident = $value:expr,)* }) => {{
        const COLUMNS: &[&str] = &[$(stringify!($name)),*];
        $(let mut $name = $kind::default();)*
        for rows in $rows.chunks(ROWS_AT_A_TIME) {
            $(
                #[allow(unused_variables)] // not every column looks at every part of a row
                for $row in rows {
                    $name.push($value);
                }
            )*
        }
        let mut data = Vec::new();
        begin(&mut data, COLUMNS.len(), $rows.len());
        $(append(&mut data, stringify!($name), $name);)*
        Block { table: $table, columns: COLUMNS, rows: $rows.len(), data: data.into() }
    }};
}

/// Numbers of sets of attributes: equal for rows that share a visit, given in the order in which they come
/// first.
#[derive(Default)]
struct Sets(HashMap<*const Visit, usize>);

impl Sets {
    fn number(&mut self, visit: &Arc<Visit>) -> usize {
        let next = self.0.len();
        *self.0.entry(Arc::as_ptr(visit)).or_insert(next)
    }
}

/// Rows with the numbers of their visits' sets.
fn numbered<R>(rows: &[R], visit: impl Fn(&R) -> &Arc<Visit>) -> Vec<(&R, usize)> {
    let mut sets = Sets::default();
    rows.iter().map(|row| (row, sets.number(visit(row)))).collect()
}

/// A block for `events`.
fn events(rows: &[EventRow<'_>]) -> Block {
    let rows = numbered(rows, |row| &row.event.visit);
    block!("events", rows, (row, set) => {
        site_id: U32s = row.event.site.0,
        ts: Times = row.event.ts.0,
        received_at: Times = row.event.received_at.0,
        visitor: U64s = row.event.visitor.0,
        id: Uuids = row.event.id,
        client_id: Bools = row.event.client_id,
        history: Bools = row.event.history,
        name: Words = row.event.name.as_str(),
        interactive: Bools = row.event.interactive,
        user_id: Texts = row.event.user_id.as_str(),
        url: Texts = row.event.page.url.as_str(),
        path: Texts = row.event.page.path.as_str(),
        title: Texts = row.event.page.title.as_str(),
        hostname: SetWords = (*set, row.event.visit.hostname.as_str()),
        referrer: Texts = row.event.visit.referrer.as_str(),
        source: SetWords = (*set, row.event.visit.source.as_str()),
        medium: SetWords = (*set, row.event.visit.medium.as_str()),
        campaign: SetWords = (*set, row.event.visit.campaign.as_str()),
        term: SetWords = (*set, row.event.visit.term.as_str()),
        content: SetWords = (*set, row.event.visit.content.as_str()),
        channel: SetWords = (*set, row.event.visit.channel.as_str()),
        country: SetWords = (*set, row.event.visit.country.as_str()),
        region: SetWords = (*set, row.event.visit.region.as_str()),
        city: SetWords = (*set, row.event.visit.city.as_str()),
        device: SetWords = (*set, row.event.visit.device.as_str()),
        browser: SetWords = (*set, row.event.visit.browser.as_str()),
        browser_version: SetWords = (*set, row.event.visit.browser_version.as_str()),
        os: SetWords = (*set, row.event.visit.os.as_str()),
        os_version: SetWords = (*set, row.event.visit.os_version.as_str()),
        screen: SetWords = (*set, row.event.visit.screen.as_str()),
        language: SetWords = (*set, row.event.visit.language.as_str()),
        platform: SetWords = (*set, row.event.visit.platform.as_str()),
        app: SetWords = (*set, row.event.visit.app.as_str()),
        app_version: SetWords = (*set, row.event.visit.app_version.as_str()),
        props: Maps = row.event.props.as_slice(),
        revenue: I64s = row.event.revenue,
        currency: Words = row.event.currency.as_str(),
        scroll_depth: U8s = row.event.scroll_depth,
        engagement_ms: U32s = row.event.engagement_ms,
        log_partition: U16s = row.log_partition,
        log_offset: U64s = row.log_offset,
        epoch: U64s = row.epoch,
    })
}

/// A block for `v_sessions`.
fn sessions(rows: &[SessionRow]) -> Block {
    let rows = numbered(rows, |row| &row.visit);
    block!("v_sessions", rows, (row, set) => {
        site_id: U32s = row.site_id,
        start: Times = row.start,
        visitor: U64s = row.visitor,
        end: Times = row.end,
        entry_page: Texts = &row.entry_page,
        exit_page: Texts = &row.exit_page,
        stops: TextLists = row.stops.as_slice(),
        more_stops: Bools = row.more_stops,
        pageviews: U32s = row.pageviews,
        events: U32s = row.events,
        bounce: Bools = row.bounce,
        duration_ms: U64s = row.duration_ms,
        revenue: I64s = row.revenue,
        hostname: SetWords = (*set, row.visit.hostname.as_str()),
        referrer: Texts = row.visit.referrer.as_str(),
        source: SetWords = (*set, row.visit.source.as_str()),
        medium: SetWords = (*set, row.visit.medium.as_str()),
        campaign: SetWords = (*set, row.visit.campaign.as_str()),
        term: SetWords = (*set, row.visit.term.as_str()),
        content: SetWords = (*set, row.visit.content.as_str()),
        channel: SetWords = (*set, row.visit.channel.as_str()),
        country: SetWords = (*set, row.visit.country.as_str()),
        region: SetWords = (*set, row.visit.region.as_str()),
        city: SetWords = (*set, row.visit.city.as_str()),
        device: SetWords = (*set, row.visit.device.as_str()),
        browser: SetWords = (*set, row.visit.browser.as_str()),
        browser_version: SetWords = (*set, row.visit.browser_version.as_str()),
        os: SetWords = (*set, row.visit.os.as_str()),
        os_version: SetWords = (*set, row.visit.os_version.as_str()),
        screen: SetWords = (*set, row.visit.screen.as_str()),
        language: SetWords = (*set, row.visit.language.as_str()),
        platform: SetWords = (*set, row.visit.platform.as_str()),
        app: SetWords = (*set, row.visit.app.as_str()),
        app_version: SetWords = (*set, row.visit.app_version.as_str()),
        epoch: U64s = row.epoch,
        deleted: U8s = row.deleted,
        acts_whole: Bools = row.acts.is_some(),
        acts_ts: TimeLists = list(row, |acts| &acts.ts),
        acts_name: WordLists = list(row, |acts| &acts.name),
        acts_path: WordLists = list(row, |acts| &acts.path),
        acts_revenue: I64Lists = list(row, |acts| &acts.revenue),
    })
}

/// An attribute of the acts of a session.
fn list<T>(row: &SessionRow, of: impl Fn(&Acts) -> &Vec<T>) -> &[T] {
    row.acts.as_ref().map_or(&[], |acts| of(acts))
}

/// A block for `v_funnels`.
fn passages(rows: &[PassageRow]) -> Block {
    block!("v_funnels", rows, row => {
        site_id: U32s = row.site_id,
        definition: U32s = row.definition,
        day: Dates = row.day,
        visitor: U64s = row.visitor,
        entered: Times = row.entered,
        seconds: U32Lists = row.seconds.as_slice(),
        epoch: U64s = row.epoch,
        deleted: U8s = row.deleted,
    })
}

/// A block for `v_features`.
fn features(rows: &[FeatureRow]) -> Block {
    let (mut first, mut last) = (Sets::default(), Sets::default());
    let rows: Vec<_> =
        rows.iter().map(|row| (row, first.number(&row.first), last.number(&row.last))).collect();
    block!("v_features", rows, (row, first, last) => {
        site_id: U32s = row.site_id,
        visitor: U64s = row.visitor,
        first_seen: Times = row.first_seen,
        last_seen: Times = row.last_seen,
        active_days: U32s = row.active_days,
        sessions: U32s = row.sessions,
        bounces: U32s = row.bounces,
        pageviews: U32s = row.pageviews,
        events: U32s = row.events,
        purchases: U32s = row.purchases,
        revenue: I64s = row.revenue,
        duration_ms: I64s = row.duration_ms,
        pages: U32s = row.pages,
        origins: U32s = row.origins,
        first_source: SetWords = (*first, row.first.source.as_str()),
        first_channel: SetWords = (*first, row.first.channel.as_str()),
        last_source: SetWords = (*last, row.last.source.as_str()),
        last_channel: SetWords = (*last, row.last.channel.as_str()),
        country: SetWords = (*last, row.last.country.as_str()),
        device: SetWords = (*last, row.last.device.as_str()),
        browser: SetWords = (*last, row.last.browser.as_str()),
        os: SetWords = (*last, row.last.os.as_str()),
        language: SetWords = (*last, row.last.language.as_str()),
        platform: SetWords = (*last, row.last.platform.as_str()),
        hours: U32Lists = row.hours.as_slice(),
        weekdays: U32Lists = row.weekdays.as_slice(),
        epoch: U64s = row.epoch,
        deleted: U8s = row.deleted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_a_row_is_in_its_block() {
        assert_eq!(passages(&[]).columns, <PassageRow as clickhouse::Row>::COLUMN_NAMES);
    }
}
