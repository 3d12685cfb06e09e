//! Reads and writes of models: what is known of visitors, as of now and as of a moment before, and what
//! models say of them.

use std::collections::HashMap;

use clickhouse::Row;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::rows::GrainColumn;
use crate::{Store, StoreError};

/// What was known of a visitor at a moment, from the visits that had ended by then.
#[derive(Clone, Debug, Default, PartialEq, Row, Deserialize)]
pub struct VisitorRow {
    pub visitor: u64,
    /// Milliseconds since 1970: the beginning of the first visit, the end of the last.
    pub first_seen: i64,
    pub last_seen: i64,
    pub active_days: u64,
    pub sessions: u64,
    pub bounces: u64,
    pub pageviews: u64,
    pub events: u64,
    /// Visits with revenue.
    pub purchases: u64,
    /// Fixed point.
    pub revenue: i64,
    pub duration_ms: u64,
    /// Sources they came from.
    pub origins: u64,
    pub first_source: CompactString,
    pub first_channel: CompactString,
    pub last_source: CompactString,
    pub last_channel: CompactString,
    pub country: CompactString,
    pub device: CompactString,
    pub browser: CompactString,
    pub os: CompactString,
    pub language: CompactString,
    pub platform: CompactString,
}

/// What a visitor did within some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Row, Deserialize)]
pub struct Deeds {
    pub visitor: u64,
    pub events: u64,
    /// Fixed point.
    pub revenue: i64,
}

/// The days on which a visitor bought, and for how much.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct Purchases {
    pub visitor: u64,
    /// Days since 1970.
    pub days: Vec<i32>,
    /// Fixed point, of each day.
    pub amounts: Vec<i64>,
}

/// What somebody looked at.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct Basket {
    pub visitor: u64,
    pub items: Vec<String>,
}

/// A row of `anomalies`.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct AnomalyRow {
    pub site_id: u32,
    /// As in `v_series`.
    pub series: u32,
    pub grain: GrainColumn,
    /// Seconds since 1970.
    pub start: u32,
    pub value: f64,
    pub expected: f64,
    pub lower: f64,
    pub upper: f64,
    pub score: f64,
    pub kind: CompactString,
    pub reason: String,
    pub epoch: u64,
    pub deleted: u8,
}

/// A row of `v_forecast`.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct ForecastRow {
    pub site_id: u32,
    /// As in `v_series`.
    pub series: u32,
    pub grain: GrainColumn,
    /// Seconds since 1970.
    pub start: u32,
    pub mean: f64,
    pub lower80: f64,
    pub upper80: f64,
    pub lower95: f64,
    pub upper95: f64,
    /// When it was made, milliseconds since 1970.
    pub made: u64,
    pub deleted: u8,
}

/// How many visitors a segment has, and what they are like on average.
#[derive(Clone, Copy, Debug, Default, PartialEq, Row, Serialize, Deserialize)]
pub struct ClusterSize {
    pub cluster: i32,
    pub visitors: u64,
    pub visits: f64,
    pub pageviews: f64,
    pub events: f64,
    pub purchases: f64,
    /// In the site's currency.
    pub revenue: f64,
    pub seconds: f64,
}

/// A row of `visitor_scores`.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct ScoreRow {
    pub site_id: u32,
    pub visitor: u64,
    pub model: CompactString,
    pub kind: CompactString,
    pub version: u32,
    pub score: f64,
    pub epoch: u64,
    pub deleted: u8,
}

