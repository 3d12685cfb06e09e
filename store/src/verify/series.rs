//! `v_series` from raw events: the built-in series and those of definitions.
//!
//! Sessions need people's histories and come in shares, so the points are added up here.

use std::collections::BTreeMap;

use clickhouse::Row;
use opentrace_events::Site;
use opentrace_events::define::{Definition, Measure, Spec};
use serde::Deserialize;

use super::{Difference, Pace, REVENUE, Share, Terms, sessionised, summed};
use crate::{Store, StoreError};

/// Series, grain and start in seconds since 1970.
type Point = (u32, u8, i64);

#[derive(Row, Deserialize)]
struct Found {
    series: u32,
    grain: u8,
    start: i64,
    value: i64,
}

/// The three grains with their starts, of an instant in seconds.
fn grains(seconds: &str) -> String {
    let local = format!("({seconds} + timeZoneOffset(toDateTime({seconds}, {{zone:String}})))");
    format!(
        "arrayJoin([tuple(toUInt8(1), toInt64({seconds} - {seconds} % 60)), \
           tuple(toUInt8(2), toInt64({seconds} - positiveModulo({local}, 3600))), \
           tuple(toUInt8(3), toInt64({local} - positiveModulo({local}, 86400)))]) AS point"
    )
}

/// Compares the points of a site.
pub(super) async fn compare(
    store: &Store,
    site: &Site,
    definitions: &[Definition],
    shares: &[Share],
) -> Result<Vec<Difference>, StoreError> {
    let everyone = Share::everyone(shares.first().map_or(Pace::Full, |share| share.pace));
    let mut recomputed = BTreeMap::new();
    add(&mut recomputed, store.about(&counted(), site, everyone).fetch_all().await?);
    for share in shares {
        add(&mut recomputed, store.about(&sessions(), site, *share).fetch_all().await?);
    }
    let mut own = Vec::new();
    for definition in definitions {
        let Spec::Series { event, measure } = &definition.spec else { continue };
        let mut terms = Terms::with_prefix(format!("d{}", definition.id.0));
        let statement = defined(definition.id.0, &terms.condition(event), *measure);
        let mut query = store.about(&statement, site, everyone);
        for (name, value) in terms.params() {
            query = query.param(&name, value);
        }
        add(&mut recomputed, query.fetch_all().await?);
        own.push(definition.id.0);
    }
    recomputed.retain(|_, value| *value != 0);
    let mut stored = BTreeMap::new();
    add(&mut stored, store.about(STORED, site, everyone).param("own", own).fetch_all().await?);

    Ok(summed::differences("series", site, &stored, &recomputed, |point, value| {
        format!("{:?}", (point.0, point.1, point.2, value))
    }))
}

const STORED: &str = "SELECT series, toUInt8(toInt8(grain)) AS grain, toInt64(toUnixTimestamp(start)) AS start, \
    sum(value) AS value FROM v_series FINAL WHERE site_id = {site:UInt32} \
    AND (series < 1000 AND calendar = {calendar:UInt32} OR series IN {own:Array(UInt32)}) \
    GROUP BY series, grain, start HAVING value != 0";

fn counted() -> String {
    let grains = grains("toUnixTimestamp(toDateTime(ts, 'UTC'))");
    format!(
        "SELECT toUInt32(arrayJoin([1, 3, 4, 7]) AS number) AS series, point.1 AS grain, \
           point.2 AS start, multiIf(number = 1, toInt64(people), number = 3, toInt64(views), \
           number = 4, toInt64(all), money) AS value \
         FROM (SELECT point, uniqExact(visitor) AS people, countIf(name = 'pageview') AS views, count() AS all, \
             sum({REVENUE}) AS money FROM (SELECT visitor, name, currency, revenue, {grains} FROM events \
             WHERE site_id = {{site:UInt32}} AND name != 'engagement') GROUP BY point)"
    )
}

fn sessions() -> String {
    let grains = grains("intDiv(s[1].1, 1000)");
    format!(
        "SELECT toUInt32(arrayJoin([2, 5, 6]) AS number) AS series, point.1 AS grain, point.2 AS start, \
           multiIf(number = 2, toInt64(visits), number = 5, toInt64(bounces), toInt64(duration)) AS value \
         FROM (SELECT point, count() AS visits, countIf(arrayCount(act -> act.4, s) <= 1) AS bounces, \
             sum(s[-1].1 - s[1].1) AS duration FROM (SELECT s, {grains} FROM ({})) GROUP BY point)",
        sessionised("")
    )
}

fn defined(series: u32, condition: &str, measure: Measure) -> String {
    let value = match measure {
        Measure::Events => "toInt64(count())".to_owned(),
        Measure::Revenue => format!("sum({REVENUE})"),
        Measure::Visitors => "toInt64(uniqExact(visitor))".to_owned(),
    };
    let grains = grains("toUnixTimestamp(toDateTime(ts, 'UTC'))");
    format!(
        "SELECT toUInt32({series}) AS series, point.1 AS grain, point.2 AS start, {value} AS value FROM (\
           SELECT visitor, currency, revenue, {grains} FROM events \
           WHERE site_id = {{site:UInt32}} AND name != 'engagement' AND {condition} = 1\
         ) GROUP BY point"
    )
}

fn add(points: &mut BTreeMap<Point, i64>, rows: Vec<Found>) {
    for row in rows {
        *points.entry((row.series, row.grain, row.start)).or_default() += row.value;
    }
}
