//! Reads of the pipeline: histories to bring back, and what is stored already.
//!
//! Lists go as parameters that are arrays, in pieces: a field of a request may have 128 KiB.

use clickhouse::Row;
use futures_util::{StreamExt, TryStreamExt};
use opentrace_events::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::rows::{ProgressRow, StoredAct, StoredId};
use crate::{Store, StoreError};

/// Visitors per statement: numbers of up to 20 digits.
const CHUNK: usize = 6_000;
/// The same for ids, of 36 characters and quotes.
const CHUNK_OF_IDS: usize = 3_000;
/// Statements of one call that run at once.
const AT_ONCE: usize = 4;

/// A site's events of some time, half-open, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySlice {
    pub site_id: u32,
    pub from_ms: i64,
    pub to_ms: i64,
}

/// The events of some visitors of a site within some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitorSlice {
    pub site_id: u32,
    pub from_ms: i64,
    pub to_ms: i64,
    pub visitors: Vec<u64>,
}

#[derive(Row, Deserialize)]
struct Place {
    log_partition: u16,
    log_offset: u64,
}

#[derive(Row, Deserialize)]
struct Id {
    #[serde(with = "clickhouse::serde::uuid")]
    id: Uuid,
}

impl Store {
    /// How far an engine's views are.
    pub async fn progress(&self, engine: &str) -> Result<Option<ProgressRow>, StoreError> {
        let query = "SELECT engine, epoch, generation, closed_at FROM view_progress \
                     WHERE engine = {engine:String} ORDER BY epoch DESC LIMIT 1";
        Ok(self.client().query(query).param("engine", engine).fetch_optional().await?)
    }

    /// The newest epoch of any engine; 0 where there is none.
    pub async fn latest_epoch(&self) -> Result<u64, StoreError> {
        Ok(self.client().query("SELECT max(epoch) FROM view_progress").fetch_one().await?)
    }

    /// Events of every site since `from`, by hour of the day in UTC.
    pub async fn events_by_hour(&self, from: Timestamp) -> Result<[u64; 24], StoreError> {
        let query = "SELECT toUInt8(toHour(minute, 'UTC')) AS hour, toUInt64(greatest(sum(events), 0)) \
                     FROM v_traffic FINAL WHERE minute >= toDateTime({from:UInt32}) GROUP BY hour";
        let seconds = u32::try_from(from.0 / 1000).unwrap_or(0);
        let found = self.client().query(query).param("from", seconds).fetch_all::<(u8, u64)>().await?;
        let mut hours = [0; 24];
        for (hour, events) in found {
            hours[usize::from(hour) % 24] = events;
        }
        Ok(hours)
    }

    /// Who has stored events in each slice: index of the slice, visitor.
    pub async fn slice_visitors(&self, slices: &[DaySlice]) -> Result<Vec<(usize, u64)>, StoreError> {
        let visitors = slices.iter().enumerate().map(async |(index, slice)| {
            let query = format!("SELECT DISTINCT visitor FROM events WHERE {WITHIN}");
            let found =
                self.within(&query, slice.site_id, slice.from_ms, slice.to_ms).fetch_all::<u64>().await?;
            Ok::<_, StoreError>(found.into_iter().map(|visitor| (index, visitor)).collect::<Vec<_>>())
        });
        futures_util::stream::iter(visitors).buffered(AT_ONCE).try_concat().await
    }

    /// Stored events of these visitors, from epochs up to `max_epoch`.
    pub async fn visitor_events(
        &self,
        slices: &[VisitorSlice],
        max_epoch: u64,
        props: Props,
    ) -> Result<Vec<StoredAct>, StoreError> {
        let columns = stored_act(&props.into());
        let chunks =
            slices.iter().flat_map(|slice| slice.visitors.chunks(CHUNK).map(move |chunk| (slice, chunk)));
        let events = chunks.map(async |(slice, visitors)| {
            let query = format!(
                "SELECT {columns} FROM events WHERE {WITHIN} AND visitor IN {{visitors:Array(UInt64)}} \
                 AND epoch <= {{max_epoch:UInt64}}"
            );
            let query = self.within(&query, slice.site_id, slice.from_ms, slice.to_ms);
            let query = query.param("visitors", visitors).param("max_epoch", max_epoch);
            Ok::<_, StoreError>(query.fetch_all::<StoredAct>().await?)
        });
        futures_util::stream::iter(events).buffered(AT_ONCE).try_concat().await
    }

