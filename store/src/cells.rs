//! Cells of the views that add up, by key: what the sink adds to.
//!
//! Lists of keys go as parameters that are arrays: ClickHouse reads 10,000 keys in 20 ms, where the
//! same keys as literals in the statement take it 650 ms. Through a set made of them it uses the
//! primary key, and a field of a request may have 128 KiB, hence the pieces.

use clickhouse::{RowOwned, RowRead, RowWrite};

use crate::rows::{
    BreakdownColumn, BreakdownRow, GoalRow, GrainColumn, PeriodColumn, RetentionRow, SeriesRow, TrafficRow,
    UniquesRow,
};
use crate::{Store, StoreError};

/// Keys per statement: numbers of up to 20 digits.
const KEYS: usize = 6_000;

/// A row that holds a cell of a view.
pub trait CellRow: RowOwned + RowRead + RowWrite + Copy + Send + Sync {
    /// What tells the cell from others of its view.
    type Key: Copy + Send + Sync;
    const TABLE: &'static str;
    /// For each part of the key its column, the type it is sent as, and the column's own value made
    /// of `?`.
    const COLUMNS: &'static [(&'static str, &'static str, &'static str)];
    /// The parts of a key as they are sent.
    fn parts(key: &Self::Key) -> Vec<i64>;
}

const PERIOD: &str = "CAST(? AS Enum8('day' = 1, 'week' = 2, 'month' = 3))";
const DIMENSION: &str = "CAST(? AS Enum8('everyone' = 1, 'visits' = 2, 'page' = 3, 'entry_page' = 4, 'exit_page' = 5, \
                         'source' = 6, 'medium' = 7, 'campaign' = 8, 'channel' = 9, 'country' = 10, 'region' = 11, \
                         'city' = 12, 'device' = 13, 'browser' = 14, 'os' = 15, 'name' = 16))";
const GRAIN: &str = "CAST(? AS Enum8('minute' = 1, 'hour' = 2, 'day' = 3))";

impl CellRow for TrafficRow {
    /// Site and minute, in seconds since 1970.
    type Key = (u32, i64);
    const TABLE: &'static str = "v_traffic";
    const COLUMNS: &'static [(&'static str, &'static str, &'static str)] =
        &[("site_id", "UInt32", "?"), ("minute", "DateTime('UTC')", "?")];

    fn parts((site, minute): &Self::Key) -> Vec<i64> {
        vec![i64::from(*site), *minute]
    }
}

impl CellRow for UniquesRow {
    /// Site, calendar, period and its first day.
    type Key = (u32, u32, PeriodColumn, i32);
    const TABLE: &'static str = "v_uniques";
    const COLUMNS: &'static [(&'static str, &'static str, &'static str)] = &[
        ("site_id", "UInt32", "?"),
        ("calendar", "UInt32", "?"),
        ("period", "Int8", PERIOD),
        ("start", "Int32", "toDate32(?)"),
        ("origin", "UInt8", "?"),
    ];

    fn parts((site, calendar, period, start): &Self::Key) -> Vec<i64> {
        vec![i64::from(*site), i64::from(*calendar), *period as i64, i64::from(*start), 0]
    }
}

impl CellRow for BreakdownRow {
    /// Site, calendar, dimension, day, the value's hash, and the previous day.
    type Key = (u32, u32, BreakdownColumn, i32, u64, i32);
    const TABLE: &'static str = "v_breakdowns";
    const COLUMNS: &'static [(&'static str, &'static str, &'static str)] = &[
        ("site_id", "UInt32", "?"),
        ("calendar", "UInt32", "?"),
        ("dimension", "Int8", DIMENSION),
        ("day", "Int32", "toDate32(?)"),
        ("hash", "Int64", "reinterpretAsUInt64(?)"),
        ("previous", "Int32", "toDate32(?)"),
        ("origin", "UInt8", "?"),
    ];

    fn parts((site, calendar, dimension, day, hash, previous): &Self::Key) -> Vec<i64> {
        let (site, calendar, dimension) = (i64::from(*site), i64::from(*calendar), *dimension as i64);
        vec![site, calendar, dimension, i64::from(*day), hash.cast_signed(), i64::from(*previous), 0]
    }
}

