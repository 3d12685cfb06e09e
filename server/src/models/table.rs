//! Visitors as a table of features: what models read.

use opentrace_events::money::SCALE;
use opentrace_models::predict::{Column, Table, Values};
use opentrace_store::VisitorRow;

type Number<'a> = &'a dyn Fn(&VisitorRow) -> f64;
type Word<'a> = &'a dyn for<'b> Fn(&'b VisitorRow) -> &'b str;

const HOUR_MS: f64 = 3_600_000.0;

/// The features of visitors as of a moment (milliseconds since 1970). Days since the last visit and since
/// the first, counts and means per visit, revenue in the site's currency, and where they came from.
pub(super) fn features(rows: &[VisitorRow], at_ms: i64) -> Table {
    // To the hour: trained again a moment later, the table is the same.
    let days = |ms: i64| (ms.max(0) as f64 / HOUR_MS).round() / 24.0;
    let per_visit = |row: &VisitorRow, amount: f64| amount / row.sessions.max(1) as f64;
    let numbers: [(&str, Number<'_>); 13] = [
        ("days_since_last", &|row| days(at_ms - row.last_seen)),
        ("days_known", &|row| days(at_ms - row.first_seen)),
        ("active_days", &|row| row.active_days as f64),
        ("visits", &|row| row.sessions as f64),
        ("visits_per_week", &|row| row.sessions as f64 * 7.0 / days(at_ms - row.first_seen).max(7.0)),
        ("bounce_rate", &|row| per_visit(row, row.bounces as f64)),
        ("pageviews", &|row| row.pageviews as f64),
        ("views_per_visit", &|row| per_visit(row, row.pageviews as f64)),
        ("events", &|row| row.events as f64),
        ("purchases", &|row| row.purchases as f64),
        ("revenue", &|row| row.revenue as f64 / SCALE as f64),
        ("seconds_per_visit", &|row| per_visit(row, row.duration_ms as f64 / 1_000.0)),
        ("sources", &|row| row.origins as f64),
    ];
    let words: [(&str, Word<'_>); 10] = [
        ("first_source", &|row| &row.first_source),
        ("first_channel", &|row| &row.first_channel),
        ("last_source", &|row| &row.last_source),
        ("last_channel", &|row| &row.last_channel),
        ("country", &|row| &row.country),
        ("device", &|row| &row.device),
        ("browser", &|row| &row.browser),
        ("os", &|row| &row.os),
        ("language", &|row| &row.language),
        ("platform", &|row| &row.platform),
    ];
    let number = |(name, of): (&str, &dyn Fn(&VisitorRow) -> f64)| Column {
        name: name.to_owned(),
        values: Values::Numbers(rows.iter().map(of).collect()),
    };
    let word = |(name, of): (&str, &dyn Fn(&VisitorRow) -> &str)| Column {
        name: name.to_owned(),
        // What is not known is missing.
        values: Values::Categories(
            rows.iter().map(|row| Some(of(row)).filter(|word| !word.is_empty()).map(str::to_owned)).collect(),
        ),
    };
    let columns = numbers.into_iter().map(number).chain(words.into_iter().map(word)).collect();
    Table { columns, rows: rows.len() }
}

/// Whether a visitor is kept apart, so that models are judged by people that none was trained on: one in
/// five, always the same.
pub(super) fn is_held_out(visitor: u64) -> bool {
    // Numbers of visitors are hashes already; the product keeps this apart from other uses of them.
    (visitor.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32).is_multiple_of(5)
}

#[cfg(test)]
mod tests {
    use opentrace_events::ids::DAY_MS;

    use super::*;

    #[test]
    fn rows_become_columns_and_one_in_five_is_kept_apart() {
        let row = VisitorRow {
            visitor: 7,
            first_seen: 0,
            last_seen: 9 * DAY_MS,
            sessions: 4,
            bounces: 1,
            pageviews: 12,
            revenue: 125_000,
            country: "DE".into(),
            ..VisitorRow::default()
        };
        let table = features(&[row], 10 * DAY_MS);
        let number = |name: &str| match &table.column(name).expect("a column").values {
            Values::Numbers(numbers) => numbers[0],
            Values::Categories(_) => f64::NAN,
        };
        let want =
            [("days_since_last", 1.0), ("bounce_rate", 0.25), ("views_per_visit", 3.0), ("revenue", 12.5)];
        for (name, value) in want {
            assert_eq!(number(name), value, "{name}");
        }
        let word = |name: &str| table.column(name).expect("a column").values.clone();
        assert_eq!(word("country"), Values::Categories(vec![Some("DE".to_owned())]));
        assert_eq!(word("device"), Values::Categories(vec![None]));
        let held =
            (0..10_000u64).filter(|visitor| is_held_out(visitor.wrapping_mul(0xABCD_EF01_2345))).count();
        assert!((1_800..2_200).contains(&held), "{held}");
    }
}