    /// The visitors whose stored events hold this user id.
    pub async fn visitors_of_user(&self, site_id: u32, user_id: &str) -> Result<Vec<u64>, StoreError> {
        let query = "SELECT DISTINCT visitor FROM events \
                     WHERE site_id = {site:UInt32} AND user_id = {user:String} AND user_id != ''";
        Ok(self
            .client()
            .query(query)
            .param("site", site_id)
            .param("user", user_id)
            .fetch_all::<u64>()
            .await?)
    }

    /// Where in the log the stored events of these epochs (inclusive) lie: partition, offset.
    pub async fn existing_offsets(&self, first: u64, last: u64) -> Result<Vec<(u16, u64)>, StoreError> {
        let query = "SELECT log_partition, log_offset FROM events \
                     WHERE epoch >= {first:UInt64} AND epoch <= {last:UInt64}";
        let rows = self.client().query(query).param("first", first).param("last", last);
        let rows = rows.fetch_all::<Place>().await?;
        Ok(rows.into_iter().map(|row| (row.log_partition, row.log_offset)).collect())
    }

    /// Which of these ids a site has stored among events of some time, from epochs up to `max_epoch`.
    pub async fn existing_ids(
        &self,
        site_id: u32,
        ids: &[Uuid],
        from_ms: i64,
        to_ms: i64,
        max_epoch: u64,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut found = Vec::new();
        for ids in ids.chunks(CHUNK_OF_IDS) {
            let query = format!(
                "SELECT DISTINCT id FROM events WHERE {WITHIN} \
                 AND id IN (SELECT arrayJoin({{ids:Array(UUID)}})) AND epoch <= {{max_epoch:UInt64}}"
            );
            let query =
                self.within(&query, site_id, from_ms, to_ms).param("ids", ids).param("max_epoch", max_epoch);
            found.extend(query.fetch_all::<Id>().await?.into_iter().map(|row| row.id));
        }
        Ok(found)
    }

    /// Ids clients gave to stored events of epochs after `after` up to `until` that were received
    /// at `since` or later.
    pub async fn ids_between(
        &self,
        after: u64,
        until: u64,
        since: Timestamp,
    ) -> Result<Vec<StoredId>, StoreError> {
        let query = "SELECT site_id, id, received_at FROM events \
                     WHERE epoch > {after:UInt64} AND epoch <= {until:UInt64} AND client_id \
                     AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')";
        let query = self.client().query(query).param("after", after).param("until", until);
        Ok(query.param("since", since.0).fetch_all().await?)
    }

    /// Visitors with events both in the stretch from `since` to `midnight` and after it, or only in
    /// that stretch: site, visitor, first and last time. Few: who was there around midnight.
    pub async fn visitors_across(
        &self,
        since: Timestamp,
        midnight: Timestamp,
    ) -> Result<Vec<(u32, u64, Timestamp, Timestamp)>, StoreError> {
        #[derive(Row, Deserialize)]
        struct Across {
            site_id: u32,
            visitor: u64,
            first: i64,
            last: i64,
        }
        let query = "SELECT site_id, visitor, min(ts) AS first, max(ts) AS last FROM events \
                     WHERE ts >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') GROUP BY site_id, visitor \
                     HAVING first < fromUnixTimestamp64Milli({midnight:Int64}, 'UTC')";
        let query = self.client().query(query).param("since", since.0).param("midnight", midnight.0);
        let rows = query.fetch_all::<Across>().await?;
        let row = |row: Across| (row.site_id, row.visitor, Timestamp(row.first), Timestamp(row.last));
        Ok(rows.into_iter().map(row).collect())
    }

    /// A statement with the condition [`WITHIN`].
    pub(crate) fn within(
        &self,
        query: &str,
        site_id: u32,
        from_ms: i64,
        to_ms: i64,
    ) -> clickhouse::query::Query {
        self.client().query(query).param("site", site_id).param("from", from_ms).param("to", to_ms)
    }
}

/// Whether the properties of events are read with them: they are most of an event's bytes, and only
/// conditions that name one need them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Props {
    Read,
    #[default]
    LeaveOut,
}

/// Which columns of events are read; the others come back empty. What engagement events tell must be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    All,
    /// These of `path`, `props`, `scroll_depth`, `engagement_ms` and a visit's columns.
    Only(Vec<&'static str>),
}