impl Store {
    /// What was known of visitors at a moment (milliseconds since 1970): those with a visit since `from_ms`
    /// that had ended by then; at most `limit`, always the same. Days are those of the time zone.
    ///
    /// # Errors
    /// [`StoreError::is_transient`] tells whether the same call may succeed later.
    pub async fn visitors_as_of(
        &self,
        site_id: u32,
        zone: &str,
        from_ms: i64,
        at_ms: i64,
        limit: u64,
    ) -> Result<Vec<VisitorRow>, StoreError> {
        let of_first = ["source", "channel"]
            .map(|column| format!("argMin(toString(s.{column}), s.start) AS first_{column}"))
            .join(", ");
        let of_last = ["source", "channel"]
            .map(|column| format!("argMax(toString(s.{column}), s.start) AS last_{column}"))
            .join(", ");
        let device = ["country", "device", "browser", "os", "language", "platform"]
            .map(|column| format!("argMax(toString(s.{column}), s.start) AS {column}"))
            .join(", ");
        let query = format!(
            "SELECT s.visitor AS visitor, toUnixTimestamp64Milli(min(s.start)) AS first_seen, \
               toUnixTimestamp64Milli(max(s.end)) AS last_seen, \
               uniqExact(toDate(s.start, {{zone:String}})) AS active_days, count() AS sessions, \
               countIf(s.bounce) AS bounces, sum(s.pageviews) AS pageviews, sum(s.events) AS events, \
               countIf(s.revenue != 0) AS purchases, sum(s.revenue) AS revenue, \
               sum(s.duration_ms) AS duration_ms, uniqExact(s.source) AS origins, {of_first}, {of_last}, {device} \
             FROM v_sessions AS s FINAL WHERE s.site_id = {{site:UInt32}} \
               AND s.start >= fromUnixTimestamp64Milli({{from:Int64}}) \
               AND s.end < fromUnixTimestamp64Milli({{at:Int64}}) \
             GROUP BY visitor ORDER BY cityHash64(visitor), visitor LIMIT {{limit:UInt64}}"
        );
        let query = self.client().query(&query).param("site", site_id).param("zone", zone);
        Ok(query.param("from", from_ms.max(0)).param("at", at_ms).param("limit", limit).fetch_all().await?)
    }

    /// What `v_features` holds of a site's visitors, those after a number in the order of numbers; at most
    /// `limit`.
    ///
    /// # Errors
    /// As above.
    pub async fn visitors(
        &self,
        site_id: u32,
        after: Option<u64>,
        limit: u64,
    ) -> Result<Vec<VisitorRow>, StoreError> {
        let query = format!(
            "{} AND (f.visitor > {{after:UInt64}} OR {{all:UInt8}} = 1) ORDER BY f.visitor LIMIT {{limit:UInt64}}",
            features()
        );
        let query =
            self.client().query(&query).param("site", site_id).param("after", after.unwrap_or_default());
        Ok(query.param("all", u8::from(after.is_none())).param("limit", limit).fetch_all().await?)
    }

    /// What `v_features` holds of these visitors of a site, in their order.
    ///
    /// # Errors
    /// As above.
    pub async fn visitors_named(
        &self,
        site_id: u32,
        visitors: &[u64],
    ) -> Result<Vec<VisitorRow>, StoreError> {
        if visitors.is_empty() {
            return Ok(Vec::new());
        }
        let query = format!("{} AND f.visitor IN {{visitors:Array(UInt64)}}", features());
        let query = self.client().query(&query).param("site", site_id).param("visitors", visitors);
        let rows: Vec<VisitorRow> = query.fetch_all().await?;
        let known: HashMap<u64, &VisitorRow> = rows.iter().map(|row| (row.visitor, row)).collect();
        Ok(visitors.iter().filter_map(|visitor| known.get(visitor).copied().cloned()).collect())
    }

    /// What visitors did in visits that began within some time (half-open, milliseconds since 1970).
    ///
    /// # Errors
    /// As above.
    pub async fn deeds(&self, site_id: u32, from_ms: i64, to_ms: i64) -> Result<Vec<Deeds>, StoreError> {
        let query = "SELECT s.visitor AS visitor, sum(s.events) AS events, sum(s.revenue) AS revenue \
             FROM v_sessions AS s FINAL WHERE s.site_id = {site:UInt32} \
             AND s.start >= fromUnixTimestamp64Milli({from:Int64}) \
             AND s.start < fromUnixTimestamp64Milli({to:Int64}) GROUP BY visitor";
        let query = self.client().query(query).param("site", site_id);
        Ok(query.param("from", from_ms.max(0)).param("to", to_ms).fetch_all().await?)
    }