impl CellRow for GoalRow {
    /// Site, definition, period and its first day.
    type Key = (u32, u32, PeriodColumn, i32);
    const TABLE: &'static str = "v_goals";
    const COLUMNS: &'static [(&'static str, &'static str, &'static str)] = &[
        ("site_id", "UInt32", "?"),
        ("definition", "UInt32", "?"),
        ("period", "Int8", PERIOD),
        ("start", "Int32", "toDate32(?)"),
        ("origin", "UInt8", "?"),
    ];

    fn parts(key: &Self::Key) -> Vec<i64> {
        UniquesRow::parts(key)
    }
}

impl CellRow for RetentionRow {
    /// Site, definition, cohort and offset.
    type Key = (u32, u32, i32, i32);
    const TABLE: &'static str = "v_retention";
    const COLUMNS: &'static [(&'static str, &'static str, &'static str)] = &[
        ("site_id", "UInt32", "?"),
        ("definition", "UInt32", "?"),
        ("cohort", "Int32", "toDate32(?)"),
        ("offset", "Int32", "?"),
        ("origin", "UInt8", "?"),
    ];

    fn parts((site, definition, cohort, offset): &Self::Key) -> Vec<i64> {
        vec![i64::from(*site), i64::from(*definition), i64::from(*cohort), i64::from(*offset), 0]
    }
}

impl CellRow for SeriesRow {
    /// Site, calendar, series, grain and start.
    type Key = (u32, u32, u32, GrainColumn, i64);
    const TABLE: &'static str = "v_series";
    const COLUMNS: &'static [(&'static str, &'static str, &'static str)] = &[
        ("site_id", "UInt32", "?"),
        ("calendar", "UInt32", "?"),
        ("series", "UInt32", "?"),
        ("grain", "Int8", GRAIN),
        ("start", "DateTime('UTC')", "?"),
        ("origin", "UInt8", "?"),
    ];

    fn parts((site, calendar, series, grain, start): &Self::Key) -> Vec<i64> {
        vec![i64::from(*site), i64::from(*calendar), i64::from(*series), *grain as i64, *start, 0]
    }
}

impl Store {
    /// The newest stored rows of these cells, those that the dataflow adds to. Missing ones are left
    /// out. Cells that came to nothing are among them, which `FINAL` would hide: their epoch still says
    /// what is in them, and without it an epoch that is replayed would be added twice.
    ///
    /// # Errors
    /// [`StoreError::is_transient`] tells whether the same call may succeed later.
    pub async fn cells<R: CellRow>(&self, keys: &[R::Key]) -> Result<Vec<R>, StoreError> {
        let query = statement::<R>();
        let mut rows = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS) {
            let parts: Vec<Vec<i64>> = keys.iter().map(R::parts).collect();
            let mut query = self.client().query(&query);
            for place in 0..R::COLUMNS.len() {
                let values: Vec<i64> = parts.iter().map(|parts| parts[place]).collect();
                query = query.param(&format!("k{place}"), values);
            }
            rows.extend(query.fetch_all::<R>().await?);
        }
        Ok(rows)
    }

    /// Writes cells. A row with the same key replaces one of an earlier epoch.
    ///
    /// # Errors
    /// As [`Store::insert`].
    pub async fn upsert_cells<R: CellRow>(&self, rows: &[R]) -> Result<(), StoreError> {
        self.upsert(R::TABLE, rows).await
    }
}

fn statement<R: CellRow>() -> String {
    let list =
        |part: &dyn Fn(usize) -> String| (0..R::COLUMNS.len()).map(part).collect::<Vec<_>>().join(", ");
    let columns = list(&|place| R::COLUMNS[place].0.to_owned());
    let names = list(&|place| format!("k{place}"));
    let values = list(&|place| R::COLUMNS[place].2.replace('?', &format!("k{place}")));
    let arrays = list(&|place| format!("{{k{place}:Array({})}} AS k{place}", R::COLUMNS[place].1));
    format!(
        "SELECT {} FROM {} WHERE ({columns}) IN (SELECT {values} FROM (SELECT {arrays}) ARRAY JOIN {names}) \
         ORDER BY epoch DESC LIMIT 1 BY {columns}",
        R::COLUMN_NAMES.join(", "),
        R::TABLE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_days_are_divided_by_is_called_alike_everywhere() {
        let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
        let table = without_spaces(include_str!("../migrations/single/0007_acts.sql"));
        let sent = without_spaces(DIMENSION);
        for (dimension, name) in BreakdownColumn::NAMED {
            let said = format!("'{name}'={}", dimension as i8);
            assert!(table.contains(&said) && sent.contains(&said), "{said}");
        }
    }
}