impl From<Props> for Columns {
    fn from(props: Props) -> Self {
        match props {
            Props::Read => Self::All,
            Props::LeaveOut => Self::Only(optional().filter(|name| *name != "props").collect()),
        }
    }
}

/// What an event says of the visit that it is of, by the names of the columns; a visit has that of its first
/// event.
pub const VISIT_COLUMNS: [&str; 21] = [
    "hostname",
    "referrer",
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "channel",
    "country",
    "region",
    "city",
    "device",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "screen",
    "language",
    "platform",
    "app",
    "app_version",
];

/// What may be left out.
fn optional() -> impl Iterator<Item = &'static str> {
    ["path", "props"].into_iter().chain(VISIT_COLUMNS)
}

/// The columns of a [`StoredAct`], by name as the client expects them.
pub(crate) fn stored_act(columns: &Columns) -> String {
    let read = |name: &'static str| match columns {
        Columns::Only(wanted) if !wanted.contains(&name) => match name {
            "props" => "CAST(map() AS Map(LowCardinality(String), String)) AS props".to_owned(),
            _ => format!("'' AS {name}"),
        },
        _ => name.to_owned(),
    };
    let engagement = [("scroll_depth", "toUInt8(0)"), ("engagement_ms", "toUInt32(0)")];
    let told = engagement.map(|(name, nothing)| match columns {
        Columns::Only(wanted) if wanted.contains(&name) => name.to_owned(),
        _ => format!("{nothing} AS {name}"),
    });
    let optional: Vec<String> = optional().map(read).chain(told).collect();
    format!("site_id, visitor, ts, id, name, interactive, revenue, currency, epoch, {}", optional.join(", "))
}

/// A share of a site's people, of as many as there are, with what they did up to an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteShare {
    pub site_id: u32,
    pub part: u64,
    pub of: u64,
    pub max_epoch: u64,
}

/// That a row is of a visitor of a share. In the order of `events`, those of a day lie together.
pub(crate) const IN_SHARE: &str = "visitor BETWEEN {least:UInt64} AND {most:UInt64}";

/// The least and the greatest visitor of a share. Ids are hashes, so that shares are alike in size.
pub(crate) fn ids_of_share(part: u64, of: u64) -> (u64, u64) {
    let from = |part: u64| (u128::from(part) << 64) / u128::from(of.max(1));
    // The first of the share after the last would be 2^64.
    (from(part) as u64, (from(part + 1) - 1) as u64)
}

impl Store {
    /// How many events a site has stored, from epochs up to `max_epoch`.
    pub async fn count_events(&self, site_id: u32, max_epoch: u64) -> Result<u64, StoreError> {
        let query =
            "SELECT count() FROM events WHERE site_id = {site:UInt32} AND epoch <= {max_epoch:UInt64}";
        let query = self.client().query(query).param("site", site_id).param("max_epoch", max_epoch);
        Ok(query.fetch_one().await?)
    }

    /// All stored events of a share of a site's people, in no order.
    ///
    /// # Errors
    /// Those of ClickHouse; the cursor's calls may fail as well.
    pub fn share_events(
        &self,
        share: SiteShare,
        columns: &Columns,
    ) -> Result<clickhouse::query::RowCursor<StoredAct>, StoreError> {
        let query = format!(
            "SELECT {} FROM events WHERE site_id = {{site:UInt32}} AND epoch <= {{max_epoch:UInt64}} \
             AND {IN_SHARE}",
            stored_act(columns)
        );
        let query = self.client().query(&query).param("site", share.site_id);
        let query = query.param("max_epoch", share.max_epoch);
        let (least, most) = ids_of_share(share.part, share.of);
        let query = query.param("least", least).param("most", most);
        Ok(query.fetch()?)
    }
}

/// A site's events of some time, said so that the primary key and the partitions are used.
pub(crate) const WITHIN: &str = "site_id = {site:UInt32} \
    AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
    AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC') \
    AND toDate(ts) >= toDate(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) \
    AND toDate(ts) <= toDate(fromUnixTimestamp64Milli({to:Int64}, 'UTC'))";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_visitor_is_in_one_share() {
        assert_eq!(ids_of_share(0, 1), (0, u64::MAX));
        for of in [2, 3, 7, 112] {
            let mut next = 0;
            for part in 0..of {
                let (least, most) = ids_of_share(part, of);
                assert_eq!(least, next, "{part} of {of}");
                next = most.wrapping_add(1);
            }
            assert_eq!(next, 0, "the last ends where ids do");
        }
    }
}