    /// Who did an event within some time (half-open, milliseconds since 1970), and how often.
    ///
    /// # Errors
    /// As above.
    pub async fn doers(
        &self,
        site_id: u32,
        event: &str,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Deeds>, StoreError> {
        let query = "SELECT e.visitor AS visitor, count() AS events, sum(e.revenue) AS revenue FROM events AS e \
             WHERE e.site_id = {site:UInt32} AND e.ts >= fromUnixTimestamp64Milli({from:Int64}) \
             AND e.ts < fromUnixTimestamp64Milli({to:Int64}) AND e.name = {event:String} GROUP BY visitor";
        let query = self.client().query(query).param("site", site_id).param("event", event);
        Ok(query.param("from", from_ms.max(0)).param("to", to_ms).fetch_all().await?)
    }

    /// When visitors bought before a moment (milliseconds since 1970), in the order of time.
    ///
    /// # Errors
    /// As above.
    pub async fn purchases(
        &self,
        site_id: u32,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Purchases>, StoreError> {
        let query = "SELECT visitor, arrayMap(one -> one.1, bought) AS days, arrayMap(one -> one.2, bought) AS amounts \
             FROM (SELECT visitor, arraySort(groupArray((day, amount))) AS bought FROM ( \
               SELECT s.visitor AS visitor, toInt32(toDate32(s.start, 'UTC')) AS day, sum(s.revenue) AS amount \
               FROM v_sessions AS s FINAL WHERE s.site_id = {site:UInt32} \
               AND s.start >= fromUnixTimestamp64Milli({from:Int64}) \
               AND s.end < fromUnixTimestamp64Milli({to:Int64}) AND s.revenue > 0 GROUP BY visitor, day) \
             GROUP BY visitor)";
        let query = self.client().query(query).param("site", site_id);
        Ok(query.param("from", from_ms.max(0)).param("to", to_ms).fetch_all().await?)
    }

    /// The pages that each visitor looked at since a moment (milliseconds since 1970), at most `limit`
    /// visitors, always the same.
    ///
    /// # Errors
    /// As above.
    pub async fn baskets(&self, site_id: u32, from_ms: i64, limit: u64) -> Result<Vec<Basket>, StoreError> {
        let query = "SELECT s.visitor AS visitor, arraySort(groupUniqArrayArray(200)(s.stops)) AS items \
             FROM v_sessions AS s FINAL WHERE s.site_id = {site:UInt32} \
             AND s.start >= fromUnixTimestamp64Milli({from:Int64}) AND notEmpty(s.stops) \
             GROUP BY visitor ORDER BY cityHash64(visitor), visitor LIMIT {limit:UInt64}";
        let query = self.client().query(query).param("site", site_id);
        Ok(query.param("from", from_ms.max(0)).param("limit", limit).fetch_all().await?)
    }

    /// The pages that one visitor looked at, the newest visits last.
    ///
    /// # Errors
    /// As above.
    pub async fn basket_of(&self, site_id: u32, visitor: u64) -> Result<Vec<String>, StoreError> {
        let query = "SELECT arrayJoin(stops) AS item FROM v_sessions FINAL \
             WHERE site_id = {site:UInt32} AND visitor = {visitor:UInt64} GROUP BY item ORDER BY max(start) LIMIT 200";
        Ok(self.client().query(query).param("site", site_id).param("visitor", visitor).fetch_all().await?)
    }

    /// The segments that a site's visitors are in, with what is known of them.
    ///
    /// # Errors
    /// As above.
    pub async fn cluster_sizes(&self, site_id: u32) -> Result<Vec<ClusterSize>, StoreError> {
        let query = "SELECT c.cluster AS cluster, count() AS visitors, avg(f.sessions) AS visits, \
               avg(f.pageviews) AS pageviews, avg(f.events) AS events, avg(f.purchases) AS purchases, \
               avg(f.revenue) / 10000 AS revenue, avg(f.duration_ms) / 1000 AS seconds \
             FROM (SELECT visitor, cluster FROM visitor_clusters FINAL WHERE site_id = {site:UInt32}) AS c \
             INNER JOIN (SELECT * FROM v_features FINAL WHERE site_id = {site:UInt32}) AS f ON f.visitor = c.visitor \
             GROUP BY c.cluster ORDER BY c.cluster";
        Ok(self.client().query(query).param("site", site_id).fetch_all().await?)
    }

    /// Writes steps that are strange, and tombstones.
    ///
    /// # Errors
    /// As above.
    pub async fn upsert_anomalies(&self, rows: &[AnomalyRow]) -> Result<(), StoreError> {
        self.upsert("anomalies", rows).await
    }

    /// The steps of a site's series that were strange and began within some time (half-open, seconds since
    /// 1970), the newest first.
    ///
    /// # Errors
    /// As above.
    pub async fn anomalies(
        &self,
        site_id: u32,
        series: &[u32],
        from: i64,
        to: i64,
        limit: u64,
    ) -> Result<Vec<AnomalyRow>, StoreError> {
        let query = "SELECT ?fields FROM anomalies FINAL WHERE site_id = {site:UInt32} \
             AND series IN {series:Array(UInt32)} AND start >= fromUnixTimestamp({from:Int64}) \
             AND start < fromUnixTimestamp({to:Int64}) ORDER BY start DESC, series, grain LIMIT {limit:UInt64}";
        let query = self.client().query(query).param("site", site_id).param("series", series);
        Ok(query.param("from", from.max(0)).param("to", to.max(0)).param("limit", limit).fetch_all().await?)
    }

    /// Writes forecasts of series.
    ///
    /// # Errors
    /// As above.
    pub async fn upsert_forecasts(&self, rows: &[ForecastRow]) -> Result<(), StoreError> {
        self.upsert("v_forecast", rows).await
    }

    /// The newest forecast of a site's series from a moment on (seconds since 1970), in the order of time.
    ///
    /// # Errors
    /// As above.
    pub async fn forecasts(
        &self,
        site_id: u32,
        series: u32,
        grain: GrainColumn,
        from: i64,
    ) -> Result<Vec<ForecastRow>, StoreError> {
        let query = "SELECT ?fields FROM v_forecast FINAL WHERE site_id = {site:UInt32} \
             AND series = {series:UInt32} AND grain = {grain:String} \
             AND start >= fromUnixTimestamp({from:Int64}) ORDER BY start";
        let grain = match grain {
            GrainColumn::Minute => "minute",
            GrainColumn::Hour => "hour",
            GrainColumn::Day => "day",
        };
        let query = self.client().query(query).param("site", site_id).param("series", series);
        Ok(query.param("grain", grain).param("from", from.max(0)).fetch_all().await?)
    }

    /// Writes what a model predicts of visitors, and tombstones.
    ///
    /// # Errors
    /// As above.
    pub async fn upsert_scores(&self, rows: &[ScoreRow]) -> Result<(), StoreError> {
        self.upsert("visitor_scores", rows).await
    }

    /// Who has a score of a model.
    ///
    /// # Errors
    /// As above.
    pub async fn scored(&self, site_id: u32, model: &str) -> Result<Vec<u64>, StoreError> {
        let query = "SELECT visitor FROM visitor_scores FINAL \
             WHERE site_id = {site:UInt32} AND model = {model:String}";
        Ok(self.client().query(query).param("site", site_id).param("model", model).fetch_all().await?)
    }

    /// Removes what a model predicted.
    ///
    /// # Errors
    /// As above.
    pub async fn drop_scores(&self, site_id: u32, model: &str) -> Result<(), StoreError> {
        let query = "DELETE FROM visitor_scores WHERE site_id = {site:UInt32} AND model = {model:String}";
        let query = self.client().query(query).param("site", site_id).param("model", model);
        Ok(query.with_setting("lightweight_deletes_sync", "2").execute().await?)
    }
}

/// What `v_features` holds of a site's visitors, as text to go on with.
fn features() -> String {
    let counts = ["active_days", "sessions", "bounces", "pageviews", "events", "purchases", "origins"]
        .map(|column| format!("toUInt64(f.{column}) AS {column}"))
        .join(", ");
    let words = [
        "first_source",
        "first_channel",
        "last_source",
        "last_channel",
        "country",
        "device",
        "browser",
        "os",
        "language",
        "platform",
    ]
    .map(|column| format!("toString(f.{column}) AS {column}"))
    .join(", ");
    format!(
        "SELECT f.visitor AS visitor, toUnixTimestamp64Milli(f.first_seen) AS first_seen, \
           toUnixTimestamp64Milli(f.last_seen) AS last_seen, f.revenue AS revenue, \
           toUInt64(greatest(f.duration_ms, 0)) AS duration_ms, {counts}, {words} \
         FROM v_features AS f FINAL WHERE f.site_id = {{site:UInt32}}"
    )
}
